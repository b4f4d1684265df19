"""Calls of the three operations, by default for the export task ``nightly``."""

from helpers.aws import ACCOUNT, SNAPSHOT


def start(client, identifier="nightly", source=None, **parameters):
    """Call StartExportTask, by default for the snapshot of the same name, and return the response."""
    if source is None:
        source = f"{SNAPSHOT.rpartition(':')[0]}:{identifier}"
    given = {
        "S3BucketName": "rds-exports",
        "IamRoleArn": f"arn:aws:iam::{ACCOUNT}:role/rds-export",
        "KmsKeyId": "1234abcd",
        **parameters,
    }
    return client.start_export_task(ExportTaskIdentifier=identifier, SourceArn=source, **given)


def cancel(client, identifier="nightly"):
    """Call CancelExportTask and return the response."""
    return client.cancel_export_task(ExportTaskIdentifier=identifier)


def described(client, identifier="nightly"):
    """Return the task as DescribeExportTasks shows it."""
    (task,) = client.describe_export_tasks(ExportTaskIdentifier=identifier)["ExportTasks"]
    return task


def statuses(client, count, identifier="nightly"):
    """Call DescribeExportTasks *count* times and return the statuses."""
    return [described(client, identifier)["Status"] for _ in range(count)]


CALLS = {
    "CancelExportTask": cancel,
    "StartExportTask": start,
    "DescribeExportTasks": lambda client: client.describe_export_tasks(),
}


def call(client, operation):
    """Call one of the three operations by its name and return the response."""
    return CALLS[operation](client)


def without_metadata(response):
    """Return a response without ResponseMetadata."""
    return {name: value for name, value in response.items() if name != "ResponseMetadata"}
