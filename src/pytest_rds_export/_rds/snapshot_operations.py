"""The operations of snapshots and of the databases that they are taken of."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import methodcaller
from typing import Any, NamedTuple

from .. import _failures, _model
from .._failures import Fault
from .account import Region
from .arns import Arn, make_arn, parse_arn, split_arn
from .operations import Operation, Request, look_up_same, nothing_to_look_up, select_page, update_all_regions
from .pagination import matcher
from .sources import RESOURCE_TYPES, ResourceType, SourceState, make_database
from .state import is_identifier
from .timeline import Transition

__tracebackhide__ = True

_MOST_MANUAL = 100
"""How many manual snapshots of a kind a region may have: AWS's default quota, in the captured message."""


class _Kind(NamedTuple):
    """What differs between DB snapshots and cluster snapshots."""

    resource_type: str
    database: str
    """The resource type of what snapshots are taken of."""
    longest: int
    """The most characters of an identifier (service model)."""
    already_exists: tuple[str, str]
    """Code and text of the refusal of an identifier in use (captured)."""
    not_described: str
    """The text for an unknown snapshot in a Describe operation."""
    not_available: str
    """The code of the refusal of a snapshot that is not available."""
    database_state: str
    """The code of the refusal of a database that is not available."""
    encrypted: str
    """The member that says whether the snapshot is encrypted."""
    copy_status: str
    """The status of a copy: of an instance's snapshot captured, of a cluster's relied upon."""
    created: Mapping[str, Any]
    """What a new snapshot has besides (captured)."""

    @property
    def type(self) -> ResourceType:
        return RESOURCE_TYPES[self.resource_type]

    def not_found(self, name: str) -> Fault:
        """Return the refusal to copy or delete an unknown snapshot (captured)."""
        return _failures.make_fault(self.type.not_found, f"{self.type.shape} not found: {name}")


_DB = _Kind(
    resource_type="snapshot",
    database="db",
    longest=255,
    already_exists=(
        "DBSnapshotAlreadyExists",
        "Cannot create the snapshot because a snapshot with the identifier {} already exists.",
    ),
    not_described="DBSnapshot {} not found.",
    not_available="InvalidDBSnapshotState",
    database_state="InvalidDBInstanceState",
    encrypted="Encrypted",
    copy_status="creating",
    created={"ProcessorFeatures": []},
)
_CLUSTER = _Kind(
    resource_type="cluster-snapshot",
    database="cluster",
    longest=63,
    already_exists=(
        "DBClusterSnapshotAlreadyExistsFault",
        "Cannot create the cluster snapshot because one with the identifier {} already exists.",
    ),
    not_described="DBClusterSnapshot not found: {}",
    not_available="InvalidDBClusterSnapshotStateFault",
    database_state="InvalidDBClusterStateFault",
    encrypted="StorageEncrypted",
    copy_status="copying",
    created={"Port": 0},
)
_INVALID_IDENTIFIER = (
    "The parameter {} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII "
    "letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
)
# What a snapshot does not have from the database or the snapshot that it comes from.
_OWN = {"PercentProgress", "Status", "TagList", "SourceRegion", "SourceDBSnapshotIdentifier", "SnapshotType"}


def _create_snapshot(kind: _Kind, request: Request) -> Mapping[str, Any]:
    parameters, region, now = request.parameters, request.region, request.now
    name = _new_name(kind, request, kind.type.identifier)
    database = _find_database(kind, region, parameters[kind.type.parent], request)
    given: dict[str, Any] = {
        **_shared_members(kind, database),
        kind.encrypted: database.fields.get("StorageEncrypted", False),
        "Status": "creating",
        "SnapshotType": "manual",
        "TagList": _merge_tags(
            database.fields.get("TagList", ()) if database.fields.get("CopyTagsToSnapshot") else (),
            parameters.get("Tags", ()),
        ),
    }
    given.update(copy.deepcopy(kind.created))
    timeline = request.account.options.snapshot_timeline
    snapshot = SourceState(_arn(kind, region, name), given, timeline, now)
    return _add(kind, region, snapshot)


