"""One call, one fixture, one page: ours, a constant answer, botocore's Stubber and moto."""

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
    """An RDS client that holds credentials of its own, so that the floor signs as we do."""
    return boto3.client("rds", "us-east-1", aws_access_key_id="x", aws_secret_access_key="y", config=Config(**config))


def client_with_a_snapshot() -> Any:
    """An RDS client of moto's, whose account has the snapshot that is exported."""
    rds = client()
    rds.create_db_instance(
        DBInstanceIdentifier="db", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20
    )
    rds.create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="nightly")
    return rds


def recorded(call: Callable[[Any], object], rds: Any, *seeds: str) -> Callable[..., Any]:
    """A ``before-send`` handler that always gives the answer that we gave to *call*."""
    found: list[Any] = []

    def keep(http_response: Any, **_kwargs: Any) -> None:
        found.append(http_response)

    with fake_rds_export(*seeds):
        rds.meta.events.register("after-call.rds", keep)
        call(rds)
        rds.meta.events.unregister("after-call.rds", keep)
    headers, body = dict(found[0].headers), found[0].content

    def answer(request: Any, **_kwargs: Any) -> Any:
        return AWSResponse(request.url, 200, headers, _Raw(body))

    return answer


@contextmanager
def constant(rds: Any, answer: Callable[..., Any]) -> Iterator[None]:
    """The client answered by *answer* alone."""
    rds.meta.events.register("before-send.rds", answer)
    try:
        yield
    finally:
        rds.meta.events.unregister("before-send.rds", answer)


def cancels() -> None:
    """One cancel_export_task."""
    rds = client()
    answer = recorded(lambda rds: rds.cancel_export_task(ExportTaskIdentifier="nightly"), rds, "nightly")

    def cancel(name: str) -> None:
        rds.cancel_export_task(ExportTaskIdentifier=name)

    def floor(runs: int) -> float:
        with constant(rds, answer):
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
        "a constant answer (the floor)": floor,
        "ours": ours,
        "botocore's Stubber": stubber,
        "moto": with_moto,
    }
    show("cancel_export_task, one call", side_by_side(contenders, blocks=40, runs=50))


def describes() -> None:
    """describe_export_tasks of 100 tasks."""
    rds = client()
    names = [f"task-{index}" for index in range(100)]
    answer = recorded(lambda rds: rds.describe_export_tasks(), rds, *names)

    def floor(runs: int) -> float:
        with constant(rds, answer):
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

    contenders = {"a constant answer (the floor)": floor, "ours": ours, "moto": with_moto}
    show("describe_export_tasks, a page of 100 tasks", side_by_side(contenders, blocks=15, runs=10))


def fixtures() -> None:
    """Set-up and tear-down."""

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
    show("set-up and tear-down together", side_by_side(contenders, blocks=20, runs=20))


def suite() -> None:
    """A suite of 200 tests, each with the fixture and a fresh client."""

    def ours() -> None:
        with fake_rds_export("nightly"):
            boto3.session.Session().client("rds", "us-east-1").cancel_export_task(ExportTaskIdentifier="nightly")

    rds = client()
    answer = recorded(lambda rds: rds.cancel_export_task(ExportTaskIdentifier="nightly"), rds, "nightly")

    def floor() -> None:
        fresh = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="y").client("rds", "us-east-1")
        with constant(fresh, answer):
            fresh.cancel_export_task(ExportTaskIdentifier="nightly")

    contenders = {
        "a constant answer (the floor)": lambda runs: median_of(runs, floor),
        "ours": lambda runs: median_of(runs, ours),
    }
    show("one test of 200, each with a fresh session and client", side_by_side(contenders, blocks=20, runs=10))


def throttled() -> None:
    """A call that is throttled until botocore gives up, in each retry mode."""
    for mode in ("legacy", "standard", "adaptive"):

        def succeeds(runs: int, mode: str = mode) -> float:
            rds = client(retries={"mode": mode})
            names = [f"task-{next(_names)}" for _ in range(runs + 1)]
            with fake_rds_export(*names):
                following = iter(names)
                rds.cancel_export_task(ExportTaskIdentifier=next(following))
                return median_of(runs, lambda: rds.cancel_export_task(ExportTaskIdentifier=next(following)))

        sends = 0

        def gives_up(runs: int, mode: str = mode) -> float:
            nonlocal sends
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
                    sends = injection.attempts
            return sorted(times)[len(times) // 2]

        rows = side_by_side({"succeeds at once": succeeds, "throttled until it gives up": gives_up}, blocks=6, runs=5)
        show(f"throttling, {mode} mode", rows)
        print(f"  {sends} sends: {rows[1].ratio / sends:.2f} x per send")


if __name__ == "__main__":
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    for benchmark in (cancels, describes, fixtures, suite, throttled):
        benchmark()
