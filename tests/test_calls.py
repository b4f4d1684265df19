"""What is kept of each call of a client."""

from datetime import datetime, timezone

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from _asking import cancel
from pytest_rds_export import fake_rds_export


@pytest.fixture
def retrying():
    """A client of which a throttled call is sent three times."""
    return boto3.client("rds", "us-east-1", config=Config(retries={"mode": "standard", "total_max_attempts": 3}))


def test_a_call_has_what_was_asked_and_what_was_answered(rds_export_clock, rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly", percent_progress=42)

    response = cancel(rds_export_client)

    (call,) = rds_export_tasks.calls
    assert call.operation == "CancelExportTask"
    assert call.parameters == {"ExportTaskIdentifier": "nightly"}
    assert call.region == "us-east-1"
    assert call.time == datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert (call.attempts, call.retry_delays) == (1, [])
    assert (call.http_status, call.error_code) == (200, None)
    del response["ResponseMetadata"]
    assert call.response == response


def test_a_call_that_was_refused_has_the_faults_code_and_no_response(rds_export_tasks, rds_export_client):
    with pytest.raises(ClientError):
        cancel(rds_export_client)

    (call,) = rds_export_tasks.calls
    assert (call.http_status, call.error_code, call.response) == (404, "ExportTaskNotFound", None)


def test_parameters_have_the_shape_that_boto3_users_know(rds_export_tasks, rds_export_client):
    filters = [{"Name": "status", "Values": ["starting", "in_progress"]}]

    rds_export_client.describe_export_tasks(Filters=filters, MaxRecords=20)

    assert rds_export_tasks.calls[0].parameters == {"Filters": filters, "MaxRecords": 20}


def test_the_attempts_of_one_call_are_one_record_of_the_last_answer(rds_export_tasks, retrying):
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("Throttling", times=2)

    cancel(retrying)

    (call,) = rds_export_tasks.calls
    assert (call.attempts, call.http_status, call.error_code) == (3, 200, None)
    assert call.response["Status"] == "CANCELING"
    assert len(call.retry_delays) == 2


def test_calls_whose_attempts_alternate_are_kept_apart(rds_export_tasks, retrying):
    """A retry is joined to its own call even where another call came in between."""
    rds_export_tasks.seed_all(["first", "second"])
    rds_export_tasks.inject("Throttling", identifier="first", times=1)

    def cancel_another(attempts, **kwargs):
        if attempts == 1:
            cancel(boto3.client("rds", "us-east-1"), "second")

    retrying.meta.events.register("needs-retry.rds.CancelExportTask", cancel_another)
    cancel(retrying, "first")

    assert [(call.identifier, call.attempts) for call in rds_export_tasks.calls] == [("first", 2), ("second", 1)]


def test_a_user_agent_or_header_of_the_caller_does_not_part_the_attempts(rds_export_tasks, retrying):
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("InternalFailure", times=1)
    retrying.meta.events.register("before-send.rds", lambda request, **_: request.headers.clear())

    cancel(retrying)

    assert [call.attempts for call in rds_export_tasks.calls] == [2]


@pytest.mark.parametrize(
    ("name", "http_status", "error_code"),
    [
        ("ConnectTimeoutError", None, "ConnectTimeoutError"),
        ("ReadTimeoutError", None, "ReadTimeoutError"),
        ("ConnectionClosedError", None, "ConnectionClosedError"),
        ("ProxyErrorPage", 502, "502"),
        ("Throttling", 400, "Throttling"),
    ],
)
def test_a_call_that_met_a_failure_to_the_end_has_its_code(name, http_status, error_code, rds_export_tasks, retrying):
    failure = rds_export_tasks.inject(name).failure

    with pytest.raises(failure.exception):
        cancel(retrying)

    (call,) = rds_export_tasks.calls
    assert (call.http_status, call.error_code, call.response, call.attempts) == (http_status, error_code, None, 3)


def test_an_exception_that_was_injected_has_its_name_as_code(rds_export_tasks, rds_export_client):
    rds_export_tasks.inject(PermissionError("no"))

    with pytest.raises(PermissionError):
        cancel(rds_export_client)

    assert (rds_export_tasks.calls[0].error_code, rds_export_tasks.calls[0].http_status) == ("PermissionError", None)


def test_calls_are_in_order_and_those_of_all_regions_and_operations(rds_export_tasks, before_send):
    home, away = boto3.client("rds", "us-east-1"), boto3.client("rds", "eu-west-1")
    rds_export_tasks.stub("DescribeDBInstances", {"DBInstances": []})
    away.meta.events.register(
        "before-send.rds.DescribeCertificates", before_send(b"<R><DescribeCertificatesResult/></R>")
    )

    home.describe_export_tasks()
    away.describe_export_tasks()
    home.describe_db_instances()
    away.describe_certificates()
    with pytest.raises(AssertionError):
        home.describe_db_clusters()

    assert [(call.operation, call.region) for call in rds_export_tasks.calls] == [
        ("DescribeExportTasks", "us-east-1"),
        ("DescribeExportTasks", "eu-west-1"),
        ("DescribeDBInstances", "us-east-1"),
        ("DescribeCertificates", "eu-west-1"),
        ("DescribeDBClusters", "us-east-1"),
    ]
    assert rds_export_tasks.calls == rds_export_tasks.in_region("eu-west-1").calls
    assert [call.operation for call in rds_export_tasks.unanswered] == ["DescribeDBClusters"]
    rds_export_tasks.unanswered.clear()


def test_a_stubbed_call_and_one_that_a_handler_answered_have_their_response(rds_export_tasks, before_send):
    client = boto3.client("rds")
    rds_export_tasks.stub("DescribeDBInstances", {"DBInstances": []})
    body = b"<R><DescribeCertificatesResult><Marker>m</Marker></DescribeCertificatesResult></R>"
    client.meta.events.register("before-send.rds.DescribeCertificates", before_send(body))

    client.describe_db_instances()
    client.describe_certificates()

    assert [(call.http_status, call.error_code, call.response) for call in rds_export_tasks.calls] == [
        (200, None, {"DBInstances": []}),
        (200, None, {"Marker": "m"}),
    ]


def test_an_error_of_a_handler_has_its_code(rds_export_tasks, before_send, rds_export_client):
    handler = before_send(b"<E><Error><Code>DBInstanceNotFound</Code></Error></E>", 404)
    rds_export_client.meta.events.register("before-send.rds.DescribeDBInstances", handler)

    with pytest.raises(rds_export_client.exceptions.DBInstanceNotFoundFault):
        rds_export_client.describe_db_instances()

    (call,) = rds_export_tasks.calls
    assert (call.http_status, call.error_code, call.response) == (404, "DBInstanceNotFound", None)


def test_the_answer_of_a_handler_replaces_the_failure_of_an_earlier_attempt(rds_export_tasks, before_send, retrying):
    body = b"<R><DescribeCertificatesResult><Marker>m</Marker></DescribeCertificatesResult></R>"
    retrying.meta.events.register("before-send.rds.DescribeCertificates", before_send(body))
    rds_export_tasks.inject("Throttling", operation="DescribeCertificates", times=1)

    retrying.describe_certificates()

    (call,) = rds_export_tasks.calls
    assert (call.attempts, call.http_status, call.error_code, call.response) == (2, 200, None, {"Marker": "m"})


def test_calls_to_gives_those_of_one_operation(rds_export_tasks, rds_export_client):
    rds_export_client.describe_export_tasks()
    with pytest.raises(ClientError):
        cancel(rds_export_client)

    assert rds_export_tasks.calls_to("CancelExportTask") == rds_export_tasks.calls[1:]
    assert rds_export_tasks.calls_to("StartExportTask") == []


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("cancel_export_task", "operations go by the API's name: 'CancelExportTask', not 'cancel_export_task'"),
        ("CancelExportTasks", "unknown RDS operation 'CancelExportTasks'; known: CancelExportTask, "),
    ],
)
def test_calls_to_refuses_what_is_no_operation(operation, text, rds_export_tasks):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011
        rds_export_tasks.calls_to(operation)
    assert str(refusal.value).startswith(text)


