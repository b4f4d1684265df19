"""A pytest plugin that fakes Amazon RDS export tasks in-process, through the real botocore."""

import importlib
from typing import TYPE_CHECKING, Any

from . import _real_sleep  # noqa: F401 - it reads time.sleep before a test can replace it

if TYPE_CHECKING:
    from ._clock import frozen_clock
    from ._failures import Failure, failures
    from ._fake import fake_rds_export
    from ._live.task import ExportTask
    from ._rds.tables import ExportedTable
    from ._rds.timeline import Polls, SnapshotPolls, SnapshotTimeline, Stuck, Timeline
    from ._sweep import sweep

__all__ = [
    "ExportTask",
    "ExportedTable",
    "Failure",
    "Polls",
    "SnapshotPolls",
    "SnapshotTimeline",
    "Stuck",
    "Timeline",
    "failures",
    "fake_rds_export",
    "frozen_clock",
    "sweep",
]

# pytest imports this package at every start, so a module is imported when one of its names is first used.
_MODULES = {
    "ExportTask": "_live.task",
    "ExportedTable": "_rds.tables",
    "Failure": "_failures",
    "Polls": "_rds.timeline",
    "SnapshotPolls": "_rds.timeline",
    "SnapshotTimeline": "_rds.timeline",
    "Stuck": "_rds.timeline",
    "Timeline": "_rds.timeline",
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
