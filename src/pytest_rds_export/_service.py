"""The operations: parameters in, result or fault out. No HTTP, no XML, no pytest."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from operator import methodcaller
from typing import Any, TypeVar

from . import _failures, _model
from ._calls import Call
from ._failures import Failure, Fault
from ._injections import Injection
from ._paging import matcher, page
from ._record import RUNNING, Record
from ._registry import ExportTaskRegistry
from ._sources import KINDS
from ._task import LONGEST_IDENTIFIER, ExportTask, is_identifier, source_arn_parts
from ._wording import listed

__tracebackhide__ = True

_Operation = Callable[[ExportTaskRegistry, Mapping[str, Any], datetime], Mapping[str, Any]]
_OperationT = TypeVar("_OperationT", bound=_Operation)
_OPERATIONS: dict[str, _Operation] = {}

_STATE_FAULT = "InvalidExportTaskStateFault"
_SLASH_CAUSE = "The S3 prefix must not end with a slash. Review your S3 prefix and retry the export."


class UnansweredOperation(AssertionError):
    """An RDS operation that nobody answered. Nothing was sent to AWS."""

    __module__ = "pytest_rds_export"


def is_answered(operation: str) -> bool:
    """Whether *operation* is one that is always answered from the registry."""
    return operation in _OPERATIONS


class Request:
    """What one send asks of the registry."""

    __slots__ = ("call", "injection", "now", "registry")

    registry: ExportTaskRegistry
    call: Call
    now: datetime
    injection: Injection | None

    def answer(self) -> Mapping[str, Any] | None:
        """The result; None where the registry has none and others are to be asked.

        Raises ``Fault`` for a refusal or an injected failure, and an injected exception as it is.
        """
        call = self.call
        injections = self.registry._account.injections
        if injections.waiting:
            self.injection = injections.meet(call.operation, call.identifier)
        if self.injection is None:
            return self._operate()
        if not self.injection.applied:
            self._race(self.injection.failure)
            self.lose()
        try:
            result = self._operate()
        except Fault:
            result = {}
        if result is not None:
            self.lose()
        return result

    def lose(self) -> None:
        """Raise the injected failure that this send met, if it met one."""
        if self.injection is not None:
            failure = self.injection.failure
            raise Fault(failure) if isinstance(failure, Failure) else failure

    def unanswered(self, *, in_process: bool = True) -> UnansweredOperation:
        """What to raise where nobody answered, in this process or another; noted, to be told again at the end."""
        self.registry._account.log.nobody_answered(self.call)
        name = self.call.operation
        ways = [f"rds_export_tasks.stub({name!r}, response)"]
        if name in _DESCRIBED:
            ways.insert(0, "rds_export_tasks.seed_snapshot(name)")
        if in_process:
            ways += ["moto beside this plugin (mock_aws)", f"a 'before-send.rds.{name}' handler of your own"]
        return UnansweredOperation(
            f"nobody answers {name}; answered here: {listed(_OPERATIONS)}. Nothing was sent to AWS. "
            f"Ways out: {'; '.join(ways)}"
        )

    def _operate(self) -> Mapping[str, Any] | None:
        call, registry = self.call, self.registry
        operation = _OPERATIONS.get(call.operation)
        if operation is not None:
            with registry._lock:
                return operation(registry, call.parameters, self.now)
        stub = registry._account.stubs.get(call.operation)
        if stub is not None:
            return _stubbed(call, stub)
        describe = _DESCRIBED.get(call.operation)
        if describe is None or not registry._sources:
            return None
        with registry._lock:
            return describe(registry, call.parameters, self.now)

    def _race(self, failure: Failure | Exception) -> None:
        """Let a task that could still be cancelled complete just before a cancel that is to find it too late."""
        if self.call.operation == "CancelExportTask" and getattr(failure, "name", None) == _STATE_FAULT:
            with self.registry._lock:
                task = self.registry._get_live(self.call.identifier or "")
                if task is not None and (record := task._look(self.now)).status in RUNNING:
                    record.enter("COMPLETE", self.now)


def _stubbed(call: Call, stub: Any) -> Mapping[str, Any]:
    from botocore.exceptions import ClientError

    try:
        response = stub(call.parameters) if callable(stub) else stub
    except ClientError as error:
        raise Fault(_failures.from_client_error(error, call.operation)) from error
    if callable(stub):
        _model.check_response(_model.operation_model(call.operation), response)
    result: Mapping[str, Any] = _without_none(response)
    return result


def _without_none(value: Any) -> Any:
    """A response without the members that are None, which botocore's validation lets pass."""
    if isinstance(value, Mapping):
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, (list, tuple)) else value


