"""Export an RDS snapshot to S3 and wait for it: what a nightly job or a Lambda function runs."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

_FINISHED = ("COMPLETE", "FAILED", "CANCELED")


@dataclass(frozen=True)
class Target:
    """The bucket for exports, with the role and the key."""

    bucket: str
    role_arn: str
    key_id: str


class ExportError(Exception):
    """An export did not complete."""


class ExportFailedError(ExportError):
    """The export failed in RDS; the message is the FailureCause."""


class ExportTimedOutError(ExportError):
    """The export took too long and was cancelled."""


class NotCancellableError(ExportError):
    """The export is not running any more, or never was."""


def export(snapshot_arn: str, identifier: str, target: Target, *, within: float = 3600, every: float = 30) -> str:
    """Export a snapshot and return the S3 folder. Cancel an export that takes longer than *within* seconds."""
    start(snapshot_arn, identifier, target)
    try:
        task = wait(identifier, within=within, every=every)
    except ExportTimedOutError:
        try:
            cancel(identifier)
        except NotCancellableError:  # it ended between the last poll and the cancel
            task = wait(identifier, within=every, every=every)
        else:
            raise
    if task["Status"] != "COMPLETE":
        raise ExportFailedError(task.get("FailureCause") or f"{identifier} was cancelled by someone else")
    return f"s3://{task['S3Bucket']}/{identifier}"


def start(snapshot_arn: str, identifier: str, target: Target) -> None:
    """Start an export. Continue if it exists already, because the response to an earlier attempt was lost."""
    rds = boto3.client("rds")
    try:
        rds.start_export_task(
            ExportTaskIdentifier=identifier,
            SourceArn=snapshot_arn,
            S3BucketName=target.bucket,
            IamRoleArn=target.role_arn,
            KmsKeyId=target.key_id,
        )
    except rds.exceptions.ExportTaskAlreadyExistsFault:
        (task,) = rds.describe_export_tasks(ExportTaskIdentifier=identifier)["ExportTasks"]
        if task["SourceArn"] != snapshot_arn:
            raise
        log.warning("%s was started already", identifier)


def wait(identifier: str, *, within: float, every: float) -> Mapping[str, Any]:
    """Poll until the task has ended, and return it."""
    rds = boto3.client("rds")
    deadline = time.monotonic() + within
    while True:
        (task,) = rds.describe_export_tasks(ExportTaskIdentifier=identifier)["ExportTasks"]
        log.info("%s: %s, %s%%", identifier, task["Status"], task["PercentProgress"])
        if task["Status"] in _FINISHED:
            return task
        if time.monotonic() >= deadline:
            raise ExportTimedOutError(f"{identifier} is still {task['Status']} after {within} seconds")
        time.sleep(every)


def cancel(identifier: str) -> None:
    """Cancel an export that is still running."""
    rds = boto3.client("rds")
    try:
        rds.cancel_export_task(ExportTaskIdentifier=identifier)
    except rds.exceptions.ExportTaskNotFoundFault as error:
        raise NotCancellableError(f"{identifier} does not exist") from error
    except rds.exceptions.InvalidExportTaskStateFault as error:
        raise NotCancellableError(f"{identifier} has ended already") from error
