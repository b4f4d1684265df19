"""Snapshots that clients create, describe and delete, and the databases that they are taken of."""

from datetime import datetime, timezone

import pytest

from helpers.aws import IDENTIFIER_RULES, documented
from helpers.calls import start
from helpers.errors import raises_exactly, refused
from helpers.snapshots import create, create_cluster, delete, delete_cluster, shown, shown_clusters
from pytest_rds_export import SnapshotTimeline

ARN = "arn:aws:rds:us-east-1:123456789012:snapshot:nightly"
CLUSTER_ARN = "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:nightly"
USERS = "arn:aws:rds:us-east-1:123456789012:db:users"
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
AT_ONCE = SnapshotTimeline(creating=0, copying=0)
NO_IDENTIFIER = f"The parameter DBSnapshotIdentifier {IDENTIFIER_RULES}"
DAILY = "rds:orders-2026-01-01-00-05"
TOO_LONG = "is not a valid identifier because it is longer than"


def names(client, **parameters):
    """Return the names of the snapshots that DescribeDBSnapshots returns."""
    return [snapshot["DBSnapshotIdentifier"] for snapshot in shown(client, **parameters)]


def test_db_snapshot(client, rds_export_clock):
    """A DB snapshot has both times, which are when its creation began, and a target, as soon as it is available.

    Identifiers are stored in lower case.
    """
    creating = create(client, "Nightly", "Orders", Tags=[{"Key": "team", "Value": "data"}])
    rds_export_clock.tick(minutes=5)
    (available,) = shown(client, DBSnapshotIdentifier="NIGHTLY")

    assert (creating["DBSnapshotIdentifier"], creating["DBSnapshotArn"]) == ("nightly", ARN)
    assert creating["DBInstanceIdentifier"] == "orders"
    assert (creating["Status"], creating["PercentProgress"], creating["SnapshotType"]) == ("creating", 0, "manual")
    assert (creating["ProcessorFeatures"], creating["TagList"]) == ([], [{"Key": "team", "Value": "data"}])
    assert not {"SnapshotCreateTime", "OriginalSnapshotCreateTime"} & set(creating)
    assert (available["Status"], available["PercentProgress"]) == ("available", 100)
    assert available["SnapshotCreateTime"] == available["OriginalSnapshotCreateTime"] == START
    assert (available["SnapshotTarget"], available["StorageThroughput"]) == ("region", 0)


def test_cluster_snapshot(client, rds_export_clock):
    """A cluster snapshot has its time from the beginning, and a size only while it is created."""
    creating = create_cluster(client)
    rds_export_clock.tick(minutes=5)
    (available,) = shown_clusters(client)

    assert (creating["Status"], creating["PercentProgress"]) == ("creating", 0)
    assert (creating["AllocatedStorage"], creating["Port"], creating["EngineMode"]) == (1, 0, "provisioned")
    assert creating["TagList"] == []
    assert creating["SnapshotCreateTime"] == available["SnapshotCreateTime"] == START
    assert (available["Status"], available["PercentProgress"], available["AllocatedStorage"]) == ("available", 100, 0)


def test_members_of_the_database(rds_export_tasks, client):
    """A snapshot has what its database has, the tags only if the database says so."""
    team, tier = {"Key": "team", "Value": "data"}, {"Key": "tier", "Value": "1"}
    members = {"engine": "mysql", "allocated_storage": 20, "storage_encrypted": True, "kms_key_id": "k"}
    members["tag_list"] = [team, tier]
    rds_export_tasks.seed_database("Orders", dbi_resource_id="db-ABC", copy_tags_to_snapshot=True, **members)
    rds_export_tasks.seed_database("orders", cluster=True, **members)
    own, new = {"Key": "team", "Value": "ops"}, {"Key": "new", "Value": ""}

    snapshot = create(client, Tags=[own, new])
    cluster_snapshot = create_cluster(client)

    for taken in (snapshot, cluster_snapshot):
        assert (taken["Engine"], taken["AllocatedStorage"], taken["KmsKeyId"]) == ("mysql", 20, "k")
    assert (snapshot["Encrypted"], snapshot["DbiResourceId"]) == (True, "db-ABC")
    assert snapshot["TagList"] == [own, tier, new]
    assert (cluster_snapshot["StorageEncrypted"], cluster_snapshot["TagList"]) == (True, [])


