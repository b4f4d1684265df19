"""The fake handles export tasks and moto the rest of RDS, in any order of the two."""

from contextlib import ExitStack
from itertools import permutations

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


@pytest.mark.parametrize("order", list(permutations(["moto", "fake", "client"])), ids="-".join)
def test_orders(order, moto, early_client):
    """Moto handles a parameter group and the fake an export task, whatever begins first."""
    with ExitStack() as stack:
        for name in order:
            if name == "moto":
                stack.enter_context(moto.mock_aws())
            elif name == "fake":
                tasks = stack.enter_context(fake_rds_export("nightly"))
            else:
                client = early_client if name == order[0] else boto3.client("rds", "us-east-1")
        client.create_db_parameter_group(
            DBParameterGroupName="slow", DBParameterGroupFamily="postgres16", Description="Slow queries"
        )
        (group,) = client.describe_db_parameter_groups()["DBParameterGroups"]

        assert group["DBParameterGroupName"] == "slow"
        assert (cancel(client)["Status"], described(client)["Status"]) == ("CANCELING", "CANCELING")
        assert [call.operation for call in tasks.calls] == [
            "CreateDBParameterGroup",
            "DescribeDBParameterGroups",
            "CancelExportTask",
            "DescribeExportTasks",
        ]


def test_decorators(moto):
    """Both may be decorators, in either order."""

    def use():
        boto3.client("rds").describe_db_instances()
        return described(boto3.client("rds"), "done")["Status"]

    fake = fake_rds_export("done")
    assert fake(moto.mock_aws(use))() == moto.mock_aws(fake(use))() == "IN_PROGRESS"


def test_export_of_moto(in_moto):
    """An export that was started in moto is not in the fake, and is there again after the fake has ended."""
    client = boto3.client("rds", "us-east-1")
    client.create_db_cluster(
        DBClusterIdentifier="orders", Engine="aurora-mysql", MasterUsername="admin", MasterUserPassword="password"
    )
    made = client.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="daily", DBClusterIdentifier="orders")
    start(client, "of-moto", source=made["DBClusterSnapshot"]["DBClusterSnapshotArn"])

    with fake_rds_export("other"):
        tasks = client.describe_export_tasks()["ExportTasks"]

    assert [task["ExportTaskIdentifier"] for task in tasks] == ["other"]
    assert described(client, "of-moto")["ExportTaskIdentifier"] == "of-moto"


@pytest.fixture
def performed_by_moto(moto, monkeypatch):
    """Return the requests that moto performs."""
    stubber, requests = moto.core.models.botocore_stubber, []
    real = stubber.process_request
    monkeypatch.setattr(stubber, "process_request", lambda request: requests.append(request) or real(request))
    return requests


def test_performed_by_moto(in_moto, performed_by_moto, early_client, rds_export_client, rds_export_tasks, before_send):
    """Moto performs what is not handled here, once; of what is, a user's handler still sees the request."""
    rds_export_tasks.seed_snapshot(CLUSTER)
    handler = before_send()
    rds_export_client.meta.events.register("before-send", handler)

    response = start(rds_export_client, source=CLUSTER)
    cancel(early_client)

    assert (response["Status"], response["SourceType"]) == ("STARTING", "CLUSTER")
    assert len(handler.requests) == 1
    assert performed_by_moto == []
    rds_export_client.describe_db_instances()
    assert len(performed_by_moto) == 1


def test_stub_and_injected_failure(in_moto, rds_export_client, rds_export_tasks):
    """A stub and an injected failure take precedence over moto."""
    with (
        rds_export_tasks.inject("AccessDenied", operation="DescribeDBInstances"),
        pytest.raises(ClientError, match=r"\(AccessDenied\)"),
    ):
        rds_export_client.describe_db_instances()
    assert rds_export_client.describe_db_instances()["DBInstances"] == []
    rds_export_tasks.stub("DescribeDBInstances", {"DBInstances": [{"DBInstanceIdentifier": "stubbed"}]})
    assert len(rds_export_client.describe_db_instances()["DBInstances"]) == 1


def test_error_of_moto(in_moto, rds_export_client, rds_export_tasks):
    """An error of moto about another operation is raised."""
    with pytest.raises(rds_export_client.exceptions.DBInstanceNotFoundFault):
        rds_export_client.describe_db_instances(DBInstanceIdentifier="none")
    assert rds_export_tasks.unhandled == []


def test_after_moto(moto, rds_export_client, rds_export_tasks):
    """After moto has ended, its operations have no handler."""
    with moto.mock_aws():
        rds_export_client.describe_db_instances()

    with pytest.raises(UnhandledOperation):
        rds_export_client.describe_db_instances()
    rds_export_tasks.unhandled.clear()


@pytest.mark.rds_export_tasks(snapshots="moto")
def test_snapshots_left_to_moto(in_moto, rds_export_client, rds_export_tasks):
    """With snapshots="moto" only what is seeded here is described from here."""
    assert rds_export_client.describe_db_cluster_snapshots()["DBClusterSnapshots"] == []
    rds_export_tasks.seed_snapshot("nightly", cluster=True)

    (snapshot,) = rds_export_client.describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert snapshot["DBClusterSnapshotIdentifier"] == "nightly"
    with pytest.raises(rds_export_client.exceptions.DBClusterSnapshotNotFoundFault):
        rds_export_client.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="nightly")
