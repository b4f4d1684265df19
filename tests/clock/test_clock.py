"""rds_export_clock: where it starts, how it is moved, and that sleeping moves it."""

import asyncio
import sys
import time
import types
from datetime import datetime, timedelta, timezone

import pytest

from helpers.asking import described, exactly
from pytest_rds_export import ExportClock, SleepLimitExceeded, Stuck, Timeline, fake_rds_export
from pytest_rds_export._clock import frozen_clock
from pytest_rds_export._frozen_time import followers

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
YEAR = timedelta(days=365)
ONE_LENGTH = "tick takes either a timedelta, or seconds, or keyword arguments such as minutes=5"
IN_REACH = "must keep the clock in the years 1000 to 8999, got"
LIMIT_EXCEEDED = (
    "the code under test slept {0} times, and the next sleep would exceed the limit of 1 day, 0:00:00 of frozen time. "
    "{1}Make the code stop waiting earlier, make the export end, or set another limit with "
    "@pytest.mark.rds_export_clock(limit=timedelta(...))."
)


@pytest.fixture
def module_of(monkeypatch):
    """A function that makes a module of the user's from its source."""

    def make(source, name="exporter_of_the_user"):
        module = types.ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(source, vars(module))
        return module

    return make


def test_it_starts_at_new_year_2026_and_stands_still(rds_export_clock):
    assert rds_export_clock.now == START == datetime.now(timezone.utc)
    assert time.time() == START.timestamp()


@pytest.mark.rds_export_clock("2026-03-01T02:00+01:00")
def test_the_marker_says_where_it_starts(rds_export_clock):
    assert rds_export_clock.now == datetime(2026, 3, 1, 1, tzinfo=timezone.utc)


@pytest.mark.rds_export_clock("2026-03-01T02:00Z", limit=MINUTE)
@pytest.mark.parametrize("rds_export_clock", [datetime(2020, 2, 29, tzinfo=timezone.utc)], indirect=True)
def test_an_indirect_parameter_goes_before_the_marker_s_start_and_keeps_its_limit(rds_export_clock):
    assert rds_export_clock.now == datetime(2020, 2, 29, tzinfo=timezone.utc)
    with pytest.raises(SleepLimitExceeded):
        time.sleep(61)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("soon",), ValueError, "start must be an ISO 8601 time such as '2026-03-01T02:00:00Z', got 'soon'"),
        ((2026,), ValueError, "start must be an aware datetime or an ISO 8601 string, got int 2026"),
        (
            ("2026-03-01",),
            ValueError,
            "start must be a time with a time zone, such as tzinfo=timezone.utc or a 'Z', got '2026-03-01'",
        ),
        (("9000-01-01T00:00:01Z",), ValueError, f"start {IN_REACH} '9000-01-01T00:00:01Z'"),
        ((START, 60), ValueError, "limit must be a positive timedelta, got 60"),
        ((START, timedelta(0)), ValueError, "limit must be a positive timedelta, got datetime.timedelta(0)"),
    ],
)
def test_an_invalid_start_or_limit_freezes_nothing(arguments, error, text):
    before = datetime, time.sleep
    with pytest.raises(error, match=exactly(text)), frozen_clock(*arguments):
        pass
    assert (datetime, time.sleep) == before


@pytest.mark.parametrize(
    ("args", "kwargs", "moved"),
    [
        ((), {"hours": 1, "minutes": 30}, 90 * MINUTE),
        ((), {"minutes": -30}, -30 * MINUTE),
        ((), {"minutes": 0}, 0 * MINUTE),
        ((90 * MINUTE,), {}, 90 * MINUTE),
        ((300,), {}, 5 * MINUTE),
        ((-0.5,), {}, timedelta(seconds=-0.5)),
        ((0,), {}, 0 * MINUTE),
    ],
)
def test_tick_takes_parts_a_timedelta_or_seconds(args, kwargs, moved, rds_export_clock):
    """Tick returns the new time."""
    assert rds_export_clock.tick(*args, **kwargs) == rds_export_clock.now == START + moved


