"""trio, and anyio on trio, on the frozen clock: it moves to the next deadline when all tasks wait."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from .frozen_time import FrozenTime, active_clock
from .quiet import STEP, Quiet
from .undo import Undo

__tracebackhide__ = True

_RUN = "trio._core._run"


def replace_clock(clock: FrozenTime, undo: Undo) -> None:
    """Have each run of trio that begins without a clock of its own follow the frozen clock."""
    # trio has no public place for the clock of runs that others begin, such as anyio.
    namespace = vars(sys.modules[_RUN]) if _RUN in sys.modules else {}
    real = namespace.get("SystemClock")
    if isinstance(real, type):  # not replaced yet
        undo.set_item(namespace, "SystemClock", partial(_make_clock, clock, real))


def _make_clock(clock: FrozenTime, make_real: Callable[[], Any]) -> Any:
    if active_clock() is not clock or not clock.applies_here():
        return make_real()
    from trio.testing import MockClock

    quiet, waited = Quiet(clock), 0.0

    def _autojump() -> None:
        """Move to the next deadline, after all tasks have waited for a while."""
        nonlocal waited
        length = _seconds_to_next_deadline()
        quiet.expect_threads()
        if not 0 < length < math.inf or not quiet.has_come(waited):
            waited += STEP
            return
        waited = 0.0
        try:
            clock.sleep(length)
        except BaseException as error:  # noqa: BLE001 - trio would take it for an error of its own
            _fail(error)

    mock: Any = MockClock(autojump_threshold=STEP)
    mock.current_time = lambda: clock.monotonic_ns() / 1_000_000_000
    mock._autojump = _autojump  # noqa: SLF001 - trio calls it when all tasks wait
    return mock


def _seconds_to_next_deadline() -> float:
    import trio

    seconds: float = trio.lowlevel.current_statistics().seconds_to_next_deadline
    return seconds


def _fail(error: BaseException) -> None:
    """Raise an error where the main task waits, as trio itself does with Ctrl-C."""

    def raise_error() -> None:
        raise error

    sys.modules[_RUN].GLOBAL_RUN_CONTEXT.runner.main_task._attempt_abort(raise_error)  # noqa: SLF001 - nothing public
