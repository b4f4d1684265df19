"""The report of a failing test: calls, tasks and sources."""

import re

import freezegun
import pytest

from helpers.aws import SNAPSHOT
from helpers.reports import call_lines, poll, report, try_call, try_cancel
from pytest_rds_export import Polls, fake_rds_export


def test_nothing_to_tell(tasks):
    """The report is empty if nothing was called and nothing seeded."""
    tasks.in_region("eu-west-1")
    tasks.inject("Throttling")

    assert report() == []


def test_only_seeded(tasks):
    """A seeded task alone is reported."""
    tasks.seed("nightly")

    assert report() == ["calls:", "  none", "tasks:", "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()"]


def test_only_source(tasks):
    """A seeded source alone is reported."""
    tasks.seed_snapshot("orders")

    assert report() == [
        "calls:",
        "  none",
        "tasks:",
        "  none",
        "sources:",
        "  arn:aws:rds:us-east-1:123456789012:snapshot:orders",
    ]


def test_only_called(tasks):
    """A call alone is reported."""
    try_cancel()

    assert report() == [
        "calls:",
        "  CancelExportTask 'nightly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt",
        "tasks:",
        "  none",
    ]


def test_broken_report(tasks, monkeypatch):
    """An error of the report itself becomes its text."""
    monkeypatch.setattr("pytest_rds_export._report._describe_calls", None)
    try_cancel()

    assert report() == ["the report failed: TypeError(\"'NoneType' object is not callable\")"]


def test_attempts(tasks):
    """A call shows its attempts, the injected failures among them, and the back-off."""
    tasks.seed("nightly")
    tasks.inject("Throttling", times=1)
    tasks.inject("ReadTimeoutError", times=1)
    try_cancel()

    (line,) = call_lines()
    before, _delays, after = re.split(r"(\d\.\d\d, \d\.\d\d)", line)
    assert before == (
        "  CancelExportTask 'nightly' in us-east-1: ok (HTTP 200), 3 attempts (Throttling, ReadTimeoutError injected), "
        "delays "
    )
    assert after == " s"


def test_no_response(tasks):
    """A call without a response shows why."""
    tasks.inject("ReadTimeoutError", times=20)
    try_cancel()
    try_call("describe_db_instances")

    timed_out, unhandled = call_lines()
    assert re.fullmatch(
        r"  CancelExportTask 'nightly' in us-east-1: ReadTimeoutError \(injected\), 3 attempts "
        r"\(ReadTimeoutError, ReadTimeoutError injected\), delays \d\.\d\d, \d\.\d\d s",
        timed_out,
    )
    assert unhandled == "  DescribeDBInstances in us-east-1: UnhandledOperation, 1 attempt"


def test_polls(tasks):
    """Polls in a row are one line, which shows the statuses seen."""
    tasks.seed("nightly", status="STARTING", timeline=Polls(starting=3, in_progress=3))
    poll(7)

    assert report() == [
        "calls:",
        (
            "  DescribeExportTasks 'nightly' in us-east-1: ok (HTTP 200), 1 attempt (7 times): "
            "STARTING x3, IN_PROGRESS x3, COMPLETE"
        ),
        "tasks:",
        "  'nightly' COMPLETE 100% in us-east-1, Polls(starting=3, in_progress=3)",
    ]


def test_lists(tasks):
    """A list shows the parameters that narrow it, and how many tasks it has unless it has one."""
    tasks.seed_all(["nightly", "weekly"])
    try_call("describe_export_tasks")
    try_call("describe_export_tasks", SourceType="CLUSTER")
    try_call("describe_export_tasks", Filters=[{"Name": "export-task-identifier", "Values": ["weekly"]}])
    try_call("describe_export_tasks", SourceArn=SNAPSHOT, Filters=[{"Name": "s3-bucket", "Values": ["a", "b"]}])

    assert call_lines() == [
        "  DescribeExportTasks in us-east-1: ok (HTTP 200), 1 attempt: 2 tasks",
        "  DescribeExportTasks SourceType=CLUSTER in us-east-1: ok (HTTP 200), 1 attempt: 0 tasks",
        "  DescribeExportTasks export-task-identifier=weekly in us-east-1: ok (HTTP 200), 1 attempt: IN_PROGRESS",
        f"  DescribeExportTasks SourceArn={SNAPSHOT} s3-bucket=a,b in us-east-1: ok (HTTP 200), 1 attempt: 0 tasks",
    ]


