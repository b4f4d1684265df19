"""The fake handles export tasks and moto the rest of RDS, in any order of the two."""

import boto3
import pytest
from botocore.exceptions import ClientError

from helpers.aws import CLUSTER
from helpers.calls import cancel, described, start
from pytest_rds_export import UnansweredOperation, fake_rds_export

moto = pytest.importorskip("moto")


@pytest.fixture
def early_client():
    """Return a client without moto's handler, as if made before moto was imported."""
    client = boto3.client("rds", "us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="secret")
    client.meta.events.unregister("before-send", moto.core.models.botocore_stubber)
    return client


@pytest.fixture
def in_moto():
    with moto.mock_aws():
        yield


def make_database(client):
    client.create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=10
    )


def check_both(client, tasks):
    """Assert that moto handles a database, and the fake an export task."""
    make_database(client)
    (instance,) = client.describe_db_instances()["DBInstances"]
    tasks.seed("nightly")

    assert instance["DBInstanceIdentifier"] == "orders"
    assert cancel(client)["Status"] == "CANCELING"
    assert described(client)["Status"] == "CANCELING"
    assert [call.operation for call in tasks.calls] == [
        "CreateDBInstance",
        "DescribeDBInstances",
        "CancelExportTask",
        "DescribeExportTasks",
    ]


def test_moto_then_the_fake(in_moto, rds_export_tasks):
    check_both(boto3.client("rds"), rds_export_tasks)


def test_the_fake_then_moto(rds_export_tasks, in_moto):
    check_both(boto3.client("rds"), rds_export_tasks)


def test_client_made_before_moto_then_the_fake(early_client, in_moto, rds_export_tasks):
    check_both(early_client, rds_export_tasks)


def test_client_made_before_the_fake_then_moto(early_client, rds_export_tasks, in_moto):
    check_both(early_client, rds_export_tasks)


def test_client_made_between_the_two(rds_export_tasks):
    client = boto3.client("rds")
    with moto.mock_aws():
        check_both(client, rds_export_tasks)


@moto.mock_aws
def test_moto_as_a_decorator(rds_export_tasks):
    check_both(boto3.client("rds"), rds_export_tasks)


@fake_rds_export("done")
@moto.mock_aws
def test_both_as_decorators():
    boto3.client("rds").describe_db_instances()
    assert described(boto3.client("rds"), "done")["Status"] == "IN_PROGRESS"


@moto.mock_aws
@fake_rds_export("done")
def test_both_as_decorators_in_reverse():
    boto3.client("rds").describe_db_instances()
    assert described(boto3.client("rds"), "done")["Status"] == "IN_PROGRESS"


def test_export_started_in_moto_is_not_in_the_fake(in_moto):
    client = boto3.client("rds", "us-east-1")
    make_database(client)
    snapshot = client.create_db_snapshot(DBSnapshotIdentifier="daily", DBInstanceIdentifier="orders")
    start(client, source=snapshot["DBSnapshot"]["DBSnapshotArn"])

    with fake_rds_export("other"):
        tasks = client.describe_export_tasks()["ExportTasks"]

    assert [task["ExportTaskIdentifier"] for task in tasks] == ["other"]


def test_export_of_a_cluster(in_moto, rds_export_client):
    """Moto raises a KeyError for the ARN of a cluster."""
    response = start(rds_export_client, source=CLUSTER)

    assert (response["Status"], response["SourceType"]) == ("STARTING", "CLUSTER")


def test_injected_failure_comes_before_moto(in_moto, rds_export_client, rds_export_tasks):
    with (
        rds_export_tasks.inject("AccessDenied", operation="DescribeDBInstances"),
        pytest.raises(ClientError, match=r"\(AccessDenied\)"),
    ):
        rds_export_client.describe_db_instances()
    assert rds_export_client.describe_db_instances()["DBInstances"] == []


def test_stub_comes_before_moto(in_moto, rds_export_client, rds_export_tasks):
    rds_export_tasks.stub("DescribeDBInstances", {"DBInstances": [{"DBInstanceIdentifier": "stubbed"}]})

    (instance,) = rds_export_client.describe_db_instances()["DBInstances"]

    assert instance["DBInstanceIdentifier"] == "stubbed"


def test_seeded_snapshots_come_before_moto(in_moto, rds_export_client, rds_export_tasks):
    assert rds_export_client.describe_db_snapshots()["DBSnapshots"] == []
    rds_export_tasks.seed_snapshot("nightly")

    (snapshot,) = rds_export_client.describe_db_snapshots()["DBSnapshots"]

    assert snapshot["DBSnapshotIdentifier"] == "nightly"


def test_error_of_moto_is_raised(in_moto, rds_export_client, rds_export_tasks):
    with pytest.raises(rds_export_client.exceptions.DBInstanceNotFoundFault):
        rds_export_client.describe_db_instances(DBInstanceIdentifier="none")
    assert rds_export_tasks.unanswered == []


def test_moto_is_called_once(in_moto, rds_export_client, monkeypatch):
    stubber, requests = moto.core.models.botocore_stubber, []
    real = stubber.process_request
    monkeypatch.setattr(stubber, "process_request", lambda request: requests.append(request) or real(request))

    rds_export_client.describe_db_instances()

    assert len(requests) == 1


def test_moto_handles_another_service(in_moto, rds_export_tasks):
    client = boto3.client("s3")
    client.create_bucket(Bucket="exports")

    assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["exports"]
    assert rds_export_tasks.calls == []


def test_no_handler_after_moto(rds_export_client, rds_export_tasks):
    with moto.mock_aws():
        rds_export_client.describe_db_instances()

    with pytest.raises(UnansweredOperation):
        rds_export_client.describe_db_instances()
    rds_export_tasks.unanswered.clear()


def test_moto_handles_export_tasks_after_the_fake(in_moto):
    client = boto3.client("rds", "us-east-1")
    with fake_rds_export("nightly"):
        assert described(client)["Status"] == "IN_PROGRESS"

    with pytest.raises(ClientError, match=r"\(ExportTaskNotFound\)"):
        cancel(client)
