"""Sources: what StartExportTask can export, and the two operations that describe snapshots."""

from datetime import datetime, timedelta, timezone

import pytest
from botocore import xform_name

from helpers.aws import CLUSTER, CLUSTER_SNAPSHOT, SNAPSHOT, documented, service_model
from helpers.calls import start
from helpers.clients import shared_client
from helpers.errors import raises_exactly, refused

AUTOMATED = "arn:aws:rds:us-east-1:123456789012:snapshot:rds:mydb-2026-01-01-00-05"
NOT_FOUND = {
    SNAPSHOT: ("DBSnapshotNotFound", 404, "Could not find snapshot with name nightly"),
    CLUSTER_SNAPSHOT: ("DBClusterSnapshotNotFoundFault", 404, "Could not find cluster snapshot with name nightly"),
    CLUSTER: ("DBClusterNotFoundFault", 404, "Could not find cluster with name orders"),
}
TAKEN = datetime(2026, 3, 1, 2, 0, tzinfo=timezone.utc)
NOT_AVAILABLE = ("InvalidExportSourceState", 400, documented("InvalidExportSourceStateFault"))


@pytest.mark.parametrize("seeded", [False, True])
@pytest.mark.parametrize("source", [SNAPSHOT, CLUSTER_SNAPSHOT, CLUSTER, AUTOMATED])
def test_any_arn(rds_export_tasks, client, source, seeded):
    """Without seeded sources, any ARN can be exported; so can a source that is seeded by its ARN."""
    if seeded:
        rds_export_tasks.seed_snapshot(source)

    assert start(client, source=source)["SourceArn"] == source


@pytest.mark.parametrize("source", NOT_FOUND)
def test_unseeded_source(rds_export_tasks, client, source):
    """If a source is seeded, another one is not found."""
    rds_export_tasks.seed_snapshot("weekly")

    with refused(*NOT_FOUND[source]):
        start(client, source=source)

    assert not rds_export_tasks


@pytest.mark.parametrize(
    ("name", "options", "region", "arn"),
    [
        ("nightly", {}, "us-east-1", SNAPSHOT),
        ("Nightly", {}, "us-east-1", SNAPSHOT),
        ("nightly", {"cluster": True}, "us-east-1", CLUSTER_SNAPSHOT),
        (CLUSTER_SNAPSHOT.replace("nightly", "Nightly"), {}, "us-east-1", CLUSTER_SNAPSHOT),
        ("rds:mydb-2026-01-01-00-05", {}, "us-east-1", AUTOMATED),
        ("nightly", {}, "cn-north-1", "arn:aws-cn:rds:cn-north-1:123456789012:snapshot:nightly"),
    ],
)
def test_arn_of_a_name(rds_export_tasks, name, options, region, arn):
    """A name, stored in lower case, is that of a snapshot, with cluster=True of a cluster snapshot; in that region."""
    assert rds_export_tasks.in_region(region).seed_snapshot(name, **options).arn == arn


@pytest.mark.parametrize("status", ["creating", "deleting", "upgrading"])
@pytest.mark.parametrize("source", [SNAPSHOT, CLUSTER_SNAPSHOT, CLUSTER])
def test_unavailable_source(rds_export_tasks, client, source, status):
    """An export of a source that is not available is refused."""
    rds_export_tasks.seed_snapshot(source, status=status)

    with refused(*NOT_AVAILABLE):
        start(client, source=source)


def test_region_of_an_arn(rds_export_tasks, client):
    """A source belongs to the region of its ARN."""
    abroad = SNAPSHOT.replace("us-east-1", "eu-west-1")
    rds_export_tasks.seed_snapshot(abroad)

    assert start(shared_client("eu-west-1"), source=abroad)["SourceArn"] == abroad
    assert start(client)["SourceArn"] == SNAPSHOT  # none is seeded here


def test_arn_of_another_region(rds_export_tasks):
    """The registry of in_region takes no source of another region."""
    text = (
        f"{SNAPSHOT!r} belongs to us-east-1, but this is the registry of eu-west-1. Seed it with in_region('us-east-1')"
    )
    with raises_exactly(ValueError, text):
        rds_export_tasks.in_region("eu-west-1").seed_snapshot(SNAPSHOT)


def test_described_snapshot(rds_export_tasks, client):
    """DescribeDBSnapshots returns a seeded snapshot."""
    record = rds_export_tasks.seed_snapshot(
        "mydb-nightly", engine="postgres", snapshot_time=TAKEN, allocated_storage=20, tag_list=[{"Key": "a"}]
    )

    described = client.describe_db_snapshots()["DBSnapshots"]

    assert described == [
        {
            "DBSnapshotIdentifier": "mydb-nightly",
            "DBSnapshotArn": "arn:aws:rds:us-east-1:123456789012:snapshot:mydb-nightly",
            "DBInstanceIdentifier": "mydb",
            "Status": "available",
            "AllocatedStorage": 20,
            "SnapshotCreateTime": TAKEN,
            "SnapshotType": "manual",
            "PercentProgress": 100,
            "Engine": "postgres",
            "TagList": [{"Key": "a"}],
            "OriginalSnapshotCreateTime": TAKEN,
            "SnapshotTarget": "region",
            "StorageThroughput": 0,
        }
    ]
    assert described == [record.to_response()]


