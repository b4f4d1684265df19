"""What can be exported: the snapshots and clusters that were seeded."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from .. import _model

__tracebackhide__ = True

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):rds:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    r":(?P<type>[a-z-]+):(?P<name>[A-Za-z][A-Za-z0-9:-]*)"
)


class SourceType(NamedTuple):
    """What the service model has for one resource type."""

    shape: str
    """The structure that describes a source; its identifier and its ARN are named after it."""
    parent: str
    """The member that names what a snapshot was taken of; empty for a cluster."""
    not_found: str
    """The code of the fault for one that does not exist."""
    noun: str
    """What the fault's message calls it."""

    @property
    def identifier(self) -> str:
        return f"{self.shape}Identifier"

    @property
    def arn(self) -> str:
        return f"{self.shape}Arn"


SOURCE_TYPES = {
    "snapshot": SourceType("DBSnapshot", "DBInstanceIdentifier", "DBSnapshotNotFound", "snapshot"),
    "cluster-snapshot": SourceType(
        "DBClusterSnapshot", "DBClusterIdentifier", "DBClusterSnapshotNotFoundFault", "cluster snapshot"
    ),
    "cluster": SourceType("DBCluster", "", "DBClusterNotFoundFault", "cluster"),
}


def parse_source_arn(arn: object) -> dict[str, str]:
    """Return partition, region, account, type and name of a source's ARN; nothing if it is not such an ARN."""
    match = _ARN.fullmatch(arn) if isinstance(arn, str) else None
    return match.groupdict() if match and match["type"] in SOURCE_TYPES else {}


class Sources:
    """The seeded sources of one region, by the resource type of their ARN and their name."""

    def __init__(self) -> None:
        self._by_type: dict[str, dict[str, dict[str, Any]]] = {type_: {} for type_ in SOURCE_TYPES}

    def add(
        self,
        arn: str,
        *,
        engine: str | None,
        status: str,
        snapshot_time: datetime,
        members: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        """Keep the source that *arn* names; return its record in the API's shape."""
        parts = parse_source_arn(arn)
        source_type, name = SOURCE_TYPES[parts["type"]], parts["name"]
        record: dict[str, Any] = {source_type.identifier: name, source_type.arn: arn, "AllocatedStorage": 100}
        if source_type.parent:
            record[source_type.parent] = name.removeprefix("rds:").split("-")[0]
            record["SnapshotCreateTime"] = snapshot_time
            record["SnapshotType"] = "automated" if name.startswith("rds:") else "manual"
            record["PercentProgress"] = 100
        checked = _model.check_members(source_type.shape, {"engine": engine, "status": status, **members})
        for member in (source_type.identifier, source_type.arn):
            if member in checked:
                raise TypeError(f"{checked[member]!r} is given twice: the first argument names the source")
        if "Status" not in checked:
            raise ValueError("status must be a string such as 'available', got None")
        record.update(checked)
        _model.check_structure(source_type.shape, record)
        known = self._by_type[parts["type"]]
        if name in known:
            raise ValueError(f"{arn!r} exists already. Seed each source once")
        known[name] = record
        return copy.deepcopy(record)

    def __bool__(self) -> bool:
        return any(self._by_type.values())

    def find(self, type_: str, name: str) -> Mapping[str, Any] | None:
        """Return the record of a source; None if it was not seeded."""
        return self._by_type[type_].get(name)

    def arns(self) -> list[str]:
        """Return the ARNs of all sources."""
        return [
            record[SOURCE_TYPES[type_].arn] for type_, records in self._by_type.items() for record in records.values()
        ]

    def all(self, type_: str) -> list[dict[str, Any]]:
        """Return the records of one resource type, as they were seeded."""
        return list(self._by_type[type_].values())
