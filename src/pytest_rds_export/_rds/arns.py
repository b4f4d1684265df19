"""ARNs of what can be exported: snapshots, cluster snapshots and clusters."""

from __future__ import annotations

import re
from typing import NamedTuple

from .. import _model

__tracebackhide__ = True

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):rds:(?P<region>[a-z0-9-]+):(?P<account_id>[0-9]{12})"
    r":(?P<resource_type>snapshot|cluster-snapshot|cluster):(?P<name>[A-Za-z][A-Za-z0-9:-]*)"
)


class Arn(NamedTuple):
    partition: str
    region: str
    account_id: str
    resource_type: str
    name: str

    @property
    def resource(self) -> str:
        """The part that is unique in a region: resource type and name."""
        return f"{self.resource_type}:{self.name}"

    def __str__(self) -> str:
        return f"arn:{self.partition}:rds:{self.region}:{self.account_id}:{self.resource}"


def parse_arn(arn: object) -> Arn | None:
    """Return the parts of the ARN of a source; None for anything else."""
    match = _ARN.fullmatch(arn) if isinstance(arn, str) else None
    return Arn(**match.groupdict()) if match else None


def split_arn(arn: str) -> Arn:
    """Return the parts of the ARN of a source that is known to be one."""
    _, partition, _, *parts = arn.split(":", 6)
    return Arn(partition, *parts)


def make_arn(region: str, account_id: str, resource_type: str, name: str) -> str:
    return str(Arn(_model.partition(region), region, account_id, resource_type, name))
