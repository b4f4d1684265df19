"""Polls and Stuck: a task advances by the responses that show it, or not at all."""

from datetime import datetime, timedelta, timezone

import pytest
from freezegun import freeze_time

from helpers.calls import cancel, described, start, statuses
from helpers.errors import raises_exactly
from pytest_rds_export import ExportTask, Polls, Stuck, Timeline

T0 = datetime(2026, 3, 1, 2, 0, tzinfo=timezone.utc)


@pytest.mark.rds_export_tasks(timeline=Polls())
def test_defaults(client):
    """By default, one response shows STARTING and two show IN_PROGRESS."""
    assert start(client)["Status"] == "STARTING"
    assert statuses(client, 5) == ["STARTING", "IN_PROGRESS", "IN_PROGRESS", "COMPLETE", "COMPLETE"]


@pytest.mark.rds_export_tasks(timeline=Polls())
def test_default_of_canceling(rds_export_tasks, client):
    """By default, one response shows CANCELING."""
    rds_export_tasks.seed("nightly")
    assert statuses(client, 2) == ["IN_PROGRESS", "IN_PROGRESS"]
    assert cancel(client)["Status"] == "CANCELING"
    assert statuses(client, 3) == ["CANCELING", "CANCELED", "CANCELED"]


@pytest.mark.parametrize(
    ("polls", "seen"),
    [
        (Polls(starting=0), ["IN_PROGRESS", "IN_PROGRESS", "COMPLETE"]),
        (Polls(in_progress=0), ["STARTING", "COMPLETE", "COMPLETE"]),
        (Polls(starting=0, in_progress=0), ["COMPLETE", "COMPLETE", "COMPLETE"]),
        (Polls(starting=2, in_progress=0, outcome="FAILED"), ["STARTING", "STARTING", "FAILED"]),
    ],
)
def test_phase_of_0_polls(polls, seen, rds_export_tasks, client):
    """A phase of 0 polls is skipped."""
    rds_export_tasks.seed("nightly", status="STARTING", timeline=polls)
    assert statuses(client, 3) == seen


def test_progress(rds_export_tasks, client):
    """The progress grows with each poll."""
    rds_export_tasks.seed("nightly", timeline=Polls(in_progress=3))
    assert [described(client)["PercentProgress"] for _ in range(4)] == [0, 33, 66, 100]


def test_task_seeded_halfway(rds_export_tasks, client):
    """A task that is seeded halfway continues from there."""
    rds_export_tasks.seed("nightly", percent_progress=50, timeline=Polls(in_progress=2))
    assert [described(client)["PercentProgress"] for _ in range(3)] == [50, 75, 100]


def test_outcome_failed(rds_export_tasks, client):
    """An export that fails has its cause and the time of the poll."""
    cause = "S3 credential check failed. Check the permissions on your S3 bucket and IAM policy."
    rds_export_tasks.seed("nightly", timeline=Polls(in_progress=1, outcome="FAILED", failure_cause=cause))
    assert statuses(client, 1) == ["IN_PROGRESS"]
    with freeze_time(T0):
        task = described(client)
    assert (task["Status"], task["FailureCause"], task["TaskEndTime"]) == ("FAILED", cause, T0)


@pytest.mark.rds_export_tasks(timeline=Polls(outcome="CANCELED"))
def test_outcome_canceled(client):
    """outcome="CANCELED" shows CANCELING after IN_PROGRESS, then CANCELED, with the progress that it had."""
    start(client)
    shown = [described(client) for _ in range(6)]
    assert [task["Status"] for task in shown] == [
        "STARTING",
        "IN_PROGRESS",
        "IN_PROGRESS",
        "CANCELING",
        "CANCELED",
        "CANCELED",
    ]
    assert [task["PercentProgress"] for task in shown] == [0, 0, 50, 50, 50, 50]
    assert "FailureCause" not in shown[-1]


@pytest.mark.parametrize(
    ("options", "status", "percent", "cause", "warning"),
    [
        ({}, "CANCELED", 0, None, None),
        ({"cancel_outcome": "COMPLETE"}, "COMPLETE", 100, None, None),
        ({"cancel_outcome": "COMPLETE", "warning_message": "{}"}, "COMPLETE", 100, None, "{}"),
        ({"cancel_outcome": "FAILED"}, "FAILED", 0, "An unknown internal error occurred.", None),
        ({"cancel_outcome": "FAILED", "failure_cause": "no room"}, "FAILED", 0, "no room", None),
    ],
)
def test_end_after_a_cancel(options, status, percent, cause, warning, rds_export_tasks, client):
    """cancel_outcome= decides how a cancelled export ends, with the cause or warning of that end."""
    task = rds_export_tasks.seed("nightly", timeline=Polls(**options))
    assert cancel(client)["Status"] == "CANCELING"
    assert statuses(client, 2) == ["CANCELING", status]
    assert (task.percent_progress, task.failure_cause, task.warning_message) == (percent, cause, warning)


@pytest.mark.rds_export_tasks("nightly", "other", timeline=Polls(in_progress=1))
def test_responses_without_the_task(client):
    """Responses that do not contain the task do not count."""
    for filters in ([{"Name": "status", "Values": ["complete"]}], [{"Name": "s3-bucket", "Values": ["elsewhere"]}]):
        assert client.describe_export_tasks(Filters=filters)["ExportTasks"] == []
    assert statuses(client, 2, "other") == ["IN_PROGRESS", "COMPLETE"]
    assert statuses(client, 2) == ["IN_PROGRESS", "COMPLETE"]


