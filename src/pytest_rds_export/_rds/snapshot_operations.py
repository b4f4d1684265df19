"""The operations of snapshots and of the databases that they are taken of."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from operator import methodcaller
from typing import Any

from botocore.utils import ArnParser

from .. import _failures, _model
from .._failures import Fault
from .arns import make_arn, parse_arn, split_arn
from .operations import (
    Operation,
    Request,
    invalid_identifier,
    invalid_value,
    long_identifier,
    look_up_same,
    select_page,
)
from .pagination import matcher
from .snapshot_kinds import CLUSTER, DB, Kind
from .sources import ResourceType, SourceState, make_database
from .state import is_identifier
from .timeline import Transition

__tracebackhide__ = True

_LAST = 1 << 60  # more than records that there will be
_MOST_MANUAL = 100
"""How many manual snapshots of a kind a region may have: AWS's default quota, in the captured message."""
_MEMBER_OF_A_CLUSTER = (
    "The specified instance is a member of a cluster and a snapshot cannot be created directly. Please use the "
    "CreateDBClusterSnapshot API instead."
)
# What a snapshot does not have from the database or the snapshot that it comes from.
_OWN = {"PercentProgress", "Status", "TagList", "SourceRegion", "SourceDBSnapshotIdentifier", "SnapshotType"}


def _create_snapshot(kind: Kind, request: Request) -> Mapping[str, Any]:
    parameters = request.parameters
    name = _new_name(kind, request, kind.type.identifier)
    parent = parameters[kind.type.parent]
    if not is_identifier(parent):
        raise invalid_identifier(kind.type.parent)
    database = _find_database(kind, request, parent.lower()).fields
    shape: Any = _model.service_model().shape_for(kind.type.shape)
    given = {
        **{member: value for member, value in database.items() if member in shape.members and member not in _OWN},
        kind.encrypted: database.get("StorageEncrypted", False),
        "Status": "creating",
        "TagList": _tags(request, database, copied=database.get("CopyTagsToSnapshot")),
        **kind.created,
    }
    return _add(kind, request, name, given)


def _find_database(kind: Kind, request: Request, name: str) -> SourceState:
    """Return the database of that name; a made-up one if none is seeded in the region."""
    region = request.region
    arn = make_arn(region.name, region.account_id, kind.database_type.name, name)
    found = region.sources.get(arn)
    if found is None and not region.knows_databases:
        return make_database(arn, {}, request.now)
    if found is None:
        raise kind.no_database(name)
    if kind is CLUSTER and found.status != "available":
        raise _failures.find_fault("InvalidDBClusterStateFault", kind.operation("Create"))
    if kind is DB and found.fields.get("DBClusterIdentifier"):
        raise invalid_value(_MEMBER_OF_A_CLUSTER)
    if kind is DB and found.status not in ("available", "storage-optimization"):
        text = f"Cannot create a snapshot because the database instance {name} is not currently in the available state."
        raise _failures.make_fault("InvalidDBInstanceState", text)
    return found


def _copy_snapshot(kind: Kind, request: Request) -> Mapping[str, Any]:
    parameters, shape = request.parameters, kind.type.shape
    source = _find_copied(kind, request, parameters[f"Source{shape}Identifier"])
    name = _new_name(kind, request, f"Target{shape}Identifier")
    if source.status != "available":
        raise kind.not_available("Copy")
    source_region, key = split_arn(source.arn).region, parameters.get("KmsKeyId", "")
    is_encrypted = source.fields.get(kind.encrypted) or source.fields.get("KmsKeyId")
    if source_region != request.region.name and not key and is_encrypted:
        raise invalid_value("Must specify new KMS key for cross region encrypted snapshot copy.")
    if ArnParser.is_arn(key) and ArnParser().parse_arn(key)["region"] != request.region.name:
        raise _failures.make_fault("KMSKeyNotAccessibleFault", kind.no_key.format(key))
    left_out = {*_OWN, kind.type.identifier, kind.type.arn}
    origin = {"SourceDBClusterSnapshotArn": source.arn}
    if kind is DB:
        left_out.add("SnapshotCreateTime")
        origin = {"SourceDBSnapshotIdentifier": source.arn, "SourceRegion": source_region}
    given = {
        **{member: value for member, value in source.fields.items() if member not in left_out},
        "Status": kind.copy_status,
        "TagList": _tags(request, source.fields, copied=parameters.get("CopyTags")),
        **({kind.encrypted: True, "KmsKeyId": key} if key else {}),
        **{member: parameters[member] for member in ("OptionGroupName", "SnapshotTarget") if member in parameters},
        **origin,
    }
    return _add(kind, request, name, given, copied_from=source.arn)


