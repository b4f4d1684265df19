"""``ExportClock``: time frozen by freezegun."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from numbers import Real
from typing import Any, TypeVar

from .._decorators import within
from .._entering import entered
from .._keywords import suggesting_keywords
from .._messages import must_be, must_be_type, unknown_name
from .._times import to_datetime
from .freezing import freeze
from .frozen_time import EARLIEST, LATEST, FrozenTime, ScheduledCall, followers
from .reading import frozen_by, now
from .undo import Undo, undo_covered

__tracebackhide__ = True

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
LIMIT = timedelta(hours=24)

_FunctionT = TypeVar("_FunctionT", bound=Callable[..., Any])

_PARTS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")


@suggesting_keywords
class ExportClock:
    """A clock that stands still until it is moved, frozen by freezegun. The fixture ``rds_export_clock`` returns one.

    ``time.sleep``, ``asyncio.sleep`` and the back-off of botocore's retries move it instead of waiting. If the sleeps
    together exceed the limit, the next one raises ``SleepLimitExceeded``, so that endless polling does not hang the
    test run.
    """

    __module__ = "pytest_rds_export.types"

    def __init__(self, _time: FrozenTime, /) -> None:
        self._time = _time

    @property
    def now(self) -> datetime:
        """The frozen time, an aware ``datetime`` in UTC."""
        return self._time.now()

    @property
    def sleeps(self) -> list[timedelta]:
        """How long the code under test slept, each time; botocore's delays between retries are not among them."""
        return self._time.sleeps.copy()

    def tick(self, delta: timedelta | float | None = None, /, **parts: float) -> datetime:
        """Move the clock.

        Args:
            delta: How far, as a ``timedelta`` or in seconds. If it is negative, the clock moves back.
            parts: Instead of *delta*, keyword arguments of ``timedelta``, such as ``minutes=5``.

        Returns:
            The new time.

        Raises:
            TypeError: An unknown keyword argument; neither or both of *delta* and *parts*.
            ValueError: *delta* is neither a ``timedelta`` nor a number, a part is not a number, or the clock would
                leave the years 1000 to 8999.
        """
        for name in parts:
            if name not in _PARTS:
                raise TypeError(unknown_name("part of a timedelta", name, _PARTS))
        if (delta is None) != bool(parts):
            raise TypeError("tick takes either a timedelta, or seconds, or keyword arguments such as minutes=5")
        given = parts if delta is None else {"delta": delta}
        lengths = [self._check_reach(name, value, _to_timedelta(name, value)) for name, value in given.items()]
        self._time.move(self._check_reach("tick", parts, sum(lengths, timedelta(0))))
        return self.now

    def move_to(self, when: datetime | str) -> datetime:
        """Set the clock, forward or back.

        Args:
            when: An aware ``datetime``, or an ISO 8601 string with an offset.

        Returns:
            The new time.

        Raises:
            TypeError: An unknown keyword argument.
            ValueError: *when* is not such a value, or not in the years 1000 to 8999.
        """
        self._time.move(_to_time("when", when) - self.now)
        return self.now

    def call_later(self, delay: timedelta | float, callback: Callable[..., object], *args: object) -> ScheduledCall:
        """Run a callback when the clock has moved by *delay*, as ``call_at`` does.

        Args:
            delay: A ``timedelta`` or a number of seconds, not negative.
            callback: A function. It runs in the thread that moves the clock.
            args: The arguments of the callback, without keywords.

        Returns:
            A handle; its ``cancel()`` cancels the call.

        Raises:
            TypeError: An unknown keyword argument.
            RuntimeError: A callback schedules calls without a delay again and again.
            ValueError: *delay* or *callback* is not such a value, or the time is not in the years 1000 to 8999.
        """
        length = self._check_reach("delay", delay, _to_timedelta("delay", delay))
        if length < timedelta(0):
            raise ValueError(f"delay must not be negative, got {delay!r}")
        return self._time.schedule(self.now + length, callback, args)

    def call_at(self, when: datetime | str, callback: Callable[..., object], *args: object) -> ScheduledCall:
        """Run a callback when a sleep, a back-off, ``tick`` or ``move_to`` reaches or passes *when*.

        Meanwhile the clock stands at *when*. Callbacks run in the order of their times, those of one time in the order
        of these calls. A callback may schedule further ones, and may sleep or move the clock: the move that it
        interrupts then continues to its own end, unless the clock is later already. An exception is raised to the code
        that moved the clock, which stays where the callback ran.

        Args:
            when: An aware ``datetime``, or an ISO 8601 string with an offset. If it is past, the next move runs it.
            callback: A function. It runs in the thread that moves the clock.
            args: The arguments of the callback, without keywords.

        Returns:
            A handle; its ``cancel()`` cancels the call.

        Raises:
            TypeError: An unknown keyword argument.
            RuntimeError: A callback schedules calls for the time that it is, again and again.
            ValueError: *when* or *callback* is not such a value, or the time is not in the years 1000 to 8999.
        """
        return self._time.schedule(_to_time("when", when), callback, args)

    def _check_reach(self, name: str, value: object, length: timedelta) -> timedelta:
        """Return *length* if the clock can move by it. Raises ``ValueError`` otherwise."""
        if not EARLIEST - self.now <= length <= LATEST - self.now:
            raise ValueError(_out_of_reach(name, value))
        return length

    def __repr__(self) -> str:
        return f"<ExportClock at {self.now.isoformat()}, {self._time.slept} slept>"