def test_cluster_seeded_as_a_source(rds_export_tasks, client):
    """A cluster that is seeded as a source of exports is a database as well; its snapshots are not encrypted."""
    rds_export_tasks.seed_snapshot(CLUSTER_ARN.replace(":cluster-snapshot:nightly", ":cluster:orders"))

    taken = create_cluster(client)

    assert (taken["StorageEncrypted"], taken["TagList"]) == (False, [])
    assert rds_export_tasks.snapshots["nightly"].storage_encrypted is False


@pytest.mark.parametrize(
    ("noun", "kind", "code"),
    [("Instance", "db", "DBInstanceNotFound"), ("Cluster", "cluster", "DBClusterNotFoundFault")],
)
def test_described_databases(rds_export_tasks, client, noun, kind, code):
    """Seeded databases are described, by name and by filters; their pages do not mix kinds."""
    for name in ("orders", "users"):
        rds_export_tasks.seed_database(name, cluster=noun == "Cluster", engine="mysql" if name == "users" else None)
    rds_export_tasks.seed_database("other", cluster=noun != "Cluster")
    arn = f"arn:aws:rds:us-east-1:123456789012:{kind}:users"

    def described(**parameters):
        response = getattr(client, f"describe_db_{noun.lower()}s")(**parameters)
        return [database[f"DB{noun}Identifier"] for database in response[f"DB{noun}s"]]

    assert described() == ["orders", "users"]
    assert described(**{f"DB{noun}Identifier": "USERS"}) == ["users"]
    assert described(Filters=[{"Name": "engine", "Values": ["mysql"]}]) == ["users"]
    assert described(Filters=[{"Name": f"db-{noun.lower()}-id", "Values": [arn]}]) == ["users"]
    with refused(code, 404, f"DB{noun} unknown not found."):
        described(**{f"DB{noun}Identifier": "unknown"})


def test_unknown_database(rds_export_tasks, client):
    """As soon as a database is seeded, snapshots of others are refused."""
    create(client, "before", "unknown")
    rds_export_tasks.seed_database("users")

    with refused("DBInstanceNotFound", 404, "DBInstance orders not found."):
        create(client)
    with refused("DBClusterNotFoundFault", 404, "DBCluster orders not found."):
        create_cluster(client)

    assert names(client) == ["before"]


def test_database_that_is_not_available(rds_export_tasks, client):
    """A snapshot of a stopped database is refused; it can be taken while the storage is being optimized."""
    database = rds_export_tasks.seed_database("orders", status="storage-optimization")
    rds_export_tasks.seed_database("orders", cluster=True, status="stopped")
    create(client)
    database.move_to("stopped")

    text = "Cannot create a snapshot because the database instance orders is not currently in the available state."
    with refused("InvalidDBInstanceState", 400, text):
        create(client, "other")
    with refused("InvalidDBClusterStateFault", 400, documented("InvalidDBClusterStateFault")):
        create_cluster(client)


def test_member_of_a_cluster(rds_export_tasks, client):
    """A snapshot of an instance of a cluster is refused."""
    rds_export_tasks.seed_database("orders", db_cluster_identifier="shop")

    text = (
        "The specified instance is a member of a cluster and a snapshot cannot be created directly. Please use the "
        "CreateDBClusterSnapshot API instead."
    )
    with refused("InvalidParameterValue", 400, text):
        create(client)


