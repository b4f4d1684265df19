"""Clients, the constant response, and the contenders that several benchmarks share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from _measure import Contender, median_of
from pytest_rds_export import fake_rds_export
from pytest_rds_export.types import ExportTaskRegistry

_numbers = itertools.count()
CREDENTIALS = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
"""Of the client's own, so that the constant response is also to a signed request."""
START = {
    "SourceArn": "arn:aws:rds:us-east-1:123456789012:snapshot:nightly",
    "S3BucketName": "rds-exports",
    "IamRoleArn": "arn:aws:iam::123456789012:role/rds-export",
    "KmsKeyId": "key",
}
"""The parameters of StartExportTask besides the identifier."""


def client(**config: Any) -> Any:
    """Return an RDS client."""
    return boto3.client("rds", "us-east-1", config=Config(**config), **CREDENTIALS)


def new_names(count: int) -> list[str]:
    """Return identifiers that no other block uses."""
    return [f"task-{next(_numbers)}" for _ in range(count)]


@contextmanager
def registered(rds: Any, event: str, handler: Callable[..., Any]) -> Iterator[None]:
    """Register an event handler of the client for a while."""
    rds.meta.events.register(event, handler)
    try:
        yield
    finally:
        rds.meta.events.unregister(event, handler)


@contextmanager
def kept_response(rds: Any) -> Iterator[list[Any]]:
    """Keep the HTTP responses that the client receives."""
    found: list[Any] = []

    def keep(http_response: Any, **_kwargs: Any) -> None:
        found.append(http_response)

    with registered(rds, "after-call.rds", keep):
        yield found


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_kwargs: Any) -> Iterator[bytes]:
        yield self._content


def recorded(call: Callable[[Any], object], rds: Any, *seeds: str) -> Callable[..., Any]:
    """Return a ``before-send`` handler that always returns the response that we returned to *call*."""
    with fake_rds_export(*seeds), kept_response(rds) as found:
        call(rds)
    headers, body = dict(found[0].headers), found[0].content

    def respond(request: Any, **_kwargs: Any) -> Any:
        return AWSResponse(request.url, 200, headers, _Raw(body))

    return respond


def cancel(rds: Any, name: str = "nightly") -> Any:
    """Cancel an export task."""
    return rds.cancel_export_task(ExportTaskIdentifier=name)


def cancel_each(rds: Any, names: list[str]) -> float:
    """Return the median seconds of canceling one of the tasks; the first is for warming up."""
    following = iter(names)
    cancel(rds, next(following))
    return median_of(len(names) - 1, lambda: cancel(rds, next(following)))


def constant(rds: Any, handler: Callable[..., Any], run: Callable[[], object]) -> Contender:
    """Measure *run* while *handler* alone responds to the client."""

    def contender(runs: int) -> float:
        with registered(rds, "before-send.rds", handler):
            run()
            return median_of(runs, run)

    return contender


Preparation = Callable[[ExportTaskRegistry], object]


def canceling(rds: Any, prepare: Preparation = len) -> Contender:
    """Measure cancels of new tasks under ours."""

    def contender(runs: int) -> float:
        names = new_names(runs + 1)
        with fake_rds_export(*names) as tasks:
            prepare(tasks)
            return cancel_each(rds, names)

    return contender


def describing(rds: Any, prepare: Preparation = len) -> Contender:
    """Measure the first page of 100 tasks under ours."""

    def contender(runs: int) -> float:
        with fake_rds_export(*(f"task-{index}" for index in range(100))) as tasks:
            prepare(tasks)
            rds.describe_export_tasks()
            return median_of(runs, rds.describe_export_tasks)

    return contender
