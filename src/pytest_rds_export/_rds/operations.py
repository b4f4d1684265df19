"""The operations: parameters in, a result or a fault out."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from operator import itemgetter, methodcaller
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from .. import _failures, _model
from .._failures import Failure, Fault
from .._messages import format_choices
from . import events
from .account import Region, Stub
from .pagination import matcher, paginate
from .sources import SOURCE_TYPES, parse_source_arn
from .state import RUNNING, TaskState, copy_fields
from .targets import Target
from .task import LONGEST_IDENTIFIER, is_identifier
from .timeline import failing

__tracebackhide__ = True

Operation = Callable[[Region, Mapping[str, Any], datetime], Mapping[str, Any]]

_STATE_FAULT = "InvalidExportTaskStateFault"
_SLASH_CAUSE = "The S3 prefix must not end with a slash. Review your S3 prefix and retry the export."


class UnhandledOperation(AssertionError):
    """An RDS operation that nothing handles. Nothing was sent to AWS."""

    __module__ = "pytest_rds_export"


def perform(region: Region, operation: str, parameters: Mapping[str, Any], now: datetime) -> Mapping[str, Any] | None:
    """Return the result of an operation in the API's shape; None if neither the service nor a stub handles it.

    Raises ``Fault`` for a refusal.
    """
    account = region.account
    handler = HANDLED.get(operation)
    if handler is None:
        stub = account.stubs.get(operation)
        if stub is not None:
            return _call_stub(operation, stub, parameters)
        handler = _WITH_SOURCES.get(operation)
        if handler is None or not region.sources:
            return None
    if operation in account.overrides:
        return _call_override(region, operation, handler, parameters, now)
    with account.lock:
        return handler(region, parameters, now)


def complete_before_cancel(region: Region, identifier: str | None, now: datetime) -> None:
    """Let a running task complete: a cancel is about to be refused because it comes too late."""
    with region.account.lock:
        task = region.tasks.get(identifier or "")
        if task is not None:
            task.advance(now)
            if task.status in RUNNING:
                task.enter("COMPLETE", now)


def is_lost_race(operation: str, failure: Failure | Exception) -> bool:
    """Return whether an injected failure says that a cancel came too late."""
    return operation == "CancelExportTask" and isinstance(failure, Failure) and failure.name == _STATE_FAULT


def unhandled(region: Region, operation: str, *, in_process: bool) -> UnhandledOperation:
    """Return the error for an operation that nothing handles in a region."""
    handled = [*HANDLED, *(_WITH_SOURCES if region.sources else ()), *region.account.stubs]
    ways = "".join(f"\n  - {way}" for way in ways_to_handle(operation, in_process=in_process))
    return UnhandledOperation(
        f"no handler for {operation}, so nothing was sent. These have handlers: {format_choices(handled, 'and')}. "
        f"To handle it:{ways}"
    )


def ways_to_handle(operation: str, *, in_process: bool = True) -> list[str]:
    """Return what a user can do about an operation that nothing handles."""
    ways = [f"give it a response: rds_export_tasks.stub({operation!r}, {{...}})"]
    if operation in _WITH_SOURCES:
        ways.insert(0, "seed a snapshot: rds_export_tasks.seed_snapshot('nightly')")
    if in_process:
        ways += ["use moto alongside: @mock_aws", f"register a handler for before-send.rds.{operation}"]
    return ways


def _call_override(
    region: Region, operation: str, handler: Operation, parameters: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    override = region.account.overrides[operation]

    def default() -> Mapping[str, Any]:
        try:
            with region.account.lock:
                return handler(region, parameters, now)
        except Fault as fault:
            raise _failures.to_client_error(fault.failure, operation) from None

    return _call_stub(operation, lambda given: override(given, default), parameters)


def _call_stub(operation: str, stub: Stub, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        response = stub(copy.deepcopy(parameters)) if callable(stub) else stub
    except ClientError as error:
        raise Fault(_failures.from_client_error(error, operation)) from error
    if callable(stub):
        _model.check_response(_model.operation_model(operation), response)
    return copy.deepcopy(dict(response))


def _cancel_export_task(region: Region, parameters: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    task = region.tasks.get(parameters["ExportTaskIdentifier"])
    if task is None:
        raise Fault(_failures.find("ExportTaskNotFound", "CancelExportTask"))
    task.advance(now)
    if task.status not in RUNNING:
        raise Fault(_failures.find(_STATE_FAULT, "CancelExportTask"))
    task.enter("CANCELING", now)
    return copy_fields(task.fields)


def _start_export_task(region: Region, parameters: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    _check_new_identifier(region, parameters["ExportTaskIdentifier"])
    source = _find_source(region, parameters["SourceArn"], now)
    _check_export_only(parameters.get("ExportOnly", ()), source.get("Engine", ""))
    if region.account.files is not None:
        _check_bucket(region.account.files.target, parameters["S3BucketName"])
    options = region.account.options
    regions = region.account.regions.values() if options.concurrent_limit_scope == "account" else [region]
    if sum(each.count_running(options.concurrent_limit, now) for each in regions) >= options.concurrent_limit:
        raise _failures.make_fault(
            "ExportTaskLimitReachedFault",
            f"You have reached the limit of {options.concurrent_limit} concurrent export tasks",
        )
    fields: Any = _model.service_model().shape_for("ExportTask")
    given = {name: value for name, value in parameters.items() if name in fields.members}
    given |= {"S3Bucket": parameters["S3BucketName"], "Status": "STARTING"}
    if "SnapshotCreateTime" in source:
        given["SnapshotTime"] = source["SnapshotCreateTime"]
    timeline = options.timeline
    if parameters.get("S3Prefix", "").endswith("/"):
        timeline = failing(timeline, _SLASH_CAUSE)
    task = TaskState(region, given, timeline, now, size=source.get("AllocatedStorage"))
    region.add(task)
    result = copy_fields(task.fields)
    if "S3Prefix" not in parameters:
        del result["S3Prefix"]
    return result


def _check_new_identifier(region: Region, identifier: str) -> None:
    if not is_identifier(identifier):
        raise _failures.make_fault(
            "InvalidParameterValue",
            "The parameter ExportTaskIdentifier is not a valid identifier. Identifiers must begin with a letter; must "
            "contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two "
            "consecutive hyphens.",
        )
    if len(identifier) > LONGEST_IDENTIFIER:
        raise _failures.make_fault(
            "InvalidParameterValue",
            f"The parameter ExportTaskIdentifier must not be longer than {LONGEST_IDENTIFIER} characters.",
        )
    if identifier in region.tasks:
        raise _failures.make_fault(
            "ExportTaskAlreadyExists", f"The export task with the ID {identifier} already exists."
        )


def _source_not_found(type_: str, name: str) -> Fault:
    noun = type_.replace("-", " ")
    return _failures.make_fault(SOURCE_TYPES[type_].not_found, f"Could not find {noun} with name {name}")


def _find_source(region: Region, arn: str, now: datetime) -> Mapping[str, Any]:
    """Return the record of the source; an empty one if no source is seeded in the region."""
    parts = parse_source_arn(arn)
    if not parts:
        raise _failures.make_fault("InvalidParameterValue", f"Invalid value {arn} for SourceArn.")
    found = region.sources.get(arn)
    if parts["region"] != region.name or (found is None and region.sources):
        raise _source_not_found(parts["type"], parts["name"])
    if found is None:
        return {}
    found.advance(now)
    if found.fields["Status"] != "available":
        raise Fault(_failures.find("InvalidExportSourceState", "StartExportTask"))
    return found.fields


def _check_export_only(forms: Iterable[str], engine: str) -> None:
    """Refuse what names neither a database, a schema nor a table, as far as the engine has them."""
    has_schemas = "postgres" in engine or not re.search("mysql|mariadb|aurora", engine)
    for form in forms:
        parts = form.split(".")
        if len(parts) > (3 if has_schemas else 2) or not all(parts):
            raise Fault(_failures.find("InvalidExportOnly", "StartExportTask"))


def _check_bucket(target: Target, bucket: str) -> None:
    """Refuse a bucket that does not exist or must not be read. Any other error fails the export when it writes."""
    try:
        exists = target.has_bucket(bucket)
    except ParamValidationError:
        exists = False
    except Exception as error:
        response = error.response if isinstance(error, ClientError) else {}
        if response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 403:
            raise Fault(_failures.find("InvalidS3BucketFault", "StartExportTask")) from error
        return
    if not exists:
        raise _failures.make_fault("InvalidS3BucketFault", f"The S3 bucket {bucket} doesn't exist.")


# What a filter compares. Statuses are lower case here (the service model's documentation).
_TASK_FILTERS: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "export-task-identifier": itemgetter("ExportTaskIdentifier"),
    "s3-bucket": itemgetter("S3Bucket"),
    "source-arn": itemgetter("SourceArn"),
    "status": lambda fields: fields["Status"].lower(),
}


def _describe_export_tasks(region: Region, parameters: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    record_matches = matcher(parameters, ("SourceArn", "SourceType"), _TASK_FILTERS)
    tasks = region.tasks_in_order
    if "ExportTaskIdentifier" in parameters:
        task = region.tasks.get(parameters["ExportTaskIdentifier"])
        if task is None and region.account.options.describe_unknown == "error":
            raise Fault(_failures.find("ExportTaskNotFound", "DescribeExportTasks"))
        tasks = [] if task is None else [task]

    def matches(task: TaskState) -> bool:
        task.advance(now, describing=True)
        return record_matches is None or record_matches(task.fields)

    page, marker = _paginate(region, "tasks", tasks, parameters, matches)
    for task in page:
        task.times_shown += 1
    return {"ExportTasks": [copy_fields(task.fields) for task in page], **marker}


def _describe_events(region: Region, parameters: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    region.advance(now)
    positions, matches = events.select(region.events, parameters, now)
    page, marker = _paginate(region, "events", region.events, parameters, matches, positions)
    return {"Events": [events.to_response(event) for event in page], **marker}


def _paginate(
    region: Region,
    what: str,
    records: Any,
    parameters: Mapping[str, Any],
    matches: Callable[[Any], bool] | None,
    positions: range | None = None,
) -> tuple[list[Any], dict[str, str]]:
    options = region.account.options
    scope = f"{options.account_id}/{region.name}/{what}"
    return paginate(records, parameters, page_size=options.page_size, scope=scope, matches=matches, positions=positions)


def _describe_sources(
    type_: str, filters: Mapping[str, str], region: Region, parameters: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    """Describe the sources of one type; *filters* name the members that they compare."""
    source_type = SOURCE_TYPES[type_]
    compared = {name: methodcaller("get", member) for name, member in filters.items()}
    narrowing = (source_type.parent, "SnapshotType", "DbiResourceId", "DbClusterResourceId")
    record_matches = matcher(parameters, narrowing, compared)
    sources = [source for source in region.sources.values() if source.type is source_type]
    for source in sources:
        source.advance(now)
    records = [source.fields for source in sources]
    if (name := parameters.get(source_type.identifier)) is not None:
        records = [record for record in records if name in (record[source_type.identifier], record[source_type.arn])]
        if not records:
            raise _source_not_found(type_, name)
    page, marker = _paginate(region, type_, records, parameters, record_matches)
    return {f"{source_type.shape}s": copy.deepcopy(page), **marker}


HANDLED: dict[str, Operation] = {
    "CancelExportTask": _cancel_export_task,
    "StartExportTask": _start_export_task,
    "DescribeExportTasks": _describe_export_tasks,
    "DescribeEvents": _describe_events,
}
"""The operations that are handled always, by the API's name. A failure that names none is looked for in this order."""

_WITH_SOURCES: dict[str, Operation] = {
    "DescribeDBSnapshots": partial(
        _describe_sources,
        "snapshot",
        {
            "db-instance-id": "DBInstanceIdentifier",
            "db-snapshot-id": "DBSnapshotIdentifier",
            "dbi-resource-id": "DbiResourceId",
            "snapshot-type": "SnapshotType",
            "engine": "Engine",
        },
    ),
    "DescribeDBClusterSnapshots": partial(
        _describe_sources,
        "cluster-snapshot",
        {
            "db-cluster-id": "DBClusterIdentifier",
            "db-cluster-snapshot-id": "DBClusterSnapshotIdentifier",
            "snapshot-type": "SnapshotType",
            "engine": "Engine",
        },
    ),
}
"""The operations that are handled as soon as a source is seeded in the region."""
