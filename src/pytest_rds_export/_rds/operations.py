"""The operations of exports: parameters in, a result or a fault out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, ParamValidationError

from .. import _failures, _model
from .._failures import Failure, Fault
from . import events
from .account import Account, Region, do_nothing
from .arns import parse_arn
from .pagination import matcher, paginate
from .sources import RESOURCE_TYPES
from .state import LONGEST_IDENTIFIER, RUNNING, TaskState, copy_fields, is_identifier
from .targets import Target
from .timeline import Transition, failing

__tracebackhide__ = True

_STATE_FAULT = "InvalidExportTaskStateFault"
_SLASH_CAUSE = "The S3 prefix must not end with a slash. Review your S3 prefix and retry the export."


class Request(NamedTuple):
    """What an operation is asked."""

    account: Account
    region: Region
    parameters: Mapping[str, Any]
    now: datetime
    prepared: Any = None
    """What the operation's ``prepare`` returned."""


class Operation(NamedTuple):
    """How an operation is handled."""

    perform: Callable[[Request], Mapping[str, Any]]
    """Return the result in the API's shape, or raise ``Fault`` for a refusal. Under the account's lock."""
    prepare: Callable[[Request], Any]
    """With files, do before what may take time or call anything: store them, ask for a bucket. Without the lock."""
    locked: bool = True
    """Whether ``perform`` is called under the lock: not where a user's function may wait for another thread."""


def lose_race(request: Request) -> Callable[[], None]:
    """Let a running task complete, or begin to: a cancel is about to be refused because it comes too late.

    Call what this returns without the lock, to store the files.
    """
    region = request.region
    task = region.tasks.get(request.parameters["ExportTaskIdentifier"])
    if task is not None:
        region.advance(task, request.now)
        if task.status in RUNNING:
            return region.begin_move(task, Transition("COMPLETE", request.now))
    return do_nothing


def is_lost_race(operation: str, failure: Failure | Exception) -> bool:
    """Return whether an injected failure says that a cancel came too late."""
    return operation == "CancelExportTask" and isinstance(failure, Failure) and failure.name == _STATE_FAULT


def update_all_regions(request: Request) -> None:
    """Bring the exports of the account up to date, so that their files are there."""
    for region in list(request.account.regions.values()):
        region.update_all(request.now)


def _update_named(request: Request) -> None:
    """Bring the export that a request names up to date, so that its files are there."""
    task = request.region.tasks.get(request.parameters["ExportTaskIdentifier"])
    if task is not None:
        request.region.update(task, request.now)


def _cancel_export_task(request: Request) -> Mapping[str, Any]:
    region = request.region
    task = region.tasks.get(request.parameters["ExportTaskIdentifier"])
    if task is None:
        raise Fault(_failures.find("ExportTaskNotFound", "CancelExportTask"))
    region.advance(task, request.now)
    if task.status not in RUNNING or region.is_ending(task):
        raise Fault(_failures.find(_STATE_FAULT, "CancelExportTask"))
    region.enter(task, Transition("CANCELING", request.now))
    return copy_fields(task.fields)


def _prepare_start(request: Request) -> Fault | None:
    """Return the refusal of the bucket, so that the other checks come first."""
    update_all_regions(request)
    files = request.account.files
    return None if files is None else _check_bucket(files.target, request.parameters["S3BucketName"])


def _start_export_task(request: Request) -> Mapping[str, Any]:
    account, region, parameters, now, refused_bucket = request
    _check_new_identifier(region, parameters["ExportTaskIdentifier"])
    source = _find_source(request)
    _check_export_only(parameters.get("ExportOnly", ()), source.get("Engine", ""))
    if refused_bucket is not None:
        raise refused_bucket
    options = account.options
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
    if parameters.get("S3Prefix", "").endswith("/"):
        timeline = failing(timeline, _SLASH_CAUSE)
    size = source.get("AllocatedStorage")
    task = TaskState(given, timeline, now, region=region.name, account_id=region.account_id, size=size)
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


def _source_not_found(resource_type: str, name: str) -> Fault:
    noun = resource_type.replace("-", " ")
    return _failures.make_fault(RESOURCE_TYPES[resource_type].not_found, f"Could not find {noun} with name {name}")


def _find_source(request: Request) -> Mapping[str, Any]:
    """Return the record of the source; an empty one if no source is seeded in the region."""
    region, arn = request.region, request.parameters["SourceArn"]
    parts = parse_arn(arn)
    if parts is None:
        raise _failures.make_fault("InvalidParameterValue", f"Invalid value {arn} for SourceArn.")
    found = region.sources.get(arn)
    if found is not None:
        region.advance(found, request.now)
        found = region.sources.get(arn)  # its deletion may have ended
    if parts.region != region.name or (found is None and region.knows_sources):
        raise _source_not_found(parts.resource_type, parts.name)
    if found is None:
        return {}
    if found.status != "available":
        raise Fault(_failures.find("InvalidExportSourceState", "StartExportTask"))
    return found.fields


