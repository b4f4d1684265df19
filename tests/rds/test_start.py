"""StartExportTask with a real client."""

import json
from datetime import datetime, timedelta, timezone

import boto3
import pytest

from helpers.aws import CLUSTER, CLUSTER_SNAPSHOT, SNAPSHOT, STATUSES, documented, fields_of
from helpers.calls import CALLS, call, described, start, without_metadata
from helpers.clients import shared_client
from helpers.errors import refused
from pytest_rds_export import Polls, Stuck, fake_rds_export

INVALID_IDENTIFIER = (
    "The parameter ExportTaskIdentifier is not a valid identifier. Identifiers must begin with a letter; must contain "
    "only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
)
INVALID_EXPORT_ONLY = ("InvalidExportOnly", 400, documented("InvalidExportOnlyFault"))
FORMS = ["orders", "orders.public", "orders.public.items", "orders.public.items.id", "orders.", ".items", ""]


def test_response(client):
    """The response has what was passed and what a new task has."""
    response = without_metadata(start(client, S3Prefix="rds", ExportOnly=["orders", "orders.public"]))

    assert set(response) == fields_of("STARTING", given=("S3Prefix", "ExportOnly"))
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


def test_aws_sample(client):
    """SnapshotTime is the only field of the response that JSON cannot have, as a public sample of AWS expects."""
    response = start(client)
    response["SnapshotTime"] = str(response["SnapshotTime"])
    response["ResponseMetadata"] = None

    assert json.loads(json.dumps(response))["ExportTaskIdentifier"] == "nightly"


def test_described(rds_export_tasks, client):
    """DescribeExportTasks shows the new task, with an empty S3Prefix if it has none."""
    response = without_metadata(start(client))

    assert described(client) == {**response, "S3Prefix": ""}
    assert set(described(client)) == fields_of("STARTING")
    assert rds_export_tasks["nightly"].status == "STARTING"


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


def test_skipped_phases():
    """The response is STARTING even if the timeline skips that phase."""
    with fake_rds_export(timeline=Polls(starting=0, in_progress=0)):
        client = shared_client()

        assert start(client)["Status"] == "STARTING"
        assert described(client)["Status"] == "COMPLETE"


@pytest.mark.parametrize("identifier", ["1st", "late-", "-late", "a--b", "night_ly", "rds:nightly", "nächtlich", "a b"])
def test_invalid_identifier(rds_export_tasks, client, identifier):
    """An identifier with characters or hyphens that RDS does not accept is refused, and nothing starts."""
    with refused("InvalidParameterValue", 400, INVALID_IDENTIFIER):
        start(client, identifier)

    assert not rds_export_tasks


def test_long_identifier(rds_export_tasks, client):
    """An identifier has at most 60 characters."""
    start(client, "a" * 60)

    with refused(
        "InvalidParameterValue",
        400,
        "The parameter ExportTaskIdentifier is not a valid identifier because it is longer than 60 characters.",
    ):
        start(client, "a" * 61)

    assert list(rds_export_tasks) == ["a" * 60]


def test_case(rds_export_tasks, client):
    """An identifier keeps its case."""
    assert start(client, "Nightly-2026-A")["ExportTaskIdentifier"] == "Nightly-2026-A"


@pytest.mark.parametrize("status", STATUSES)
def test_identifier_in_use(rds_export_tasks, client, status):
    """An identifier is used once, whatever became of its task."""
    rds_export_tasks.seed("nightly", status=status)

    with refused("ExportTaskAlreadyExists", 400, "The export task with the ID nightly already exists."):
        start(client)

    assert rds_export_tasks["nightly"].status == status


@pytest.mark.parametrize("status", ["STARTING", "IN_PROGRESS"])
def test_limit(rds_export_tasks, client, status):
    """A sixth running export is refused, and nothing starts."""
    for number in range(5):
        rds_export_tasks.seed(f"task-{number}", status=status)

    with refused("ExportTaskLimitReachedFault", 400, "You have reached the limit of 5 concurrent export tasks"):
        start(client)

    assert "nightly" not in rds_export_tasks


@pytest.mark.parametrize("status", ["CANCELING", "CANCELED", "COMPLETE", "FAILED"])
def test_limit_counts_running_exports(rds_export_tasks, client, status):
    """An export that is not STARTING or IN_PROGRESS does not count."""
    for number in range(5):
        rds_export_tasks.seed(f"task-{number}", status=status)

    assert start(client)["Status"] == "STARTING"


def test_limit_after_the_end(client, rds_export_clock):
    """An export that has ended by the clock does not count."""
    for number in range(5):
        start(client, f"task-{number}")

    rds_export_clock.tick(minutes=25)

    assert start(client)["Status"] == "STARTING"


def test_limit_of_a_region():
    """The limit is the option concurrent_limit, for each region."""
    with fake_rds_export("running", concurrent_limit=1):
        with refused("ExportTaskLimitReachedFault", 400, "You have reached the limit of 1 concurrent export tasks"):
            start(shared_client())

        other_region = shared_client("eu-west-1")
        assert start(other_region, source=SNAPSHOT.replace("us-east-1", "eu-west-1"))["Status"] == "STARTING"


