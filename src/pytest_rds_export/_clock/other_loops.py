"""``asyncio.sleep`` on the frozen clock in event loops whose timers are always real, such as uvloop's."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from .event_loops import fail, follows
from .frozen_time import FrozenTime, active_clock
from .sleeping import is_moving

__tracebackhide__ = True

# So many real seconds after the last task has begun to sleep, the clock moves. Nothing says whether the loop is busy.
_PAUSE = 0.02

_found_sleep: Callable[..., Any] = asyncio.sleep
_real_sleep: Callable[..., Any] = asyncio.sleep
_by_loop: WeakKeyDictionary[Any, _Sleepers] = WeakKeyDictionary()


async def sleep(delay: float, result: Any = None) -> Any:
    """Replace ``asyncio.sleep``: wait for the clock also in a loop that does not follow it."""
    clock = active_clock()
    if clock is None:
        return await _real_sleep(delay, result)
    if not clock.applies_here():
        return await _found_sleep(delay, result)
    loop = asyncio.get_running_loop()
    if follows(loop, clock) or not is_moving(delay):
        return await _real_sleep(delay, result)
    sleepers = _by_loop.get(loop)
    if sleepers is None or sleepers.clock is not clock:
        sleepers = _by_loop[loop] = _Sleepers(loop, clock)
    await sleepers.sleep_until(clock.add(delay))
    return result


def found_sleep() -> Callable[..., Any]:
    """Return what ``asyncio.sleep`` is without the clock, and keep it for the sleeps that do not move the clock."""
    global _found_sleep, _real_sleep
    # A test's monkeypatch may have left our function behind when it was undone after the clock had ended.
    if asyncio.tasks.sleep is not sleep:
        _real_sleep = asyncio.tasks.sleep
    _found_sleep = _real_sleep if asyncio.sleep is sleep else asyncio.sleep
    return _found_sleep


def real_sleep() -> Callable[..., Any]:
    """Return asyncio's own sleep."""
    return _real_sleep


class _Sleepers:
    """The sleeping tasks of one event loop. The earliest deadline is waited for first."""

    def __init__(self, loop: Any, clock: FrozenTime) -> None:
        self.clock = clock
        self._loop = loop
        self._waiting: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    async def sleep_until(self, deadline: datetime) -> None:
        turn = self._loop.create_future()
        heapq.heappush(self._waiting, (deadline, next(self._order), turn))
        self._wake_later()
        await turn

    def _wake_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(_PAUSE, self._wake) if self._waiting else None

    def _wake(self) -> None:
        """Wake the tasks with the earliest deadline."""
        deadline, _, first = heapq.heappop(self._waiting)
        self._wake_later()
        if first.done():  # cancelled
            return
        try:
            if active_clock() is self.clock:
                self.clock.sleep_until(deadline)
            first.set_result(None)
        except BaseException as error:  # noqa: BLE001 - the task that sleeps meets it
            fail(first, error)