def _answers(name: str) -> Callable[[_OperationT], _OperationT]:
    def register(operation: _OperationT) -> _OperationT:
        _OPERATIONS[name] = operation
        return operation

    return register


@_answers("StartExportTask")
def _start_export_task(registry: ExportTaskRegistry, parameters: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    identifier, arn = parameters["ExportTaskIdentifier"], parameters["SourceArn"]
    _check_new_identifier(registry, identifier)
    source = _find_source(registry, arn)
    _check_export_only(parameters.get("ExportOnly", ()), source.get("Engine", ""))
    limit = registry._account.options.concurrent_limit
    if registry._has_running(limit, now):
        raise _failures.fault(
            "ExportTaskLimitReachedFault", f"You have reached the limit of {limit} concurrent export tasks"
        )
    given = {
        "ExportTaskIdentifier": identifier,
        "Status": "STARTING",
        "SourceArn": arn,
        "S3Bucket": parameters["S3BucketName"],
        "IamRoleArn": parameters["IamRoleArn"],
        "KmsKeyId": parameters["KmsKeyId"],
    }
    for name in ("S3Prefix", "ExportOnly"):
        if name in parameters:
            given[name] = parameters[name]
    if "SnapshotCreateTime" in source:
        given["SnapshotTime"] = source["SnapshotCreateTime"]
    timeline = registry.timeline
    if parameters.get("S3Prefix", "").endswith("/"):
        timeline = timeline._failing(_SLASH_CAUSE)
    task, record = ExportTask._started(given, registry, timeline, now, source.get("AllocatedStorage"))
    registry._place(task)
    answer = _shown(record)
    if "S3Prefix" not in parameters:
        del answer["S3Prefix"]
    return answer


@_answers("CancelExportTask")
def _cancel_export_task(
    registry: ExportTaskRegistry, parameters: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    task = registry._get_live(parameters["ExportTaskIdentifier"])
    if task is None:
        raise _documented("CancelExportTask", "ExportTaskNotFound")
    record = task._look(now)
    if record.status not in RUNNING:
        raise _documented("CancelExportTask", _STATE_FAULT)
    record.enter("CANCELING", now)
    return _shown(record)


@_answers("DescribeExportTasks")
def _describe_export_tasks(
    registry: ExportTaskRegistry, parameters: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    by_filters = matcher(parameters, _TASK_FILTERS)
    wanted = [(name, parameters[name]) for name in ("SourceArn", "SourceType") if name in parameters]
    tasks = registry._in_order()
    if "ExportTaskIdentifier" in parameters:
        task = registry._get_live(parameters["ExportTaskIdentifier"])
        if task is None and registry._account.options.describe_unknown == "error":
            raise _documented("DescribeExportTasks", "ExportTaskNotFound")
        tasks = [] if task is None else [task]

    def matches(task: ExportTask) -> bool:
        return _meets(task._look(now, describing=True).members, wanted, by_filters)

    found, following = page(
        tasks,
        parameters,
        size=registry._account.options.page_size,
        scope=f"{registry.account_id}/{registry.region}/tasks",
        matches=matches if wanted or by_filters is not None else None,
    )
    return {"ExportTasks": [_shown(task._show(now)) for task in found], **following}


def _meets(
    record: Mapping[str, Any], wanted: list[tuple[str, Any]], by_filters: Callable[[Mapping[str, Any]], bool] | None
) -> bool:
    """Whether a record has the wanted members and meets the filters."""
    return all(record.get(name) == value for name, value in wanted) and (by_filters is None or by_filters(record))


def _shown(record: Record) -> dict[str, Any]:
    shown = dict(record.members)
    if "ExportOnly" in shown:
        shown["ExportOnly"] = list(shown["ExportOnly"])
    return shown


def _documented(operation: str, code: str) -> Fault:
    return Fault(_failures.find(code, operation))


def _check_new_identifier(registry: ExportTaskRegistry, identifier: str) -> None:
    if not is_identifier(identifier):
        raise _failures.fault(
            "InvalidParameterValue",
            "The parameter ExportTaskIdentifier is not a valid identifier. Identifiers must begin with a letter; must "
            "contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two "
            "consecutive hyphens.",
        )
    if len(identifier) > LONGEST_IDENTIFIER:
        raise _failures.fault(
            "InvalidParameterValue",
            f"The parameter ExportTaskIdentifier must not be longer than {LONGEST_IDENTIFIER} characters.",
        )
    if identifier in registry:
        raise _failures.fault("ExportTaskAlreadyExists", f"The export task with the ID {identifier} already exists.")


def _not_found(type_: str, name: str) -> Fault:
    kind = KINDS[type_]
    return _failures.fault(kind.not_found, f"Could not find {kind.noun} with name {name}")


def _find_source(registry: ExportTaskRegistry, arn: str) -> Mapping[str, Any]:
    """The record of the source, empty where none is seeded."""
    parts = source_arn_parts(arn)
    if parts is None:
        raise _failures.fault("InvalidParameterValue", f"Invalid value {arn} for SourceArn.")
    found = registry._sources.find(parts["type"], parts["name"])
    if parts["region"] != registry.region or (found is None and registry._sources):
        raise _not_found(parts["type"], parts["name"])
    if found is not None and found["Status"] != "available":
        raise _documented("StartExportTask", "InvalidExportSourceState")
    return found or {}


def _check_export_only(forms: Any, engine: str) -> None:
    """Refuse what names neither a database, a schema nor a table, as far as the engine has them."""
    most = 3 if "postgres" in engine or not re.search("mysql|mariadb|aurora", engine) else 2
    for form in forms:
        parts = form.split(".")
        if len(parts) > most or not all(parts):
            raise _documented("StartExportTask", "InvalidExportOnly")


# What a filter compares; statuses are lower case there (the service model's documentation).
_TASK_FILTERS: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "export-task-identifier": lambda members: members["ExportTaskIdentifier"],
    "s3-bucket": lambda members: members["S3Bucket"],
    "source-arn": lambda members: members["SourceArn"],
    "status": lambda members: members["Status"].lower(),
}


def _describer(type_: str, filters: Mapping[str, str]) -> _Operation:
    """An operation that describes the seeded sources of one resource type; *filters* name the members they compare."""
    kind = KINDS[type_]
    known = {name: methodcaller("get", member) for name, member in filters.items()}
    narrowing = (kind.parent, "SnapshotType", "DbiResourceId", "DbClusterResourceId")

    def describe(registry: ExportTaskRegistry, parameters: Mapping[str, Any], _now: datetime) -> Mapping[str, Any]:
        by_filters = matcher(parameters, known)
        wanted = [(name, parameters[name]) for name in narrowing if name in parameters]
        records = registry._sources.all(type_)
        if (name := parameters.get(kind.identifier)) is not None:
            records = [record for record in records if name in (record[kind.identifier], record[kind.arn])]
            if not records:
                raise _not_found(type_, name)
        found, following = page(
            records,
            parameters,
            size=registry._account.options.page_size,
            scope=f"{registry.account_id}/{registry.region}/{type_}",
            matches=lambda record: _meets(record, wanted, by_filters),
        )
        return {f"{kind.shape}s": copy.deepcopy(found), **following}

    return describe


_DESCRIBED: dict[str, _Operation] = {
    "DescribeDBSnapshots": _describer(
        "snapshot",
        {
            "db-instance-id": "DBInstanceIdentifier",
            "db-snapshot-id": "DBSnapshotIdentifier",
            "dbi-resource-id": "DbiResourceId",
            "snapshot-type": "SnapshotType",
            "engine": "Engine",
        },
    ),
    "DescribeDBClusterSnapshots": _describer(
        "cluster-snapshot",
        {
            "db-cluster-id": "DBClusterIdentifier",
            "db-cluster-snapshot-id": "DBClusterSnapshotIdentifier",
            "snapshot-type": "SnapshotType",
            "engine": "Engine",
        },
    ),
}