def test_identifier_in_use(client):
    """An identifier in use is refused with the message of AWS, also in another case."""
    create(client)
    create_cluster(client)

    text = "Cannot create the snapshot because a snapshot with the identifier nightly already exists."
    with refused("DBSnapshotAlreadyExists", 400, text):
        create(client, "NIGHTLY")
    text = "Cannot create the cluster snapshot because one with the identifier nightly already exists."
    with refused("DBClusterSnapshotAlreadyExistsFault", 400, text):
        create_cluster(client)


@pytest.mark.parametrize(
    ("make", "arguments", "text"),
    [
        (create, ("-invalid",), "Invalid snapshot identifier:  -invalid"),
        (create, ("in--valid",), NO_IDENTIFIER),
        (create, (DAILY,), NO_IDENTIFIER),
        (create, ("a" * 256,), f"The parameter DBSnapshotIdentifier {TOO_LONG} 255 characters."),
        (create, ("nightly", ARN), f"The parameter DBInstanceIdentifier {IDENTIFIER_RULES}"),
        (create_cluster, ("a" * 64,), f"The parameter DBClusterSnapshotIdentifier {TOO_LONG} 63 characters."),
        (delete, (DAILY,), NO_IDENTIFIER),
    ],
)
def test_invalid_identifier(client, make, arguments, text):
    """An identifier that is not valid is refused, also that of an automated snapshot."""
    with refused("InvalidParameterValue", 400, text):
        make(client, *arguments)

    assert names(client) == []


def test_longest_identifiers(client):
    """The identifier of a DB snapshot has at most 255 characters, that of a cluster snapshot 63."""
    assert create(client, "a" * 255)["Status"] == "creating"
    assert create_cluster(client, "a" * 63)["Status"] == "creating"


def test_quota(rds_export_tasks, client):
    """A region has at most 100 manual snapshots of a kind."""
    for number in range(100):
        rds_export_tasks.seed_snapshot(f"manual-{number}")
    rds_export_tasks.seed_snapshot(DAILY)
    create_cluster(client)

    with refused("SnapshotQuotaExceeded", 400, "Cannot create more than 100 manual snapshots"):
        create(client)


@pytest.mark.parametrize("status", ["available", "failed"])
def test_deleted(rds_export_tasks, client, status):
    """A deleted DB snapshot is returned as deleted, and is gone."""
    rds_export_tasks.seed_snapshot("nightly", status=status)

    deleted = delete(client, "Nightly")

    assert (deleted["DBSnapshotIdentifier"], deleted["Status"]) == ("nightly", "deleted")
    assert names(client) == []
    with refused("DBSnapshotNotFound", 404, "DBSnapshot not found: nightly"):
        delete(client)
    with refused("DBSnapshotNotFound", 404, "DBSnapshot nightly not found."):
        names(client, DBSnapshotIdentifier="nightly")


def test_deleted_cluster_snapshot(rds_export_tasks, client):
    """A deleted cluster snapshot is returned as it was, and is gone."""
    before = rds_export_tasks.seed_snapshot("nightly", cluster=True).to_response()

    assert delete_cluster(client) == before

    assert shown_clusters(client) == []
    with refused("DBClusterSnapshotNotFoundFault", 404, "DBClusterSnapshot not found: nightly"):
        delete_cluster(client)


def test_delete_too_early(client):
    """A snapshot that is not available cannot be deleted."""
    create(client)
    create_cluster(client)

    with refused("InvalidDBSnapshotState", 400, documented("InvalidDBSnapshotStateFault")):
        delete(client)
    with refused("InvalidDBClusterSnapshotStateFault", 400, documented("InvalidDBClusterSnapshotStateFault")):
        delete_cluster(client)