def test_described_cluster_snapshot(rds_export_tasks, client, rds_export_clock):
    """DescribeDBClusterSnapshots returns a seeded cluster snapshot."""
    record = rds_export_tasks.seed_snapshot("rds:orders-2026-01-01", cluster=True)

    [described] = client.describe_db_cluster_snapshots()["DBClusterSnapshots"]

    assert described == record.to_response()
    assert described["DBClusterSnapshotArn"].endswith(":cluster-snapshot:rds:orders-2026-01-01")
    assert described["DBClusterIdentifier"] == "orders"
    assert described["SnapshotType"] == "automated"
    assert described["SnapshotCreateTime"] == rds_export_clock.now - timedelta(hours=1)


def test_seeded_cluster(rds_export_tasks):
    """The record of a cluster has the fields of the service model."""
    record = rds_export_tasks.seed_snapshot(CLUSTER, engine="aurora-mysql").to_response()

    assert set(record) <= set(service_model().shape_for("DBCluster").members)
    assert (record["DBClusterArn"], record["DBClusterIdentifier"]) == (CLUSTER, "orders")


def by(name, *values):
    """A filter as a parameter."""
    return {"Filters": [{"Name": name, "Values": list(values)}]}


@pytest.fixture
def seeded_client(rds_export_tasks, client):
    """A client in whose region there are three snapshots and three cluster snapshots."""
    for name in ("mydb-monday", "mydb-tuesday", "rds:other-2026-01-01"):
        for cluster in (False, True):
            rds_export_tasks.seed_snapshot(name, cluster=cluster, engine="mysql" if "mydb" in name else "mariadb")
    return client


# For each of the two operations: the client's method, and the nouns in the names of its result and parameters.
OPERATIONS = [("describe_db_snapshots", "DBSnapshot", "DBInstance"),
              ("describe_db_cluster_snapshots", "DBClusterSnapshot", "DBCluster")]  # fmt: skip


@pytest.mark.parametrize(("method", "noun", "parent"), OPERATIONS)
def test_narrowed_snapshots(seeded_client, method, noun, parent):
    """Parameters and filters narrow the list of snapshots."""
    monday, tuesday, other = "mydb-monday", "mydb-tuesday", "rds:other-2026-01-01"
    for asked, expected in (
        ({f"{parent}Identifier": "mydb"}, [monday, tuesday]),
        ({f"{parent}Identifier": "other", "SnapshotType": "manual"}, []),
        ({"SnapshotType": "automated"}, [other]),
        (by("engine", "mariadb", "oracle"), [other]),
        (by("snapshot-type", "manual"), [monday, tuesday]),
        (by(f"{xform_name(noun, '-')}-id", tuesday), [tuesday]),
        (by(f"{xform_name(parent, '-')}-id", "other"), [other]),
    ):
        found = getattr(seeded_client, method)(**asked)[f"{noun}s"]
        assert [snapshot[f"{noun}Identifier"] for snapshot in found] == expected, asked


def test_snapshots_of_a_resource(seeded_client, rds_export_tasks):
    """Snapshots can be found by the resource id, and a snapshot by its ARN."""
    rds_export_tasks.seed_snapshot("nightly", dbi_resource_id="db-ABC")
    rds_export_tasks.seed_snapshot("nightly", cluster=True, db_cluster_resource_id="cluster-ABC")

    for asked in (
        {"DbiResourceId": "db-ABC"},
        by("dbi-resource-id", "db-ABC"),
        {"DBSnapshotIdentifier": SNAPSHOT},
    ):
        (found,) = seeded_client.describe_db_snapshots(**asked)["DBSnapshots"]
        assert found["DBSnapshotArn"] == SNAPSHOT
    (found,) = seeded_client.describe_db_cluster_snapshots(DbClusterResourceId="cluster-ABC")["DBClusterSnapshots"]
    assert found["DBClusterSnapshotArn"] == CLUSTER_SNAPSHOT


