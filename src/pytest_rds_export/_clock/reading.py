"""What the time is, whoever has frozen it."""

from __future__ import annotations

import datetime as dt
import sys
from datetime import datetime, timezone

from .._times import milliseconds
from .frozen_time import active_clock

__tracebackhide__ = True


def now() -> datetime:
    """Return the time in UTC that the test sees, truncated to milliseconds."""
    freezegun = sys.modules.get("freezegun.api")
    if freezegun is not None and freezegun.freeze_factories:
        # Not from the module datetime: while a module is imported, it has the real classes.
        return milliseconds(freezegun.FakeDatetime.now(timezone.utc))
    # Read from the module, where a test may have replaced it.
    return milliseconds(dt.datetime.now(timezone.utc))


def is_frozen() -> bool:
    return frozen_by() is not None


def frozen_by() -> str | None:
    """Return what has frozen the clock."""
    if active_clock() is not None:
        return "another rds_export_clock"
    if getattr(sys.modules.get("freezegun.api"), "freeze_factories", None):
        return "freezegun"
    # A user's own module may have that name.
    escape_hatch = getattr(sys.modules.get("time_machine"), "escape_hatch", None)
    return "time-machine" if escape_hatch is not None and escape_hatch.is_travelling() else None
