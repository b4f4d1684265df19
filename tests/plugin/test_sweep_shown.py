"""What pytest shows of a sweep: which attempt failed, how to repeat it alone, and what the program did then."""

import re
import sys

import pytest

from helpers.inner import blocks, run
from helpers.reports import without_times

SWEEP = """
import os
import time

def cancel(tasks):
    tasks.seed("nightly")
    rds = boto3.client("rds")
    try:
        rds.cancel_export_task(ExportTaskIdentifier="nightly")
    except rds.exceptions.InvalidExportTaskStateFault:
        raise LookupError from None

def test_inside(rds_export_sweep):
    for attempt in rds_export_sweep("AccessDenied", "lost response", "ExpiredToken"):
        with attempt as tasks:
            cancel(tasks)

def test_behind(rds_export_sweep):
    for attempt in rds_export_sweep("ExpiredToken", "AccessDenied", "lost response", raises=Exception):
        with attempt as tasks:
            cancel(tasks)
        assert attempt.running == (attempt.number == 1)

def test_over(rds_export_sweep):
    for attempt in rds_export_sweep("AccessDenied"):
        with attempt as tasks:
            cancel(tasks)
    assert 0

def test_left(rds_export_sweep):
    for attempt in rds_export_sweep("AccessDenied"):
        with attempt as tasks:
            cancel(tasks)
        break

def test_next():
    assert 0

def test_differs(rds_export_sweep):
    times = iter([2, 2, 1])
    for attempt in rds_export_sweep("AccessDenied"):
        with attempt:
            for _ in range(next(times)):
                boto3.client("rds").describe_export_tasks()

@pytest.mark.rds_export_tasks(page_size=0)
def test_wrong_marker(rds_export_sweep):
    pass

def test_sets_a_variable(monkeypatch, rds_export_sweep):
    for attempt in rds_export_sweep("AccessDenied"):
        with attempt:
            monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
            boto3.client("rds").describe_export_tasks()

def test_finds_no_variable():
    assert "AWS_DEFAULT_REGION" not in os.environ

@pytest.mark.parametrize("other", ["rds_export_clock", "rds_export_tasks"])
def test_sleeps(rds_export_sweep, rds_export_clock, request, other):
    request.getfixturevalue(other)
    for attempt in rds_export_sweep("AccessDenied", operation="CancelExportTask"):
        with attempt as tasks:
            tasks.seed("nightly")
            time.sleep(60)
            boto3.client("rds").cancel_export_task(ExportTaskIdentifier="nightly")
        assert attempt.number == 0
"""
ALONE = "to repeat it alone: rds_export_tasks.inject("
REPORT = [
    " rds export tasks ".center(80, "-"),
    "what happened:",
    "  CancelExportTask 'nightly' in us-east-1: AccessDenied (HTTP 403, injected), 1 attempt",
    "tasks:",
    "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()",
]


def test_failures(pytester):
    """What is shown of a failing attempt, of a failure after the sweep, and of a program that cannot be swept."""
    result = run(pytester, SWEEP)
    result.assert_outcomes(failed=7, passed=3, errors=1)
    shown = blocks(result)

    # An exception that leaves the block says which attempt it was; the report is of this attempt alone.
    lines = [line for line in shown["test_inside"] if re.match("(E +)?(sweep: |to repeat it alone)", line)]
    assert [line.startswith("E ") for line in lines] == [sys.version_info >= (3, 11)] * 2
    assert [line.removeprefix("E").strip() for line in lines] == [
        "sweep: attempt 2 of 3: lost response into CancelExportTask of 'nightly', call 1",
        f"{ALONE}'ReadTimeoutError', operation='CancelExportTask', times=1, applied=True)",
    ]
    calls = [line for line in without_times(shown["test_inside"]) if line.startswith("  CancelExportTask")]
    assert len(calls) == 1
    assert "2 attempts (ReadTimeoutError injected)" in calls[0]
    assert any(line.startswith(">") and "cancel(tasks)" in line for line in shown["test_inside"])

    # An assertion behind the block shows the same in a section.
    lines = without_times(shown["test_behind"])
    assert lines[lines.index(REPORT[0]) :] == [
        *REPORT,
        " rds export sweep ".center(80, "-"),
        "sweep: attempt 2 of 3: AccessDenied into CancelExportTask of 'nightly', call 1",
        f"{ALONE}'AccessDenied', operation='CancelExportTask', calls=1)",
    ]

    # A test that fails after its sweep shows nothing of it, and neither does a later test.
    for name in ("test_over", "test_next"):
        assert not [line for line in shown[name] if "sweep:" in line or "what happened:" in line]

    # If the calls differ, it ends at the user's own line.
    lines = shown["test_differs"]
    (first, *_) = [index for index, line in enumerate(lines) if line.startswith("E ")]
    assert "with attempt:" in "".join(lines[first - 2 : first])
    assert lines[first].startswith("E           AssertionError: the calls of the scenario differ from run to run. Call")

    # An option of the marker that is not valid is an error of the marker.
    assert shown["ERROR at setup of test_wrong_marker"][0] == (
        "marker rds_export_tasks: page_size must be an int from 1 to 100, got 0"
    )

    # What the program sleeps belongs to its attempt alone, so that there is one report.
    for name in ("rds_export_clock", "rds_export_tasks"):
        assert shown[f"test_sleeps[{name}]"].count(REPORT[0]) == 1


SUBTESTS = """
def test_all(rds_export_sweep):
    for attempt in rds_export_sweep("AccessDenied", "lost response", "ReadTimeoutError", subtests=True, raises=()):
        with attempt as tasks:
            tasks.seed("nightly")
            boto3.client("rds").cancel_export_task(ExportTaskIdentifier="nightly")

def test_first_run(rds_export_sweep):
    for attempt in rds_export_sweep(subtests=True):
        with attempt as tasks:
            assert 0

def test_differs(rds_export_sweep):
    times = iter([2, 2, 1])
    for attempt in rds_export_sweep("AccessDenied", subtests=True):
        with attempt:
            for _ in range(next(times)):
                boto3.client("rds").describe_export_tasks()
"""


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest 9 has subtests")
def test_subtests(pytester):
    """As subtests, each attempt that fails is shown, with its own report, and the next one runs."""
    result = run(pytester, SUBTESTS, "-rA")
    found = re.findall(r"SUBFAILED\[<Attempt (\d of \d): (.*) into .*>\] test_it.py::(\w+)", result.stdout.str())
    assert found == [
        ("1 of 3", "AccessDenied", "test_all"),
        ("2 of 3", "lost response", "test_all"),
        ("3 of 3", "ReadTimeoutError", "test_all"),
        ("2 of 2", "AccessDenied", "test_differs"),
    ]
    result.stdout.fnmatch_lines(["*the calls of the scenario differ from run to run*"])
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_first_run - assert 0"])
    lines = without_times(result.outlines)
    index = lines.index(REPORT[0])
    assert lines[index : index + len(REPORT)] == REPORT


def test_no_subtests(pytester):
    """Without subtests in pytest, the argument is refused."""
    result = run(pytester, SUBTESTS, "-p", "no:subtests", "-k", "test_all")
    assert "subtests=True needs pytest 9 or later, or pytest-subtests" in blocks(result)["test_all"]
