"""What happened to sources, as DescribeEvents lists it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from threading import Thread, current_thread
from typing import Any, NamedTuple

from .._times import milliseconds
from .arns import split_arn
from .record import Record
from .sources import SourceState

__tracebackhide__ = True

# By resource type: the source type in the API.
SOURCE_TYPES = {
    "snapshot": "db-snapshot",
    "cluster-snapshot": "db-cluster-snapshot",
    "cluster": "db-cluster",
    "db": "db-instance",
}
# By resource type: the event of an export that FAILED; CANCELED and COMPLETE have the next two numbers. All nine are
# documented, 0164 is captured.
_FIRST_OF_EXPORT = {"snapshot": 159, "cluster-snapshot": 162, "cluster": 234}
# By the status in which the export ended. The documentation has a full stop after each; on the wire there is none.
_ENDS_OF_EXPORT = {
    "FAILED": (0, "Export task failed"),
    "CANCELED": (1, "Export task canceled"),
    "COMPLETE": (2, "Export task completed"),
}
# The events of a creation that has begun and of one that has ended: number and category (documented), and message
# (captured). By resource type, and whether the snapshot is an automated one; "db" is what the instance has.
_Creations = dict[tuple[str, bool] | str, tuple[int, str, str]]
_CREATION_BEGUN: _Creations = {
    ("snapshot", False): (40, "creation", "Creating manual snapshot"),
    ("snapshot", True): (90, "creation", "Creating automated snapshot"),
    ("cluster-snapshot", False): (74, "backup", "Creating manual cluster snapshot"),
    ("cluster-snapshot", True): (168, "backup", "Creating automated cluster snapshot"),
    "db": (1, "backup", "Backing up DB instance"),
}
_CREATION_ENDED: _Creations = {
    ("snapshot", False): (42, "creation", "Manual snapshot created"),
    ("snapshot", True): (91, "creation", "Automated snapshot created"),
    ("cluster-snapshot", False): (75, "backup", "Manual cluster snapshot created"),
    ("cluster-snapshot", True): (169, "backup", "Automated cluster snapshot created"),
    "db": (2, "backup", "Finished DB Instance backup"),
}
# The same number for both kinds of snapshot: of cluster snapshots, only the text was captured.
_DELETED = (41, "deletion", "Deleted manual snapshot")
# The events of a copy, documented: their numbers in a region and across regions, and the beginning of the message.
_COPY_BEGUN = (196, 59, "Started copy of snapshot")
_COPY_ENDED = (197, 60, "Finished copy of snapshot")
_COPY_CANCELED = (190, 61, "Canceled snapshot copy request of")

by_date = attrgetter("date")


class Event(NamedTuple):
    event_id: str
    message: str
    categories: tuple[str, ...]
    source_arn: str
    date: datetime
    record: Record
    """The task that ended, or the snapshot that changed."""
    tags: Sequence[Mapping[str, str]] = ()
    """The tags that the source had then."""

    @property
    def source_type(self) -> str:
        """The source type in the API's spelling."""
        return SOURCE_TYPES[split_arn(self.source_arn).resource_type]

    @property
    def source_identifier(self) -> str:
        return split_arn(self.source_arn).name


# An event that has happened and is not taken yet: its region, the event, how many receivers there were then
# (it goes to none that was added later), and the thread that caused it.
Undelivered = tuple[str, Event, int, Thread]


class Outbox:
    """The events of an account that are to be delivered; without receivers there are none.

    Nothing is delivered here. Whoever made something happen from above takes the events when it holds no lock any more.
    """

    def __init__(self) -> None:
        self.receivers = 0
        self.undelivered: list[Undelivered] = []
        self.deliveries: list[Any] = []
        """What became of the events, as whoever delivers them notes it."""

    def put(self, region: str, event: Event) -> None:
        """Add an event that has happened. Whoever calls it holds the lock of the account."""
        if self.receivers:
            self.undelivered.append((region, event, self.receivers, current_thread()))

    def take(self) -> list[Undelivered]:
        """Remove and return the events. Whoever calls it holds the lock of the account."""
        taken, self.undelivered = self.undelivered, []
        return taken


def end_of_export(task: Record) -> Event:
    arn, status = task.fields["SourceArn"], task.fields["Status"]
    offset, message = _ENDS_OF_EXPORT[status]
    number = _FIRST_OF_EXPORT[split_arn(arn).resource_type] + offset
    return _make(number, "notification", message, task, task.fields["TaskEndTime"], arn)


def beginning_of_snapshot(source: SourceState) -> list[Event]:
    """Return the events of a snapshot that a client creates or copies."""
    if source.stage == "copying":
        return _copy_events(source, _COPY_BEGUN, source.since)
    return _creation_events(source, _CREATION_BEGUN, source.since)


def change_of_snapshot(source: SourceState, before: str, since: datetime, when: datetime) -> list[Event]:
    """Return the events of a snapshot that has changed from the stage *before*, which began at *since*.

    None is documented for a creation that fails, and for the deletion of a snapshot that is not a manual one.
    """
    status = source.status
    if not source.is_snapshot:
        return []
    if before == "copying" and status == "available":
        return _copy_events(source, _COPY_ENDED, when, length=when - since)
    if before == "copying" and status in ("deleted", "failed"):
        return _copy_events(source, _COPY_CANCELED, when)
    if before == "creating" and status == "available":
        return _creation_events(source, _CREATION_ENDED, when)
    if status == "deleted" and source.fields["SnapshotType"] == "manual":
        return [_make(*_DELETED, source, when, source.arn)]
    return []


def _creation_events(source: SourceState, events: _Creations, when: datetime) -> list[Event]:
    """Return the event of a snapshot whose creation has begun or ended, then that of its instance, if it has one."""
    arn = split_arn(source.arn)
    told = [_make(*events[arn.resource_type, source.fields["SnapshotType"] == "automated"], source, when, source.arn)]
    if arn.resource_type == "snapshot":
        instance = arn._replace(resource_type="db", name=source.fields["DBInstanceIdentifier"])
        told.append(_make(*events["db"], source, when, str(instance)))
    return told


def _copy_events(
    source: SourceState, event: tuple[int, int, str], when: datetime, length: timedelta | None = None
) -> list[Event]:
    """Return the event of a copy that took a *length* of time; none of a cluster snapshot, as none is documented."""
    copied, own = split_arn(source.copied_from or source.arn), split_arn(source.arn)
    if own.resource_type != "snapshot":
        return []
    local, across, text = event
    is_abroad = copied.region != own.region
    message = f"{text} {copied.name} {'from' if is_abroad else 'in'} region {copied.region}"
    if is_abroad and length is not None:
        message += f" in {length // timedelta(minutes=1)} minutes"
    return [_make(across if is_abroad else local, "notification", message, source, when, source.arn)]


def _make(number: int, category: str, message: str, record: Record, when: datetime, arn: str) -> Event:
    return Event(f"RDS-EVENT-{number:04}", message, (category,), arn, milliseconds(when), record)
