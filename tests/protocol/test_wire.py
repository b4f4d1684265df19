"""The query protocol, for every operation of botocore's RDS model."""

import re
from datetime import datetime, timedelta, timezone

import pytest
from botocore.awsrequest import AWSRequest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.wire import parse, serialize_failure, serialize_result, service_model
from pytest_rds_export import Failure

NOW = datetime(2026, 3, 1, 2, 0, 0, 250_000, tzinfo=timezone.utc)
MODEL = service_model()
OPERATIONS = MODEL.operation_names
NAMESPACE = "http://rds.amazonaws.com/doc/2014-10-31/"
# Characters that XML 1.0 does not allow: https://www.w3.org/TR/xml/#charsets
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001
_SCALARS = {
    "string": st.text(max_size=20),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "timestamp": _TIMES,
}


def values(shape, *, empty):
    """Return values of a shape of the model; with *empty*, lists, maps and inner structures may be empty."""
    if shape is None:
        return st.just({})
    if shape.type_name == "structure":
        members = {name: values(member, empty=empty) for name, member in shape.members.items()}
        required = {name: members.pop(name) for name in shape.required_members}
        if not empty:  # RDS refuses a required string that is blank
            strings = [name for name in required if shape.members[name].type_name == "string"]
            required |= {name: required[name].filter(str.strip) for name in strings}
        whole = st.fixed_dictionaries(required, optional=members)
        return whole if empty else whole.filter(bool)
    if shape.type_name == "list":
        return st.lists(values(shape.member, empty=empty), min_size=not empty, max_size=3)
    if shape.type_name == "map":
        key, value = values(shape.key, empty=empty), values(shape.value, empty=empty)
        return st.dictionaries(key, value, min_size=not empty, max_size=3)
    return _SCALARS[shape.type_name]


def serialize(operation, parameters):
    """Return the body that botocore sends."""
    serialized = create_serializer("query", include_validation=False).serialize_to_request(parameters, operation)
    return AWSRequest("POST", url="https://rds.us-east-1.amazonaws.com/", data=serialized["body"]).prepare().body


def parsed(operation, response):
    """Return a response as botocore parses it."""
    http = {"status_code": response.status, "headers": response.headers, "body": response.body}
    found = create_parser("query").parse(http, operation.output_shape)
    assert found.pop("ResponseMetadata")["RequestId"] == response.headers["x-amzn-RequestId"]
    return found


def as_in_xml(value):
    """Return a value as XML can have it: times truncated to milliseconds, and characters that XML allows."""
    if isinstance(value, dict):
        return {as_in_xml(key): as_in_xml(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_in_xml(item) for item in value]
    if isinstance(value, str):
        return FORBIDDEN.sub("\ufffd", value)
    if isinstance(value, datetime):
        return value - timedelta(microseconds=value.microsecond % 1000)
    return value


_FULL = {
    "string": "a <b> & c",
    "integer": -1,
    "long": 2**40,
    "double": 0.5,
    "boolean": True,
    "timestamp": NOW,
}


def full(shape):
    """Return a value of a shape with every member of every structure, and two items in each list and map."""
    if shape is None:
        return {}
    if shape.type_name == "structure":
        return {name: full(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [full(shape.member)] * 2
    if shape.type_name == "map":
        return {"first": full(shape.value), "second": full(shape.value)}
    return _FULL[shape.type_name]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation(name):
    """The full parameters and the full result of an operation are the same on both sides."""
    operation = MODEL.operation_model(name)
    parameters, result = full(operation.input_shape), full(operation.output_shape)

    assert parse(serialize(operation, parameters)) == (operation, parameters)
    assert parsed(operation, serialize_result(operation, result, NOW)) == result


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(OPERATIONS))
def test_any_parameters(data, name):
    """Any parameters that botocore sends for an operation are parsed as they were given."""
    operation = MODEL.operation_model(name)
    parameters = data.draw(values(operation.input_shape, empty=False)) if operation.input_shape.members else {}

    assert parse(serialize(operation, parameters)) == (operation, parameters)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(OPERATIONS))
def test_any_result(data, name):
    """Any result of an operation is what botocore parses, with times in milliseconds and what XML allows."""
    operation = MODEL.operation_model(name)
    result = data.draw(values(operation.output_shape, empty=True))

    assert parsed(operation, serialize_result(operation, result, NOW)) == as_in_xml(result)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<&>\"'", "<&>\"'"),
        ("]]>", "]]>"),
        ("&amp;", "&amp;"),
        ("100 %(Status)s %", "100 %(Status)s %"),
        (" a\tb\nc\rd\r\ne ", " a\tb\nc\rd\r\ne "),
        ("Zürich 東京 🚀", "Zürich 東京 🚀"),
        ("a\x00b\x0bc\x1fd\ufffee\uffff", "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
    ],
)
def test_any_string(text, found):
    """Any string can be parsed; a character that XML does not allow becomes U+FFFD."""
    operation = MODEL.operation_model("DescribeExportTasks")
    tasks = {"ExportTasks": [{"WarningMessage": text, "ExportOnly": [text], "Status": "COMPLETE"}]}

    response = parsed(operation, serialize_result(operation, tasks, NOW))
    failure = serialize_failure(Failure("OptInRequired", message=text), "DescribeExportTasks", NOW)

    assert response == {"ExportTasks": [{"WarningMessage": found, "ExportOnly": [found], "Status": "COMPLETE"}]}
    assert parsed(operation, failure)["Error"]["Message"] == found


