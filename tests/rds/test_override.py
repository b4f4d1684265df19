"""Overrides: functions that respond in place of the plugin, and may ask it for its own response."""

import pytest
from botocore.exceptions import ClientError

from helpers.calls import cancel, described
from helpers.clients import shared_client
from helpers.errors import raises_exactly, refused
from pytest_rds_export import SnapshotTimeline


def test_own_response(rds_export_tasks, client):
    """A function gets the parameters and the plugin's own response, and may change it."""
    rds_export_tasks.seed_all(["daily", "nightly"])
    seen = []

    def describe(parameters, default):
        seen.append(parameters)
        response = default()
        return {**response, "ExportTasks": response["ExportTasks"][::-1]}

    rds_export_tasks.override("DescribeExportTasks", describe)
    shown = client.describe_export_tasks(MaxRecords=20)["ExportTasks"]

    assert [task["ExportTaskIdentifier"] for task in shown] == ["nightly", "daily"]
    assert seen == [{"MaxRecords": 20}]


def test_own_fault(rds_export_tasks, client):
    """The plugin's own fault is the ClientError that the client would raise; a response may replace it."""
    task = rds_export_tasks.seed("nightly", status="CANCELING")
    caught = []

    def cancel_twice(parameters, default):
        try:
            return default()
        except client.exceptions.InvalidExportTaskStateFault:
            pytest.fail("the exception classes of a client are its own")  # pragma: no cover
        except ClientError as error:
            caught.append(error)
            return task.to_response()

    rds_export_tasks.override("CancelExportTask", cancel_twice)

    assert cancel(client)["Status"] == "CANCELING"
    assert str(caught[0]) == (
        "An error occurred (InvalidExportTaskStateFault) when calling the CancelExportTask operation: "
        "You can't cancel an export task that has completed."
    )
    assert caught[0].response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_fault_that_passes(rds_export_tasks, client):
    """The plugin's own fault reaches the client as it is if the function lets it pass."""
    rds_export_tasks.override("CancelExportTask", lambda parameters, default: default())

    with refused("ExportTaskNotFound", 404, "The export task doesn't exist."):
        cancel(client)


def test_fault_of_the_function(rds_export_tasks, client):
    """A ClientError of the function reaches the client as a fault, and the task stays as it was."""
    rds_export_tasks.seed("nightly")
    error = {"Code": "InvalidExportTaskStateFault", "Message": "It is being canceled."}

    def refuse(parameters, default):
        raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}, "CancelExportTask")

    rds_export_tasks.override("CancelExportTask", refuse)

    with refused("InvalidExportTaskStateFault", 400, "It is being canceled."):
        cancel(client)
    assert described(client)["Status"] == "IN_PROGRESS"
    assert [call.error_code for call in rds_export_tasks.calls] == ["InvalidExportTaskStateFault", None]


def test_every_region(rds_export_tasks):
    """A function responds in every region, and the plugin's own response is that of the call's region."""
    rds_export_tasks.in_region("eu-west-1").seed("nightly")
    rds_export_tasks.override("CancelExportTask", lambda parameters, default: {**default(), "S3Prefix": "seen"})

    assert cancel(shared_client("eu-west-1"))["S3Prefix"] == "seen"


def test_replaced(rds_export_tasks, client):
    """A later function replaces the one before."""
    rds_export_tasks.override("DescribeExportTasks", lambda parameters, default: default())
    rds_export_tasks.override("DescribeExportTasks", lambda parameters, default: {"ExportTasks": []})
    rds_export_tasks.seed("nightly")

    assert client.describe_export_tasks()["ExportTasks"] == []


def test_injected_failure(rds_export_tasks, client):
    """An injected failure comes before the function."""
    rds_export_tasks.override("CancelExportTask", lambda parameters, default: default())
    rds_export_tasks.inject("AccessDenied", times=1)
    rds_export_tasks.seed("nightly")

    with pytest.raises(ClientError, match="AccessDenied"):
        cancel(client)
    assert cancel(client)["Status"] == "CANCELING"


def test_changed_response(rds_export_tasks, client):
    """What a function does to the plugin's own response changes the response alone, however deep inside."""
    seen = []

    def tag(parameters, default):
        response = default()
        for snapshot in response.get("DBSnapshots") or [response["DBSnapshot"]]:
            snapshot["TagList"].append({"Key": "seen"})
        return response

    for operation in ("CreateDBSnapshot", "DescribeDBSnapshots", "DeleteDBSnapshot"):
        rds_export_tasks.override(operation, tag)
    rds_export_tasks.options.snapshot_timeline = SnapshotTimeline(creating=0, deleting=60)
    name = {"DBSnapshotIdentifier": "nightly"}

    seen.append(client.create_db_snapshot(**name, DBInstanceIdentifier="orders")["DBSnapshot"])
    seen += client.describe_db_snapshots(**name)["DBSnapshots"]
    seen.append(client.delete_db_snapshot(**name)["DBSnapshot"])

    assert [snapshot["TagList"] for snapshot in seen] == [[{"Key": "seen"}]] * 3
    assert rds_export_tasks.snapshots["nightly"].tag_list == []


def test_wrong_response(rds_export_tasks, client):
    """A response that the service model does not allow is refused with the path."""
    rds_export_tasks.override("CancelExportTask", lambda parameters, default: {"PercentProgress": "5"})

    with raises_exactly(
        ValueError,
        "not a valid response of CancelExportTask: Invalid type for parameter PercentProgress, value: 5, "
        "type: <class 'str'>, valid types: <class 'int'>",
    ):
        cancel(client)


def test_databases(rds_export_tasks, client):
    """What a Describe operation says of a seeded database can be replaced, too."""
    rds_export_tasks.seed_database("orders")
    rds_export_tasks.override(
        "DescribeDBInstances", lambda parameters, default: {"DBInstances": default()["DBInstances"] * 2}
    )

    assert len(client.describe_db_instances()["DBInstances"]) == 2


@pytest.mark.parametrize(
    ("operation", "function", "text"),
    [
        (
            "ListTagsForResource",
            len,
            (
                "ListTagsForResource cannot be overridden: it is not 'CancelExportTask', 'StartExportTask', "
                "'DescribeExportTasks', 'DescribeEvents', 'CreateDBSnapshot', 'CopyDBSnapshot', 'DeleteDBSnapshot', "
                "'DescribeDBSnapshots', 'CreateDBClusterSnapshot', 'CopyDBClusterSnapshot', "
                "'DeleteDBClusterSnapshot', 'DescribeDBClusterSnapshots', 'DescribeDBInstances' or "
                "'DescribeDBClusters'. Use stub"
            ),
        ),
        (
            "CancelExportTask",
            {"Status": "CANCELED"},
            "function must be a function of two arguments, got dict {'Status': 'CANCELED'}",
        ),
    ],
)
def test_refused_override(rds_export_tasks, operation, function, text):
    """An operation that is not handled, and what is not a function, is refused with what is allowed."""
    with raises_exactly(ValueError, text):
        rds_export_tasks.override(operation, function)
