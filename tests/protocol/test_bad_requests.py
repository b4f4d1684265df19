"""A request that is not valid gets AWS's error, never a Python exception."""

from datetime import datetime, timezone
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.errors import refused
from helpers.wire import Fault, parse

V = "Version=2014-10-31"
CANCEL = f"Action=CancelExportTask&{V}"
DESCRIBE = f"Action=DescribeExportTasks&{V}"
MAP = "CreateIntegration&SourceArn=a&TargetArn=b&IntegrationName=c&AdditionalEncryptionContext"

# The code, the status and the message of an error, and the bodies that have it.
REFUSED = [
    (
        ("MalformedQueryString", 404, "The query string contains a syntax error."),
        ["no query", "Action=X&&", b"\xff\xfe", "Action=%ff", "%ff=Action", "&", "{}"],
    ),
    (
        ("MalformedQueryString", 404, "The parameter Filters is given in two ways."),
        [f"{DESCRIBE}&Filters.Filter.1.Name=b&Filters=a"],
    ),
    (
        ("MalformedQueryString", 404, "The parameter Filters.Filter.1.Name is given in two ways."),
        [f"{DESCRIBE}&Filters=a&Filters.Filter.1.Name=b"],
    ),
    (
        ("MissingAction", 400, "The request is missing an action or a required parameter."),
        ["", b"", V, f"action=CancelExportTask&{V}"],
    ),
    (
        ("InvalidParameterValue", 400, "The parameter ExportTaskIdentifier must be provided and must not be blank."),
        [CANCEL, f"{CANCEL}&ExportTaskIdentifier=", f"{CANCEL}&ExportTaskIdentifier=+%09"],
    ),
    (
        ("InvalidParameterValue", 400, "The parameter Tags must be provided and must not be null."),
        [f"Action=AddTagsToResource&ResourceName=a&{V}"],
    ),
]


def refusal(body):
    """Return the code, status and message of the error for a body."""
    with pytest.raises(Fault) as fault:
        parse(body)
    failure = fault.value.failure
    return failure.name, failure.http_status, failure.message


@pytest.mark.parametrize(("body", "error"), [(body, error) for error, bodies in REFUSED for body in bodies])
def test_refused(body, error):
    """A body that is no query string, has a name in two ways, or lacks an action or a parameter is refused."""
    assert refusal(body) == error


@pytest.mark.parametrize(
    ("body", "action", "version"),
    [
        (f"Action=cancel_export_task&{V}", "cancel_export_task", "2014-10-31"),
        (f"Action=&{V}", "", "2014-10-31"),
        ("Action=CancelExportTask&Version=2013-01-10", "CancelExportTask", "2013-01-10"),
        ("Action=CancelExportTask", "CancelExportTask", "None"),
    ],
)
def test_unknown_action(body, action, version):
    """An unknown action or version is refused with both."""
    assert refusal(body) == ("InvalidAction", 400, f"Could not find operation {action} for version {version}")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("DescribeExportTasks&MaxRecords=many", "many for MaxRecords"),
        ("DescribeExportTasks&MaxRecords=", " for MaxRecords"),
        ("DescribeExportTasks&MaxRecords=1.5", "1.5 for MaxRecords"),
        ("DescribeExportTasks&MaxRecords.1=20", "1 for MaxRecords"),
        ("DescribeExportTasks&Filters=status", "status for Filters"),
        ("DescribeExportTasks&Filters.member.1.Name=status", "member for Filters"),
        ("DescribeExportTasks&Filters.Filter.x.Name=status", "Filter for Filters"),
        ("DescribeExportTasks&Filters.Filter.1234567890.Name=status", "Filter for Filters"),
        ("DescribeExportTasks&Marker.a=1&Marker.b=2", "a, b for Marker"),
        ("DescribeExportTasks&Filters.Filter.1=status", "status for Filters[1]"),
        ("DescribeDBInstances&Filters.Filter.1.Name.x=a", "x for Filters[1].Name"),
        ("DescribeDBSnapshots&IncludeShared=maybe", "maybe for IncludeShared"),
        (f"{MAP}=x", "x for AdditionalEncryptionContext"),
        (f"{MAP}.entry.1=x", "x for AdditionalEncryptionContext"),
        (f"{MAP}.entry.1.key=x", "key for AdditionalEncryptionContext"),
        (f"{MAP}.entry.1.value=x", "value for AdditionalEncryptionContext"),
        (
            f"{MAP}.entry.1.key.x=y&AdditionalEncryptionContext.entry.1.value=x",
            "x for AdditionalEncryptionContext",
        ),
        (
            f"{MAP}.entry.1.key=x&AdditionalEncryptionContext.entry.1.value.z=y",
            "z for AdditionalEncryptionContext[x]",
        ),
    ],
)
def test_wrong_type(query, text):
    """A parameter that is not of its type is refused with its value and name."""
    assert refusal(f"{V}&Action={query}") == ("InvalidParameterValue", 400, f"Invalid value {text}")


