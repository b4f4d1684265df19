"""Whose time is real even while the clock is frozen."""

from __future__ import annotations

import functools
from types import FrameType

from .frozen_time import FrozenTime, active_clock

__tracebackhide__ = True

# What these wait for takes real time: threads, processes, sockets. pytest and hypothesis measure how long a test takes.
_MODULES = (
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

# These have the real functions in their own namespaces. If they call one of ours, that is what the user's thread runs.
_RUN_ANY_FUNCTION = ("multiprocessing.pool", "threading")


@functools.cache
def is_in_real_time(module_name: str) -> bool:
    """Return whether the time that a module reads, and the sleeps that it calls, are real."""
    from freezegun import config

    configured = [name.rstrip(".") for name in config.settings.default_ignore_list]
    names = (*_MODULES, *configured)
    return module_name.startswith(tuple(f"{name}." for name in names)) or module_name in names


def clock_of(caller: FrameType | None) -> FrozenTime | None:
    """Return the clock that applies to this thread and to the function that runs in the frame *caller*."""
    clock = active_clock()
    if clock is None or not clock.applies_here():
        return None
    # Only the function that calls, not those around it: a thread's and a pool's own functions are around user's code.
    # A thread may run a function of the module time and nothing else.
    name = "" if caller is None else caller.f_globals.get("__name__", "")
    return clock if name in _RUN_ANY_FUNCTION or not is_in_real_time(name) else None