def _find_database(kind: _Kind, region: Region, name: str, request: Request) -> SourceState:
    """Return the database of that name; a made-up one if none is seeded in the region."""
    name = name.lower()
    arn = make_arn(region.name, region.account_id, kind.database, name)
    found = region.sources.get(arn)
    if found is None:
        if region.knows_databases:
            raise _database_not_found(kind, name)
        return make_database(arn, {}, request.now)
    if found.fields.get("DBClusterIdentifier") and kind is _DB:
        raise _failures.make_fault(
            "InvalidParameterValue",
            "The specified instance is a member of a cluster and a snapshot cannot be created directly. Please use the "
            "CreateDBClusterSnapshot API instead.",
        )
    if found.status != "available" and kind is _DB:
        raise _failures.make_fault(
            kind.database_state,
            f"Cannot create a snapshot because the database instance {name} is not currently in the available state.",
        )
    if found.status != "available":
        raise Fault(_failures.find(kind.database_state, "CreateDBClusterSnapshot"))
    return found


def _database_not_found(kind: _Kind, name: str) -> Fault:
    database = RESOURCE_TYPES[kind.database]
    return _failures.make_fault(database.not_found, f"{database.shape} {name} not found.")


def _copy_snapshot(kind: _Kind, request: Request) -> Mapping[str, Any]:
    parameters, region, now = request.parameters, request.region, request.now
    shape = kind.type.shape
    source = _find_copied(kind, request, parameters[f"Source{shape}Identifier"])
    name = _new_name(kind, request, f"Target{shape}Identifier")
    if source.status != "available":
        raise Fault(_failures.find(kind.not_available, f"Copy{shape}"))
    key = parameters.get("KmsKeyId")
    taken = {member: value for member, value in source.fields.items() if member not in _OWN}
    for member in (kind.type.identifier, kind.type.arn, *(("SnapshotCreateTime",) if kind is _DB else ())):
        taken.pop(member, None)
    given = {
        **copy.deepcopy(taken),
        "Status": kind.copy_status,
        "SnapshotType": "manual",
        "TagList": _merge_tags(
            source.fields.get("TagList", ()) if parameters.get("CopyTags") else (), parameters.get("Tags", ())
        ),
        **({kind.encrypted: True, "KmsKeyId": key} if key else {}),
        **{member: parameters[member] for member in ("OptionGroupName", "SnapshotTarget") if member in parameters},
    }
    origin = {"SourceDBSnapshotIdentifier": source.arn, "SourceRegion": split_arn(source.arn).region}
    given |= origin if kind is _DB else {"SourceDBClusterSnapshotArn": source.arn}
    timeline = request.account.options.snapshot_timeline
    snapshot = SourceState(_arn(kind, region, name), given, timeline, now, copied_from=source.arn)
    return _add(kind, region, snapshot)


def _find_copied(kind: _Kind, request: Request, name: str) -> SourceState:
    """Return the snapshot that is copied: by its name in this region, or by its ARN in any."""
    parts = parse_arn(name)
    arn = _arn(kind, request.region, name.lower()) if parts is None else str(parts)
    region = request.region if parts is None else request.account.region(parts.region)
    found = region.sources.get(arn)
    if found is not None:
        region.advance(found, request.now)
    if found is None or found.type is not kind.type or found.arn not in region.sources:
        raise kind.not_found(name)
    return found


def _delete_snapshot(kind: _Kind, request: Request) -> Mapping[str, Any]:
    region, name = request.region, request.parameters[kind.type.identifier]
    _check_identifier(kind, kind.type.identifier, name)
    snapshot = region.sources.get(_arn(kind, region, name.lower()))
    if snapshot is not None:
        region.advance(snapshot, request.now)
    if snapshot is None or snapshot.status == "deleted":
        raise kind.not_found(name)
    if snapshot.status not in ("available", "failed"):
        raise Fault(_failures.find(kind.not_available, f"Delete{kind.type.shape}"))
    before = snapshot.fields
    snapshot.release()
    region.enter(snapshot, Transition("deleting", request.now), requested=True)
    region.advance(snapshot, request.now, describing=True)
    # A cluster snapshot that is gone at once is returned as it was (examples of the AWS CLI).
    fields = before if kind is _CLUSTER and snapshot.status == "deleted" else snapshot.fields
    return {kind.type.shape: copy.deepcopy(fields)}


