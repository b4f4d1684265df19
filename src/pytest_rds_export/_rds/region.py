"""A region of an account: makes the transitions of its tasks and sources happen, and does what follows."""

from __future__ import annotations

import copy
from bisect import insort
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from threading import RLock
from typing import Any, NamedTuple

from .. import _clock
from .._messages import format_choices
from .._times import LATEST
from .events import Event, Outbox, beginning_of_snapshot, by_date, change_of_snapshot, end_of_export
from .files import ExportFiles
from .log import Change, Log
from .record import Record
from .sources import ResourceType, SourceState
from .state import FINISHED, RUNNING, TRANSITIONS, TaskState
from .targets import failure_cause
from .timeline import Transition

__tracebackhide__ = True


class Region:
    """One region of an account: its tasks, in the order in which they were seeded or started, sources and events.

    It makes the transitions of its records happen, and does what follows: files are stored, the end is noted. Whoever
    calls a method holds the lock of the account; ``update``, ``update_all`` and ``move`` are called without it.
    """

    def __init__(
        self, name: str, account_id: str, lock: RLock, log: Log, files: ExportFiles | None, outbox: Outbox
    ) -> None:
        self.name = name
        self.account_id = account_id
        self.tasks: dict[str, TaskState] = {}
        self.sources: dict[str, SourceState] = {}
        self.events: list[Event] = []
        self.lock = lock
        self.outbox = outbox
        self._log = log
        self._files = files
        self._types_seen: set[ResourceType] = set()
        self._unfinished: dict[str, TaskState] = {}
        # How many had ended before each task that has ended.
        self._ended: dict[str, int] = {}
        self._calm_until: datetime | None = None
        self._storing: dict[Record, Transition | None] = {}

    def use_files(self, files: ExportFiles) -> None:
        """Store the files of exports with *files* from now on."""
        self._files = files

    def running(self, now: datetime) -> Iterator[TaskState]:
        """Yield the tasks that are STARTING or IN_PROGRESS at *now*."""
        self.advance_tasks(now)
        return (task for task in list(self._unfinished.values()) if task.status in RUNNING)

    def advance_tasks(self, now: datetime) -> list[TaskState]:
        """Make the transitions of all tasks that are due; return those whose files have to be stored first."""
        # None is due before that, so that 100,000 tasks are not asked at each call.
        if self._files is None and self._calm_until is not None and now < self._calm_until:
            return []
        waiting = [task for task in list(self._unfinished.values()) if self.advance(task, now) is not None]
        dues = (task.due_at() for task in self._unfinished.values())
        self._calm_until = min((due for due in dues if due is not None), default=LATEST)
        return waiting

    def versions(self) -> tuple[int, int]:
        """Return the version of the list of all tasks: how many there are, and how many have ended."""
        return len(self.tasks), len(self._ended)

    def listed(self, known: int, ended: int) -> Iterator[TaskState]:
        """Yield all tasks as a list of that version has them: those that had ended come after the others.

        Those that were added since come last, so that none is missing from the pages.
        """
        tasks = self.tasks.values()
        for had_ended in (False, True):
            for task in islice(tasks, known):
                if (self._ended.get(task.identifier, ended) < ended) is had_ended:
                    yield task
        yield from islice(tasks, known, None)

    def shift(self, length: timedelta) -> None:
        """Shift the times of unfinished tasks and sources."""
        self._calm_until = None
        for record in (*self._unfinished.values(), *self.sources.values()):
            if not record.fresh:
                record.shift(length)

    def add(self, task: TaskState) -> None:
        """Add a task whose identifier is free."""
        self.tasks[task.identifier] = task
        self._calm_until = None
        if task.status not in FINISHED:
            self._unfinished[task.identifier] = task
        else:
            self._ended[task.identifier] = len(self._ended)

    def add_source(self, source: SourceState) -> None:
        """Add a source. Raises ``ValueError`` if its ARN is seeded already."""
        if source.arn in self.sources:
            raise ValueError(f"{source.arn!r} exists already. Seed each source once")
        self.sources[source.arn] = source
        self._types_seen.add(source.type)

    def find_source(self, arn: str, now: datetime) -> SourceState | None:
        """Return a source as it is at *now*; None if there is none, or if its deletion has ended."""
        found = self.sources.get(arn)
        if found is not None:
            self.advance(found, now)
        return self.sources.get(arn)

    def create_source(self, source: SourceState) -> None:
        """Add a snapshot that a client creates or copies, and note that this has begun."""
        self.add_source(source)
        created = Transition(source.status, source.since)
        self._note(source, created, beginning_of_snapshot(source), requested=True)

    def remove_source(self, source: SourceState) -> None:
        """Remove a source, if it is still there."""
        if self.sources.get(source.arn) is source:
            del self.sources[source.arn]

    def move_source(self, source: SourceState, transition: Transition) -> None:
        """Make a transition that a user asks for. The source then stays there."""
        source.hold()
        self.enter(source, transition, requested=True)

    @property
    def knows_sources(self) -> bool:
        """Whether a source of exports was ever seeded or created here, so that others do not exist."""
        return any(type_.is_exportable for type_ in self._types_seen.copy())

    @property
    def knows_databases(self) -> bool:
        """Whether a database was ever seeded here, so that others do not exist."""
        return not all(type_.parent for type_ in self._types_seen.copy())

    def advance_sources(self, now: datetime) -> None:
        """Bring all sources up to date."""
        for source in list(self.sources.values()):
            self.advance(source, now)

    def advance(self, record: Record, now: datetime, *, describing: bool = False) -> _Storing | None:
        """Make the transitions of a task or source that are due at *now*; return what has to be stored first, if any.

        *describing* says that a Describe operation asks, which polls count.
        """
        if record.fresh:
            record.use(now, frozen=_clock.is_frozen())
        if record in self._storing:
            return None
        while (due := record.find_due(now, describing=describing)) is not None:
            if (storing := self._find_unstored(record, due)) is not None:
                return storing
            self.enter(record, due)
        return self._find_unstored(record, None)

    def enter(self, record: Record, transition: Transition, *, requested: bool = False) -> None:
        """Make a transition, which is due or was *requested*, and note the events that it has."""
        before, since = record.stage, record.since
        record.enter(transition)
        events: list[Event] = []
        self._calm_until = None
        if isinstance(record, TaskState) and transition.status in FINISHED:
            del self._unfinished[record.identifier]
            self._ended[record.identifier] = len(self._ended)
            events = [end_of_export(record)]
        elif isinstance(record, SourceState):
            if record.status == "deleted":
                self.remove_source(record)
            events = change_of_snapshot(record, before, since, transition.when)
        self._note(record, transition, events, requested=requested)

    def _note(self, record: Record, transition: Transition, events: list[Event], *, requested: bool) -> None:
        """Record a transition that was made, for a report, and its events, which are to be delivered."""
        for noted in events:
            about = record if isinstance(record, SourceState) and record.arn == noted.source_arn else None  # or gone
            source = about or self.sources.get(noted.source_arn)
            event = noted if source is None else noted._replace(tags=copy.deepcopy(source.fields.get("TagList", ())))
            # By date: a record is brought up to date when it is read, and a clock can go backwards.
            insort(self.events, event, key=by_date)
            self.outbox.put(self.name, event)
        event_ids = [event.event_id for event in events]
        change = Change(record, transition.status, self.name, event_ids)
        self._log.record_change(change, transition.when, requested=requested)

    def update(self, task: TaskState, now: datetime, *, describing: bool = False) -> None:
        """Make the transitions of a task that are due at *now*, and store its files on the way."""
        while True:
            with self.lock:
                storing = self.advance(task, now, describing=describing)
                if storing is None:
                    return
                self._storing[task] = storing.waiting
            self._store(storing, now)

    def update_all(self, now: datetime) -> None:
        """Bring every unfinished task and source up to date, so that ``events`` is complete and files are there."""
        with self.lock:
            self.advance_sources(now)
            waiting = self.advance_tasks(now)
        for task in waiting:
            self.update(task, now)

    def next_change(self, now: datetime) -> datetime | None:
        """Return when the clock will make the next transition of a task or source after *now*; None if it does not."""
        dues = (record.due_at() for record in (*self._unfinished.values(), *self.sources.values()))
        return min((due for due in dues if due is not None and due > now), default=None)

    def move(self, task: TaskState, transition: Transition) -> None:
        """Make a transition that a user asks for. Raises ``ValueError`` if the task cannot become that."""
        with self.lock:
            store = self.begin_move(task, transition)
        if store is not None:
            store()

    def begin_move(self, task: TaskState, transition: Transition) -> Callable[[], None] | None:
        """Make a transition, or begin to: call what this returns without the lock, to store the files first."""
        allowed = TRANSITIONS[task.status]
        if transition.status not in allowed:
            rest = f"It can become {format_choices(allowed)}" if allowed else "It has ended"
            raise ValueError(
                f"export task {task.identifier!r} is {task.status} and cannot become {transition.status}. {rest}"
            ) from self.store_error(task)
        storing = None if task in self._storing else self._find_unstored(task, transition)
        if storing is None:
            self.enter(task, transition, requested=True)
            return None
        self._storing[task] = transition
        return partial(self._store, storing, transition.when, requested=True)

    def _find_unstored(self, record: Record, waiting: Transition | None) -> _Storing | None:
        """Return what is to be stored for the progress of a task, or before a transition; None if nothing is."""
        if self._files is None or not isinstance(record, TaskState):
            return None
        after = record.fields if waiting is None else record.fields_after(waiting)
        return _Storing(record, waiting, record.fields, dict(after), self._files) if self._files.is_due(after) else None

    def _store(self, storing: _Storing, now: datetime, *, requested: bool = False) -> None:
        """Store files, then make the transition that waits for them: FAILED, if they cannot be stored.

        Without the lock: a store takes time, and may call anything, also this fake.
        """
        task, waiting, before, after, files = storing
        done = None  # also after a BaseException, such as that of the clock's limit: the next update stores the rest
        try:
            files.update(after)
            done = waiting
        except Exception as error:  # noqa: BLE001 - a client, a folder and a test's stand-in raise anything
            files.give_up(after, error)
            done = _failed(waiting or Transition(task.status, now), after, error)
        finally:
            with self.lock:
                del self._storing[task]
                if done is not None and task.fields is before:  # it has not been moved meanwhile
                    self.enter(task, done, requested=requested)
                    task.warn(files.warning_message(task.fields))

    def is_ending(self, task: TaskState) -> bool:
        """Return whether the last files of a task are being stored, so that a cancel comes too late."""
        waiting = self._storing.get(task)
        return waiting is not None and waiting.status in FINISHED

    def store_error(self, task: TaskState) -> Exception | None:
        """Return what the store raised when the files of a task were stored."""
        return None if self._files is None else self._files.error_of(task.fields)


class _Storing(NamedTuple):
    """The files of a task that have to be stored. The task stays as it is until they are."""

    task: TaskState
    waiting: Transition | None
    """What is to happen afterwards."""
    before: dict[str, Any]
    after: dict[str, Any]
    files: ExportFiles


def _failed(waiting: Transition, after: Mapping[str, Any], error: Exception) -> Transition:
    """Return the transition in place of one whose files cannot be stored; a COMPLETE export keeps its last progress."""
    fields = {} if waiting.status == "COMPLETE" else dict(waiting.fields)
    # FAILED sets no TaskStartTime, and what has something to store has begun, at the latest now.
    start = after.get("TaskStartTime", waiting.when)
    fields |= {"TaskStartTime": start, "FailureCause": failure_cause(error, after)}
    return Transition("FAILED", waiting.when, fields)