_TIMES_IN_XML = [
    (NOW, "02:00:00.250Z"),
    (datetime(2026, 3, 1, 2, tzinfo=timezone.utc), "02:00:00.000Z"),
    (datetime(2026, 3, 1, 4, tzinfo=timezone(timedelta(hours=2))), "02:00:00.000Z"),
    (datetime(2026, 3, 1, 2), "02:00:00.000Z"),  # noqa: DTZ001
    ("2026-03-01T02:00:00Z", "02:00:00.000Z"),
    (1772330400, "02:00:00.000Z"),
]


@pytest.mark.parametrize(
    ("operation", "result", "xml"),
    [
        ("CancelExportTask", {"Status": "a", "S3Prefix": ""}, "<S3Prefix></S3Prefix><Status>a</Status>"),
        (
            "CancelExportTask",
            {"ExportOnly": ["a", "b"]},
            "<ExportOnly><member>a</member><member>b</member></ExportOnly>",
        ),
        (
            "DescribeDBSnapshots",
            {"DBSnapshots": [{"Engine": "a"}, {}]},
            "<DBSnapshots><DBSnapshot><Engine>a</Engine></DBSnapshot><DBSnapshot></DBSnapshot></DBSnapshots>",
        ),
        (
            "CreateIntegration",
            {"AdditionalEncryptionContext": {"<": "&", "c": "d"}},
            (
                "<AdditionalEncryptionContext><entry><key>&lt;</key><value>&amp;</value></entry>"
                "<entry><key>c</key><value>d</value></entry></AdditionalEncryptionContext>"
            ),
        ),
        *(
            ("CancelExportTask", {"TaskEndTime": time}, f"<TaskEndTime>2026-03-01T{text}</TaskEndTime>")
            for time, text in _TIMES_IN_XML
        ),
    ],
)
def test_elements(operation, result, xml, kathmandu):
    """A result has elements for its fields alone, a list one for each item, a map entries, and times are in UTC."""
    body = serialize_result(MODEL.operation_model(operation), result, NOW).body.decode()

    assert body.partition("Result>")[2].partition(f"</{operation}Result>")[0] == xml


def _without_id(response):
    """Return the body and headers of a response, with its request id, a UUID, replaced by ``ID``."""
    identifier = response.headers["x-amzn-RequestId"]
    assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", identifier)
    return response.body.decode().replace(identifier, "ID"), {**response.headers, "x-amzn-RequestId": "ID"}


def test_success():
    """The bytes and headers of a response are those of RDS."""
    result = {"ExportTasks": [{"ExportTaskIdentifier": "a<b", "PercentProgress": 0, "TaskEndTime": NOW}], "Marker": "m"}

    response = serialize_result(MODEL.operation_model("DescribeExportTasks"), result, NOW)

    body, headers = _without_id(response)
    assert response.status == 200
    assert body == (
        f'<DescribeExportTasksResponse xmlns="{NAMESPACE}"><DescribeExportTasksResult><Marker>m</Marker><ExportTasks>'
        "<ExportTask><ExportTaskIdentifier>a&lt;b</ExportTaskIdentifier>"
        "<TaskEndTime>2026-03-01T02:00:00.250Z</TaskEndTime><PercentProgress>0</PercentProgress></ExportTask>"
        "</ExportTasks></DescribeExportTasksResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata>"
        "</DescribeExportTasksResponse>"
    )
    assert headers == {
        "x-amzn-RequestId": "ID",
        "Content-Type": "text/xml",
        "Content-Length": str(len(response.body)),
        "Strict-Transport-Security": "max-age=31536000",
        "Date": "Sun, 01 Mar 2026 02:00:00 GMT",
    }


@pytest.mark.parametrize(("status", "blamed"), [(400, "Sender"), (499, "Sender"), (500, "Receiver"), (503, "Receiver")])
def test_error(status, blamed):
    """The bytes and headers of an error are those of RDS, which blames the sender below status 500."""
    failure = Failure("OptInRequired", http_status=status, message="not > subscribed")

    response = serialize_failure(failure, "CancelExportTask", NOW)

    body, headers = _without_id(response)
    assert response.status == status
    assert body == (
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>{blamed}</Type><Code>OptInRequired</Code>'
        "<Message>not &gt; subscribed</Message></Error><RequestId>ID</RequestId></ErrorResponse>"
    )
    assert headers["Content-Length"] == str(len(response.body))
    assert headers["Content-Type"] == "text/xml"


def test_response_that_breaks_off():
    """The bytes of a truncated response are the beginning of a successful one, with its headers."""
    response = serialize_failure(Failure("TruncatedResponse", kind="transport"), "CancelExportTask", NOW)

    body, headers = _without_id(response)
    assert (response.status, headers["Content-Type"]) == (200, "text/xml")
    assert body == f'<CancelExportTaskResponse xmlns="{NAMESPACE}"><CancelExportTaskRes'


def test_page_of_a_proxy():
    """The page of a proxy is HTML with a status of 502."""
    response = serialize_failure(Failure("ProxyErrorPage", kind="transport"), "CancelExportTask", NOW)

    body = b"<html><head><title>502 Bad Gateway</title></head><body></body></html>"
    assert response == (502, {"Content-Type": "text/html", "Content-Length": str(len(body))}, body)


def test_request_ids():
    """Each response has a request ID of its own."""
    operation = MODEL.operation_model("CancelExportTask")
    assert len({serialize_result(operation, {}, NOW).headers["x-amzn-RequestId"] for _ in range(100)}) == 100
