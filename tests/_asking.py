"""What tests ask about one export task, and what they expect of a message, again and again."""

import re


def exactly(text):
    """A pattern for ``pytest.raises`` that this text alone meets."""
    return rf"\A{re.escape(text)}\Z"


def described(client, identifier="nightly"):
    """The task as DescribeExportTasks shows it."""
    (task,) = client.describe_export_tasks(ExportTaskIdentifier=identifier)["ExportTasks"]
    return task


def statuses(client, count, identifier="nightly"):
    """The statuses that so many DescribeExportTasks answers show, one after the other."""
    return [described(client, identifier)["Status"] for _ in range(count)]


def cancel(client, identifier="nightly"):
    return client.cancel_export_task(ExportTaskIdentifier=identifier)
