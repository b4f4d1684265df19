"""A fake that lives longer than the clock: freezing or unfreezing the clock is no passage of time for its tasks."""

from datetime import datetime, timedelta, timezone

import boto3
import pytest

from helpers.calls import described
from helpers.inner import run
from pytest_rds_export import ExportTask, Polls, Stuck, fake_rds_export, frozen_clock

PAST, FUTURE = "2001-01-01T00:00:00+00:00", "2101-01-01T00:00:00+00:00"
BEGINS = [datetime.fromisoformat(PAST), datetime.fromisoformat(FUTURE)]
MINUTE = timedelta(minutes=1)
A_TEST = timedelta(minutes=1)  # more than a test takes


@pytest.fixture
def tasks():
    """A fake whose tasks have been read on the real clock."""
    with fake_rds_export(ExportTask("starting", status="STARTING"), "running", "cancelled") as tasks:
        boto3.client("rds").cancel_export_task(ExportTaskIdentifier="cancelled")
        boto3.client("rds").describe_export_tasks()
        yield tasks


def _statuses(tasks):
    return [task.status for task in tasks.values()]


@pytest.mark.parametrize("start", [PAST, FUTURE])
def test_begin(tasks, start):
    """Tasks that were read before advance from where they were, whenever the clock starts."""
    with frozen_clock(start) as clock:
        assert _statuses(tasks) == ["STARTING", "IN_PROGRESS", "CANCELING"]
        clock.tick(4 * MINUTE)
        assert _statuses(tasks) == ["STARTING", "IN_PROGRESS", "CANCELED"]
        clock.tick(22 * MINUTE)
        assert _statuses(tasks) == ["COMPLETE", "COMPLETE", "CANCELED"]


def test_times(tasks):
    """The times of a task are those of one clock, so that they are in order."""
    with frozen_clock(PAST) as clock:
        clock.tick(20 * MINUTE)
        task = described(boto3.client("rds"), "running")
        assert clock.now - A_TEST - 20 * MINUTE <= task["TaskStartTime"] <= clock.now - 20 * MINUTE
        assert task["TaskEndTime"] - task["TaskStartTime"] == 5 * MINUTE
        assert task["TaskStartTime"] - task["SnapshotTime"] == timedelta(hours=1)


def test_given_times(tasks):
    """Times that were given, and those of a finished task, are kept."""
    tasks.seed("given", task_start_time=FUTURE, snapshot_time=PAST)
    tasks.seed("done", status="COMPLETE")
    before = [dict(described(boto3.client("rds"), name)) for name in ("given", "done")]
    with frozen_clock(PAST):
        assert [dict(described(boto3.client("rds"), name)) for name in ("given", "done")] == before


def test_times_given_to_move_to():
    """Times that a move has set are kept, too."""
    with fake_rds_export() as tasks:
        with frozen_clock(PAST):
            task = tasks.seed("given", status="STARTING", timeline=Stuck())
            task.move_to("IN_PROGRESS", task_start_time=FUTURE, snapshot_time=PAST)
        times = task.task_start_time, task.snapshot_time
    assert times == (datetime.fromisoformat(FUTURE), datetime.fromisoformat(PAST))


def test_end(tasks):
    """When the clock ends, tasks keep the time that they have spent, and go on with the next clock."""
    with frozen_clock(PAST) as clock:
        clock.tick(16 * MINUTE)
        tasks.seed("late", status="STARTING")
        clock.tick(3 * MINUTE)
    assert _statuses(tasks) == ["STARTING", "COMPLETE", "CANCELED", "STARTING"]
    with frozen_clock(FUTURE) as clock:
        clock.tick(2 * MINUTE)
        assert _statuses(tasks) == ["IN_PROGRESS", "COMPLETE", "CANCELED", "STARTING"]
        clock.tick(16 * MINUTE)
        assert _statuses(tasks) == ["COMPLETE", "COMPLETE", "CANCELED", "IN_PROGRESS"]


def test_error():
    """The same holds if the block of the clock raises."""

    def fail():
        with frozen_clock(PAST) as clock:
            tasks.seed("nightly", status="STARTING")
            clock.tick(19 * MINUTE)
            raise ZeroDivisionError

    with fake_rds_export() as tasks:
        with pytest.raises(ZeroDivisionError):
            fail()
        assert tasks["nightly"].status == "STARTING"
        with frozen_clock(PAST) as clock:
            clock.tick(MINUTE)
            assert tasks["nightly"].status == "IN_PROGRESS"


def test_every_region():
    """Tasks of all regions and of outer fakes keep their time."""
    with fake_rds_export() as outer, fake_rds_export("nightly") as inner:
        tasks = [outer.seed("nightly"), inner["nightly"], inner.in_region("eu-west-1").seed("nightly")]
        assert [task.status for task in tasks] == ["IN_PROGRESS"] * 3
        with frozen_clock(FUTURE) as clock:
            assert [task.status for task in tasks] == ["IN_PROGRESS"] * 3
            clock.tick(6 * MINUTE)
            assert [task.status for task in tasks] == ["COMPLETE"] * 3


def test_polls():
    """A timeline that counts polls keeps its count."""
    with fake_rds_export() as tasks:
        tasks.seed("nightly", timeline=Polls(in_progress=2))
        client = boto3.client("rds")
        assert described(client)["Status"] == "IN_PROGRESS"
        with frozen_clock(FUTURE):
            assert [described(client)["Status"] for _ in range(2)] == ["IN_PROGRESS", "COMPLETE"]


def test_edge_of_the_calendar(tasks):
    """A task that has spent thousands of years is no error at the edge of the calendar."""
    early, late = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (1000, 8999))
    with frozen_clock(early) as clock:
        tasks.seed("stuck", timeline=Stuck())
        assert _statuses(tasks) == ["STARTING", "IN_PROGRESS", "CANCELING", "IN_PROGRESS"]
        clock.move_to(late)
        assert _statuses(tasks) == ["COMPLETE", "COMPLETE", "CANCELED", "IN_PROGRESS"]
    with frozen_clock(early):
        assert _statuses(tasks) == ["COMPLETE", "COMPLETE", "CANCELED", "IN_PROGRESS"]


def test_session_fixture(pytester):
    """Tests with clocks of their own share the fake of a session."""
    result = run(
        pytester,
        """
import time

@pytest.fixture(scope="session", autouse=True)
def tasks():
    with fake_rds_export(ExportTask("nightly", status="STARTING")) as tasks:
        assert tasks["nightly"].status == "STARTING"
        yield tasks

def test_a(tasks, rds_export_clock):
    time.sleep(1140)
    assert tasks["nightly"].status == "STARTING"

def test_b(tasks):
    assert tasks["nightly"].status == "STARTING"

@pytest.mark.rds_export_clock("2031-03-01T02:00Z")
def test_c(tasks, rds_export_clock):
    time.sleep(120)
    assert tasks["nightly"].status == "IN_PROGRESS"
""",
    )
    result.assert_outcomes(passed=3)


def test_source():
    """A source that is creating keeps its progress."""
    with fake_rds_export() as tasks:
        read = tasks.seed_snapshot("read", available_after=600)
        assert read.percent_progress == 0
        unread = tasks.seed_snapshot("unread", available_after=600)
        with frozen_clock(PAST) as clock:
            assert (read.status, unread.status) == ("creating", "creating")
            clock.tick(5 * MINUTE)
            assert (read.percent_progress, unread.percent_progress) == (50, 50)
        assert (read.percent_progress, unread.percent_progress) == (50, 50)
