"""asyncio's event loops on the frozen clock: when nothing else can run, it moves to the next deadline of the loop."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from .frozen_time import FrozenTime, active_clock
from .quiet import STEP, Quiet
from .sleeping import is_moving
from .undo import Undo

__tracebackhide__ = True

# A task that never stops running, such as ``while not done: await asyncio.sleep(0)``, may wait for one that sleeps.
_MOST_ROUNDS = 1000

# The clock has whole microseconds; a deadline must not be waited for because of what is rounded away.
_RESOLUTION = 1e-6

# So many real seconds after the last task of another loop has begun to sleep, the clock moves. Nothing says whether
# such a loop is busy.
_PAUSE = 0.02

REAL_SLEEP: Callable[..., Any] = asyncio.tasks.sleep

_order = itertools.count()


def replace(clock: FrozenTime, undo: Undo) -> None:
    """Have every loop of asyncio follow the clock: one that exists, also while it runs, and one that is made later."""
    replacements: dict[str, Callable[[Any], Any]] = {
        "_run_once": _running_once,  # asyncio has no other place where a loop waits, of all loops that exist
        "call_at": _calling_at,
        "run_in_executor": _running_in_executor,
        "subprocess_exec": _starting_a_child,
        "subprocess_shell": _starting_a_child,
    }
    undo.call(_sleepers.clear)
    undo.call(partial(_leave, clock))
    for loop_class in _with_subclasses(asyncio.BaseEventLoop):
        for name in replacements.keys() & vars(loop_class).keys():
            undo.set(loop_class, name, replacements[name](vars(loop_class)[name]))


def _leave(clock: FrozenTime) -> None:
    """Have the timers that are left keep the time that is left: the real clock is behind the frozen one."""
    from freezegun import api

    while _selectors:
        loop, _ = _selectors.popitem()
        for handle in loop._scheduled:  # noqa: SLF001 - asyncio has no other list of them
            handle._when -= clock.monotonic() - api.real_monotonic()  # noqa: SLF001


def _running_once(run_once: Callable[[Any], None]) -> Callable[[Any], None]:
    def _run_once(loop: Any) -> None:
        ours = _selector_of(loop)
        if ours is None:
            run_once(loop)
            return
        selector, resolution = loop._selector, loop._clock_resolution  # noqa: SLF001 - used by run_once alone
        ours.real = ours.real or selector
        try:
            loop._selector, loop._clock_resolution = ours, _RESOLUTION  # noqa: SLF001
            run_once(loop)
        finally:
            loop._selector, loop._clock_resolution = selector, resolution  # noqa: SLF001

    return _run_once


def _calling_at(call_at: Callable[..., Any]) -> Callable[..., Any]:
    def _call_at(loop: Any, when: float, *arguments: Any, **options: Any) -> Any:
        _selector_of(loop)  # a timer may be left when the clock ends, also of a loop that does not run before
        ordered = _When(when)
        ordered.order = next(_order)
        return call_at(loop, ordered, *arguments, **options)

    return _call_at


def _running_in_executor(run_in_executor: Callable[..., Any]) -> Callable[..., Any]:
    def _run_in_executor(loop: Any, *arguments: Any) -> Any:
        future = run_in_executor(loop, *arguments)
        _expect(loop, future, future.done)
        return future

    return _run_in_executor


def _starting_a_child(start: Callable[..., Any]) -> Callable[..., Any]:
    async def _start(loop: Any, *arguments: Any, **options: Any) -> Any:
        transport, protocol = await start(loop, *arguments, **options)
        _expect(loop, transport, lambda: transport.get_returncode() is not None)
        return transport, protocol

    return _start


def _expect(loop: Any, work: object, is_done: Callable[[], bool]) -> None:
    selector = _selector_of(loop)
    if selector is not None:
        selector.quiet.expect(work, is_done)


def _selector_of(loop: Any) -> _Selector | None:
    """Return the selector with which a loop follows the clock; None if it does not."""
    clock = active_clock()
    if clock is None or not _follows(loop, clock):
        return None
    if loop not in _selectors:
        _selectors[loop] = _Selector(loop, clock)
    return _selectors[loop]


def _with_subclasses(loop_class: type[Any]) -> Iterator[type[Any]]:
    yield loop_class
    for subclass in loop_class.__subclasses__():
        yield from _with_subclasses(subclass)


def _follows(loop: object, clock: FrozenTime) -> bool:
    """Return whether the timers of a loop are on the clock: of asyncio's own loops, but not of uvloop's."""
    if not clock.applies_here() or not isinstance(loop, asyncio.BaseEventLoop):
        return False
    # A loop with a time of its own, as looptime has it, decides itself how its time goes on.
    # Another thread may move the clock meanwhile.
    before, time, after = clock.monotonic(), loop.time(), clock.monotonic()
    return min(before, after) <= time <= max(before, after)


class _When(float):
    """The time of a timer. In real time no two are the same; those of one frozen time run as they were scheduled."""

    order = -1

    def __lt__(self, other: Any) -> bool:
        return (float(self), self.order) < (float(other), getattr(other, "order", -1))


class _Selector:
    """The selector of a loop, which moves the clock instead of waiting for a deadline."""

    def __init__(self, loop: Any, clock: FrozenTime) -> None:
        self.real: Any = None  # the loop's own, as soon as it runs: one that waits in another way has none
        self.quiet = Quiet(clock.newer_threads)
        self._loop = loop
        self._clock = clock
        self._rounds = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def select(self, timeout: float | None = None) -> Any:
        """Return what is ready to be read and written; if nothing is, move to the next deadline and return nothing."""
        events = self.real.select(0)
        timers = self._loop._scheduled  # noqa: SLF001
        self._rounds = self._rounds + 1 if timeout == 0 and not self._loop._stopping else 0  # noqa: SLF001
        if events or (timeout == 0 and self._rounds < _MOST_ROUNDS):
            return events
        if not timers or timers[0].when() == math.inf:
            return self.real.select(timeout)
        self._rounds = 0
        handle, waited = timers[0], 0.0
        while True:
            while not self.quiet.has_come(waited, is_open=len(self.real.get_map()) > 1):
                events = self.real.select(STEP)
                # Another thread may move the clock or end it meanwhile.
                if events or self._is_due(handle):
                    return events
                waited += STEP
            # A thread may have called back, and ended, just before it was looked for.
            events = self.real.select(0) or self._move_to(handle)
            if events or self._has_woken(handle):
                return events
            waited = self.quiet.waited_before_stop()

    def _is_due(self, handle: Any) -> bool:
        return active_clock() is not self._clock or handle.when() <= self._loop.time() + _RESOLUTION

    def _has_woken(self, handle: Any) -> bool:
        """Return whether the loop has something to do after a move towards the time of a timer."""
        if self._is_due(handle) or handle.cancelled() or self._loop._scheduled[:1] != [handle]:  # noqa: SLF001
            return True
        return bool(self._loop._ready or self._loop._stopping)  # noqa: SLF001

    def _move_to(self, handle: Any) -> list[Any]:
        """Move towards the time of a timer, and return that nothing is ready to be read or written."""
        waiting = next((each for each in handle._args or () if asyncio.isfuture(each)), None)  # noqa: SLF001
        try:
            seconds, by_code = max(handle.when() - self._loop.time(), 0), handle._callback is not _end_pause  # noqa: SLF001
            self._clock.sleep(seconds, by_code=by_code, towards=handle)
        except BaseException as error:
            # The task that waits for this timer reaches the limit, and meets what a scheduled call raises.
            # What ends the process, and what no future takes, is raised here.
            if waiting is None or isinstance(error, (KeyboardInterrupt, SystemExit, StopIteration)):
                raise
            waiting.set_exception(error)
        return []


async def pause(seconds: float, *, is_async: bool) -> None:
    """Move the frozen clock by a back-off before a retry, or by how late a response is; without a clock, return.

    While an asynchronous client waits, other tasks of its loop run, and deadlines fire at their times.
    """
    clock = active_clock()
    if clock is None or not clock.applies_here():
        return
    if not is_async:
        clock.sleep(seconds, by_code=False)
        return
    loop = asyncio.get_running_loop()
    if not _follows(loop, clock):
        await _sleep_in_turn(loop, clock, seconds, by_code=False)
        return
    end: asyncio.Future[None] = loop.create_future()
    timer = loop.call_later(seconds, _end_pause, end)
    try:
        await end
    finally:
        timer.cancel()


def _end_pause(end: asyncio.Future[None]) -> None:
    with suppress(asyncio.InvalidStateError):  # the task was cancelled just before
        end.set_result(None)


async def sleep(delay: float, result: Any = None) -> Any:
    """Replace ``asyncio.sleep``: wait for the clock also in a loop whose timers are always real, such as uvloop's."""
    clock = active_clock()
    if clock is not None and not clock.applies_here():
        return await clock.found_asyncio_sleep(delay, result)
    loop = asyncio.get_running_loop()
    if clock is None or _follows(loop, clock) or not is_moving(delay):
        return await REAL_SLEEP(delay, result)
    await _sleep_in_turn(loop, clock, delay, by_code=True)
    return result


