"""The state of an export task: statuses, transitions, and what each of them sets."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .. import _clock, _model, _times
from .sources import SNAPSHOT_AGE
from .targets import UNKNOWN_CAUSE, failure_cause
from .timeline import AnyTimeline, advance, extraction_time

if TYPE_CHECKING:
    from .account import Region
    from .files import ExportFiles
    from .task import LiveExportTask

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

_DEFAULT_SIZE = 100  # gigabytes
_PROGRESS = ("PercentProgress", "TotalExtractedDataInGB")


class TaskState:
    """One export task as the service keeps it: the fields of its response, and where it is on its timeline.

    Whoever calls a method holds the lock of the account.
    """

    def __init__(
        self,
        region: Region,
        given: Mapping[str, Any],
        timeline: AnyTimeline,
        now: datetime,
        *,
        size: int | None = None,
        may_restart: bool = False,
    ) -> None:
        """Take the fields that are *given*, and the defaults of the status for the others.

        *size* is that of the whole export in gigabytes, 100 by default. A task that *may_restart* was seeded on the
        real clock: it takes its times anew if the clock is frozen when it is first used.
        """
        self.region = region
        self.identifier: str = given["ExportTaskIdentifier"]
        self.timeline = timeline
        self.size = size or _DEFAULT_SIZE
        self.view: LiveExportTask | None = None
        self.store_error: Exception | None = None
        self._set(given, now)
        self._given = given
        self._may_restart = may_restart

    def _set(self, given: Mapping[str, Any], now: datetime) -> None:
        self.since = now
        self.times_shown = 0
        self.fields = _with_defaults(given, self.region, self.timeline, now)
        self.percent_at_entry: int = self.fields["PercentProgress"]
        self._measure(given)

    @property
    def status(self) -> str:
        """The status now."""
        status: str = self.fields["Status"]
        return status

    def advance(self, now: datetime, *, describing: bool = False) -> None:
        """Follow the timeline up to *now*; *describing* says that DescribeExportTasks asks."""
        if self._may_restart:
            if _clock.is_frozen():
                self._set(self._given, now)
            self._may_restart = False
        advance(self.timeline, self, now, describing=describing)
        files = self.region.account.files
        if files is not None and (cause := self._store(files)):
            self.enter("FAILED", now, FailureCause=cause)

    def shift(self, length: timedelta) -> None:
        """Shift the times that were not given, unless the task takes them anew anyway."""
        if self._may_restart:
            return
        self.since = _times.earlier(self.since, -length)
        for name in ("SnapshotTime", "TaskStartTime"):
            if name in self.fields and name not in self._given:
                self.fields[name] = _times.earlier(self.fields[name], -length)

    def enter(self, status: str, when: datetime, **overrides: Any) -> None:
        """Enter *status* at *when*, and set what a real task has then; *overrides* replace that.

        If its files cannot be stored, enter FAILED instead, a COMPLETE task with its last progress.
        """
        fields = self.fields
        files = self.region.account.files
        progress = {name: fields[name] for name in _PROGRESS} if files is not None else {}
        self._set_status(status, when, overrides)
        if files is not None and (cause := self._store(files)):
            if status == "COMPLETE":
                fields.pop("WarningMessage", None)
                fields.update(progress)
            self._set_status("FAILED", when, {"FailureCause": cause})
        self.since = when
        self.times_shown = 0
        self.percent_at_entry = fields["PercentProgress"]
        if self.status in FINISHED:
            self.region.record_end(self)

    def _set_status(self, status: str, when: datetime, overrides: Mapping[str, Any]) -> None:
        fields = self.fields
        fields["Status"] = status
        if status in ("IN_PROGRESS", "COMPLETE"):
            fields.setdefault("TaskStartTime", when)
        if status in FINISHED:
            fields["TaskEndTime"] = when
        if status == "COMPLETE":
            self.progress(100)
            self._warn(self.region.account.files)
        if status == "FAILED":
            fields["FailureCause"] = UNKNOWN_CAUSE
        if overrides:
            fields.update(overrides)
            self._given = {**self._given, **overrides}
            self._measure(overrides)

    def progress(self, percent: int) -> None:
        """Raise the progress, and with it the extracted data, to *percent*; never lower either."""
        fields = self.fields
        if percent > fields["PercentProgress"]:
            fields["PercentProgress"] = percent
            fields["TotalExtractedDataInGB"] = max(fields["TotalExtractedDataInGB"], self.size * percent // 100)

    def write_files(self, files: ExportFiles) -> None:
        """Write what an export in this state has written so far. An exception of the store is raised as it is."""
        self._may_restart = False
        if self.status == "COMPLETE":
            self._warn(files)
        files.update(self)

    def _warn(self, files: ExportFiles | None) -> None:
        """Set the WarningMessage of an export that skips tables."""
        warning = None if files is None else files.warning_message(self)
        if warning is not None:
            self.fields.setdefault("WarningMessage", warning)

    def _store(self, files: ExportFiles) -> str | None:
        """Write what is due. If the store raises, return the FailureCause, and write nothing from then on."""
        if self.store_error is None:
            try:
                files.update(self)
            except Exception as error:  # noqa: BLE001 - a client, a folder and a test's stand-in raise anything
                self.store_error = error
                return failure_cause(error, self.fields)
        return None

    def _measure(self, given: Mapping[str, Any]) -> None:
        """Derive the extracted data from a given progress; or the size of the export, if both are given."""
        fields = self.fields
        if "TotalExtractedDataInGB" in given:
            if fields["PercentProgress"] and fields["TotalExtractedDataInGB"]:
                self.size = fields["TotalExtractedDataInGB"] * 100 // fields["PercentProgress"]
        elif "PercentProgress" in given:
            fields["TotalExtractedDataInGB"] = self.size * fields["PercentProgress"] // 100


def copy_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy that does not change when the task does."""
    copied = dict(fields)
    if "ExportOnly" in copied:
        copied["ExportOnly"] = list(copied["ExportOnly"])
    return copied


