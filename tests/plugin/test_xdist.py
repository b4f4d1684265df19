"""The plugin in the worker processes of pytest-xdist."""

import re

import pytest

from helpers.inner import blocks, run
from pytest_rds_export import failures


def test_workers(pytester):
    """Two workers collect the same failures, and pass the sections about export tasks and sweeps on."""
    pytest.importorskip("xdist")
    result = run(
        pytester,
        """
@pytest.mark.rds_export_failure("StartExportTask", kinds=("documented", "common"))
@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_passes(rds_export_failure):
    pass

def test_fails(rds_export_tasks):
    rds_export_tasks.seed("nightly")
    assert False

def test_sweep(rds_export_sweep):
    for attempt in rds_export_sweep("AccessDenied"):
        with attempt as tasks:
            boto3.client("rds").describe_export_tasks()
        assert attempt.number == 0
""",
        *("-p", "pytest_rds_export.plugin", "-p", "xdist.plugin", "-n2", "-v"),
    )

    found = re.findall(r"PASSED test_it.py::test_passes\[(\w+)\]", result.stdout.str())
    names = [failure.name for failure in failures("StartExportTask", ["documented", "common"])]
    assert sorted(found) == sorted(names)
    assert blocks(result)["test_fails"][-5:] == [
        " rds export tasks ".center(80, "-"),
        "what happened:",
        "  nothing",
        "tasks:",
        "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()",
    ]
    assert blocks(result)["test_sweep"][-3:-1] == [
        " rds export sweep ".center(80, "-"),
        "sweep: attempt 1 of 1: AccessDenied into DescribeExportTasks, call 1",
    ]
