"""``time.sleep`` and ``asyncio.sleep`` that move the frozen clock instead of waiting."""

from __future__ import annotations

import functools
import heapq
import inspect
import itertools
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from numbers import Real
from typing import TYPE_CHECKING, Any

from ._real_sleep import REAL_SLEEP

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

    from ._frozen_time import FrozenTime

__tracebackhide__ = True

# These wait for real threads and processes: their sleeps take real time.
_REAL_TIME = ("_pytest", "subprocess", "multiprocessing", "execnet", "xdist", __name__)
_REAL_TIME_PREFIXES = tuple(f"{name}." for name in _REAL_TIME)

# A task that never stops running, such as ``while not done: await asyncio.sleep(0)``, may wait for one that sleeps.
_MOST_ROUNDS = 1000
_ROUNDS_ON_OTHER_LOOPS = 10

_active: _Sleeps | None = None


class _Sleeps:
    """The sleeps of one clock, and the functions that were in their place before."""

    def __init__(self, clock: FrozenTime) -> None:
        import asyncio

        self.clock = clock
        self.found_sleep = REAL_SLEEP if time.sleep is sleep else time.sleep
        self.found_asyncio_sleep = asyncio.tasks.sleep if asyncio.sleep is asyncio_sleep else asyncio.sleep
        self.by_loop: dict[AbstractEventLoop, _Sleepers] = {}


class _Sleepers:
    """The sleeping tasks of one event loop. Each waits for the clock to reach its own deadline."""

    def __init__(self, sleeps: _Sleeps, loop: AbstractEventLoop) -> None:
        self._sleeps = sleeps
        self._loop = loop
        self._waiting: list[tuple[datetime, int, Future[None]]] = []
        self._order = itertools.count()
        self._rounds = 0
        loop.call_soon(self._wake)

    async def sleep_until(self, deadline: datetime) -> None:
        """Return when the clock is at *deadline*; the first of several tasks moves it there."""
        turn = self._loop.create_future()
        heapq.heappush(self._waiting, (deadline, next(self._order), turn))
        await turn
        if _active is self._sleeps:
            self._sleeps.clock.sleep_until(deadline)

    def _wake(self) -> None:
        """Wake the tasks with the earliest deadline, unless the event loop has something else to run first."""
        waiting = self._waiting
        if not waiting:
            del self._sleeps.by_loop[self._loop]
            return
        now = self._sleeps.clock.now()
        if waiting[0][0] > now and self._is_busy():
            self._rounds += 1
        else:
            self._rounds = 0
            due = max(now, waiting[0][0])
            while waiting and waiting[0][0] <= due:
                turn = heapq.heappop(waiting)[2]
                if not turn.done():  # cancelled
                    turn.set_result(None)
        self._loop.call_soon(self._wake)

    def _is_busy(self) -> bool:
        # Nothing public says whether a loop has callbacks to run. Loops other than asyncio's have no such attribute.
        if getattr(self._loop, "_stopping", False):
            return True  # whoever runs the loop next decides how time goes on
        ready = getattr(self._loop, "_ready", None)
        if ready is None:
            return self._rounds < _ROUNDS_ON_OTHER_LOOPS
        return bool(ready) and self._rounds < _MOST_ROUNDS


def sleep(seconds: float, /) -> None:
    """Replace ``time.sleep``: move the clock, or sleep for real if no clock applies."""
    if _active is None:
        REAL_SLEEP(seconds)
    elif not _is_moving(_active, seconds) or _is_in_real_time(_caller()):
        _active.found_sleep(seconds)
    else:
        _active.clock.sleep(seconds)
        REAL_SLEEP(0)  # other threads may run