@pytest.mark.parametrize(
    ("method", "noun", "code", "text"),
    [
        ("describe_db_snapshots", "DBSnapshot", "DBSnapshotNotFound", "DBSnapshot nightly not found."),
        (
            "describe_db_cluster_snapshots",
            "DBClusterSnapshot",
            "DBClusterSnapshotNotFoundFault",
            "DBClusterSnapshot not found: nightly",
        ),
    ],
)
def test_unknown_snapshot(seeded_client, method, noun, code, text):
    """An unknown identifier is the fault that AWS documents; an unknown filter is refused."""
    with refused(code, 404, text):
        getattr(seeded_client, method)(**{f"{noun}Identifier": "nightly"})
    with refused("InvalidParameterValue", 400, "Unrecognized filter name: status"):
        getattr(seeded_client, method)(**by("status", "available"))


DOCUMENTED_STATUSES = (
    "'available', 'copying', 'creating', 'deleted', 'deleting', 'failed', 'incompatible-parameters', "
    "'incompatible-restore', 'unavailable' or 'upgrading'"
)
NO_SOURCE = "arn_or_name must be the name of a snapshot, or the ARN of one or of a cluster, got"
OF_A_SOURCE = "status must be that of a source that is there"
NO_TIME = "must be an ISO 8601 time such as '2026-03-01T02:00:00Z'"
NO_LENGTH = "must be a timedelta or a number of seconds, from 0 to 100 years"
NO_STRING = "Invalid type for parameter TagList[0].Key, value: 1, type: <class 'int'>, valid types: <class 'str'>"
DATABASE = "arn:aws:rds:us-east-1:123456789012:db:orders"


@pytest.mark.parametrize(
    ("source", "options", "text"),
    [
        ("", {}, f"{NO_SOURCE} ''"),
        ("1st", {}, f"{NO_SOURCE} '1st'"),
        (DATABASE, {}, f"{NO_SOURCE} '{DATABASE}'"),
        (None, {}, f"{NO_SOURCE} None"),
        (
            SNAPSHOT,
            {"cluster": True},
            f"arn_or_name must be the name of a cluster snapshot, or the ARN of one, got '{SNAPSHOT}'",
        ),
        ("nightly", {}, f"'{SNAPSHOT}' exists already. Seed each source once"),
        ("a", {"status": "deleted"}, f"{OF_A_SOURCE}; leave a deleted one out, got 'deleted'"),
        ("a", {"status": 5}, "status must be a string, got int 5"),
        ("a", {"status": ""}, f"unknown status ''. Use one of {DOCUMENTED_STATUSES}"),
        ("a", {"snapshot_time": "yesterday"}, f"snapshot_time {NO_TIME}, got 'yesterday'"),
        ("a", {"engine": 5}, "engine must be a string, got int 5"),
        ("a", {"allocated_storage": "20"}, "allocated_storage must be an int, got str '20'"),
        ("a", {"percent_progress": 101}, "percent_progress must be an int from 0 to 100, got 101"),
        ("a", {"tag_list": [{"Key": 1}]}, f"not a valid DBSnapshot: {NO_STRING}"),
        ("a", {"available_after": -1}, f"available_after {NO_LENGTH}, got -1"),
        (
            "a",
            {"available_after": 60, "status": "available"},
            "available_after needs status='creating' or 'copying', got status='available'",
        ),
    ],
)
def test_refused_source(rds_export_tasks, client, source, options, text):
    """A mistake is refused with the value and what to do; the sources stay as they were."""
    record = rds_export_tasks.seed_snapshot("nightly")

    with raises_exactly(ValueError, text):
        rds_export_tasks.seed_snapshot(source, **options)

    assert client.describe_db_snapshots()["DBSnapshots"] == [record.to_response()]


@pytest.mark.parametrize(
    ("name", "member"), [("db_snapshot_identifier", "DBSnapshotIdentifier"), ("db_snapshot_arn", "DBSnapshotArn")]
)
def test_name_as_a_member(rds_export_tasks, name, member):
    """The name is no member that could be given."""
    with raises_exactly(TypeError, f"'b' cannot be the {member} of '{SNAPSHOT}': a source keeps its name"):
        rds_export_tasks.seed_snapshot("nightly", **{name: "b"})


@pytest.mark.parametrize("name", ["engine", "snapshot_time", "available_after", "cluster"])
def test_misspelled_argument(rds_export_tasks, name):
    """The arguments of ``seed_snapshot`` are suggested alongside the members."""
    with pytest.raises(TypeError, match=f"Did you mean .*'{name}'"):
        rds_export_tasks.seed_snapshot("nightly", **{f"{name}x": 1})


def test_records_are_copies(rds_export_tasks, client):
    """Neither the returned record nor a response shares data with the source."""
    source = rds_export_tasks.seed_snapshot("nightly", tag_list=[{"Key": "team", "Value": "data"}])
    client.describe_db_snapshots()

    for record in (source.to_response(), *rds_export_tasks.calls[0].response["DBSnapshots"]):
        record["TagList"].clear()

    (shown,) = client.describe_db_snapshots()["DBSnapshots"]
    assert shown["TagList"] == [{"Key": "team", "Value": "data"}]
