"""Which threads are at work, and which wait in a pool for work."""

from __future__ import annotations

import sys
import threading
from types import FrameType

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
    frames = sys._current_frames()  # noqa: SLF001 - documented, but for special purposes
    return {thread for thread in threads if not _is_waiting(frames.get(thread.ident or 0))}


def _is_waiting(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_globals.get("__name__") in _BELOW:
        frame = frame.f_back
    return frame is not None and _WAITING.get(frame.f_globals.get("__name__", "")) == frame.f_code.co_name