@pytest.mark.rds_export_tasks("first", "second", timeline=Polls(in_progress=1), page_size=1)
def test_another_page(client):
    """A page that does not contain the task does not count."""
    page = client.describe_export_tasks()
    assert [task["ExportTaskIdentifier"] for task in page["ExportTasks"]] == ["first"]
    assert statuses(client, 1, "first") == ["COMPLETE"]
    assert statuses(client, 1, "second") == ["IN_PROGRESS"]


@pytest.mark.rds_export_tasks("nightly", timeline=Polls(in_progress=1))
def test_reads_in_the_test(rds_export_tasks, client):
    """A read of the task in the test does not count."""
    assert [rds_export_tasks["nightly"].status for _ in range(3)] == ["IN_PROGRESS"] * 3
    assert statuses(client, 1) == ["IN_PROGRESS"]
    assert rds_export_tasks["nightly"].status == "IN_PROGRESS"
    assert statuses(client, 1) == ["COMPLETE"]


def test_shared_value(rds_export_tasks, client):
    """Tasks that share one Polls are counted separately."""
    shared = Polls(in_progress=2)
    rds_export_tasks.seed_all([ExportTask("first", timeline=shared), ExportTask("second", timeline=shared)])
    assert statuses(client, 3, "first") == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETE"]
    assert statuses(client, 3, "second") == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETE"]


@pytest.mark.rds_export_tasks(timeline=Polls(starting=0, in_progress=0))
def test_timeline_of_its_own(rds_export_tasks, client):
    """The timeline of a task overrides that of the registry."""
    rds_export_tasks.seed("nightly", status="STARTING", timeline=Polls(starting=2))
    assert statuses(client, 3) == ["STARTING", "STARTING", "IN_PROGRESS"]


@pytest.mark.rds_export_tasks(timeline=Polls(starting=3, in_progress=1))
def test_count_after_a_move(rds_export_tasks, client):
    """move_to restarts the count of polls."""
    task = rds_export_tasks.seed("nightly", status="STARTING")
    assert statuses(client, 2) == ["STARTING", "STARTING"]
    task.move_to("IN_PROGRESS", percent_progress=80)
    assert [described(client)["PercentProgress"] for _ in range(2)] == [80, 100]


@pytest.mark.parametrize("timeline", [Polls(in_progress=1), Timeline(in_progress=timedelta(minutes=1))])
def test_moved_to_complete(timeline, rds_export_tasks, client):
    """A task that was moved to COMPLETE stays so."""
    with freeze_time(T0) as clock:
        rds_export_tasks.seed("nightly", timeline=timeline).move_to("COMPLETE")
        clock.tick(3600)
        assert [described(client)["TaskEndTime"] for _ in range(2)] == [T0, T0]


@pytest.mark.parametrize("timeline", [Polls(), Timeline(), Stuck()])
def test_moving_an_ended_task(timeline, rds_export_tasks):
    """A task that has ended cannot be moved, whatever its timeline."""
    task = rds_export_tasks.seed("nightly", status="CANCELED", timeline=timeline)
    text = "export task 'nightly' is CANCELED and cannot become COMPLETE. It has ended"
    with raises_exactly(ValueError, text):
        task.move_to("COMPLETE")


@pytest.mark.rds_export_tasks(timeline=Stuck())
def test_stuck(client):
    """A stuck task advances neither by the clock nor by polls."""
    with freeze_time(T0) as clock:
        start(client)
        clock.tick(timedelta(days=365))
        assert statuses(client, 5) == ["STARTING"] * 5


@pytest.mark.rds_export_tasks("nightly", timeline=Stuck())
def test_moving_a_stuck_task(rds_export_tasks, client):
    """A stuck task can be cancelled and moved."""
    cancel(client)
    assert statuses(client, 3) == ["CANCELING"] * 3
    rds_export_tasks["nightly"].move_to("CANCELED")
    assert statuses(client, 1) == ["CANCELED"]


@pytest.mark.parametrize("timeline", [Timeline(), Polls(), Stuck()])
def test_start_time(timeline, rds_export_tasks):
    """A task seeded halfway has a start time by its Timeline, or by the default one."""
    with freeze_time(T0):
        task = rds_export_tasks.seed("nightly", percent_progress=50, timeline=timeline)
        assert task.task_start_time == T0 - timedelta(minutes=2.5)


@pytest.mark.parametrize("name", ["starting", "in_progress", "canceling"])
@pytest.mark.parametrize("value", [-1, 1.5, "2", True, None, timedelta(minutes=1)])
def test_wrong_count(name, value):
    """A number of polls must be an int of at least 0."""
    with raises_exactly(ValueError, f"{name} must be a number of polls, an int of at least 0, got {value!r}"):
        Polls(**{name: value})


@pytest.mark.parametrize("name", ["outcome", "cancel_outcome"])
def test_wrong_outcome(name):
    """An outcome must be a status in which a task has ended."""
    with raises_exactly(ValueError, f"{name} must be 'COMPLETE', 'FAILED' or 'CANCELED', got 'STUCK'"):
        Polls(**{name: "STUCK"})
