"""ExportTaskRegistry: the user's view of one region."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from .. import _clock, _model
from .._failures import Failure
from .._keywords import suggesting_keywords
from .._messages import find_similar, format_choices, must_be, must_be_type, pluralize
from .._rds.account import Account, Override, Stub
from .._rds.arns import make_arn, parse_arn
from .._rds.calls import Call
from .._rds.dispatch import ALWAYS, HANDLED
from .._rds.events import Event
from .._rds.files import ExportFiles
from .._rds.injections import Injection
from .._rds.options import Options
from .._rds.region import Region
from .._rds.sources import SourceState, check_source, make_database, seeded_status, timeline_of
from .._rds.state import is_identifier
from .._rds.tables import ExportedTable
from .._rds.timeline import AnySnapshotTimeline, AnyTimeline, Stuck, check_snapshot_timeline
from .._times import to_datetime
from . import deliveries, outgoing, seeds
from .deliveries import Delivery, Handler
from .event import RdsEvent
from .seeds import Seed
from .snapshots import Snapshots
from .source import ExportSource
from .task import ExportTask, LiveExportTask, TaskFields

if TYPE_CHECKING:
    from pathlib import Path

    from botocore.client import BaseClient
    from mypy_boto3_s3 import S3Client
    from typing_extensions import Unpack

__tracebackhide__ = True


@suggesting_keywords
class ExportTaskRegistry(Mapping[str, ExportTask]):
    """The export tasks of one region, by identifier, in the order in which they were seeded or started.

    As a mapping it holds the live tasks. Injected failures, stubs and calls belong to the account, whatever the region.
    """

    __module__ = "pytest_rds_export.types"

    def __init__(
        self, _account: Account, _region: str | None = None, _siblings: dict[str, ExportTaskRegistry] | None = None, /
    ) -> None:
        self._account = _account
        self._region = _account.region(_region)
        self._live: dict[str, LiveExportTask] = {}
        self._snapshots = Snapshots(self._region)
        # The registries of all regions of the account, so that each region has one.
        self._siblings = {} if _siblings is None else _siblings
        self._siblings[self._region.name] = self

    def seed(
        self,
        identifier: str | ExportTask,
        /,
        *,
        status: str | None = None,
        timeline: AnyTimeline | None = None,
        region: str | None = None,
        **fields: Unpack[TaskFields],
    ) -> ExportTask:
        """Add a task as if it had been started before the test.

        More tasks may be seeded running than ``concurrent_limit`` allows; a client that starts one more is refused.
        With ``write_files``, the files that its status and progress stand for are written at once.

        Args:
            identifier: At most 60 ASCII letters, digits and single hyphens, with a letter first and no hyphen last. Or
                an ``ExportTask``, which has all its fields already.
            status: STARTING, IN_PROGRESS (the default), CANCELING, CANCELED, COMPLETE or FAILED.
            timeline: How the task advances; by default as the option ``timeline`` says.
            region: The region of the task; by default that of ``source_arn``, otherwise of this registry.
            **fields: The fields of the response in snake case, see ``ExportTask``. One that is not given gets what a
                real task in that status has.

        Returns:
            The live task.

        Raises:
            TypeError: For an unknown field, and for fields alongside an ``ExportTask``.
            ValueError: For a value that is not allowed, for an identifier in use, and, in a registry of ``in_region``,
                for a task of another region. The registry is then as it was.

        """
        if not isinstance(identifier, ExportTask):
            status = "IN_PROGRESS" if status is None else status
            task = ExportTask(identifier, status=status, timeline=timeline, region=region, **fields)
        elif fields or (status, timeline, region) != (None, None, None):
            raise TypeError(f"{identifier!r} is seeded as it is. Pass status, timeline and fields to ExportTask(...)")
        else:
            task = identifier
        (live,) = self._seed([task])
        return live

    def seed_all(self, items: Iterable[Seed]) -> list[ExportTask]:
        """Add several tasks, all or none.

        Args:
            items: Identifiers, ``ExportTask`` values, mappings in the API's shape, and ``pathlib.Path`` objects of
                files with the JSON that ``aws rds describe-export-tasks`` prints (also the bare list of
                ``--query ExportTasks``). A task that names a region, or whose source does, is seeded there.

        Returns:
            The live tasks.

        Raises:
            TypeError: For an unknown field, or something that cannot be seeded.
            ValueError: As ``seed`` raises it, and for a file that is not such JSON.
            OSError: For a file that cannot be read.

        """
        return self._seed(seeds.to_tasks(items))

    def _seed(self, tasks: Sequence[ExportTask]) -> list[ExportTask]:
        routed = [(self._route(task.region or self.region, f"export task {task.identifier!r}"), task) for task in tasks]
        self._account.seed((region, task.to_response(), task.timeline) for region, task in routed)
        return [self._in(region.name)[task.identifier] for region, task in routed]

    def _route(self, name: str, what: str) -> Region:
        """Return the region in which *what* is seeded, which names one; only the default region passes it on.

        Raises ``ValueError`` in a registry of ``in_region`` for another region.
        """
        if name != self.region != self.options.region:
            raise ValueError(
                f"{what} belongs to {name}, but this is the registry of {self.region}. Seed it with in_region({name!r})"
            )
        return self._account.region(name)

    def seed_snapshot(
        self,
        arn_or_name: str,
        /,
        *,
        engine: str | None = None,
        status: str | None = None,
        snapshot_time: datetime | str | None = None,
        available_after: timedelta | float | None = None,
        timeline: AnySnapshotTimeline | None = None,
        cluster: bool = False,
        **members: Any,
    ) -> ExportSource:
        """Add a snapshot or cluster that StartExportTask can export.

        As soon as a source is seeded or created in a region, StartExportTask finds no other source there. It finds a
        source by its whole ARN.

        Args:
            arn_or_name: The ARN of a ``snapshot``, ``cluster-snapshot`` or ``cluster``, or the name of a snapshot in
                this region. It is stored in lower case (service model). The ARN of another account is that of a
                shared snapshot, or a public one with ``snapshot_type="public"``.
            engine: The API's name of the engine, such as ``"postgres"``, which decides the forms of ExportOnly that
                are accepted (service model); every form without it.
            status: One that AWS documents: for snapshots in the service model, in botocore's waiters and in the user
                guide, for clusters in the Aurora user guide. By default ``"available"``, with *available_after* or
                *timeline* ``"creating"``. An export of a source that is not available is refused with
                InvalidExportSourceState (service model).
            snapshot_time: When the snapshot was created, an aware ``datetime`` or an ISO 8601 string; by default one
                hour ago, or now if it is creating or copying. A DB snapshot has its SnapshotCreateTime only after
                that (examples of the AWS CLI).
            available_after: The source is creating, or copying with ``status="copying"``, and becomes available when
                the clock has moved by this ``timedelta`` or number of seconds, from 0 to 100 years: a short form of
                *timeline*.
            timeline: How the snapshot advances while it is creating, copying or deleting: a ``SnapshotTimeline``,
                ``SnapshotPolls`` or ``Stuck``. By default as the option ``snapshot_timeline`` says; but one that is
                seeded as deleting then stays so, and so does a cluster in every status.
            cluster: Whether a name is that of a cluster snapshot.
            **members: Further members of the model's DBSnapshot, DBClusterSnapshot or DBCluster in snake case.

        Returns:
            The live source, whose ``move_to("available")`` changes its status.

        Raises:
            TypeError: For an unknown member.
            ValueError: For a value that is not allowed, for a source that exists already, and, in a registry of
                ``in_region``, for an ARN of another region.

        """
        arn = _model.plain(arn_or_name) if isinstance(arn_or_name, str) else arn_or_name
        if isinstance(arn, str) and not arn.startswith("arn:"):
            arn = make_arn(self.region, self.account_id, "cluster-snapshot" if cluster else "snapshot", arn)
        parts = parse_arn(arn)
        if parts is None or (cluster and parts.resource_type == "snapshot"):
            allowed = f"the name of a {'cluster ' if cluster else ''}snapshot, or the ARN of one"
            raise ValueError(must_be("arn_or_name", f"{allowed}{'' if cluster else ' or of a cluster'}", arn_or_name))
        arn = str(parts._replace(name=parts.name.lower()))
        region = self._route(parts.region, repr(arn))
        if timeline is not None:
            check_snapshot_timeline("timeline", timeline)
            if available_after is not None:
                raise ValueError("available_after is a short form of timeline. Pass one of them")
        is_cluster = parts.resource_type == "cluster"
        default = timeline or (Stuck() if is_cluster else self.options.snapshot_timeline)
        status = seeded_status(status, advances=timeline is not None or available_after is not None)
        follows = timeline_of(status, default, available_after)
        created = None if snapshot_time is None else to_datetime("snapshot_time", snapshot_time)
        given = check_source(arn, status, {"engine": engine, **members})
        if parts.account_id != self.account_id and not is_cluster:
            given.setdefault("SnapshotType", "shared")
        fresh = not _clock.is_frozen() and not self._account.outbox.receivers  # it has its times now
        source = SourceState(arn, given, follows, _clock.now(), snapshot_time=created, fresh=fresh)
        if status == "deleting" and timeline is None:
            source.hold()
        return self._add_source(region, source)

    def seed_database(
        self,
        name: str,
        /,
        *,
        engine: str | None = None,
        status: str = "available",
        cluster: bool = False,
        **members: Any,
    ) -> ExportSource:
        """Add an instance or a cluster of this region, of which snapshots can be taken.

        As long as none is seeded in a region, snapshots can be taken of any name. Afterwards others do not exist, and
        DescribeDBInstances and DescribeDBClusters are handled. StartExportTask can export a cluster.

        Args:
            name: The identifier, which is stored in lower case (service model).
            engine: The API's name of the engine; by default ``"postgres"``, of a cluster ``"aurora-postgresql"``.
            status: One that AWS documents in its user guides. A snapshot can be taken of an available one.
            cluster: Whether it is a cluster.
            **members: Further members of the model's DBInstance or DBCluster in snake case. A snapshot has those that
                its own structure has, too, and the tags with ``copy_tags_to_snapshot=True``.

        Returns:
            The live database, whose ``move_to("stopped")`` changes its status.

        Raises:
            TypeError: For an unknown member.
            ValueError: For a value that is not allowed, and for a database that exists already.

        """
        if not isinstance(name, str) or not is_identifier(name):
            allowed = "ASCII letters, digits and single hyphens, with a letter first and no hyphen last"
            raise ValueError((must_be if isinstance(name, str) else must_be_type)("name", allowed, name))
        arn = make_arn(self.region, self.account_id, "cluster" if cluster else "db", name.lower())
        given = check_source(arn, status, {"engine": engine, **members})
        source = make_database(arn, given, _clock.now(), fresh=not _clock.is_frozen())
        return self._add_source(self._region, source)

    def _add_source(self, region: Region, source: SourceState) -> ExportSource:
        with region.lock:
            region.find_source(source.arn, _clock.now())  # its deletion may have ended
            region.add_source(source)
        outgoing.deliver(self._account.outbox)
        return self._in(region.name)._snapshots.live[source]  # noqa: SLF001 - of a registry like this one

    @property
    def snapshots(self) -> Mapping[str, ExportSource]:
        """The snapshots of this region that are there now, seeded or created, by their names.

        Where a DB snapshot and a cluster snapshot share a name, the later of them has its resource type in front, such
        as ``cluster-snapshot:nightly``. A key can be the ARN, too.
        """
        return self._snapshots

    def in_region(self, name: str) -> ExportTaskRegistry:
        """Return the same account's registry in another region. A task is seen only in its own region, as in AWS.

        Raises:
            ValueError: For what cannot be the name of a region.

        """
        return self._in(_model.check_region(name))

    def _in(self, region: str) -> ExportTaskRegistry:
        with self._account.lock:
            found = self._siblings.get(region)
            return ExportTaskRegistry(self._account, region, self._siblings) if found is None else found

    def inject(
        self,
        failure: Failure | str | Exception | None = None,
        *,
        operation: str | None = None,
        identifier: str | None = None,
        where: Callable[[Mapping[str, Any]], object] | None = None,
        times: int | None = None,
        calls: int | None = None,
        after: int = 0,
        applied: bool = False,
        delay: timedelta | float = 0,
    ) -> Injection:
        """Make attempts of an operation fail, or their responses late. As a context manager, until its exit.

        Several injected failures are used in their order.

        Args:
            failure: A ``Failure``, the name of one (the error code, or the exception class of the service model), or an
                exception. A ``ClientError`` is sent as XML, so that botocore's retries see it. None if the response is
                only late.
            operation: The API name of the operation that fails; by default the failure's own, otherwise
                CancelExportTask.
            identifier: Fail only calls with this ExportTaskIdentifier.
            where: Fail only calls for whose parameters, in the API's shape, this function returns something true.
            times: How many attempts fail, botocore's retries included; None for every attempt.
            calls: Instead of *times*, how many calls fail, each with all its attempts.
            after: How many attempts pass before the first one fails, 0 by default; 2 fails the third poll. An attempt
                that fails with an earlier injection does not count.
            applied: Let the operation take effect and lose its response, even if that is a fault.
            delay: How late the response is, a ``timedelta`` or seconds. The operation takes effect at once; then
                ``rds_export_clock`` moves. A client with a shorter ``read_timeout`` gets ``ReadTimeoutError``, when the
                clock has moved by that. Without the clock nothing waits, and the same client gets the same error.
                Clients of the endpoint get every response.

        Returns:
            The injection, whose ``attempts`` says how often it was used.

        Raises:
            TypeError: For what is not a failure, for neither a failure nor a delay, and for both *times* and *calls*.
            ValueError: For an unknown name, a failure that the operation does not have, a value that is not allowed,
                and a failure that would never be used.

        """
        return self._account.injections.add(
            failure,
            tuple(HANDLED),
            operation=operation,
            identifier=identifier,
            where=where,
            times=times,
            calls=calls,
            after=after,
            applied=applied,
            delay=delay,
        )

    def stub(self, operation: str, response: Stub) -> None:
        """Give any other RDS operation a response, before moto or another handler is asked.

        Args:
            operation: The API name of the operation.
            response: A mapping in the API's shape, or a function that takes the parameters of a call and returns one.
                It is checked against the service model, a mapping at once. A later stub replaces it.

        Raises:
            ValueError: For an unknown operation, one that is handled anyway, and a response that the service model does
                not allow.

        """
        model = _model.operation_model(operation)
        if operation in ALWAYS:
            raise ValueError(
                f"{operation} cannot be stubbed: it is always handled. Seed a task, inject a failure or override it"
            )
        if not callable(response):
            _model.check_response(model, response)
        _check_synchronous("response", response)
        self._account.stubs[operation] = response

    def override(self, operation: str, function: Override) -> None:
        """Replace how an operation that is handled responds, where AWS does otherwise than this plugin infers.

        Args:
            operation: The API name of an operation that is handled, such as ``"CancelExportTask"``.
            function: It takes the parameters of a call, and a function without arguments that has the plugin handle the
                call: it returns the plugin's response, or raises the ``ClientError`` that the client would raise.
                *function* returns the response in the API's shape, which is checked against the service model, or
                raises a ``ClientError``. A later function replaces it.

        Raises:
            ValueError: For an operation that is not handled, and for what is not a function.

        """
        _model.operation_model(operation)
        if operation not in HANDLED:
            raise ValueError(f"{operation} cannot be overridden: it is not {format_choices(HANDLED)}. Use stub")
        if not callable(function):
            raise ValueError(must_be_type("function", "a function of two arguments", function))
        _check_synchronous("function", function)
        self._account.overrides[operation] = function

    def write_files(
        self,
        to: S3Client | Path,
        *,
        tables: Sequence[str | ExportedTable] | None = None,
        time_format: str = "text",
        uuid_of: str = "export",
        batch_folders: bool = True,
    ) -> None:
        """Have the exports of the account, in every region, write their files as they progress.

        Nothing while STARTING, the tables one after the other during IN_PROGRESS, the rest and the JSON files at
        COMPLETE (the order is inferred). A canceled or failed export keeps what it has written (AWS's documentation).
        Keys and JSON are those of a captured export. The plugin makes no S3 client of its own.

        Files are written when a task is brought up to date: at a call for it, a read of it here, and each move of
        ``rds_export_clock``. Exports that were seeded or started before get at once the files that their status and
        progress stand for; so does an export that is seeded later. A second call writes everything anew into another
        place and removes nothing from the first.

        StartExportTask checks the bucket from now on: ``InvalidS3BucketFault``, "The S3 bucket X doesn't exist."
        (captured), or the model's text if the client may not read it. A store that raises later makes the task FAILED
        with a documented ``FailureCause``; which error has which cause is inferred.

        Args:
            to: A boto3 S3 client, such as moto's or MinIO's; or a ``pathlib.Path``, below which each bucket is a
                folder. In a folder every bucket exists.
            tables: The tables of every source: names such as ``"shop.orders"`` (MySQL) and ``"shop.public.orders"``
                (PostgreSQL), or ``ExportedTable``s, narrowed by ``ExportOnly``. By default ``shop.customers`` and
                ``shop.orders``.
            time_format: Of the times in the JSON files: ``"text"`` (``Jun 26, 2024, 3:43:58 PM``, as captured) or
                ``"iso"`` (``2024-06-26T15:43:58.123Z``, which a public program expects).
            uuid_of: What has one UUID in the names of its parts: the whole ``"export"`` (captured), each ``"table"``,
                or each ``"part"`` (AWS's documentation).
            batch_folders: Whether the parts of a table are in numbered folders; False for the layout until about
                January 2022.

        Raises:
            TypeError: *to* is neither a boto3 S3 client nor a path.
            ValueError: Another value is not allowed.
            Exception: What the store raises for the files of exports that are there already, such as ``NoSuchBucket``.

        """
        try:
            self._account.write_files(
                ExportFiles(to, tables, time_format=time_format, uuid_of=uuid_of, batch_folders=batch_folders)
            )
        finally:
            outgoing.deliver(self._account.outbox)

    def deliver_events(
        self,
        to: Handler | BaseClient,
        *,
        shape: Literal["eventbridge", "subscription", "eventbridge-sns"] | None = None,
        topic: str | None = None,
        bus: str | None = None,
        pattern: Mapping[str, Any] | str | None = None,
        delay: timedelta | float = 0,
        times: int = 1,
    ) -> None:
        """Deliver each event of the account, in every region, that happens from now on.

        An event is delivered right after the change that caused it, in the thread that caused it: a call of a client, a
        read or move of a task, or a move of ``rds_export_clock``, which stops at each event on its way. What is
        delivered to may call boto3, start exports, sleep and move the clock. Events that it causes are delivered after
        it has returned, in the order of their dates. Several receivers get an event in the order of these calls.

        An exception of a receiver does not reach the code that caused the event. It is in ``deliveries`` and fails the
        test at its end, unless the option ``assert_all_delivered`` is false.

        Args:
            to: A function with the arguments of a Lambda function, event and context; a boto3 SNS client, which
                publishes as an RDS event subscription does; or a boto3 EventBridge client, which puts the event on a
                bus. With moto's clients, queues and rules behind them work. The plugin makes no client of its own.
            shape: What a function receives: ``"eventbridge"`` (the default), what a rule invokes it with;
                ``"subscription"``, the record of an SNS topic that an RDS event subscription publishes to; or
                ``"eventbridge-sns"``, the record of an SNS topic that is the target of a rule.
            topic: The ARN of the topic, for an SNS client.
            bus: The name or ARN of the event bus, for an EventBridge client; by default the bus ``default``.
            pattern: Deliver only events that an EventBridge rule with this event pattern lets through: a ``dict``, or a
                string of JSON, as in a template. An RDS event subscription has none.
            delay: Deliver each event that much later by the clock: a ``timedelta`` or a number of seconds. Without
                ``rds_export_clock``, at the first call or read after that.
            times: How often each event is delivered. AWS promises at least once.

        Raises:
            TypeError: *to* cannot be delivered to, such as an async function, or an argument is not for it.
            ValueError: Another value is not allowed, or EventBridge refuses the pattern.
            RuntimeError: The fake has ended.

        """
        deliveries.deliver_events(
            self._account,
            self._find_event,
            to,
            shape=shape,
            topic=topic,
            bus=bus,
            pattern=pattern,
            delay=delay,
            times=times,
        )

    def _find_event(self, region: str, event: Event) -> RdsEvent:
        return self._in(region)._to_event(event)  # noqa: SLF001 - of this class

    @property
    def deliveries(self) -> list[Delivery]:
        """What came of each event for each receiver of ``deliver_events``.

        Those whose receiver raised fail the test at its end; clear the list if that was expected.
        """
        return self._account.outbox.deliveries

    @property
    def calls(self) -> list[Call]:
        """The calls of all clients, in order, whoever handled them."""
        return self._account.log.calls

    def calls_to(self, operation: str) -> list[Call]:
        """Return the calls to one operation, by its API name.

        Raises:
            ValueError: For an unknown operation.

        """
        _model.operation_model(operation)
        return [call for call in self.calls if call.operation == operation]

    @property
    def unhandled(self) -> list[Call]:
        """The calls that nothing handled. They fail the test at its end; clear the list if they were expected."""
        return self._account.log.unhandled

    @property
    def events(self) -> list[RdsEvent]:
        """The events of the tasks and snapshots of this region so far, oldest first.

        A task has one when it becomes COMPLETE, FAILED or CANCELED; a snapshot when its creation or copy begins and
        ends, and when it is deleted; an instance when the creation of its snapshot begins and ends. What was seeded in
        a status has none for it. DescribeEvents lists the same events.
        """
        self._region.update_all(_clock.now())
        self._account.log.regions_asked_for_events.add(self.region)
        outgoing.deliver(self._account.outbox)
        with self._region.lock:
            return [self._to_event(event) for event in self._region.events]

    def _to_event(self, event: Event) -> RdsEvent:
        about: Any = event.record
        is_source = isinstance(about, SourceState)
        return RdsEvent(
            event_id=event.event_id,
            message=event.message,
            categories=event.categories,
            source_type=event.source_type,
            source_identifier=event.source_identifier,
            source_arn=event.source_arn,
            date=event.date,
            region=self.region,
            account_id=self.account_id,
            tags={tag.get("Key", ""): tag.get("Value", "") for tag in event.tags},
            task=None if is_source else self[about.identifier],
            source=self._snapshots.live[about] if is_source else None,
        )

    @property
    def region(self) -> str:
        """The region of the tasks."""
        return self._region.name

    @property
    def account_id(self) -> str:
        """The account's 12 digits."""
        return self._account.options.account_id

    @property
    def options(self) -> Options:
        """The options in force, of the marker, the ini file and the defaults."""
        return self._account.options

    def __getitem__(self, identifier: str) -> ExportTask:
        live = self._live.get(identifier)
        if live is not None:
            return live
        state = self._region.tasks.get(identifier)
        if state is None:
            regions = list(self._account.regions.values())
            elsewhere = next((region.name for region in regions if identifier in region.tasks), None)
            if elsewhere is not None:
                hint = f"It is in {elsewhere}: use in_region({elsewhere!r})[{identifier!r}]"
            elif similar := find_similar(identifier, self):
                hint = f"Did you mean {format_choices(similar)}?"
            else:
                hint = f"The region has {format_choices(self, 'and')}" if len(self) else "The region has no tasks"
            raise KeyError(f"no export task {identifier!r} in {self.region}. {hint}")
        return self._live.setdefault(identifier, LiveExportTask(state, self._region))

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


def account_of(registry: ExportTaskRegistry) -> Account:
    """Return the account that a registry is a view of."""
    return registry._account  # noqa: SLF001 - of its own class


def _check_synchronous(name: str, function: object) -> None:
    """Raise ``ValueError`` for a coroutine function: a response is given without an event loop."""
    called = getattr(function, "__call__", None)  # noqa: B004 - of an object that is a function by its class
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called):
        raise ValueError(f"{name} must not be a coroutine function, got {function!r}. Write it with def")
