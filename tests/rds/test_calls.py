"""The record of each call of a client."""

from contextlib import nullcontext
from datetime import datetime, timezone

import pytest
from botocore.exceptions import ClientError

from helpers.aws import SNAPSHOT
from helpers.calls import cancel, start
from helpers.clients import client_with, shared_client


@pytest.fixture
def retrying():
    """A client that makes up to three attempts."""
    return client_with(mode="standard", total_max_attempts=3)


def test_request_and_response(rds_export_clock, rds_export_tasks, client):
    """A call records its operation, parameters, region, time and response."""
    rds_export_tasks.seed("nightly", percent_progress=42)

    response = cancel(client)

    (call,) = rds_export_tasks.calls
    assert call.operation == "CancelExportTask"
    assert call.parameters == {"ExportTaskIdentifier": "nightly"}
    assert call.region == "us-east-1"
    assert call.time == datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert (call.attempts, call.retry_delays) == (1, [])
    assert (call.http_status, call.error_code) == (200, None)
    del response["ResponseMetadata"]
    assert call.response == response


def test_interleaved_calls(rds_export_tasks, retrying):
    """A retry belongs to its own call even if another call comes in between."""
    rds_export_tasks.seed_all(["first", "second"])
    rds_export_tasks.inject("Throttling", identifier="first", times=1)

    def cancel_another(attempts, **kwargs):
        if attempts == 1:
            cancel(shared_client(), "second")

    retrying.meta.events.register("needs-retry.rds.CancelExportTask", cancel_another)
    cancel(retrying, "first")

    assert [(call.identifier, call.attempts) for call in rds_export_tasks.calls] == [("first", 2), ("second", 1)]


def test_removed_headers(rds_export_tasks, retrying):
    """The attempts stay one call even if a handler removes the request's headers."""
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
def test_exhausted_retries(name, http_status, error_code, rds_export_tasks, retrying):
    """A call whose every attempt failed records the failure's code and status."""
    failure = rds_export_tasks.inject(name).failure

    with pytest.raises(failure.exception):
        cancel(retrying)

    (call,) = rds_export_tasks.calls
    assert (call.http_status, call.error_code, call.response, call.attempts) == (http_status, error_code, None, 3)


@pytest.mark.parametrize(
    ("body", "http_status", "error_code", "response"),
    [
        (
            b"<R><DescribeCertificatesResult><Marker>m</Marker></DescribeCertificatesResult></R>",
            *(200, None, {"Marker": "m"}),
        ),
        (b"<E><Error><Code>CertificateNotFound</Code></Error></E>", 404, "CertificateNotFound", None),
        (b"<R></R>", 404, "404", None),
    ],
)
def test_response_of_a_handler(rds_export_tasks, before_send, retrying, body, http_status, error_code, response):
    """The response of another handler is recorded, by its status if it has no code, after an injected failure, too."""
    rds_export_tasks.inject("Throttling", operation="DescribeCertificates", times=1)
    retrying.meta.events.register("before-send.rds.DescribeCertificates", before_send(body, http_status))

    with nullcontext() if error_code is None else pytest.raises(ClientError):
        retrying.describe_certificates()

    (call,) = rds_export_tasks.calls
    assert (call.attempts, call.http_status, call.error_code, call.response) == (2, http_status, error_code, response)


