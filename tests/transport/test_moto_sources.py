"""What the fake takes from moto: the sources of exports, and events."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from helpers.calls import start
from helpers.loopback import post, query
from pytest_rds_export import Stuck


@pytest.fixture
def rds(moto, rds_export_tasks):
    """Return a client; moto has the snapshot daily of the instance orders, and weekly of the cluster shop."""
    with moto.mock_aws():
        client = boto3.client("rds")
        client.create_db_instance(
            DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20
        )
        client.create_db_snapshot(DBSnapshotIdentifier="daily", DBInstanceIdentifier="orders")
        client.create_db_cluster(
            DBClusterIdentifier="shop", Engine="aurora-mysql", MasterUsername="root", MasterUserPassword="hunter2_"
        )
        client.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="weekly", DBClusterIdentifier="shop")
        yield client


@pytest.fixture
def snapshot(rds):
    """Return moto's snapshot."""
    (found,) = rds.describe_db_snapshots(DBSnapshotIdentifier="daily")["DBSnapshots"]
    return found


def refused(code):
    """Assert that a block raises a ClientError with this code."""
    return pytest.raises(ClientError, match=rf"\({code}\)")


def arn(resource):
    """Return the ARN of a source in the default region."""
    return f"arn:aws:rds:us-east-1:123456789012:{resource}"


def test_snapshot(rds, snapshot, rds_export_tasks):
    """An export of moto's snapshot has its time and size, and its engine decides what ExportOnly may name."""
    response = start(rds, source=snapshot["DBSnapshotArn"], ExportOnly=["shop.public.orders"])
    rds_export_tasks["nightly"].move_to("COMPLETE")

    assert abs(response["SnapshotTime"] - snapshot["SnapshotCreateTime"]) < timedelta(milliseconds=1)  # it has no more
    assert rds_export_tasks["nightly"].total_extracted_data_in_gb == 20


def test_cluster(rds):
    """A cluster and its snapshot are sources too; MySQL has no schemas."""
    for name in ("cluster-snapshot:weekly", "cluster:shop"):
        with refused("InvalidExportOnly"):
            start(rds, name.replace(":", "-"), source=arn(name), ExportOnly=["shop.public.orders"])
        assert start(rds, name.replace(":", "-"), source=arn(name))["Status"] == "STARTING"


def test_unknown_source(rds):
    """What moto does not have in this account and region is refused."""
    for source, code in (
        (arn("snapshot:weekly"), "DBSnapshotNotFound"),
        (arn("snapshot:daily").replace("123456789012", "210987654321"), "DBSnapshotNotFound"),
        (arn("cluster-snapshot:daily"), "DBClusterSnapshotNotFoundFault"),
        (arn("cluster:orders"), "DBClusterNotFoundFault"),
    ):
        with refused(code):
            start(rds, source=source)
    with refused("DBSnapshotNotFound"):
        start(boto3.client("rds", "eu-west-1"), source=arn("snapshot:daily").replace("us-east-1", "eu-west-1"))


def test_not_available(moto, rds):
    """A source that is not available is refused."""
    moto.backends.get_backend("rds")["123456789012"]["us-east-1"].database_snapshots["daily"].status = "creating"

    with refused("InvalidExportSourceState"):
        start(rds, source=arn("snapshot:daily"))


def test_seeded_source(rds, rds_export_tasks):
    """As soon as a source is seeded, moto's do not count."""
    seeded = rds_export_tasks.seed_snapshot("seeded")

    with refused("DBSnapshotNotFound"):
        start(rds, source=arn("snapshot:daily"))
    assert start(rds, source=seeded.arn)["Status"] == "STARTING"


@pytest.mark.parametrize("core", [{"service_whitelist": ["s3"]}, {"passthrough": {"services": ["rds"]}}])
def test_without_rds_in_moto(moto, rds_export_tasks, core):
    """A moto that is on for other services only has no say."""
    with moto.mock_aws(config={"core": core}):
        assert start(boto3.client("rds"), source=arn("snapshot:any"))["Status"] == "STARTING"


