"""What can be exported: the snapshots and clusters that were seeded."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, NamedTuple, NoReturn

from .. import _clock, _model, _times
from .._messages import format_choices, must_be, unknown_name
from .._times import to_length

__tracebackhide__ = True

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):rds:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    r":(?P<type>[a-z-]+):(?P<name>[A-Za-z][A-Za-z0-9:-]*)"
)


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


class SourceType(NamedTuple):
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


SOURCE_TYPES = {
    "snapshot": SourceType(
        "DBSnapshot", "DBInstanceIdentifier", "DBSnapshotNotFound", _SNAPSHOT_STATUSES, dated_early=False
    ),
    "cluster-snapshot": SourceType(
        "DBClusterSnapshot",
        "DBClusterIdentifier",
        "DBClusterSnapshotNotFoundFault",
        _SNAPSHOT_STATUSES,
        dated_early=True,
    ),
    "cluster": SourceType("DBCluster", "", "DBClusterNotFoundFault", _CLUSTER_STATUSES, dated_early=False),
}


def parse_source_arn(arn: object) -> dict[str, str]:
    """Return partition, region, account, type and name of a source's ARN; nothing if it is not such an ARN."""
    match = _ARN.fullmatch(arn) if isinstance(arn, str) else None
    return match.groupdict() if match and match["type"] in SOURCE_TYPES else {}


