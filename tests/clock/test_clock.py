"""rds_export_clock: where it starts, and how it is moved manually."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError

from helpers.calls import cancel, described
from helpers.clients import shared_client
from helpers.errors import raises_exactly
from helpers.timelines import START, passed
from pytest_rds_export import Timeline, frozen_clock
from pytest_rds_export.exceptions import SleepLimitExceeded
from pytest_rds_export.types import ExportClock

MINUTE = timedelta(minutes=1)
YEAR = timedelta(days=365)
ONE_LENGTH = "tick takes either a timedelta, or seconds, or keyword arguments such as minutes=5"
IN_REACH = "must keep the clock in the years 1000 to 8999, got"


def test_start(rds_export_clock):
    """The clock starts at the beginning of 2026 and stands still."""
    assert rds_export_clock.now == START == datetime.now(timezone.utc)
    assert time.time() == START.timestamp()


@pytest.mark.rds_export_clock("2026-03-01T02:00+01:00")
def test_marker(rds_export_clock):
    """The marker sets the start."""
    assert rds_export_clock.now == datetime(2026, 3, 1, 1, tzinfo=timezone.utc)


@pytest.mark.rds_export_clock("2026-03-01T02:00Z", limit=MINUTE)
@pytest.mark.parametrize("rds_export_clock", [datetime(2020, 2, 29, tzinfo=timezone.utc)], indirect=True)
def test_parameter(rds_export_clock):
    """An indirect parameter takes precedence over the start of the marker, whose limit applies."""
    assert rds_export_clock.now == datetime(2020, 2, 29, tzinfo=timezone.utc)
    with pytest.raises(SleepLimitExceeded):
        time.sleep(61)


A_TIME = "must be an ISO 8601 time such as '2026-03-01T02:00:00Z'"
A_LIMIT = "limit must be a positive timedelta or number of seconds"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("soon",), f"start {A_TIME}, got 'soon'"),
        (("9000-01-01T00:00:01Z",), f"start {IN_REACH} '9000-01-01T00:00:01Z'"),
        ((START, "60"), "limit must be a timedelta or a number of seconds, got str '60'"),
        ((START, 0), f"{A_LIMIT}, got 0"),
        ((START, timedelta(-1)), f"{A_LIMIT}, got datetime.timedelta(days=-1)"),
    ],
)
def test_wrong_marker(arguments, text):
    """A wrong start or limit is refused, and nothing is frozen."""
    before = datetime, time.sleep
    with raises_exactly(ValueError, text), frozen_clock(*arguments):
        pass
    assert (datetime, time.sleep) == before


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda clock: frozen_clock(limits=5), "'limits' of frozen_clock. Did you mean 'limit'?"),
        (lambda clock: clock.move_to(time=START), "'time' of move_to. Use 'when'"),
        (lambda clock: clock.call_later(dely=1, callback=print), "'dely' of call_later. Did you mean 'delay'?"),
        (lambda clock: clock.call_at(START, print, sep=""), "'sep' of call_at. Use one of 'when' or 'callback'"),
    ],
)
def test_unknown_keyword(call, text, rds_export_clock):
    """An unknown keyword argument is refused with the one that may be meant."""
    with raises_exactly(TypeError, f"unknown argument {text}"):
        call(rds_export_clock)


def test_tick(rds_export_clock):
    """A tick takes parts of a timedelta, a timedelta or seconds, and returns the new time."""
    for args, kwargs, moved in (
        ((), {"hours": 1, "minutes": 30}, 90 * MINUTE),
        ((), {"minutes": -30}, -30 * MINUTE),
        ((), {"minutes": 0}, 0 * MINUTE),
        ((90 * MINUTE,), {}, 90 * MINUTE),
        ((300,), {}, 5 * MINUTE),
        ((-0.5,), {}, timedelta(seconds=-0.5)),
        ((0,), {}, 0 * MINUTE),
    ):
        before = rds_export_clock.now
        assert rds_export_clock.tick(*args, **kwargs) == rds_export_clock.now == before + moved


def test_public_members():
    """The public names of ExportClock are those that users may rely on."""
    names = [name for name in dir(ExportClock) if not name.startswith("_")]
    assert names == ["call_at", "call_later", "move_to", "now", "sleeps", "tick"]


def test_move_to(rds_export_clock):
    """The clock moves to a time with a time zone, also back, and returns it."""
    assert rds_export_clock.move_to("2026-03-01T02:00Z") == datetime(2026, 3, 1, 2, tzinfo=timezone.utc)
    assert rds_export_clock.move_to(START) == rds_export_clock.now == START


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        ((), {"minute": 5}, "unknown part of a timedelta 'minute'. Did you mean 'minutes'?"),
        ((), {}, ONE_LENGTH),
        ((5,), {"minutes": 5}, ONE_LENGTH),
    ],
)
def test_arguments_of_tick(args, kwargs, text, rds_export_clock):
    """A tick takes one length, of known parts."""
    with raises_exactly(TypeError, text):
        rds_export_clock.tick(*args, **kwargs)


WRONG_MOVES = {
    "delta must be a timedelta or a number of seconds, got str '5'": lambda clock: clock.tick("5"),
    "delta must be a timedelta or a number of seconds, got bool True": lambda clock: clock.tick(True),
    "delta must be a timedelta or a number of seconds, got nan": lambda clock: clock.tick(float("nan")),
    "delta must be a timedelta or a number of seconds, got inf": lambda clock: clock.tick(float("inf")),
    "minutes must be a number, got str '5'": lambda clock: clock.tick(minutes="5"),
    "hours must be a number, got 1e+300": lambda clock: clock.tick(hours=1e300),
    f"delta {IN_REACH} {timedelta.max!r}": lambda clock: clock.tick(timedelta.max),
    f"delta {IN_REACH} {timedelta.min!r}": lambda clock: clock.tick(timedelta.min),
    f"days {IN_REACH} 3000000.0": lambda clock: clock.tick(days=3e6),
    f"tick {IN_REACH} {{'days': 2000000.0, 'weeks': 200000.0}}": lambda clock: clock.tick(days=2e6, weeks=2e5),
    f"delay {IN_REACH} {timedelta.max!r}": lambda clock: clock.call_later(timedelta.max, print),
    f"when {IN_REACH} '9999-12-31T23:59Z'": lambda clock: clock.call_at("9999-12-31T23:59Z", print),
    f"when {IN_REACH} '0999-12-31T23:59Z'": lambda clock: clock.move_to("0999-12-31T23:59Z"),
    f"when {A_TIME}, got 'later'": lambda clock: clock.move_to("later"),
}


def test_wrong_move(rds_export_clock):
    """A wrong move is refused and moves nothing."""
    for text, move in WRONG_MOVES.items():
        with raises_exactly(ValueError, text):
            move(rds_export_clock)
        assert passed(rds_export_clock) == 0


@pytest.mark.parametrize("year", [1000, 9000])
def test_the_first_and_the_last_time(year, rds_export_tasks, rds_export_clock, rds_export_client):
    """A tick may reach the first and the last time that the clock can show, and everything works there."""
    edge = datetime(year, 1, 1, tzinfo=timezone.utc)
    assert rds_export_clock.tick(edge - START) == edge
    task = rds_export_tasks.seed("nightly", timeline=Timeline(100 * YEAR, 100 * YEAR, 100 * YEAR))
    rds_export_tasks.seed("done").move_to("COMPLETE")

    assert described(rds_export_client)["Status"] == task.status == "IN_PROGRESS"
    assert len(rds_export_client.describe_events()["Events"]) == 1
    assert cancel(rds_export_client)["Status"] == "CANCELING"


@pytest.mark.rds_export_clock(limit=timedelta.max)
def test_a_sleep_to_the_last_time(rds_export_clock):
    """Without a limit, a sleep ends at the last time that the clock can show."""
    time.sleep(1e12)

    assert rds_export_clock.now == datetime(9000, 1, 1, tzinfo=timezone.utc)


def test_repr(rds_export_clock):
    """The repr has the time and how much was slept."""
    rds_export_clock.tick(hours=1)
    time.sleep(90)
    assert repr(rds_export_clock) == "<ExportClock at 2026-01-01T01:01:30+00:00, 0:01:30 slept>"


def test_decorator():
    """As a decorator, frozen_clock freezes time for each call of a function or a coroutine function."""
    frozen = frozen_clock("2026-03-01T02:00Z", limit=600)

    @frozen
    def sleep(seconds):
        time.sleep(seconds)
        return datetime.now(timezone.utc)

    @frozen
    async def wait(seconds):
        await asyncio.sleep(seconds)
        return datetime.now(timezone.utc)

    begin = datetime(2026, 3, 1, 2, tzinfo=timezone.utc)
    assert [sleep(60), sleep(60)] == [begin + MINUTE] * 2
    assert asyncio.run(wait(60)) == begin + MINUTE
    assert repr(frozen) == "<frozen_clock at 2026-03-01T02:00:00+00:00, limit 0:10:00>"
    assert datetime.now(timezone.utc) != begin + MINUTE


@pytest.mark.parametrize("decorated", [ExportClock, (number for number in ()), 5])
def test_what_it_cannot_decorate(decorated):
    """Anything else is refused."""
    with pytest.raises(TypeError, match="frozen_clock can decorate functions and coroutine functions, got"):
        frozen_clock()(decorated)


@pytest.mark.rds_export_clock(begin="2026-03-01T02:00Z")
def test_unknown_argument(request):
    """A marker with an argument that it does not have is refused."""
    text = (
        "marker rds_export_clock(start, limit): unknown argument 'begin' of frozen_clock. Use one of 'start' or 'limit'"
    )
    with raises_exactly(pytest.fail.Exception, text):
        request.getfixturevalue("rds_export_clock")


def test_sleeps(rds_export_clock, rds_export_tasks):
    """The clock has each sleep of the code under test, without botocore's delays and without its own moves."""
    rds_export_tasks.inject("Throttling", calls=1)
    for delay in (10, 20.5):
        time.sleep(delay)
        with suppress(ClientError):
            cancel(shared_client())
    rds_export_clock.tick(60)

    assert rds_export_clock.sleeps == [timedelta(seconds=10), timedelta(seconds=20.5)]
