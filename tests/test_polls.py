"""Polls and Stuck: a task moves on by being looked at, or not at all."""

from datetime import datetime, timedelta, timezone

import pytest
from freezegun import freeze_time

from _asking import cancel, described, exactly, statuses
from _aws import start
from pytest_rds_export import ExportTask, Polls, Stuck, Timeline
from pytest_rds_export._rds.timeline import failing

T0 = datetime(2026, 3, 1, 2, 0, tzinfo=timezone.utc)


@pytest.mark.rds_export_tasks(timeline=Polls())
def test_by_default_one_answer_shows_starting_and_two_show_in_progress(rds_export_client):
    assert start(rds_export_client)["Status"] == "STARTING"
    assert statuses(rds_export_client, 5) == ["STARTING", "IN_PROGRESS", "IN_PROGRESS", "COMPLETE", "COMPLETE"]


@pytest.mark.rds_export_tasks(timeline=Polls())
def test_a_canceling_task_is_shown_once_by_default(rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly")
    assert statuses(rds_export_client, 2) == ["IN_PROGRESS", "IN_PROGRESS"]
    assert cancel(rds_export_client)["Status"] == "CANCELING"
    assert statuses(rds_export_client, 3) == ["CANCELING", "CANCELED", "CANCELED"]


@pytest.mark.parametrize(
    ("polls", "seen"),
    [
        (Polls(starting=0), ["IN_PROGRESS", "IN_PROGRESS", "COMPLETE"]),
        (Polls(in_progress=0), ["STARTING", "COMPLETE", "COMPLETE"]),
        (Polls(starting=0, in_progress=0), ["COMPLETE", "COMPLETE", "COMPLETE"]),
        (Polls(starting=2, in_progress=0, outcome="FAILED"), ["STARTING", "STARTING", "FAILED"]),
    ],
)
def test_a_phase_of_no_polls_is_skipped(polls, seen, rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly", status="STARTING", timeline=polls)
    assert statuses(rds_export_client, 3) == seen


def test_progress_goes_up_with_each_poll(rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly", timeline=Polls(in_progress=3))
    assert [described(rds_export_client)["PercentProgress"] for _ in range(4)] == [0, 33, 66, 100]


def test_a_task_that_is_seeded_halfway_goes_on_from_there(rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly", percent_progress=50, timeline=Polls(in_progress=2))
    assert [described(rds_export_client)["PercentProgress"] for _ in range(3)] == [50, 75, 100]


def test_an_export_that_fails_says_why_and_when(rds_export_tasks, rds_export_client):
    cause = "S3 credential check failed. Check the permissions on your S3 bucket and IAM policy."
    rds_export_tasks.seed("nightly", timeline=Polls(in_progress=1, outcome="FAILED", failure_cause=cause))
    assert statuses(rds_export_client, 1) == ["IN_PROGRESS"]
    with freeze_time(T0):
        task = described(rds_export_client)
    assert (task["Status"], task["FailureCause"], task["TaskEndTime"]) == ("FAILED", cause, T0)


@pytest.mark.rds_export_tasks("nightly", "other", timeline=Polls(in_progress=1))
def test_only_answers_that_contain_the_task_count(rds_export_client):
    for filters in ([{"Name": "status", "Values": ["complete"]}], [{"Name": "s3-bucket", "Values": ["elsewhere"]}]):
        assert rds_export_client.describe_export_tasks(Filters=filters)["ExportTasks"] == []
    assert statuses(rds_export_client, 2, "other") == ["IN_PROGRESS", "COMPLETE"]
    assert statuses(rds_export_client, 2) == ["IN_PROGRESS", "COMPLETE"]


@pytest.mark.rds_export_tasks("first", "second", timeline=Polls(in_progress=1), page_size=1)
def test_a_task_on_another_page_is_not_shown(rds_export_client):
    page = rds_export_client.describe_export_tasks()
    assert [task["ExportTaskIdentifier"] for task in page["ExportTasks"]] == ["first"]
    assert statuses(rds_export_client, 1, "first") == ["COMPLETE"]
    assert statuses(rds_export_client, 1, "second") == ["IN_PROGRESS"]


@pytest.mark.rds_export_tasks("nightly", timeline=Polls(in_progress=1))
def test_reading_the_task_in_the_test_does_not_count(rds_export_tasks, rds_export_client):
    assert [rds_export_tasks["nightly"].status for _ in range(3)] == ["IN_PROGRESS"] * 3
    assert statuses(rds_export_client, 1) == ["IN_PROGRESS"]
    assert rds_export_tasks["nightly"].status == "IN_PROGRESS"
    assert statuses(rds_export_client, 1) == ["COMPLETE"]


def test_one_value_counts_for_each_task_apart(rds_export_tasks, rds_export_client):
    shared = Polls(in_progress=2)
    rds_export_tasks.seed_all([ExportTask("first", timeline=shared), ExportTask("second", timeline=shared)])
    assert statuses(rds_export_client, 3, "first") == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETE"]
    assert statuses(rds_export_client, 3, "second") == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETE"]


@pytest.mark.rds_export_tasks(timeline=Polls(starting=0, in_progress=0))
def test_a_task_s_own_course_goes_before_that_of_the_registry(rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly", status="STARTING", timeline=Polls(starting=2))
    assert statuses(rds_export_client, 3) == ["STARTING", "STARTING", "IN_PROGRESS"]


@pytest.mark.rds_export_tasks(timeline=Polls(starting=3, in_progress=1))
def test_a_move_by_hand_begins_the_count_anew(rds_export_tasks, rds_export_client):
    task = rds_export_tasks.seed("nightly", status="STARTING")
    assert statuses(rds_export_client, 2) == ["STARTING", "STARTING"]
    task.move_to("IN_PROGRESS", percent_progress=80)
    assert [described(rds_export_client)["PercentProgress"] for _ in range(2)] == [80, 100]


@pytest.mark.parametrize("timeline", [Polls(in_progress=1), Timeline(in_progress=timedelta(minutes=1))])
def test_a_task_that_was_completed_by_hand_stays_so(timeline, rds_export_tasks, rds_export_client):
    with freeze_time(T0) as clock:
        rds_export_tasks.seed("nightly", timeline=timeline).move_to("COMPLETE")
        clock.tick(3600)
        assert [described(rds_export_client)["TaskEndTime"] for _ in range(2)] == [T0, T0]


@pytest.mark.parametrize("timeline", [Polls(), Timeline(), Stuck()])
def test_moving_a_finished_task_is_an_error(timeline, rds_export_tasks):
    task = rds_export_tasks.seed("nightly", status="CANCELED", timeline=timeline)
    with pytest.raises(ValueError, match="export task 'nightly' is CANCELED and cannot become COMPLETE; "):
        task.move_to("COMPLETE")


@pytest.mark.rds_export_tasks(timeline=Stuck())
def test_a_stuck_task_moves_neither_by_the_clock_nor_by_polls(rds_export_client):
    with freeze_time(T0) as clock:
        start(rds_export_client)
        clock.tick(timedelta(days=365))
        assert statuses(rds_export_client, 5) == ["STARTING"] * 5


@pytest.mark.rds_export_tasks("nightly", timeline=Stuck())
def test_a_stuck_task_can_be_cancelled_and_moved_by_hand(rds_export_tasks, rds_export_client):
    cancel(rds_export_client)
    assert statuses(rds_export_client, 3) == ["CANCELING"] * 3
    rds_export_tasks["nightly"].move_to("CANCELED")
    assert statuses(rds_export_client, 1) == ["CANCELED"]


def test_a_stuck_task_does_not_get_as_far_as_failing():
    assert failing(Stuck(), "no room") == Stuck()


@pytest.mark.parametrize("timeline", [Timeline(), Polls(), Stuck()])
def test_a_task_seeded_halfway_has_the_start_that_the_default_course_gives(timeline, rds_export_tasks):
    with freeze_time(T0):
        task = rds_export_tasks.seed("nightly", percent_progress=50, timeline=timeline)
        assert task.task_start_time == T0 - timedelta(minutes=2.5)


@pytest.mark.parametrize("name", ["starting", "in_progress", "canceling"])
@pytest.mark.parametrize("value", [-1, 1.5, "2", True, None, timedelta(minutes=1)])
def test_a_count_that_is_no_whole_number_is_named(name, value):
    with pytest.raises(ValueError, match=exactly(f"{name} is a whole number of polls, not negative, got {value!r}")):
        Polls(**{name: value})


def test_the_outcome_of_polls_is_checked_like_that_of_a_timeline():
    with pytest.raises(ValueError, match=exactly("outcome is 'COMPLETE' or 'FAILED', got 'STUCK'")):
        Polls(outcome="STUCK")
