"""A sweep of 10 calls and 5 failures each, and one of its attempts compared with the same test with ``inject``."""

from __future__ import annotations

import contextlib
import time
from datetime import timedelta

import boto3

from _measure import median_of, record, side_by_side
from pytest_rds_export import fake_rds_export, sweep
from pytest_rds_export._clock import frozen_clock

_FAILURES = ("AccessDenied", "Throttling", "InternalFailure", "ReadTimeoutError", "lost response")
_SNAPSHOT = "arn:aws:rds:us-east-1:123456789012:snapshot:orders"


def program() -> None:
    """Start an export, describe it eight times, and cancel it: ten calls of a client of its own."""
    rds = boto3.client("rds", region_name="us-east-1")
    with contextlib.suppress(rds.exceptions.ExportTaskAlreadyExistsFault):
        rds.start_export_task(
            ExportTaskIdentifier="nightly",
            SourceArn=_SNAPSHOT,
            S3BucketName="backups",
            IamRoleArn="arn:aws:iam::123456789012:role/rds-export",
            KmsKeyId="alias/exports",
        )
    for _ in range(8):
        rds.describe_export_tasks(ExportTaskIdentifier="nightly")
        time.sleep(1)
    with contextlib.suppress(rds.exceptions.InvalidExportTaskStateFault):
        rds.cancel_export_task(ExportTaskIdentifier="nightly")


def swept() -> None:
    """Run all attempts."""
    attempt = None
    for attempt in sweep(*_FAILURES):
        with attempt:
            program()
    assert attempt is not None
    assert attempt.count == 50


def injected() -> None:
    """Do the same by hand, with what the attempts of the sweep inject."""
    for number in range(-1, 10):
        operation = {0: "StartExportTask", 9: "CancelExportTask"}.get(number, "DescribeExportTasks")
        after = number - 1 if operation == "DescribeExportTasks" else 0
        for failure in _FAILURES if number >= 0 else _FAILURES[:1]:
            with fake_rds_export() as tasks, contextlib.suppress(Exception):
                if failure == "lost response":
                    tasks.inject("ReadTimeoutError", operation=operation, after=after, times=1, applied=True)
                elif number >= 0:
                    tasks.inject(failure, operation=operation, after=after, calls=1)
                program()


def main() -> None:
    """Measure both under one frozen clock."""
    with frozen_clock(limit=timedelta(days=365)):
        _, measured = side_by_side(
            "51 runs of a program of 10 calls",
            {
                "by hand with inject": lambda runs: median_of(runs, injected),
                "a sweep": lambda runs: median_of(runs, swept),
            },
            blocks=7,
            runs=1,
        )
    record("a sweep of 10 calls and 5 failures each: 50 attempts, processor time", measured.seconds, "s", at_most=3)
    record("an attempt compared with the same test with `inject`", measured.ratio, at_most=1.1)


if __name__ == "__main__":
    main()
