"""``time.sleep`` that moves the frozen clock, and functions of the module ``time`` that read it."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from numbers import Real
from types import FrameType
from typing import Any

from .._real_sleep import REAL_SLEEP
from .frozen_time import FrozenTime, active_clock

__tracebackhide__ = True

# These have the real functions in their own namespaces. If they call one of ours, that is what the user's thread runs.
_RUN_ANY_FUNCTION = ("multiprocessing.pool", "threading")

_TIMERS = {
    "monotonic": FrozenTime.monotonic,
    "monotonic_ns": FrozenTime.monotonic_ns,
    "perf_counter": FrozenTime.monotonic,
    "perf_counter_ns": FrozenTime.monotonic_ns,
}


def sleep(seconds: float, /) -> None:
    """Replace ``time.sleep``: move the clock, or sleep for real if no clock applies."""
    frame = inspect.currentframe()
    clock, active = _clock_of(frame and frame.f_back), active_clock()
    found = REAL_SLEEP if active is None else active.found_sleep
    if clock is None or not is_moving(seconds):
        found(seconds)
        return
    clock.sleep(seconds)
    # Other threads run. Greenlets do only while another one sleeps in gevent's way.
    is_gevent = str(getattr(found, "__module__", None)).startswith("gevent.")
    (found if is_gevent else REAL_SLEEP)(0)


def is_moving(seconds: Any) -> bool:
    """Return whether a sleep of that length moves the clock. The real one handles 0, infinity and what it refuses."""
    return isinstance(seconds, Real) and 0 < float(seconds) < math.inf


@functools.cache
def readings() -> list[tuple[Callable[..., Any], Callable[..., Any]]]:
    """Return each function of the module ``time`` that tells the time, and what replaces it."""
    return [_reading(name) for name in (*_TIMERS, "time", "time_ns", "localtime", "gmtime", "strftime")]


def _reading(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    from freezegun import api

    real, frozen = getattr(api, f"real_{name}"), getattr(api, f"fake_{name}")

    @functools.wraps(real)
    def read(*arguments: Any) -> Any:
        frame = inspect.currentframe()
        clock = _clock_of(frame and frame.f_back)
        if clock is None:
            return real(*arguments)
        return _TIMERS[name](clock) if name in _TIMERS else frozen(*arguments)

    return real, read


def _clock_of(caller: FrameType | None) -> FrozenTime | None:
    """Return the clock that applies to this thread and to the function that runs in the frame *caller*."""
    clock = active_clock()
    if clock is None or not clock.applies_here():
        return None
    # Only the function that calls, not those around it: a thread's and a pool's own functions are around user's code.
    # A thread may run a function of the module time and nothing else.
    name = "" if caller is None else caller.f_globals.get("__name__", "")
    return clock if name in _RUN_ANY_FUNCTION or clock.applies_in(name) else None
