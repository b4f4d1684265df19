"""Calls that may fail, and what is said about them: the report of a failing test, and the checks at a test's end."""

import functools
import re

from botocore.exceptions import ClientError, HTTPClientError

from helpers.calls import start
from helpers.clients import client_with
from pytest_rds_export._end_check import check_end
from pytest_rds_export._fake import recent_accounts, reports
from pytest_rds_export._report import format_report
from pytest_rds_export.exceptions import UnhandledOperation


@functools.cache
def _client(region):
    return client_with(region=region, mode="standard")


def try_call(operation, region="us-east-1", **parameters):
    """Call an operation, which may fail."""
    try:
        return getattr(_client(region), operation)(**parameters)
    except (ClientError, HTTPClientError, UnhandledOperation) as error:
        return error


def try_cancel(identifier="nightly", region="us-east-1"):
    """Call CancelExportTask, which may fail."""
    return try_call("cancel_export_task", region, ExportTaskIdentifier=identifier)


def poll(times=1, identifier="nightly", region="us-east-1"):
    """Call DescribeExportTasks so many times."""
    for _ in range(times):
        try_call("describe_export_tasks", region, ExportTaskIdentifier=identifier)


def try_start(source, region="us-east-1"):
    """Call StartExportTask, which may fail."""
    try:
        return start(_client(region), source=source)
    except ClientError as error:
        return error


def report():
    """Return the lines of the report on the latest fake, without the times in front of what happened."""
    return without_times(format_report(recent_accounts()[-1]).splitlines())


def without_times(lines):
    """Return the lines without times: on the real clock they depend on how fast the test is."""
    return [re.sub(r"^  [+-][0-9:]+  ", "  ", line) for line in lines]


def steps():
    """Return the report's lines about what happened, with their times."""
    lines = format_report(recent_accounts()[-1]).splitlines()
    return lines[1 : lines.index("tasks:")]


def call_lines():
    """Return the report's lines about what happened, without their times."""
    return without_times(steps())


def hints():
    """Return the report's hints."""
    lines = report()
    return [line.removeprefix("  ") for line in lines[lines.index("hints:") + 1 :]] if "hints:" in lines else []


def problem():
    """Return what the checks at the end of a test say about the latest fake."""
    return check_end(recent_accounts()[-1])


def all_reports():
    """Return what a failing test would show, for each fake."""
    return reports()