def test_automated_snapshot_by_name(rds_export_tasks, client):
    """To describe an automated snapshot by its name, its type is needed."""
    rds_export_tasks.seed_snapshot(DAILY)

    assert names(client, DBSnapshotIdentifier=DAILY, SnapshotType="automated") == [DAILY]
    with refused("DBSnapshotNotFound", 404, f"DBSnapshot {DAILY} not found."):
        names(client, DBSnapshotIdentifier=DAILY)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["own", "awsbackup:job-1"]),
        ({"IncludeShared": True}, ["own", "awsbackup:job-1", "shared"]),
        ({"IncludePublic": True}, ["own", "awsbackup:job-1", "public"]),
        ({"SnapshotType": "shared"}, ["shared"]),
        ({"SnapshotType": "public"}, ["public"]),
        ({"SnapshotType": "manual", "IncludeShared": True, "IncludePublic": True}, ["own"]),
        ({"SnapshotType": "awsbackup"}, ["awsbackup:job-1"]),
    ],
)
def test_snapshot_types(rds_export_tasks, client, parameters, expected):
    """Shared and public snapshots are listed only if they are asked for."""
    other = "arn:aws:rds:us-east-1:999999999999:snapshot:"
    rds_export_tasks.seed_snapshot("own")
    rds_export_tasks.seed_snapshot("awsbackup:job-1")
    rds_export_tasks.seed_snapshot(f"{other}shared")
    rds_export_tasks.seed_snapshot(f"{other}public", snapshot_type="public")

    assert names(client, **parameters) == expected


@pytest.mark.parametrize(
    ("name", "database"),
    [
        ("rds:org-dev-pg-2026-01-01-00-05", "org-dev-pg"),
        ("org-dev-pg-2026-01-01", "org-dev-pg"),
        ("orders-nightly", "orders"),
        ("nightly", "nightly"),
    ],
)
def test_database_of_a_seeded_snapshot(rds_export_tasks, client, name, database):
    """The instance of a seeded snapshot is its name without the date, otherwise the part before the first hyphen."""
    assert rds_export_tasks.seed_snapshot(name).db_instance_identifier == database
    assert names(client, DBInstanceIdentifier=database.upper()) == [name]


NO_NAME = "name must be ASCII letters, digits and single hyphens, with a letter first and no hyphen last, got"


@pytest.mark.parametrize(
    ("name", "options", "error", "text"),
    [
        ("-orders", {}, ValueError, f"{NO_NAME} '-orders'"),
        (5, {}, ValueError, f"{NO_NAME} int 5"),
        ("orders", {"status": "stoped"}, ValueError, "unknown status 'stoped'. Did you mean 'stopped'?"),
        ("orders", {"engin": "mysql"}, TypeError, "unknown field 'engin'. Did you mean 'engine' or 'endpoint'?"),
        ("users", {}, ValueError, f"'{USERS}' exists already. Seed each source once"),
    ],
)
def test_refused_database(rds_export_tasks, name, options, error, text):
    """A mistake in seed_database is refused with the value and what to do."""
    rds_export_tasks.seed_database("users")

    with raises_exactly(error, text):
        rds_export_tasks.seed_database(name, **options)


def test_live_database(rds_export_tasks):
    """A seeded database is live: it has its name in lower case, its status, its members, and a repr of one line."""
    database = rds_export_tasks.seed_database("Orders", tag_list=[{"Key": "team"}])

    assert database.identifier == "orders"
    assert database.status == database.db_instance_status == "available"
    assert database.tags == {"team": ""}
    with raises_exactly(TypeError, "move_to cannot set status: it is the first argument"):
        database.move_to("stopped", db_instance_status="available")
    with raises_exactly(
        AttributeError,
        "status of <ExportSource db:orders available in us-east-1> cannot be assigned. Use move_to('stopped')",
    ):
        database.status = "stopped"
    database.move_to("stopped")
    assert repr(database) == "<ExportSource db:orders stopped in us-east-1>"


