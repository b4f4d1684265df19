"""The state of a live task: its members, and what each move sets."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from . import _model
from ._timeline import Polls, Stuck, Timeline

__tracebackhide__ = True

MOVES = {
    "STARTING": ("IN_PROGRESS", "CANCELING", "CANCELED", "COMPLETE", "FAILED"),
    "IN_PROGRESS": ("CANCELING", "CANCELED", "COMPLETE", "FAILED"),
    "CANCELING": ("CANCELED", "COMPLETE", "FAILED"),
    "CANCELED": (),
    "COMPLETE": (),
    "FAILED": (),
}
RUNNING = ("STARTING", "IN_PROGRESS")

DEFAULT_FAILURE_CAUSE = "An unknown internal error occurred."
_DEFAULT_SIZE = 100
_BEFORE_EXPORT = timedelta(hours=1)


if TYPE_CHECKING:

    class Home(Protocol):
        """What a live task needs of the registry it lives in."""

        region: str

        @property
        def _lock(self) -> AbstractContextManager[Any]: ...
        @property
        def account_id(self) -> str: ...
        @property
        def timeline(self) -> Timeline | Polls | Stuck: ...
        def _now(self) -> datetime: ...
        def _clock_is_steered(self) -> bool: ...


class Record:
    """The state of a live task: its members under the API's names, and where in its phase it stands."""

    __slots__ = ("members", "percent_at_entry", "since", "size", "times_shown")

    def __init__(self, given: Mapping[str, Any], home: Home, timeline: Timeline | Polls | Stuck, now: datetime) -> None:
        self.since = now
        self.times_shown = 0
        self.size = _DEFAULT_SIZE
        self.members = _with_defaults(given, home, timeline, now)
        self.percent_at_entry: int = self.members["PercentProgress"]
        self._measure(given)

    @property
    def status(self) -> str:
        status: str = self.members["Status"]
        return status

    def enter(self, status: str, when: datetime, **overrides: Any) -> None:
        """Enter *status* at the moment *when*, and set what a real task has there."""
        members = self.members
        members["Status"] = status
        if status in ("IN_PROGRESS", "COMPLETE"):
            members.setdefault("TaskStartTime", when)
        if not MOVES[status]:
            members["TaskEndTime"] = when
        if status == "COMPLETE":
            self.progress(100)
        if status == "FAILED":
            members["FailureCause"] = DEFAULT_FAILURE_CAUSE
        if overrides:
            members.update(overrides)
            self._measure(overrides)
        self.since = when
        self.times_shown = 0
        self.percent_at_entry = members["PercentProgress"]

    def _measure(self, given: Mapping[str, Any]) -> None:
        """Have the extracted data follow the progress that is *given*; where the data is, the size of the whole."""
        members = self.members
        if "TotalExtractedDataInGB" in given:
            if members["PercentProgress"] and members["TotalExtractedDataInGB"]:
                self.size = members["TotalExtractedDataInGB"] * 100 // members["PercentProgress"]
        elif "PercentProgress" in given:
            members["TotalExtractedDataInGB"] = self.size * members["PercentProgress"] // 100

    def progress(self, percent: int) -> None:
        """Raise the progress, and with it the extracted data, to *percent*; never lower either."""
        members = self.members
        if percent > members["PercentProgress"]:
            members["PercentProgress"] = percent
            members["TotalExtractedDataInGB"] = max(members["TotalExtractedDataInGB"], self.size * percent // 100)


def _before(moment: datetime, length: timedelta) -> datetime:
    """The moment so long before; *moment* itself where the calendar does not go back that far."""
    try:
        return moment - length
    except OverflowError:
        return moment


@functools.cache
def _usual_members(account_id: str, region: str, status: str) -> Mapping[str, Any]:
    """What the tasks of a region in a status are given alike; of the source's ARN the part before the name."""
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
        **({"FailureCause": DEFAULT_FAILURE_CAUSE} if status == "FAILED" else {}),
    }


def _with_defaults(
    given: Mapping[str, Any], home: Home, timeline: Timeline | Polls | Stuck, now: datetime
) -> dict[str, Any]:
    """The members of a real task in the status of *given*; what is given stands."""
    status = given["Status"]
    members = {**_usual_members(home.account_id, home.region, status), **given}
    percent = members["PercentProgress"]
    if "ExportOnly" in given:
        members["ExportOnly"] = list(given["ExportOnly"])
    end = given.get("TaskEndTime", now)
    if not MOVES[status]:
        members["TaskEndTime"] = end
    if "TaskStartTime" not in given and (status == "IN_PROGRESS" or (percent and status != "STARTING")):
        start = _model.milliseconds(_before(end, timeline._extraction(percent))) if percent else end
        members["TaskStartTime"] = start
    if "SourceArn" not in given:
        members["SourceArn"] += given["ExportTaskIdentifier"]
    elif given["SourceArn"].split(":")[5] == "cluster":
        if "SourceType" not in given:
            members["SourceType"] = "CLUSTER"
        return members
    if "SnapshotTime" not in given:
        members["SnapshotTime"] = _before(members.get("TaskStartTime", end), _BEFORE_EXPORT)
    return members
