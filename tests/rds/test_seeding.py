"""Seeding: the four kinds of seeds, their region, their defaults, and that they are copied."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from helpers.aws import CLUSTER, fields_of
from helpers.calls import described
from pytest_rds_export import ExportTask, Polls, fake_rds_export

DATA = Path(__file__).parent / "data"
UTC = timezone.utc
KEPT = ExportTask("nightly", status="IN_PROGRESS", percent_progress=42, export_only=["orders"])

ORDERS = {
    "ExportTaskIdentifier": "orders-2026-03-01",
    "SourceArn": "arn:aws:rds:us-east-1:123456789012:snapshot:rds:orders-2026-03-01-02-05",
    "ExportOnly": ["orders.public"],
    "SnapshotTime": datetime(2026, 3, 1, 2, 5, 12, 345000, tzinfo=UTC),
    "TaskStartTime": datetime(2026, 3, 1, 3, 0, 41, 12000, tzinfo=UTC),
    "TaskEndTime": datetime(2026, 3, 1, 3, 4, 10, tzinfo=UTC),
    "S3Bucket": "company-exports",
    "S3Prefix": "rds/orders",
    "IamRoleArn": "arn:aws:iam::123456789012:role/rds-s3-export",
    "KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "Status": "COMPLETE",
    "PercentProgress": 100,
    "TotalExtractedDataInGB": 12,
    "SourceType": "SNAPSHOT",
}
LEDGER = {
    **{name: ORDERS[name] for name in ("S3Bucket", "IamRoleArn", "KmsKeyId")},
    "ExportTaskIdentifier": "ledger",
    "SourceArn": "arn:aws:rds:us-east-1:123456789012:cluster:ledger",
    "S3Prefix": "",
    "Status": "STARTING",
    "PercentProgress": 0,
    "TotalExtractedDataInGB": 0,
    "SourceType": "CLUSTER",
}


@pytest.mark.parametrize(
    "seeds",
    [
        [ORDERS, LEDGER],
        [DATA / "export-tasks-cli-v1.json"],
        [DATA / "export-tasks-cli-v2.json"],
        [DATA / "export-tasks-query.json"],
    ],
    ids=["mappings", "AWS CLI 1", "AWS CLI 2", "bare list"],
)
def test_what_a_response_showed(rds_export_tasks, client, seeds):
    """Mappings in the shape of the API and files of the AWS CLI (version 2 has ISO 8601 times) can be seeded."""
    rds_export_tasks.seed_all(seeds)

    assert client.describe_export_tasks()["ExportTasks"] == [LEDGER, ORDERS]  # the unfinished export first


@pytest.mark.parametrize("status", [None, "IN_PROGRESS"])
def test_mapping_without_a_status(rds_export_tasks, status):
    """A mapping without a status seeds an export that is IN_PROGRESS."""
    [task] = rds_export_tasks.seed_all([{"ExportTaskIdentifier": "nightly", "Status": status}])

    assert task.status == "IN_PROGRESS"


def test_all_forms(rds_export_tasks):
    """All kinds of seeds can be mixed, and keep their order."""
    tasks = rds_export_tasks.seed_all(
        ["first", DATA / "export-tasks-cli-v2.json", KEPT, {"ExportTaskIdentifier": "last"}]
    )

    names = ["first", "orders-2026-03-01", "ledger", "nightly", "last"]
    assert [task.identifier for task in tasks] == names
    assert list(rds_export_tasks) == names


@pytest.mark.parametrize("status", ["CANCELING", "CANCELED", "FAILED"])
def test_start_time(rds_export_tasks, client, status):
    """A seed with progress has a start time, also if it is not running."""
    rds_export_tasks.seed("nightly", status=status, percent_progress=30)

    shown = described(client)

    assert set(shown) == fields_of(status)
    assert shown["PercentProgress"] == 30


def test_default_times(rds_export_tasks):
    """The default times are in order, and the end is now."""
    task = rds_export_tasks.seed("done", status="COMPLETE")

    assert task.snapshot_time < task.task_start_time < task.task_end_time
    assert datetime.now(UTC) - task.task_end_time < timedelta(minutes=1)


TIME = datetime(2026, 3, 1, 2, tzinfo=UTC)
LATER = TIME + timedelta(hours=3)


@pytest.mark.usefixtures("rds_export_clock")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"task_start_time": TIME, "task_end_time": LATER}, {"snapshot_time": TIME - timedelta(hours=1)}),
        # The clock is earlier.
        ({"status": "COMPLETE", "task_start_time": TIME}, {"task_start_time": TIME, "task_end_time": TIME}),
        ({"task_start_time": TIME, "task_end_time": TIME}, {"task_end_time": TIME}),
        ({"status": "STARTING", "percent_progress": 30}, {"task_start_time": None}),
        ({"source_arn": CLUSTER, "source_type": "SNAPSHOT"}, {"source_type": "SNAPSHOT"}),
        ({"s3_bucket": None, "failure_cause": None}, {"s3_bucket": "rds-exports", "failure_cause": None}),
        ({"export_only": []}, {"export_only": None}),
    ],
)
def test_defaults(rds_export_tasks, given, expected):
    """What is given stays. What is not, or is None or empty, is what a real task has, with times in order."""
    task = rds_export_tasks.seed("nightly", **given)

    assert {name: getattr(task, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("percent", "given", "extracted", "size"),
    [(50, None, 50, 100), (1, 3, 3, 300), (50, 0, 0, 100), (0, 3, 3, 100)],
)
def test_size(rds_export_tasks, percent, given, extracted, size):
    """Progress and extracted data say how large the whole export is; by default it has 100 gigabytes."""
    task = rds_export_tasks.seed("nightly", percent_progress=percent, total_extracted_data_in_gb=given)

    assert task.total_extracted_data_in_gb == extracted
    task.move_to("COMPLETE")
    assert task.total_extracted_data_in_gb == size


@pytest.mark.usefixtures("kathmandu")
def test_given_times(rds_export_tasks):
    """Given times are in UTC and truncated to milliseconds."""
    cet = timezone(timedelta(hours=1))
    time = datetime(2026, 3, 1, 3, 0, 0, 123999, tzinfo=cet)

    task = rds_export_tasks.seed("nightly", snapshot_time=time, task_start_time="2026-03-01T03:00:00+01:00")

    assert task.snapshot_time == datetime(2026, 3, 1, 2, 0, 0, 123000, tzinfo=UTC)
    assert task.task_start_time == datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    assert task.snapshot_time.utcoffset() == task.task_start_time.utcoffset() == timedelta(0)


def test_live_task(rds_export_tasks):
    """A live task can be a seed."""
    task = rds_export_tasks.seed("nightly")
    task.move_to("FAILED", failure_cause="The bucket is gone.")

    with fake_rds_export(task) as other:
        assert (other["nightly"].status, other["nightly"].failure_cause) == ("FAILED", "The bucket is gone.")


@pytest.mark.parametrize(
    "seed",
    [
        ExportTask("nightly", region="eu-west-1"),
        ExportTask("nightly", source_arn="arn:aws:rds:eu-west-1:123456789012:snapshot:nightly"),
        ExportTask("nightly", region="eu-west-1", source_arn="arn:aws:rds:eu-west-1:123456789012:cluster:nightly"),
        {"ExportTaskIdentifier": "nightly", "SourceArn": "arn:aws:rds:eu-west-1:123456789012:snapshot:nightly"},
    ],
)
def test_region(rds_export_tasks, seed):
    """A task is seeded in the region that it or its ARN names."""
    [task] = rds_export_tasks.seed_all([seed])

    assert "nightly" not in rds_export_tasks
    assert rds_export_tasks.in_region("eu-west-1")["nightly"] is task
    assert task.region == "eu-west-1"
    assert task.source_arn.startswith("arn:aws:rds:eu-west-1:")


def test_two_regions(rds_export_tasks):
    """An identifier can be seeded in two regions, also by the argument region."""
    rds_export_tasks.seed("nightly")

    there = rds_export_tasks.seed("nightly", region="eu-west-1")

    assert there is rds_export_tasks.in_region("eu-west-1")["nightly"]
    assert there.source_arn == "arn:aws:rds:eu-west-1:123456789012:snapshot:nightly"


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("moon-tranquility-1", "aws"),
    ],
)
def test_partition(rds_export_tasks, region, partition):
    """The default ARNs have the partition of the region, that of an unknown one is aws."""
    task = rds_export_tasks.in_region(region).seed("nightly")

    assert task.source_arn == f"arn:{partition}:rds:{region}:123456789012:snapshot:nightly"
    assert task.iam_role_arn == f"arn:{partition}:iam::123456789012:role/rds-export"
    assert task.kms_key_id.startswith(f"arn:{partition}:kms:{region}:123456789012:key/")


def test_value(rds_export_tasks, client):
    """Seed takes a value with its timeline and region, and copies it."""
    value = ExportTask("nightly", status="FAILED", region="eu-west-1", timeline=Polls(), warning_message="skipped")

    task = rds_export_tasks.seed(value)
    here = rds_export_tasks.seed(KEPT)

    assert task is rds_export_tasks.in_region("eu-west-1")["nightly"]
    assert (task.status, task.timeline, task.warning_message) == ("FAILED", Polls(), "skipped")
    assert described(client)["PercentProgress"] == 42
    here.move_to("COMPLETE")
    assert (KEPT.status, KEPT.percent_progress) == ("IN_PROGRESS", 42)


def test_concurrent_limit(rds_export_tasks):
    """Seeding ignores the concurrent limit."""
    rds_export_tasks.seed_all([f"task-{number}" for number in range(20)])

    assert len(rds_export_tasks) == 20


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_mark(rds_export_tasks, tmp_path, encoding):
    """A seed file may begin with a byte order mark."""
    path = tmp_path / "tasks.json"
    path.write_text('{"ExportTasks": [{"ExportTaskIdentifier": "nightly"}]}', encoding=encoding)
    assert [task.identifier for task in rds_export_tasks.seed_all([path])] == ["nightly"]