@pytest.mark.parametrize(
    ("delta", "got"),
    [("5", "str '5'"), (True, "bool True"), (float("nan"), "nan"), (float("inf"), "inf"), (1e300, "1e+300")],
)
def test_tick_refuses_other_values(delta, got, rds_export_clock):
    """Only a timedelta or a number of seconds is a length of time."""
    text = f"delta must be a timedelta or a number of seconds, got {got}"
    with pytest.raises(ValueError, match=exactly(text)):
        rds_export_clock.tick(delta)


def test_public_members():
    """What help(ExportClock) lists is what users may rely on."""
    names = [name for name in dir(ExportClock) if not name.startswith("_")]
    assert names == ["call_at", "call_later", "move_to", "now", "tick"]


def test_move_to_takes_a_time_with_a_time_zone(rds_export_clock):
    assert rds_export_clock.move_to("2026-03-01T02:00Z") == datetime(2026, 3, 1, 2, tzinfo=timezone.utc)
    assert rds_export_clock.move_to(START) == rds_export_clock.now == START


@pytest.mark.parametrize(
    ("move", "error", "text"),
    [
        (
            lambda clock: clock.tick(minute=5),
            TypeError,
            "unknown part of a timedelta 'minute'. Did you mean 'minutes'?",
        ),
        (lambda clock: clock.tick(), TypeError, ONE_LENGTH),
        (lambda clock: clock.tick(5, minutes=5), TypeError, ONE_LENGTH),
        (
            lambda clock: clock.move_to("later"),
            ValueError,
            "when must be an ISO 8601 time such as '2026-03-01T02:00:00Z', got 'later'",
        ),
        (lambda clock: clock.tick(minutes="5"), ValueError, "minutes must be a number, got str '5'"),
        (lambda clock: clock.tick(hours=1e300), ValueError, "hours must be a number, got 1e+300"),
        (lambda clock: clock.tick(days=float("nan")), ValueError, "days must be a number, got nan"),
        (lambda clock: clock.tick(timedelta.max), ValueError, f"delta {IN_REACH} {timedelta.max!r}"),
        (lambda clock: clock.tick(timedelta.min), ValueError, f"delta {IN_REACH} {timedelta.min!r}"),
        (lambda clock: clock.tick(days=3e6), ValueError, f"days {IN_REACH} 3000000.0"),
        (
            lambda clock: clock.tick(days=2e6, weeks=2e5),
            ValueError,
            f"tick {IN_REACH} {{'days': 2000000.0, 'weeks': 200000.0}}",
        ),
        (lambda clock: clock.move_to("9999-12-31T23:59Z"), ValueError, f"when {IN_REACH} '9999-12-31T23:59Z'"),
        (lambda clock: clock.move_to("0999-12-31T23:59Z"), ValueError, f"when {IN_REACH} '0999-12-31T23:59Z'"),
        (lambda clock: clock.call_later(timedelta.max, print), ValueError, f"delay {IN_REACH} {timedelta.max!r}"),
        (lambda clock: clock.call_at("9999-12-31T23:59Z", print), ValueError, f"when {IN_REACH} '9999-12-31T23:59Z'"),
        (
            lambda clock: clock.move_to("9999-12-31T23:59-05:00"),
            ValueError,
            "when must be a time of the years 1 to 9999 in UTC, got '9999-12-31T23:59-05:00'",
        ),
        (lambda clock: clock.move_to(5), ValueError, "when must be an aware datetime or an ISO 8601 string, got int 5"),
        (
            lambda clock: clock.move_to("2026-03-01T02:00"),
            ValueError,
            "when must be a time with a time zone, such as tzinfo=timezone.utc or a 'Z', got ",
        ),
    ],
)
def test_an_invalid_move_moves_nothing(move, error, text, rds_export_clock):
    with pytest.raises(error) as caught:
        move(rds_export_clock)
    assert str(caught.value).startswith(text)
    assert rds_export_clock.now == START


