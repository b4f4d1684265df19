"""The operations of exports: parameters in, a result or a fault out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, ParamValidationError

from .. import _failures, _model
from .._failures import Failure, Fault
from .arns import parse_arn
from .operations import (
    Operation,
    Request,
    Result,
    invalid_identifier,
    invalid_value,
    list_scope,
    long_identifier,
    select_page,
    update_regions,
)
from .pagination import matcher, read_marker
from .region import Region
from .sources import RESOURCE_TYPES
from .state import LONGEST_IDENTIFIER, RUNNING, TRANSITIONS, TaskState, copy_fields, is_identifier
from .targets import OTHER_REGION, TRAILING_SLASH, Target
from .timeline import Transition, failing

__tracebackhide__ = True

_STATE_FAULT = "InvalidExportTaskStateFault"
_LONGEST_PREFIX = 60
_EXPORT_NAME = re.compile("[A-Za-z0-9$_]+")
_LARGEST_EXPORT_ONLY = 200 * 1024


def _find_named(request: Request) -> TaskState | None:
    return request.region.tasks.get(request.parameters["ExportTaskIdentifier"])


def _lose_race(request: Request, failure: Failure | Exception | None) -> Result:
    """Let a running export complete, if an injected failure says that a cancel came too late."""
    region, task = request.region, _find_named(request)
    if task is not None and isinstance(failure, Failure) and failure.name == _STATE_FAULT:
        if region.advance(task, request.now) is not None:
            return partial(_update, request, [task])
        if task.status in RUNNING and not region.is_ending(task):
            store = region.begin_move(task, Transition("COMPLETE", request.now))
            if store is not None:
                return partial(_store, request, store)
    return {}


def _store(request: Request, store: Callable[[], None]) -> Request:
    store()
    return request


def _update(request: Request, tasks: Iterable[TaskState], *, describing: bool = False) -> Request:
    """Bring exports up to date, so that their files are there."""
    for task in tasks:
        request.region.update(task, request.now, describing=describing)
    return request


def _cancel_export_task(request: Request) -> Result:
    region, task = request.region, _find_named(request)
    if task is None:
        raise _failures.find_fault("ExportTaskNotFound", "CancelExportTask")
    if region.advance(task, request.now) is not None:
        return partial(_update, request, [task])
    if task.status not in RUNNING or region.is_ending(task):
        raise _failures.find_fault(_STATE_FAULT, "CancelExportTask")
    region.enter(task, Transition("CANCELING", request.now), requested=True)
    return _to_response(request, task)


def _to_response(request: Request, task: TaskState) -> dict[str, Any]:
    """Return a task as a response shows it."""
    fields = copy_fields(task.fields)
    if not request.account.options.snapshot_source_type and fields["SourceType"] == "SNAPSHOT":
        del fields["SourceType"]
    return fields


def _start_export_task(request: Request) -> Result:
    account, region, parameters, now = request.account, request.region, request.parameters, request.now
    bucket: Bucket | None = request.known
    counted = account.counted_regions(region)
    if any(each.advance_tasks(now) for each in counted):
        return partial(update_regions, counted, request)
    _check_new_identifier(region, parameters["ExportTaskIdentifier"])
    _check_prefix(parameters.get("S3Prefix", ""))
    source = _find_source(request)
    _check_export_only(parameters.get("ExportOnly", ()), source.get("Engine", ""))
    if bucket is None and account.files is not None:
        return partial(_ask_for_bucket, account.files.target, request)
    if bucket is not None and bucket.refusal is not None:
        raise bucket.refusal
    options = account.options
    running = [task.fields["SourceArn"] for task in region.running(now)]
    if options.one_export_per_source and parameters["SourceArn"] in running:
        raise _failures.find_fault("ExportTaskAlreadyExists", "StartExportTask")
    if account.is_at_limit(region, now):
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
    if options.trailing_slash == "fail" and parameters.get("S3Prefix", "").endswith("/"):
        timeline = failing(timeline, TRAILING_SLASH)
    if bucket is not None and bucket.cause is not None:
        timeline = failing(timeline, bucket.cause, extracting=False)
    size = source.get("AllocatedStorage")
    task = TaskState(given, timeline, now, region=region.name, account_id=region.account_id, size=size)
    region.add(task)
    result = _to_response(request, task)
    if "S3Prefix" not in parameters:
        del result["S3Prefix"]
    return result


def _check_new_identifier(region: Region, identifier: str) -> None:
    if not is_identifier(identifier):
        raise invalid_identifier("ExportTaskIdentifier")
    if len(identifier) > LONGEST_IDENTIFIER:
        raise long_identifier("ExportTaskIdentifier", LONGEST_IDENTIFIER)
    if identifier in region.tasks:
        raise _failures.make_fault(
            "ExportTaskAlreadyExists", f"The export task with the ID {identifier} already exists."
        )


def _check_prefix(prefix: str) -> None:
    if prefix.startswith("/") or ":" in prefix or len(prefix) > _LONGEST_PREFIX:
        raise invalid_value(
            f"Invalid value {prefix} for S3Prefix. It must not begin with a slash, contain a colon or be longer than "
            f"{_LONGEST_PREFIX} characters."
        )


def _source_not_found(resource_type: str, name: str) -> Fault:
    noun = resource_type.replace("-", " ")
    return _failures.make_fault(RESOURCE_TYPES[resource_type].not_found, f"Could not find {noun} with name {name}")


def _look_up_source(request: Request) -> tuple[str, Mapping[str, Any]] | None:
    """Return how to ask for the source of an export, as long as none is seeded or created here in the region."""
    arn = parse_arn(request.parameters["SourceArn"])
    if arn is None or arn.region != request.region.name or request.region.knows_sources:
        return None
    if request.account.options.snapshots == "fake" and arn.resource_type != "cluster":
        return None
    type_ = RESOURCE_TYPES[arn.resource_type]
    return f"Describe{type_.shape}s", {type_.identifier: arn.name}


def _find_source(request: Request) -> Mapping[str, Any]:
    """Return the record of the source; an empty one if none is seeded in the region, and moto is not on."""
    region, arn = request.region, request.parameters["SourceArn"]
    parts = parse_arn(arn)
    if parts is None:
        raise invalid_value(f"Invalid value {arn} for SourceArn.")
    type_, found = RESOURCE_TYPES[parts.resource_type], region.find_source(arn, request.now)
    fields: Mapping[str, Any] | None = None
    if found is not None:
        fields = found.fields
    elif request.outside is not None:
        records = request.outside.get(f"{type_.shape}s", ())
        fields = next((record for record in records if record[type_.arn] == arn), None)
    elif parts.region == region.name and not region.knows_sources:
        return {}
    if fields is None:
        raise _source_not_found(parts.resource_type, parts.name)
    if fields["Status"] != "available":
        raise _failures.find_fault("InvalidExportSourceState", "StartExportTask")
    return fields


def _check_export_only(forms: Iterable[str], engine: str) -> None:
    """Refuse what names neither a database, a schema nor a table, as far as the engine has them, and too much."""
    has_schemas = "postgres" in engine or not re.search("mysql|mariadb|aurora", engine)
    for form in forms:
        parts = form.split(".")
        if len(parts) > (3 if has_schemas else 2) or not all(map(_EXPORT_NAME.fullmatch, parts)):
            raise _failures.find_fault("InvalidExportOnly", "StartExportTask")
    if len(",".join(forms)) > _LARGEST_EXPORT_ONLY:
        raise _failures.find_fault("InvalidExportOnly", "StartExportTask")


class Bucket(NamedTuple):
    """What is wrong with a bucket."""

    refusal: Fault | None = None
    """Of one that does not exist or must not be read."""
    cause: str | None = None
    """Why the export fails: the bucket is in another region."""


def _ask_for_bucket(target: Target, request: Request) -> Request:
    return request._replace(known=_check_bucket(target, request))


def _check_bucket(target: Target, request: Request) -> Bucket:
    """Return what is wrong with the bucket. An error of the target that is not here fails the export when it writes."""
    bucket = request.parameters["S3BucketName"]
    try:
        region = target.find_region(bucket)
    except ParamValidationError:
        region = None
    except Exception as error:  # noqa: BLE001 - a client and a test's stand-in raise anything
        response = error.response if isinstance(error, ClientError) else {}
        forbidden = response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 403
        return Bucket(_failures.find_fault("InvalidS3BucketFault", "StartExportTask") if forbidden else None)
    if region is None:
        return Bucket(_failures.make_fault("InvalidS3BucketFault", f"The S3 bucket {bucket} doesn't exist."))
    return Bucket(cause=None if region in ("", request.region.name) else OTHER_REGION.format(S3Bucket=bucket))


# What a filter compares. Statuses are lower case here (the service model's documentation).
_TASK_FILTERS: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "export-task-identifier": itemgetter("ExportTaskIdentifier"),
    "s3-bucket": itemgetter("S3Bucket"),
    "source-arn": itemgetter("SourceArn"),
    "status": lambda fields: fields["Status"].lower(),
}
_STATUS_VALUES = frozenset(status.lower() for status in TRANSITIONS)


def _check_filter_values(parameters: Mapping[str, Any]) -> None:
    """Refuse a status that is none, and an identifier that cannot be one."""
    for given in parameters.get("Filters", ()):
        for value in given["Values"]:
            if given["Name"] == "status" and value not in _STATUS_VALUES:
                raise invalid_value(f"The {value} value isn't a valid export task status.")
            if given["Name"] == "export-task-identifier" and not is_identifier(value):
                raise invalid_identifier("Filter: export-task-identifier")


def _describe_export_tasks(request: Request) -> Result:
    region = request.region
    if region.advance_tasks(request.now):  # what has ended has its place in the list
        return partial(update_regions, [region], request)
    version = request.known or _list_version(request)
    waiting: list[TaskState] = []

    def advance(task: TaskState) -> None:
        if region.advance(task, request.now, describing=True) is not None:
            waiting.append(task)

    page, marker = _select_tasks(request, region.listed(*version), version, advance)
    if waiting:
        return partial(_update, request._replace(known=version), waiting, describing=True)
    for task in page:
        task.times_shown += 1
    return {"ExportTasks": [_to_response(request, task) for task in page], **marker}


def _list_version(request: Request) -> tuple[int, int]:
    """Return the version of the list that a Marker belongs to, by default the present one."""
    numbers = read_marker(request.parameters, list_scope(request, "tasks"))
    if numbers:
        _, known, ended = numbers
        return known, ended
    return request.region.versions()


def _select_tasks(
    request: Request,
    tasks: Iterable[TaskState],
    version: tuple[int, int],
    bring_up_to_date: Callable[[TaskState], object],
) -> tuple[list[TaskState], dict[str, str]]:
    """Return the tasks of a page; those before the next page are brought up to date."""
    parameters = request.parameters
    record_matches = matcher(parameters, ("SourceArn", "SourceType"), _TASK_FILTERS)
    _check_filter_values(parameters)
    if "ExportTaskIdentifier" in parameters:
        task = _find_named(request)
        if task is None and request.account.options.describe_unknown == "error":
            raise _failures.find_fault("ExportTaskNotFound", "DescribeExportTasks")
        tasks = [] if task is None else [task]

    def matches(task: TaskState) -> bool:
        bring_up_to_date(task)
        return record_matches is None or record_matches(task.fields)

    return select_page(
        request, "tasks", lambda start: enumerate(islice(tasks, start, None), start), matches, version=version
    )


EXPORTS: dict[str, Operation] = {
    "CancelExportTask": Operation(_cancel_export_task, refused=_lose_race),
    "StartExportTask": Operation(_start_export_task, _look_up_source),
    "DescribeExportTasks": Operation(_describe_export_tasks),
}