def test_a_call_shows_itself_in_one_line(rds_export_tasks, retrying):
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("Throttling", times=1)
    cancel(retrying)
    retrying.describe_export_tasks()
    rds_export_tasks.calls[0].retry_delays[:] = [0.5]

    assert list(map(repr, rds_export_tasks.calls)) == [
        "<Call CancelExportTask 'nightly' in us-east-1: ok (HTTP 200), 2 attempts, delays 0.50 s>",
        "<Call DescribeExportTasks in us-east-1: ok (HTTP 200), 1 attempt>",
    ]


def test_a_call_that_failed_shows_its_code(rds_export_tasks, rds_export_client):
    with pytest.raises(ClientError):
        cancel(rds_export_client)
    rds_export_tasks.inject(PermissionError("no"))
    with pytest.raises(PermissionError):
        cancel(rds_export_client)

    assert list(map(repr, rds_export_tasks.calls)) == [
        "<Call CancelExportTask 'nightly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt>",
        "<Call CancelExportTask 'nightly' in us-east-1: PermissionError (injected), 1 attempt>",
    ]


def test_a_call_that_is_still_on_its_way_has_no_answer_yet(rds_export_tasks, rds_export_client):
    seen = []
    rds_export_client.meta.events.register(
        "before-send.rds", lambda request, **_: seen.append(repr(rds_export_tasks.calls[0]))
    )

    rds_export_client.describe_export_tasks()

    assert seen == ["<Call DescribeExportTasks in us-east-1: no answer, 1 attempt>"]


def test_the_calls_of_one_use_are_not_those_of_the_next(retrying):
    with fake_rds_export("nightly") as first:
        cancel(retrying)
    with fake_rds_export("nightly") as second:
        assert second.calls == []
    assert len(first.calls) == 1
