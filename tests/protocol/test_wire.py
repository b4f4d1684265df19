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


@pytest.mark.parametrize("body", ["{}", "{}&ExportOnly=", "ExportOnly=&{}"])
def test_empty_list(body):
    """An empty list of parameters is left out."""
    query = "Action=StartExportTask&Version=2014-10-31&ExportTaskIdentifier=a&SourceArn=b&S3BucketName=c&IamRoleArn=d"

    _, parameters = parse(body.format(f"{query}&KmsKeyId=e"))

    assert parameters == {
        "ExportTaskIdentifier": "a",
        "SourceArn": "b",
        "S3BucketName": "c",
        "IamRoleArn": "d",
        "KmsKeyId": "e",
    }


def test_missing_fields():
    """Fields that the result does not have are left out, and an empty string is not one of them."""
    operation = MODEL.operation_model("CancelExportTask")

    response = serialize_result(operation, {"Status": "CANCELING", "S3Prefix": ""}, NOW)

    result = response.body.partition(b"Result>")[2].partition(b"</CancelExportTaskResult>")[0]
    assert result == b"<S3Prefix></S3Prefix><Status>CANCELING</Status>"
    assert parsed(operation, response) == {"Status": "CANCELING", "S3Prefix": ""}


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


@pytest.mark.usefixtures("kathmandu")
@pytest.mark.parametrize(
    ("time", "text"),
    [
        (NOW, "2026-03-01T02:00:00.250Z"),
        (datetime(2026, 3, 1, 2, tzinfo=timezone.utc), "2026-03-01T02:00:00.000Z"),
        (datetime(2026, 3, 1, 4, tzinfo=timezone(timedelta(hours=2))), "2026-03-01T02:00:00.000Z"),
        (datetime(2026, 3, 1, 2), "2026-03-01T02:00:00.000Z"),  # noqa: DTZ001
        ("2026-03-01T02:00:00Z", "2026-03-01T02:00:00.000Z"),
        (1772330400, "2026-03-01T02:00:00.000Z"),
    ],
)
def test_time(time, text):
    """A time is in UTC with three digits of milliseconds."""
    body = serialize_result(MODEL.operation_model("CancelExportTask"), {"TaskEndTime": time}, NOW).body.decode()

    assert f"<TaskEndTime>{text}</TaskEndTime>" in body


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


def test_list():
    """A list has an element for each item: ``member``, or the name that the service model has for it."""
    cancel, describe = map(MODEL.operation_model, ("CancelExportTask", "DescribeDBSnapshots"))

    names = serialize_result(cancel, {"ExportOnly": ["shop", "old"]}, NOW).body.decode()
    snapshots = serialize_result(describe, {"DBSnapshots": [{"Engine": "mysql"}, {}]}, NOW).body.decode()

    assert "<ExportOnly><member>shop</member><member>old</member></ExportOnly>" in names
    snapshot = "<DBSnapshot><Engine>mysql</Engine></DBSnapshot><DBSnapshot></DBSnapshot>"
    assert f"<DBSnapshots>{snapshot}</DBSnapshots>" in snapshots


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
    ids = {serialize_result(operation, {}, NOW).headers["x-amzn-RequestId"] for _ in range(100)}

    assert len(ids) == 100


def test_map():
    """A map is a list of entries, each with a key and a value."""
    body = (
        "Action=CreateIntegration&Version=2014-10-31&SourceArn=a&TargetArn=b&IntegrationName=c"
        "&AdditionalEncryptionContext.entry.1.key=tenant&AdditionalEncryptionContext.entry.1.value=shop"
        "&AdditionalEncryptionContext.entry.2.key=stage&AdditionalEncryptionContext.entry.2.value=test"
    )
    _, parameters = parse(body)
    assert parameters["AdditionalEncryptionContext"] == {"tenant": "shop", "stage": "test"}

    result = {"AdditionalEncryptionContext": {"tenant": "shop", "stage": "test"}}
    response = serialize_result(MODEL.operation_model("CreateIntegration"), result, NOW)
    assert (
        "<AdditionalEncryptionContext><entry><key>tenant</key><value>shop</value></entry>"
        "<entry><key>stage</key><value>test</value></entry></AdditionalEncryptionContext>"
    ) in response.body.decode()
