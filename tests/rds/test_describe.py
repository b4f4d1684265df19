"""DescribeExportTasks with a real client: which tasks it returns, and their fields."""

import pytest

from helpers.aws import CLUSTER, CLUSTER_SNAPSHOT, SNAPSHOT, STATUSES, documented, fields_of
from helpers.calls import described
from helpers.errors import refused
from pytest_rds_export import ExportTask, Stuck, fake_rds_export

NOT_FOUND = ("ExportTaskNotFound", 404, documented("ExportTaskNotFoundFault"))


def found(client, **parameters):
    return [task["ExportTaskIdentifier"] for task in client.describe_export_tasks(**parameters)["ExportTasks"]]


def by(name, *values):
    return {"Name": name, "Values": list(values)}


@pytest.fixture
def seeded_client(rds_export_tasks, client):
    rds_export_tasks.seed("starting", status="STARTING", source_arn=SNAPSHOT, s3_bucket="first")
    rds_export_tasks.seed("running", status="IN_PROGRESS", source_arn=CLUSTER, s3_bucket="first")
    rds_export_tasks.seed("done", status="COMPLETE", source_arn=CLUSTER_SNAPSHOT, s3_bucket="second")
    rds_export_tasks.seed("Done-2", status="COMPLETE", source_arn=CLUSTER, s3_bucket="First")
    return client


def test_all_tasks_of_the_region_in_order(rds_export_tasks, seeded_client):
    rds_export_tasks.seed_all([ExportTask("other-region", region="eu-west-1")])

    assert found(seeded_client) == ["starting", "running", "done", "Done-2"]


def test_no_tasks(client):
    response = client.describe_export_tasks()

    assert response["ExportTasks"] == []
    assert "Marker" not in response


@pytest.mark.parametrize("given", [{"s3_prefix": "rds", "export_only": ["orders"]}, {}])
@pytest.mark.parametrize("cluster", [False, True])
@pytest.mark.parametrize("status", STATUSES)
def test_fields_of_each_status(rds_export_tasks, client, status, cluster, given):
    source = CLUSTER if cluster else SNAPSHOT
    rds_export_tasks.seed("nightly", status=status, source_arn=source, **given)

    shown = described(client)

    some = ("S3Prefix", "ExportOnly") if given else ("S3Prefix",)
    assert set(shown) == fields_of(
        status, extracting=status in {"IN_PROGRESS", "COMPLETE"}, cluster=cluster, given=some
    )


def test_warning_message(rds_export_tasks, client):
    warning = (
        '{"skippedTables":[],"skippedObjectives":[],'
        '"general":[{"reason":"FAILED_TO_EXTRACT_TABLES_LIST_FOR_DATABASE"}]}'
    )
    rds_export_tasks.seed("nightly", status="COMPLETE", warning_message=warning)

    assert set(described(client)) == fields_of("COMPLETE", given=("S3Prefix", "WarningMessage"))
    assert described(client)["WarningMessage"] == warning


def test_by_identifier(seeded_client):
    assert found(seeded_client, ExportTaskIdentifier="done") == ["done"]


@pytest.mark.parametrize("identifier", ["Done", "nightly"])
def test_unknown_identifier(seeded_client, identifier):
    with refused(*NOT_FOUND):
        seeded_client.describe_export_tasks(ExportTaskIdentifier=identifier)


def test_unknown_identifier_with_describe_unknown_empty(client):
    with fake_rds_export("nightly", describe_unknown="empty"):
        response = client.describe_export_tasks(ExportTaskIdentifier="other")
        assert found(client, ExportTaskIdentifier="nightly") == ["nightly"]

    assert response["ExportTasks"] == []
    assert "Marker" not in response


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"SourceArn": SNAPSHOT}, ["starting"]),
        ({"SourceArn": CLUSTER}, ["running", "Done-2"]),
        ({"SourceArn": "nightly"}, []),
        ({"SourceType": "SNAPSHOT"}, ["starting", "done"]),
        ({"SourceType": "CLUSTER"}, ["running", "Done-2"]),
        ({"SourceType": "cluster"}, []),
        ({"SourceArn": CLUSTER, "SourceType": "SNAPSHOT"}, []),
        ({"ExportTaskIdentifier": "done", "SourceType": "SNAPSHOT"}, ["done"]),
        ({"ExportTaskIdentifier": "done", "SourceType": "CLUSTER"}, []),
        ({"ExportTaskIdentifier": "done", "Filters": [by("status", "starting")]}, []),
        ({"Filters": []}, ["starting", "running", "done", "Done-2"]),
    ],
)
def test_tasks_match_all_parameters(seeded_client, parameters, expected):
    assert found(seeded_client, **parameters) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([by("export-task-identifier", "done")], ["done"]),
        ([by("export-task-identifier", "done", "starting", "nightly")], ["starting", "done"]),
        ([by("export-task-identifier", "DONE")], []),
        ([by("s3-bucket", "first")], ["starting", "running"]),
        ([by("source-arn", CLUSTER, SNAPSHOT)], ["starting", "running", "Done-2"]),
        ([by("status", "complete")], ["done", "Done-2"]),
        ([by("status", "in_progress", "starting")], ["starting", "running"]),
        ([by("status", "COMPLETE")], []),
        ([by("status", "canceled", "canceling", "failed")], []),
        ([by("status", "complete"), by("s3-bucket", "first", "second")], ["done"]),
        ([by("status", "complete"), by("status", "starting")], []),
    ],
)
def test_tasks_match_all_filters_and_one_of_their_values(seeded_client, filters, expected):
    assert found(seeded_client, Filters=filters) == expected


@pytest.mark.parametrize("name", ["Status", "engine", "", "ExportTaskIdentifier"])
def test_unknown_filter_name(seeded_client, name):
    with refused("InvalidParameterValue", 400, f"Unrecognized filter name: {name}"):
        seeded_client.describe_export_tasks(Filters=[by("status", "complete"), by(name, "x")])


def test_filter_without_values(seeded_client):
    with refused("MissingParameter", 400, "The request must contain the parameter Values."):
        seeded_client.describe_export_tasks(Filters=[by("status")])


def test_unknown_filter_is_checked_before_the_identifier(seeded_client):
    with refused("InvalidParameterValue", 400, "Unrecognized filter name: engine"):
        seeded_client.describe_export_tasks(ExportTaskIdentifier="nightly", Filters=[by("engine", "x")])


def test_filters_use_the_current_status(rds_export_tasks, client, rds_export_clock):
    rds_export_tasks.seed("nightly")
    rds_export_tasks.seed("stuck", timeline=Stuck())

    rds_export_clock.tick(minutes=5)

    assert found(client, Filters=[by("status", "complete")]) == ["nightly"]
    assert found(client, Filters=[by("status", "in_progress")]) == ["stuck"]
