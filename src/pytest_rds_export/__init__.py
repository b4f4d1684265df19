"""A pytest plugin that fakes Amazon RDS export tasks in-process, through the real botocore."""

import importlib
from typing import TYPE_CHECKING, Any

from . import _real_sleep  # noqa: F401 - it reads time.sleep before a test can replace it

if TYPE_CHECKING:
    from ._clock import ExportClock, ScheduledCall, SleepLimitExceeded, frozen_clock
    from ._end_check import EndCheckFailed
    from ._failures import Failure, failures
    from ._fake import fake_rds_export
    from ._live.deliveries import Delivery
    from ._live.event import RdsEvent
    from ._live.registry import ExportTaskRegistry
    from ._live.source import ExportSource
    from ._live.task import ExportTask
    from ._rds.calls import Call
    from ._rds.dispatch import UnhandledOperation
    from ._rds.injections import Injection
    from ._rds.tables import ExportedTable
    from ._rds.timeline import Polls, SnapshotPolls, SnapshotTimeline, Stuck, Timeline
    from ._sweep import Attempt, sweep

__all__ = [
    "Attempt",
    "Call",
    "Delivery",
    "EndCheckFailed",
    "ExportClock",
    "ExportSource",
    "ExportTask",
    "ExportTaskRegistry",
    "ExportedTable",
    "Failure",
    "Injection",
    "Polls",
    "RdsEvent",
    "ScheduledCall",
    "SleepLimitExceeded",
    "SnapshotPolls",
    "SnapshotTimeline",
    "Stuck",
    "Timeline",
    "UnhandledOperation",
    "failures",
    "fake_rds_export",
    "frozen_clock",
    "sweep",
]

# pytest imports this package at every start, so a module is imported when one of its names is first used.
_MODULES = {
    "Attempt": "_sweep",
    "Call": "_rds.calls",
    "Delivery": "_live.deliveries",
    "EndCheckFailed": "_end_check",
    "ExportClock": "_clock",
    "RdsEvent": "_live.event",
    "ExportSource": "_live.source",
    "ExportTask": "_live.task",
    "ExportTaskRegistry": "_live.registry",
    "ExportedTable": "_rds.tables",
    "Failure": "_failures",
    "Injection": "_rds.injections",
    "Polls": "_rds.timeline",
    "ScheduledCall": "_clock",
    "SleepLimitExceeded": "_clock",
    "SnapshotPolls": "_rds.timeline",
    "SnapshotTimeline": "_rds.timeline",
    "Stuck": "_rds.timeline",
    "Timeline": "_rds.timeline",
    "UnhandledOperation": "_rds.dispatch",
    "failures": "_failures",
    "fake_rds_export": "_fake",
    "frozen_clock": "_clock",
    "sweep": "_sweep",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
