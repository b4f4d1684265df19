"""What happened to sources, as DescribeEvents lists it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from threading import Thread, current_thread
from typing import Any, NamedTuple

from .. import _failures, _model
from .._times import milliseconds
from .arns import split_arn
from .sources import SourceState
from .timeline import Record

__tracebackhide__ = True

# By resource type: the source type in the API, and the event of an export that FAILED; CANCELED and COMPLETE have the
# next two numbers. All nine are documented, 0164 is captured.
SOURCE_TYPES = {"snapshot": "db-snapshot", "cluster-snapshot": "db-cluster-snapshot", "cluster": "db-cluster"}
_FIRST_OF_EXPORT = {"snapshot": 159, "cluster-snapshot": 162, "cluster": 234}
# By the status in which the export ended. The documentation has a full stop after each; on the wire there is none.
_ENDS_OF_EXPORT = {
    "FAILED": "Export task failed",
    "CANCELED": "Export task canceled",
    "COMPLETE": "Export task completed",
}


class _Lifecycle(NamedTuple):
    """The events of a snapshot's creation: their numbers, and their messages on the wire, as captured."""

    begun: tuple[int, str]
    ended: tuple[int, str]
    category: str


# By resource type, and whether the snapshot is an automated one. Numbers and categories are documented.
_CREATIONS = {
    ("snapshot", False): _Lifecycle((40, "Creating manual snapshot"), (42, "Manual snapshot created"), "creation"),
    ("snapshot", True): _Lifecycle((90, "Creating automated snapshot"), (91, "Automated snapshot created"), "creation"),
    ("cluster-snapshot", False): _Lifecycle(
        (74, "Creating manual cluster snapshot"), (75, "Manual cluster snapshot created"), "backup"
    ),
    ("cluster-snapshot", True): _Lifecycle(
        (168, "Creating automated cluster snapshot"), (169, "Automated cluster snapshot created"), "backup"
    ),
}
# The same number for both kinds of snapshot: of cluster snapshots, only the text was captured.
_DELETED = (41, "Deleted manual snapshot")
# By whether a copy comes from another region.
_COPY_BEGUN = {False: 196, True: 59}
_COPY_ENDED = {False: 197, True: 60}

by_date = attrgetter("date")
_DEFAULT_MINUTES = 60
_KEPT = timedelta(days=14)


class Event(NamedTuple):
    """Something that happened to a source."""

    event_id: str
    message: str
    categories: tuple[str, ...]
    source_arn: str
    date: datetime
    record: Record
    """The task or the source that the event is about."""

    @property
    def source_type(self) -> str:
        """The source type in the API's spelling."""
        return SOURCE_TYPES[split_arn(self.source_arn).resource_type]

    @property
    def source_identifier(self) -> str:
        """The name of the source."""
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
    """Return the event of a task that has ended."""
    arn, status = task.fields["SourceArn"], task.fields["Status"]
    number = _FIRST_OF_EXPORT[split_arn(arn).resource_type] + list(_ENDS_OF_EXPORT).index(status)
    message = _ENDS_OF_EXPORT[status]
    return Event(f"RDS-EVENT-{number:04}", message, ("notification",), arn, task.fields["TaskEndTime"], task)


def beginning_of_snapshot(source: SourceState) -> Event | None:
    """Return the event of a snapshot that a client creates or copies; None for the copy of a cluster snapshot.

    No event of such a copy is documented.
    """
    if source.stage == "copying":
        return _copy_event(source, _COPY_BEGUN, "Started", source.since)
    creation = _CREATIONS[_kind(source)]
    return _make(creation.begun, creation.category, source, source.since)


