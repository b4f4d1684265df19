"""Time as the test sees it, and a clock that stands still until it is moved."""

from .event_loops import pause
from .export_clock import ExportClock, frozen_clock
from .frozen_time import ScheduledCall, SleepLimitExceeded, followers
from .reading import is_frozen, now, save, waiting_calls
from .undo import undo_covered

__all__ = [
    "ExportClock",
    "ScheduledCall",
    "SleepLimitExceeded",
    "followers",
    "frozen_clock",
    "is_frozen",
    "now",
    "pause",
    "save",
    "undo_covered",
    "waiting_calls",
]
