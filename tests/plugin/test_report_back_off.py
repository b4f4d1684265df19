"""The back-off of botocore in the report."""

import time

import pytest

from helpers.clients import client_with
from helpers.reports import report


@pytest.mark.usefixtures("rds_export_clock")
def test_back_off_is_no_sleep(rds_export_tasks):
    """The report lists the sleeps of the code under test, not those of botocore between two attempts."""
    rds_export_tasks.inject("Throttling", operation="DescribeExportTasks", times=2)
    client_with(mode="standard", max_attempts=3).describe_export_tasks()
    time.sleep(7)

    assert [part for line in report() for part in line.split("; ") if "slept" in part] == ["slept 7 s"]
