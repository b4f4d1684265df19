"""``FrozenTime``: how the frozen clock moves, what is scheduled on it, and how long was slept on it."""

from __future__ import annotations

import asyncio
import heapq
import inspect
import itertools
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Protocol

from .._messages import pluralize
from .quiet import at_work

__tracebackhide__ = True

# Between these, no time that a timeline or an operation derives from the clock overflows or has a year of fewer digits.
EARLIEST = datetime(1000, 1, 1, tzinfo=timezone.utc)
LATEST = datetime(9000, 1, 1, tzinfo=timezone.utc)

_MICROSECOND = timedelta(microseconds=1)
_MOST_CALLS_WITHOUT_DELAY = 1000

# What these wait for takes real time: threads, processes, sockets. pytest and hypothesis measure how long a test takes.
_IN_REAL_TIME = (
    "_pytest",
    "concurrent.futures._base",
    "execnet",
    "hypothesis",
    "multiprocessing",
    "pytest_timeout",
    "queue",
    "socketserver",
    "subprocess",
    "threading",
    "trio._core._mock_clock",
    "trio._core._run",
    "xdist",
)


class SleepLimitExceeded(BaseException):
    """The code under test slept longer than the limit. ``except Exception`` in a polling loop does not catch it."""

    __module__ = "pytest_rds_export.exceptions"


class ScheduledCall:
    """A callback that ``call_later`` or ``call_at`` scheduled, with the methods of asyncio's ``TimerHandle``."""

    __module__ = "pytest_rds_export.types"

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


class Follower(Protocol):
    """What follows the frozen clock: an account that responds to clients."""

    def jumped(self, length: timedelta) -> None:
        """Keep what time has passed: the clock was frozen or unfrozen, and reads *length* more than just before."""

    def moved(self) -> None:
        """Do what is due at the new time."""

    def next_stop(self, now: datetime) -> datetime | None:
        """Return the first time after *now* at which a moving clock has to stop on its way; None if there is none."""

    def slept(self, length: timedelta, *, goes_on: bool) -> None:
        """Take notice that the code under test sleeps now, or that its last sleep *goes on*: a stop did not wake it."""

    def unfinished(self) -> Iterable[str]:
        """Return a sentence for each thing that is not finished."""


followers: list[Follower] = []


