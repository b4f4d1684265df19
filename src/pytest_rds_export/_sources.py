"""What can be exported: the snapshots and clusters that were seeded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from . import _model

__tracebackhide__ = True

# Which structure of the model describes a source, and how the model names the members that all of them have.
_SHAPES = {
    "snapshot": ("DBSnapshot", "DBSnapshotIdentifier", "DBSnapshotArn", "DBInstanceIdentifier"),
    "cluster-snapshot": (
        "DBClusterSnapshot",
        "DBClusterSnapshotIdentifier",
        "DBClusterSnapshotArn",
        "DBClusterIdentifier",
    ),
    "cluster": ("DBCluster", "DBClusterIdentifier", "DBClusterArn", "DatabaseName"),
}


class Sources:
    """The seeded sources of one region, by the resource type of their ARN and their name."""

    def __init__(self) -> None:
        self._by_type: dict[str, dict[str, dict[str, Any]]] = {type_: {} for type_ in _SHAPES}

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
        shape_name, identifier, arn_member, parent = _SHAPES[type_]
        record = {
            identifier: name,
            arn_member: arn,
            parent: name.removeprefix("rds:").split("-")[0],
            "AllocatedStorage": 100,
        }
        if type_ != "cluster":
            record["SnapshotCreateTime"] = snapshot_time
            record["SnapshotType"] = "automated" if name.startswith("rds:") else "manual"
            record["PercentProgress"] = 100
        checked = _model.checked_members(shape_name, {"engine": engine, "status": status, **members})
        for member in (identifier, arn_member):
            if member in checked:
                raise TypeError(f"the first argument names the source already; {checked[member]!r} is given twice")
        if "Status" not in checked:
            raise ValueError("status is a text such as 'available', got None")
        record.update(checked)
        _model.check_structure(shape_name, record)
        if name in self._by_type[type_]:
            raise ValueError(f"{arn!r} is seeded already")
        self._by_type[type_][name] = record
        return record

    def __bool__(self) -> bool:
        return any(self._by_type.values())

    def find(self, type_: str, name: str) -> Mapping[str, Any] | None:
        """The record of a source; None if it was not seeded."""
        return self._by_type[type_].get(name)

    def all(self, type_: str) -> list[dict[str, Any]]:
        """The records of one resource type, as they were seeded."""
        return list(self._by_type[type_].values())
