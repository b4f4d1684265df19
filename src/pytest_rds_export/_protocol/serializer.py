"""Responses of the AWS query protocol: a result or a fault becomes headers and an XML body."""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.utils import parse_to_aware_datetime

from .. import _model, _times
from .._failures import Failure

if TYPE_CHECKING:
    from botocore.model import OperationModel

__tracebackhide__ = True

# Markup, a carriage return (a parser would make it a line feed), and what XML 1.0 forbids.
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def serialize_result(operation: OperationModel, result: Mapping[str, Any], now: datetime) -> Response:
    """Return the successful response of *operation*; *result* has the API's shape."""
    name, shape, request_id, content = operation.name, operation.output_shape, str(uuid.uuid4()), ""
    if shape is not None:
        wrapper = shape.serialization["resultWrapper"]
        content = f"<{wrapper}>{_serialize_structure(shape, result)}</{wrapper}>"
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    text = f'<{name}Response xmlns="{_namespace()}">{content}{metadata}</{name}Response>'
    return _to_response(200, text, request_id, now)


def serialize_failure(failure: Failure, operation: str, now: datetime) -> Response:
    """Return the response that carries *failure*: AWS's error document, one that breaks off, or a proxy's page."""
    status: Any = failure.http_status
    if failure.name == "ProxyErrorPage":
        page = f"<html><head><title>{status} Bad Gateway</title></head><body></body></html>"
        headers = {"Content-Type": "text/html", "Content-Length": str(len(page))}
        return Response(status, headers, page.encode())
    request_id = str(uuid.uuid4())
    if failure.kind == "transport":
        return _to_response(200, f'<{operation}Response xmlns="{_namespace()}"><{operation}Res', request_id, now)
    return _to_response(
        status,
        f'<ErrorResponse xmlns="{_namespace()}"><Error><Type>{"Sender" if status < 500 else "Receiver"}</Type>'
        f"<Code>{_escape(failure.name)}</Code><Message>{_escape(failure.message or failure.name)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>",
        request_id,
        now,
    )


def _to_response(status: int, text: str, request_id: str, now: datetime) -> Response:
    body = text.encode()
    headers = {
        "x-amzn-RequestId": request_id,
        "Content-Type": "text/xml",
        "Content-Length": str(len(body)),
        "Strict-Transport-Security": "max-age=31536000",
        "Date": _http_date(int(now.timestamp())),
    }
    return Response(status, headers, body)


def _namespace() -> Any:
    return _model.service_model().metadata["xmlNamespace"]


@functools.lru_cache(maxsize=8)  # formatting it takes longer than most of a response
def _http_date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, timezone.utc), usegmt=True)


def _serializer(shape: Any) -> Callable[[Any], str]:
    """Return the function that makes the XML inside the element of a value of *shape*."""
    nested = _NESTED.get(shape.type_name)
    return _SCALARS[shape.type_name] if nested is None else functools.partial(nested, shape)


@functools.cache
def _members(shape: Any) -> list[tuple[str, str, Callable[[Any], str], str]]:
    """Return the members of a structure: each one's name, its start tag, the function for its value, its end tag."""
    members = _model.serialized_members(shape)
    return [(name, f"<{tag}>", _serializer(member), f"</{tag}>") for name, tag, member in members]


def _serialize_structure(shape: Any, value: Mapping[str, Any]) -> str:
    return "".join(
        [f"{start}{serialize(value[name])}{end}" for name, start, serialize, end in _members(shape) if name in value]
    )


def _serialize_list(shape: Any, value: Any) -> str:
    tag = shape.member.serialization.get("name", "member")
    serialize = _serializer(shape.member)
    return "".join([f"<{tag}>{serialize(item)}</{tag}>" for item in value])


def _serialize_map(shape: Any, value: Mapping[Any, Any]) -> str:
    serialize_key, serialize_value = _serializer(shape.key), _serializer(shape.value)
    return "".join(
        f"<entry><key>{serialize_key(key)}</key><value>{serialize_value(item)}</value></entry>"
        for key, item in value.items()
    )


@functools.lru_cache(maxsize=4096)  # most strings of a page are those of the task before
def _escape(text: str) -> str:
    return _SPECIAL.sub(_escape_character, text if type(text) is str else _model.plain(text))


def _escape_character(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0], "\ufffd")


@functools.lru_cache(maxsize=4096)
def _format_timestamp(value: Any) -> str:
    time = value if isinstance(value, datetime) else parse_to_aware_datetime(value)
    return _times.format_time(time if time.tzinfo else time.replace(tzinfo=timezone.utc))


_NESTED: dict[str, Callable[[Any, Any], str]] = {
    "structure": _serialize_structure,
    "list": _serialize_list,
    "map": _serialize_map,
}
_SCALARS: dict[str, Callable[[Any], str]] = {
    "string": _escape,
    "integer": str,
    "long": str,
    "double": repr,
    "boolean": lambda value: "true" if value else "false",
    "timestamp": _format_timestamp,
}
