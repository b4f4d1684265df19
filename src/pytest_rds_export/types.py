"""What the fake returns, to annotate with: no test needs to make one."""

from ._clock import ExportClock, ScheduledCall
from ._live.deliveries import Delivery
from ._live.event import RdsEvent
from ._live.registry import ExportTaskRegistry
from ._live.snapshots import Snapshots
from ._live.source import ExportSource
from ._rds.calls import Call
from ._rds.injections import Injection
from ._sweep import Attempt

__all__ = [
    "Attempt",
    "Call",
    "Delivery",
    "ExportClock",
    "ExportSource",
    "ExportTaskRegistry",
    "Injection",
    "RdsEvent",
    "ScheduledCall",
    "Snapshots",
]
