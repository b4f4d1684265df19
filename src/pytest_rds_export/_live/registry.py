"""ExportTaskRegistry: the user's view of one region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .. import _clock, _model
from .._keywords import suggesting_keywords
from .._messages import missing_key, must_be, must_be_type, pluralize
from .._rds.account import Account
from .._rds.arns import make_arn, parse_arn
from .._rds.region import Region
from .._rds.sources import SourceState, check_source, make_database, timeline_of
from .._rds.state import is_identifier
from .._rds.timeline import AnySnapshotTimeline, AnyTimeline, Stuck, check_snapshot_timeline
from .._times import to_datetime
from . import outgoing, seeds
from .account_view import AccountView
from .event import RdsEvent
from .seeds import Seed
from .snapshots import Snapshots
from .source import ExportSource
from .task import IDENTIFIER_RULE, ExportTask, TaskFields
from .views import Views

if TYPE_CHECKING:
    from typing_extensions import Unpack

__tracebackhide__ = True


@suggesting_keywords
class ExportTaskRegistry(AccountView, Mapping[str, ExportTask]):
    """The export tasks of one region, by identifier, in the order in which they were seeded or started.

    As a mapping it holds the live tasks. Injected failures, stubs and calls belong to the account, whatever the region.
    """

    __module__ = "pytest_rds_export.types"

    def __init__(self, _account: Account, _region: str | None = None, _views: Views | None = None, /) -> None:
        super().__init__(_views or Views(_account))
        self._region = _account.region(_region)
        self._snapshots = Snapshots(self._region, self._views)
        self._views.registries[self.region] = self

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
            identifier: As for ``ExportTask``; or an ``ExportTask``, which has all its fields already.
            status: As for ``ExportTask``, by default IN_PROGRESS.
            timeline: How the task advances; by default as the option ``timeline`` says.
            region: The region of the task; by default that of ``source_arn``, otherwise of this registry.
            **fields: As for ``ExportTask``, such as ``percent_progress=42``.

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
        return [self._views.task(region.tasks[task.identifier], region) for region, task in routed]

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
        if status is None:
            status = "available" if timeline is None and available_after is None else "creating"
        if status == "deleted":
            raise ValueError(must_be("status", "that of a source that is there; leave a deleted one out", status))
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
            raise ValueError((must_be if isinstance(name, str) else must_be_type)("name", IDENTIFIER_RULE, name))
        arn = make_arn(self.region, self.account_id, "cluster" if cluster else "db", name.lower())
        given = check_source(arn, status, {"engine": engine, **members})
        source = make_database(arn, given, _clock.now(), fresh=not _clock.is_frozen())
        return self._add_source(self._region, source)

    def _add_source(self, region: Region, source: SourceState) -> ExportSource:
        with region.lock:
            region.find_source(source.arn, _clock.now())  # its deletion may have ended
            region.add_source(source)
        outgoing.deliver(self._account.outbox)
        return self._views.source(source)

    @property
    def snapshots(self) -> Mapping[str, ExportSource]:
        """The snapshots of this region that are there now, seeded or created, by their names; see ``Snapshots``."""
        return self._snapshots

    def in_region(self, name: str) -> ExportTaskRegistry:
        """Return the same account's registry in another region. A task is seen only in its own region, as in AWS.

        Raises:
            ValueError: For what cannot be the name of a region.
        """
        region = _model.check_region(name)
        with self._account.lock:
            found: ExportTaskRegistry | None = self._views.registries.get(region)
            return ExportTaskRegistry(self._account, region, self._views) if found is None else found

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
            return [self._views.event(event, self._region) for event in self._region.events]

    @property
    def region(self) -> str:
        """The region of the tasks."""
        return self._region.name

    def __getitem__(self, identifier: str) -> ExportTask:
        state = self._region.tasks.get(identifier)
        if state is None:
            regions = list(self._account.regions.values())
            elsewhere = next((region.name for region in regions if identifier in region.tasks), None)
            if elsewhere is not None:
                hint = f"It is in {elsewhere}: use in_region({elsewhere!r})[{identifier!r}]"
                raise KeyError(f"no export task {identifier!r} in {self.region}. {hint}")
            raise KeyError(missing_key("export task", identifier, self, self.region))
        return self._views.task(state, self._region)

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
