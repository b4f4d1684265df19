"""``ExportClock``: time frozen by freezegun."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from numbers import Real

from . import _sleeping
from ._frozen_time import EARLIEST, LATEST, FrozenTime, ScheduledCall, followers
from ._messages import must_be, must_be_type, unknown_name
from ._times import milliseconds, to_datetime

__tracebackhide__ = True

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
LIMIT = timedelta(hours=24)

# Durations of pytest's own, and timeouts of waits for threads and processes. freezegun itself leaves threading, queue
# and multiprocessing alone.
_REAL_TIME = ("_pytest.timing", "concurrent.futures", "subprocess")
_PARTS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")


def now() -> datetime:
    """Return the time in UTC that the test sees, truncated to milliseconds."""
    # Read from the module, where freezegun replaces it.
    return milliseconds(dt.datetime.now(timezone.utc))


def is_frozen() -> bool:
    """Return whether a library has frozen the clock."""
    return _frozen_by() is not None


def _frozen_by() -> str | None:
    freezegun = sys.modules.get("freezegun.api")
    if freezegun is not None and freezegun.freeze_factories:
        return "freezegun"
    # A user's own module may have that name.
    escape_hatch = getattr(sys.modules.get("time_machine"), "escape_hatch", None)
    if escape_hatch is not None and escape_hatch.is_travelling():
        return "time-machine"
    return None


def pause(seconds: float) -> None:
    """Move the frozen clock by the back-off before a retry; without one, return at once."""
    clock = _sleeping.active_clock()
    if clock is not None and clock.applies_here():
        clock.sleep(seconds)


def save() -> Callable[[], None]:
    """Return a function that sets the clock that sleeps move, if there is one, back to what it is now."""
    clock = _sleeping.active_clock()
    return _do_nothing if clock is None else clock.save()


def _do_nothing() -> None:
    pass


class ExportClock:
    """A clock that stands still until it is moved, frozen by freezegun. The fixture ``rds_export_clock`` returns one.

    ``time.sleep``, ``asyncio.sleep`` and the back-off of botocore's retries move it instead of waiting. If the sleeps
    together exceed the limit, the next one raises ``SleepLimitExceeded``, so that endless polling does not hang the
    test run.
    """

    __module__ = "pytest_rds_export"

    def __init__(self, _time: FrozenTime, /) -> None:
        self._time = _time

    @property
    def now(self) -> datetime:
        """The frozen time, an aware ``datetime`` in UTC."""
        return self._time.now()

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
            ValueError: *when* is not such a value, or not in the years 1000 to 8999.
        """
        self._time.move(_to_time("when", when) - self.now)
        return self.now

    def call_later(self, delay: timedelta | float, callback: Callable[..., object], *args: object) -> ScheduledCall:
        """Run a callback when the clock has moved by *delay*, as ``call_at`` does.

        Args:
            delay: A ``timedelta`` or a number of seconds, not negative.
            callback: A function. It runs in the thread that moves the clock.
            args: The arguments of the callback.

        Returns:
            A handle; its ``cancel()`` cancels the call.

        Raises:
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
            args: The arguments of the callback.

        Returns:
            A handle; its ``cancel()`` cancels the call.

        Raises:
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


@contextmanager
def frozen_clock(start: datetime | str = START, limit: timedelta = LIMIT) -> Iterator[ExportClock]:
    """Freeze time at *start*, and let sleeps move it; restore time and sleeps at the exit.

    Raises:
        ValueError: A value that is not allowed.
        RuntimeError: Time is frozen already.
    """
    if not isinstance(limit, timedelta) or limit <= timedelta(0):
        raise ValueError(must_be("limit", "a positive timedelta", limit))
    start = _to_time("start", start)
    library = "another rds_export_clock" if _sleeping.active_clock() is not None else _frozen_by()
    if library is not None:
        raise RuntimeError(
            f"cannot freeze time, because {library} has frozen it already: use only one of the two. Exports also "
            f"use the time of {library}; the start of rds_export_clock is set with "
            "@pytest.mark.rds_export_clock(start)."
        )
    from freezegun import freeze_time

    freezer = freeze_time(start, ignore=list(_REAL_TIME), real_asyncio=True)
    before = now()
    time = FrozenTime(freezer.start(), limit)
    try:
        for follower in followers:
            follower.begin()
            follower.jumped(now() - before)
        with _sleeping.moving_sleeps(time):
            yield ExportClock(time)
    finally:
        before = now()
        freezer.stop()
        for follower in followers:
            follower.jumped(now() - before)