def test_concurrent_limit_of_the_account(rds_export_clock):
    """With the scope account, the exports of all regions count together."""
    with fake_rds_export("running", concurrent_limit=2, concurrent_limit_scope="account") as tasks:
        abroad, client = tasks.in_region("eu-west-1"), boto3.client("rds")
        abroad.seed("done", status="COMPLETE")
        assert start(client)["Status"] == "STARTING"
        with refused("ExportTaskLimitReachedFault", 400, "You have reached the limit of 2 concurrent export tasks"):
            start(boto3.client("rds", region_name="eu-west-1"), source=SNAPSHOT.replace("us-east-1", "eu-west-1"))
        tasks["running"].move_to("FAILED")
        abroad.seed("running")
        with refused("ExportTaskLimitReachedFault", 400, "You have reached the limit of 2 concurrent export tasks"):
            start(client, "third")
        rds_export_clock.tick(minutes=25)
        assert start(client, "third")["Status"] == "STARTING"


def test_trailing_slash(client, rds_export_clock):
    """An export whose S3Prefix ends with a slash completes."""
    response = start(client, S3Prefix="rds/")
    assert (response["Status"], response["S3Prefix"]) == ("STARTING", "rds/")

    rds_export_clock.tick(minutes=25)

    assert described(client)["Status"] == "COMPLETE"


def test_trailing_slash_in_early_2025(rds_export_clock):
    """With trailing_slash="fail", such an export starts, and fails at its end."""
    with fake_rds_export(trailing_slash="fail"):
        client = shared_client()
        assert start(client, S3Prefix="rds/")["Status"] == "STARTING"

        rds_export_clock.tick(minutes=25)

        failed = described(client)
    assert set(failed) == fields_of("FAILED")
    assert failed["FailureCause"] == (
        "The S3 prefix must not end with a slash. Review your S3 prefix and retry the export."
    )


@pytest.mark.parametrize("prefix", [{}, {"S3Prefix": "rds"}])
def test_no_trailing_slash_in_early_2025(rds_export_clock, prefix):
    """With trailing_slash="fail", an export without a prefix, or with one that ends otherwise, completes."""
    with fake_rds_export(trailing_slash="fail"):
        client = shared_client()
        start(client, **prefix)
        rds_export_clock.tick(minutes=25)

        assert described(client)["Status"] == "COMPLETE"


def test_trailing_slash_of_a_stuck_export(rds_export_clock):
    """A stuck export does not fail, because it never ends."""
    with fake_rds_export(timeline=Stuck(), trailing_slash="fail"):
        client = shared_client()
        start(client, S3Prefix="rds/")
        rds_export_clock.tick(hours=8)

        assert described(client)["Status"] == "STARTING"


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


@pytest.mark.parametrize("form", ["my-db", "db.größe", "db.a b", "db.a/b", "db.*"])
def test_export_only_of_other_characters(client, form):
    """Names in ExportOnly have letters, digits, dollar signs and underscores only."""
    assert start(client, "plain", ExportOnly=["My_db1.$tmp"])["Status"] == "STARTING"
    with refused(*INVALID_EXPORT_ONLY):
        start(client, ExportOnly=["db", form])


def test_export_only_too_large(rds_export_tasks, client):
    """ExportOnly has at most 200 KB, commas included."""
    forms = ["db." + "a" * 1020] * 200
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


@pytest.mark.parametrize("prefix", ["/rds", "/", "rds:exports", "a" * 61])
def test_wrong_prefix(rds_export_tasks, client, prefix):
    """An S3Prefix begins with no slash, has no colon, and has at most 60 characters."""
    text = (
        f"Invalid value {prefix} for S3Prefix. It must not begin with a slash, contain a colon or be longer than "
        "60 characters."
    )
    with refused("InvalidParameterValue", 400, text):
        start(client, S3Prefix=prefix)

    assert not rds_export_tasks
    assert start(client, S3Prefix="a" * 60)["S3Prefix"] == "a" * 60


@pytest.mark.parametrize("operation", CALLS)
def test_unsupported_region(operation):
    """A region without export tasks refuses their operations."""
    with fake_rds_export("nightly", unsupported_regions="eu-west-1 us-east-1") as tasks:
        with refused("InvalidParameterCombination", 400, "This operation is not currently supported."):
            call(shared_client(), operation)
        assert shared_client().describe_events()["Events"] == []
        assert boto3.client("rds", region_name="us-west-2").describe_export_tasks()["ExportTasks"] == []
        assert tasks["nightly"].status == "IN_PROGRESS"


def test_time_and_size(rds_export_tasks, client, rds_export_clock):
    """SnapshotTime and the extracted data are those of the seeded snapshot."""
    taken = datetime(2025, 12, 31, 22, 0, tzinfo=timezone.utc)
    rds_export_tasks.seed_snapshot("nightly", snapshot_time=taken, allocated_storage=20)

    assert start(client)["SnapshotTime"] == taken

    rds_export_clock.tick(minutes=25)
    assert described(client)["TotalExtractedDataInGB"] == 20
