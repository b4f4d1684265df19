"""Which response a request gets: an injected failure, a stub, a user's handler, or none."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from helpers.calls import cancel
from pytest_rds_export.exceptions import UnhandledOperation

CERTIFICATES = b"<R><DescribeCertificatesResult><Marker>first</Marker></DescribeCertificatesResult></R>"


@pytest.fixture
def client():
    """A client that was made before the fake."""
    return boto3.client("rds", "us-east-1")


def test_handler_of_an_export_call(rds_export_tasks, before_send, client):
    """A user's handler sees an export call, but its response is ignored."""
    rds_export_tasks.seed("nightly")
    handler = before_send(b"<R><CancelExportTaskResult><Status>FAILED</Status></CancelExportTaskResult></R>")
    client.meta.events.register("before-send.rds.CancelExportTask", handler)

    assert cancel(client)["Status"] == "CANCELING"
    assert len(handler.requests) == 1


def test_handler_that_raises(rds_export_tasks, client):
    """An exception of a user's handler reaches the caller of an export operation."""
    task = rds_export_tasks.seed("nightly")

    def spy(request, **kwargs):
        raise AssertionError("not this one")

    client.meta.events.register("before-send.rds", spy)

    with pytest.raises(AssertionError, match="not this one"):
        cancel(client)
    assert task.status == "IN_PROGRESS"
    assert rds_export_tasks.calls[0].error_code == "AssertionError"


def test_handlers_of_another_operation(rds_export_tasks, before_send, client):
    """Of several user's handlers of another operation the first response counts; with applied=True it is lost."""
    handlers = [before_send(), before_send(CERTIFICATES), before_send(CERTIFICATES.replace(b"first", b"second"))]
    for handler in handlers:
        client.meta.events.register("before-send.rds.DescribeCertificates", handler)

    assert client.describe_certificates()["Marker"] == "first"
    with (
        rds_export_tasks.inject("AccessDenied", operation="DescribeCertificates", applied=True),
        pytest.raises(ClientError, match=r"\(AccessDenied\)"),
    ):
        client.describe_certificates()
    assert [len(handler.requests) for handler in handlers] == [2, 2, 2]
    assert rds_export_tasks.unhandled == []


def test_what_handlers_get(rds_export_tasks, client):
    """A user's handlers of what is handled or stubbed get the name of the event, and the URL with the response."""
    names, urls = [], []
    client.meta.events.register("before-send.rds", lambda event_name, **_: names.append(event_name))
    client.meta.events.register("needs-retry.rds", lambda response, **_: urls.append(response[0].url))
    rds_export_tasks.stub("DescribeCertificates", {})

    client.describe_export_tasks()
    client.describe_certificates()

    assert names == ["before-send.rds.DescribeExportTasks", "before-send.rds.DescribeCertificates"]
    assert urls == ["https://rds.us-east-1.amazonaws.com/"] * 2


def test_stub_and_injected_failure(rds_export_tasks, before_send, client):
    """A stub takes precedence over a user's handler, and an injected failure over both."""
    client.meta.events.register("before-send.rds.DescribeCertificates", before_send(CERTIFICATES))
    rds_export_tasks.stub("DescribeCertificates", {"Marker": "stub"})

    assert client.describe_certificates()["Marker"] == "stub"
    with (
        rds_export_tasks.inject("AccessDenied", operation="DescribeCertificates"),
        pytest.raises(ClientError, match=r"\(AccessDenied\)"),
    ):
        client.describe_certificates()
    assert rds_export_tasks.calls[1].injected


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_no_handler(mode, rds_export_tasks):
    """An operation without a handler raises at once, and is recorded."""
    client = boto3.client("rds", config=Config(retries={"mode": mode}))

    with pytest.raises(UnhandledOperation) as error:
        client.describe_db_instances()

    assert str(error.value) == (
        "no handler for DescribeDBInstances, so nothing was sent. These have handlers: 'CancelExportTask', "
        "'StartExportTask', 'DescribeExportTasks', 'DescribeEvents', 'CreateDBSnapshot', 'CopyDBSnapshot', "
        "'DeleteDBSnapshot', 'DescribeDBSnapshots', 'CreateDBClusterSnapshot', 'CopyDBClusterSnapshot', "
        "'DeleteDBClusterSnapshot' and 'DescribeDBClusterSnapshots'. To handle it:\n"
        "  - seed a database: rds_export_tasks.seed_database('orders')\n"
        "  - give it a response: rds_export_tasks.stub('DescribeDBInstances', {...})\n"
        "  - use moto alongside: @mock_aws\n"
        "  - register a handler for before-send.rds.DescribeDBInstances"
    )
    (call,) = rds_export_tasks.unhandled
    assert (call.operation, call.attempts, call.error_code) == ("DescribeDBInstances", 1, "UnhandledOperation")
    rds_export_tasks.unhandled.clear()


def test_handled_now(rds_export_tasks, client):
    """The error lists what has a handler now: also the operations of seeded databases of the region, and stubs."""
    rds_export_tasks.seed_database("orders")
    rds_export_tasks.stub("DescribeAccountAttributes", {"AccountQuotas": []})

    with pytest.raises(
        UnhandledOperation,
        match="'DescribeDBClusterSnapshots', 'DescribeDBInstances', 'DescribeDBClusters' and "
        "'DescribeAccountAttributes'",
    ):
        client.describe_certificates()
    with pytest.raises(UnhandledOperation, match="'DescribeDBClusterSnapshots' and 'DescribeAccountAttributes'"):
        boto3.client("rds", "eu-west-1").describe_certificates()
    rds_export_tasks.unhandled.clear()


@pytest.mark.rds_export_tasks(snapshots="moto")
def test_no_snapshots(rds_export_tasks, client):
    """If snapshots are left to moto, which is not on, the error says how to have them handled here."""
    with pytest.raises(
        UnhandledOperation,
        match=r"'DescribeExportTasks' and 'DescribeEvents'. To handle it:\n  - have it handled here: the option "
        r"snapshots='fake'\n",
    ):
        client.create_db_snapshot(DBSnapshotIdentifier="nightly", DBInstanceIdentifier="orders")
    rds_export_tasks.unhandled.clear()


def test_no_handler_and_a_retry(rds_export_tasks):
    """An unhandled operation that is retried is recorded once."""
    client = boto3.client("rds", config=Config(retries={"mode": "standard"}))
    client.meta.events.register("needs-retry.rds", lambda attempts, **_: 0 if attempts == 1 else None)

    with pytest.raises(UnhandledOperation):
        client.describe_db_instances()

    assert [call.attempts for call in rds_export_tasks.unhandled] == [2]
    rds_export_tasks.unhandled.clear()
