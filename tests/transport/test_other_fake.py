"""Another fake on this machine, such as a moto server or LocalStack, behind a client's ``endpoint_url``."""

from urllib.request import urlopen

import boto3
import pytest

from helpers.calls import start
from pytest_rds_export import fake_rds_export
from pytest_rds_export.exceptions import UnhandledOperation

pytestmark = pytest.mark.loopback


@pytest.fixture
def server_url():
    """The URL of a moto server."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    urlopen(f"http://{host}:{port}/moto-api/reset", data=b"").close()
    server.stop()


def test_other_operations(server_url, rds_export_tasks):
    """What is not handled here is sent to the other fake; what is handled is not."""
    client = boto3.client("rds", endpoint_url=server_url)
    client.create_db_parameter_group(
        DBParameterGroupName="slow", DBParameterGroupFamily="postgres16", Description="Slow queries"
    )

    assert start(client)["Status"] == "STARTING"
    assert list(rds_export_tasks) == ["nightly"]
    (group,) = client.describe_db_parameter_groups()["DBParameterGroups"]
    assert group["DBParameterGroupName"] == "slow"
    assert [call.outcome for call in rds_export_tasks.calls] == ["ok (HTTP 200)"] * 3
    assert rds_export_tasks.unhandled == []


@pytest.mark.rds_export_tasks(snapshots="moto")
def test_snapshots(server_url, rds_export_tasks):
    """With snapshots="moto", operations of snapshots are sent to the other fake, too; its snapshots can be exported."""
    client = boto3.client("rds", endpoint_url=server_url)
    client.create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20
    )
    made = client.create_db_snapshot(DBSnapshotIdentifier="daily", DBInstanceIdentifier="orders")["DBSnapshot"]

    assert start(client, source=made["DBSnapshotArn"])["Status"] == "STARTING"
    client.delete_db_snapshot(DBSnapshotIdentifier="daily")
    assert not rds_export_tasks.snapshots


def test_own_endpoint(rds_export_tasks, rds_export_endpoint):
    """The endpoint of this fake is no other fake: an operation without a handler is an error here."""
    with pytest.raises(UnhandledOperation):
        boto3.client("rds").describe_db_parameter_groups()
    rds_export_tasks.unhandled.clear()


def test_not_on_this_machine():
    """A request to any other address is not sent."""
    with fake_rds_export(assert_all_handled=False):
        client = boto3.client("rds", endpoint_url="http://localhost.example.com:4566")
        with pytest.raises(UnhandledOperation):
            client.describe_db_parameter_groups()
