"""Timeline: a task advances by the clock, at the times of its timeline and not of the read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from helpers.calls import cancel, described, start
from helpers.errors import raises_exactly
from helpers.timelines import HALF_AN_HOUR, T0, minutes
from pytest_rds_export import Timeline, fake_rds_export


def test_phases(clock, rds_export_tasks):
    """A task is STARTING, IN_PROGRESS and COMPLETE at the exact times of its timeline."""
    task = rds_export_tasks.seed("nightly", status="STARTING", timeline=HALF_AN_HOUR)
    assert (task.status, task.task_start_time, task.task_end_time) == ("STARTING", None, None)

    clock.move_to(T0 + minutes(20) - timedelta(milliseconds=1))
    assert task.status == "STARTING"
    clock.move_to(T0 + minutes(20))
    assert (task.status, task.task_start_time, task.percent_progress) == ("IN_PROGRESS", T0 + minutes(20), 0)
    clock.move_to(T0 + minutes(30) - timedelta(milliseconds=1))
    assert (task.status, task.percent_progress, task.task_end_time) == ("IN_PROGRESS", 99, None)
    clock.move_to(T0 + minutes(30))
    assert (task.status, task.percent_progress, task.task_end_time) == ("COMPLETE", 100, T0 + minutes(30))


def test_progress(clock, rds_export_tasks):
    """Progress and extracted data grow linearly."""
    task = rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=300))

    for percent in range(100):
        assert (task.percent_progress, task.total_extracted_data_in_gb) == (percent, percent)
        clock.tick(3)
    assert task.status == "COMPLETE"


def test_task_seeded_halfway(clock, rds_export_tasks, client):
    """A task that is seeded halfway continues from there."""
    rds_export_tasks.seed("nightly", percent_progress=40, total_extracted_data_in_gb=20, timeline=HALF_AN_HOUR)
    assert described(client)["TaskStartTime"] == T0 - minutes(4)

    clock.tick(minutes(3))
    halfway = described(client)
    assert (halfway["PercentProgress"], halfway["TotalExtractedDataInGB"]) == (70, 35)

    clock.tick(minutes(3))
    end = described(client)
    assert (end["Status"], end["PercentProgress"], end["TotalExtractedDataInGB"]) == ("COMPLETE", 100, 50)
    assert end["TaskEndTime"] == T0 + minutes(6)


@pytest.mark.rds_export_tasks(timeline=replace(HALF_AN_HOUR, outcome="CANCELED"))
def test_outcome_canceled(clock, client):
    """outcome="CANCELED" makes a task CANCELING after in_progress and CANCELED after canceling."""
    start(client)
    shown = []
    for passed in (minutes(29), minutes(1), minutes(2), minutes(60)):
        clock.tick(passed)
        shown.append(described(client))

    assert [task["Status"] for task in shown] == ["IN_PROGRESS", "CANCELING", "CANCELED", "CANCELED"]
    assert [task["PercentProgress"] for task in shown] == [90, 99, 99, 99]
    assert "TaskEndTime" not in shown[1]
    assert shown[3]["TaskEndTime"] == T0 + minutes(32)
    assert "FailureCause" not in shown[3]


@pytest.mark.parametrize(
    ("options", "status", "percent", "cause", "warning"),
    [
        ({}, "CANCELED", 50, None, None),
        ({"cancel_outcome": "COMPLETE"}, "COMPLETE", 100, None, None),
        ({"cancel_outcome": "COMPLETE", "warning_message": "{}"}, "COMPLETE", 100, None, "{}"),
        ({"cancel_outcome": "FAILED"}, "FAILED", 50, "An unknown internal error occurred.", None),
        ({"cancel_outcome": "FAILED", "failure_cause": "no room"}, "FAILED", 50, "no room", None),
        ({"outcome": "FAILED", "failure_cause": "no room"}, "CANCELED", 50, None, None),
    ],
)
def test_end_after_a_cancel(options, status, percent, cause, warning, clock, rds_export_tasks, client):
    """cancel_outcome= decides how a cancelled export ends, with the cause or warning of that end."""
    task = rds_export_tasks.seed("nightly", timeline=replace(HALF_AN_HOUR, **options))
    clock.tick(minutes(5))
    assert cancel(client)["Status"] == "CANCELING"
    clock.tick(minutes(2))

    assert (task.status, task.task_end_time) == (status, T0 + minutes(7))
    assert (task.percent_progress, task.failure_cause, task.warning_message) == (percent, cause, warning)


SKIPPED = '{"skippedTables":["public.orders"]}'


@pytest.mark.parametrize(
    ("options", "status", "cause", "warning"),
    [
        ({}, "COMPLETE", None, None),
        ({"cancel_outcome": "FAILED", "failure_cause": "no room"}, "COMPLETE", None, None),
        ({"warning_message": SKIPPED}, "COMPLETE", None, SKIPPED),
        ({"outcome": "FAILED"}, "FAILED", "An unknown internal error occurred.", None),
        ({"outcome": "FAILED", "failure_cause": "no room"}, "FAILED", "no room", None),
    ],
)
def test_end(options, status, cause, warning, clock, rds_export_tasks):
    """outcome= decides how an export ends that is not cancelled, with its cause or warning and the time of its end."""
    task = rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=60, **options))
    assert (task.failure_cause, task.warning_message) == (None, None)
    clock.tick(90)

    assert (task.status, task.failure_cause, task.warning_message) == (status, cause, warning)
    assert (task.task_end_time, task.percent_progress == 100) == (T0 + minutes(1), status == "COMPLETE")


@pytest.mark.parametrize(
    ("timeline", "statuses"),
    [
        (Timeline(starting=0), ["IN_PROGRESS", "COMPLETE"]),
        (Timeline(in_progress=0), ["STARTING", "COMPLETE"]),
        (Timeline(starting=0, in_progress=0), ["COMPLETE", "COMPLETE"]),
        (Timeline(starting=0, in_progress=0, outcome="FAILED"), ["FAILED", "FAILED"]),
    ],
)
def test_phase_of_0_seconds(timeline, statuses, clock, client):
    """A phase of 0 seconds is skipped after the response to StartExportTask."""
    with fake_rds_export(timeline=timeline) as registry:
        assert start(client)["Status"] == "STARTING"
        seen = [described(client)["Status"]]
        clock.tick(minutes(60))
        seen.append(registry["nightly"].status)
    assert seen == statuses


def test_canceling_of_0_seconds(clock, rds_export_tasks, client):
    """With canceling=0, a cancelled task is CANCELED at the next read."""
    rds_export_tasks.seed("nightly", timeline=Timeline(canceling=0))
    assert cancel(client)["Status"] == "CANCELING"
    assert described(client)["Status"] == "CANCELED"
    assert rds_export_tasks["nightly"].task_end_time == T0


@pytest.mark.parametrize(
    "seed", [{"percent_progress": 100}, {"timeline": Timeline(in_progress=0)}], ids=["all extracted", "no extraction"]
)
def test_phase_of_0_seconds_when_the_clock_runs_backwards(clock, rds_export_tasks, client, seed):
    """A phase of 0 seconds is skipped even if the clock runs backwards."""
    rds_export_tasks.seed("nightly", **seed)
    clock.tick(minutes(-5))
    assert described(client)["Status"] == "COMPLETE"


def test_progress_when_the_clock_runs_backwards(clock, rds_export_tasks, client):
    """A clock that runs backwards keeps the progress, and the task can be cancelled."""
    rds_export_tasks.seed("nightly", timeline=HALF_AN_HOUR)
    clock.tick(minutes(5))
    assert described(client)["PercentProgress"] == 50

    clock.move_to(T0 - timedelta(days=1))

    assert described(client)["PercentProgress"] == 50
    assert cancel(client)["Status"] == "CANCELING"
    clock.tick(minutes(2))
    assert described(client)["Status"] == "CANCELED"


PHASE = "{} must be a timedelta or a number of seconds, from 0 to 100 years, got {!r}"


@pytest.mark.parametrize("name", ["starting", "in_progress", "canceling"])
@pytest.mark.parametrize(
    "value",
    [-1, timedelta(seconds=-1), float("nan"), float("inf"), 1e300, 10**400, timedelta.max, "600", True, None],
    ids=lambda value: repr(value)[:20],
)
def test_wrong_phase(name, value):
    """A phase must be a timedelta or a number of seconds from 0 to 100 years."""
    with raises_exactly(ValueError, PHASE.format(name, value)):
        Timeline(**{name: value})


@pytest.mark.parametrize("longest", [timedelta(days=36525), 36525 * 86400])
def test_longest_phase(longest):
    """A phase of 100 years is the longest."""
    assert Timeline(starting=longest).starting == timedelta(days=36525)
    longer = longest + type(longest)(1)
    with raises_exactly(ValueError, PHASE.format("starting", longer)):
        Timeline(starting=longer)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"outcome": "CANCELING"}, "outcome must be 'COMPLETE', 'FAILED' or 'CANCELED', got 'CANCELING'"),
        ({"cancel_outcome": None}, "cancel_outcome must be 'COMPLETE', 'FAILED' or 'CANCELED', got None"),
        (
            {"failure_cause": "full"},
            (
                "failure_cause needs outcome='FAILED' or cancel_outcome='FAILED', got outcome='COMPLETE' and "
                "cancel_outcome='CANCELED'"
            ),
        ),
        (
            {"outcome": "FAILED", "warning_message": "{}"},
            (
                "warning_message needs outcome='COMPLETE' or cancel_outcome='COMPLETE', got outcome='FAILED' and "
                "cancel_outcome='CANCELED'"
            ),
        ),
        ({"outcome": "FAILED", "failure_cause": 13}, "failure_cause must be a string, got int 13"),
        (
            {"warning_message": {"skippedTables": []}},
            "warning_message must be a string, got dict {'skippedTables': []}",
        ),
    ],
)
def test_wrong_outcome(arguments, text):
    """Outcomes, cause and warning must fit together."""
    with raises_exactly(ValueError, text):
        Timeline(**arguments)
