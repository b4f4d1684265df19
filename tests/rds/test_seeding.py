"""Seeding: the four kinds of seeds, their region, their defaults, and that they are copied."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from helpers.aws import CLUSTER, STATUSES, fields_of
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


def described(client):
    return client.describe_export_tasks()["ExportTasks"]


def test_identifier(rds_export_tasks, client):
    [task] = rds_export_tasks.seed_all(["nightly"])

    assert task is rds_export_tasks["nightly"]
    assert [(shown["ExportTaskIdentifier"], shown["Status"]) for shown in described(client)] == [
        ("nightly", "IN_PROGRESS")
    ]


def test_export_task(rds_export_tasks):
    [task] = rds_export_tasks.seed_all([ExportTask("done", status="COMPLETE", s3_prefix="rds", timeline=Polls())])

    assert (task.status, task.s3_prefix, task.percent_progress, task.timeline) == ("COMPLETE", "rds", 100, Polls())


def test_mapping_in_the_shape_of_the_api(rds_export_tasks, client):
    rds_export_tasks.seed_all([ORDERS, LEDGER])

    assert described(client) == [ORDERS, LEDGER]


@pytest.mark.parametrize("status", [None, "IN_PROGRESS"])
def test_mapping_without_a_status(rds_export_tasks, status):
    [task] = rds_export_tasks.seed_all([{"ExportTaskIdentifier": "nightly", "Status": status}])

    assert task.status == "IN_PROGRESS"


@pytest.mark.parametrize("name", ["export-tasks-cli-v1.json", "export-tasks-cli-v2.json", "export-tasks-query.json"])
def test_json_of_the_aws_cli(rds_export_tasks, client, name):
    """Version 1 prints times as RDS sends them, version 2 in ISO 8601, ``--query ExportTasks`` a bare list."""
    rds_export_tasks.seed_all([DATA / name])

    assert described(client) == [ORDERS, LEDGER]


def test_all_forms_go_together_in_their_order(rds_export_tasks):
    tasks = rds_export_tasks.seed_all(
        ["first", DATA / "export-tasks-cli-v2.json", KEPT, {"ExportTaskIdentifier": "last"}]
    )

    names = ["first", "orders-2026-03-01", "ledger", "nightly", "last"]
    assert [task.identifier for task in tasks] == names
    assert list(rds_export_tasks) == names


@pytest.mark.parametrize("cluster", [False, True])
@pytest.mark.parametrize("status", STATUSES)
def test_default_fields_of_each_status(rds_export_tasks, client, status, cluster):
    fields = {"source_arn": CLUSTER} if cluster else {}
    rds_export_tasks.seed("nightly", status=status, **fields)

    [shown] = described(client)

    extracting = status in {"IN_PROGRESS", "COMPLETE"}
    assert set(shown) == fields_of(status, extracting=extracting, cluster=cluster)
    assert shown["SourceType"] == ("CLUSTER" if cluster else "SNAPSHOT")
    assert shown["PercentProgress"] == (100 if status == "COMPLETE" else 0)
    assert shown["S3Prefix"] == ""


@pytest.mark.parametrize("status", ["CANCELING", "CANCELED", "FAILED"])
def test_task_with_progress_has_a_start_time(rds_export_tasks, client, status):
    rds_export_tasks.seed("nightly", status=status, percent_progress=30)

    [shown] = described(client)

    assert set(shown) == fields_of(status)
    assert shown["PercentProgress"] == 30


def test_default_times_are_in_order(rds_export_tasks):
    task = rds_export_tasks.seed("done", status="COMPLETE")

    assert task.snapshot_time < task.task_start_time < task.task_end_time
    assert datetime.now(UTC) - task.task_end_time < timedelta(minutes=1)


def test_times_are_in_utc_and_truncated_to_milliseconds(rds_export_tasks):
    cet = timezone(timedelta(hours=1))
    time = datetime(2026, 3, 1, 3, 0, 0, 123999, tzinfo=cet)

    task = rds_export_tasks.seed("nightly", snapshot_time=time, task_start_time="2026-03-01T03:00:00+01:00")

    assert task.snapshot_time == datetime(2026, 3, 1, 2, 0, 0, 123000, tzinfo=UTC)
    assert task.task_start_time == datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    assert task.snapshot_time.utcoffset() == timedelta(0)


def test_field_that_is_none_gets_the_default(rds_export_tasks):
    task = rds_export_tasks.seed("nightly", s3_bucket=None, failure_cause=None)

    assert task.s3_bucket == "rds-exports"
    assert task.failure_cause is None


def test_empty_export_only_is_none(rds_export_tasks):
    assert rds_export_tasks.seed("nightly", export_only=[]).export_only is None


def test_seeded_export_task_value_does_not_change(rds_export_tasks, client):
    rds_export_tasks.seed_all([KEPT])

    client.cancel_export_task(ExportTaskIdentifier="nightly")
    rds_export_tasks["nightly"].move_to("FAILED", percent_progress=50)

    assert ExportTask("nightly", status="IN_PROGRESS", percent_progress=42, export_only=["orders"]) == KEPT
    assert KEPT.task_end_time is None


def test_list_is_copied(rds_export_tasks):
    tables = ["orders"]
    task = rds_export_tasks.seed("nightly", export_only=tables)

    tables.append("invoices")
    task.export_only.append("ledger")

    assert task.export_only == ["orders"]


def test_live_task_as_a_seed(rds_export_tasks):
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
def test_task_is_seeded_in_its_region(rds_export_tasks, seed):
    [task] = rds_export_tasks.seed_all([seed])

    assert "nightly" not in rds_export_tasks
    assert rds_export_tasks.in_region("eu-west-1")["nightly"] is task
    assert task.region == "eu-west-1"
    assert task.source_arn.startswith("arn:aws:rds:eu-west-1:")


def test_same_identifier_in_two_regions(rds_export_tasks):
    here, there = rds_export_tasks.seed_all(["nightly", ExportTask("nightly", region="eu-west-1")])

    assert (here.region, there.region) == ("us-east-1", "eu-west-1")


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_default_arns_have_the_partition_of_the_region(rds_export_tasks, region, partition):
    task = rds_export_tasks.in_region(region).seed("nightly")

    assert task.source_arn == f"arn:{partition}:rds:{region}:123456789012:snapshot:nightly"
    assert task.iam_role_arn == f"arn:{partition}:iam::123456789012:role/rds-export"
    assert task.kms_key_id.startswith(f"arn:{partition}:kms:{region}:123456789012:key/")


def test_unknown_region_has_the_partition_aws(rds_export_tasks):
    task = rds_export_tasks.in_region("moon-tranquility-1").seed("nightly")

    assert task.source_arn == "arn:aws:rds:moon-tranquility-1:123456789012:snapshot:nightly"


def test_a_value(rds_export_tasks, rds_export_client):
    """Seed takes a value with its timeline and region, and copies it."""
    value = ExportTask("nightly", status="FAILED", region="eu-west-1", timeline=Polls(), warning_message="skipped")

    task = rds_export_tasks.seed(value)
    here = rds_export_tasks.seed(KEPT)

    assert task is rds_export_tasks.in_region("eu-west-1")["nightly"]
    assert (task.status, task.timeline, task.warning_message) == ("FAILED", Polls(), "skipped")
    assert [shown["PercentProgress"] for shown in described(rds_export_client)] == [42]
    here.move_to("COMPLETE")
    assert (KEPT.status, KEPT.percent_progress) == ("IN_PROGRESS", 42)


def test_seeding_ignores_the_concurrent_limit(rds_export_tasks):
    rds_export_tasks.seed_all([f"task-{number}" for number in range(20)])

    assert len(rds_export_tasks) == 20
