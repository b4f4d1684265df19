"""CancelExportTask with a real client."""

import pytest

from helpers.aws import documented, fields_of
from helpers.calls import cancel, described, without_metadata
from helpers.clients import shared_client
from helpers.errors import refused
from pytest_rds_export import ExportTask

STATE_FAULT = ("InvalidExportTaskStateFault", 400, documented("InvalidExportTaskStateFault"))
NOT_FOUND = ("ExportTaskNotFound", 404, documented("ExportTaskNotFoundFault"))


@pytest.mark.parametrize("status", ["STARTING", "IN_PROGRESS"])
def test_running(rds_export_tasks, client, status):
    """A running export becomes CANCELING, and the response shows it."""
    rds_export_tasks.seed("nightly", status=status)
    before = described(client)

    response = without_metadata(cancel(client))

    assert response == {**before, "Status": "CANCELING"}
    assert set(response) == fields_of("CANCELING", extracting=status == "IN_PROGRESS")
    assert rds_export_tasks["nightly"].status == "CANCELING"


def test_unchanged_fields(rds_export_tasks, client):
    """Progress, extracted data and optional fields stay as they were."""
    rds_export_tasks.seed(
        "nightly", percent_progress=42, total_extracted_data_in_gb=7, s3_prefix="rds", export_only=["orders"]
    )

    response = without_metadata(cancel(client))

    assert set(response) == fields_of("CANCELING", given=("S3Prefix", "ExportOnly"))
    assert (response["PercentProgress"], response["TotalExtractedDataInGB"]) == (42, 7)
    assert (response["S3Prefix"], response["ExportOnly"]) == ("rds", ["orders"])


def test_end(rds_export_tasks, client, rds_export_clock):
    """A cancelled export is CANCELED two minutes later, and keeps its progress."""
    rds_export_tasks.seed("nightly", percent_progress=42)
    cancel(client)

    rds_export_clock.tick(minutes=2)

    shown = described(client)
    assert set(shown) == fields_of("CANCELED")
    assert (shown["Status"], shown["PercentProgress"]) == ("CANCELED", 42)
    assert shown["TaskEndTime"] == rds_export_clock.now


@pytest.mark.parametrize("status", ["CANCELING", "CANCELED", "COMPLETE", "FAILED"])
def test_not_running(rds_export_tasks, client, status):
    """An export that is not running cannot be cancelled, and stays as it was."""
    rds_export_tasks.seed("nightly", status=status)
    before = described(client)

    with refused(*STATE_FAULT):
        cancel(client)

    assert described(client) == before


@pytest.mark.parametrize("identifier", ["Nightly", "nightly-2", "no identifier"])
def test_unknown_identifier(rds_export_tasks, client, identifier):
    """An identifier that no task has exactly is not found, and no other task changes."""
    rds_export_tasks.seed("nightly")

    with refused(*NOT_FOUND):
        cancel(client, identifier)

    assert rds_export_tasks["nightly"].status == "IN_PROGRESS"


def test_another_region(rds_export_tasks, client):
    """A task of another region is not found."""
    rds_export_tasks.seed_all([ExportTask("nightly", region="eu-west-1")])

    with refused(*NOT_FOUND):
        cancel(client)

    other_region = shared_client("eu-west-1")
    assert cancel(other_region)["Status"] == "CANCELING"
