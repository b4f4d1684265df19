"""``FrozenTime``: how the frozen clock moves, what is scheduled on it, and how long was slept on it."""

from __future__ import annotations

import heapq
import inspect
import itertools
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from ._messages import pluralize

__tracebackhide__ = True

# Between these, no time that a timeline or an operation derives from the clock overflows or has a year of fewer digits.
EARLIEST = datetime(1000, 1, 1, tzinfo=timezone.utc)
LATEST = datetime(9000, 1, 1, tzinfo=timezone.utc)


class SleepLimitExceeded(BaseException):
    """The code under test slept longer than the limit. ``except Exception`` in a polling loop does not catch it."""

    __module__ = "pytest_rds_export"


class Follower(Protocol):
    """What follows the frozen clock: an account that responds to clients."""

    def begin(self) -> None:
        """Forget what happened before: a clock begins."""

    def jumped(self, length: timedelta) -> None:
        """Keep what time has passed: the clock was frozen or unfrozen, and reads *length* more than just before."""

    def moved(self) -> None:
        """Do what is due at the new time."""

    def next_stop(self, now: datetime) -> datetime | None:
        """Return the first time after *now* at which a moving clock has to stop on its way; None if there is none."""

    def describe(self) -> Iterable[str]:
        """Return a sentence for each thing that is not finished."""


followers: list[Follower] = []


class ScheduledCall:
    """A callback that ``call_later`` or ``call_at`` scheduled, with the methods of asyncio's ``TimerHandle``."""

    __module__ = "pytest_rds_export"

    def __init__(self, when: datetime) -> None:
        self._when = when
        self._cancelled = False

    def when(self) -> datetime:
        """Return the time at which the callback runs."""
        return self._when

    def cancel(self) -> None:
        """Do not run the callback. After it has run, this does nothing."""
        self._cancelled = True

    def cancelled(self) -> bool:
        """Return whether ``cancel`` was called."""
        return self._cancelled

    def __repr__(self) -> str:
        return f"<ScheduledCall at {self._when.isoformat()}{', cancelled' if self._cancelled else ''}>"


class FrozenTime:
    """The frozen time itself: it moves, runs scheduled calls on its way, and counts the sleeps."""

    def __init__(self, factory: Any, limit: timedelta) -> None:
        self._factory = factory
        self._limit = limit
        self._lock = threading.RLock()
        self._older_threads = set(threading.enumerate()) - {threading.current_thread()}
        self._scheduled: list[tuple[datetime, int, ScheduledCall, Callable[..., object], tuple[Any, ...]]] = []
        self._order = itertools.count()
        self._sleeps = 0
        self.slept = timedelta(0)

    def now(self) -> datetime:
        """Return the time in UTC."""
        found: datetime = self._factory().replace(tzinfo=timezone.utc)
        return found

    def add(self, seconds: float) -> datetime:
        """Return the time in so many seconds, or the latest possible time."""
        try:
            return min(self.now() + timedelta(seconds=float(seconds)), LATEST)
        except OverflowError:
            return LATEST

    def applies_here(self) -> bool:
        """Return whether a sleep of this thread moves the clock: not if the thread is older than the clock."""
        return threading.current_thread() not in self._older_threads

    def sleep(self, seconds: float) -> None:
        """Move by the length of a sleep."""
        self._sleep(self.add(seconds) - self.now())

    def sleep_until(self, deadline: datetime) -> None:
        """Move to the end of a sleep, unless the clock is there already."""
        self._sleep(max(deadline - self.now(), timedelta(0)))

    def _sleep(self, length: timedelta) -> None:
        if length > self._limit - self.slept:
            unfinished = "".join(f"{sentence}. " for follower in followers for sentence in follower.describe())
            raise SleepLimitExceeded(
                f"the code under test slept {pluralize(self._sleeps, 'time')}, and the next sleep would exceed the "
                f"limit of {self._limit} of frozen time. {unfinished}Make the code stop waiting earlier, make the "
                "export end, or set another limit with @pytest.mark.rds_export_clock(limit=timedelta(...))."
            )
        with self._lock:
            self.slept += length
            self._sleeps += 1
        self.move(length)

    def move(self, length: timedelta) -> None:
        """Move by *length* and run the scheduled calls up to there; a move back runs none."""
        with self._lock:
            target = self.now() + length
            if length < timedelta(0):
                self._set(target)
                return
            scheduled = self._move_to_next(target)
        _tell_followers()
        while scheduled is not None:
            # Without the lock: a callback may wait for another thread, which may sleep.
            callback, arguments = scheduled
            callback(*arguments)
            scheduled = self._move_to_next(target)
            _tell_followers()

    def _move_to_next(self, target: datetime) -> tuple[Callable[..., object], tuple[Any, ...]] | None:
        """Move to the next scheduled call or stop of a follower up to *target* and return what is to be called there.

        Move to *target* and return None if there is neither.
        """
        with self._lock:
            stop = self._next_stop(target)
            while self._scheduled and self._scheduled[0][0] <= stop:
                when, _, call, callback, arguments = self._scheduled[0]
                if not call.cancelled():
                    self._set(max(self.now(), when))
                    heapq.heappop(self._scheduled)
                    return callback, arguments
                heapq.heappop(self._scheduled)
            self._set(max(self.now(), stop))
        return None if stop == target else (_do_nothing, ())

    def _next_stop(self, target: datetime) -> datetime:
        stops = (follower.next_stop(self.now()) for follower in followers.copy())
        return min((stop for stop in stops if stop is not None and stop < target), default=target)

    def _set(self, when: datetime) -> None:
        from freezegun import api

        if not api.freeze_factories or api.freeze_factories[-1] is not self._factory:
            raise RuntimeError(
                "cannot move rds_export_clock while another freeze_time is active inside it: leave its block first, or "
                "use only one of the two"
            )
        self._factory.tick(when - self.now())

    def schedule(self, when: datetime, callback: Callable[..., object], arguments: tuple[Any, ...]) -> ScheduledCall:
        """Run *callback* when the clock passes *when*."""
        if not callable(callback) or inspect.iscoroutinefunction(callback):
            raise ValueError(f"callback must be a callable that is not a coroutine function, got {callback!r}")
        call = ScheduledCall(when)
        with self._lock:
            heapq.heappush(self._scheduled, (when, next(self._order), call, callback, arguments))
        return call


def _do_nothing() -> None:
    """Do nothing: the followers do what is due where the clock has stopped."""


def _tell_followers() -> None:
    for follower in followers.copy():
        follower.moved()
