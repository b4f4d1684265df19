"""One call, one fixture, one page: ours, a constant response, botocore's Stubber and moto."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import moto
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.stub import Stubber

from _measure import median_of, show, side_by_side
from pytest_rds_export import fake_rds_export

_names = itertools.count()
_START = {
    "SourceArn": "arn:aws:rds:us-east-1:123456789012:snapshot:nightly",
    "S3BucketName": "rds-exports",
    "IamRoleArn": "arn:aws:iam::123456789012:role/rds-export",
    "KmsKeyId": "key",
}


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_kwargs: Any) -> Iterator[bytes]:
        yield self._content


def client(**config: Any) -> Any:
    """Return an RDS client with credentials of its own, so that the floor also signs its requests."""
    return boto3.client("rds", "us-east-1", aws_access_key_id="x", aws_secret_access_key="y", config=Config(**config))


def client_with_a_snapshot() -> Any:
    """Return an RDS client for use with moto, after creating the snapshot to export."""
    rds = client()
    rds.create_db_instance(
        DBInstanceIdentifier="db", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20
    )
    rds.create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="nightly")
    return rds


def recorded(call: Callable[[Any], object], rds: Any, *seeds: str) -> Callable[..., Any]:
    """Return a ``before-send`` handler that always returns the response that we returned to *call*."""
    found: list[Any] = []

    def keep(http_response: Any, **_kwargs: Any) -> None:
        found.append(http_response)

    with fake_rds_export(*seeds):
        rds.meta.events.register("after-call.rds", keep)
        call(rds)
        rds.meta.events.unregister("after-call.rds", keep)
    headers, body = dict(found[0].headers), found[0].content

    def respond(request: Any, **_kwargs: Any) -> Any:
        return AWSResponse(request.url, 200, headers, _Raw(body))

    return respond


@contextmanager
def constant(rds: Any, handler: Callable[..., Any]) -> Iterator[None]:
    """Let *handler* alone respond to the client."""
    rds.meta.events.register("before-send.rds", handler)
    try:
        yield
    finally:
        rds.meta.events.unregister("before-send.rds", handler)


def cancels() -> None:
    """Measure one cancel_export_task."""
    rds = client()
    handler = recorded(lambda rds: rds.cancel_export_task(ExportTaskIdentifier="nightly"), rds, "nightly")

    def cancel(name: str) -> None:
        rds.cancel_export_task(ExportTaskIdentifier=name)

    def floor(runs: int) -> float:
        with constant(rds, handler):
            cancel("warm")
            return median_of(runs, lambda: cancel("nightly"))

    def ours(runs: int) -> float:
        names = [f"task-{next(_names)}" for _ in range(runs + 1)]
        with fake_rds_export(*names):
            following = iter(names)
            cancel(next(following))
            return median_of(runs, lambda: cancel(next(following)))

    with fake_rds_export("nightly"):
        response = rds.cancel_export_task(ExportTaskIdentifier="nightly")

    def stubber(runs: int) -> float:
        with Stubber(rds) as stub:
            for _ in range(runs + 1):
                stub.add_response("cancel_export_task", response, {"ExportTaskIdentifier": "nightly"})
            cancel("nightly")
            return median_of(runs, lambda: cancel("nightly"))

    def with_moto(runs: int) -> float:
        with moto.mock_aws():
            theirs = client_with_a_snapshot()
            names = [f"task-{next(_names)}" for _ in range(runs + 1)]
            for name in names:
                theirs.start_export_task(ExportTaskIdentifier=name, **_START)
            following = iter(names)
            theirs.cancel_export_task(ExportTaskIdentifier=next(following))
            return median_of(runs, lambda: theirs.cancel_export_task(ExportTaskIdentifier=next(following)))

    contenders = {
        "a constant response (the floor)": floor,
        "ours": ours,
        "botocore's Stubber": stubber,
        "moto": with_moto,
    }
    show("cancel_export_task, one call", side_by_side(contenders, blocks=40, runs=50))


def describes() -> None:
    """Measure describe_export_tasks of 100 tasks."""
    rds = client()
    names = [f"task-{index}" for index in range(100)]
    handler = recorded(lambda rds: rds.describe_export_tasks(), rds, *names)

    def floor(runs: int) -> float:
        with constant(rds, handler):
            return median_of(runs, rds.describe_export_tasks)

    def ours(runs: int) -> float:
        with fake_rds_export(*names):
            rds.describe_export_tasks()
            return median_of(runs, rds.describe_export_tasks)

    def with_moto(runs: int) -> float:
        with moto.mock_aws():
            theirs = client_with_a_snapshot()
            for name in names:
                theirs.start_export_task(ExportTaskIdentifier=name, **_START)
            return median_of(runs, theirs.describe_export_tasks)

    contenders = {"a constant response (the floor)": floor, "ours": ours, "moto": with_moto}
    show("describe_export_tasks, a page of 100 tasks", side_by_side(contenders, blocks=15, runs=10))


def fixtures() -> None:
    """Measure set-up and teardown."""

    def ours() -> None:
        with fake_rds_export("nightly"):
            pass

    def with_moto() -> None:
        with moto.mock_aws():
            pass

    contenders = {
        "ours": lambda runs: median_of(runs, ours),
        "moto": lambda runs: median_of(runs, with_moto),
    }
    show("set-up and teardown together", side_by_side(contenders, blocks=20, runs=20))


def suite() -> None:
    """Measure a suite of 200 tests, each with the fixture and a new client."""

    def ours() -> None:
        with fake_rds_export("nightly"):
            boto3.session.Session().client("rds", "us-east-1").cancel_export_task(ExportTaskIdentifier="nightly")

    rds = client()
    handler = recorded(lambda rds: rds.cancel_export_task(ExportTaskIdentifier="nightly"), rds, "nightly")

    def floor() -> None:
        fresh = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="y").client("rds", "us-east-1")
        with constant(fresh, handler):
            fresh.cancel_export_task(ExportTaskIdentifier="nightly")

    contenders = {
        "a constant response (the floor)": lambda runs: median_of(runs, floor),
        "ours": lambda runs: median_of(runs, ours),
    }
    show("one test of 200, each with a new session and client", side_by_side(contenders, blocks=20, runs=10))


def throttled() -> None:
    """Measure a call that is throttled until botocore stops retrying, in each retry mode."""
    for mode in ("legacy", "standard", "adaptive"):

        def succeeds(runs: int, mode: str = mode) -> float:
            rds = client(retries={"mode": mode})
            names = [f"task-{next(_names)}" for _ in range(runs + 1)]
            with fake_rds_export(*names):
                following = iter(names)
                rds.cancel_export_task(ExportTaskIdentifier=next(following))
                return median_of(runs, lambda: rds.cancel_export_task(ExportTaskIdentifier=next(following)))

        attempts = 0

        def fails(runs: int, mode: str = mode) -> float:
            nonlocal attempts
            times = []
            for _ in range(runs):
                rds = client(retries={"mode": mode})
                with fake_rds_export("nightly") as tasks:
                    rds.describe_export_tasks()
                    injection = tasks.inject("Throttling")
                    start = time.perf_counter()
                    try:
                        rds.cancel_export_task(ExportTaskIdentifier="nightly")
                    except rds.exceptions.ClientError:
                        times.append(time.perf_counter() - start)
                    attempts = injection.attempts
            return sorted(times)[len(times) // 2]

        rows = side_by_side({"succeeds at once": succeeds, "throttled until it fails": fails}, blocks=6, runs=5)
        show(f"throttling, {mode} mode", rows)
        print(f"  {attempts} attempts: {rows[1].ratio / attempts:.2f} x per attempt")


if __name__ == "__main__":
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    for benchmark in (cancels, describes, fixtures, suite, throttled):
        benchmark()