def test_override(rds, rds_export_tasks):
    """The plugin's own response to an override looks the source up, too."""
    rds_export_tasks.override("StartExportTask", lambda parameters, default: default())

    with refused("DBSnapshotNotFound"):
        start(rds, source=arn("snapshot:none"))
    assert start(rds, source=arn("snapshot:daily"))["Status"] == "STARTING"


def test_look_up_is_no_call(rds, rds_export_tasks, before_send):
    """The look-up is not among the calls, no handler of the user sees it, and it meets no injected failure."""
    handler = before_send()
    rds.meta.events.register("before-send.rds", handler)
    rds_export_tasks.calls.clear()
    with rds_export_tasks.inject("AccessDenied", operation="DescribeDBSnapshots") as injection:
        start(rds, source=arn("snapshot:daily"))

    assert [call.operation for call in rds_export_tasks.calls] == ["StartExportTask"]
    assert (len(handler.requests), injection.attempts) == (1, 0)
    rds_export_tasks.options.assert_all_injected = False


def test_threads(rds):
    """Look-ups of many threads do not disturb each other."""
    names = [f"task-{number}" for number in range(4)]
    for name in names:
        rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier="orders")
    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(lambda name: start(rds, name, source=arn(f"snapshot:{name}")), names))

    assert [response["ExportTaskIdentifier"] for response in responses] == names


@pytest.mark.loopback
def test_endpoint(rds, rds_export_tasks, rds_export_endpoint):
    """A request of another process is handled here, with the sources that the moto of this process has."""
    parameters = {"S3BucketName": "backups", "IamRoleArn": "arn:aws:iam::123456789012:role/a", "KmsKeyId": "key"}
    for name, status in (("daily", 200), ("none", 404)):
        body = query(
            "StartExportTask", ExportTaskIdentifier=f"of-{name}", SourceArn=arn(f"snapshot:{name}"), **parameters
        )
        assert post(rds_export_endpoint, body)[0] == status
    body = query("CreateDBSnapshot", DBSnapshotIdentifier="nightly", DBInstanceIdentifier="orders")
    assert post(rds_export_endpoint, body)[0] == 200
    assert list(rds_export_tasks.snapshots) == ["nightly"]


def test_events(rds_export_clock, rds, rds_export_tasks):
    """DescribeEvents lists moto's events and those of exports together, by date, in pages."""
    rds_export_tasks.options.page_size = 1
    task = rds_export_tasks.seed("nightly", source_arn=arn("snapshot:daily"), timeline=Stuck())
    rds_export_clock.tick(minutes=1)
    task.move_to("FAILED")
    rds_export_clock.tick(minutes=1)
    rds.create_db_instance(DBInstanceIdentifier="later", DBInstanceClass="db.t3.micro", Engine="mysql")

    pages = list(rds.get_paginator("describe_events").paginate(Duration=60))
    events = [event for page in pages for event in page["Events"]]

    messages = [event["Message"] for event in events]
    position = messages.index("Export task failed")
    assert len(pages) == len(events)
    assert [event["Date"] for event in events] == sorted(event["Date"] for event in events)
    assert messages.count("Export task failed") == 1
    assert position > 0  # what moto has created before
    assert "later" in {event["SourceIdentifier"] for event in events[position + 1 :]}


def described(client, **narrowing):
    """Return the names of the DB snapshots that a client describes."""
    found = client.describe_db_snapshots(**narrowing)["DBSnapshots"]
    return [snapshot["DBSnapshotIdentifier"] for snapshot in found]


def test_both_worlds(rds, rds_export_tasks):
    """Snapshots are moto's; of the seeded ones, descriptions have both, and of the same ARN the seeded one."""
    assert not rds_export_tasks.snapshots
    rds_export_tasks.seed_snapshot("shop-1", engine="mysql")

    automated = next(name for name in described(rds) if name.startswith("rds:orders"))  # moto makes one of an instance
    assert described(rds) == ["shop-1", automated, "daily"]
    assert described(rds, DBInstanceIdentifier="orders") == [automated, "daily"]
    assert described(rds, DBSnapshotIdentifier="daily") == ["daily"]
    assert described(rds, DBSnapshotIdentifier="shop-1") == ["shop-1"]
    with refused("DBSnapshotNotFound"):
        described(rds, DBSnapshotIdentifier="none")
    found = rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert "weekly" in [snapshot["DBClusterSnapshotIdentifier"] for snapshot in found]

    rds_export_tasks.seed_snapshot("daily", allocated_storage=7)
    (daily,) = rds.describe_db_snapshots(DBSnapshotIdentifier="daily")["DBSnapshots"]
    assert daily["AllocatedStorage"] == 7