async def _sleep_in_turn(loop: Any, clock: FrozenTime, delay: float, *, by_code: bool) -> None:
    """Sleep until no other task of the loop has an earlier deadline, and none has begun to sleep or woken of late."""
    sleepers = _sleepers.setdefault(loop, _Sleepers())
    turn = (clock.monotonic() + float(delay), next(_order))
    heapq.heappush(sleepers.turns, turn)
    sleepers.changed = loop.time()
    try:
        while True:
            while (rest := sleepers.changed + _PAUSE - loop.time()) > 0 or turn != sleepers.turns[0]:
                await REAL_SLEEP(max(rest, STEP))
            if active_clock() is not clock:
                return
            clock.sleep(max(turn[0] - clock.monotonic(), 0), by_code=by_code, towards=turn)
            if turn[0] - clock.monotonic() <= _RESOLUTION:
                return
            sleepers.changed = loop.time()  # what has become ready on the way runs first
    finally:
        sleepers.turns.remove(turn)
        heapq.heapify(sleepers.turns)
        sleepers.changed = loop.time()


class _Sleepers:
    """The sleeping tasks of one loop whose timers are real."""

    def __init__(self) -> None:
        self.turns: list[tuple[float, int]] = []
        self.changed = 0.0


# By the loop what belongs to it, until the present clock ends: of those that follow it, and of the others.
_selectors: dict[Any, _Selector] = {}
_sleepers: dict[Any, _Sleepers] = {}
