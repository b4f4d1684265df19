"""The AWS query protocol, server side, driven by botocore's service model."""

from __future__ import annotations

import functools
import itertools
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

from . import _failures, _model
from ._failures import Failure, Fault
from ._wording import listed

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

_Read = Callable[[Any, str], Any]
_Write = Callable[[Any], str]

# What would break the document: markup, a carriage return (a parser makes it a line feed), and what XML 1.0 forbids.
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


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
        flat = _flat(body.decode("utf-8") if isinstance(body, bytes) else body)
    except ValueError:
        raise _failures.fault("MalformedQueryString", "The query string contains a syntax error.", 404) from None
    action = flat.pop("Action", None)
    version = flat.pop("Version", None)
    if action is None:
        raise _failures.fault("MissingAction", "The request is missing an action or a required parameter.")
    model = _model.service_model()
    if version != model.api_version or action not in model.operation_names:
        raise _failures.fault("InvalidAction", f"Could not find operation {action} for version {version}")
    operation = _model.operation_model(action)
    shape = operation.input_shape
    return Request(operation, {} if shape is None else _reader(shape)(_tree(flat), ""))


def _flat(text: str) -> dict[str, str]:
    """The names and values of a query. Raises ``ValueError`` for what is none."""
    flat = {}
    for pair in text.split("&") if text else ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(pair)
        if "%" in pair or "+" in pair:
            name, value = unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")
        flat[name] = value
    return flat


def write_result(operation: OperationModel, result: Mapping[str, Any], now: datetime) -> Response:
    """Write the answer of *operation*: a result in the API's shape."""
    request_id = _request_id()
    head, write, tail, end = _envelope(operation)
    return _response(200, f"{head}{write(result)}{tail}{request_id}{end}", request_id, now)


@functools.cache
def _envelope(operation: OperationModel) -> tuple[str, _Write, str, str]:
    """What stands around a result: before it, how it is written, before the request id, and after that."""
    name, shape = operation.name, operation.output_shape
    head = f'<{name}Response xmlns="{operation.service_model.metadata["xmlNamespace"]}">'
    tail, end = "<ResponseMetadata><RequestId>", f"</RequestId></ResponseMetadata></{name}Response>"
    if shape is None:
        return head, lambda result: "", tail, end
    wrapper = shape.serialization["resultWrapper"]
    return f"{head}<{wrapper}>", _writer(shape), f"</{wrapper}>{tail}", end


_id_start = str(uuid.uuid4())[:24]
_id_count = itertools.count(1)


def _request_id() -> str:
    """A request id: a random UUID for the process, and a count."""
    return f"{_id_start}{next(_id_count):012x}"


def write_failure(failure: Failure, operation: str, now: datetime) -> Response:
    """Write a failure that has an answer: AWS's error document, one that breaks off, or a proxy's page."""
    request_id = _request_id()
    namespace = _model.service_model().metadata["xmlNamespace"]
    if failure.kind != "transport":
        status = failure.http_status or 400
        sender = "Sender" if status < 500 else "Receiver"
        body = (
            f'<ErrorResponse xmlns="{namespace}"><Error><Type>{sender}</Type><Code>{_text(failure.name)}</Code>'
            f"<Message>{_text(failure.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
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
        except (ValueError, OverflowError):
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
        (name, member.serialization.get("name", name), member, member.type_name == "list")
        for name, member in shape.members.items()
    ]
    required = shape.required_members

    def read_structure(node: Any, path: str) -> dict[str, Any]:
        if not isinstance(node, dict):
            raise _invalid(path, node)
        result = {}
        for name, key, member, is_list in members:
            if key in node:
                value = _reader(member)(node[key], f"{path}.{name}" if path else name)
                if is_list and not value:
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


@functools.cache
def _writer(shape: Shape) -> _Write:
    """A function from a value of *shape* to the XML inside its element."""
    build = {"structure": _structure_writer, "map": _map_writer}.get(shape.type_name)
    if build is not None:
        return build(shape)
    if shape.type_name == "list":
        return _list_writer(shape, f"<{shape.member.serialization.get('name', 'member')}>")
    return _SCALARS_OUT.get(shape.type_name, str)


def _structure_writer(shape: Any) -> _Write:
    members = shape.members

    @functools.lru_cache(maxsize=256)
    def plan(names: tuple[str, ...]) -> tuple[str, Callable[[Any], tuple[str, ...]], list[tuple[str, _Write]]]:
        """For a value with these names: its XML as a template, its texts, and what else is converted, and how."""
        present = [name for name in members if name in names]
        tags = {name: members[name].serialization.get("name", name) for name in present}
        template = "".join(f"<{tags[name]}>%({name})s</{tags[name]}>" for name in present)
        kinds = {name: members[name].type_name for name in present}
        texts = [name for name in present if kinds[name] == "string"]
        converted = [name for name in present if kinds[name] not in ("string", "integer", "long")]
        return template, _all_of(texts), [(name, _late_writer(members[name])) for name in converted]

    def write_structure(value: Mapping[str, Any]) -> str:
        if None in value.values():
            value = {name: item for name, item in value.items() if item is not None}
        template, texts, converted = plan(tuple(value))
        converted_items = {name: write(value[name]) for name, write in converted}
        if not _is_plain("".join(texts(value))):
            converted_items |= {name: _text(item) for name, item in value.items() if isinstance(item, str)}
        return template % ({**value, **converted_items} if converted_items else value)

    return write_structure


def _all_of(names: list[str]) -> Callable[[Any], tuple[str, ...]]:
    return itemgetter(*names, names[0]) if names else lambda value: ()


def _late_writer(shape: Shape) -> _Write:
    """The writer of *shape*; of a structure looked up when it is needed, since it may contain itself."""
    return _SCALARS_OUT.get(shape.type_name) or (lambda value: _writer(shape)(value))


def _list_writer(shape: Any, start: str) -> _Write:
    end = f"</{start[1:]}"
    member = shape.member

    def write_list(value: Any) -> str:
        write = _writer(member)
        return "".join([f"{start}{write(item)}{end}" for item in value])

    return write_list


def _map_writer(shape: Any) -> _Write:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")

    def write_map(value: Mapping[Any, Any]) -> str:
        write_key, write_value = _writer(shape.key), _writer(shape.value)
        return "".join(
            f"<entry><{key_name}>{write_key(key)}</{key_name}><{value_name}>{write_value(item)}</{value_name}></entry>"
            for key, item in value.items()
        )

    return write_map


def _is_plain(text: str) -> bool:
    """Whether the text can stand in XML as it is, asked in the fastest way; some that say no can as well."""
    return text.isprintable() and "&" not in text and "<" not in text and ">" not in text


def _text(value: str) -> str:
    if _is_plain(value):
        return value
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], "\ufffd"), value)


@functools.lru_cache(maxsize=4096)
def _timestamp(value: Any) -> str:
    if not isinstance(value, datetime):
        from botocore.utils import parse_to_aware_datetime

        value = parse_to_aware_datetime(value)
    elif value.tzinfo is not timezone.utc:
        value = (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    text: str = value.isoformat()
    return f"{text[:23]}Z" if value.microsecond else f"{text[:19]}.000Z"


_SCALARS_OUT: dict[str, _Write] = {
    "string": _text,
    "integer": str,
    "long": str,
    "double": repr,
    "boolean": lambda value: "true" if value else "false",
    "timestamp": _timestamp,
}