def _describe_snapshots(kind: _Kind, filters: Mapping[str, str], request: Request) -> Mapping[str, Any]:
    """Describe the snapshots of a kind; *filters* name the members that they compare."""
    type_, parameters = kind.type, request.parameters
    names = (type_.parent, "SnapshotType", "DbiResourceId", "DbClusterResourceId")
    given = {name: parameters[name] for name in (*names, "Filters") if name in parameters}
    if type_.parent in given:
        given[type_.parent] = given[type_.parent].lower()
    matches = _matcher(given, names, filters)
    wanted = {parameters.get("SnapshotType")}
    wanted |= {name for name in ("shared", "public") if parameters.get(f"Include{name.title()}")}
    snapshots = [
        snapshot
        for snapshot in _advanced(request, type_)
        if snapshot.fields["SnapshotType"] not in ("shared", "public") or snapshot.fields["SnapshotType"] in wanted
    ]
    if (name := parameters.get(type_.identifier)) is not None:
        snapshots = [
            snapshot
            for snapshot in snapshots
            if name.lower() in (snapshot.name, snapshot.arn)
            # The service model: the type "must also be specified" for an automated snapshot.
            and (snapshot.fields["SnapshotType"] != "automated" or "SnapshotType" in parameters)
        ]
        if not snapshots and not _outside(request, type_):
            raise _failures.make_fault(type_.not_found, kind.not_described.format(name))
    return _describe(request, type_, snapshots, matches)


def _describe_databases(kind: _Kind, filters: Mapping[str, str], request: Request) -> Mapping[str, Any]:
    type_, name = RESOURCE_TYPES[kind.database], request.parameters.get(RESOURCE_TYPES[kind.database].identifier)
    matches = _matcher(request.parameters, (), filters)
    databases = list(_advanced(request, type_))
    if name is not None:
        databases = [database for database in databases if name.lower() in (database.name, database.arn)]
        if not databases and not _outside(request, type_):
            raise _database_not_found(kind, name)
    return _describe(request, type_, databases, matches)


def _matcher(
    parameters: Mapping[str, Any], names: Sequence[str], filters: Mapping[str, str]
) -> Callable[[Mapping[str, Any]], bool] | None:
    """Return a function that tells whether a record matches; a database can be named by its ARN (service model)."""
    given = [
        {**item, "Values": [value.rpartition(":")[2] for value in item["Values"]]}
        if item["Name"] in ("db-instance-id", "db-cluster-id")
        else item
        for item in parameters.get("Filters", ())
    ]
    compared = {name: methodcaller("get", member) for name, member in filters.items()}
    return matcher({**parameters, "Filters": given}, names, compared)


def _advanced(request: Request, type_: ResourceType) -> Iterable[SourceState]:
    """Yield the sources of a type that are there now."""
    region = request.region
    for source in list(region.sources.values()):
        if source.type is type_:
            region.advance(source, request.now, describing=True)
            if source.arn in region.sources:
                yield source


def _describe(
    request: Request,
    type_: ResourceType,
    sources: list[SourceState],
    matches: Callable[[Mapping[str, Any]], bool] | None,
) -> Mapping[str, Any]:
    def is_wanted(record: SourceState | Mapping[str, Any]) -> bool:
        return matches is None or not isinstance(record, SourceState) or matches(record.fields)

    outside = _outside(request, type_)

    def number_of(record: SourceState | Mapping[str, Any]) -> int:
        return record.number if isinstance(record, SourceState) else sys.maxsize - len(outside) + outside.index(record)

    page, marker = select_page(request, type_.shape, [*sources, *outside], is_wanted, number_of=number_of)
    fields = []
    for record in page:
        if isinstance(record, SourceState):
            record.times_shown += 1
        fields.append(copy.deepcopy(record.fields if isinstance(record, SourceState) else record))
    return {f"{type_.shape}s": fields, **marker}


def _outside(request: Request, type_: ResourceType) -> list[Mapping[str, Any]]:
    """Return what moto responded to the same request, without what is seeded or created here, too."""
    records = (request.outside or {}).get(f"{type_.shape}s", ())
    return [record for record in records if record.get(type_.arn) not in request.region.sources]


def _look_up_described(operation: str, request: Request) -> tuple[str, Mapping[str, Any]] | None:
    return None if request.account.options.snapshots == "fake" else look_up_same(operation, request)


def _new_name(kind: _Kind, request: Request, parameter: str) -> str:
    """Return the identifier of a new snapshot as it is stored. Raises ``Fault`` if it cannot be one."""
    given = request.parameters[parameter]
    _check_identifier(kind, parameter, given)
    name = given.lower()
    region = request.region
    snapshots = list(_existing(request, kind))
    if any(snapshot.arn == _arn(kind, region, name) for snapshot in snapshots):
        code, text = kind.already_exists
        raise _failures.make_fault(code, text.format(name))
    if sum(snapshot.fields["SnapshotType"] == "manual" for snapshot in snapshots) >= _MOST_MANUAL:
        raise _failures.make_fault("SnapshotQuotaExceeded", f"Cannot create more than {_MOST_MANUAL} manual snapshots")
    return str(name)