def test_equal_calls(tasks):
    """Equal calls in a row are one line."""
    for identifier in [*["nightly"] * 3, "weekly", "nightly"]:
        try_cancel(identifier)

    assert call_lines() == [
        "  CancelExportTask 'nightly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt (3 times)",
        "  CancelExportTask 'weekly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt",
        "  CancelExportTask 'nightly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt",
    ]


def test_default_region_first(tasks):
    """The tasks of the default region come first."""
    tasks.in_region("eu-west-1").seed("abroad")
    tasks.seed("local")

    assert report()[2:] == [
        "tasks:",
        "  'local' IN_PROGRESS 0% in us-east-1, Timeline()",
        "  'abroad' IN_PROGRESS 0% in eu-west-1, Timeline()",
    ]


def test_many_of_both(tasks):
    """Of more than 30 calls the last are shown, of more than 20 tasks the first, and how many are left out."""
    tasks.seed_all(f"task-{number}" for number in range(35))
    for number in range(35):
        try_cancel(f"task-{number}")

    lines = report()
    assert lines[:3] == [
        "calls:",
        "  ... 5 earlier ...",
        "  CancelExportTask 'task-5' in us-east-1: ok (HTTP 200), 1 attempt",
    ]
    assert lines.index("tasks:") == 2 + 30
    assert lines[33] == "  'task-0' CANCELING 0% in us-east-1, Timeline()"
    assert lines[-2:] == ["  'task-19' CANCELING 0% in us-east-1, Timeline()", "  ... 15 more ..."]


@pytest.mark.parametrize(("calls", "note"), [(30, []), (31, ["  ... 1 earlier ..."])])
def test_almost_too_many(tasks, calls, note):
    """Up to 30 calls all are shown; of 31 one is left out."""
    for number in range(calls):
        try_cancel(f"task-{number}")

    lines = call_lines()
    assert lines[:-30] == note
    assert lines[-30:] == [
        f"  CancelExportTask 'task-{number}' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt"
        for number in range(calls - 30, calls)
    ]


def test_long_line(tasks):
    """A line about a call is truncated to 160 characters."""
    end = "' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt"
    longest = 160 - len(f"  CancelExportTask '{end}")
    try_cancel("x" * longest)
    try_cancel("x" * (longest + 1))

    whole, truncated = call_lines()
    assert whole == f"  CancelExportTask '{'x' * longest}{end}"
    assert truncated == f"  CancelExportTask '{'x' * (longest + 1)}{end}"[:157] + "..."
    assert len(truncated) == 160


def test_response_without_a_list(tasks):
    """A response without a list of tasks counts as 0 tasks."""
    tasks.override("DescribeExportTasks", lambda parameters, default: {})
    try_call("describe_export_tasks")

    assert call_lines() == ["  DescribeExportTasks in us-east-1: ok (HTTP 200), 1 attempt: 0 tasks"]


def test_after_the_fake():
    """After the end of the fake, its tasks are as they were read last: the clock may not be frozen any more."""
    with freezegun.freeze_time("2020-01-01"), fake_rds_export("nightly"):
        poll(2)

    assert report() == [
        "calls:",
        "  DescribeExportTasks 'nightly' in us-east-1: ok (HTTP 200), 1 attempt (2 times): IN_PROGRESS x2",
        "tasks:",
        "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()",
    ]


def test_extreme_time(tasks):
    """A task with the first of all times is reported like any other."""
    tasks.seed("a", status="COMPLETE", task_end_time="0001-01-01T00:00:00Z")

    assert report()[-1] == "  'a' COMPLETE 100% in us-east-1, Timeline()"
