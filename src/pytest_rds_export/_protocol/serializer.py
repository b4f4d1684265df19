"""Responses of the AWS query protocol: a result or a fault becomes headers and an XML body."""

from __future__ import annotations

import functools
import itertools
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.utils import parse_to_aware_datetime

from .. import _model
from .._failures import Failure

if TYPE_CHECKING:
    from botocore.model import OperationModel

__tracebackhide__ = True

# Markup, a carriage return (a parser would make it a line feed), and what XML 1.0 forbids.
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}

_request_numbers = itertools.count(1)


class Response(NamedTuple):
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


def serialize_result(operation: OperationModel, result: Mapping[str, Any], now: datetime) -> Response:
    """Return the successful response of *operation*; *result* has the API's shape."""
    name, shape = operation.name, operation.output_shape
    content = ""
    if shape is not None:
        wrapper = shape.serialization["resultWrapper"]
        content = f"<{wrapper}>{_serialize_structure(result, shape)}</{wrapper}>"
    request_id = _next_request_id()
    return _to_response(
        200,
        f'<{name}Response xmlns="{_namespace()}">{content}'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>",
        request_id,
        now,
    )


def serialize_failure(failure: Failure, operation: str, now: datetime) -> Response:
    """Return the response that carries *failure*: AWS's error document, one that breaks off, or a proxy's page."""
    if failure.name == "ProxyErrorPage":
        page = f"<html><head><title>{failure.http_status} Bad Gateway</title></head><body></body></html>"
        headers = {"Content-Type": "text/html", "Content-Length": str(len(page))}
        return Response(failure.http_status or 502, headers, page.encode())
    request_id = _next_request_id()
    if failure.kind == "transport":
        return _to_response(200, f'<{operation}Response xmlns="{_namespace()}"><{operation}Res', request_id, now)
    status = failure.http_status or 400
    return _to_response(
        status,
        f'<ErrorResponse xmlns="{_namespace()}"><Error><Type>{"Sender" if status < 500 else "Receiver"}</Type>'
        f"<Code>{_escape(failure.name)}</Code><Message>{_escape(failure.message or failure.name)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>",
        request_id,
        now,
    )


def _to_response(status: int, text: str, request_id: str, now: datetime) -> Response:
    body = text.encode("utf-8")
    headers = {
        "x-amzn-RequestId": request_id,
        "Content-Type": "text/xml",
        "Content-Length": str(len(body)),
        "Date": _http_date(int(now.timestamp())),
    }
    return Response(status, headers, body)


@functools.cache
def _namespace() -> str:
    return str(_model.service_model().metadata["xmlNamespace"])


def _next_request_id() -> str:
    """Return a UUID: random for the process, then counted, because making a random one each time is slow."""
    return f"{_request_id_prefix()}{next(_request_numbers):012x}"


@functools.cache
def _request_id_prefix() -> str:
    return str(uuid.uuid4())[:24]


@functools.lru_cache(maxsize=16)
def _http_date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, timezone.utc), usegmt=True)


def _serialize(value: Any, shape: Any) -> str:
    """Return the XML inside the element of a value of *shape*."""
    return _SERIALIZERS[shape.type_name](value, shape)


def _serialize_structure(value: Mapping[str, Any], shape: Any) -> str:
    parts = []
    for name, tag, member in _members(shape):
        if name in value:
            parts.append(f"<{tag}>{_serialize(value[name], member)}</{tag}>")
    return "".join(parts)


@functools.cache
def _members(shape: Any) -> list[tuple[str, str, Any]]:
    """Return the members of a structure: each one's name, the tag that it has in XML, and its shape."""
    return [(name, member.serialization.get("name", name), member) for name, member in shape.members.items()]


def _serialize_list(value: Any, shape: Any) -> str:
    tag = shape.member.serialization.get("name", "member")
    return "".join([f"<{tag}>{_serialize(item, shape.member)}</{tag}>" for item in value])


def _serialize_map(value: Mapping[Any, Any], shape: Any) -> str:
    key_tag = shape.key.serialization.get("name", "key")
    value_tag = shape.value.serialization.get("name", "value")
    return "".join(
        f"<entry><{key_tag}>{_serialize(key, shape.key)}</{key_tag}>"
        f"<{value_tag}>{_serialize(item, shape.value)}</{value_tag}></entry>"
        for key, item in value.items()
    )


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], "\ufffd"), text)


@functools.lru_cache(maxsize=4096)
def _format_timestamp(value: Any) -> str:
    time = value if isinstance(value, datetime) else parse_to_aware_datetime(value)
    time = (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    return f"{time.isoformat(timespec='milliseconds')[:23]}Z"


_SERIALIZERS: dict[str, Callable[[Any, Any], str]] = {
    "structure": _serialize_structure,
    "list": _serialize_list,
    "map": _serialize_map,
    "string": lambda value, _: _escape(value),
    "integer": lambda value, _: str(value),
    "long": lambda value, _: str(value),
    "double": lambda value, _: repr(value),
    "boolean": lambda value, _: "true" if value else "false",
    "timestamp": lambda value, _: _format_timestamp(value),
}
