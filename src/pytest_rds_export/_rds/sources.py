"""What can be exported: snapshots and clusters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from .. import _model, _times
from .._messages import format_choices, must_be, unknown_name
from .arns import split_arn
from .timeline import Phase, Record, Stuck, Transition

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
_UNFINISHED = ("creating", "copying")
SNAPSHOT_AGE = timedelta(hours=1)


class ResourceType(NamedTuple):
    """What the service model has for one resource type."""

    shape: str
    """The structure that describes a source; its identifier and its ARN are named after it."""
    parent: str
    """The member that names what a snapshot was taken of; empty for a cluster."""
    not_found: str
    """The code of the fault for one that does not exist."""
    statuses: tuple[str, ...]
    """The statuses that AWS documents. The service model has no enumeration."""
    dated_early: bool
    """Whether SnapshotCreateTime is there before the snapshot is available (output in the AWS CLI's examples)."""

    @property
    def identifier(self) -> str:
        return f"{self.shape}Identifier"

    @property
    def arn(self) -> str:
        return f"{self.shape}Arn"


RESOURCE_TYPES = {
    "snapshot": ResourceType(
        "DBSnapshot", "DBInstanceIdentifier", "DBSnapshotNotFound", _SNAPSHOT_STATUSES, dated_early=False
    ),
    "cluster-snapshot": ResourceType(
        "DBClusterSnapshot",
        "DBClusterIdentifier",
        "DBClusterSnapshotNotFoundFault",
        _SNAPSHOT_STATUSES,
        dated_early=True,
    ),
    "cluster": ResourceType("DBCluster", "", "DBClusterNotFoundFault", _CLUSTER_STATUSES, dated_early=False),
}


class _Available:
    """The timeline of a source that becomes available."""

    def __init__(self, after: timedelta, *, has_progress: bool) -> None:
        self._phase = Phase(after, "available", {}, has_progress)

    def phase(self, status: str, percent: int) -> Phase | None:  # noqa: ARG002 - as the timelines of tasks
        return self._phase if status in _UNFINISHED else None


class SourceState(Record):
    """One source as the service keeps it."""

    _DERIVED = ("SnapshotCreateTime",)

    def __init__(
        self,
        arn: str,
        now: datetime,
        *,
        status: str | None,
        snapshot_time: datetime | str | None,
        available_after: timedelta | float | None,
        fresh: bool,
        **members: Any,
    ) -> None:
        """Take the members that are given, and the defaults of the status for the others."""
        _, _, _, resource_type, self.name = split_arn(arn)
        self.arn = arn
        self.type = RESOURCE_TYPES[resource_type]
        if status is None:
            status = "available" if available_after is None else _UNFINISHED[0]
        if available_after is not None and status not in _UNFINISHED:
            raise ValueError(f"available_after needs status={format_choices(_UNFINISHED)}, got status={status!r}")
        timeline: Any = Stuck()
        if available_after is not None:
            length = _times.to_length("available_after", available_after)
            timeline = _Available(length, has_progress=bool(self.type.parent))
        self._snapshot_time = None if snapshot_time is None else _times.to_datetime("snapshot_time", snapshot_time)
        super().__init__(self.check(status, members), timeline, now, fresh=fresh)

    def _initial_fields(self, now: datetime) -> dict[str, Any]:
        self._created = now - (timedelta(0) if self._given["Status"] in _UNFINISHED else SNAPSHOT_AGE)
        self.fields = {self.type.identifier: self.name, self.type.arn: self.arn, "AllocatedStorage": 100}
        if self.type.parent:
            self.fields[self.type.parent] = self.name.removeprefix("rds:").split("-")[0]
            self.fields["SnapshotType"] = "automated" if self.name.startswith("rds:") else "manual"
        return self.fields_after(Transition(self._given["Status"], now, self._given))

    def fields_after(self, transition: Transition) -> dict[str, Any]:
        """Return the fields as they are after a transition."""
        fields, unfinished = {**self.fields, "Status": transition.status}, transition.status in _UNFINISHED
        if self.type.parent:
            if unfinished or transition.status == "available":
                fields["PercentProgress"] = 0 if unfinished else 100
            if unfinished and not self.type.dated_early:
                fields.pop("SnapshotCreateTime", None)
            else:
                fields.setdefault("SnapshotCreateTime", self._snapshot_time or self._created)
        return {**fields, **transition.fields}

    def move_to(self, transition: Transition) -> None:
        """Make a transition that the user asks for; the source then stays there."""
        self.timeline = Stuck()
        self.enter(transition)

    def follows_the_clock(self) -> bool:
        """Return whether the source is still waiting for the clock."""
        return self.timeline.phase(self.status, 0) is not None

    def shift(self, length: timedelta) -> None:
        if self.status in _UNFINISHED:
            super().shift(length)
            self._created = _times.earlier(self._created, -length)

    def check(self, status: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Return members, with the status, by the API's names.

        Raises ``TypeError`` and ``ValueError`` for what is not allowed.
        """
        others = ("engine", "snapshot_time", "available_after", "cluster")
        checked = _model.check_members(self.type.shape, {**members, "status": status}, *others)
        for name in (self.type.identifier, self.type.arn):
            if name in checked:
                raise TypeError(f"{checked[name]!r} cannot be the {name} of {self.arn!r}: a source keeps its name")
        if checked.get("Status") not in self.type.statuses:
            raise ValueError(unknown_name("status", status, self.type.statuses))
        percent = checked.get("PercentProgress")
        if isinstance(percent, int) and not 0 <= percent <= 100:
            raise ValueError(must_be("percent_progress", "an int from 0 to 100", percent))
        _model.check_structure(checked, _model.service_model().shape_for(self.type.shape), self.type.shape)
        return checked