class FrozenTime:
    """The frozen time itself: it moves, runs scheduled calls on its way, and counts the sleeps."""

    def __init__(self, start: datetime, limit: timedelta) -> None:
        from freezegun import api, config

        self._start = start.replace(tzinfo=None)
        self.factory = api.FrozenDateTimeFactory(self._start)
        # Continues from where it is, so that deadlines that were set before the clock stay in order.
        # In 64ths of a second, which a float has exactly: a deadline in whole seconds is reached, not nearly reached.
        self._monotonic_start = -(-api.real_monotonic_ns() // 15_625_000) * 15_625_000
        self._limit = limit
        self._lock = threading.RLock()
        # A thread of a pool that waits for work will do work that is newer than the clock.
        self._older_threads = at_work(set(threading.enumerate()) - {threading.current_thread()})
        ignored = (name.rstrip(".") for name in config.settings.default_ignore_list)
        self._in_real_time = tuple(f"{name}." for name in (*_IN_REAL_TIME, *ignored))
        # What time.sleep and asyncio.sleep were before the clock: a test, or gevent, may have replaced them.
        self.found_sleep: Callable[..., Any] = time.sleep
        self.found_asyncio_sleep: Callable[..., Any] = asyncio.sleep
        self._scheduled: list[tuple[datetime, int, ScheduledCall, partial[object]]] = []
        self._order = itertools.count()
        self._calls_without_delay = 0
        self._running = 0
        self.sleeps: list[timedelta] = []
        self._towards: object = None  # of the last of these
        self.slept = timedelta(0)

    def now(self) -> datetime:
        found: datetime = self.factory().replace(tzinfo=timezone.utc)
        return found

    def monotonic_ns(self) -> int:
        """Return the time of ``time.monotonic_ns``, in whole microseconds, as the innermost ``freeze_time`` has it."""
        from freezegun import api

        return self._monotonic_start + (api.get_current_time() - self._start) // _MICROSECOND * 1000

    def monotonic(self) -> float:
        return self.monotonic_ns() / 1_000_000_000

    def applies_here(self) -> bool:
        """Return whether a sleep of this thread moves the clock: not if it was at work before the clock."""
        return threading.current_thread() not in self._older_threads

    def applies_in(self, module_name: str) -> bool:
        """Return whether the time that a module reads, and the sleeps that it calls, are the clock's."""
        return not f"{module_name}.".startswith(self._in_real_time)

    def newer_threads(self) -> set[threading.Thread]:
        """Return the other threads to which the clock applies."""
        return set(threading.enumerate()) - self._older_threads - {threading.current_thread()}

    def sleep(self, seconds: float, *, by_code: bool = True, towards: object = None) -> None:
        """Move by the length of a sleep: of the code under test, or of botocore before a retry.

        An event loop moves *towards* a deadline: only to the next stop, if one is earlier, so that tasks that it wakes
        run at that time. Moves towards the same deadline are one sleep, if no other sleep is between them.
        """
        length = timedelta(seconds=min(float(seconds), (LATEST - self.now()).total_seconds()))
        if towards is not None:
            stops = self._stops_of_followers()
            with self._lock:
                length = max(self._next_stop(self.now() + length, stops) - self.now(), timedelta(0))
        if length > self._limit - self.slept:
            unfinished = "".join(f"{sentence}. " for follower in followers for sentence in follower.unfinished())
            raise SleepLimitExceeded(
                f"the code under test slept {pluralize(len(self.sleeps), 'time')}, and the next sleep would exceed the "
                f"limit of {self._limit} of frozen time. {unfinished}Make the code stop waiting earlier, make the "
                "export end, or set another limit with @pytest.mark.rds_export_clock(limit=timedelta(...))."
            )
        if by_code and length > timedelta(0):
            self._note_sleep(length, towards)
        with self._lock:
            self.slept += length
        self._move_on(length)

    def _note_sleep(self, length: timedelta, towards: object) -> None:
        with self._lock:
            goes_on = towards is not None and towards is self._towards
            if goes_on:
                self.sleeps[-1] += length
            else:
                self.sleeps.append(length)
            self._towards = towards
        for follower in followers.copy():
            follower.slept(length, goes_on=goes_on)

    def move(self, length: timedelta) -> None:
        """Move by *length* and run the scheduled calls up to there; a move back runs none."""
        if self._has_ended():
            raise RuntimeError("cannot move rds_export_clock: it has ended, and time is no longer frozen by it")
        if length < timedelta(0):
            with self._lock:
                self._set(self.now() + length)
            return
        self._move_on(length)

    def _has_ended(self) -> bool:
        from freezegun import api

        return self.factory not in api.freeze_factories

    def _move_on(self, length: timedelta) -> None:
        """Move forward. If the clock ends meanwhile, the rest is over: a thread may sleep when its test ends."""
        target: datetime | None = None
        call: Callable[[], object] | None = _do_nothing
        while call is not None:
            # Without the lock: a callback may wait for another thread, which may sleep.
            with self._lock:
                self._running += 1
            try:
                call()
            finally:
                with self._lock:
                    self._running -= 1
            _tell_followers()  # what is due already, or caused by the call, happens before the move
            stops = self._stops_of_followers()
            with self._lock:
                target = target or self.now() + length
                call = self._move_to_next(target, stops)
            _tell_followers()

    def _move_to_next(self, target: datetime, stops: list[datetime]) -> Callable[[], object] | None:
        """Move to the next scheduled call or stop of a follower up to *target* and return what is to be called there.

        Move to *target* and return None if there is neither.
        """
        if self._has_ended():
            return None
        stop = self._next_stop(target, stops)
        self._set(max(self.now(), stop))
        if self._scheduled and self._scheduled[0][0] <= stop:
            return heapq.heappop(self._scheduled)[3]
        return None if stop == target else _do_nothing

    def _stops_of_followers(self) -> list[datetime]:
        """Return the next stop of each follower. A follower has a lock of its own: the clock's must not be held."""
        stops = [follower.next_stop(self.now()) for follower in followers.copy()]
        return [stop for stop in stops if stop is not None]

    def _next_stop(self, target: datetime, stops: list[datetime]) -> datetime:
        """Return the time of the next scheduled call, or of the stops of followers; *target*, if none is before."""
        while self._scheduled and self._scheduled[0][2].cancelled():
            heapq.heappop(self._scheduled)
        return min([target, *stops, *(when for when, *_ in self._scheduled[:1])])

    def _set(self, when: datetime) -> None:
        from freezegun import api

        if self.factory in (factories := api.freeze_factories.copy()) and factories[-1] is not self.factory:
            raise RuntimeError(
                "cannot move rds_export_clock while another freeze_time is active inside it: leave its block first, or "
                "use only one of the two"
            )
        if when != self.now():
            self.factory.tick(when - self.now())
            self._calls_without_delay = 0

    def save(self) -> Callable[[], None]:
        """Return a function that restores the time, what is scheduled, and how long was slept."""
        with self._lock:
            now, scheduled, sleeps, slept = self.now(), self._scheduled.copy(), self.sleeps.copy(), self.slept

        def restore() -> None:
            with self._lock:
                self._set(now)
                self._scheduled, self.sleeps, self.slept = scheduled.copy(), sleeps.copy(), slept
                self._towards = None

        return restore

    def schedule(self, when: datetime, callback: Callable[..., object], arguments: tuple[Any, ...]) -> ScheduledCall:
        if not callable(callback) or inspect.iscoroutinefunction(callback):
            message = f"callback must be a callable that is not a coroutine function, got {callback!r}"
            if not callable(callback):  # as from clock.call_later(60, task.move_to("FAILED"))
                message += (
                    ". Pass the function and then its arguments, without calling it: call_later(60, function, argument)"
                )
            raise ValueError(message)
        handle = ScheduledCall(when)
        with self._lock:
            if self._running and when <= self.now():
                self._calls_without_delay += 1
                if self._calls_without_delay > _MOST_CALLS_WITHOUT_DELAY:
                    raise RuntimeError(
                        f"scheduled calls have scheduled {_MOST_CALLS_WITHOUT_DELAY} others without a delay, the last "
                        f"one of {callback!r}, so that the clock cannot move on. Give call_later a delay of more than 0"
                    )
            heapq.heappush(self._scheduled, (when, next(self._order), handle, partial(callback, *arguments)))
        return handle

    def waiting(self) -> list[tuple[datetime, Callable[..., object]]]:
        """Return the scheduled calls that have not run yet: the time and the callback of each."""
        with self._lock:
            return [(when, call.func) for when, _, handle, call in sorted(self._scheduled) if not handle.cancelled()]


_active: FrozenTime | None = None


def active_clock() -> FrozenTime | None:
    """Return the clock that sleeps move now."""
    return _active


def set_active_clock(clock: FrozenTime | None) -> None:
    global _active
    _active = clock


def _do_nothing() -> None:
    """Do nothing: the followers do what is due where the clock has stopped."""


def _tell_followers() -> None:
    for follower in followers.copy():
        follower.moved()
