"""DescribeEvents: the interval that it covers, and what it lists."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any

from .. import _failures, _model
from .events import Event, by_date
from .operations import Operation, Request, Result, invalid_value, look_up_same, select_page, update_regions

__tracebackhide__ = True

_DEFAULT_MINUTES = 60
_KEPT = timedelta(days=14)


def _describe_events(request: Request) -> Result:
    region = request.region
    if region.advance_tasks(request.now):
        return partial(update_regions, [region], request)
    region.advance_sources(request.now)
    positions, matches = _select(region.events, request.parameters, request.now)
    listed: list[Any] = region.events
    first, stop = positions.start, positions.stop
    wanted: Callable[[Event], bool] | None = matches
    if request.outside:
        ours = (_to_response(event) for event in listed[first:stop] if matches(event))
        listed = sorted([*request.outside["Events"], *ours], key=itemgetter("Date"))
        first, stop, wanted = 0, len(listed), None
    page, marker = select_page(
        request, "events", lambda start: enumerate(listed[start:stop], start), wanted, first=first
    )
    return {"Events": [_to_response(event) if isinstance(event, Event) else event for event in page], **marker}


def _select(
    events: Sequence[Event], parameters: Mapping[str, Any], now: datetime
) -> tuple[range, Callable[[Event], bool]]:
    """Return the positions of the interval that DescribeEvents covers, and a filter for its events.

    Raises ``Fault`` for an unknown SourceType (text inferred) and for SourceIdentifier without SourceType (service
    model, text inferred). ``Filters`` has no effect: the service model says that it is not supported.
    """
    source_type = parameters.get("SourceType")
    known: Any = _model.service_model().shape_for("SourceType")
    if source_type is not None and source_type not in known.enum:
        raise invalid_value(f"Invalid value {source_type} for SourceType.")
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
        raise invalid_value("The interval of StartTime, EndTime and Duration is out of range.") from None
    return max(start, now - _KEPT), end


def _to_response(event: Event) -> dict[str, Any]:
    """The event in the shape of DescribeEvents, which has no event ID and no tags (model, captured)."""
    return {
        "SourceIdentifier": event.source_identifier,
        "SourceType": event.source_type,
        "Message": event.message,
        "EventCategories": list(event.categories),
        "Date": event.date,
        "SourceArn": event.source_arn,
    }


EVENTS: dict[str, Operation] = {
    "DescribeEvents": Operation(_describe_events, partial(look_up_same, "DescribeEvents")),
}