def _find_copied(kind: Kind, request: Request, name: str) -> SourceState:
    """Return the snapshot that is copied: by its name in this region, or by its ARN in any."""
    parts = parse_arn(name)
    if parts is None:
        found = request.region.find_source(kind.arn(request.region, name.lower()), request.now)
    else:
        found = request.account.region(parts.region).find_source(name, request.now)
    if found is None or found.type is not kind.type:
        raise kind.not_found(name)
    return found


def _delete_snapshot(kind: Kind, request: Request) -> Mapping[str, Any]:
    region, now, name = request.region, request.now, request.parameters[kind.type.identifier]
    _check_identifier(kind, kind.type.identifier, name)
    snapshot = region.find_source(kind.arn(region, name.lower()), now)
    if snapshot is None:
        raise kind.not_found(name)
    before = snapshot.fields
    if snapshot.stage == "copying":
        region.enter(snapshot, Transition("deleted", now), requested=True)
    elif snapshot.status in ("available", "failed"):
        request.account.cancel_copies(snapshot.arn, now)
        snapshot.release()
        region.enter(snapshot, Transition("deleting", now), requested=True)
        region.advance(snapshot, now, describing=True)
    else:
        raise kind.not_available("Delete")
    # A cluster snapshot that is gone at once is returned as it was (examples of the AWS CLI).
    fields = before if kind is CLUSTER and snapshot.status == "deleted" else snapshot.fields
    return {kind.type.shape: copy.deepcopy(fields)}


def _describe_snapshots(kind: Kind, request: Request) -> Mapping[str, Any]:
    type_, parameters = kind.type, request.parameters
    names = (type_.parent, "SnapshotType", "DbiResourceId", "DbClusterResourceId")
    given = {name: value.lower() if name == type_.parent else value for name, value in parameters.items()}
    matches = _matcher(given, names, kind.filters)
    hidden = {name for name in ("shared", "public") if not parameters.get(f"Include{name.title()}")}
    if "SnapshotType" in parameters:
        hidden.discard(parameters["SnapshotType"])
    elif type_.identifier in parameters:
        hidden.add("automated")  # the service model: the type "must also be specified" for an automated snapshot
    return _describe(request, type_, matches, kind.not_described, hidden)


def _describe_databases(kind: Kind, request: Request) -> Mapping[str, Any]:
    matches = _matcher(request.parameters, (), kind.database_filters)
    return _describe(request, kind.database_type, matches, kind.no_database)


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


def _describe(
    request: Request,
    type_: ResourceType,
    matches: Callable[[Mapping[str, Any]], bool] | None,
    not_found: Callable[[str], Fault],
    hidden: Collection[str] = (),
) -> Mapping[str, Any]:
    """Return a page of the sources of a type, but for *hidden* types of snapshots, and of those of moto.

    *not_found* makes the refusal of a name that none of them has.
    """
    region = request.region
    for source in list(region.sources.values()):
        if source.type is type_:
            region.advance(source, request.now, describing=True)
    sources = [source for source in region.sources.values() if source.type is type_]
    sources = [source for source in sources if source.fields.get("SnapshotType") not in hidden]
    # What is seeded or created here, too, is described as it is here.
    records = (request.outside or {}).get(f"{type_.shape}s", ())
    outside = [record for record in records if record.get(type_.arn) not in region.sources]
    if (name := request.parameters.get(type_.identifier)) is not None:
        sources = [source for source in sources if name.lower() in (source.name, source.arn)]
        if not sources and not outside:
            raise not_found(name)

    def is_wanted(record: SourceState | Mapping[str, Any]) -> bool:
        return matches is None or not isinstance(record, SourceState) or matches(record.fields)

    # Those of moto come last, and are counted from the end: earlier ones may have been deleted since the last page.
    numbered: list[tuple[int, Any]] = [(source.number, source) for source in sources]
    numbered += enumerate(outside, _LAST - len(outside))
    page, marker = select_page(
        request, type_.shape, lambda start: (pair for pair in numbered if pair[0] >= start), is_wanted
    )
    fields = []
    for record in page:
        if isinstance(record, SourceState):
            record.times_shown += 1
        fields.append(copy.deepcopy(record.fields if isinstance(record, SourceState) else record))
    return {f"{type_.shape}s": fields, **marker}


