"""The state of an export task: statuses, transitions, and what each of them sets."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .. import _model, _times
from .arns import make_arn, split_arn
from .record import Record
from .sources import SNAPSHOT_AGE
from .timeline import AnyTimeline, Transition, extraction_time

__tracebackhide__ = True

TRANSITIONS = {
    "STARTING": ("IN_PROGRESS", "CANCELING", "CANCELED", "COMPLETE", "FAILED"),
    "IN_PROGRESS": ("CANCELING", "CANCELED", "COMPLETE", "FAILED"),
    "CANCELING": ("CANCELED", "COMPLETE", "FAILED"),
    "CANCELED": (),
    "COMPLETE": (),
    "FAILED": (),
}
RUNNING = ("STARTING", "IN_PROGRESS")
FINISHED = tuple(status for status, following in TRANSITIONS.items() if not following)

_IDENTIFIER = re.compile("[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
LONGEST_IDENTIFIER = 60

UNKNOWN_CAUSE = "An unknown internal error occurred."
_DEFAULT_SIZE = 100  # gigabytes


class TaskState(Record):
    """One export task as the service keeps it."""

    _DERIVED = ("SnapshotTime", "TaskStartTime")

    def __init__(
        self,
        given: Mapping[str, Any],
        timeline: AnyTimeline,
        now: datetime,
        *,
        region: str,
        account_id: str,
        size: int | None = None,
        fresh: bool = False,
    ) -> None:
        """Take the fields that are *given*; *size* is that of the whole export in gigabytes, 100 by default."""
        self.identifier: str = given["ExportTaskIdentifier"]
        self._region, self._account_id = region, account_id
        self._size = size or _DEFAULT_SIZE
        super().__init__(given, timeline, now, fresh=fresh)

    def _initial_fields(self, now: datetime) -> dict[str, Any]:
        fields = _with_defaults(self._given, self._region, self._account_id, self.timeline, now)
        _derive_extracted(fields, self._given, self._size)
        self._size = _size_of_export(fields, self._given, self._size)
        return fields

    def _progress(self, percent: int) -> None:
        _set_progress(self.fields, percent, self._size)

    def fields_after(self, transition: Transition) -> dict[str, Any]:
        """Return the fields as they are after a transition."""
        status, when, given = transition
        fields = {**self.fields, "Status": status}
        if status in ("IN_PROGRESS", "COMPLETE"):
            fields.setdefault("TaskStartTime", when)
        if status in FINISHED:
            fields["TaskEndTime"] = when
        if status == "COMPLETE" and fields["PercentProgress"] < 100:
            _set_progress(fields, 100, self._size)
        if status == "FAILED":
            fields["FailureCause"] = UNKNOWN_CAUSE
        if given:
            fields.update(given)
            _derive_extracted(fields, given, self._size)
        return fields

    def enter(self, transition: Transition) -> None:
        """Make a transition."""
        super().enter(transition)
        self._size = _size_of_export(self.fields, transition.fields, self._size)

    def warn(self, message: str | None) -> None:
        """Set the WarningMessage of a COMPLETE export, unless it has one."""
        if message is not None and self.status == "COMPLETE":
            self.fields.setdefault("WarningMessage", message)


def _set_progress(fields: dict[str, Any], percent: int, size: int) -> None:
    """Set the progress, and raise the extracted data with it."""
    fields["PercentProgress"] = percent
    fields["TotalExtractedDataInGB"] = max(fields["TotalExtractedDataInGB"], size * percent // 100)


def _derive_extracted(fields: dict[str, Any], given: Mapping[str, Any], size: int) -> None:
    """Set the extracted data that a given progress stands for, unless it is given, too."""
    if "PercentProgress" in given and "TotalExtractedDataInGB" not in given:
        fields["TotalExtractedDataInGB"] = size * fields["PercentProgress"] // 100


def _size_of_export(fields: Mapping[str, Any], given: Mapping[str, Any], size: int) -> int:
    """Return the size of the whole export, which follows from given extracted data and the progress."""
    percent, extracted = fields["PercentProgress"], fields["TotalExtractedDataInGB"]
    return extracted * 100 // percent if "TotalExtractedDataInGB" in given and percent and extracted else size


def is_identifier(identifier: str) -> bool:
    """Return whether Amazon RDS accepts *identifier* as a name, apart from its length."""
    return _IDENTIFIER.fullmatch(identifier) is not None


def copy_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy that does not change when the task does."""
    copied = dict(fields)
    if "ExportOnly" in copied:
        copied["ExportOnly"] = list(copied["ExportOnly"])
    return copied


@functools.cache
def _common_defaults(account_id: str, region: str, status: str) -> Mapping[str, Any]:
    """Return what all tasks of a region have in a status, except for the source."""
    partition = _model.partition(region)
    complete = status == "COMPLETE"
    return {
        "S3Bucket": "rds-exports",
        "S3Prefix": "",
        "IamRoleArn": f"arn:{partition}:iam::{account_id}:role/rds-export",
        "KmsKeyId": f"arn:{partition}:kms:{region}:{account_id}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "PercentProgress": 100 if complete else 0,
        "TotalExtractedDataInGB": _DEFAULT_SIZE if complete else 0,
        **({"FailureCause": UNKNOWN_CAUSE} if status == "FAILED" else {}),
    }


def _with_defaults(
    given: Mapping[str, Any], region: str, account_id: str, timeline: AnyTimeline, now: datetime
) -> dict[str, Any]:
    """Return the fields that a real task has in the status of *given*; what is given stays as it is."""
    status, identifier = given["Status"], given["ExportTaskIdentifier"]
    fields = {
        "SourceArn": given.get("SourceArn") or make_arn(region, account_id, "snapshot", identifier),
        **_common_defaults(account_id, region, status),
        **given,
    }
    if "ExportOnly" in given:
        fields["ExportOnly"] = list(given["ExportOnly"])
    percent = fields["PercentProgress"]
    end = given.get("TaskEndTime") or max(now, given.get("TaskStartTime", now))
    if status in FINISHED:
        fields["TaskEndTime"] = end
    if "TaskStartTime" not in given and (status == "IN_PROGRESS" or (percent and status != "STARTING")):
        start = _times.milliseconds(_times.earlier(end, extraction_time(timeline, percent))) if percent else end
        fields["TaskStartTime"] = start
    is_cluster = "SourceArn" in given and split_arn(given["SourceArn"]).resource_type == "cluster"
    fields.setdefault("SourceType", "CLUSTER" if is_cluster else "SNAPSHOT")
    if not is_cluster:
        fields.setdefault("SnapshotTime", _times.earlier(fields.get("TaskStartTime", end), SNAPSHOT_AGE))
    return fields
