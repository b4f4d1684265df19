"""Polls and Stuck: a task advances by the responses that show it, or not at all."""

from datetime import datetime, timedelta, timezone

import pytest
from freezegun import freeze_time

from helpers.calls import cancel, described, start, statuses
from helpers.errors import raises_exactly
from pytest_rds_export import Polls, Stuck, Timeline

T0 = datetime(2026, 3, 1, 2, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("polls", "seen"),
    [
        (Polls(), ["STARTING 0", "IN_PROGRESS 0", "IN_PROGRESS 50", "COMPLETE 100", "COMPLETE 100"]),
        (Polls(starting=0, in_progress=3), ["IN_PROGRESS 0", "IN_PROGRESS 33", "IN_PROGRESS 66", "COMPLETE 100"]),
        (Polls(in_progress=0), ["STARTING 0", "COMPLETE 100"]),
        (Polls(starting=0, in_progress=0), ["COMPLETE 100"]),
        (Polls(starting=2, in_progress=0, outcome="FAILED"), ["STARTING 0", "STARTING 0", "FAILED 0"]),
        (
            Polls(starting=0, outcome="CANCELED"),
            ["IN_PROGRESS 0", "IN_PROGRESS 50", "CANCELING 50", "CANCELED 50", "CANCELED 50"],
        ),
    ],
)
def test_phases(polls, seen, rds_export_tasks, client):
    """Each phase lasts as many responses as the polls say, and the progress grows with them; 0 skips a phase."""
    rds_export_tasks.seed("nightly", status="STARTING", timeline=polls)
    shown = [described(client) for _ in seen]
    assert [f"{task['Status']} {task['PercentProgress']}" for task in shown] == seen


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


@pytest.mark.rds_export_tasks("first", "second", timeline=Polls(in_progress=1), page_size=1)
def test_what_counts(rds_export_tasks, client):
    """Neither a response that leaves the task out counts, by a filter or a page, nor a read of the task in the test."""
    for item in ({"Name": "status", "Values": ["complete"]}, {"Name": "s3-bucket", "Values": ["elsewhere"]}):
        assert client.describe_export_tasks(Filters=[item])["ExportTasks"] == []
    (shown,) = client.describe_export_tasks()["ExportTasks"]
    assert [rds_export_tasks["second"].status for _ in range(3)] == ["IN_PROGRESS"] * 3

    assert shown["ExportTaskIdentifier"] == "first"
    assert statuses(client, 2, "second") == ["IN_PROGRESS", "COMPLETE"]
    assert statuses(client, 1, "first") == ["COMPLETE"]


@pytest.mark.rds_export_tasks(timeline=Polls(starting=3, in_progress=1))
def test_count_after_a_move(rds_export_tasks, client):
    """move_to restarts the count of polls."""
    task = rds_export_tasks.seed("nightly", status="STARTING")
    assert statuses(client, 2) == ["STARTING", "STARTING"]
    task.move_to("IN_PROGRESS", percent_progress=80)
    assert [described(client)["PercentProgress"] for _ in range(2)] == [80, 100]


@pytest.mark.rds_export_tasks(timeline=Stuck())
def test_stuck(rds_export_tasks, client):
    """A stuck task advances neither by the clock nor by polls, but it can be cancelled and moved."""
    with freeze_time(T0) as clock:
        start(client)
        clock.tick(timedelta(days=365))
        assert statuses(client, 5) == ["STARTING"] * 5
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