@functools.cache
def _common_defaults(account_id: str, region: str, status: str) -> Mapping[str, Any]:
    """Return what all tasks of a region have in a status; SourceArn lacks the name."""
    partition = _model.partition(region)
    complete = status == "COMPLETE"
    return {
        "SourceArn": f"arn:{partition}:rds:{region}:{account_id}:snapshot:",
        "S3Bucket": "rds-exports",
        "S3Prefix": "",
        "IamRoleArn": f"arn:{partition}:iam::{account_id}:role/rds-export",
        "KmsKeyId": f"arn:{partition}:kms:{region}:{account_id}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "PercentProgress": 100 if complete else 0,
        "TotalExtractedDataInGB": _DEFAULT_SIZE if complete else 0,
        "SourceType": "SNAPSHOT",
        **({"FailureCause": UNKNOWN_CAUSE} if status == "FAILED" else {}),
    }


def _with_defaults(given: Mapping[str, Any], region: Region, timeline: AnyTimeline, now: datetime) -> dict[str, Any]:
    """Return the fields that a real task has in the status of *given*; what is given stays as it is."""
    status = given["Status"]
    fields = {**_common_defaults(region.account.options.account_id, region.name, status), **given}
    if "ExportOnly" in given:
        fields["ExportOnly"] = list(given["ExportOnly"])
    percent = fields["PercentProgress"]
    end = given.get("TaskEndTime") or max(now, given.get("TaskStartTime", now))
    if status in FINISHED:
        fields["TaskEndTime"] = end
    if "TaskStartTime" not in given and (status == "IN_PROGRESS" or (percent and status != "STARTING")):
        start = _times.milliseconds(_times.earlier(end, extraction_time(timeline, percent))) if percent else end
        fields["TaskStartTime"] = start
    if "SourceArn" not in given:
        fields["SourceArn"] += given["ExportTaskIdentifier"]
    elif given["SourceArn"].split(":")[5] == "cluster":
        if "SourceType" not in given:
            fields["SourceType"] = "CLUSTER"
        return fields
    if "SnapshotTime" not in given:
        fields["SnapshotTime"] = _times.earlier(fields.get("TaskStartTime", end), SNAPSHOT_AGE)
    return fields