def _look_up_described(operation: str, request: Request) -> tuple[str, Mapping[str, Any]] | None:
    return None if request.account.options.snapshots == "fake" else look_up_same(operation, request)


def _new_name(kind: Kind, request: Request, parameter: str) -> str:
    """Return the identifier of a new snapshot as it is stored. Raises ``Fault`` if it cannot be one."""
    region = request.region
    _check_identifier(kind, parameter, request.parameters[parameter])
    name: str = request.parameters[parameter].lower()
    region.advance_sources(request.now)
    if kind.arn(region, name) in region.sources:
        code = _failures.find(f"{kind.type.shape}AlreadyExistsFault", kind.operation("Create")).name
        raise _failures.make_fault(code, kind.already_exists.format(name))
    snapshots = [source for source in region.sources.values() if source.type is kind.type]
    if sum(snapshot.fields["SnapshotType"] == "manual" for snapshot in snapshots) >= _MOST_MANUAL:
        raise _failures.make_fault("SnapshotQuotaExceeded", f"Cannot create more than {_MOST_MANUAL} manual snapshots")
    return name


def _check_identifier(kind: Kind, parameter: str, name: str) -> None:
    if not name[:1].isalpha():
        raise invalid_value(f"Invalid snapshot identifier:  {name}")
    if not is_identifier(name):
        raise invalid_identifier(parameter)
    if len(name) > kind.longest:
        raise long_identifier(parameter, kind.longest)


def _tags(request: Request, origin: Mapping[str, Any], *, copied: Any) -> list[Mapping[str, str]]:
    """Return the tags of a new snapshot: those of the request in place of *copied* ones with the same key."""
    tags = [*(origin.get("TagList", ()) if copied else ()), *request.parameters.get("Tags", ())]
    return list({tag.get("Key"): tag for tag in tags}.values())


def _add(
    kind: Kind, request: Request, name: str, given: Mapping[str, Any], *, copied_from: str = ""
) -> Mapping[str, Any]:
    """Add a manual snapshot, and return the response that shows it."""
    arn, timeline = kind.arn(request.region, name), request.account.options.snapshot_timeline
    given = copy.deepcopy({**given, "SnapshotType": "manual"})
    snapshot = SourceState(arn, given, timeline, request.now, copied_from=copied_from)
    request.region.create_source(snapshot)
    return {kind.type.shape: copy.deepcopy(snapshot.fields)}


def _operations(kind: Kind) -> dict[str, Operation]:
    """Return the operations of a kind of snapshots, by the API's name."""
    changes = {"Create": _create_snapshot, "Copy": _copy_snapshot, "Delete": _delete_snapshot}
    return {
        **{kind.operation(verb): Operation(partial(change, kind)) for verb, change in changes.items()},
        **_describing(kind, kind.type, _describe_snapshots),
    }


def _describing(
    kind: Kind, type_: ResourceType, perform: Callable[[Kind, Request], Mapping[str, Any]]
) -> dict[str, Operation]:
    name = f"Describe{type_.shape}s"
    return {name: Operation(partial(perform, kind), look_up=partial(_look_up_described, name))}


SNAPSHOTS: dict[str, Operation] = {**_operations(DB), **_operations(CLUSTER)}
"""The operations of snapshots, by the API's name."""

DATABASES: dict[str, Operation] = {
    **_describing(DB, DB.database_type, _describe_databases),
    **_describing(CLUSTER, CLUSTER.database_type, _describe_databases),
}
"""The operations that are handled as soon as a database is seeded in the region."""
