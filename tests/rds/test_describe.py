"""DescribeExportTasks with a real client: which tasks it returns, and their fields."""

import pytest

from helpers.aws import CLUSTER, CLUSTER_SNAPSHOT, SNAPSHOT, STATUSES, documented, fields_of
from helpers.calls import cancel, described, start
from helpers.errors import refused
from pytest_rds_export import ExportTask, Stuck, fake_rds_export

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


def test_all(rds_export_tasks, seeded_client):
    """All tasks of the region are listed, in the order in which they were seeded."""
    rds_export_tasks.seed_all([ExportTask("other-region", region="eu-west-1")])

    assert found(seeded_client) == ["starting", "running", "done", "Done-2"]


def test_no_tasks(client):
    """Without tasks the list is empty and has no Marker."""
    response = client.describe_export_tasks()

    assert response["ExportTasks"] == []
    assert "Marker" not in response


@pytest.mark.parametrize("given", [{"s3_prefix": "rds", "export_only": ["orders"]}, {}])
@pytest.mark.parametrize("cluster", [False, True])
@pytest.mark.parametrize("status", STATUSES)
def test_fields(rds_export_tasks, client, status, cluster, given):
    """A task has the fields of its status, its source and what it was given."""
    source = CLUSTER if cluster else SNAPSHOT
    rds_export_tasks.seed("nightly", status=status, source_arn=source, **given)

    shown = described(client)

    some = ("S3Prefix", "ExportOnly") if given else ("S3Prefix",)
    assert set(shown) == fields_of(
        status, extracting=status in {"IN_PROGRESS", "COMPLETE"}, cluster=cluster, given=some
    )
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


def test_identifier(seeded_client):
    """An identifier selects its task."""
    assert found(seeded_client, ExportTaskIdentifier="done") == ["done"]


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


@pytest.mark.parametrize("name", ["Status", "engine", " x", "ExportTaskIdentifier"])
def test_unknown_filter(seeded_client, name):
    """An unknown filter is refused."""
    with refused("InvalidParameterValue", 400, f"Unrecognized filter name: {name}"):
        seeded_client.describe_export_tasks(Filters=[by("status", "complete"), by(name, "x")])


def test_filter_without_values(seeded_client):
    """A filter needs a value."""
    with refused("InvalidParameterValue", 400, "The parameter Values must be provided and must not be null."):
        seeded_client.describe_export_tasks(Filters=[by("status")])


@pytest.mark.parametrize("value", ["IN_PROGRESS", "Complete", "completed", ""])
def test_status_that_is_none(seeded_client, value):
    """A filter by a status that is not one of the lower-case statuses is refused."""
    with refused("InvalidParameterValue", 400, f"The {value} value isn't a valid export task status."):
        seeded_client.describe_export_tasks(Filters=[by("status", "complete", value)])


@pytest.mark.parametrize("value", ["nightly_2", "2nightly", "nightly-", "a--b", "*", ""])
def test_identifier_that_is_none(seeded_client, value):
    """A filter by what cannot be an identifier is refused."""
    text = (
        "The parameter Filter: export-task-identifier is not a valid identifier. Identifiers must begin with a letter; "
        "must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two "
        "consecutive hyphens."
    )
    with refused("InvalidParameterValue", 400, text):
        seeded_client.describe_export_tasks(Filters=[by("export-task-identifier", "nightly", value)])


def test_no_source_type(rds_export_tasks, client):
    """With snapshot_source_type=False, a task of a snapshot has no SourceType, but is found by it."""
    with fake_rds_export(snapshot_source_type=False) as tasks:
        tasks.seed("cluster", source_arn=CLUSTER)
        assert set(start(client)) == fields_of("STARTING", given=()) - {"SourceType"} | {"ResponseMetadata"}
        shown = [task.get("SourceType") for task in client.describe_export_tasks()["ExportTasks"]]
        assert shown == ["CLUSTER", None]
        assert found(client, SourceType="SNAPSHOT") == ["nightly"]
        assert "SourceType" not in cancel(client)


def test_order_of_checks(seeded_client):
    """Filters are checked before the identifier."""
    with refused("InvalidParameterValue", 400, "Unrecognized filter name: engine"):
        seeded_client.describe_export_tasks(ExportTaskIdentifier="nightly", Filters=[by("engine", "x")])


def test_filter_by_current_status(rds_export_tasks, client, rds_export_clock):
    """A filter by status uses the status at the time of the call."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.seed("stuck", timeline=Stuck())

    rds_export_clock.tick(minutes=5)

    assert found(client, Filters=[by("status", "complete")]) == ["nightly"]
    assert found(client, Filters=[by("status", "in_progress")]) == ["stuck"]
