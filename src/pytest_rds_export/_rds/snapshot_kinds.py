"""The kinds of snapshots: what the operations of DB snapshots and of cluster snapshots have different."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .. import _failures
from .._failures import Fault
from .arns import make_arn
from .region import Region
from .sources import RESOURCE_TYPES, ResourceType

__tracebackhide__ = True


class Kind(NamedTuple):
    """What differs between DB snapshots and cluster snapshots, where the service model's names do not say it."""

    type: ResourceType
    database_type: ResourceType
    """Of what snapshots are taken of."""
    longest: int
    """The most characters of an identifier (service model)."""
    already_exists: str
    """The text of the refusal of an identifier in use (captured)."""
    unknown: str
    """The text for an unknown snapshot in a Describe operation."""
    no_key: str
    """The text of the refusal of a key that is not there (captured)."""
    encrypted: str
    """The member that says whether the snapshot is encrypted."""
    copy_status: str
    """The status of a copy: of an instance's snapshot captured, of a cluster's relied upon."""
    created: Mapping[str, Any]
    """What a new snapshot has besides (captured)."""
    filters: Mapping[str, str]
    """The member that each filter of snapshots compares (service model)."""
    database_filters: Mapping[str, str]
    """The member that each filter of databases compares (service model)."""

    def operation(self, verb: str) -> str:
        return f"{verb}{self.type.shape}"

    def arn(self, region: Region, name: str) -> str:
        return make_arn(region.name, region.account_id, self.type.name, name)

    def not_found(self, name: str) -> Fault:
        """Return the refusal to copy or delete an unknown snapshot (captured)."""
        return _failures.make_fault(self.type.not_found, f"{self.type.shape} not found: {name}")

    def not_described(self, name: str) -> Fault:
        return _failures.make_fault(self.type.not_found, self.unknown.format(name))

    def not_available(self, verb: str) -> Fault:
        """Return the refusal of an operation of a snapshot that is not available."""
        return _failures.find_fault(f"Invalid{self.type.shape}StateFault", self.operation(verb))

    def no_database(self, name: str) -> Fault:
        type_ = self.database_type
        return _failures.make_fault(type_.not_found, f"{type_.shape} {name} not found.")


DB = Kind(
    type=RESOURCE_TYPES["snapshot"],
    database_type=RESOURCE_TYPES["db"],
    longest=255,
    already_exists="Cannot create the snapshot because a snapshot with the identifier {} already exists.",
    unknown="DBSnapshot {} not found.",
    no_key="The target KMS key [{}] does not exist, is not enabled or you do not have permissions to access it.",
    encrypted="Encrypted",
    copy_status="creating",
    created={"ProcessorFeatures": []},
    filters={
        "db-instance-id": "DBInstanceIdentifier",
        "db-snapshot-id": "DBSnapshotIdentifier",
        "dbi-resource-id": "DbiResourceId",
        "snapshot-type": "SnapshotType",
        "engine": "Engine",
    },
    database_filters={
        "db-cluster-id": "DBClusterIdentifier",
        "db-instance-id": "DBInstanceIdentifier",
        "dbi-resource-id": "DbiResourceId",
        "engine": "Engine",
    },
)
CLUSTER = Kind(
    type=RESOURCE_TYPES["cluster-snapshot"],
    database_type=RESOURCE_TYPES["cluster"],
    longest=63,
    already_exists="Cannot create the cluster snapshot because one with the identifier {} already exists.",
    unknown="DBClusterSnapshot not found: {}",
    no_key="Specified KMS key [{}] does not exist, is not enabled or you do not have permissions to access it.",
    encrypted="StorageEncrypted",
    copy_status="copying",
    created={"Port": 0},
    filters={
        "db-cluster-id": "DBClusterIdentifier",
        "db-cluster-snapshot-id": "DBClusterSnapshotIdentifier",
        "snapshot-type": "SnapshotType",
        "engine": "Engine",
    },
    database_filters={
        "db-cluster-id": "DBClusterIdentifier",
        "db-cluster-resource-id": "DbClusterResourceId",
        "engine": "Engine",
    },
)