async def asyncio_sleep(delay: float, result: Any = None) -> Any:
    """Replace ``asyncio.sleep``: wait for the clock, or sleep for real if no clock applies."""
    import asyncio

    sleeps = _active
    if sleeps is None:
        return await asyncio.tasks.sleep(delay, result)
    if not _is_moving(sleeps, delay):
        return await sleeps.found_asyncio_sleep(delay, result)
    loop = asyncio.get_running_loop()
    sleepers = sleeps.by_loop.get(loop)
    if sleepers is None:
        sleepers = sleeps.by_loop[loop] = _Sleepers(sleeps, loop)
    await sleepers.sleep_until(sleeps.clock.add(delay))
    return result


def _is_moving(sleeps: _Sleeps, seconds: Any) -> bool:
    """Return whether a sleep moves the clock. The real sleep handles 0, infinity and values that it refuses."""
    return isinstance(seconds, Real) and 0 < float(seconds) < math.inf and sleeps.clock.applies_here()


def _caller() -> str:
    frame: Any = inspect.currentframe()
    name: str = frame.f_back.f_back.f_globals.get("__name__", "")
    return name


def _is_in_real_time(module_name: str) -> bool:
    return module_name in _REAL_TIME or module_name.startswith(_REAL_TIME_PREFIXES)


def active_clock() -> FrozenTime | None:
    """Return the clock that sleeps move now."""
    return None if _active is None else _active.clock


@contextmanager
def moving_sleeps(clock: FrozenTime) -> Iterator[None]:
    """Replace the sleeps, in every module that has them, while the block runs."""
    global _active
    sleeps = _Sleeps(clock)
    replaced: list[tuple[dict[str, Any], str, Any, Any]] = []
    try:
        _active = sleeps
        _replace(sleeps, replaced)
        yield
    finally:
        _active = None
        for namespace, name, ours, original in replaced:
            if namespace.get(name) is ours:
                namespace[name] = original


def _replace(sleeps: _Sleeps, replaced: list[tuple[dict[str, Any], str, Any, Any]]) -> None:
    import asyncio

    # A test's monkeypatch may have left a function of ours behind when it was undone after the clock had ended.
    replacements = {
        id(sleep): (sleep, REAL_SLEEP),
        id(REAL_SLEEP): (sleep, REAL_SLEEP),
        id(sleeps.found_sleep): (sleep, sleeps.found_sleep),
        id(asyncio_sleep): (asyncio_sleep, asyncio.tasks.sleep),
        id(asyncio.tasks.sleep): (asyncio_sleep, asyncio.tasks.sleep),
        id(sleeps.found_asyncio_sleep): (asyncio_sleep, sleeps.found_asyncio_sleep),
    }
    for module_name, module in list(sys.modules.items()):
        namespace = getattr(module, "__dict__", None)
        if not isinstance(namespace, dict) or _is_in_real_time(module_name):
            continue
        for name in _candidates(module_name, namespace, replacements):
            found = replacements.get(id(namespace.get(name)))
            if found is not None:
                ours, original = found
                namespace[name] = ours
                replaced.append((namespace, name, ours, original))


# For each installed module: the size of its namespace when it was searched, and the names that may be sleeps. Searching
# all of them takes half as long as freezegun's start. A user's own modules are searched by every clock.
_searched: dict[str, tuple[int, tuple[str, ...]]] = {}


def _candidates(module_name: str, namespace: dict[str, Any], replacements: dict[int, Any]) -> tuple[str, ...]:
    known = _searched.get(module_name)
    if known is not None and known[0] == len(namespace):
        return known[1]
    names: tuple[str, ...] = ()
    if "sleep" in namespace or not replacements.keys().isdisjoint(map(id, list(namespace.values()))):
        names = tuple(name for name, value in list(namespace.items()) if name == "sleep" or id(value) in replacements)
    if module_name in sys.builtin_module_names or str(namespace.get("__file__")).startswith(_installed()):
        _searched[module_name] = (len(namespace), names)
    return names


@functools.cache
def _installed() -> tuple[str, ...]:
    import sysconfig

    return tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