@pytest.mark.parametrize("blank", ["", " "])
@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("create_db_snapshot", ["DBSnapshotIdentifier", "DBInstanceIdentifier"]),
        ("copy_db_snapshot", ["SourceDBSnapshotIdentifier", "TargetDBSnapshotIdentifier"]),
        ("delete_db_snapshot", ["DBSnapshotIdentifier"]),
        ("create_db_cluster_snapshot", ["DBClusterSnapshotIdentifier", "DBClusterIdentifier"]),
        ("copy_db_cluster_snapshot", ["SourceDBClusterSnapshotIdentifier", "TargetDBClusterSnapshotIdentifier"]),
        ("delete_db_cluster_snapshot", ["DBClusterSnapshotIdentifier"]),
    ],
)
def test_blank_identifiers(client, method, parameters, blank):
    """Wherever an identifier of a snapshot is required, a blank one is refused."""
    for name in parameters:
        with refused("InvalidParameterValue", 400, f"The parameter {name} must be provided and must not be blank."):
            getattr(client, method)(**{**dict.fromkeys(parameters, "a"), name: blank})


@pytest.mark.rds_export_tasks(snapshot_timeline=AT_ONCE)
def test_export(rds_export_tasks, client):
    """A creating snapshot cannot be exported, an available one can, and it may be deleted meanwhile."""
    rds_export_tasks.seed_database("orders", engine="mysql", allocated_storage=30)
    rds_export_tasks.seed_snapshot("early", status="creating", available_after=60)
    create(client)
    (snapshot,) = shown(client, DBSnapshotIdentifier="nightly")

    with refused("InvalidExportSourceState", 400, documented("InvalidExportSourceStateFault")):
        start(client, source=ARN.replace("nightly", "early"))
    with refused("InvalidExportOnly", 400, documented("InvalidExportOnlyFault")):
        start(client, source=ARN, ExportOnly=["a.b.c"])
    task = start(client, source=ARN)
    delete(client)
    rds_export_tasks["nightly"].move_to("COMPLETE")

    assert task["SnapshotTime"] == snapshot["SnapshotCreateTime"]
    assert rds_export_tasks["nightly"].total_extracted_data_in_gb == 30


def test_export_while_the_deletion_ends(rds_export_tasks, client, rds_export_clock):
    """A snapshot whose deletion has ended by now is not found, even if it was the last one."""
    rds_export_tasks.seed_snapshot("nightly", status="deleting", timeline=SnapshotTimeline(deleting=60))
    rds_export_clock.tick(minutes=1)

    with refused("DBSnapshotNotFound", 404, "Could not find snapshot with name nightly"):
        start(client, source=ARN)


def test_failures_calls_and_stubs(rds_export_tasks, client):
    """Injections, overrides, stubs and calls work as for exports."""
    with (
        rds_export_tasks.inject("SnapshotQuotaExceeded"),
        refused("SnapshotQuotaExceeded", 400, documented("SnapshotQuotaExceededFault")),
    ):
        create(client)
    rds_export_tasks.override("CreateDBSnapshot", lambda _, default: default())
    rds_export_tasks.stub("DeleteDBSnapshot", {"DBSnapshot": {"Status": "deleting"}})

    assert create(client)["Status"] == "creating"
    assert delete(client, "other") == {"Status": "deleting"}

    shown = "CreateDBSnapshot DBSnapshotIdentifier=nightly in us-east-1"
    assert [repr(call) for call in rds_export_tasks.calls_to("CreateDBSnapshot")] == [
        f"<Call {shown}: SnapshotQuotaExceeded (HTTP 400, injected), 1 attempt>",
        f"<Call {shown}: ok (HTTP 200), 1 attempt>",
    ]


def test_tag_without_a_key(rds_export_tasks, client):
    """A tag may lack its key, as the service model allows."""
    tags = [{"Value": "sales"}]

    assert create(client, Tags=tags)["TagList"] == tags
    assert rds_export_tasks.snapshots["nightly"].tags == {"": "sales"}
