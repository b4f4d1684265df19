"""``Quiet``: whether something real is going on that a waiting event loop must not overtake."""

from __future__ import annotations

import sys
from collections.abc import Callable

from .frozen_time import FrozenTime

# In real seconds. The clock must not move as long as work is done that it would make late; but work that waits for the
# clock itself, or never ends, must not hold it up for long.
STEP = 0.005
_WORK = 2.0  # for each call in a pool and each child process, in all
_OTHERS = 0.1  # before each move: open sockets, and threads that are busy
_IDLE_POOL = STEP  # before each move: threads of a pool that may be about to take up work

_POOLS = ("concurrent.futures.thread", "trio._core._thread_cache")


class Quiet:
    """How long an event loop waits for what is real before it moves the clock."""

    def __init__(self, clock: FrozenTime) -> None:
        self._clock = clock
        self._works: list[_Work] = []

    def expect(self, is_done: Callable[[], bool]) -> None:
        """Wait for a call in a pool, or for a child process."""
        self._works.append(_Work(is_done))

    def has_come(self, waited: float, *, is_open: bool) -> bool:
        """Return whether nothing real is going on, after *waited* seconds in which nothing has happened."""
        self._works = [work for work in self._works if not work.is_done()]
        patient = [work for work in self._works if work.patience > 0]
        if patient:
            for work in patient:
                work.patience -= STEP
            return False
        return waited >= (_OTHERS if is_open else self._patience_with_threads())

    def _patience_with_threads(self) -> float:
        newer = self._clock.newer_threads()
        if not newer:
            return 0
        frames = sys._current_frames()  # noqa: SLF001 - documented, but for special purposes
        modules = [frames[ident].f_globals.get("__name__") for ident in newer if ident in frames]
        return _IDLE_POOL if all(module in _POOLS for module in modules) else _OTHERS


class _Work:
    def __init__(self, is_done: Callable[[], bool]) -> None:
        self.is_done = is_done
        self.patience = _WORK