@pytest.mark.parametrize("edge", ["1000-01-01T00:00Z", "9000-01-01T00:00Z"])
def test_the_first_and_the_last_time(edge, rds_export_tasks, rds_export_clock, rds_export_client):
    """At the first and the last time that the clock can show, everything works."""
    rds_export_clock.move_to(edge)
    task = rds_export_tasks.seed("nightly", timeline=Timeline(100 * YEAR, 100 * YEAR, 100 * YEAR))
    rds_export_tasks.seed("done").move_to("COMPLETE")

    assert described(rds_export_client)["Status"] == task.status == "IN_PROGRESS"
    assert len(rds_export_client.describe_events()["Events"]) == 1
    assert rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"


@pytest.mark.rds_export_clock(limit=timedelta.max)
def test_a_sleep_to_the_last_time(rds_export_clock):
    """Without a limit, a sleep ends at the last time that the clock can show."""
    time.sleep(1e12)

    assert rds_export_clock.now == datetime(9000, 1, 1, tzinfo=timezone.utc)


def test_it_shows_the_time_and_how_much_was_slept(rds_export_clock):
    rds_export_clock.tick(hours=1)
    time.sleep(90)
    assert repr(rds_export_clock) == "<ExportClock at 2026-01-01T01:01:30+00:00, 0:01:30 slept>"


@pytest.mark.parametrize(
    "source",
    [
        "import time\ndef wait(): time.sleep(60)",
        "from time import sleep\ndef wait(): sleep(60)",
        "from time import sleep as nap\ndef wait(): nap(60)",
        "import asyncio\ndef wait(): asyncio.run(asyncio.sleep(60))",
        "import asyncio\nfrom asyncio import sleep\nasync def a(): await sleep(60)\ndef wait(): asyncio.run(a())",
    ],
)
def test_sleeping_moves_it_however_sleep_was_imported(source, module_of):
    exporter = module_of(source)
    for _ in range(2):  # the second clock knows the module already
        with frozen_clock() as clock:
            exporter.wait()
            assert clock.now == START + MINUTE


def test_a_module_imported_under_the_clock_gets_the_moved_sleep(rds_export_clock, module_of):
    module_of("from time import sleep\nsleep(60)")
    assert rds_export_clock.now == START + MINUTE


@pytest.mark.parametrize("name", ["queue_poller", "subprocess_runner", "threading2"])
def test_a_module_of_the_user_s_whose_name_begins_like_one_that_waits_for_real_is_moved(name, module_of):
    exporter = module_of("import time\nfrom time import sleep\ndef wait(): sleep(30); time.sleep(30)", name)
    with frozen_clock() as clock:
        exporter.wait()
        assert clock.now == START + MINUTE