def _existing(request: Request, kind: _Kind) -> Iterable[SourceState]:
    request.region.advance_sources(request.now)
    return (source for source in request.region.sources.values() if source.type is kind.type)


def _check_identifier(kind: _Kind, parameter: str, name: str) -> None:
    if is_identifier(name) and len(name) <= kind.longest:
        return
    text = _INVALID_IDENTIFIER.format(parameter)
    if is_identifier(name):
        text = (
            f"The parameter {parameter} is not a valid identifier because it is longer than {kind.longest} characters."
        )
    elif not name[:1].isalpha():
        text = f"Invalid snapshot identifier:  {name}"
    raise _failures.make_fault("InvalidParameterValue", text)


def _arn(kind: _Kind, region: Region, name: str) -> str:
    return str(Arn(_model.partition(region.name), region.name, region.account_id, kind.resource_type, name))


def _shared_members(kind: _Kind, database: SourceState) -> dict[str, Any]:
    """Return what a snapshot has of its database: the members that both have in the service model."""
    shape: Any = _model.service_model().shape_for(kind.type.shape)
    return {
        name: copy.deepcopy(value)
        for name, value in database.fields.items()
        if name in shape.members and name not in _OWN
    }


def _merge_tags(*tags: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return tags, the later ones in place of earlier ones with the same key."""
    merged = {tag["Key"]: dict(tag) for each in tags for tag in each}
    return list(merged.values())


def _add(kind: _Kind, region: Region, snapshot: SourceState) -> Mapping[str, Any]:
    region.create_source(snapshot)
    return {kind.type.shape: copy.deepcopy(snapshot.fields)}


def _operations(
    performed: Mapping[str, Callable[[Request], Mapping[str, Any]]],
) -> dict[str, Operation]:
    return {
        name: Operation(
            perform,
            update_all_regions,
            partial(_look_up_described, name) if name.startswith("Describe") else nothing_to_look_up,
        )
        for name, perform in performed.items()
    }


SNAPSHOTS: dict[str, Operation] = _operations(
    {
        "CreateDBSnapshot": partial(_create_snapshot, _DB),
        "CopyDBSnapshot": partial(_copy_snapshot, _DB),
        "DeleteDBSnapshot": partial(_delete_snapshot, _DB),
        "DescribeDBSnapshots": partial(
            _describe_snapshots,
            _DB,
            {
                "db-instance-id": "DBInstanceIdentifier",
                "db-snapshot-id": "DBSnapshotIdentifier",
                "dbi-resource-id": "DbiResourceId",
                "snapshot-type": "SnapshotType",
                "engine": "Engine",
            },
        ),
        "CreateDBClusterSnapshot": partial(_create_snapshot, _CLUSTER),
        "CopyDBClusterSnapshot": partial(_copy_snapshot, _CLUSTER),
        "DeleteDBClusterSnapshot": partial(_delete_snapshot, _CLUSTER),
        "DescribeDBClusterSnapshots": partial(
            _describe_snapshots,
            _CLUSTER,
            {
                "db-cluster-id": "DBClusterIdentifier",
                "db-cluster-snapshot-id": "DBClusterSnapshotIdentifier",
                "snapshot-type": "SnapshotType",
                "engine": "Engine",
            },
        ),
    }
)
"""The operations of snapshots, by the API's name."""

DATABASES: dict[str, Operation] = _operations(
    {
        "DescribeDBInstances": partial(
            _describe_databases,
            _DB,
            {
                "db-cluster-id": "DBClusterIdentifier",
                "db-instance-id": "DBInstanceIdentifier",
                "dbi-resource-id": "DbiResourceId",
                "engine": "Engine",
            },
        ),
        "DescribeDBClusters": partial(
            _describe_databases,
            _CLUSTER,
            {
                "db-cluster-id": "DBClusterIdentifier",
                "db-cluster-resource-id": "DbClusterResourceId",
                "engine": "Engine",
            },
        ),
    }
)
"""The operations that are handled as soon as a database is seeded in the region."""
