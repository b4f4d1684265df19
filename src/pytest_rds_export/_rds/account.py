"""The account and its regions: everything that the fake remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING, Any

from .. import _clock
from .calls import CallLog
from .events import ExportEvent, add_event, event_for
from .injections import InjectionQueue
from .options import Options
from .sources import SourceState
from .state import FINISHED, RUNNING, TaskState
from .task import ExportTask, LiveExportTask

if TYPE_CHECKING:
    from .files import ExportFiles
    from .registry import ExportTaskRegistry

__tracebackhide__ = True

Stub = Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]]
Override = Callable[[Mapping[str, Any], Callable[[], Mapping[str, Any]]], Mapping[str, Any]]


class Account:
    """One AWS account. Its lock is held by whoever reads or changes tasks, sources or injections."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.lock = RLock()
        self.regions: dict[str, Region] = {}
        self.injections = InjectionQueue(self.lock)
        self.stubs: dict[str, Stub] = {}
        self.overrides: dict[str, Override] = {}
        self.log = CallLog()
        self.files: ExportFiles | None = None

    def region(self, name: str | None = None) -> Region:
        """Return the region of that name, which is made when it is first asked for; by default the default region."""
        name = name or self.options.region
        region = self.regions.get(name)
        if region is None:
            with self.lock:
                region = self.regions.setdefault(name, Region(self, name))
        return region

    def write_files(self, files: ExportFiles) -> None:
        """Write the files of all exports with *files* from now on, and at once what they have written so far.

        An exception of the store is raised as it is; files are then written as before.
        """
        with self.lock:
            tasks = [task for region in self.regions.values() for task in region.tasks_in_order]
            now = _clock.now()
            for task in tasks:
                task.advance(now)
                task.write_files(files)
            self.files = files

    @contextmanager
    def no_files(self) -> Iterator[None]:
        """Write nothing while the block runs: a report comes when the store of the test may be gone."""
        with self.lock:
            files, self.files = self.files, None
            try:
                yield
            finally:
                self.files = files

    def shift(self, length: timedelta) -> None:
        """Shift the times of what is unfinished: freezing or unfreezing the clock is no passage of time."""
        with self.lock:
            for region in self.regions.values():
                region.shift(length)

    def update_files(self) -> None:
        """Bring every unfinished export up to date, so that what it has written by now is there; only with files."""
        if self.files is None:
            return
        with self.lock:
            now = _clock.now()
            for region in list(self.regions.values()) if not self.files.busy else ():
                region.advance(now)


class Region:
    """One region of an account: its tasks, in the order in which they were seeded or started, sources and events."""

    def __init__(self, account: Account, name: str) -> None:
        self.account = account
        self.name = name
        self.tasks: dict[str, TaskState] = {}
        self.tasks_in_order: list[TaskState] = []
        self.sources: dict[str, SourceState] = {}
        self.view: ExportTaskRegistry | None = None
        self.events: list[ExportEvent] = []
        self._unfinished: dict[str, TaskState] = {}

    def add(self, task: TaskState) -> None:
        """Add a task whose identifier is free."""
        self.tasks[task.identifier] = task
        self.tasks_in_order.append(task)
        if task.status not in FINISHED:
            self._unfinished[task.identifier] = task

    def add_source(self, source: SourceState) -> None:
        """Add a source. Raises ``ValueError`` if its ARN is seeded already."""
        if source.arn in self.sources:
            raise ValueError(f"{source.arn!r} exists already. Seed each source once")
        self.sources[source.arn] = source

    def advance(self, now: datetime) -> None:
        """Bring all tasks up to date, so that ``events`` is complete and files are there."""
        for task in list(self._unfinished.values()):
            task.advance(now)

    def shift(self, length: timedelta) -> None:
        """Shift the times of unfinished exports, and of sources that are creating."""
        for task in self._unfinished.values():
            task.shift(length)
        for source in self.sources.values():
            source.shift(length)

    def record_end(self, task: TaskState) -> None:
        """Add the event of a task that has just finished."""
        del self._unfinished[task.identifier]
        event = event_for(
            task.status,
            source_arn=task.fields["SourceArn"],
            region=self.name,
            account_id=self.account.options.account_id,
            date=task.fields["TaskEndTime"],
            task=LiveExportTask.of(task),
        )
        add_event(self.events, event)

    def count_running(self, most: int, now: datetime) -> int:
        """Return how many exports are running; *most* if there are as many or more."""
        running = 0
        for task in list(self._unfinished.values()):
            task.advance(now)
            running += task.status in RUNNING
            if running == most:
                break
        return running

    def route(self, name: str, what: str) -> Region:
        """Return the region in which *what* is seeded, which names one; only the default region passes it on.

        Raises ``ValueError`` in a registry of ``in_region`` for another region.
        """
        if name != self.name != self.account.options.region:
            raise ValueError(
                f"{what} belongs to {name}, but this is the registry of {self.name}. Seed it with in_region({name!r})"
            )
        return self.account.region(name)

    def seed(self, tasks: Iterable[ExportTask]) -> list[TaskState]:
        """Add tasks as they are now, all or none. In the default region, one that names another region is added there.

        Raises ``ValueError`` for an identifier in use and for a task of another region, and what the store of
        ``write_files`` raises.
        """
        now, frozen = _clock.now(), _clock.is_frozen()
        account = self.account
        new: dict[tuple[str, str], TaskState] = {}
        with account.lock:
            for task in tasks:
                region = self.route(task.region or self.name, f"export task {task.identifier!r}")
                key = region.name, task.identifier
                if key in new or task.identifier in region.tasks:
                    raise ValueError(
                        f"export task {task.identifier!r} exists already in {region.name}. Seed each identifier once; "
                        f"registry[{task.identifier!r}] is the task"
                    )
                timeline = task.timeline or account.options.timeline
                new[key] = TaskState(region, task.to_response(), timeline, now, may_restart=not frozen)
            if account.files is not None:
                for state in new.values():
                    state.write_files(account.files)
            for state in new.values():
                state.region.add(state)
        return list(new.values())
