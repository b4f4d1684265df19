"""The fake handles export tasks and moto the rest of RDS, in any order of the two."""

import boto3
import pytest
from botocore.exceptions import ClientError

from helpers.aws import CLUSTER
from helpers.calls import cancel, described, start
from pytest_rds_export import fake_rds_export
from pytest_rds_export.exceptions import UnhandledOperation


@pytest.fixture
def early_client(moto):
    """Return a client without moto's handler, as if made before moto was imported."""
    client = boto3.client("rds", "us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="secret")
    client.meta.events.unregister("before-send", moto.core.models.botocore_stubber)
    return client


@pytest.fixture
def in_moto(moto):
    """Moto handles all services."""
    with moto.mock_aws():
        yield


def check_both(client, tasks):
    """Assert that moto handles a parameter group, and the fake an export task."""
    client.create_db_parameter_group(
        DBParameterGroupName="slow", DBParameterGroupFamily="postgres16", Description="Slow queries"
    )
    (group,) = client.describe_db_parameter_groups()["DBParameterGroups"]
    tasks.seed("nightly")

    assert group["DBParameterGroupName"] == "slow"
    assert cancel(client)["Status"] == "CANCELING"
    assert described(client)["Status"] == "CANCELING"
    assert [call.operation for call in tasks.calls] == [
        "CreateDBParameterGroup",
        "DescribeDBParameterGroups",
        "CancelExportTask",
        "DescribeExportTasks",
    ]


def test_moto_first(in_moto, rds_export_tasks):
    """A client works with both if moto starts before the fake."""
    check_both(boto3.client("rds"), rds_export_tasks)


def test_fake_first(rds_export_tasks, in_moto):
    """A client works with both if the fake starts before moto."""
    check_both(boto3.client("rds"), rds_export_tasks)


def test_early_client_with_moto_first(early_client, in_moto, rds_export_tasks):
    """A client without moto's handler works with both if moto starts before the fake."""
    check_both(early_client, rds_export_tasks)


def test_early_client_with_the_fake_first(early_client, rds_export_tasks, in_moto):
    """A client without moto's handler works with both if the fake starts before moto."""
    check_both(early_client, rds_export_tasks)


def test_client_made_in_between(moto, rds_export_tasks):
    """A client that was made inside the fake works with a moto that starts later."""
    client = boto3.client("rds")
    with moto.mock_aws():
        check_both(client, rds_export_tasks)


def test_decorators(moto):
    """Both may be decorators, in either order."""

    def use():
        boto3.client("rds").describe_db_instances()
        return described(boto3.client("rds"), "done")["Status"]

    fake = fake_rds_export("done")
    assert fake(moto.mock_aws(use))() == moto.mock_aws(fake(use))() == "IN_PROGRESS"


def test_export_of_moto(in_moto):
    """An export that was started in moto is not in the fake."""
    client = boto3.client("rds", "us-east-1")
    client.create_db_cluster(
        DBClusterIdentifier="orders", Engine="aurora-mysql", MasterUsername="admin", MasterUserPassword="password"
    )
    made = client.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="daily", DBClusterIdentifier="orders")
    start(client, source=made["DBClusterSnapshot"]["DBClusterSnapshotArn"])

    with fake_rds_export("other"):
        tasks = client.describe_export_tasks()["ExportTasks"]

    assert [task["ExportTaskIdentifier"] for task in tasks] == ["other"]


@pytest.fixture
def performed_by_moto(moto, monkeypatch):
    """Return the requests that moto performs."""
    stubber, requests = moto.core.models.botocore_stubber, []
    real = stubber.process_request
    monkeypatch.setattr(stubber, "process_request", lambda request: requests.append(request) or real(request))
    return requests


def test_not_performed_by_moto(
    in_moto, performed_by_moto, early_client, rds_export_client, rds_export_tasks, before_send
):
    """Moto does not perform an operation that is handled here; a user's handler still sees the request."""
    rds_export_tasks.seed_snapshot(CLUSTER)
    handler = before_send()
    rds_export_client.meta.events.register("before-send", handler)

    response = start(rds_export_client, source=CLUSTER)
    cancel(early_client)

    assert (response["Status"], response["SourceType"]) == ("STARTING", "CLUSTER")
    assert len(handler.requests) == 1
    assert performed_by_moto == []


