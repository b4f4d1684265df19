"""StartExportTask with a real client."""

from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError

from helpers.aws import CLUSTER, CLUSTER_SNAPSHOT, SNAPSHOT, STATUSES, documented, fields_of
from helpers.calls import CALLS, call, described, start, without_metadata
from helpers.clients import shared_client
from helpers.errors import refused
from pytest_rds_export import Stuck, Timeline, fake_rds_export

INVALID_EXPORT_ONLY = ("InvalidExportOnly", 400, documented("InvalidExportOnlyFault"))
FORMS = ["orders", "orders.public", "orders.public.items", "orders.public.items.id", "orders.", ".items", ""]


def limit_reached(limit):
    """Assert that StartExportTask refuses one more export."""
    text = f"You have reached the limit of {limit} concurrent export tasks"
    return refused("ExportTaskLimitReachedFault", 400, text)


def test_response(client):
    """The response has what was passed and what a new task has, and DescribeExportTasks shows the same."""
    response = without_metadata(start(client, S3Prefix="rds", ExportOnly=["orders", "orders.public"]))

    assert set(response) == fields_of("STARTING", given=("S3Prefix", "ExportOnly"))
    assert described(client) == response
    del response["SnapshotTime"]
    assert response == {
        "ExportTaskIdentifier": "nightly",
        "SourceArn": SNAPSHOT,
        "ExportOnly": ["orders", "orders.public"],
        "S3Bucket": "rds-exports",
        "S3Prefix": "rds",
        "IamRoleArn": "arn:aws:iam::123456789012:role/rds-export",
        "KmsKeyId": "1234abcd",
        "Status": "STARTING",
        "PercentProgress": 0,
        "TotalExtractedDataInGB": 0,
        "SourceType": "SNAPSHOT",
    }


@pytest.mark.parametrize(
    ("source", "source_type"), [(SNAPSHOT, "SNAPSHOT"), (CLUSTER_SNAPSHOT, "SNAPSHOT"), (CLUSTER, "CLUSTER")]
)
def test_no_optional_parameters(client, source, source_type):
    """Without S3Prefix and ExportOnly, the response has neither."""
    response = without_metadata(start(client, source=source))

    assert set(response) == fields_of("STARTING", given=(), cluster=source_type == "CLUSTER")
    assert response["SourceType"] == source_type


def test_empty_export_only(client):
    """An empty ExportOnly counts as none."""
    assert "ExportOnly" not in start(client, ExportOnly=[])
    assert "ExportOnly" not in described(client)


def test_completes(client, rds_export_clock):
    """A started export is extracting after 20 minutes and complete after 25."""
    started = rds_export_clock.now
    start(client)

    rds_export_clock.tick(minutes=20)
    extracting = described(client)
    rds_export_clock.tick(minutes=5)
    complete = described(client)

    assert set(extracting) == fields_of("IN_PROGRESS")
    assert set(complete) == fields_of("COMPLETE")
    assert complete["TaskStartTime"] == extracting["TaskStartTime"] == started + timedelta(minutes=20)
    assert complete["TaskEndTime"] == started + timedelta(minutes=25)
    assert complete["PercentProgress"] == 100


@pytest.mark.parametrize("identifier", ["-late", "rds:nightly", "nächtlich", "a b"])
def test_invalid_identifier(rds_export_tasks, client, identifier):
    """An identifier with characters that RDS does not accept is refused, and nothing starts."""
    with pytest.raises(ClientError, match="ExportTaskIdentifier is not a valid identifier"):
        start(client, identifier)

    assert not rds_export_tasks


def test_longest(client):
    """An identifier and a prefix may have 60 characters."""
    assert start(client, "a" * 60, S3Prefix="b" * 60)["S3Prefix"] == "b" * 60


