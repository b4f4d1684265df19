"""Views: the live objects of an account."""

from __future__ import annotations

from typing import Any

from .._rds.account import Account
from .._rds.events import Event
from .._rds.region import Region
from .._rds.sources import SourceState
from .._rds.state import TaskState
from .event import RdsEvent
from .source import ExportSource
from .task import LiveExportTask

__tracebackhide__ = True


class Views:
    """The live objects of an account, each made once: also of sources that are gone, which events name."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.registries: dict[str, Any] = {}
        """By region; a registry adds itself."""
        self._tasks: dict[TaskState, LiveExportTask] = {}
        self._sources: dict[SourceState, ExportSource] = {}

    def task(self, state: TaskState, region: Region) -> LiveExportTask:
        return self._tasks.get(state) or self._tasks.setdefault(state, LiveExportTask(state, region))

    def source(self, state: SourceState) -> ExportSource:
        return self._sources.get(state) or self._sources.setdefault(state, ExportSource(state, self.account))

    def event(self, event: Event, region: Region) -> RdsEvent:
        about = event.record
        return RdsEvent(
            event_id=event.event_id,
            message=event.message,
            categories=event.categories,
            source_type=event.source_type,
            source_identifier=event.source_identifier,
            source_arn=event.source_arn,
            date=event.date,
            region=region.name,
            account_id=self.account.options.account_id,
            tags={tag.get("Key", ""): tag.get("Value", "") for tag in event.tags},
            task=self.task(about, region) if isinstance(about, TaskState) else None,
            source=self.source(about) if isinstance(about, SourceState) else None,
        )
