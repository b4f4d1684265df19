"""ExportTaskRegistry: the user's view of one region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .. import _clock, _model
from .._failures import Failure
from .._messages import closest_first, format_choices, pluralize
from . import operations, seeds
from .account import Region, Stub
from .calls import Call
from .events import ExportEvent
from .injections import Injection
from .options import Options
from .seeds import Seed
from .sources import parse_source_arn
from .task import ExportTask, LiveExportTask, TaskFields
from .timeline import AnyTimeline

if TYPE_CHECKING:
    from typing_extensions import Unpack

__tracebackhide__ = True


class ExportTaskRegistry(Mapping[str, ExportTask]):
    """The export tasks of one region, by identifier, in the order in which they were seeded or started.

    As a mapping it gives the live tasks. Injected failures, stubs and calls belong to the account, whatever the
    region.
    """

    def __init__(self, region: Region) -> None:
        self._region = region

    @classmethod
    def of(cls, region: Region) -> ExportTaskRegistry:
        """Return the one registry of a region."""
        if region.view is None:
            region.view = cls(region)
        return region.view

    def seed(
        self,
        identifier: str,
        /,
        *,
        status: str = "IN_PROGRESS",
        timeline: AnyTimeline | None = None,
        **fields: Unpack[TaskFields],
    ) -> ExportTask:
        """Add a task as if it had been started before the test, and give the live one.

        The arguments are those of ``ExportTask``. More tasks may be seeded running than the limit of concurrent exports
        allows; a client that starts one then meets it. A task whose ``source_arn`` names another region is seeded
        there. Raises ``TypeError`` for an unknown field, ``ValueError`` for a value that is not allowed and for an
        identifier in use; the registry is then as it was.
        """
        (state,) = self._region.seed([ExportTask(identifier, status=status, timeline=timeline, **fields)])
        return LiveExportTask.of(state)

    def seed_all(self, items: Iterable[Seed]) -> list[ExportTask]:
        """Add several tasks, all or none, and give the live ones.

        Each item is an identifier, an ``ExportTask``, a mapping in the API's shape, or a path to the JSON that
        ``aws rds describe-export-tasks`` prints (also the bare list of ``--query ExportTasks``). A task with a region,
        or whose source's ARN names one, is seeded there.

        Raises ``TypeError`` and ``ValueError`` as ``seed`` does, ``OSError`` for a file that cannot be read.
        """
        return [LiveExportTask.of(state) for state in self._region.seed(seeds.to_tasks(items))]

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
        parts = parse_source_arn(arn)
        if not parts or (cluster and parts["type"] == "snapshot"):
            raise ValueError(
                f"{arn_or_name!r} is neither the name of a {'cluster ' if cluster else ''}snapshot nor the ARN of one"
                f"{'' if cluster else ' or of a cluster'}"
            )
        time = _clock.now() - timedelta(hours=1)
        if snapshot_time is not None:
            time = _model.to_datetime("snapshot_time", snapshot_time)
        account = self._region.account
        with account.lock:
            sources = account.region(parts["region"]).sources
            return sources.add(arn, engine=engine, status=status, snapshot_time=time, members=members)

    def in_region(self, name: str) -> ExportTaskRegistry:
        """The same account's registry in another region. A task is only seen in its own region, as in AWS.

        Raises ``ValueError`` for what cannot be the name of a region.
        """
        return self.of(self._region.account.region(_model.check_region(name)))

    def inject(
        self,
        failure: Failure | str | Exception,
        *,
        operation: str | None = None,
        identifier: str | None = None,
        times: int | None = None,
        applied: bool = False,
    ) -> Injection:
        """Make sends meet a failure; as a context manager, until its exit.

        *failure* is a ``Failure``, a name of the catalogue (wire code or shape name), or an exception instance; a
        ``ClientError`` travels as XML, so that botocore's retries see it. *operation* is the API's name of any RDS
        operation; by default the failure's own, else ``CancelExportTask``. *identifier* restricts it to calls with
        that ``ExportTaskIdentifier``. *times* counts sends, not calls: botocore's own retries use them up; None means
        every send. With *applied* the operation takes effect and its answer, a fault too, is lost. Several are served
        first in, first out.

        Raises ``ValueError`` for an unknown name, a failure of another operation, *times* below 1 and a failure that
        no send would ever reach; ``TypeError`` for what is no failure.
        """
        return self._region.account.injections.add(
            failure,
            tuple(operations.HANDLED),
            operation=operation,
            identifier=identifier,
            times=times,
            applied=applied,
        )

    def stub(self, operation: str, response: Stub) -> None:
        """Answer any other RDS operation, before moto or another handler is asked.

        *response* is a mapping in the API's shape, or a callable that takes the call's parameters and gives one. It is
        checked against the service model, a mapping at once. A later stub of the same operation replaces it.

        Raises ``ValueError`` for an unknown operation, for one of the four that are handled anyway, and for a
        response that the model does not allow, with the path of the member.
        """
        model = _model.operation_model(operation)
        if operation in operations.HANDLED:
            raise ValueError(f"{operation} is answered from the registry; seed a task or inject a failure instead")
        if not callable(response):
            _model.check_response(model, response)
        self._region.account.stubs[operation] = response

    @property
    def calls(self) -> list[Call]:
        """The calls that came, in order, also those that a stub, another handler or nobody answered."""
        return self._region.account.log.calls

    def calls_to(self, operation: str) -> list[Call]:
        """The calls to one operation, by the API's name. Raises ``ValueError`` for an unknown one."""
        _model.operation_model(operation)
        return [call for call in self.calls if call.operation == operation]

    @property
    def unanswered(self) -> list[Call]:
        """The calls that nobody answered. They fail the test at its end; clearing the list says they were expected."""
        return self._region.account.log.unanswered

    @property
    def events(self) -> list[ExportEvent]:
        """The events of this region so far, oldest first: one for each task that became COMPLETE, FAILED or CANCELED.

        A task that was seeded in one of these statuses has none. DescribeEvents lists the same events.
        """
        region = self._region
        with region.account.lock:
            region.advance(_clock.now())
            return region.events.copy()

    @property
    def region(self) -> str:
        """The region of the tasks."""
        return self._region.name

    @property
    def account_id(self) -> str:
        """The account's 12 digits."""
        return self._region.account.options.account_id

    @property
    def options(self) -> Options:
        """The options in force, of the marker, the ini file and the defaults."""
        return self._region.account.options

    def __getitem__(self, identifier: str) -> ExportTask:
        state = self._region.tasks.get(identifier)
        if state is None:
            elsewhere = [
                region.name for region in list(self._region.account.regions.values()) if identifier in region.tasks
            ]
            way = f"; it is in {format_choices(elsewhere)}: in_region({elsewhere[0]!r})" if elsewhere else ""
            known = closest_first(identifier, self)
            raise KeyError(f"no export task {identifier!r} in {self.region}; there are: {known}{way}")
        return LiveExportTask.of(state)

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._region.tasks

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._region.tasks))

    def __len__(self) -> int:
        return len(self._region.tasks)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        tasks, calls = pluralize(len(self), "task"), pluralize(len(self.calls), "call")
        return f"<ExportTaskRegistry of {self.region}: {tasks}, {calls}>"
