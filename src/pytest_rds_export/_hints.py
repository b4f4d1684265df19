"""What most likely went wrong in a failing test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from . import _clock
from ._messages import find_similar, pluralize
from ._rds.account import Account
from ._rds.arns import Arn, parse_arn, split_arn
from ._rds.calls import Call, format_call
from ._rds.injections import format_unused
from ._rds.options import Options
from ._rds.sources import RESOURCE_TYPES, SourceState
from ._rds.state import FINISHED, TaskState
from ._rds.timeline import SnapshotTimeline, Stuck, Timeline

__tracebackhide__ = True

_MAX_CALLS = 30
_MAX_SOURCES = 5
_MANY_POLLS = 3
_SHORTEST_SLEEP = timedelta(seconds=1)
_LONGEST_TEST = timedelta(hours=1)
_SHAPES = ("ExportTask", *(type_.shape for type_ in RESOURCE_TYPES.values() if type_.parent))
# By operation: the member of the response that lists tasks or snapshots.
_LISTS = {f"Describe{shape}s": f"{shape}s" for shape in _SHAPES}
# The members that identify what is listed.
_KEYS = ("ExportTaskIdentifier", "DBSnapshotArn", "DBClusterSnapshotArn")
# The faults of a snapshot that is not available.
_NOT_AVAILABLE = ("InvalidExportSourceState", "InvalidDBSnapshotState", "InvalidDBClusterSnapshotStateFault")
# By SnapshotType: what a Describe operation must be given to return such a snapshot.
_ASKED_FOR = {"automated": "SnapshotType='automated'", "shared": "IncludeShared=True", "public": "IncludePublic=True"}


def records_shown(call: Call) -> Sequence[Mapping[str, Any]] | None:
    """Return the tasks or snapshots in the response of a call; None if it is another call, or had no response."""
    name = _LISTS.get(call.operation)
    return None if name is None or call.response is None else call.response.get(name, ())


def tasks_shown(call: Call) -> Sequence[Mapping[str, Any]] | None:
    """Return the same of a call of DescribeExportTasks only."""
    return records_shown(call) if call.operation == "DescribeExportTasks" else None


def find_hints(account: Account) -> Iterator[str]:
    calls = list(account.log.calls)
    own = [call for call in calls if not call.injected]
    # Comparing names takes long: calls that are alike have their hints once, and of very many the last ones have any.
    different = {(format_call(call), tasks_shown(call) == []): call for call in own}
    for call in list(different.values())[-_MAX_CALLS:]:
        yield from _hints_of_call(account, call)
    yield from _hints_of_late_cancels(account, own)
    yield from _hints_of_polls(account, own)
    yield from _hints_of_retries(calls)
    yield from _hints_of_events(account, own)
    yield from _hints_of_sources(account, own)
    yield from _hints_of_scheduled_calls()
    if calls:
        yield from map(format_unused, account.injections.unused())


def _hints_of_call(account: Account, call: Call) -> Iterator[str]:
    code = call.error_code
    if code == "ExportTaskLimitReachedFault":
        options = account.options
        place = "the account" if options.concurrent_limit_scope == "account" else call.region
        yield (
            f"{pluralize(options.concurrent_limit, 'export')} may run at once in {place}, seeded ones included. "
            "Set the option concurrent_limit to allow more"
        )
    elif code == "ExportTaskAlreadyExists":
        yield from _hints_of_source_in_use(account, call)
    elif code == "ExportTaskNotFound" or (call.identifier is not None and tasks_shown(call) == []):
        yield from _hints_of_identifier(account, call)
    elif code in {type_.not_found for type_ in RESOURCE_TYPES.values()}:
        yield from _hints_of_source(account, call)
    elif code in _NOT_AVAILABLE:
        yield from _hints_of_waiting(account, call)
    for item in call.parameters.get("Filters", ()):
        upper = [value for value in item["Values"] if value != value.lower()]
        if upper and item["Name"] == "status":
            yield f"the filter 'status' compares lower case: use {upper[0].lower()!r}, not {upper[0]!r}"


def _hints_of_identifier(account: Account, call: Call) -> Iterator[str]:
    identifier = str(call.identifier)
    for region in account.regions.values():
        if identifier in region.tasks and region.name != call.region:
            yield (
                f"{identifier!r} is in {region.name}, but the call went to {call.region}. "
                f"Use in_region({call.region!r}) or the option region"
            )
        for other in find_similar(identifier, region.tasks, cutoff=0.8):
            if other != identifier:
                same = "; identifiers are case-sensitive" if other.lower() == identifier.lower() else ""
                yield f"{other!r} is in {region.name}, but the call asked for {identifier!r}{same}"


def _hints_of_source_in_use(account: Account, call: Call) -> Iterator[str]:
    for task in account.region(call.region).tasks.values():
        same = task.fields["SourceArn"] == call.parameters.get("SourceArn") and task.identifier != call.identifier
        if same and task.status not in FINISHED:
            yield (
                f"{task.identifier!r} exports the same source, of which one export runs at a time. Give each export a "
                "source of its own, or set the option one_export_per_source=False"
            )


def _hints_of_source(account: Account, call: Call) -> Iterator[str]:
    kind, name, region, arn = _find_source(call)
    if not name:
        return
    source = f"{kind}:{name}"
    if region != call.region and not call.operation.startswith("Copy"):
        yield f"the ARN of {source} names {region}, but the call went to {call.region}"
        return
    for other in account.regions.values():
        if other.name != region and source in _arns_by_name(other.sources, kind):
            yield f"{source} is in {other.name}, but the call went to {region}"
    sources = account.region(region).sources
    known, where = _arns_by_name(sources, kind), "seeded"
    if not known:
        known, where = _arns_by_name(account.log.arns_in_moto.get(region, ()), kind), "in moto"
    found = sources.get(known.get(source, ""))
    if found is not None and call.operation.startswith("Describe") and found.fields.get("SnapshotType") in _ASKED_FOR:
        snapshot_type = found.fields["SnapshotType"]
        yield f"{source} has the SnapshotType {snapshot_type!r}. Pass {_ASKED_FOR[snapshot_type]}"
    elif source in known and arn is not None:
        yield f"{source} is {where} as {known[source]}: the ARN of the call names another account or partition"
    elif known and source not in known:
        closest = find_similar(source, known)
        ordered = [*closest, *(other for other in known if other not in closest)]
        more = ", ..." if len(ordered) > _MAX_SOURCES else ""
        listed = f"{', '.join(ordered[:_MAX_SOURCES])}{more}"
        yield f"{source} is not {where} in {region}. {where.capitalize()} there: {listed}"


def _hints_of_waiting(account: Account, call: Call) -> Iterator[str]:
    """Yield the snapshots that a call has named before they were available."""
    names = {str(value).lower() for value in call.parameters.values()}
    for region in account.regions.values():
        for source in region.sources.values():
            is_here = region.name == call.region and source.type.shape in call.operation
            is_named = source.arn in names or (is_here and source.name in names)
            if is_named and source.stage in ("creating", "copying", "available"):
                yield (
                    f"{split_arn(source.arn).resource} was not available yet when {call.operation} was called. "
                    "Wait for it, as with a waiter of the client"
                )


def _arns_by_name(arns: Iterable[str], kind: str) -> dict[str, str]:
    """Return ARNs by the type and name of what they name: instances, or everything else."""
    parsed = ((split_arn(arn), arn) for arn in arns)
    return {parts.resource: arn for parts, arn in parsed if (parts.resource_type == "db") == (kind == "db")}


def _find_source(call: Call) -> tuple[str, str, str, Arn | None]:
    """Return the type, the name and the region of the source that a call did not find, and its ARN if it was given."""
    kind, type_ = next(item for item in RESOURCE_TYPES.items() if item[1].not_found == call.error_code)
    names = (type_.identifier, f"Source{type_.identifier}", "SourceArn")
    name = next((call.parameters[name] for name in names if name in call.parameters), "")
    arn = parse_arn(name)
    return (arn.resource_type, arn.name, arn.region, arn) if arn else (kind, str(name).lower(), call.region, None)


def _hints_of_late_cancels(account: Account, calls: Iterable[Call]) -> Iterator[str]:
    """Yield, for each task, how much too late its first refused cancel came."""
    refused: dict[tuple[str, str | None], Call] = {}
    for call in calls:
        if call.error_code == "InvalidExportTaskStateFault":
            refused.setdefault((call.region, call.identifier), call)
    for (region, identifier), call in refused.items():
        task = account.region(region).tasks.get(str(identifier))
        if task is None:
            continue
        end = task.fields.get("TaskEndTime")
        if end is None or call.time < end:
            yield f"{identifier!r} was CANCELING already when it was cancelled"
        elif call.time - end < timedelta(seconds=1):
            yield f"{identifier!r} was {task.status} already when it was cancelled"
        else:
            late = timedelta(seconds=int((call.time - end).total_seconds()))
            yield f"{identifier!r} was cancelled {late} too late: it became {task.status} at {end:%Y-%m-%dT%H:%M:%SZ}"


def _hints_of_polls(account: Account, calls: Iterable[Call]) -> Iterator[str]:
    """Yield the tasks and snapshots that were described again and again while nothing advanced them.

    And the tasks that were so after they had ended.
    """
    polls: dict[TaskState | SourceState, list[Call]] = {}
    for call in calls:
        region, shown = account.region(call.region), records_shown(call) or ()
        keys = [shown[0][name] for name in _KEYS if name in shown[0]] if len(shown) == 1 else []
        for record in [region.tasks.get(key) or region.sources.get(key) for key in keys]:
            if record is not None:
                polls.setdefault(record, []).append(call)
    for record, found in polls.items():
        name = record.identifier if isinstance(record, TaskState) else record.name
        if record.status not in (*FINISHED, "available", "failed"):
            seen = f"{name!r} was described {pluralize(len(found), 'time')} and is still {record.status}"
            yield from (seen + hint for hint in _hints_of_unfinished(record, account.options, found))
        elif isinstance(record, TaskState) and record.status != "COMPLETE":
            ended = [tasks for call in found if (tasks := tasks_shown(call)) and tasks[0]["Status"] == record.status]
            if len(ended) >= _MANY_POLLS:
                yield (
                    f"{name!r} was described {len(ended)} times after it had become {record.status}. "
                    f"The code may wait for COMPLETE only: have it stop at {record.status}, too"
                )


def _hints_of_unfinished(record: TaskState | SourceState, options: Options, polls: Sequence[Call]) -> Iterator[str]:
    timeline, noun = record.timeline, "task" if isinstance(record, TaskState) else "snapshot"
    slept = _slept_for_real(polls)
    if slept:
        yield ". If the code sleeps between polls, it sleeps for real: use the fixture rds_export_clock"
    if len(polls) < _MANY_POLLS:
        return
    last = polls[-1].time
    stands_still = polls[-_MANY_POLLS].time == last
    if isinstance(timeline, Stuck):
        # Otherwise the test means it: it has said so for this record, or it moves the clock past a deadline.
        option = "timeline" if noun == "task" else "snapshot_timeline"
        if timeline is getattr(options, option) and (stands_still or _is_on_the_real_clock(last)):
            yield f": the option {option} is Stuck(), which advances no {noun}. Use move_to(), or another timeline"
    elif isinstance(timeline, (Timeline, SnapshotTimeline)) and not slept:
        kind = type(timeline).__name__
        instead = "timeline=Polls()" if kind == "Timeline" else "snapshot_timeline=SnapshotPolls()"
        if _is_on_the_real_clock(last):
            if kind == "Timeline":  # _hints_of_sources has that of a snapshot
                yield f": its Timeline follows the real clock. Use the fixture rds_export_clock, or {instead}"
        elif stands_still:
            yield (
                f": its {kind} follows the frozen clock, which stayed at {last:%Y-%m-%dT%H:%M:%SZ}. "
                f"Move the clock, or use {instead}"
            )


def _slept_for_real(polls: Sequence[Call]) -> bool:
    """Return whether so much real time passed between polls, or since the last one, that the code may have slept."""
    times = [*(call.time for call in polls), _clock.now()]
    return _is_on_the_real_clock(times[-2]) and any(b - a >= _SHORTEST_SLEEP for a, b in pairwise(times))


def _is_on_the_real_clock(last: datetime) -> bool:
    """Return whether the clock was not frozen at *last*, the time of a call of this test."""
    return not _clock.is_frozen() and abs(_clock.now() - last) < _LONGEST_TEST


def _hints_of_retries(calls: Iterable[Call]) -> Iterator[str]:
    """Yield the injected failures that the code under test has not seen."""
    for call in calls:
        if call.injected_failures and not call.injected and call.error_code is None:
            failed = " and ".join(dict.fromkeys(call.injected_failures))
            yield (
                f"{call.operation} succeeded although {failed} was injected, because botocore retried it. "
                "To fail the call, inject it with calls=1"
            )


def _hints_of_events(account: Account, calls: Iterable[Call]) -> Iterator[str]:
    """Yield the tasks that were seeded as finished, where somebody asked for events and there are none."""
    asked = set(account.log.regions_asked_for_events)
    asked |= {call.region for call in calls if call.operation == "DescribeEvents" and call.response is not None}
    if account.outbox.receivers:
        asked |= set(account.regions)
    for region in account.regions.values():
        ended = next((task for task in region.tasks.values() if task.status in FINISHED), None)
        if region.name in asked and not region.events and ended is not None:
            yield (
                f"{ended.identifier!r} has no event, because it was seeded {ended.status}. "
                f"Seed it running, then move_to({ended.status!r})"
            )


def _hints_of_sources(account: Account, calls: Iterable[Call]) -> Iterator[str]:
    """Yield the sources that only a frozen clock advances."""
    called = {call.region for call in calls if not _clock.is_frozen()}
    for region in account.regions.values():
        for source in region.sources.values() if region.name in called else ():
            if source.due_at() is not None:
                yield (
                    f"{split_arn(source.arn).resource} is still {source.status}: its SnapshotTimeline follows the real "
                    "clock. Use the fixture rds_export_clock, or snapshot_timeline=SnapshotPolls()"
                )


def _hints_of_scheduled_calls() -> Iterator[str]:
    clock = _clock.active_clock()
    for when, callback in [] if clock is None else clock.waiting():
        yield (
            f"a call of {getattr(callback, '__qualname__', callback)} is scheduled for {when:%Y-%m-%dT%H:%M:%SZ} and "
            f"never ran: the clock is at {_clock.now():%Y-%m-%dT%H:%M:%SZ}"
        )
