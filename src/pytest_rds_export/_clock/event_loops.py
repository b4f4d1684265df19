"""asyncio's event loops on the frozen clock: when nothing else can run, it moves to the next deadline of the loop."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from .frozen_time import FrozenTime, active_clock
from .quiet import STEP, Quiet
from .undo import Undo

__tracebackhide__ = True

# A task that never stops running, such as ``while not done: await asyncio.sleep(0)``, may wait for one that sleeps.
_MOST_ROUNDS = 1000

# The clock has whole microseconds; a deadline must not be waited for because of what is rounded away.
_RESOLUTION = 1e-6


def follows(loop: object, clock: FrozenTime) -> bool:
    """Return whether the timers of a loop are on the clock: of asyncio's own loops, but not of uvloop's."""
    if not isinstance(loop, asyncio.BaseEventLoop) or not clock.applies_here():
        return False
    # A loop with a time of its own, as looptime has it, decides itself how its time goes on.
    # Another thread may move the clock meanwhile.
    before, time, after = clock.monotonic(), loop.time(), clock.monotonic()
    return min(before, after) <= time <= max(before, after)


class _When(float):
    """The time of a timer. In real time no two are the same; those of one frozen time run as they were scheduled."""

    __slots__ = ("_order",)
    _order: int

    def __new__(cls, when: float, order: int) -> _When:  # noqa: PYI034 - Self is not in Python 3.10
        self = super().__new__(cls, when)
        self._order = order
        return self

    def __lt__(self, other: object) -> bool:
        if isinstance(other, _When) and self == other:
            return self._order < other._order
        earlier: bool = super().__lt__(other)  # type: ignore[operator]
        return earlier


class _Pause(asyncio.Future[None]):
    """What a task waits for that is no sleep of the code under test."""


async def pause(seconds: float, *, is_async: bool) -> None:
    """Move the frozen clock by a back-off before a retry, or by how late a response is; without a clock, return.

    While an asynchronous client waits, other tasks of its loop run, and deadlines fire at their times.
    """
    clock = active_clock()
    if clock is None or not clock.applies_here():
        return
    loop = asyncio.get_running_loop() if is_async else None
    if loop is None or not follows(loop, clock):
        clock.back_off(seconds)
        return
    end = _Pause(loop=loop)
    timer = loop.call_later(seconds, _wake, end)
    try:
        await end
    finally:
        timer.cancel()


def _wake(end: _Pause) -> None:
    with suppress(asyncio.InvalidStateError):  # the task was cancelled just before
        end.set_result(None)


def fail(future: asyncio.Future[Any], error: BaseException) -> None:
    """Have what waits for a future raise an error. What ends the process, and what no future takes, is raised here."""
    if isinstance(error, (KeyboardInterrupt, SystemExit, StopIteration)):
        raise error
    future.set_exception(error)


def _with_subclasses(loop_class: type[Any]) -> Iterator[type[Any]]:
    yield loop_class
    subclasses: list[type[Any]] = loop_class.__subclasses__()
    for subclass in subclasses:
        yield from _with_subclasses(subclass)


class EventLoops:
    """The event loops that have run under one clock."""

    def __init__(self, clock: FrozenTime) -> None:
        self._clock = clock
        self._selectors: WeakKeyDictionary[Any, _Selector] = WeakKeyDictionary()

    def replace(self, undo: Undo) -> None:
        """Have every loop follow the clock: one that exists, also while it runs, and one that is made later."""
        replacements: dict[str, Callable[[Any], Any]] = {
            # asyncio has no other place where a loop waits, of all loops that exist.
            "_run_once": self._running_once,
            "call_at": self._calling_at,
            "run_in_executor": self._running_in_executor,
            "subprocess_exec": self._starting_a_child,
            "subprocess_shell": self._starting_a_child,
        }
        undo.call(self._leave)
        for loop_class in _with_subclasses(asyncio.BaseEventLoop):
            for name, replace in replacements.items():
                if name in vars(loop_class):
                    undo.set_attribute(loop_class, name, replace(vars(loop_class)[name]))

    def _running_once(self, run_once: Callable[[Any], None]) -> Callable[[Any], None]:
        def _run_once(loop: Any) -> None:
            if active_clock() is not self._clock or not follows(loop, self._clock):
                run_once(loop)
                return
            selector, resolution = loop._selector, loop._clock_resolution  # noqa: SLF001 - used by run_once alone
            try:
                loop._selector = self._selector_of(loop)  # noqa: SLF001
                loop._clock_resolution = _RESOLUTION  # noqa: SLF001
                run_once(loop)
            finally:
                loop._selector, loop._clock_resolution = selector, resolution  # noqa: SLF001

        return _run_once

    def _selector_of(self, loop: Any) -> _Selector:
        selector = self._selectors.get(loop)
        if selector is None:
            selector = self._selectors[loop] = _Selector(loop, self._clock)
        return selector

    def _running_in_executor(self, run_in_executor: Callable[..., Any]) -> Callable[..., Any]:
        def _run_in_executor(loop: Any, *arguments: Any) -> Any:
            future = run_in_executor(loop, *arguments)
            if follows(loop, self._clock):
                self._selector_of(loop).quiet.expect(future, future.done)
            return future

        return _run_in_executor

    def _calling_at(self, call_at: Callable[..., Any]) -> Callable[..., Any]:
        order = itertools.count()

        def _call_at(loop: Any, when: float, *arguments: Any, **options: Any) -> Any:
            return call_at(loop, _When(when, next(order)), *arguments, **options)

        return _call_at

    def _starting_a_child(self, start: Callable[..., Any]) -> Callable[..., Any]:
        async def _start(loop: Any, *arguments: Any, **options: Any) -> Any:
            transport, protocol = await start(loop, *arguments, **options)
            if follows(loop, self._clock):
                self._selector_of(loop).quiet.expect(transport, lambda: transport.get_returncode() is not None)
            return transport, protocol

        return _start

    def _leave(self) -> None:
        """Have the timers that are left keep the time that is left: the real clock is behind the frozen one."""
        while self._selectors:
            loop, _ = self._selectors.popitem()
            for handle in loop._scheduled:  # noqa: SLF001 - asyncio has no other list of them
                handle._when -= self._clock.ahead()  # noqa: SLF001


class _Selector:
    """The selector of a loop, which moves the clock instead of waiting for a deadline."""

    def __init__(self, loop: Any, clock: FrozenTime) -> None:
        self.quiet = Quiet(clock)
        self._loop = loop
        self._selector = loop._selector  # noqa: SLF001
        self._clock = clock
        self._rounds = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._selector, name)

    def select(self, timeout: float | None = None) -> Any:
        """Return what is ready to be read and written; if nothing is, move to the next deadline and return nothing."""
        events = self._selector.select(0)
        handle = self._next_timer()
        self._rounds = self._rounds + 1 if timeout == 0 and not self._loop._stopping else 0  # noqa: SLF001
        if events or (timeout == 0 and self._rounds < _MOST_ROUNDS):
            return events
        if handle is None:
            return self._selector.select(timeout)
        self._rounds = 0
        waited = 0.0
        while not self.quiet.has_come(waited, is_open=len(self._selector.get_map()) > 1):
            events = self._selector.select(STEP)
            # Another thread may move the clock or end it meanwhile.
            if events or self._is_due(handle):
                return events
            waited += STEP
        # A thread may have called back, and ended, just before it was looked for.
        return self._selector.select(0) or self._move_to(handle)

    def _next_timer(self) -> Any:
        timers = self._loop._scheduled  # noqa: SLF001
        return timers[0] if timers and timers[0].when() < math.inf else None

    def _is_due(self, handle: Any) -> bool:
        due: bool = handle.when() <= self._loop.time() + _RESOLUTION
        return due or active_clock() is not self._clock

    def _move_to(self, handle: Any) -> list[Any]:
        """Move to the time of a timer, and return that nothing is ready."""
        waiting = next((each for each in handle._args or () if asyncio.isfuture(each)), None)  # noqa: SLF001
        deadline = self._clock.add(handle.when() - self._loop.time())
        try:
            self._clock.sleep_until(deadline, by_code=not isinstance(waiting, _Pause))
        except BaseException as error:
            # The task that waits for this timer reaches the limit, and meets what a scheduled call raises.
            if waiting is None:
                raise
            fail(waiting, error)
        return []
