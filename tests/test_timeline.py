"""Timeline: a task moves on by the clock, at the moments of its course and not of the look."""

import itertools
from datetime import datetime, timedelta, timezone

import pytest
from freezegun import freeze_time
from hypothesis import given, settings
from hypothesis import strategies as st

from _asking import cancel, described, exactly
from _aws import start
from pytest_rds_export import ExportTask, Timeline, fake_rds_export
from pytest_rds_export._rds.timeline import failing

T0 = datetime(2026, 3, 1, 2, 0, tzinfo=timezone.utc)
HALF_AN_HOUR = Timeline(starting=timedelta(minutes=20), in_progress=timedelta(minutes=10), canceling=120)
PAST, FUTURE = "2001-02-03T04:05:06Z", "2101-02-03T04:05:06Z"


def minutes(number):
    return timedelta(minutes=number)


@pytest.fixture
def clock():
    """A clock of the user's own freezegun, at T0."""
    with freeze_time(T0) as frozen:
        yield frozen


def test_an_export_is_started_extracts_and_completes_at_the_moments_of_its_timeline(clock, rds_export_tasks):
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


@pytest.mark.rds_export_tasks(timeline=HALF_AN_HOUR)
def test_times_are_those_of_the_moves_however_late_the_look(clock, rds_export_tasks, rds_export_client):
    answer = start(rds_export_client)
    assert answer["Status"] == "STARTING"
    clock.tick(timedelta(days=3))

    task = described(rds_export_client)

    assert task["Status"] == "COMPLETE"
    assert task["TaskStartTime"] == T0 + minutes(20)
    assert task["TaskEndTime"] == T0 + minutes(30)


def test_progress_is_linear_and_exact(clock, rds_export_tasks):
    task = rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=300))

    for percent in range(100):
        assert (task.percent_progress, task.total_extracted_data_in_gb) == (percent, percent)
        clock.tick(3)
    assert task.status == "COMPLETE"


def test_a_task_that_is_seeded_halfway_goes_on_from_there(clock, rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly", percent_progress=40, total_extracted_data_in_gb=20, timeline=HALF_AN_HOUR)
    assert described(rds_export_client)["TaskStartTime"] == T0 - minutes(4)

    clock.tick(minutes(3))
    halfway = described(rds_export_client)
    assert (halfway["PercentProgress"], halfway["TotalExtractedDataInGB"]) == (70, 35)

    clock.tick(minutes(3))
    end = described(rds_export_client)
    assert (end["Status"], end["PercentProgress"], end["TotalExtractedDataInGB"]) == ("COMPLETE", 100, 50)
    assert end["TaskEndTime"] == T0 + minutes(6)


def test_a_cancelled_export_is_canceled_two_minutes_later_and_keeps_what_it_had(
    clock, rds_export_tasks, rds_export_client
):
    rds_export_tasks.seed("nightly", timeline=HALF_AN_HOUR)
    clock.tick(minutes(5))
    answer = cancel(rds_export_client)
    assert (answer["Status"], answer["PercentProgress"]) == ("CANCELING", 50)

    clock.tick(minutes(1))
    assert described(rds_export_client)["Status"] == "CANCELING"
    clock.tick(minutes(60))
    end = described(rds_export_client)
    assert (end["Status"], end["PercentProgress"], end["TaskEndTime"]) == ("CANCELED", 50, T0 + minutes(7))


@pytest.mark.parametrize("cause", ["KMS key check failed. Check the credentials on your KMS key and try again.", None])
def test_an_export_that_fails_says_why(cause, clock, rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=60, outcome="FAILED", failure_cause=cause))
    clock.tick(90)

    task = described(rds_export_client)

    assert (task["Status"], task["TaskEndTime"]) == ("FAILED", T0 + minutes(1))
    assert task["FailureCause"] == (cause or "An unknown internal error occurred.")
    assert task["PercentProgress"] < 100


def test_a_warning_comes_with_completion_and_not_before(clock, rds_export_tasks):
    skipped = '{"skippedTables":["public.orders"]}'
    task = rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=60, warning_message=skipped))
    assert task.warning_message is None
    clock.tick(60)
    assert (task.status, task.warning_message) == ("COMPLETE", skipped)


def test_failing_keeps_the_course_and_changes_its_end():
    warned = Timeline(starting=1, in_progress=2, canceling=3, warning_message="{}")
    assert failing(warned, "no room") == Timeline(1, 2, 3, outcome="FAILED", failure_cause="no room")


