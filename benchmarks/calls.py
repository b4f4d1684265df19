"""One call, one fixture, one page: ours, a constant response, botocore's Stubber and moto."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import moto
from botocore.stub import Stubber

from _clients import (
    CREDENTIALS,
    START,
    cancel,
    cancel_each,
    canceling,
    client,
    constant,
    describing,
    new_names,
    recorded,
    registered,
)
from _measure import median_of, record, side_by_side
from pytest_rds_export import fake_rds_export


@contextmanager
def started_in_moto(names: list[str]) -> Iterator[Any]:
    """Yield an RDS client of moto, in which these export tasks are started."""
    with moto.mock_aws():
        rds = client()
        rds.create_db_instance(
            DBInstanceIdentifier="db", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20
        )
        rds.create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="nightly")
        for name in names:
            rds.start_export_task(ExportTaskIdentifier=name, **START)
        yield rds


def cancels() -> None:
    """Measure one cancel_export_task."""
    rds = client()
    with fake_rds_export("nightly"):
        response = cancel(rds)

    def stubber(runs: int) -> float:
        with Stubber(rds) as stub:
            for _ in range(runs + 1):
                stub.add_response("cancel_export_task", response, {"ExportTaskIdentifier": "nightly"})
            return cancel_each(rds, ["nightly"] * (runs + 1))

    def with_moto(runs: int) -> float:
        names = new_names(runs + 1)
        with started_in_moto(names) as theirs:
            return cancel_each(theirs, names)

    contenders = {
        "a constant response": constant(rds, recorded(cancel, rds, "nightly"), lambda: cancel(rds)),
        "ours": canceling(rds),
        "botocore's Stubber": stubber,
        "moto": with_moto,
    }
    _, ours, stubbed, moto_s = side_by_side("cancel_export_task", contenders, blocks=30, runs=50)
    what = "one cancel, compared with a constant response"
    record(what, ours.ratio, at_most=1.15, moto=moto_s.ratio, stubber=stubbed.ratio)


def describes() -> None:
    """Measure describe_export_tasks of 100 tasks."""
    rds = client()
    names = [f"task-{index}" for index in range(100)]

    def with_moto(runs: int) -> float:
        with started_in_moto(names) as theirs:
            return median_of(runs, theirs.describe_export_tasks)

    contenders = {
        "a constant response": constant(
            rds, recorded(lambda rds: rds.describe_export_tasks(), rds, *names), rds.describe_export_tasks
        ),
        "ours": describing(rds),
        "moto": with_moto,
    }
    _, ours, moto_s = side_by_side("describe_export_tasks, a page of 100 tasks", contenders, blocks=10, runs=10)
    what = "a page of 100 tasks, compared with a constant response"
    record(what, ours.ratio, at_most=1.15, moto=moto_s.ratio)


def fixtures() -> None:
    """Measure set-up and teardown."""

    def with_ours() -> None:
        with fake_rds_export("nightly"):
            pass

    def with_moto() -> None:
        with moto.mock_aws():
            pass

    contenders = {
        "ours": lambda runs: median_of(runs, with_ours),
        "moto": lambda runs: median_of(runs, with_moto),
    }
    ours, moto_s = side_by_side("set-up and teardown together", contenders, blocks=20, runs=20)
    record("set-up and teardown of the fixture", ours.seconds * 1e6, "µs", at_most=150, moto=moto_s.seconds * 1e6)


def suite() -> None:
    """Measure a suite of 200 tests, each with the fixture and a new client."""

    def fresh() -> Any:
        return boto3.session.Session(**CREDENTIALS).client("rds", "us-east-1")

    handler = recorded(cancel, client(), "nightly")

    def with_constant() -> None:
        rds = fresh()
        with registered(rds, "before-send.rds", handler):
            cancel(rds)

    def with_ours() -> None:
        with fake_rds_export("nightly"):
            cancel(fresh())

    contenders = {
        "a constant response": lambda runs: median_of(runs, with_constant),
        "ours": lambda runs: median_of(runs, with_ours),
    }
    _, ours = side_by_side("one test of 200, each with a new session and client", contenders, blocks=10, runs=10)
    record("one of 200 tests with a new session and client, compared with a constant response", ours.ratio)


def throttled() -> None:
    """Measure a call that is throttled until botocore stops retrying, in each retry mode."""
    ratios, times = [], []
    for mode in ("legacy", "standard", "adaptive"):
        attempts = 0.0

        def fails(runs: int, mode: str = mode) -> float:
            nonlocal attempts
            # Each a new client, because botocore's retry quota and rate limit are the client's.
            clients = [client(retries={"mode": mode}) for _ in range(runs)]
            following = iter(clients)

            def fail() -> None:
                rds = next(following)
                try:
                    cancel(rds)
                except rds.exceptions.ClientError:
                    return
                raise AssertionError

            with fake_rds_export("nightly") as tasks:
                for rds in clients:
                    rds.describe_export_tasks()
                with tasks.inject("Throttling", operation="CancelExportTask", times=None) as injection:
                    took = median_of(runs, fail)
                attempts = injection.attempts / runs
            return took

        contenders = {"succeeds at once": canceling(client(retries={"mode": mode})), "throttled until it fails": fails}
        _, failed = side_by_side(f"throttling, {mode} mode", contenders, blocks=6, runs=5)
        print(f"  {attempts:g} attempts")
        ratios.append(failed.ratio / attempts)
        times.append(failed.seconds * 1e3)
    what = "a call throttled until botocore stops retrying"
    record(f"{what}: each attempt, compared with a success", max(ratios), at_most=5)
    record(f"{what}: in all", max(times), "ms", at_most=20)


if __name__ == "__main__":
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    for benchmark in (cancels, describes, fixtures, suite, throttled):
        benchmark()
