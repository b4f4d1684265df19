"""DescribeExportTasks with a real client: which tasks it returns, and their fields."""

import pytest

from helpers.aws import CLUSTER, CLUSTER_SNAPSHOT, IDENTIFIER_RULES, SNAPSHOT, STATUSES, documented, fields_of
from helpers.calls import cancel, described, start
from helpers.errors import refused
from pytest_rds_export import fake_rds_export

NO_IDENTIFIER = f"The parameter Filter: export-task-identifier {IDENTIFIER_RULES}"
NOT_FOUND = ("ExportTaskNotFound", 404, documented("ExportTaskNotFoundFault"))


def found(client, **parameters):
    """The identifiers of the tasks that DescribeExportTasks lists."""
    return [task["ExportTaskIdentifier"] for task in client.describe_export_tasks(**parameters)["ExportTasks"]]


def by(name, *values):
    """A filter."""
    return {"Name": name, "Values": list(values)}


@pytest.fixture
def seeded_client(rds_export_tasks, client):
    """A client in whose region there are four tasks."""
    rds_export_tasks.seed("starting", status="STARTING", source_arn=SNAPSHOT, s3_bucket="first")
    rds_export_tasks.seed("running", status="IN_PROGRESS", source_arn=CLUSTER, s3_bucket="first")
    rds_export_tasks.seed("done", status="COMPLETE", source_arn=CLUSTER_SNAPSHOT, s3_bucket="second")
    rds_export_tasks.seed("Done-2", status="COMPLETE", source_arn=CLUSTER, s3_bucket="First")
    return client


@pytest.mark.parametrize("given", [{"s3_prefix": "rds", "export_only": ["orders"]}, {}])
@pytest.mark.parametrize("cluster", [False, True])
@pytest.mark.parametrize("status", STATUSES)
def test_fields(rds_export_tasks, client, status, cluster, given):
    """A task has the fields of its status, its source and what it was given."""
    source = CLUSTER if cluster else SNAPSHOT
    rds_export_tasks.seed("nightly", status=status, source_arn=source, **given)

    shown = described(client)

    some = ("S3Prefix", "ExportOnly") if given else ("S3Prefix",)
    assert set(shown) == fields_of(status, extracting=False, cluster=cluster, given=some)
    assert shown["SourceType"] == ("CLUSTER" if cluster else "SNAPSHOT")
    assert shown["PercentProgress"] == (100 if status == "COMPLETE" else 0)
    assert shown["S3Prefix"] == given.get("s3_prefix", "")


def test_warning_message(rds_export_tasks, client):
    """A WarningMessage is shown as it was given."""
    warning = (
        '{"skippedTables":[],"skippedObjectives":[],'
        '"general":[{"reason":"FAILED_TO_EXTRACT_TABLES_LIST_FOR_DATABASE"}]}'
    )
    rds_export_tasks.seed("nightly", status="COMPLETE", warning_message=warning)

    assert set(described(client)) == fields_of("COMPLETE", given=("S3Prefix", "WarningMessage"))
    assert described(client)["WarningMessage"] == warning


@pytest.mark.parametrize("identifier", ["Done", "nightly"])
def test_unknown_identifier(seeded_client, identifier):
    """An identifier that no task has exactly is not found."""
    with refused(*NOT_FOUND):
        seeded_client.describe_export_tasks(ExportTaskIdentifier=identifier)


def test_describe_unknown(client):
    """With describe_unknown="empty" an unknown identifier has an empty list."""
    with fake_rds_export("nightly", describe_unknown="empty"):
        response = client.describe_export_tasks(ExportTaskIdentifier="other")
        assert found(client, ExportTaskIdentifier="nightly") == ["nightly"]

    assert response["ExportTasks"] == []
    assert "Marker" not in response


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["starting", "running", "done", "Done-2"]),
        ({"Filters": []}, ["starting", "running", "done", "Done-2"]),
        ({"ExportTaskIdentifier": "done"}, ["done"]),
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
    ],
)
def test_parameters(seeded_client, parameters, expected):
    """The listed tasks match all parameters, in their exact case."""
    assert found(seeded_client, **parameters) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([by("export-task-identifier", "done")], ["done"]),
        ([by("export-task-identifier", "done", "starting", "nightly")], ["starting", "done"]),
        ([by("export-task-identifier", "DONE", "a" * 70)], []),
        ([by("s3-bucket", "first")], ["starting", "running"]),
        ([by("source-arn", CLUSTER, SNAPSHOT)], ["starting", "running", "Done-2"]),
        ([by("status", "complete")], ["done", "Done-2"]),
        ([by("status", "in_progress", "starting")], ["starting", "running"]),
        ([by("status", "canceled", "canceling", "failed")], []),
        ([by("status", "complete"), by("s3-bucket", "first", "second")], ["done"]),
        ([by("status", "complete"), by("status", "starting")], []),
    ],
)
def test_filters(seeded_client, filters, expected):
    """The listed tasks match all filters, and one value of each."""
    assert found(seeded_client, Filters=filters) == expected


@pytest.mark.parametrize(
    ("item", "text"),
    [
        *(
            (by(name, "x"), f"Unrecognized filter name: {name}")
            for name in ("Status", "engine", " x", "ExportTaskIdentifier")
        ),
        (by("status"), "The parameter Values must be provided and must not be null."),
        *(
            (by("status", "complete", value), f"The {value} value isn't a valid export task status.")
            for value in ("IN_PROGRESS", "Complete", "completed", "")
        ),
        *(
            (
                by("export-task-identifier", "nightly", value),
                f"The parameter Filter: export-task-identifier {IDENTIFIER_RULES}",
            )
            for value in ("nightly_2", "2nightly", "nightly-", "a--b", "*", "")
        ),
    ],
)
def test_refused_filter(client, item, text):
    """A filter whose name or value cannot be one is refused, before the identifier is looked for."""
    with refused("InvalidParameterValue", 400, text):
        client.describe_export_tasks(ExportTaskIdentifier="unknown", Filters=[by("status", "complete"), item])


def test_no_source_type(rds_export_tasks, client):
    """With snapshot_source_type=False, a task of a snapshot has no SourceType, but is found by it."""
    with fake_rds_export(snapshot_source_type=False) as tasks:
        tasks.seed("cluster", source_arn=CLUSTER)
        assert set(start(client)) == fields_of("STARTING", given=()) - {"SourceType"} | {"ResponseMetadata"}
        shown = [task.get("SourceType") for task in client.describe_export_tasks()["ExportTasks"]]
        assert shown == ["CLUSTER", None]
        assert found(client, SourceType="SNAPSHOT") == ["nightly"]
        assert "SourceType" not in cancel(client)