@pytest.mark.parametrize("status", STATUSES)
def test_limit(rds_export_tasks, client, status):
    """A sixth export is refused, and nothing starts, as long as five are STARTING or IN_PROGRESS."""
    for number in range(5):
        rds_export_tasks.seed(f"task-{number}", status=status)

    if status in {"STARTING", "IN_PROGRESS"}:
        with limit_reached(5):
            start(client)
        assert "nightly" not in rds_export_tasks
    else:
        assert start(client)["Status"] == "STARTING"


def test_limit_of_a_region():
    """The limit is the option concurrent_limit, for each region."""
    with fake_rds_export("running", concurrent_limit=1):
        with limit_reached(1):
            start(shared_client())

        other_region = shared_client("eu-west-1")
        assert start(other_region, source=SNAPSHOT.replace("us-east-1", "eu-west-1"))["Status"] == "STARTING"


def test_limit_of_the_account(rds_export_clock):
    """With the scope account, the exports of all regions count together until they end."""
    with fake_rds_export("running", concurrent_limit=2, concurrent_limit_scope="account") as tasks:
        abroad, client = tasks.in_region("eu-west-1"), shared_client()
        abroad.seed("done", status="COMPLETE")
        assert start(client)["Status"] == "STARTING"
        with limit_reached(2):
            start(shared_client("eu-west-1"), source=SNAPSHOT.replace("us-east-1", "eu-west-1"))
        tasks["running"].move_to("FAILED")
        abroad.seed("running")
        with limit_reached(2):
            start(client, "third")
        rds_export_clock.tick(minutes=25)
        assert start(client, "third")["Status"] == "STARTING"


@pytest.mark.parametrize(
    ("option", "prefix", "timeline", "status"),
    [
        ("accept", "rds/", Timeline(), "COMPLETE"),
        ("fail", "rds/", Timeline(), "FAILED"),
        ("fail", "rds/", Stuck(), "STARTING"),
        ("fail", "rds", Timeline(), "COMPLETE"),
        ("fail", None, Timeline(), "COMPLETE"),
    ],
)
def test_trailing_slash(rds_export_clock, option, prefix, timeline, status):
    """An export whose S3Prefix ends with a slash completes, or, as in early 2025, fails at its end, if it has one."""
    with fake_rds_export(timeline=timeline, trailing_slash=option):
        client = shared_client()
        response = start(client, **({} if prefix is None else {"S3Prefix": prefix}))
        rds_export_clock.tick(minutes=25)
        ended = described(client)

    assert (response["Status"], response.get("S3Prefix"), ended["Status"]) == ("STARTING", prefix, status)
    assert set(ended) == fields_of(status)
    assert ended.get("TaskEndTime", rds_export_clock.now) == rds_export_clock.now
    assert ended.get("FailureCause") == (
        "The S3 prefix must not end with a slash. Review your S3 prefix and retry the export."
        if status == "FAILED"
        else None
    )


@pytest.mark.parametrize(
    "arn",
    [
        "nightly",
        "arn:aws:rds:us-east-1:123456789012:db:orders",
        "arn:aws:rds:us-east-1:12345:snapshot:nightly",
        "arn:aws:s3:::rds-exports",
        "arn:aws:rds:us-east-1:123456789012:snapshot:",
        f"{SNAPSHOT}\n",
    ],
)
def test_malformed_source(rds_export_tasks, client, arn):
    """What is not the ARN of a snapshot or a cluster is refused."""
    with refused("InvalidParameterValue", 400, f"Invalid value {arn} for SourceArn."):
        start(client, source=arn)

    assert not rds_export_tasks


@pytest.mark.parametrize(
    ("kind", "code", "noun"),
    [
        ("snapshot", "DBSnapshotNotFound", "snapshot"),
        ("cluster-snapshot", "DBClusterSnapshotNotFoundFault", "cluster snapshot"),
        ("cluster", "DBClusterNotFoundFault", "cluster"),
    ],
)
def test_source_of_another_region(rds_export_tasks, client, kind, code, noun):
    """A source of another region is not found."""
    with refused(code, 404, f"Could not find {noun} with name nightly"):
        start(client, source=f"arn:aws:rds:eu-west-1:123456789012:{kind}:nightly")

    assert not rds_export_tasks


