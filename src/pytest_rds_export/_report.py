"""What a failing test shows, and the listing of failures."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Any

from . import _clock
from ._failures import Failure
from ._hints import find_hints, records_shown
from ._live.deliveries import Delivery
from ._messages import format_count, pluralize, safe_repr, shorten
from ._rds.account import Account
from ._rds.calls import Call, format_call
from ._rds.log import Change, Entry
from ._rds.record import Record
from ._rds.region import Region
from ._rds.sources import SourceState
from ._rds.state import TaskState
from ._transport.patch import active_accounts

__tracebackhide__ = True

_MOST_LINES = 30
_MOST_TASKS = 20
_MOST_HINTS = 20
_MOST_LENGTHS = 3
_WIDTH = 140
_MIN_MESSAGE = 50


def format_report(account: Account) -> str:
    """Return the report of an account: what happened, tasks, sources and hints; an empty string if there is nothing."""
    try:
        return _format_report(account)
    except Exception as error:  # noqa: BLE001 - a report must not end the run
        return f"the report failed: {error!r}"


def _format_report(account: Account) -> str:
    with account.lock:
        regions = sorted(account.regions.values(), key=lambda r: (r.name != account.options.region, r.name))
        tasks = [(region, task) for region in regions for task in region.tasks.values()]
        sources = [(region, source) for region in regions for source in region.sources.values()]
        advancing: list[tuple[Region, Record]] = [*tasks[:_MOST_TASKS], *sources[:_MOST_TASKS]]
        # After the account's end, the clock may have been unfrozen: all is shown as it was read last.
        for region, record in advancing if account in active_accounts() else ():
            region.advance(record, _clock.now())
        entries = account.log.entries()
        if not entries and not tasks and not sources:
            return ""
        hints = list(dict.fromkeys(find_hints(account)))
        return "\n".join(
            [
                "what happened:",
                *_limit(_merge(entries), _MOST_LINES, _format_step, keep_last=True, forgotten=account.log.forgotten),
                "tasks:",
                *_limit(tasks, _MOST_TASKS, _format_task),
                *(["sources:", *_limit(sources, _MOST_TASKS, _format_source)] if sources else []),
                *_format_deliveries(account),
                *(["hints:", *_limit(hints, _MOST_HINTS)] if hints else []),
            ]
        )


@dataclass
class _Step:
    """A line about what happened: a change, or calls in a row that ask the same and end alike, and the sleeps."""

    elapsed: timedelta
    text: str
    calls: list[Call] = field(default_factory=list)
    sleeps: list[timedelta] = field(default_factory=list)


def _merge(entries: Iterable[Entry]) -> list[_Step]:
    steps: list[_Step] = []
    for elapsed, _, what in entries:
        last = steps[-1] if steps else None
        if isinstance(what, Call):
            text = format_call(what, _WIDTH)
            if last is None or last.text != text:
                last = _Step(elapsed, text)
                steps.append(last)
            last.calls.append(what)
        elif isinstance(what, Change):
            steps.append(_Step(elapsed, _format_change(what)))
        else:
            if last is None or not (last.calls or last.sleeps):
                last = _Step(elapsed, "")
                steps.append(last)
            last.sleeps.append(what)
    return steps


def _format_step(step: _Step) -> str:
    times = f" ({len(step.calls)} times)" if len(step.calls) > 1 else ""
    parts = [f"{step.text}{times}{_format_statuses(step.calls)}", _format_sleeps(step.sleeps)]
    return f"{_format_elapsed(step.elapsed)}  {'; '.join(filter(None, parts))}"


def _format_elapsed(elapsed: timedelta) -> str:
    sign = "-" if elapsed < timedelta(0) else "+"
    return f"{sign}{timedelta(seconds=int(abs(elapsed).total_seconds()))}"


def _format_sleeps(sleeps: Sequence[timedelta]) -> str:
    """Return how long the code slept: each time, or of many different sleeps how often and how long in all."""
    runs = [format_count(_format_length(length), len(list(group))) for length, group in groupby(sleeps)]
    if len(runs) > _MOST_LENGTHS:
        return f"slept {len(sleeps)} times, {_format_length(sum(sleeps, timedelta(0)))} in all"
    return f"slept {', '.join(runs)}" if runs else ""


def _format_length(length: timedelta) -> str:
    return f"{length.total_seconds():g} s" if length < timedelta(minutes=10) else str(length)


def _format_change(change: Change) -> str:
    record = change.record
    name = record.arn if isinstance(record, SourceState) else repr(record.fields["ExportTaskIdentifier"])
    noun = "event" if len(change.event_ids) == 1 else "events"
    events = f", {noun} {' and '.join(change.event_ids)}" if change.event_ids else ""
    return f"{name} {change.status} in {change.region}{events}"


def _format_statuses(calls: Sequence[Call]) -> str:
    """Return the statuses that polls have seen, such as ``: STARTING x20, COMPLETE``."""
    responses = [records for call in calls if (records := records_shown(call)) is not None]
    noun = "task" if calls and calls[0].operation == "DescribeExportTasks" else "snapshot"
    seen = [records[0]["Status"] if len(records) == 1 else pluralize(len(records), noun) for records in responses]
    runs = ((status, len(list(group))) for status, group in groupby(seen))
    return ": " + ", ".join(format_count(*run) for run in runs) if seen else ""


def _format_task(found: tuple[Region, TaskState]) -> str:
    region, task = found
    percent, store_error = task.fields["PercentProgress"], region.store_error(task)
    error = f", its files were not stored: {shorten(safe_repr(store_error), _WIDTH)}" if store_error else ""
    timeline = shorten(repr(task.timeline), _WIDTH)
    return f"{task.identifier!r} {task.status} {percent}% in {region.name}, {timeline}{error}"


def _format_source(found: tuple[Region, SourceState]) -> str:
    _, source = found
    return source.arn if source.status == "available" else f"{source.arn}, {source.status}"


def _format_deliveries(account: Account) -> list[str]:
    found: list[Delivery] = account.outbox.deliveries
    lines = [f"{delivery.receiver}: {delivery.event!r} {delivery.outcome}" for delivery in found]
    return ["deliveries:", *_limit(lines, _MOST_LINES, keep_last=True)] if lines else []


def _limit(
    items: Sequence[Any],
    most: int,
    format_item: Callable[[Any], str] = str,
    *,
    keep_last: bool = False,
    forgotten: int = 0,
) -> list[str]:
    """Return a line for each of at most so many items, and how many others there are, with those *forgotten*."""
    left_out = max(len(items) - most, 0) + forgotten
    shown = [f"  {format_item(item)}" for item in (items[-most:] if keep_last else items[:most])]
    if left_out > 0:
        note = f"  ... {left_out} {'earlier' if keep_last else 'more'} ..."
        shown.insert(0 if keep_last else len(shown), note)
    return shown or ["  nothing" if keep_last else "  none"]


def format_catalogue(catalogue: Sequence[Failure], width: int) -> list[str]:
    """Return the failures of all operations as lines of at most *width* characters, grouped by what can fail so."""
    operations = {failure.operation for failure in catalogue}
    having = Counter(failure.name for failure in catalogue)
    groups: dict[tuple[bool, str], dict[str, Failure]] = {}
    for failure in catalogue:
        if failure.kind == "transport":
            key = True, "failures of the network"
        elif failure.kind == "common" and having[failure.name] == len(operations):
            key = True, "failures of any operation"
        else:
            key = False, f"failures of {failure.operation}"
        groups.setdefault(key, {}).setdefault(failure.name, failure)
    names = max(len(failure.name) for failure in catalogue)
    lines = []
    for (_, title), group in sorted(groups.items(), key=lambda item: item[0][0]):
        lines.append(f"{title}:")
        for failure in group.values():
            lines += _format_failure(failure, names, width)
        lines.append("")
    return [
        *lines,
        "in a test: rds_export_tasks.inject('AccessDenied', operation='StartExportTask')",
        "one test for each: @pytest.mark.rds_export_failure('StartExportTask')",
    ]


def _format_failure(failure: Failure, names: int, width: int) -> list[str]:
    """Return the name of a failure, and its message next to it; below it if there is not enough room."""
    status = f"HTTP {failure.http_status}" if failure.http_status else "no status"
    head = f"  {failure.name:{names}}  {status:9}  {'retried' if failure.retried else '':7}  "
    if width - len(head) < _MIN_MESSAGE:
        return [head.rstrip(), *textwrap.wrap(failure.message, width, initial_indent="    ", subsequent_indent="    ")]
    return textwrap.wrap(failure.message, width, initial_indent=head, subsequent_indent=" " * len(head))
