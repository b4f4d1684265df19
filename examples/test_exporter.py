"""Tests of the exporter in this folder, with all features of pytest-rds-export."""

import boto3
import pytest
from botocore.exceptions import ClientError

import exporter
from pytest_rds_export import Stuck, Timeline

SNAPSHOT = "arn:aws:rds:us-east-1:123456789012:snapshot:orders"
TARGET = exporter.Target("backups", "arn:aws:iam::123456789012:role/rds-export", "alias/exports")
# An export takes 25 minutes; with the frozen clock, the test takes milliseconds.
pytestmark = pytest.mark.usefixtures("rds_export_tasks", "rds_export_clock")


def test_an_export_completes(rds_export_tasks, rds_export_clock):
    before = rds_export_clock.now

    assert exporter.export(SNAPSHOT, "tonight", TARGET) == "s3://backups/tonight"

    task = rds_export_tasks["tonight"]
    assert (task.status, task.percent_progress, task.source_arn) == ("COMPLETE", 100, SNAPSHOT)
    assert (rds_export_clock.now - before).total_seconds() == 25 * 60


@pytest.mark.rds_export_tasks(timeline=Timeline(outcome="FAILED", failure_cause="KMS key check failed."))
def test_an_export_fails_with_its_cause():
    with pytest.raises(exporter.ExportFailedError, match=r"^KMS key check failed\.$"):
        exporter.export(SNAPSHOT, "tonight", TARGET)


@pytest.mark.rds_export_tasks(timeline=Stuck())
def test_an_export_that_hangs_is_cancelled(rds_export_tasks):
    with pytest.raises(exporter.ExportTimedOutError, match=r"^tonight is still STARTING after 7200 seconds$"):
        exporter.export(SNAPSHOT, "tonight", TARGET, within=7200)
    assert rds_export_tasks["tonight"].status == "CANCELING"


@pytest.mark.rds_export_tasks(timeline=Stuck())
def test_an_export_that_completes_just_before_the_cancel_succeeds(rds_export_tasks):
    rds_export_tasks.inject("InvalidExportTaskStateFault", times=1)
    assert exporter.export(SNAPSHOT, "tonight", TARGET, within=600) == "s3://backups/tonight"
    assert rds_export_tasks["tonight"].status == "COMPLETE"


@pytest.mark.rds_export_tasks(timeline=Stuck())
def test_an_export_that_someone_else_cancels(rds_export_tasks):
    rds_export_tasks.seed("tonight", status="CANCELED", source_arn=SNAPSHOT)
    with pytest.raises(exporter.ExportFailedError, match=r"^tonight was cancelled by someone else$"):
        exporter.export(SNAPSHOT, "tonight", TARGET)


def test_botocore_retries_a_throttled_start(rds_export_tasks):
    rds_export_tasks.inject("Throttling", operation="StartExportTask", times=2)

    exporter.start(SNAPSHOT, "tonight", TARGET)

    (call,) = rds_export_tasks.calls_to("StartExportTask")
    assert call.attempts == 3
    assert len(call.retry_delays) == 2  # they advanced the clock; nothing waited


def test_a_start_whose_response_was_lost_continues(rds_export_tasks):
    rds_export_tasks.inject("ConnectionClosedError", operation="StartExportTask", times=1, applied=True)

    exporter.start(SNAPSHOT, "tonight", TARGET)

    assert rds_export_tasks["tonight"].status == "STARTING"
    assert rds_export_tasks.calls_to("StartExportTask")[0].error_code == "ExportTaskAlreadyExists"


def test_an_identifier_in_use_by_another_snapshot_is_an_error():
    with pytest.raises(ClientError, match=r"\(ExportTaskAlreadyExists\)"):
        exporter.start(SNAPSHOT, "last-week", TARGET)


def test_cancel_cancels_a_running_export(rds_export_tasks):
    exporter.cancel("running")
    assert (rds_export_tasks["running"].status, rds_export_tasks["running"].percent_progress) == ("CANCELING", 42)


def test_cancel_wraps_every_documented_failure(rds_export_failure):
    with pytest.raises(exporter.NotCancellableError) as caught:
        exporter.cancel("running")
    assert isinstance(caught.value.__cause__, rds_export_failure.exception)


@pytest.mark.rds_export_failure("StartExportTask")
def test_start_raises_every_documented_failure(rds_export_failure):
    with pytest.raises(rds_export_failure.exception, match=rds_export_failure.match):
        exporter.start(SNAPSHOT, "last-week", TARGET)


@pytest.mark.parametrize("rds_export_failure", ["AccessDenied", "ExpiredToken", "InternalFailure"], indirect=True)
def test_cancel_raises_any_other_failure(rds_export_failure):
    with pytest.raises(rds_export_failure.exception, match=rds_export_failure.match):
        exporter.cancel("running")


@pytest.mark.rds_export_failure("CancelExportTask", kinds=("transport",))
def test_cancel_raises_failures_of_the_network(rds_export_failure):
    with pytest.raises(rds_export_failure.exception):
        exporter.cancel("running")


@pytest.mark.rds_export_tasks("failed", region="eu-central-1", describe_unknown="empty")
def test_the_marker_seeds_and_sets_options(rds_export_tasks):
    assert sorted(rds_export_tasks) == ["failed", "last-week", "running"]
    assert rds_export_tasks["failed"].region == "eu-central-1"
    assert boto3.client("rds").describe_export_tasks(ExportTaskIdentifier="unknown")["ExportTasks"] == []