class SourceState:
    """One source as the service keeps it: its record in the API's shape, and when it becomes available.

    Whoever calls a method holds the lock of the account.
    """

    def __init__(
        self,
        arn: str,
        *,
        status: str | None,
        snapshot_time: datetime | str | None,
        available_after: timedelta | float | None,
        **members: Any,
    ) -> None:
        """Take the members that are given, and the defaults of the status for the others.

        A source that was seeded on the real clock takes its times anew if the clock is frozen when it is first used.
        """
        parts = parse_source_arn(arn)
        self.type = SOURCE_TYPES[parts["type"]]
        self.arn, self.name = arn, parts["name"]
        if status is None:
            status = "available" if available_after is None else _UNFINISHED[0]
        if available_after is not None and status not in _UNFINISHED:
            raise ValueError(f"available_after needs status={format_choices(_UNFINISHED)}, got status={status!r}")
        self._available_after = None if available_after is None else to_length("available_after", available_after)
        self._snapshot_time = None if snapshot_time is None else _times.to_datetime("snapshot_time", snapshot_time)
        self._given = self._check(status, members)
        self._may_restart = not _clock.is_frozen()
        self._start(_clock.now())

    def _start(self, now: datetime) -> None:
        self._started = now
        self.fields: dict[str, Any] = {
            self.type.identifier: self.name,
            self.type.arn: self.arn,
            "AllocatedStorage": 100,
        }
        if self.type.parent:
            self.fields[self.type.parent] = self.name.removeprefix("rds:").split("-")[0]
            self.fields["SnapshotType"] = "automated" if self.name.startswith("rds:") else "manual"
        self._enter(self._given)
        self._percent_at_start = self.fields.get("PercentProgress", 0)

    def advance(self, now: datetime) -> None:
        """Follow the clock up to *now*."""
        if self._may_restart and _clock.is_frozen():
            self._start(now)
        self._may_restart = False
        if self._available_after is None:
            return
        elapsed = now - self._started
        if elapsed >= self._available_after:
            self.move_to("available")
        elif self.type.parent:
            percent = self._percent_at_start + (100 - self._percent_at_start) * elapsed // self._available_after
            self.fields["PercentProgress"] = max(percent, self.fields["PercentProgress"])

    def shift(self, length: timedelta) -> None:
        """Shift the start, unless the source takes its times anew anyway."""
        if not self._may_restart:
            self._started = _times.earlier(self._started, -length)

    def move_to(self, status: str, **members: Any) -> None:
        """Enter *status* now, and stay there."""
        self._enter(self._check(status, members))
        self._available_after = None
        self._may_restart = False

    def _enter(self, members: Mapping[str, Any]) -> None:
        """Set what a source has in the status of *members*; *members* replace that."""
        fields, status = self.fields, members["Status"]
        unfinished = status in _UNFINISHED
        if self.type.parent:
            if unfinished or status == "available":
                fields["PercentProgress"] = 0 if unfinished else 100
            if unfinished and not self.type.dated_early:
                fields.pop("SnapshotCreateTime", None)
            elif "SnapshotCreateTime" not in fields:
                age = timedelta(0) if self._given["Status"] in _UNFINISHED else SNAPSHOT_AGE
                fields["SnapshotCreateTime"] = self._snapshot_time or self._started - age
        fields.update(members)

    def _check(self, status: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members by the API's names. Raises ``TypeError`` and ``ValueError`` for what is not allowed."""
        checked = _model.check_members(self.type.shape, {**members, "status": status})
        for name in (self.type.identifier, self.type.arn):
            if name in checked:
                raise TypeError(f"{checked[name]!r} cannot be the {name} of {self.arn!r}: a source keeps its name")
        if checked.get("Status") not in self.type.statuses:
            raise ValueError(unknown_name("status", status, self.type.statuses))
        percent = checked.get("PercentProgress")
        if isinstance(percent, int) and not 0 <= percent <= 100:
            raise ValueError(must_be("percent_progress", "an int from 0 to 100", percent))
        _model.check_structure(self.type.shape, checked)
        return checked


class ExportSource:
    """A snapshot or cluster that StartExportTask can export. ``seed_snapshot`` returns it.

    It is live: the members of the service model's DBSnapshot, DBClusterSnapshot or DBCluster are attributes in snake
    case, such as ``percent_progress``, and follow the clock. One that the source does not have is None.
    """

    __module__ = "pytest_rds_export"
    __slots__ = ("_lock", "_state")
    _lock: AbstractContextManager[object]
    _state: SourceState

    def __init__(self, _state: SourceState, _lock: AbstractContextManager[object], /) -> None:
        object.__setattr__(self, "_state", _state)
        object.__setattr__(self, "_lock", _lock)

    @property
    def identifier(self) -> str:
        """The name."""
        return self._state.name

    @property
    def arn(self) -> str:
        """The ARN."""
        return self._state.arn

    @property
    def region(self) -> str:
        """The region that the ARN names."""
        return self._state.arn.split(":")[3]

    @property
    def status(self) -> str:
        """The status, such as ``creating`` or ``available``."""
        status: str = self.to_response()["Status"]
        return status

    def to_response(self) -> dict[str, Any]:
        """Return the members in the API's shape, as DescribeDBSnapshots does."""
        with self._lock:
            self._state.advance(_clock.now())
            return copy.deepcopy(self._state.fields)

    def move_to(self, status: str, /, **members: Any) -> None:
        """Move the source to another status now. It then stays there: ``available_after`` has no effect any more.

        Args:
            status: A status that AWS documents, as for ``seed_snapshot``.
            **members: Members to set besides what a real source has in that status.

        Raises:
            TypeError: For an unknown member.
            ValueError: For a value that is not allowed. The source is then as it was.

        """
        if "status" in members:
            raise TypeError("move_to cannot set status: it is the first argument")
        with self._lock:
            self._state.advance(_clock.now())
            self._state.move_to(status, **members)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or (member := _model.members(self._state.type.shape).get(name)) is None:
            raise AttributeError(f"'ExportSource' object has no attribute {name!r}")
        return self.to_response().get(member[0])

    def __setattr__(self, name: str, value: object) -> NoReturn:
        member, _ = _model.members(self._state.type.shape).get(name, ("", None))
        if name in ("identifier", "arn", "region") or member in (self._state.type.identifier, self._state.type.arn):
            how = "A source keeps its name: seed another one"
        elif member:
            how = f"Use move_to({'' if member == 'Status' else f'{self.status!r}, {name}='}{value!r})"
        else:
            raise AttributeError(f"'ExportSource' object has no attribute {name!r}")
        raise AttributeError(f"{name} of {self!r} cannot be assigned. {how}")

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} is live and cannot be copied. Use to_response()")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_model.members(self._state.type.shape)})

    def __repr__(self) -> str:
        fields = self.to_response()
        percent = f" {fields['PercentProgress']}%" if "PercentProgress" in fields else ""
        return f"<ExportSource {self.arn.split(':', 5)[5]} {fields['Status']}{percent} in {self.region}>"