@pytest.mark.parametrize(
    ("engine", "accepted"),
    [
        (None, 3),
        ("postgres", 3),
        ("aurora-postgresql", 3),
        ("mysql", 2),
        ("mariadb", 2),
        ("aurora-mysql", 2),
    ],
)
def test_export_only_of_an_engine(rds_export_tasks, client, engine, accepted):
    """ExportOnly has the parts that the engine of the source allows: PostgreSQL also a schema."""
    source = rds_export_tasks.seed_snapshot("nightly", engine=engine)

    for form in FORMS[:accepted]:
        name = f"task-{form.count('.')}"
        assert start(client, name, source.arn, ExportOnly=["db", form])["ExportOnly"] == ["db", form]
        rds_export_tasks[name].move_to("COMPLETE")
    for form in FORMS[accepted:]:
        with refused(*INVALID_EXPORT_ONLY):
            start(client, ExportOnly=["db", form])

    assert "nightly" not in rds_export_tasks


@pytest.mark.parametrize("form", ["db.größe", "db.a/b", "db.*"])
def test_export_only_of_other_characters(client, form):
    """Names in ExportOnly have letters, digits, dollar signs and underscores only."""
    assert start(client, "plain", ExportOnly=["My_db1.$tmp"])["Status"] == "STARTING"
    with refused(*INVALID_EXPORT_ONLY):
        start(client, ExportOnly=["db", form])


def test_export_only_too_large(rds_export_tasks, client):
    """ExportOnly has at most 200 KB, commas included."""
    forms = [*["db." + "a" * 1020] * 199, "db." + "a" * 1021]
    assert start(client, ExportOnly=forms)["Status"] == "STARTING"
    with refused(*INVALID_EXPORT_ONLY):
        start(client, "larger", ExportOnly=[*forms, "a"])


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("export_only", [[], ["orders"]])
def test_second_export_of_a_source(rds_export_tasks, client, status, export_only):
    """A source has one running export at a time, full or partial."""
    rds_export_tasks.seed("first", status=status, source_arn=SNAPSHOT, timeline=Stuck())

    if status in {"STARTING", "IN_PROGRESS"}:
        with refused("ExportTaskAlreadyExists", 400, documented("ExportTaskAlreadyExistsFault")):
            start(client, source=SNAPSHOT, ExportOnly=export_only)
        assert start(client, "other", CLUSTER)["Status"] == "STARTING"
    else:
        assert start(client, source=SNAPSHOT, ExportOnly=export_only)["Status"] == "STARTING"


def test_several_exports_of_a_source():
    """With one_export_per_source=False, several exports of a source run."""
    with fake_rds_export(one_export_per_source=False) as tasks:
        for name in ("first", "second"):
            start(shared_client(), name, SNAPSHOT)
        assert [task.status for task in tasks.values()] == ["STARTING", "STARTING"]


@pytest.mark.parametrize("operation", CALLS)
def test_unsupported_region(operation):
    """A region without export tasks refuses their operations."""
    with fake_rds_export("nightly", unsupported_regions="eu-west-1 us-east-1") as tasks:
        with refused("InvalidParameterCombination", 400, "This operation is not currently supported."):
            call(shared_client(), operation)
        assert shared_client().describe_events()["Events"] == []
        assert shared_client("us-west-2").describe_export_tasks()["ExportTasks"] == []
        assert tasks["nightly"].status == "IN_PROGRESS"


def test_time_and_size(rds_export_tasks, client, rds_export_clock):
    """SnapshotTime and the extracted data are those of the seeded snapshot."""
    taken = datetime(2025, 12, 31, 22, 0, tzinfo=timezone.utc)
    rds_export_tasks.seed_snapshot("nightly", snapshot_time=taken, allocated_storage=20)

    assert start(client)["SnapshotTime"] == taken

    rds_export_clock.tick(minutes=25)
    assert described(client)["TotalExtractedDataInGB"] == 20
