"""The account: everything that the fake remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from threading import RLock
from typing import Any

from .. import _clock
from .events import Outbox
from .files import ExportFiles
from .injections import InjectionQueue
from .log import Log
from .options import Options
from .region import Region
from .state import TaskState, copy_fields
from .timeline import AnyTimeline, Transition

__tracebackhide__ = True

Stub = Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]]
Override = Callable[[Mapping[str, Any], Callable[[], Mapping[str, Any]]], Mapping[str, Any]]


class Account:
    """One AWS account. Its lock is held by whoever reads or changes tasks, sources or injections."""

    def __init__(self, options: Options, *, refusal: str | None = None) -> None:
        """Make an account; one with a *refusal* leaves each request to others, or says why it is not sent."""
        self.options = options
        self.refusal = refusal
        self.lock = RLock()
        self.regions: dict[str, Region] = {}
        self.injections = InjectionQueue(self.lock)
        self.stubs: dict[str, Stub] = {}
        self.overrides: dict[str, Override] = {}
        self.log = Log()
        self.outbox = Outbox()
        self.files: ExportFiles | None = None

    def region(self, name: str | None = None) -> Region:
        """Return the region of that name, which is made when it is first asked for; by default the default region."""
        name = name or self.options.region
        region = self.regions.get(name)
        if region is None:
            with self.lock:
                new = Region(name, self.options.account_id, self.lock, self.log, self.files, self.outbox)
                region = self.regions.setdefault(name, new)
        return region

    def write_files(self, files: ExportFiles) -> None:
        """Write the files of all exports with *files* from now on, and at once what they have written so far.

        An exception of the store is raised as it is; files are then written as before.
        """
        while self.files is not files:
            now = _clock.now()
            for region in list(self.regions.values()):
                for task in list(region.tasks.values()):
                    region.update(task, now)
                    files.update(copy_fields(task.fields))
            with self.lock:
                tasks = (task for region in self.regions.values() for task in region.tasks.values())
                if any(files.is_due(task.fields) for task in tasks):
                    continue  # it has gone on while the store took its time
                self.files = files
                for region in self.regions.values():
                    region.use_files(files)
                    for task in region.tasks.values():
                        task.warn(files.warning_message(task.fields))

    def update_all(self, now: datetime) -> None:
        """Bring every unfinished export and source up to date, so that files are there and events have happened."""
        for region in list(self.regions.values()):
            region.update_all(now)

    def cancel_copies(self, arn: str, now: datetime) -> None:
        """End the copies of a snapshot that is deleted: those that have not ended yet are gone (service model)."""
        for region in list(self.regions.values()):
            for source in [source for source in region.sources.values() if source.copied_from == arn]:
                region.advance(source, now)
                if source.stage == "copying":
                    region.enter(source, Transition("deleted", now), requested=True)

    def is_watched(self) -> bool:
        """Return whether somebody sees what the clock changes at once: a store of files, or a receiver of events."""
        return self.files is not None or self.outbox.receivers > 0

    def next_change(self, now: datetime) -> datetime | None:
        """Return when the clock will make the next transition after *now*; None if it does not."""
        with self.lock:
            dues = (region.next_change(now) for region in self.regions.values())
            return min((due for due in dues if due is not None), default=None)

    def shift(self, length: timedelta) -> None:
        """Shift the times of what is unfinished: freezing or unfreezing the clock is no passage of time."""
        with self.lock:
            self.log.jumped(length)
            for region in self.regions.values():
                region.shift(length)

    def counted_regions(self, region: Region) -> list[Region]:
        """Return the regions whose exports count against the limit of a region."""
        return list(self.regions.values()) if self.options.concurrent_limit_scope == "account" else [region]

    def is_at_limit(self, region: Region, now: datetime) -> bool:
        """Return whether as many exports are running as may run at once."""
        running = (task for each in self.counted_regions(region) for task in each.running(now))
        return len(list(islice(running, self.options.concurrent_limit))) == self.options.concurrent_limit

    def seed(self, tasks: Iterable[tuple[Region, Mapping[str, Any], AnyTimeline | None]]) -> list[TaskState]:
        """Add tasks to their regions as they are now, all or none.

        Raises ``ValueError`` for an identifier in use, and what the store of ``write_files`` raises.
        """
        now, files = _clock.now(), self.files
        # What is watched has its times now.
        fresh = not _clock.is_frozen() and not self.is_watched()
        new: dict[tuple[str, str], TaskState] = {}
        for region, given, timeline in tasks:
            key = region.name, given["ExportTaskIdentifier"]
            if key in new or key[1] in region.tasks:
                raise _exists_already(*key)
            new[key] = TaskState(
                given,
                timeline or self.options.timeline,
                now,
                region=region.name,
                account_id=self.options.account_id,
                fresh=fresh,
            )
        if files is not None:
            for task in new.values():
                task.warn(files.warning_message(task.fields))
                files.update(task.fields)
        with self.lock:
            for name, identifier in new:
                if identifier in self.regions[name].tasks:  # another thread has seeded it meanwhile
                    raise _exists_already(name, identifier)
            for (name, _), task in new.items():
                self.regions[name].add(task)
        return list(new.values())


def _exists_already(region: str, identifier: str) -> ValueError:
    return ValueError(
        f"export task {identifier!r} exists already in {region}. Seed each identifier once; "
        f"registry[{identifier!r}] is the task"
    )