@pytest.mark.parametrize(
    ("timeline", "statuses"),
    [
        (Timeline(starting=0), ["IN_PROGRESS", "COMPLETE"]),
        (Timeline(in_progress=0), ["STARTING", "COMPLETE"]),
        (Timeline(starting=0, in_progress=0), ["COMPLETE", "COMPLETE"]),
        (Timeline(starting=0, in_progress=0, outcome="FAILED"), ["FAILED", "FAILED"]),
    ],
)
def test_a_phase_of_no_length_is_skipped_after_the_answer_to_start(timeline, statuses, clock, rds_export_client):
    with fake_rds_export(timeline=timeline) as registry:
        assert start(rds_export_client)["Status"] == "STARTING"
        seen = [described(rds_export_client)["Status"]]
        clock.tick(minutes(60))
        seen.append(registry["nightly"].status)
    assert seen == statuses


def test_canceling_of_no_length_is_canceled_at_the_next_look(clock, rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly", timeline=Timeline(canceling=0))
    assert cancel(rds_export_client)["Status"] == "CANCELING"
    assert described(rds_export_client)["Status"] == "CANCELED"
    assert rds_export_tasks["nightly"].task_end_time == T0


@pytest.mark.parametrize("ended_by", ["COMPLETE", "FAILED"])
def test_a_clock_that_runs_backwards_does_not_bring_a_finished_export_back(ended_by, clock, rds_export_tasks):
    task = rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=60, outcome=ended_by))
    clock.tick(61)
    assert task.status == ended_by
    clock.move_to(T0 - timedelta(days=400))
    assert (task.status, task.task_end_time) == (ended_by, T0 + minutes(1))


@pytest.mark.parametrize(
    "seed", [{"percent_progress": 100}, {"timeline": Timeline(in_progress=0)}], ids=["all extracted", "no extraction"]
)
def test_a_clock_that_runs_backwards_meets_a_phase_without_length(clock, rds_export_tasks, rds_export_client, seed):
    """Such a phase is skipped, whatever the clock says."""
    rds_export_tasks.seed("nightly", **seed)
    clock.tick(minutes(-5))
    assert described(rds_export_client)["Status"] == "COMPLETE"