def test_injected_failure(in_moto, rds_export_client, rds_export_tasks):
    """An injected failure takes precedence over moto."""
    with (
        rds_export_tasks.inject("AccessDenied", operation="DescribeDBInstances"),
        pytest.raises(ClientError, match=r"\(AccessDenied\)"),
    ):
        rds_export_client.describe_db_instances()
    assert rds_export_client.describe_db_instances()["DBInstances"] == []


def test_stub(in_moto, rds_export_client, rds_export_tasks):
    """A stub takes precedence over moto."""
    rds_export_tasks.stub("DescribeDBInstances", {"DBInstances": [{"DBInstanceIdentifier": "stubbed"}]})

    (instance,) = rds_export_client.describe_db_instances()["DBInstances"]

    assert instance["DBInstanceIdentifier"] == "stubbed"


def test_seeded_snapshot(in_moto, rds_export_client, rds_export_tasks):
    """Seeded snapshots take precedence over moto; without any, moto responds."""
    assert rds_export_client.describe_db_snapshots()["DBSnapshots"] == []
    rds_export_tasks.seed_snapshot("nightly")

    (snapshot,) = rds_export_client.describe_db_snapshots()["DBSnapshots"]

    assert snapshot["DBSnapshotIdentifier"] == "nightly"


def test_error_of_moto(in_moto, rds_export_client, rds_export_tasks):
    """An error of moto about another operation is raised."""
    with pytest.raises(rds_export_client.exceptions.DBInstanceNotFoundFault):
        rds_export_client.describe_db_instances(DBInstanceIdentifier="none")
    assert rds_export_tasks.unhandled == []


def test_performed_once(in_moto, performed_by_moto, rds_export_client):
    """Moto performs each request of another operation once."""
    rds_export_client.describe_db_instances()

    assert len(performed_by_moto) == 1


def test_another_service(in_moto, rds_export_tasks):
    """Moto handles other services, and no call of theirs is recorded."""
    client = boto3.client("s3")
    client.create_bucket(Bucket="exports")

    assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["exports"]
    assert rds_export_tasks.calls == []


def test_after_moto(moto, rds_export_client, rds_export_tasks):
    """After moto has ended, its operations have no handler."""
    with moto.mock_aws():
        rds_export_client.describe_db_instances()

    with pytest.raises(UnhandledOperation):
        rds_export_client.describe_db_instances()
    rds_export_tasks.unhandled.clear()


def test_after_the_fake(in_moto):
    """After the fake has ended, moto handles export tasks."""
    client = boto3.client("rds", "us-east-1")
    with fake_rds_export("nightly"):
        assert described(client)["Status"] == "IN_PROGRESS"

    with pytest.raises(ClientError, match=r"\(ExportTaskNotFound\)"):
        cancel(client)


def test_snapshots_of_moto(in_moto, rds_export_client, rds_export_tasks):
    """While moto is on, it handles the operations of snapshots: they are not created here."""
    rds_export_client.create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="mysql", AllocatedStorage=20
    )

    made = rds_export_client.create_db_snapshot(DBSnapshotIdentifier="nightly", DBInstanceIdentifier="orders")

    assert made["DBSnapshot"]["Status"] == "available"
    assert not rds_export_tasks.snapshots


@pytest.mark.rds_export_tasks(snapshots="fake")
def test_snapshots_of_the_fake(moto, in_moto, rds_export_client, rds_export_tasks):
    """With snapshots="fake" they are handled here, and moto does not know of them."""
    made = rds_export_client.create_db_snapshot(DBSnapshotIdentifier="nightly", DBInstanceIdentifier="orders")

    assert made["DBSnapshot"]["Status"] == "creating"
    assert list(rds_export_tasks.snapshots) == ["nightly"]
    assert moto.backends.get_backend("rds")["123456789012"]["us-east-1"].database_snapshots == {}


@pytest.mark.rds_export_tasks(snapshots="moto")
def test_snapshots_left_to_moto(in_moto, rds_export_client, rds_export_tasks):
    """With snapshots="moto" only what is seeded here is described from here."""
    assert rds_export_client.describe_db_cluster_snapshots()["DBClusterSnapshots"] == []
    rds_export_tasks.seed_snapshot("nightly", cluster=True)

    (snapshot,) = rds_export_client.describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert snapshot["DBClusterSnapshotIdentifier"] == "nightly"
    with pytest.raises(rds_export_client.exceptions.DBClusterSnapshotNotFoundFault):
        rds_export_client.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="nightly")