def test_a_stand_in_that_an_earlier_test_put_in_does_not_hide_the_sleep(module_of):
    exporter = module_of("from time import sleep\ndef wait(): sleep(60)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporter, "sleep", lambda seconds: None)
        with frozen_clock() as clock:
            exporter.wait()
            assert clock.now == START
    with frozen_clock() as clock:
        exporter.wait()
        assert clock.now == START + MINUTE


@pytest.mark.parametrize(
    ("seconds", "error"),
    [(-1, ValueError), (float("nan"), ValueError), (float("inf"), OverflowError), ("60", TypeError), (None, TypeError)],
)
def test_what_the_real_sleep_refuses_is_refused(seconds, error, rds_export_clock):
    with pytest.raises(error):
        time.sleep(seconds)
    assert rds_export_clock.now == START


def test_asyncio_sleep_refuses_what_the_real_one_refuses(rds_export_clock):
    with pytest.raises(TypeError):
        asyncio.run(asyncio.sleep("60"))
    assert rds_export_clock.now == START


def test_a_deadline_on_the_monotonic_clock_is_met_by_sleeping(rds_export_clock):
    deadline, rounds = time.monotonic() + 90, 0
    while time.monotonic() < deadline:
        time.sleep(30)
        rounds += 1
    assert rounds == 3


def test_an_export_is_polled_to_its_end(rds_export_tasks, rds_export_clock, rds_export_client):
    rds_export_tasks.seed("nightly", status="STARTING")
    seen = []
    while not seen or seen[-1] != "COMPLETE":
        seen.append(described(rds_export_client)["Status"])
        time.sleep(60)
    assert seen == ["STARTING"] * 10 + ["IN_PROGRESS"] * 5 + ["COMPLETE"]


def test_the_delays_of_retries_move_it(rds_export_tasks, rds_export_clock, rds_export_client):
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("Throttling", operation="DescribeExportTasks", times=2)

    described(rds_export_client)

    (call,) = rds_export_tasks.calls
    assert len(call.retry_delays) == 2
    assert rds_export_clock.now == START + sum((timedelta(seconds=delay) for delay in call.retry_delays), timedelta(0))


@pytest.mark.rds_export_tasks("before", "weekly", timeline=Stuck())
def test_limit_message(rds_export_tasks, rds_export_client):
    """It names the unfinished tasks that were described since the clock began, and says what to do."""
    rds_export_tasks.seed("done", status="COMPLETE")
    described(rds_export_client, "before")
    with frozen_clock() as clock:
        rds_export_tasks.seed("nightly", status="STARTING")
        rds_export_client.cancel_export_task(ExportTaskIdentifier="weekly")
        for identifier in ("nightly", "done", "weekly", "nightly"):
            described(rds_export_client, identifier)
            time.sleep(6 * 3600)
        with pytest.raises(SleepLimitExceeded) as caught:
            time.sleep(1)
        assert clock.now == START + timedelta(days=1)
    tasks = "'nightly' is still STARTING. 'weekly' is still CANCELING. "
    assert str(caught.value) == LIMIT_EXCEEDED.format(4, tasks)


@pytest.mark.rds_export_tasks("nightly", timeline=Stuck())
def test_limit_ends_endless_polling(rds_export_clock, rds_export_client):
    """``except Exception`` in the polling loop does not catch it."""

    def poll():
        for _ in range(100):
            try:
                described(rds_export_client)
                time.sleep(6 * 3600)
            except Exception:  # noqa: BLE001
                continue

    with pytest.raises(SleepLimitExceeded, match=exactly(LIMIT_EXCEEDED.format(4, "'nightly' is still IN_PROGRESS. "))):
        poll()


def test_nothing_is_waited_for_afterwards():
    """A fake that has ended is not asked what its tasks are doing."""
    before = list(followers)
    with fake_rds_export():
        assert len(followers) == len(before) + 1
    assert followers == before


def test_limit_message_without_tasks(rds_export_clock):
    """Without export tasks, the message is about the sleeps alone."""
    with pytest.raises(SleepLimitExceeded, match=exactly(LIMIT_EXCEEDED.format(0, ""))):
        time.sleep(1e300)


@pytest.mark.rds_export_clock(limit=MINUTE)
def test_only_sleeping_counts_towards_the_limit(rds_export_clock):
    rds_export_clock.tick(days=30)
    rds_export_clock.move_to("2030-01-01T00:00Z")
    time.sleep(60)
    with pytest.raises(SleepLimitExceeded):
        asyncio.run(asyncio.sleep(1))


def test_an_exceeded_limit_fails_its_own_test_and_no_other(pytester):
    pytester.makepyfile(
        """
        import time

        def test_waits(rds_export_clock):
            while True:
                time.sleep(3600)

        def test_next(rds_export_clock):
            assert rds_export_clock.now.isoformat() == "2026-01-01T00:00:00+00:00"
        """
    )
    result = pytester.runpytest("-p", "no:randomly")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["E *SleepLimitExceeded: the code under test slept 24 times, and the next sleep would exceed the limit of *"]
    )


def test_a_marker_with_an_argument_that_it_does_not_have_is_an_error(pytester):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.rds_export_clock(begin="2026-03-01T02:00Z")
        def test_it(rds_export_clock): ...
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["marker rds_export_clock(start, limit): got an unexpected keyword argument 'begin'"])