@pytest.mark.parametrize(
    "time", ["yesterday", "inf", "1e300", "1772330400", "2026-13-01T02:00:00Z", "2026-03-01T02:00:00+02:00", ""]
)
def test_wrong_time(time):
    """A time that is not ISO 8601 in UTC is refused."""
    query = urlencode({"Action": "DescribeEvents", "StartTime": time})

    assert refusal(f"{query}&{V}") == ("MalformedInput", 400, "timestamp must follow ISO8601")


@pytest.mark.parametrize("time", ["2026-03-01", "2026-03-01T00:00", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00.000Z"])
def test_time_in_utc(kathmandu, time):
    """A time without a zone is UTC, like one with Z."""
    _, parameters = parse(f"Action=DescribeEvents&{V}&StartTime={time}")

    assert parameters == {"StartTime": datetime(2026, 3, 1, tzinfo=timezone.utc)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Marker=a=b=c", {"Marker": "a=b=c"}),
        ("Marker=a+b", {"Marker": "a b"}),
        ("Marker=a%2Bb", {"Marker": "a+b"}),
        ("Novelty.1=x&Marker=m", {"Marker": "m"}),
        ("Filters=&Marker=m", {"Marker": "m"}),
        (
            "Filters.Filter.1.Name=a&" + "&".join(f"Filters.Filter.1.Values.Value.{n}={n}" for n in (10, 2, 1)),
            {"Filters": [{"Name": "a", "Values": ["1", "2", "10"]}]},
        ),
    ],
    ids=["equals sign", "plus sign", "escaped", "unknown parameter", "empty list", "numbers of items"],
)
def test_parameters(query, expected):
    """A plus sign is a space; unknown parameters and empty lists are left out; items are sorted by their numbers."""
    _, parameters = parse(f"{DESCRIBE}&{query}")

    assert parameters == expected


def test_refused_call(rds_export_tasks, rds_export_client):
    """A refused request of a client is recorded; botocore leaves out an empty list of values."""
    with refused("InvalidParameterValue", 400, "The parameter Values must be provided and must not be null."):
        rds_export_client.describe_export_tasks(Filters=[{"Name": "status", "Values": []}])

    (call,) = rds_export_tasks.calls
    assert (call.operation, call.parameters) == ("DescribeExportTasks", {})
    assert (call.http_status, call.error_code, call.attempts) == (400, "InvalidParameterValue", 1)


_PARTS = (
    "Filters Filter Values Value Name member 0 1 2 -1 x MaxRecords StartTime Duration ExportTaskIdentifier SourceArn"
)
_NAMES = st.lists(st.sampled_from(["", *_PARTS.split()]), min_size=1, max_size=5).map(".".join)
_TEXTS = st.text(max_size=8) | st.from_regex(r"[0-9TZ:.+e-]{1,24}", fullmatch=True) | st.floats().map(str)
_PAIRS = st.lists(st.tuples(_NAMES, _TEXTS).map("=".join), max_size=6)
_ACTIONS = st.sampled_from(["DescribeExportTasks", "DescribeEvents", "StartExportTask"])
_QUERIES = st.builds(lambda action, pairs: "&".join([f"Action={action}", V, *pairs]), _ACTIONS, _PAIRS)


@given(st.binary() | st.text() | _QUERIES)
def test_any_body(body):
    """Any body is parsed or refused with a status of 4xx."""
    try:
        operation, _ = parse(body)
    except Fault as fault:
        status = fault.failure.http_status
    else:
        assert operation.name in body
        status = 400
    assert 400 <= status < 500


@given(_TEXTS)
@example("0:0B")
@example("0:0T1")
@example("1772330400")
@example("2026-03-01T02:00:00.000Z")
def test_any_time(text):
    """Any time is parsed as UTC or refused."""
    try:
        _, parameters = parse(urlencode({"Action": "DescribeEvents", "Version": "2014-10-31", "StartTime": text}))
    except Fault as fault:
        found = fault.failure.message
    else:
        found = parameters["StartTime"]
    assert found == "timestamp must follow ISO8601" or found.tzinfo is timezone.utc


def test_no_operation(rds_export_tasks, rds_export_client):
    """A request of a client for an operation that does not exist is refused, and is not a call."""

    def rename(params, **_kwargs):
        params["body"] = {"Action": "Rename", "Version": "2014-10-31"}

    rds_export_client.meta.events.register("before-call.rds", rename)

    with refused("InvalidAction", 400, "Could not find operation Rename for version 2014-10-31"):
        rds_export_client.describe_db_instances()

    assert rds_export_tasks.calls == []
