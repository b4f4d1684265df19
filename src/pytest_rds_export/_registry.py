"""ExportTaskRegistry: the tasks of an account by region, sources, injected failures, calls."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any

from . import _clock, _model
from ._calls import Call, CallLog
from ._failures import Failure
from ._injections import Injection, InjectionQueue
from ._options import Options
from ._record import RUNNING
from ._sources import Sources
from ._task import ExportTask, source_arn_parts
from ._timeline import Polls, Stuck, Timeline
from ._wording import closest_first, counted, listed

__tracebackhide__ = True

Seed = str | ExportTask | Mapping[str, Any] | os.PathLike[str]
Stub = Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Account:
    """What the regions of one account share."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.lock = RLock()
        self.regions: dict[str, ExportTaskRegistry] = {}
        self.injections = InjectionQueue(self.lock)
        self.stubs: dict[str, Stub] = {}
        self.log = CallLog()


class ExportTaskRegistry(Mapping[str, ExportTask]):
    """The export tasks of one region, by identifier, in the order in which they were seeded or started.

    As a mapping it gives the live tasks. Injected failures, stubs and calls belong to the account, whatever the
    region.
    """

    def __init__(self, options: Options | None = None, *, _account: Account | None = None, _region: str = "") -> None:
        self._account = _account or Account(options or Options())
        self.region = _region or self._account.options.region
        self._account.regions[self.region] = self
        self._tasks: dict[str, ExportTask] = {}
        self._order: list[ExportTask] = []
        self._running: list[ExportTask] = []
        self._sources = Sources()

    def seed(
        self,
        identifier: str,
        /,
        *,
        status: str = "IN_PROGRESS",
        timeline: Timeline | Polls | Stuck | None = None,
        **members: Any,
    ) -> ExportTask:
        """Add a task as if it had been started before the test, and give the live one.

        The arguments are those of ``ExportTask``. More tasks may be seeded running than the limit of concurrent exports
        allows; a client that starts one then meets it. A task whose ``source_arn`` names another region is seeded
        there. Raises ``TypeError`` for an unknown member, ``ValueError`` for a value that is not allowed and for an
        identifier in use; the registry is then as it was.
        """
        return self._add([ExportTask(identifier, status=status, timeline=timeline, **members)])[0]

    def seed_all(self, items: Iterable[Seed]) -> list[ExportTask]:
        """Add several tasks, all or none, and give the live ones.

        Each item is an identifier, an ``ExportTask``, a mapping in the API's shape, or a path to the JSON that
        ``aws rds describe-export-tasks`` prints (also the bare list of ``--query ExportTasks``). A task with a region,
        or whose source's ARN names one, is seeded there.

        Raises ``TypeError`` and ``ValueError`` as ``seed`` does, ``OSError`` for a file that cannot be read.
        """
        if isinstance(items, Mapping) and "ExportTasks" in items:
            raise TypeError("this is a whole response; seed its list: response['ExportTasks']")
        if isinstance(items, (str, os.PathLike, Mapping, ExportTask)):
            raise TypeError(f"seed_all takes several items; put the one into a list: [{items!r}]")
        tasks: list[ExportTask] = []
        for item in items:
            tasks.extend(_tasks_of(item))
        return self._add(tasks)

    def _add(self, tasks: list[ExportTask]) -> list[ExportTask]:
        """Take up values that are nobody else's, all or none; they become the live tasks."""
        now, steered = self._now(), self._clock_is_steered()
        new: dict[tuple[str, str], ExportTaskRegistry] = {}
        with self._lock:
            for task in tasks:
                region = task.region
                home = self if region is None or region == self.region else self._of_region(region)
                key = home.region, task.identifier
                if key in new or task.identifier in home._tasks:
                    raise ValueError(
                        f"export task {task.identifier!r} is already in {home.region}; seed each identifier once, and "
                        f"take a seeded one with registry[{task.identifier!r}]"
                    )
                new[key] = home
            for task, home in zip(tasks, new.values(), strict=True):
                task._go_live(home, now, steered=steered)
                home._place(task)
        return tasks

    def _place(self, task: ExportTask) -> None:
        """Take up a live task of this region whose identifier is free. The lock is held."""
        self._tasks[task.identifier] = task
        self._order.append(task)
        if task._was_running:
            self._running.append(task)

    def seed_snapshot(
        self,
        arn_or_name: str,
        /,
        *,
        engine: str | None = None,
        status: str = "available",
        snapshot_time: datetime | str | None = None,
        cluster: bool = False,
        **members: Any,
    ) -> Mapping[str, Any]:
        """Add something that StartExportTask can export, and give its record in the API's shape.

        *arn_or_name* is the ARN of a ``snapshot``, ``cluster-snapshot`` or ``cluster``, or the name of a snapshot of
        this region; with *cluster* of a cluster snapshot. *engine* is the API's, such as ``"postgres"``; without one
        every form of ``ExportOnly`` is accepted. A *status* other than ``"available"`` makes an export of it fail with
        ``InvalidExportSourceState``. *snapshot_time* is an aware ``datetime`` or an ISO 8601 text, by default one hour
        ago. *members* are members of the model's DBSnapshot, DBClusterSnapshot or DBCluster in snake case.

        As soon as one source is seeded in a region, unknown ones are not found there, and DescribeDBSnapshots and
        DescribeDBClusterSnapshots are answered from what is seeded. Raises ``ValueError`` for a malformed ARN, a value
        that is not allowed and a source that is seeded already, ``TypeError`` for an unknown member.
        """
        arn = arn_or_name
        if isinstance(arn, str) and not arn.startswith("arn:"):
            kind = "cluster-snapshot" if cluster else "snapshot"
            arn = f"arn:{_model.partition(self.region)}:rds:{self.region}:{self.account_id}:{kind}:{arn_or_name}"
        parts = source_arn_parts(arn) if isinstance(arn, str) else None
        if parts is None or (cluster and parts["type"] == "snapshot"):
            raise ValueError(
                f"{arn_or_name!r} is neither the name of a {'cluster ' if cluster else ''}snapshot nor the ARN of one"
                f"{'' if cluster else ' or of a cluster'}"
            )
        time = self._now() - timedelta(hours=1)
        if snapshot_time is not None:
            time = _model.moment("snapshot_time", snapshot_time)
        with self._lock:
            region = self._of_region(parts["region"])
            return region._sources.add(arn, parts, engine=engine, status=status, snapshot_time=time, members=members)

    def in_region(self, name: str) -> ExportTaskRegistry:
        """The same account's registry in another region. A task is only seen in its own region, as in AWS.

        Raises ``ValueError`` for what cannot be the name of a region.
        """
        return self._of_region(_model.checked_region(name))

    def _of_region(self, name: str) -> ExportTaskRegistry:
        """The account's registry in the region of a client, whatever that is called."""
        with self._lock:
            found = self._account.regions.get(name)
            if found is None:
                found = ExportTaskRegistry(_account=self._account, _region=name)
            return found

    def inject(
        self,
        failure: Failure | str | Exception,
        *,
        into: str | None = None,
        identifier: str | None = None,
        times: int | None = None,
        applied: bool = False,
    ) -> Injection:
        """Make sends meet a failure; as a context manager, until its exit.

        *failure* is a ``Failure``, a name of the catalogue (wire code or shape name), or an exception instance; a
        ``ClientError`` travels as XML, so that botocore's retries see it. *into* is the API's name of any RDS
        operation; by default the failure's own, else ``CancelExportTask``. *identifier* restricts it to calls with
        that ``ExportTaskIdentifier``. *times* counts sends, not calls: botocore's own retries use them up; None means
        every send. With *applied* the operation takes effect and its answer, a fault too, is lost. Several are served
        first in, first out.

        Raises ``ValueError`` for an unknown name, a failure of another operation, *times* below 1 and a failure that
        no send would ever reach; ``TypeError`` for what is no failure.
        """
        return self._account.injections.add(failure, into=into, identifier=identifier, times=times, applied=applied)

    def stub(self, operation: str, response: Stub) -> None:
        """Answer any other RDS operation, before moto or another handler is asked.

        *response* is a mapping in the API's shape, or a callable that takes the call's parameters and gives one. It is
        checked against the service model, a mapping at once. A later stub of the same operation replaces it.

        Raises ``ValueError`` for an unknown operation, for one of the three that are answered anyway, and for a
        response that the model does not allow, with the path of the member.
        """
        model = _model.operation_model(operation)
        if operation in _model.ANSWERED:
            raise ValueError(f"{operation} is answered from the registry; seed a task or inject a failure instead")
        if not callable(response):
            _model.check_response(model, response)
        self._account.stubs[operation] = response

    @property
    def calls(self) -> list[Call]:
        """The calls that came, in order, also those that a stub, another handler or nobody answered."""
        return self._account.log.calls

    def calls_to(self, operation: str) -> list[Call]:
        """The calls to one operation, by the API's name. Raises ``ValueError`` for an unknown one."""
        _model.operation_model(operation)
        return [call for call in self.calls if call.operation == operation]

    @property
    def unanswered(self) -> list[Call]:
        """The calls that nobody answered. They fail the test at its end; clearing the list says they were expected."""
        return self._account.log.unanswered

    @property
    def _lock(self) -> Any:
        """The one lock around find and change."""
        return self._account.lock

    @property
    def account_id(self) -> str:
        """The account's 12 digits."""
        return self._account.options.account_id

    @property
    def timeline(self) -> Timeline | Polls | Stuck:
        """How tasks move that have no timeline of their own."""
        return self._account.options.timeline

    _now = staticmethod(_clock.now)
    _clock_is_steered = staticmethod(_clock.is_steered)

    def _in_order(self) -> list[ExportTask]:
        """The tasks in their order, for paging. The lock is held; the list is not to be changed."""
        return self._order

    def _has_running(self, count: int, now: datetime) -> bool:
        """Whether at least *count* exports are running. The lock is held."""
        still = []
        for index, task in enumerate(self._running):
            if task._look(now).status in RUNNING:
                still.append(task)
            if len(still) == count:
                self._running[: index + 1] = still
                return True
        self._running = still
        return False

    def __getitem__(self, identifier: str) -> ExportTask:
        with self._lock:
            task = self._tasks.get(identifier)
        if task is None:
            elsewhere = [region.region for region in list(self._account.regions.values()) if identifier in region]
            way = f"; it is in {listed(elsewhere)}: in_region({elsewhere[0]!r})" if elsewhere else ""
            known = closest_first(identifier, self._tasks)
            raise KeyError(f"no export task {identifier!r} in {self.region}; there are: {known}{way}")
        return task

    def _get_live(self, identifier: str) -> ExportTask | None:
        """The task, or None. The lock is held."""
        return self._tasks.get(identifier)

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._tasks

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._tasks))

    def __len__(self) -> int:
        return len(self._tasks)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        tasks, calls = counted(len(self), "task"), counted(len(self.calls), "call")
        return f"<ExportTaskRegistry of {self.region}: {tasks}, {calls}>"


def _tasks_of(item: Seed) -> list[ExportTask]:
    if isinstance(item, ExportTask):
        return [item._copied()]
    if isinstance(item, str):
        return [ExportTask(item)]
    if isinstance(item, Mapping):
        return [ExportTask.from_response(item)]
    if isinstance(item, os.PathLike):
        return _tasks_of_file(Path(item).absolute())
    raise TypeError(
        f"a seed is an identifier, an ExportTask, a mapping in the API's shape or a path to a JSON file, got {item!r}"
    )


def _tasks_of_file(path: Path) -> list[ExportTask]:
    expected = "expected the JSON that 'aws rds describe-export-tasks' prints"
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise error.with_traceback(None) from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}); {expected}") from None
    records = content.get("ExportTasks") if isinstance(content, dict) else content
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ValueError(f"{path} holds no list of export tasks; {expected}")
    tasks = []
    for index, record in enumerate(records):
        try:
            tasks.append(ExportTask.from_response(record))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{path}, export task {index}: {error}") from None
    return tasks
