"""A pytest plugin that answers Amazon RDS export tasks in-process, through the real botocore."""

from ._calls import Call
from ._clock import ExportClock
from ._failures import Failure, failures
from ._fake import fake_rds_export
from ._injections import Injection
from ._registry import ExportTaskRegistry
from ._service import UnansweredOperation
from ._task import ExportTask
from ._timeline import Polls, Stuck, Timeline

__all__ = [
    "Call",
    "ExportClock",
    "ExportTask",
    "ExportTaskRegistry",
    "Failure",
    "Injection",
    "Polls",
    "Stuck",
    "Timeline",
    "UnansweredOperation",
    "failures",
    "fake_rds_export",
]
