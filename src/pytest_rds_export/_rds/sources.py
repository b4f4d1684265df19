"""What can be exported, snapshots and clusters, and the databases that snapshots are taken of."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from .. import _model, _times
from .._messages import format_choices, must_be, unknown_name
from .arns import split_arn
from .record import Record
from .timeline import AnySnapshotTimeline, SnapshotTimeline, Stuck, Transition

__tracebackhide__ = True

# The service model's documentation of DBClusterSnapshot has the first three, botocore's waiter DBSnapshotAvailable the
# next five, the page about upgrades of DB snapshots in the user guide the last two.
_SNAPSHOT_STATUSES = (
    *("available", "copying", "creating"),
    *("deleted", "deleting", "failed", "incompatible-parameters", "incompatible-restore"),
    *("unavailable", "upgrading"),
)
# The page "DB cluster status" of the Aurora user guide.
_CLUSTER_STATUSES = (
    *("available", "backing-up", "backtracking", "cloning-failed", "creating", "deleting", "failing-over"),
    *("inaccessible-encryption-credentials", "maintenance", "migrating", "migration-failed", "modifying", "promoting"),
    *("renaming", "resetting-master-credentials", "starting", "stopped", "stopping", "update-iam-db-auth", "upgrading"),
)
# The page "Viewing Amazon RDS DB instance status" of the user guide.
_INSTANCE_STATUSES = (
    *("available", "backing-up", "configuring-enhanced-monitoring", "configuring-iam-database-auth"),
    *("configuring-log-exports", "converting-to-vpc", "creating", "delete-precheck", "deleting", "failed"),
    *("inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable"),
    *("incompatible-network", "incompatible-option-group", "incompatible-parameters", "incompatible-restore"),
    *("insufficient-capacity", "maintenance", "modifying", "moving-to-vpc", "rebooting"),
    *("resetting-master-credentials", "renaming", "restore-error", "starting", "stopped", "stopping"),
    *("storage-config-upgrade", "storage-full", "storage-initialization", "storage-optimization", "upgrading"),
)
_UNFINISHED = ("creating", "copying")
SNAPSHOT_AGE = timedelta(hours=1)
_DATABASE_AGE = timedelta(days=1)
# The end of an automated snapshot's name (captured); the minute may be left out.
_DATE = re.compile(r"-\d{4}-\d\d-\d\d(-\d\d-\d\d)?$")


class ResourceType(NamedTuple):
    """What the service model has for one resource type."""

    name: str
    """As ARNs have it."""
    shape: str
    """The structure that describes a source; its identifier and its ARN are named after it."""
    parent: str
    """The member that names what a snapshot was taken of; empty for a database."""
    not_found: str
    """The code of the fault for one that does not exist."""
    statuses: tuple[str, ...]
    """The statuses that AWS documents. The service model has no enumeration."""
    dated_early: bool = False
    """Whether SnapshotCreateTime is there before the snapshot is available (captured)."""
    status: str = "Status"
    """The member that is the status."""

    @property
    def identifier(self) -> str:
        return f"{self.shape}Identifier"

    @property
    def arn(self) -> str:
        return f"{self.shape}Arn"

    @property
    def is_exportable(self) -> bool:
        """Whether StartExportTask takes one: anything but an instance."""
        return self.shape != "DBInstance"


_TYPES = (
    ResourceType("snapshot", "DBSnapshot", "DBInstanceIdentifier", "DBSnapshotNotFound", _SNAPSHOT_STATUSES),
    ResourceType(
        "cluster-snapshot",
        "DBClusterSnapshot",
        "DBClusterIdentifier",
        "DBClusterSnapshotNotFoundFault",
        _SNAPSHOT_STATUSES,
        dated_early=True,
    ),
    ResourceType("cluster", "DBCluster", "", "DBClusterNotFoundFault", _CLUSTER_STATUSES),
    ResourceType("db", "DBInstance", "", "DBInstanceNotFound", _INSTANCE_STATUSES, status="DBInstanceStatus"),
)
RESOURCE_TYPES = {type_.name: type_ for type_ in _TYPES}
_numbers = itertools.count()


class SourceState(Record):
    """One snapshot, cluster or instance as the service keeps it."""

    _DERIVED = ("SnapshotCreateTime",)

    def __init__(
        self,
        arn: str,
        given: Mapping[str, Any],
        timeline: AnySnapshotTimeline,
        now: datetime,
        *,
        snapshot_time: datetime | None = None,
        copied_from: str = "",
        fresh: bool = False,
    ) -> None:
        """Take the members that are *given*, checked, and the defaults of the status for the others.

        *copied_from* is the ARN of the snapshot that this one is a copy of.
        """
        parts = split_arn(arn)
        self.name = parts.name
        self.arn = arn
        self.number = next(_numbers)
        self.type = RESOURCE_TYPES[parts.resource_type]
        self.status_member = self.type.status
        self.copied_from = copied_from
        self._snapshot_time = snapshot_time
        self._own_timeline = timeline
        super().__init__(given, timeline, now, fresh=fresh)

    def _begin_phase(self, now: datetime) -> None:
        super()._begin_phase(now)
        if self.copied_from and self.status == "creating":
            self.stage = "copying"

    @property
    def is_snapshot(self) -> bool:
        """Whether it is a snapshot of either kind."""
        return bool(self.type.parent)

    def _initial_fields(self, now: datetime) -> dict[str, Any]:
        status = self._given[self.status_member]
        self._created = now - (timedelta(0) if status in _UNFINISHED else SNAPSHOT_AGE)
        self.fields = {self.type.identifier: self.name, self.type.arn: self.arn, "AllocatedStorage": 100}
        if self.is_snapshot:
            origin, _, name = self.name.rpartition(":")
            self.fields[self.type.parent] = _DATE.sub("", name) if _DATE.search(name) else name.split("-")[0]
            self.fields["SnapshotType"] = {"": "manual", "rds": "automated"}.get(origin, origin)
        return self.fields_after(Transition(status, now, self._given))

    def fields_after(self, transition: Transition) -> dict[str, Any]:
        status = transition.status
        fields, unfinished = {**self.fields, self.status_member: status}, status in _UNFINISHED
        if self.is_snapshot:
            if unfinished or status == "available":
                fields["PercentProgress"] = 0 if unfinished else 100
            if unfinished and not self.type.dated_early:
                for name in ("SnapshotCreateTime", "OriginalSnapshotCreateTime"):
                    fields.pop(name, None)
            else:
                fields.setdefault("SnapshotCreateTime", self._snapshot_time or self._created)
        fields.update(transition.fields)
        if status == "available" and self.type.shape == "DBSnapshot":
            fields.setdefault("OriginalSnapshotCreateTime", fields["SnapshotCreateTime"])
            fields.setdefault("SnapshotTarget", "region")
            fields.setdefault("StorageThroughput", 0)
        if status == "available" and self.type.dated_early and fields["AllocatedStorage"] == 1:
            fields["AllocatedStorage"] = 0  # captured: 1, as Aurora's clusters have, only while it is created
        return fields

    def hold(self) -> None:
        """Stay in the status that the user moves it to."""
        self.timeline = Stuck()

    def release(self) -> None:
        """Follow the timeline again."""
        self.timeline = self._own_timeline

    def shift(self, length: timedelta) -> None:
        if self.status in _UNFINISHED:
            super().shift(length)
            self._created = _times.earlier(self._created, -length)
        elif self.status == "deleting":
            self.since = _times.earlier(self.since, -length)


def check_source(arn: str, status: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """Return members in snake case, with the status, by the API's names.

    Raises ``TypeError`` and ``ValueError`` for what is not allowed.
    """
    type_ = RESOURCE_TYPES[split_arn(arn).resource_type]
    given = {**members, "status": status} if type_.status == "Status" else members
    checked = _model.check_members(type_.shape, given, "engine", "snapshot_time", "available_after", "cluster")
    for name in (type_.identifier, type_.arn):
        if name in checked:
            raise TypeError(f"{checked[name]!r} cannot be the {name} of {arn!r}: a source keeps its name")
    if type_.status != "Status":
        checked[type_.status] = status
    if checked.get(type_.status) not in type_.statuses:
        raise ValueError(unknown_name("status", status, type_.statuses))
    percent = checked.get("PercentProgress")
    if isinstance(percent, int) and not 0 <= percent <= 100:
        raise ValueError(must_be("percent_progress", "an int from 0 to 100", percent))
    _model.check_structure(checked, _model.service_model().shape_for(type_.shape), type_.shape)
    return checked


def timeline_of(
    status: str, default: AnySnapshotTimeline, available_after: timedelta | float | None
) -> AnySnapshotTimeline:
    """Return the timeline of a seeded snapshot, with *available_after* in place of its creation and copy.

    Raises ``ValueError`` for an *available_after* that is not allowed.
    """
    if available_after is None:
        return default
    if status not in _UNFINISHED:
        raise ValueError(f"available_after needs status={format_choices(_UNFINISHED)}, got status={status!r}")
    length = _times.to_length("available_after", available_after)
    deleting: Any = default.deleting if isinstance(default, SnapshotTimeline) else timedelta(0)
    return SnapshotTimeline(creating=length, copying=length, deleting=deleting)


def make_database(arn: str, given: Mapping[str, Any], now: datetime, *, fresh: bool = False) -> SourceState:
    """Return an instance or a cluster, with what a real one has besides what is *given*."""
    resource_type = split_arn(arn).resource_type
    digest = hashlib.blake2b(arn.encode(), digest_size=16).digest()
    resource_id = base64.b32encode(digest).decode().rstrip("=")
    created = _times.earlier(now, _DATABASE_AGE)
    own: dict[str, Any] = {
        "db": {"Engine": "postgres", "DbiResourceId": f"db-{resource_id}", "InstanceCreateTime": created},
        "cluster": {
            "Engine": "aurora-postgresql",
            "EngineMode": "provisioned",
            "AllocatedStorage": 1,
            "DbClusterResourceId": f"cluster-{resource_id}",
            "ClusterCreateTime": created,
        },
    }[resource_type]
    defaults = {
        **own,
        "MasterUsername": "admin",
        "StorageEncrypted": False,
        "IAMDatabaseAuthenticationEnabled": False,
        "CopyTagsToSnapshot": False,
        "TagList": [],
        RESOURCE_TYPES[resource_type].status: "available",
    }
    return SourceState(arn, {**defaults, **given}, Stuck(), now, fresh=fresh)