def _check_export_only(forms: Iterable[str], engine: str) -> None:
    """Refuse what names neither a database, a schema nor a table, as far as the engine has them."""
    has_schemas = "postgres" in engine or not re.search("mysql|mariadb|aurora", engine)
    for form in forms:
        parts = form.split(".")
        if len(parts) > (3 if has_schemas else 2) or not all(parts):
            raise Fault(_failures.find("InvalidExportOnly", "StartExportTask"))


def _check_bucket(target: Target, bucket: str) -> Fault | None:
    """Return the refusal of a bucket that does not exist or must not be read.

    Any other error fails the export when it writes.
    """
    try:
        exists = target.has_bucket(bucket)
    except ParamValidationError:
        exists = False
    except Exception as error:  # noqa: BLE001 - a client and a test's stand-in raise anything
        response = error.response if isinstance(error, ClientError) else {}
        forbidden = response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 403
        return Fault(_failures.find("InvalidS3BucketFault", "StartExportTask")) if forbidden else None
    return None if exists else _failures.make_fault("InvalidS3BucketFault", f"The S3 bucket {bucket} doesn't exist.")


# What a filter compares. Statuses are lower case here (the service model's documentation).
_TASK_FILTERS: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "export-task-identifier": itemgetter("ExportTaskIdentifier"),
    "s3-bucket": itemgetter("S3Bucket"),
    "source-arn": itemgetter("SourceArn"),
    "status": lambda fields: fields["Status"].lower(),
}


def _prepare_describe(request: Request) -> None:
    """Bring the exports of a page up to date, so that their files are there."""
    with suppress(Fault):  # it comes again
        with request.account.lock:
            tasks = list(request.region.tasks.values())
        _select_tasks(request, tasks, partial(request.region.update, now=request.now, describing=True))


def _describe_export_tasks(request: Request) -> Mapping[str, Any]:
    region = request.region
    advance = partial(region.advance, now=request.now, describing=True)
    page, marker = _select_tasks(request, region.tasks.values(), advance)
    for task in page:
        task.times_shown += 1
    return {"ExportTasks": [copy_fields(task.fields) for task in page], **marker}


def _select_tasks(
    request: Request, tasks: Collection[TaskState], bring_up_to_date: Callable[[TaskState], object]
) -> tuple[list[TaskState], dict[str, str]]:
    """Return the tasks of a page; those before the next page are brought up to date."""
    parameters = request.parameters
    record_matches = matcher(parameters, ("SourceArn", "SourceType"), _TASK_FILTERS)
    if "ExportTaskIdentifier" in parameters:
        task = request.region.tasks.get(parameters["ExportTaskIdentifier"])
        if task is None and request.account.options.describe_unknown == "error":
            raise Fault(_failures.find("ExportTaskNotFound", "DescribeExportTasks"))
        tasks = [] if task is None else [task]

    def matches(task: TaskState) -> bool:
        bring_up_to_date(task)
        return record_matches is None or record_matches(task.fields)

    return select_page(request, "tasks", tasks, matches)


def _describe_events(request: Request) -> Mapping[str, Any]:
    region = request.region
    for _ in region.running(request.now):
        pass
    region.advance_sources(request.now)
    positions, matches = events.select(region.events, request.parameters, request.now)
    page, marker = select_page(request, "events", region.events, matches, positions)
    return {"Events": [events.to_response(event) for event in page], **marker}


def select_page(
    request: Request,
    what: str,
    records: Collection[Any],
    matches: Callable[[Any], bool] | None,
    positions: range | None = None,
) -> tuple[list[Any], dict[str, str]]:
    """Return a page of what a Describe operation lists, and the Marker of the next one if there is one."""
    return paginate(
        records,
        request.parameters,
        page_size=request.account.options.page_size,
        scope=f"{request.region.account_id}/{request.region.name}/{what}",
        matches=matches,
        positions=positions,
    )


HANDLED: dict[str, Operation] = {
    "CancelExportTask": Operation(_cancel_export_task, _update_named),
    "StartExportTask": Operation(_start_export_task, _prepare_start),
    "DescribeExportTasks": Operation(_describe_export_tasks, _prepare_describe),
    "DescribeEvents": Operation(_describe_events, update_all_regions),
}
"""The operations of exports, by the API's name: they are handled always."""
