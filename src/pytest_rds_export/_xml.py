"""Results as XML, written by the shapes of botocore's service model."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from botocore.model import Shape

__tracebackhide__ = True

Write = Callable[[Any], str]

# What would break the document: markup, a carriage return (a parser makes it a line feed), and what XML 1.0 forbids.
_SPECIAL = "[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


@functools.cache
def writer(shape: Any) -> Write:
    """A function from a value of *shape* to the XML inside its element."""
    build = {"structure": _structure_writer, "map": _map_writer}.get(shape.type_name)
    if build is not None:
        return build(shape)
    if shape.type_name == "list":
        return _list_writer(shape, f"<{shape.member.serialization.get('name', 'member')}>")
    return _SCALARS_OUT.get(shape.type_name, str)


def _structure_writer(shape: Any) -> Write:
    members = shape.members

    @functools.lru_cache(maxsize=256)
    def plan(names: tuple[str, ...]) -> _Plan:
        present = [name for name in members if name in names]
        tags = [members[name].serialization.get("name", name) for name in present]
        kinds = [members[name].type_name for name in present]
        return _Plan(
            template="".join(f"<{tag}>%s</{tag}>" for tag in tags),
            values=_getter(present),
            texts=_getter([name for name, kind in zip(present, kinds, strict=True) if kind == "string"]),
            at=[index for index, kind in enumerate(kinds) if kind == "string"],
            converted=[
                (index, _late_writer(members[name]))
                for index, name in enumerate(present)
                if kinds[index] not in ("string", "integer", "long")
            ],
        )

    def write_structure(value: Mapping[str, Any]) -> str:
        template, get_values, get_texts, at, converted = plan(tuple(value))
        values = [*get_values(value)]
        for index, write in converted:
            values[index] = write(values[index])
        if not _is_plain("".join(get_texts(value))):
            for index in at:
                values[index] = text(values[index])
        return template % (*values,)

    return write_structure


class _Plan(NamedTuple):
    """How a structure with certain members is written."""

    template: str
    values: Callable[[Any], tuple[Any, ...]]
    """What gets the values that the template takes, in its order."""
    texts: Callable[[Any], tuple[str, ...]]
    """What gets those that are texts."""
    at: list[int]
    """Where the texts stand."""
    converted: list[tuple[int, Write]]
    """Where a value stands that is neither text nor number, and how it is written."""


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """What gets the items of these names, as a tuple."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda value: tuple(value[name] for name in names)


def _late_writer(shape: Shape) -> Write:
    """The writer of *shape*; of a structure looked up when it is needed, since it may contain itself."""

    def write(value: Any) -> str:
        return writer(shape)(value)

    return _SCALARS_OUT.get(shape.type_name, write)


def _list_writer(shape: Any, start: str) -> Write:
    end = f"</{start[1:]}"
    member = shape.member

    def write_list(value: Any) -> str:
        write = writer(member)
        return "".join([f"{start}{write(item)}{end}" for item in value])

    return write_list


def _map_writer(shape: Any) -> Write:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")

    def write_map(value: Mapping[Any, Any]) -> str:
        write_key, write_value = writer(shape.key), writer(shape.value)
        return "".join(
            f"<entry><{key_name}>{write_key(key)}</{key_name}><{value_name}>{write_value(item)}</{value_name}></entry>"
            for key, item in value.items()
        )

    return write_map


def _is_plain(text: str) -> bool:
    """Whether the text can stand in XML as it is, asked in the fastest way: what need not be escaped may get a no."""
    return text.isprintable() and "&" not in text and "<" not in text and ">" not in text


def text(value: str) -> str:
    if _is_plain(value):
        return value
    return re.sub(_SPECIAL, lambda found: _ESCAPES.get(found[0], "\ufffd"), value)


@functools.lru_cache(maxsize=4096)
def _timestamp(value: Any) -> str:
    if not isinstance(value, datetime):
        from botocore.utils import parse_to_aware_datetime

        value = parse_to_aware_datetime(value)
    elif value.tzinfo is not timezone.utc:
        value = (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    return f"{value.isoformat(timespec='milliseconds')[:23]}Z"


_SCALARS_OUT: dict[str, Write] = {
    "string": text,
    "integer": str,
    "long": str,
    "double": repr,
    "boolean": lambda value: "true" if value else "false",
    "timestamp": _timestamp,
}