def _to_timedelta(name: str, value: object) -> timedelta:
    """Return a length of time: of a part of a ``timedelta`` if *name* is one, otherwise in seconds."""
    unit, allowed = (name, "a number") if name in _PARTS else ("seconds", "a timedelta or a number of seconds")
    if isinstance(value, timedelta) and name not in _PARTS:
        return value
    if not isinstance(value, Real) or isinstance(value, bool):
        raise ValueError(must_be_type(name, allowed, value))
    try:
        return timedelta(**{unit: float(value)})
    except (OverflowError, ValueError):
        raise ValueError(must_be(name, allowed, value)) from None


def _to_time(name: str, value: object) -> datetime:
    """Return a point in time at which the clock can stand."""
    time = to_datetime(name, value)
    if not EARLIEST <= time <= LATEST:
        raise ValueError(_out_of_reach(name, value))
    return time


def _out_of_reach(name: str, value: object) -> str:
    return f"{name} must keep the clock in the years 1000 to 8999, got {value!r}"


@suggesting_keywords
class frozen_clock:  # noqa: N801
    """Freeze time while a block runs, as the fixture ``rds_export_clock`` does for a test.

        with frozen_clock("2026-03-01T02:00Z") as clock:
            time.sleep(60)

    Everything is as before when the block ends. As a decorator it freezes time for each call of a function or coroutine
    function.

    Args:
        start: An aware ``datetime``, or an ISO 8601 string with an offset. By default the beginning of 2026.
        limit: How much frozen time the sleeps of the block may take, as a ``timedelta`` or in seconds.

    Returns:
        As a context manager, the ``ExportClock``.

    Raises:
        TypeError: An unknown keyword argument.
        ValueError: *start* or *limit* is not such a value.
        RuntimeError: When the block is entered: time is frozen already.
    """

    __module__ = "pytest_rds_export"

    def __init__(self, start: datetime | str = START, limit: timedelta | float = LIMIT) -> None:
        self._limit = _to_timedelta("limit", limit)
        if self._limit <= timedelta(0):
            raise ValueError(must_be("limit", "a positive timedelta or number of seconds", limit))
        self._start = _to_time("start", start)

    def __enter__(self) -> ExportClock:
        self._use = _freeze(self._start, self._limit)
        return self._use.__enter__()

    def __exit__(self, *exc_info: object) -> None:
        self._use.__exit__(None, None, None)

    def __call__(self, func: _FunctionT) -> _FunctionT:
        """Return the function with the clock around each call."""
        return within(  # type: ignore[return-value]
            lambda: frozen_clock(self._start, self._limit),
            func,
            "frozen_clock can decorate functions and coroutine functions",
        )

    def __repr__(self) -> str:
        return f"<frozen_clock at {self._start.isoformat()}, limit {self._limit}>"


def _freeze(start: datetime, limit: timedelta) -> AbstractContextManager[ExportClock]:
    library = frozen_by()
    if library is not None:
        raise RuntimeError(
            f"cannot freeze time, because {library} has frozen it already: use only one of the two. Exports also "
            f"use the time of {library}; the start of rds_export_clock is set with "
            "@pytest.mark.rds_export_clock(start)."
        )
    undo_covered()
    time, undo, before = FrozenTime(start, limit), Undo(), now()
    frozen: datetime | None = None
    # That time was frozen or unfrozen is no passage of time for those who follow the clock. These must still be told.
    untold = followers.copy()

    def begin() -> ExportClock:
        freeze(time, undo)
        while untold:
            untold.pop().jumped(now() - before)
        return ExportClock(time)

    def end() -> None:
        nonlocal frozen, untold
        if frozen is None:
            untold = [follower for follower in followers if follower not in untold]
            frozen = now()
        undo.run()
        while untold:
            untold.pop().jumped(now() - frozen)

    return entered(begin, end)
