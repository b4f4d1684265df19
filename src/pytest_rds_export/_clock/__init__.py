"""Time as the test sees it, and a clock that stands still until it is moved."""

from .event_loops import pause
from .export_clock import ExportClock, frozen_clock
from .frozen_time import ScheduledCall, SleepLimitExceeded, active_clock, followers
from .reading import is_frozen, now
from .undo import undo_covered

__all__ = [
    "ExportClock",
    "ScheduledCall",
    "SleepLimitExceeded",
    "active_clock",
    "followers",
    "frozen_clock",
    "is_frozen",
    "now",
    "pause",
    "undo_covered",
]
