"""rds_export_clock: where it starts, how it is moved, and that sleeping moves it."""

import asyncio
import sys
import time
import types
from datetime import datetime, timedelta, timezone

import pytest

from _asking import described, exactly
from pytest_rds_export import Stuck
from pytest_rds_export._clock import EndlessWait, frozen_clock

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


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
    with pytest.raises(EndlessWait):
        time.sleep(61)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("soon",), ValueError, "start is no ISO 8601 time such as '2026-03-01T02:00:00Z': 'soon'"),
        ((2026,), ValueError, "start is an aware datetime or an ISO 8601 text, got 2026"),
        (
            ("2026-03-01",),
            ValueError,
            "start has no time zone: '2026-03-01'; give it one, such as tzinfo=timezone.utc or a 'Z'",
        ),
        ((START, 60), ValueError, "limit is a positive timedelta such as timedelta(hours=2), got 60"),
        (
            (START, timedelta(0)),
            ValueError,
            "limit is a positive timedelta such as timedelta(hours=2), got datetime.timedelta(0)",
        ),
    ],
)
def test_a_start_or_limit_that_is_none_is_named_and_nothing_is_frozen(arguments, error, text):
    before = datetime, time.sleep
    with pytest.raises(error, match=exactly(text)), frozen_clock(*arguments):
        pass
    assert (datetime, time.sleep) == before


def test_tick_moves_it_by_the_parts_of_a_timedelta(rds_export_clock):
    assert rds_export_clock.tick(hours=1, minutes=30) == START + 90 * MINUTE
    assert rds_export_clock.tick(minutes=-30) == rds_export_clock.now == START + 60 * MINUTE


def test_move_to_takes_a_moment_with_a_time_zone(rds_export_clock):
    assert rds_export_clock.move_to("2026-03-01T02:00Z") == datetime(2026, 3, 1, 2, tzinfo=timezone.utc)
    assert rds_export_clock.move_to(START) == rds_export_clock.now == START


@pytest.mark.parametrize(
    ("move", "error", "text"),
    [
        (lambda clock: clock.tick(minute=5), TypeError, "unknown part of a timedelta 'minute'; known: minutes, "),
        (lambda clock: clock.tick(), TypeError, "tick needs to know how far, such as tick(minutes=5)"),
        (lambda clock: clock.move_to("later"), ValueError, "when is no ISO 8601 time such as "),
        (lambda clock: clock.move_to(5), ValueError, "when is an aware datetime or an ISO 8601 text, got 5"),
        (lambda clock: clock.move_to("2026-03-01T02:00"), ValueError, "when has no time zone: "),
    ],
)
def test_a_move_that_makes_no_sense_is_an_error_and_moves_nothing(move, error, text, rds_export_clock):
    with pytest.raises(error) as caught:
        move(rds_export_clock)
    assert str(caught.value).startswith(text)
    assert rds_export_clock.now == START


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


def test_asyncio_sleep_gives_its_result_and_lets_others_run_once(rds_export_clock):
    order = []

    async def worker(name):
        for _ in range(2):
            order.append(name)
            assert await asyncio.sleep(30, result=name) == name

    async def main():
        await asyncio.gather(worker("a"), worker("b"))

    asyncio.run(main())

    assert order == ["a", "b", "a", "b"]
    assert rds_export_clock.now == START + 2 * MINUTE


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


@pytest.mark.rds_export_tasks("nightly", timeline=Stuck())
def test_a_loop_that_polls_for_ever_is_stopped_even_if_it_swallows_exceptions(rds_export_clock, rds_export_client):
    def poll():
        for _ in range(100):
            try:
                described(rds_export_client)
                time.sleep(6 * 3600)
            except Exception:  # noqa: BLE001  # it swallows all
                continue

    with pytest.raises(EndlessWait) as caught:
        poll()
    assert str(caught.value) == (
        "the code under test has slept for more than 7 days, 0:00:00 of frozen time; the export it waits for seems "
        "never to end (another limit: @pytest.mark.rds_export_clock(limit=timedelta(...)))"
    )
    assert rds_export_clock.now == START + timedelta(days=7)


@pytest.mark.rds_export_clock(limit=MINUTE)
def test_only_sleeping_counts_towards_the_limit(rds_export_clock):
    rds_export_clock.tick(days=30)
    rds_export_clock.move_to("2030-01-01T00:00Z")
    time.sleep(60)
    with pytest.raises(EndlessWait):
        asyncio.run(asyncio.sleep(1))


def test_an_endless_wait_fails_its_own_test_and_no_other(pytester):
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
    result.stdout.fnmatch_lines(["E *EndlessWait: the code under test has slept for more than 7 days, 0:00:00 of *"])


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
    result.stdout.fnmatch_lines(
        ["E *TypeError: the marker rds_export_clock takes start and limit: got an unexpected keyword argument 'begin'"]
    )