def test_databases_of_both_worlds(rds, rds_export_tasks):
    """Once a database is seeded, descriptions have moto's databases too."""
    rds_export_tasks.seed_database("stock")

    found = rds.describe_db_instances()["DBInstances"]
    assert [instance["DBInstanceIdentifier"] for instance in found] == ["stock", "orders"]
    (orders,) = rds.describe_db_instances(DBInstanceIdentifier="orders")["DBInstances"]
    assert orders["AllocatedStorage"] == 20
    with refused("DBInstanceNotFound"):
        rds.describe_db_instances(DBInstanceIdentifier="none")


def test_pages_of_both_worlds(rds, rds_export_tasks):
    """The snapshots and the databases of both come in pages, which are as large as they are asked for."""
    rds_export_tasks.options.page_size = 1
    rds_export_tasks.seed_snapshot("shop-1")
    rds_export_tasks.seed_database("stock")

    pages = rds.get_paginator("describe_db_snapshots").paginate()
    assert [len(page["DBSnapshots"]) for page in pages] == [1, 1, 1]

    rds_export_tasks.options.page_size = 100
    for number in range(20):
        rds.create_db_instance(DBInstanceIdentifier=f"db-{number}", DBInstanceClass="db.t3.micro", Engine="postgres")
    pages = rds.get_paginator("describe_db_instances").paginate(PaginationConfig={"PageSize": 20})
    assert [len(page["DBInstances"]) for page in pages] == [20, 2]


@pytest.mark.rds_export_tasks(snapshots="fake")
def test_one_world(moto, rds, rds_export_tasks):
    """With snapshots="fake" all are handled here: moto has only the one that it makes of an instance, as always."""
    assert described(rds) == ["daily"]
    assert list(rds_export_tasks.snapshots) == ["daily", "weekly"]
    (automated,) = moto.backends.get_backend("rds")["123456789012"]["us-east-1"].database_snapshots
    assert automated.startswith("rds:orders")


@pytest.mark.rds_export_tasks(snapshots="fake")
def test_clusters_beside_snapshots_of_the_fake(moto, rds_export_tasks):
    """If only the snapshots are not moto's, an export does not look for them there, but for a cluster."""
    with moto.mock_aws():
        assert start(boto3.client("rds"))["Status"] == "STARTING"
        with refused("DBClusterNotFoundFault"):
            start(boto3.client("rds"), "of-a-cluster", source=arn("cluster:shop"))


def test_older_moto(moto, rds_export_tasks, monkeypatch):
    """What a moto before 5.1 does not implement, it has nothing of: events of exports are described all the same."""
    responses = pytest.importorskip("moto.rds.responses")

    def fail(*_args):
        raise NotImplementedError

    for name in ("describe_events", "call_action"):
        monkeypatch.setattr(responses.RDSResponse, name, fail, raising=False)
    with moto.mock_aws():
        rds_export_tasks.seed("nightly").move_to("COMPLETE")
        (event,) = boto3.client("rds", "us-east-1").describe_events()["Events"]

    assert event["Message"] == "Export task completed"


def test_failure_before_the_effect(rds, rds_export_tasks, monkeypatch):
    """An injected failure that comes before the effect asks moto for nothing."""
    from moto.rds import responses

    def fail(*_):
        raise RuntimeError("moto was asked")

    monkeypatch.setattr(responses.RDSResponse, "describe_db_snapshots", fail)
    rds_export_tasks.inject("AccessDenied", operation="StartExportTask", times=1)
    with refused("AccessDenied"):
        start(rds)
    with pytest.raises(RuntimeError, match="moto was asked"):
        start(rds)
