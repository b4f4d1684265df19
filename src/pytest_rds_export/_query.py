"""The parameters of a query request, read by the shapes of botocore's service model."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from . import _failures
from ._failures import Fault
from ._wording import listed

if TYPE_CHECKING:
    from botocore.model import Shape

__tracebackhide__ = True

_Read = Callable[[Any, str], Any]

_ISO_8601 = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:?\d\d)?)?", re.ASCII)
_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)


def parameters(flat: Mapping[str, str], shape: Shape) -> dict[str, Any]:
    """The value of the structure *shape* that the query *flat* spells. Raises ``Fault`` where it spells none."""
    tree = _tree(flat) if "." in "".join(flat) else flat
    found: dict[str, Any] = _reader(shape)(tree, "")
    return found


def flat(text: str) -> dict[str, str]:
    """The names and values of a query. Raises ``ValueError`` for what is none."""
    found = {}
    for pair in text.split("&") if text else ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(pair)
        if "%" in pair or "+" in pair:
            name, value = _unquoted(name), _unquoted(value)
        found[name] = value
    return found


def _unquoted(text: str) -> str:
    from urllib.parse import unquote_plus

    return unquote_plus(text, errors="strict")


def _tree(flat: Mapping[str, str]) -> dict[str, Any]:
    """The dotted names of a query, such as ``Filters.Filter.1.Name``, as nested dicts."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        if "." not in name:
            _place(tree, name, value, name)
            continue
        *path, last = name.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise _failures.fault("MalformedQueryString", f"The parameter {name} is given in two ways.", 404)
        _place(node, last, value, name)
    return tree


def _place(node: dict[str, Any], key: str, value: str, name: str) -> None:
    if isinstance(node.get(key), dict):
        raise _failures.fault("MalformedQueryString", f"The parameter {name} is given in two ways.", 404)
    node[key] = value


def _invalid(path: str, value: object) -> Fault:
    shown = listed(value) if isinstance(value, dict) else value
    return _failures.fault("InvalidParameterValue", f"Invalid value {shown} for {path}")


@functools.cache
def _reader(shape: Shape) -> _Read:
    """A function from a node of the query's tree and its path to the value of *shape*."""
    build = {"structure": _structure_reader, "list": _list_reader, "map": _map_reader}.get(shape.type_name)
    if build is not None:
        return build(shape)
    convert = _SCALARS_IN.get(shape.type_name, str)

    def read_scalar(node: Any, path: str) -> Any:
        try:
            if not isinstance(node, str):
                raise ValueError
            return convert(node)
        except (ValueError, OverflowError, RuntimeError):  # the last is botocore's, for a time beyond its reach
            raise _invalid(path, node) from None

    return read_scalar


def _integer(text: str) -> int:
    if not text.removeprefix("-").isdecimal():
        raise ValueError(text)
    return int(text)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _moment(text: str) -> datetime:
    from botocore.utils import parse_to_aware_datetime

    # botocore's parser also guesses at what is neither, with a warning.
    if not _ISO_8601.fullmatch(text) and not _SECONDS.fullmatch(text):
        raise ValueError(text)
    found: datetime = parse_to_aware_datetime(text)
    return found.astimezone(timezone.utc)


_SCALARS_IN: dict[str, Callable[[str], Any]] = {
    "integer": _integer,
    "long": _integer,
    "double": float,
    "boolean": _boolean,
    "timestamp": _moment,
}


def _structure_reader(shape: Any) -> _Read:
    members = [
        (name, member.serialization.get("name", name), member, member.type_name)
        for name, member in shape.members.items()
    ]
    required = shape.required_members

    def read_structure(node: Any, path: str) -> dict[str, Any]:
        if not isinstance(node, dict):
            raise _invalid(path, node)
        result = {}
        for name, key, member, kind in members:
            if key in node:
                value = node[key]
                if kind != "string" or not isinstance(value, str):
                    value = _reader(member)(value, f"{path}.{name}" if path else name)
                if kind == "list" and not value:
                    continue
                result[name] = value
        for name in required:
            if name not in result:
                raise _failures.fault("MissingParameter", f"The request must contain the parameter {name}.")
        return result

    return read_structure


def _list_reader(shape: Any) -> _Read:
    key = shape.member.serialization.get("name", "member")
    member = shape.member

    def read_list(node: Any, path: str) -> list[Any]:
        if node == "":
            return []
        items = node.get(key) if isinstance(node, dict) else None
        if not isinstance(items, dict) or not all(index.isdecimal() and len(index) < 10 for index in items):
            raise _invalid(path, node)
        read = _reader(member)
        return [read(items[index], f"{path}[{index}]") for index in sorted(items, key=int)]

    return read_list


def _map_reader(shape: Any) -> _Read:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")

    def read_map(node: Any, path: str) -> dict[Any, Any]:
        entries = node.get("entry") if isinstance(node, dict) else None
        if not isinstance(entries, dict):
            raise _invalid(path, node)
        result = {}
        for entry in entries.values():
            if not isinstance(entry, dict) or key_name not in entry or value_name not in entry:
                raise _invalid(path, entry)
            key = _reader(shape.key)(entry[key_name], path)
            result[key] = _reader(shape.value)(entry[value_name], f"{path}[{key}]")
        return result

    return read_map
