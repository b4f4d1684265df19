"""trio, and anyio on trio, on the frozen clock: it moves to the next deadline when all tasks wait."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from .frozen_time import FrozenTime, active_clock
from .quiet import STEP, Quiet
from .undo import Undo

__tracebackhide__ = True

_MICROSECOND = 1e-6

_RUN = "trio._core._run"


def replace_clock(clock: FrozenTime, undo: Undo) -> None:
    """Have each run of trio that begins without a clock of its own follow the frozen clock."""
    # trio has no public place for the clock of runs that others begin, such as anyio.
    namespace = vars(sys.modules[_RUN]) if _RUN in sys.modules else {}
    real = namespace.get("SystemClock")
    if isinstance(real, type):  # not replaced yet
        undo.set(namespace, "SystemClock", partial(_make_clock, clock, real))


def _make_clock(clock: FrozenTime, make_real: Callable[[], Any]) -> Any:
    if active_clock() is not clock or not clock.applies_here():
        return make_real()
    from trio.lowlevel import current_statistics
    from trio.testing import MockClock

    quiet, waited, rest, deadline = Quiet(clock.newer_threads), 0.0, 0.0, 0.0
    mock: Any = MockClock(autojump_threshold=STEP)

    def jump(seconds: float) -> None:
        """Move towards the next deadline, after all tasks have waited for a while."""
        nonlocal waited, rest, deadline
        found = mock.current_time() + seconds
        if abs(found - deadline) >= _MICROSECOND:  # it is another one
            deadline, waited = found, 0.0
        quiet.expect_threads()
        if not quiet.has_come(waited):
            waited += STEP
            return
        waited = 0.0
        try:
            clock.sleep(seconds, towards=deadline)
        except BaseException as error:  # noqa: BLE001 - trio would take it for an error of its own
            _fail(error)
        # The clock has whole microseconds; a deadline must not be waited for because of what is rounded away.
        left = deadline - mock.current_time()
        rest += 2 * left if 0 < left < _MICROSECOND else 0
        if left >= _MICROSECOND and current_statistics().tasks_runnable == 0:
            waited = quiet.waited_before_stop()

    mock.current_time = lambda: clock.monotonic() + rest
    mock.jump = jump  # trio calls it when all tasks wait
    return mock


def _fail(error: BaseException) -> None:
    """Raise an error where the main task waits, as trio itself does with Ctrl-C."""

    def raise_error() -> None:
        raise error

    sys.modules[_RUN].GLOBAL_RUN_CONTEXT.runner.main_task._attempt_abort(raise_error)  # noqa: SLF001 - nothing public
