"""``time.sleep`` that moves the frozen clock, and functions of the module ``time`` that read it."""

from __future__ import annotations

import functools
import inspect
import math
import time
from collections.abc import Callable
from numbers import Real
from typing import Any

from .._real_sleep import REAL_SLEEP
from .frozen_time import FrozenTime, active_clock
from .real_time import clock_of

__tracebackhide__ = True

# What time.sleep was before the clock: a test or gevent may have replaced it.
_found_sleep: Callable[[Any], object] = REAL_SLEEP


def sleep(seconds: float, /) -> None:
    """Replace ``time.sleep``: move the clock, or sleep for real if no clock applies."""
    frame = inspect.currentframe()
    clock = clock_of(frame and frame.f_back)
    if clock is not None and is_moving(seconds):
        clock.sleep(seconds)
        _let_others_run()
    elif active_clock() is None:
        REAL_SLEEP(seconds)
    else:
        _found_sleep(seconds)


def is_moving(seconds: Any) -> bool:
    """Return whether a sleep of that length moves the clock. The real one handles 0, infinity and what it refuses."""
    return isinstance(seconds, Real) and 0 < float(seconds) < math.inf


def _let_others_run() -> None:
    # Greenlets run only while another one sleeps in gevent's way.
    is_gevent = str(getattr(_found_sleep, "__module__", None)).startswith("gevent.")
    (_found_sleep if is_gevent else REAL_SLEEP)(0)


def found_sleep() -> Callable[[Any], object]:
    """Return what ``time.sleep`` is without the clock, and keep it for the sleeps that do not move the clock."""
    global _found_sleep
    # A test's monkeypatch may have left our function behind when it was undone after the clock had ended.
    _found_sleep = REAL_SLEEP if time.sleep is sleep else time.sleep
    return _found_sleep


@functools.cache
def readings() -> list[tuple[Callable[..., Any], Callable[..., Any]]]:
    """Return each function of the module ``time`` that tells the time, and what replaces it."""
    from freezegun import api

    def monotonic(clock: FrozenTime) -> float:
        return clock.monotonic_ns() / 1_000_000_000

    def monotonic_ns(clock: FrozenTime) -> int:
        return clock.monotonic_ns()

    by_name: dict[str, Callable[..., Any]] = {
        "monotonic": monotonic,
        "monotonic_ns": monotonic_ns,
        "perf_counter": monotonic,
        "perf_counter_ns": monotonic_ns,
    }
    for name in ("time", "time_ns", "localtime", "gmtime", "strftime"):
        by_name[name] = _ignoring_the_clock(getattr(api, f"fake_{name}"))
    return [(getattr(api, f"real_{name}"), _reading(getattr(api, f"real_{name}"), by_name[name])) for name in by_name]


def _ignoring_the_clock(read: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _clock, *arguments: read(*arguments)


def _reading(real: Callable[..., Any], frozen: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def read(*arguments: Any) -> Any:
        frame = inspect.currentframe()
        clock = clock_of(frame and frame.f_back)
        return real(*arguments) if clock is None else frozen(clock, *arguments)

    return read
