"""What can be exported: the snapshots and clusters that were seeded."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from . import _model

__tracebackhide__ = True


class Kind(NamedTuple):
    """What the service model has for one resource type."""

    shape: str
    """The structure that describes a source; its identifier and its ARN are named after it."""
    parent: str
    """The member that names what a snapshot was taken of; empty where nothing was."""
    not_found: str
    """The fault for one that is not there."""
    noun: str
    """What the fault's text calls it."""

    @property
    def identifier(self) -> str:
        return f"{self.shape}Identifier"

    @property
    def arn(self) -> str:
        return f"{self.shape}Arn"


KINDS = {
    "snapshot": Kind("DBSnapshot", "DBInstanceIdentifier", "DBSnapshotNotFound", "snapshot"),
    "cluster-snapshot": Kind(
        "DBClusterSnapshot", "DBClusterIdentifier", "DBClusterSnapshotNotFoundFault", "cluster snapshot"
    ),
    "cluster": Kind("DBCluster", "", "DBClusterNotFoundFault", "cluster"),
}


class Sources:
    """The seeded sources of one region, by the resource type of their ARN and their name."""

    def __init__(self) -> None:
        self._by_type: dict[str, dict[str, dict[str, Any]]] = {type_: {} for type_ in KINDS}

    def add(
        self,
        arn: str,
        parts: Mapping[str, str],
        *,
        engine: str | None,
        status: str,
        snapshot_time: datetime,
        members: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        """Keep the source that *arn*, with its *parts*, names; its record in the API's shape."""
        type_, name = parts["type"], parts["name"]
        kind = KINDS[type_]
        record = {kind.identifier: name, kind.arn: arn, "AllocatedStorage": 100}
        if kind.parent:
            record[kind.parent] = name.removeprefix("rds:").split("-")[0]
            record["SnapshotCreateTime"] = snapshot_time
            record["SnapshotType"] = "automated" if name.startswith("rds:") else "manual"
            record["PercentProgress"] = 100
        checked = _model.checked_members(kind.shape, {"engine": engine, "status": status, **members})
        for member in (kind.identifier, kind.arn):
            if member in checked:
                raise TypeError(f"the first argument names the source already; {checked[member]!r} is given twice")
        if "Status" not in checked:
            raise ValueError("status is a text such as 'available', got None")
        record.update(checked)
        _model.check_structure(kind.shape, record)
        if name in self._by_type[type_]:
            raise ValueError(f"{arn!r} is seeded already")
        self._by_type[type_][name] = record
        return copy.deepcopy(record)

    def __bool__(self) -> bool:
        return any(self._by_type.values())

    def find(self, type_: str, name: str) -> Mapping[str, Any] | None:
        """The record of a source; None if it was not seeded."""
        return self._by_type[type_].get(name)

    def all(self, type_: str) -> list[dict[str, Any]]:
        """The records of one resource type, as they were seeded."""
        return list(self._by_type[type_].values())
