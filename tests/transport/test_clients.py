"""Which clients the fake handles: those of RDS, in whatever way, place and region they were made."""

import boto3
import botocore.session
import pytest
from botocore.config import Config

from pytest_rds_export import fake_rds_export

AT_MODULE_LEVEL = boto3.client("rds", "us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="secret")

CLIENTS = {
    "made at module level": lambda: AT_MODULE_LEVEL,
    "of the default session": lambda: boto3.client("rds"),
    "of a boto3 session": lambda: boto3.Session().client("rds"),
    "of a botocore session": lambda: botocore.session.Session().create_client("rds"),
    "with an endpoint_url": lambda: boto3.client("rds", endpoint_url="http://localhost:4566"),
    "for FIPS": lambda: boto3.client("rds", config=Config(use_fips_endpoint=True)),
    "of the legacy retry mode": lambda: boto3.client("rds", config=Config(retries={"mode": "legacy"})),
    "of the adaptive retry mode": lambda: boto3.client("rds", config=Config(retries={"mode": "adaptive"})),
}
_CLUSTERS = (
    b"<R><DescribeDBClustersResult><DBClusters><DBCluster><Engine>other</Engine></DBCluster></DBClusters>"
    b"</DescribeDBClustersResult></R>"
)


@pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS)
def test_every_kind(make, rds_export_tasks):
    """Clients made in any way are handled."""
    task = rds_export_tasks.seed("nightly")

    assert make().cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"
    assert task.status == "CANCELING"


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso")],
)
def test_regions_and_partitions(region, partition, rds_export_tasks):
    """A client sees the tasks of its own region, in any partition."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.in_region(region).seed("nightly", status="COMPLETE")

    (task,) = boto3.client("rds", region).describe_export_tasks()["ExportTasks"]

    assert task["SourceArn"] == f"arn:{partition}:rds:{region}:123456789012:snapshot:nightly"
    assert task["Status"] == "COMPLETE"
    assert rds_export_tasks.calls[0].region == region


def test_use_that_begins_during_a_call(botocore_unchanged):
    """A use that begins during a call does not record that call."""
    client = boto3.client("rds", "us-east-1")
    inner = fake_rds_export()
    entered = []
    client.meta.events.register("response-received.rds", lambda **_: entered.append(inner.__enter__()))

    with fake_rds_export() as outer:
        with pytest.raises(client.exceptions.ExportTaskNotFoundFault):
            client.cancel_export_task(ExportTaskIdentifier="nightly")
        inner.__exit__(None, None, None)

    assert [registry.calls for registry in entered] == [[]]
    assert [call.error_code for call in outer.calls] == ["ExportTaskNotFound"]


@pytest.mark.parametrize(
    ("service", "operation", "body", "expected"),
    [
        ("logs", "describe_export_tasks", b'{"exportTasks": [{"taskId": "e"}]}', {"exportTasks": [{"taskId": "e"}]}),
        ("neptune", "describe_db_clusters", _CLUSTERS, {"DBClusters": [{"Engine": "other"}]}),
        ("docdb", "describe_db_clusters", _CLUSTERS, {"DBClusters": [{"Engine": "other"}]}),
    ],
)
def test_other_services(service, operation, body, expected, rds_export_tasks, before_send):
    """Clients of other services are not affected, even if their operations are named alike."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.stub("DescribeDBClusters", {"DBClusters": []})
    client = boto3.client(service)
    client.meta.events.register("before-send", before_send(body))

    response = getattr(client, operation)()

    del response["ResponseMetadata"]
    assert response == expected
    assert rds_export_tasks.calls == []


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-west-1", "https://rds.localhost.localstack.cloud:4566"),
        ("local", "http://localhost:4566"),
        ("US-EAST-1", "http://localhost:4566"),
    ],
)
def test_own_host(region, url, rds_export_tasks):
    """A request to a host that is not AWS's has the region of its client, any that botocore accepts."""
    client = boto3.client("rds", region_name=region, endpoint_url=url)

    assert client.describe_export_tasks()["ExportTasks"] == []
    assert [call.region for call in rds_export_tasks.calls] == [region]


def test_call_inside_a_handler(rds_export_tasks, rds_export_client):
    """A call inside a request-created handler does not change the region of the outer call."""
    rds_export_tasks.seed("nightly")
    other = boto3.client("rds", region_name="eu-west-1")
    rds_export_client.meta.events.register("request-created.rds", lambda **_: other.describe_export_tasks() and None)

    rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")

    regions = {call.operation: call.region for call in rds_export_tasks.calls}
    assert regions == {"DescribeExportTasks": "eu-west-1", "CancelExportTask": "us-east-1"}


def test_exceptions_of_the_fixture(rds_export_client):
    """The exception classes of the fixture's client are those of the default session's clients."""
    with pytest.raises(rds_export_client.exceptions.ExportTaskNotFoundFault):
        boto3.client("rds", region_name="us-east-1").cancel_export_task(ExportTaskIdentifier="nightly")


def test_raw_headers(rds_export_tasks, rds_export_client):
    """The body of a response has the headers as aiohttp has them, pairs of bytes, which aiobotocore 2.15 reads."""
    seen = []
    rds_export_client.meta.events.register("after-call.rds", lambda http_response, **_: seen.append(http_response))

    rds_export_client.describe_export_tasks()

    (response,) = seen
    assert [(name.decode(), value.decode()) for name, value in response.raw.raw_headers] == [*response.headers.items()]
    assert (b"Content-Type", b"text/xml") in response.raw.raw_headers
