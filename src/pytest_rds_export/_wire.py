"""The AWS query protocol, server side, driven by botocore's service model."""

from __future__ import annotations

import functools
import itertools
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _failures, _model, _query, _xml
from ._failures import Failure

if TYPE_CHECKING:
    from botocore.model import OperationModel

__tracebackhide__ = True


class Request(NamedTuple):
    """A query request, read: the operation and its parameters in the shape that boto3 users know."""

    operation: OperationModel
    parameters: dict[str, Any]


class Response(NamedTuple):
    """An HTTP response, written."""

    status: int
    headers: dict[str, str]
    body: bytes


def read(body: bytes | str) -> Request:
    """Read the body of a query request. Raises ``Fault`` with AWS's error for what is none of RDS."""
    try:
        flat = _query.flat(body.decode("utf-8") if isinstance(body, bytes) else body)
    except ValueError:
        raise _failures.fault("MalformedQueryString", "The query string contains a syntax error.", 404) from None
    operation = _operation(flat.pop("Action", None), flat.pop("Version", None))
    shape = operation.input_shape
    return Request(operation, {} if shape is None else _query.parameters(flat, shape))


@functools.cache
def _operation(action: str | None, version: str | None) -> OperationModel:
    """The operation that a request names. Raises ``Fault`` for what is none of this version."""
    if action is None:
        raise _failures.fault("MissingAction", "The request is missing an action or a required parameter.")
    model = _model.service_model()
    if version != model.api_version or action not in model.operation_names:
        raise _failures.fault("InvalidAction", f"Could not find operation {action} for version {version}")
    return _model.operation_model(action)


def write_result(operation: OperationModel, result: Mapping[str, Any], now: datetime) -> Response:
    """Write the answer of *operation*: a result in the API's shape."""
    request_id = _request_id()
    head, write, tail, end = _envelope(operation)
    return _response(200, f"{head}{write(result)}{tail}{request_id}{end}", request_id, now)


@functools.cache
def _envelope(operation: OperationModel) -> tuple[str, _xml.Write, str, str]:
    """What stands around a result: before it, how it is written, before the request id, and after that."""
    name, shape = operation.name, operation.output_shape
    head = f'<{name}Response xmlns="{operation.service_model.metadata["xmlNamespace"]}">'
    tail, end = "<ResponseMetadata><RequestId>", f"</RequestId></ResponseMetadata></{name}Response>"
    if shape is None:
        return head, lambda _: "", tail, end
    wrapper = shape.serialization["resultWrapper"]
    return f"{head}<{wrapper}>", _xml.writer(shape), f"</{wrapper}>{tail}", end


_id_count = itertools.count(1)


def _request_id() -> str:
    """A request id: a random UUID for the process, and a count."""
    return f"{_id_start()}{next(_id_count):012x}"


@functools.cache
def _id_start() -> str:
    return str(uuid.uuid4())[:24]


def write_failure(failure: Failure, operation: str, now: datetime) -> Response:
    """Write a failure that has an answer: AWS's error document, one that breaks off, or a proxy's page."""
    request_id = _request_id()
    namespace = _model.service_model().metadata["xmlNamespace"]
    if failure.kind != "transport":
        status = failure.http_status or 400
        sender = "Sender" if status < 500 else "Receiver"
        body = (
            f'<ErrorResponse xmlns="{namespace}"><Error><Type>{sender}</Type><Code>{_xml.text(failure.name)}</Code>'
            f"<Message>{_xml.text(failure.message or failure.name)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return _response(status, body, request_id, now)
    if failure.http_status is None:
        return _response(200, f'<{operation}Response xmlns="{namespace}"><{operation}Res', request_id, now)
    page = f"<html><head><title>{failure.http_status} Bad Gateway</title></head><body></body></html>"
    return Response(failure.http_status, {"Content-Type": "text/html", "Content-Length": str(len(page))}, page.encode())


def _response(status: int, text: str, request_id: str, now: datetime) -> Response:
    body = text.encode("utf-8")
    headers = {
        "x-amzn-RequestId": request_id,
        "Content-Type": "text/xml",
        "Content-Length": str(len(body)),
        "Date": _http_date(int(now.timestamp())),
    }
    return Response(status, headers, body)


@functools.lru_cache(maxsize=16)
def _http_date(seconds: int) -> str:
    from email.utils import format_datetime

    return format_datetime(datetime.fromtimestamp(seconds, timezone.utc), usegmt=True)
