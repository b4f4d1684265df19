"""``Quiet``: whether something real is going on that a waiting event loop must not overtake."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

# In real seconds. The clock must not move while work is done that it would make late. But work that waits for the clock
# itself, or never ends, must not hold it up for long.
STEP = 0.005
_WORK = 2.0  # for each call in a pool and each child process, in all
_OTHERS = 0.1  # before each move: open sockets, and other threads
_AFTER_STOP = 4 * STEP  # the same after a stop at which nothing has woken: they have been waited for before it
_WAITING_POOL = STEP  # before each move: threads of a pool that may be about to take up work

# The functions in which the threads of pools wait, by module.
_WAITING = {
    "anyio._backends._asyncio": "run",
    "concurrent.futures.thread": "_worker",
    "multiprocessing.pool": "worker",
    "trio._core._thread_cache": "_work",
}
_BELOW = ("queue", "threading")


def at_work(threads: set[threading.Thread]) -> set[threading.Thread]:
    """Return the threads that do not wait in a pool for work."""
    return {thread for thread in threads if not _is_waiting(thread)}


def _is_waiting(thread: threading.Thread) -> bool:
    # Documented, but for special purposes. All frames in a variable would keep each other until the garbage collector
    # runs: the one that has the variable is among them.
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001
    while frame is not None and frame.f_globals.get("__name__") in _BELOW:
        frame = frame.f_back
    return frame is not None and _WAITING.get(frame.f_globals.get("__name__", "")) == frame.f_code.co_name


class Quiet:
    """How long an event loop waits for what is real before it moves the clock."""

    def __init__(self, newer_threads: Callable[[], set[threading.Thread]]) -> None:
        self._newer_threads = newer_threads
        self._works: dict[object, _Work] = {}
        self._threads: set[threading.Thread] = set()  # the last that were there

    def expect(self, work: object, is_done: Callable[[], bool]) -> None:
        """Wait for a call in a pool, or for a child process."""
        self._works.setdefault(work, _Work(is_done))

    def expect_threads(self) -> None:
        """Wait for each thread that is at work now."""
        for thread in at_work(self._newer_threads()):
            self.expect(thread, lambda thread=thread: _is_waiting(thread) or not thread.is_alive())  # type: ignore[misc]

    def has_come(self, waited: float, *, is_open: bool = False) -> bool:
        """Return whether nothing real is going on, after *waited* seconds in which nothing has happened."""
        self._works = {key: work for key, work in self._works.items() if not work.is_done()}
        self._threads = self._newer_threads()
        patient = [work for work in self._works.values() if work.patience > 0]
        for work in patient:
            work.patience -= STEP
        patience = _OTHERS if is_open or at_work(self._threads) else _WAITING_POOL if self._threads else 0
        return not patient and waited >= patience

    def waited_before_stop(self) -> float:
        """Return how long nothing has happened already, after a stop at which nothing has woken."""
        return 0.0 if self._newer_threads() - self._threads else _OTHERS - _AFTER_STOP


class _Work:
    def __init__(self, is_done: Callable[[], bool]) -> None:
        self.is_done = is_done
        self.patience = _WORK
