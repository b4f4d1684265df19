"""botocore's own description of Amazon RDS, loaded once per process."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from ._messages import unknown_name_message

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.model import OperationModel, Shape

__tracebackhide__ = True

UTC = timezone.utc


@functools.cache
def loader(data_path: str | None) -> Loader:
    """The loader of botocore's data files, and of those on *data_path*; it keeps what it has read."""
    return create_loader(data_path)


def _own_loader() -> Loader:
    return loader(os.environ.get("AWS_DATA_PATH"))


@functools.cache
def service_model() -> ServiceModel:
    """The service model of RDS that the installed botocore carries."""
    return ServiceModel(_own_loader().load_service_model("rds", "service-2"), "rds")


@functools.cache
def operation_model(name: str) -> OperationModel:
    """The model of one operation, the same object each time.

    Raises ``ValueError`` for a name that is none of the API's, with the right one named.
    """
    model = service_model()
    if name in model.operation_names:
        return model.operation_model(name)
    for operation in model.operation_names:
        if xform_name(operation) == name:
            raise ValueError(f"operations go by the API's name: {operation!r}, not {name!r}")
    raise ValueError(unknown_name_message("RDS operation", name, model.operation_names))


@functools.cache
def members(shape_name: str) -> Mapping[str, tuple[str, Shape]]:
    """Of a structure: the members in botocore's snake case, each with the API's name and its shape."""
    shape: Any = service_model().shape_for(shape_name)
    return {xform_name(name): (name, member) for name, member in shape.members.items()}


def check_members(shape_name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Turn members in snake case into the API's names, each value checked against its shape.

    Raises ``TypeError`` for an unknown member, ``ValueError`` for a value of the wrong type. A member given as
    ``None`` counts as not given.
    """
    known = members(shape_name)
    result = {}
    for name, value in given.items():
        if name not in known:
            raise TypeError(unknown_name_message(f"member of {shape_name}", name, known))
        if value is not None:
            api_name, shape = known[name]
            result[api_name] = _checked(name, value, shape)
    return result


def _checked(name: str, value: Any, shape: Any) -> Any:
    kind = shape.type_name
    if kind == "timestamp":
        return to_datetime(name, value)
    if kind == "list" and isinstance(value, (list, tuple)):
        return [_checked(f"{name}[{index}]", item, shape.member) for index, item in enumerate(value)]
    types = {"string": str, "integer": int, "long": int, "boolean": bool, "structure": dict, "list": list}
    expected = types.get(kind, object)
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise ValueError(f"{name} is of type {kind}, got {value!r}")
    return value


def to_datetime(name: str, value: object) -> datetime:
    """A point in time in UTC, cut to the milliseconds that RDS sends.

    *value* is an aware ``datetime`` or an ISO 8601 text with an offset, as both versions of the AWS CLI print it.
    """
    time = value
    if isinstance(value, str):
        try:
            time = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", value))
        except ValueError:
            raise ValueError(f"{name} is no ISO 8601 time such as '2026-03-01T02:00:00Z': {value!r}") from None
    if not isinstance(time, datetime):
        raise ValueError(f"{name} is an aware datetime or an ISO 8601 text, got {value!r}")
    if time.tzinfo is None:
        raise ValueError(f"{name} has no time zone: {value!r}; give it one, such as tzinfo=timezone.utc or a 'Z'")
    return milliseconds(time.astimezone(UTC))


def milliseconds(value: datetime) -> datetime:
    """The moment without the microseconds that never reach the wire."""
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def check_region(name: object) -> str:
    """The name of a region. Raises ``ValueError`` for what cannot be one."""
    if not isinstance(name, str) or not re.fullmatch(r"[a-z]{2,}(-[a-z0-9]+)+", name):
        raise ValueError(f"a region has a name such as 'eu-west-1', got {name!r}")
    return name


@functools.cache
def partition(region: str) -> str:
    """The partition that botocore places a region in; ``aws`` for one that it has no rule for."""
    for entry in _own_loader().load_data("partitions")["partitions"]:
        if region in entry["regions"] or re.fullmatch(entry["regionRegex"], region):
            return str(entry["id"])
    return "aws"


def check_structure(shape_name: str, value: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` where *value* is none of the model's structure, with the path."""
    _check(value, service_model().shape_for(shape_name), shape_name)


def _check(value: Mapping[str, Any], shape: Shape, what: str) -> None:
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        raise ValueError(f"not a valid {what}: {report.generate_report()}")


def check_response(operation: OperationModel, response: object) -> None:
    """Raise ``ValueError`` where *response* is none of the operation's in the service model, with the path."""
    if not isinstance(response, Mapping):
        raise ValueError(f"a response of {operation.name} is a mapping in the API's shape, got {response!r}")
    given = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    if operation.output_shape is None:
        if given:
            raise ValueError(f"{operation.name} answers nothing, got {given!r}")
        return
    _check(given, operation.output_shape, f"response of {operation.name}")
