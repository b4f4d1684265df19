"""Requests of the AWS query protocol: a query string becomes an operation and its parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from botocore.utils import parse_to_aware_datetime

from .. import _failures, _model
from .._failures import Fault

if TYPE_CHECKING:
    from botocore.model import OperationModel

__tracebackhide__ = True

# ISO 8601 in UTC: RDS has refused an offset such as +02:00.
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?Z?)?", re.ASCII)


def parse_query(body: bytes | str) -> dict[str, Any]:
    """Return the names and values of a request body; dotted names, such as ``Filters.Filter.1.Name``, as nested dicts.

    Raises ``Fault`` if it is not a query string, or names a parameter both with and without nested ones.
    """
    query: dict[str, Any] = {}
    try:
        text = body.decode() if isinstance(body, bytes) else body
        quoted = "%" in text or "+" in text
        for pair in text.split("&") if text else ():
            name, equals, value = pair.partition("=")
            if not equals:
                raise ValueError
            if quoted:
                name, value = unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")
            node = query
            *path, last = name.split(".")
            for part in path:
                node = node.setdefault(part, {})
                if not isinstance(node, dict):
                    raise _malformed(f"The parameter {name} is given in two ways.")
            if isinstance(node.get(last), dict):
                raise _malformed(f"The parameter {name} is given in two ways.")
            node[last] = value
    except ValueError:
        raise _malformed("The query string contains a syntax error.") from None
    return query


def parse_operation(query: Mapping[str, Any]) -> OperationModel:
    """Return the operation that a query names. Raises ``Fault`` for anything but an operation of RDS."""
    if "Action" not in query:
        raise _failures.make_fault("MissingAction", "The request is missing an action or a required parameter.")
    action, version = query["Action"], query.get("Version")
    if version == _model.service_model().api_version:
        with suppress(ValueError):
            return _model.operation_model(action)
    raise _failures.make_fault("InvalidAction", f"Could not find operation {action} for version {version}")


def parse_parameters(query: Mapping[str, Any], operation: OperationModel) -> dict[str, Any]:
    """Return the parameters of *operation*, as a boto3 user would write them.

    Raises ``Fault`` for a parameter that is missing or cannot be read.
    """
    return _parse_structure(query, operation.input_shape, "")


def _parse(node: Any, shape: Any, path: str) -> Any:
    """Return the value of *shape* that a node of the query spells; *path* names it in the refusal."""
    parse_node = _NESTED.get(shape.type_name)
    if parse_node is not None:
        return parse_node(node, shape, path)
    if not isinstance(node, str):
        raise _invalid(node, path)
    try:
        return _SCALARS.get(shape.type_name, str)(node)
    except ValueError:
        raise _invalid(node, path) from None


def _parse_structure(node: Any, shape: Any, path: str) -> dict[str, Any]:
    if not isinstance(node, dict):
        raise _invalid(node, path)
    result = {}
    for name, key, member in _model.serialized_members(shape):
        if key in node:
            value = _parse(node[key], member, f"{path}.{name}" if path else name)
            if value != []:  # botocore sends an empty list as an empty string; AWS takes it for not given
                result[name] = value
    for name in shape.required_members:
        is_string = shape.members[name].type_name == "string"
        if name not in result or (is_string and not result[name].strip()):
            rule = f"must be provided and must not be {'blank' if is_string else 'null'}."
            raise _failures.make_fault("InvalidParameterValue", f"The parameter {name} {rule}")
    return result


def _parse_list(node: Any, shape: Any, path: str) -> list[Any]:
    if node == "":
        return []
    items = node.get(shape.member.serialization.get("name", "member")) if isinstance(node, dict) else None
    if not isinstance(items, dict) or not all(index.isdecimal() and len(index) < 10 for index in items):
        raise _invalid(node, path)
    return [_parse(items[index], shape.member, f"{path}[{index}]") for index in sorted(items, key=int)]


def _parse_map(node: Any, shape: Any, path: str) -> dict[Any, Any]:
    entries = node.get("entry") if isinstance(node, dict) else None
    if not isinstance(entries, dict):
        raise _invalid(node, path)
    result = {}
    for entry in entries.values():
        if not isinstance(entry, dict) or not {"key", "value"} <= entry.keys():
            raise _invalid(entry, path)
        key = _parse(entry["key"], shape.key, path)
        result[key] = _parse(entry["value"], shape.value, f"{path}[{key}]")
    return result


def _parse_integer(text: str) -> int:
    if not text.removeprefix("-").isdecimal():
        raise ValueError
    return int(text)


def _parse_boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError
    return text.lower() == "true"


def _parse_timestamp(text: str) -> datetime:
    try:
        if not _TIME.fullmatch(text):  # botocore's parser would guess, with a warning
            raise ValueError
        time: datetime = parse_to_aware_datetime(
            text if text.endswith("Z") else f"{text}{'' if 'T' in text else 'T00:00'}Z"
        )
        return time.astimezone(timezone.utc)
    except (ValueError, OverflowError, RuntimeError):  # the last is botocore's, for a time that it cannot represent
        raise _failures.make_fault("MalformedInput", "timestamp must follow ISO8601") from None


_NESTED: dict[str, Callable[[Any, Any, str], Any]] = {
    "structure": _parse_structure,
    "list": _parse_list,
    "map": _parse_map,
}
_SCALARS: dict[str, Callable[[str], Any]] = {
    "integer": _parse_integer,
    "long": _parse_integer,
    "double": float,
    "boolean": _parse_boolean,
    "timestamp": _parse_timestamp,
}


def _invalid(value: object, path: str) -> Fault:
    shown = ", ".join(value) if isinstance(value, dict) else value
    return _failures.make_fault("InvalidParameterValue", f"Invalid value {shown} for {path}")


def _malformed(message: str) -> Fault:
    return _failures.make_fault("MalformedQueryString", message, 404)
