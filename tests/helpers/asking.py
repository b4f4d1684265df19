"""Calls about one export task, and a pattern for messages, that many tests use."""

import re


def exactly(text):
    """Return a pattern for ``pytest.raises`` that matches this string only."""
    return rf"\A{re.escape(text)}\Z"


def described(client, identifier="nightly"):
    """Return the task as DescribeExportTasks shows it."""
    (task,) = client.describe_export_tasks(ExportTaskIdentifier=identifier)["ExportTasks"]
    return task


def statuses(client, count, identifier="nightly"):
    """Call DescribeExportTasks *count* times and return the statuses."""
    return [described(client, identifier)["Status"] for _ in range(count)]


def cancel(client, identifier="nightly"):
    """Call CancelExportTask and return the response."""
    return client.cancel_export_task(ExportTaskIdentifier=identifier)
