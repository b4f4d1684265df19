"""``Quiet``: whether something real is going on that a waiting event loop must not overtake."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .frozen_time import FrozenTime
from .threads import at_work

# In real seconds. The clock must not move while work is done that it would make late. But work that waits for the clock
# itself, or never ends, must not hold it up for long.
STEP = 0.005
_WORK = 2.0  # for each call in a pool and each child process, in all
_OTHERS = 0.1  # before each move: open sockets, and other threads
_WAITING_POOL = STEP  # before each move: threads of a pool that may be about to take up work


class Quiet:
    """How long an event loop waits for what is real before it moves the clock."""

    def __init__(self, clock: FrozenTime) -> None:
        self._clock = clock
        self._works: dict[object, _Work] = {}

    def expect(self, work: object, is_done: Callable[[], bool]) -> None:
        """Wait for a call in a pool, or for a child process."""
        self._works.setdefault(work, _Work(is_done))

    def expect_threads(self) -> None:
        """Wait for each thread that is at work now."""
        for thread in at_work(self._clock.newer_threads()):
            self.expect(thread, lambda thread=thread: not at_work({thread}) or not thread.is_alive())  # type: ignore[misc]

    def has_come(self, waited: float, *, is_open: bool = False) -> bool:
        """Return whether nothing real is going on, after *waited* seconds in which nothing has happened."""
        self._works = {key: work for key, work in self._works.items() if not work.is_done()}
        patient = [work for work in self._works.values() if work.patience > 0]
        for work in patient:
            work.patience -= STEP
        return not patient and waited >= (_OTHERS if is_open else self._patience_with_threads())

    def _patience_with_threads(self) -> float:
        newer: set[threading.Thread] = self._clock.newer_threads()
        if not newer:
            return 0
        return _OTHERS if at_work(newer) else _WAITING_POOL


class _Work:
    def __init__(self, is_done: Callable[[], bool]) -> None:
        self.is_done = is_done
        self.patience = _WORK