def test_repr(rds_export_tasks, retrying):
    """The repr of a call is one line: what was requested, the outcome, the attempts."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("Throttling", times=1)
    cancel(retrying)
    retrying.describe_export_tasks()
    rds_export_tasks.calls[0].retry_delays[:] = [0.5]

    assert list(map(repr, rds_export_tasks.calls)) == [
        (
            "<Call CancelExportTask 'nightly' in us-east-1: ok (HTTP 200), 2 attempts (Throttling injected), "
            "delays 0.50 s>"
        ),
        "<Call DescribeExportTasks in us-east-1: ok (HTTP 200), 1 attempt>",
    ]


def test_repr_of_a_failed_call(rds_export_tasks, client):
    """The repr of a failed call has the code, and says if the failure was injected; it has no response."""
    with pytest.raises(ClientError):
        cancel(client)
    rds_export_tasks.inject(PermissionError("no"))
    with pytest.raises(PermissionError):
        cancel(client)

    assert list(map(repr, rds_export_tasks.calls)) == [
        "<Call CancelExportTask 'nightly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt>",
        "<Call CancelExportTask 'nightly' in us-east-1: PermissionError (injected), 1 attempt>",
    ]
    assert [(call.http_status, call.error_code, call.response) for call in rds_export_tasks.calls] == [
        (404, "ExportTaskNotFound", None),
        (None, "PermissionError", None),
    ]


def test_repr_with_parameters(rds_export_tasks, client):
    """The repr of a call has the source and the filters, which say what was requested."""
    filters = [{"Name": "status", "Values": ["starting", "in_progress"]}]
    client.describe_export_tasks(Filters=filters)
    client.describe_export_tasks(SourceArn=SNAPSHOT)
    start(client)
    rds_export_tasks.seed_snapshot("nightly")
    client.describe_db_snapshots(DBSnapshotIdentifier="nightly")
    rds_export_tasks.seed_snapshot("weekly", cluster=True)
    client.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="weekly")

    assert list(map(repr, rds_export_tasks.calls)) == [
        "<Call DescribeExportTasks status=starting,in_progress in us-east-1: ok (HTTP 200), 1 attempt>",
        f"<Call DescribeExportTasks SourceArn={SNAPSHOT} in us-east-1: ok (HTTP 200), 1 attempt>",
        f"<Call StartExportTask 'nightly' SourceArn={SNAPSHOT} in us-east-1: ok (HTTP 200), 1 attempt>",
        "<Call DescribeDBSnapshots DBSnapshotIdentifier=nightly in us-east-1: ok (HTTP 200), 1 attempt>",
        "<Call DescribeDBClusterSnapshots DBClusterSnapshotIdentifier=weekly in us-east-1: ok (HTTP 200), 1 attempt>",
    ]


def test_injected_failures(rds_export_tasks, retrying):
    """A call records the injected failures of its attempts, and whether the last attempt was one of them."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("Throttling", times=1)
    rds_export_tasks.inject("ConnectTimeoutError", times=1)
    cancel(retrying)
    rds_export_tasks.inject("AccessDenied", times=1)
    with pytest.raises(ClientError):
        cancel(retrying)

    assert [(call.injected_failures, call.injected) for call in rds_export_tasks.calls] == [
        (["Throttling", "ConnectTimeoutError"], False),
        (["AccessDenied"], True),
    ]


def test_pending_call(rds_export_tasks):
    """A call in progress has no response, and its repr says so; its id is that of the request."""
    client = client_with()
    seen = []

    def look(request, **_kwargs):
        (call,) = rds_export_tasks.calls
        seen.append((repr(call), call.response, call.injected))
        assert call.invocation_id.encode() == request.headers["amz-sdk-invocation-id"]

    client.meta.events.register("before-send.rds", look)

    client.describe_export_tasks()

    assert seen == [("<Call DescribeExportTasks in us-east-1: no response, 1 attempt>", None, False)]


def test_pending_retry(rds_export_tasks, retrying):
    """A call whose first attempt failed as injected has no outcome while it is retried."""
    rds_export_tasks.inject("Throttling", operation="DescribeExportTasks", times=1)
    seen = []
    retrying.meta.events.register("before-send.rds", lambda request, **_: seen.append(repr(rds_export_tasks.calls[0])))

    retrying.describe_export_tasks()

    assert [text.partition(", delays")[0] for text in seen] == [
        "<Call DescribeExportTasks in us-east-1: no response, 1 attempt>",
        "<Call DescribeExportTasks in us-east-1: no response, 2 attempts (Throttling injected)",
    ]
