"""The public names, gathered from their rooms, and the rooms that have none: all are loaded at once."""

from . import _endpoint as _endpoint
from . import _report as _report
from . import _session as _session
from ._calls import Call as Call
from ._clock import EndlessWait as EndlessWait
from ._clock import ExportClock as ExportClock
from ._failures import Failure as Failure
from ._failures import failures as failures
from ._fake import fake_rds_export as fake_rds_export
from ._injections import Injection as Injection
from ._registry import ExportTaskRegistry as ExportTaskRegistry
from ._service import UnansweredOperation as UnansweredOperation
from ._task import ExportTask as ExportTask
from ._timeline import Polls as Polls
from ._timeline import Stuck as Stuck
from ._timeline import Timeline as Timeline