def test_a_clock_that_runs_backwards_keeps_progress_and_still_lets_cancel(clock, rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly", timeline=HALF_AN_HOUR)
    clock.tick(minutes(5))
    assert described(rds_export_client)["PercentProgress"] == 50

    clock.move_to(T0 - timedelta(days=1))

    assert described(rds_export_client)["PercentProgress"] == 50
    assert cancel(rds_export_client)["Status"] == "CANCELING"
    clock.tick(minutes(2))
    assert described(rds_export_client)["Status"] == "CANCELED"


def test_on_the_real_clock_nothing_moves(rds_export_tasks, rds_export_client):
    rds_export_tasks.seed_all([ExportTask("nightly", percent_progress=42), ExportTask("weekly", status="STARTING")])
    assert described(rds_export_client)["PercentProgress"] == 42
    assert described(rds_export_client, "weekly")["Status"] == "STARTING"


def test_a_timeline_that_tasks_share_runs_for_each_apart(clock, rds_export_tasks):
    first = rds_export_tasks.seed("first", timeline=HALF_AN_HOUR)
    clock.tick(minutes(5))
    second = rds_export_tasks.seed("second", timeline=HALF_AN_HOUR)
    clock.tick(minutes(4))
    assert (first.percent_progress, second.percent_progress) == (90, 40)


@pytest.mark.rds_export_tasks("nightly", timeline=Timeline(in_progress=100))
def test_the_timeline_of_the_marker_is_for_every_task_that_has_none_of_its_own(clock, rds_export_tasks):
    own = rds_export_tasks.seed("own", timeline=Timeline(in_progress=1000))
    assert rds_export_tasks["nightly"].percent_progress == 0  # looked at on the frozen clock from here on
    clock.tick(50)
    assert (rds_export_tasks["nightly"].percent_progress, own.percent_progress) == (50, 5)


def test_the_user_s_freezegun_steers_as_a_decorator(rds_export_tasks):
    @freeze_time(T0, as_kwarg="frozen")
    def body(frozen):
        task = rds_export_tasks.seed("nightly", timeline=HALF_AN_HOUR)
        frozen.tick(minutes(5))
        return task.percent_progress

    assert body() == 50


def test_pytest_freezer_steers(request, rds_export_tasks):
    pytest.importorskip("pytest_freezer")
    freezer = request.getfixturevalue("freezer")
    task = rds_export_tasks.seed("nightly", timeline=HALF_AN_HOUR)
    freezer.tick(minutes(5))
    assert task.percent_progress == 50


def test_time_machine_steers(rds_export_tasks, rds_export_client):
    time_machine = pytest.importorskip("time_machine")
    with time_machine.travel(T0, tick=False) as traveller:
        rds_export_tasks.seed("nightly", timeline=HALF_AN_HOUR)
        traveller.shift(minutes(10))
        assert described(rds_export_client)["TaskEndTime"] == T0 + minutes(10)


class TestSeededOnTheRealClock:
    """A seed of a conftest or a marker starts at the first look on the frozen clock of the test function."""

    @pytest.fixture
    def rds_export_seed(self):
        return [ExportTask("nightly", percent_progress=50), ExportTask("done", status="COMPLETE")]

    @staticmethod
    def check(client, when):
        now = datetime.fromisoformat(when.replace("Z", "+00:00"))
        nightly, done, marked = (described(client, name) for name in ("nightly", "done", "marked"))
        assert (nightly["Status"], nightly["PercentProgress"]) == ("IN_PROGRESS", 50)
        assert nightly["TaskStartTime"] == now - minutes(2.5)  # half of the default of 5 minutes
        assert (done["Status"], done["TaskEndTime"]) == ("COMPLETE", now)
        assert marked["Status"] == "STARTING"
        with freeze_time(now + minutes(11)):
            assert described(client)["TaskEndTime"] == now + minutes(2.5)
            assert described(client, "marked")["TaskStartTime"] == now + minutes(10)

    @pytest.mark.rds_export_tasks(ExportTask("marked", status="STARTING"))
    @freeze_time(PAST)
    def test_in_the_past(self, rds_export_tasks, rds_export_client):
        self.check(rds_export_client, PAST)

    @pytest.mark.rds_export_tasks(ExportTask("marked", status="STARTING"))
    @freeze_time(FUTURE)
    def test_in_the_future(self, rds_export_tasks, rds_export_client):
        self.check(rds_export_client, FUTURE)

    @freeze_time(PAST)
    def test_times_that_were_given_stand(self, rds_export_tasks):
        task = rds_export_tasks.seed("given", task_start_time="2001-01-01T00:00:00Z")
        assert task.task_start_time == datetime(2001, 1, 1, tzinfo=timezone.utc)


ORDER = ["STARTING", "IN_PROGRESS", "CANCELING", "CANCELED", "COMPLETE", "FAILED"]
phases = st.integers(0, 600)
timelines = st.builds(
    Timeline, starting=phases, in_progress=phases, canceling=phases, outcome=st.sampled_from(["COMPLETE", "FAILED"])
)


@settings(max_examples=40, deadline=None)
@given(
    timelines,
    st.sampled_from(["STARTING", "IN_PROGRESS"]),
    st.integers(0, 99),
    st.lists(st.one_of(st.integers(-300, 400), st.just("cancel")), max_size=8),
)
def test_progress_never_falls_statuses_go_forward_and_times_are_in_order(timeline, status, percent, steps):
    with fake_rds_export() as registry, freeze_time(T0) as clock:
        task = registry.seed("nightly", status=status, percent_progress=percent, timeline=timeline)
        seen = [_state(task)]
        for step in steps:
            if step != "cancel":
                clock.tick(step)
            elif task.status in ("STARTING", "IN_PROGRESS"):
                task.move_to("CANCELING")
            seen.append(_state(task))
    for before, after in itertools.pairwise(seen):
        assert ORDER.index(before[0]) <= ORDER.index(after[0])
        assert before[1:3] <= after[1:3]
        assert before[3] in (None, after[3])
        assert before[4] in (None, after[4])
        assert before[4] is None or before == after
    _, percent, gigabytes, start, end = seen[-1]
    assert percent <= 100
    assert gigabytes <= 100
    assert start is None or end is None or start <= end or any(step != "cancel" and step < 0 for step in steps)


def _state(task):
    return (
        task.status,
        task.percent_progress,
        task.total_extracted_data_in_gb,
        task.task_start_time,
        task.task_end_time,
    )


PHASE = "{} is a timedelta or a number of seconds, from 0 to 100 years, got {!r}"


@pytest.mark.parametrize("name", ["starting", "in_progress", "canceling"])
@pytest.mark.parametrize(
    "value",
    [-1, timedelta(seconds=-1), float("nan"), float("inf"), 1e300, 10**400, timedelta.max, "600", True, None],
    ids=lambda value: repr(value)[:20],
)
def test_a_phase_that_is_no_length_of_time_is_named(name, value):
    with pytest.raises(ValueError, match=exactly(PHASE.format(name, value))):
        Timeline(**{name: value})


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"outcome": "CANCELED"}, "outcome is 'COMPLETE' or 'FAILED', got 'CANCELED'"),
        ({"failure_cause": "full"}, "failure_cause belongs to outcome 'FAILED'; the outcome here is 'COMPLETE'"),
        (
            {"outcome": "FAILED", "warning_message": "{}"},
            "warning_message belongs to outcome 'COMPLETE'; the outcome here is 'FAILED'",
        ),
        ({"outcome": "FAILED", "failure_cause": 13}, "failure_cause is a text, got 13"),
        ({"warning_message": {"skippedTables": []}}, "warning_message is a text, got {'skippedTables': []}"),
    ],
)
def test_an_outcome_that_does_not_fit_is_named(arguments, text):
    with pytest.raises(ValueError, match=exactly(text)):
        Timeline(**arguments)