def change_of_snapshot(source: SourceState, before: str, since: datetime, when: datetime) -> Event | None:
    """Return the event of a snapshot that has changed from the stage *before*, which began at *since*, if it has one.

    None is documented for a creation that fails, and for the deletion of a snapshot that is not a manual one.
    """
    if source.status == "deleted" and source.is_snapshot and source.fields["SnapshotType"] == "manual":
        return _make(_DELETED, "deletion", source, when)
    if source.status != "available" or not source.is_snapshot:
        return None
    if before == "copying":
        return _copy_event(source, _COPY_ENDED, "Finished", when, minutes=(when - since) // timedelta(minutes=1))
    if before == "creating":
        creation = _CREATIONS[_kind(source)]
        return _make(creation.ended, creation.category, source, when)
    return None


def _kind(source: SourceState) -> tuple[str, bool]:
    return split_arn(source.arn).resource_type, source.fields["SnapshotType"] == "automated"


def _copy_event(
    source: SourceState, numbers: Mapping[bool, int], what: str, when: datetime, minutes: int | None = None
) -> Event | None:
    copied, own = split_arn(source.copied_from or source.arn), split_arn(source.arn)
    if own.resource_type != "snapshot":
        return None
    is_abroad = copied.region != own.region
    text = f"{what} copy of snapshot {copied.name} {'from' if is_abroad else 'in'} region {copied.region}"
    if is_abroad and minutes is not None:
        text += f" in {minutes} minutes"
    return _make((numbers[is_abroad], text), "notification", source, when)


def _make(numbered: tuple[int, str], category: str, source: SourceState, when: datetime) -> Event:
    number, message = numbered
    return Event(f"RDS-EVENT-{number:04}", message, (category,), source.arn, milliseconds(when), source)


def select(
    events: Sequence[Event], parameters: Mapping[str, Any], now: datetime
) -> tuple[range, Callable[[Event], bool]]:
    """Return the positions of the interval that DescribeEvents covers, and a filter for its events.

    Raises ``Fault`` for an unknown SourceType (text inferred) and for SourceIdentifier without SourceType (service
    model, text inferred). ``Filters`` has no effect: the service model says that it is not supported.
    """
    source_type = parameters.get("SourceType")
    known: Any = _model.service_model().shape_for("SourceType")
    if source_type is not None and source_type not in known.enum:
        raise _failures.make_fault("InvalidParameterValue", f"Invalid value {source_type} for SourceType.")
    if "SourceIdentifier" in parameters and source_type is None:
        raise _failures.make_fault(
            "InvalidParameterCombination", "Cannot specify source identifier without source type"
        )
    identifier = parameters.get("SourceIdentifier")
    categories = frozenset(parameters.get("EventCategories", ()))

    def matches(event: Event) -> bool:
        return (
            source_type in (None, event.source_type)
            and identifier in (None, event.source_identifier)
            and (not categories or not categories.isdisjoint(event.categories))
        )

    start, end = _interval(parameters, now)
    positions = range(bisect_left(events, start, key=by_date), bisect_right(events, end, key=by_date))
    return positions, matches


def _interval(parameters: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime]:
    """The first and the last point in time that DescribeEvents covers.

    By default the last hour, and never more than the last 14 days (service model). How the parameters combine is
    inferred: StartTime alone reaches until now, or as far as Duration says. Without StartTime, Duration counts back
    from EndTime or now. With both times it has no effect.
    """
    start, end, minutes = (parameters.get(name) for name in ("StartTime", "EndTime", "Duration"))
    try:
        duration = timedelta(minutes=_DEFAULT_MINUTES if minutes is None else minutes)
        if end is None:
            end = now if start is None or minutes is None else start + duration
        if start is None:
            start = end - duration
    except OverflowError:
        raise _failures.make_fault(
            "InvalidParameterValue", "The interval of StartTime, EndTime and Duration is out of range."
        ) from None
    return max(start, now - _KEPT), end


def to_response(event: Event) -> dict[str, Any]:
    """The event in the shape of DescribeEvents, which has no event ID and no tags (model, captured)."""
    return {
        "SourceIdentifier": event.source_identifier,
        "SourceType": event.source_type,
        "Message": event.message,
        "EventCategories": list(event.categories),
        "Date": event.date,
        "SourceArn": event.source_arn,
    }
