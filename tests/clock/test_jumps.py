"""A fake that lives longer than the clock: freezing or unfreezing the clock is no passage of time for what it has."""

import contextlib
from datetime import datetime, timedelta, timezone

import pytest

from helpers.calls import cancel, described, statuses
from helpers.clients import shared_client
from pytest_rds_export import ExportTask, Polls, SnapshotTimeline, Stuck, fake_rds_export, frozen_clock

PAST, FUTURE = "2001-01-01T00:00:00+00:00", "2101-01-01T00:00:00+00:00"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
A_TEST = timedelta(minutes=1)  # more than a test takes


@pytest.fixture
def tasks():
    """A fake whose tasks have been read on the real clock."""
    with fake_rds_export(ExportTask("starting", status="STARTING"), "running", "cancelled") as tasks:
        cancel(shared_client(), "cancelled")
        shared_client().describe_export_tasks()
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
        task = described(shared_client(), "running")
        assert clock.now - A_TEST - 20 * MINUTE <= task["TaskStartTime"] <= clock.now - 20 * MINUTE
        assert task["TaskEndTime"] - task["TaskStartTime"] == 5 * MINUTE
        assert task["TaskStartTime"] - task["SnapshotTime"] == HOUR


def test_given_times(tasks):
    """Times that were given, and those of a finished task, are kept."""
    tasks.seed("given", task_start_time=FUTURE, snapshot_time=PAST)
    tasks.seed("done", status="COMPLETE")
    before = [dict(described(shared_client(), name)) for name in ("given", "done")]
    with frozen_clock(PAST):
        assert [dict(described(shared_client(), name)) for name in ("given", "done")] == before


def test_times_given_to_move_to():
    """Times that a move has set are kept, too."""
    with fake_rds_export() as tasks:
        with frozen_clock(PAST):
            task = tasks.seed("given", status="STARTING", timeline=Stuck())
            task.move_to("IN_PROGRESS", task_start_time=FUTURE, snapshot_time=PAST)
        times = task.task_start_time, task.snapshot_time
    assert times == (datetime.fromisoformat(FUTURE), datetime.fromisoformat(PAST))


@pytest.mark.parametrize("ending", [None, ZeroDivisionError()])
def test_end(ending, tasks):
    """When the clock ends, however it does, tasks keep the time that they have spent, and go on with the next clock."""
    with contextlib.suppress(type(ending)), frozen_clock(PAST) as clock:
        clock.tick(16 * MINUTE)
        tasks.seed("late", status="STARTING")
        clock.tick(3 * MINUTE)
        if ending is not None:
            raise ending
    assert _statuses(tasks) == ["STARTING", "COMPLETE", "CANCELED", "STARTING"]
    with frozen_clock(FUTURE) as clock:
        clock.tick(2 * MINUTE)
        assert _statuses(tasks) == ["IN_PROGRESS", "COMPLETE", "CANCELED", "STARTING"]
        clock.tick(16 * MINUTE)
        assert _statuses(tasks) == ["COMPLETE", "COMPLETE", "CANCELED", "IN_PROGRESS"]


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
        assert statuses(shared_client(), 1) == ["IN_PROGRESS"]
        with frozen_clock(FUTURE):
            assert statuses(shared_client(), 2) == ["IN_PROGRESS", "COMPLETE"]


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


SLOW = SnapshotTimeline(creating=24 * HOUR, deleting=24 * HOUR)


@pytest.mark.parametrize("cluster", [False, True])
def test_creation(cluster):
    """The creation of a snapshot has as much time left on the next clock, and its time moves with the clock."""
    with fake_rds_export(snapshot_timeline=SLOW) as tasks:
        with frozen_clock() as clock:
            snapshot = tasks.seed_snapshot("nightly", cluster=cluster, status="creating")
            clock.tick(18 * HOUR)
            assert snapshot.percent_progress == 75
        with frozen_clock(FUTURE) as clock:
            clock.tick(5 * HOUR)
            assert snapshot.status == "creating"
            clock.tick(HOUR)
            assert snapshot.status == "available"
            assert -HOUR < snapshot.snapshot_create_time - (clock.now - 24 * HOUR) < HOUR


def test_deletion():
    """The deletion of a snapshot has as much time left on the next clock; the time of the snapshot stays."""
    with fake_rds_export(snapshot_timeline=SLOW) as tasks:
        with frozen_clock() as clock:
            snapshot = tasks.seed_snapshot("nightly")
            taken = snapshot.snapshot_create_time
            shared_client().delete_db_snapshot(DBSnapshotIdentifier="nightly")
            clock.tick(18 * HOUR)
        with frozen_clock(FUTURE) as clock:
            clock.tick(5 * HOUR)
            assert (snapshot.status, snapshot.snapshot_create_time) == ("deleting", taken)
            clock.tick(HOUR)
            assert snapshot.status == "deleted"


def test_times_of_snapshots():
    """The time of an available snapshot stays as it is, and so does one that was given."""
    with fake_rds_export(snapshot_timeline=SLOW) as tasks:
        with frozen_clock():
            given = tasks.seed_snapshot("given", status="creating", snapshot_time=PAST)
            available = tasks.seed_snapshot("available")
            taken = available.snapshot_create_time
            assert given.status == "creating"
        with frozen_clock(FUTURE) as clock:
            clock.tick(24 * HOUR)
            assert (given.status, given.snapshot_create_time) == ("available", datetime.fromisoformat(PAST))
            assert available.snapshot_create_time == taken
