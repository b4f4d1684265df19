"""The clock: freezegun, and sleeping without waiting."""

from __future__ import annotations

import sys
from datetime import datetime, timezone

from ._model import milliseconds


def now() -> datetime:
    """The time in UTC, as the test sees it, cut to milliseconds."""
    return milliseconds(datetime.now(timezone.utc))


def is_steered() -> bool:
    """Whether freezegun or time-machine holds the clock."""
    freezegun = sys.modules.get("freezegun.api")
    if freezegun is not None and freezegun.freeze_factories:
        return True
    time_machine = sys.modules.get("time_machine")
    return time_machine is not None and bool(time_machine.escape_hatch.is_travelling())


def pause(seconds: float) -> None:
    """Let the back-off before a retry pass without waiting."""
