"""What a failing test shows, and what the checks at the end of a test say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

from . import _clock
from ._failures import Failure, failures
from ._live.deliveries import Delivery
from ._messages import find_similar, pluralize
from ._rds.account import Account, Region
from ._rds.arns import parse_arn, split_arn
from ._rds.calls import Call, describe_call
from ._rds.dispatch import ways_to_handle
from ._rds.injections import Injection, describe_target, describe_unused
from ._rds.sources import RESOURCE_TYPES, SourceState
from ._rds.state import FINISHED, TaskState
from ._rds.timeline import AnyTimeline, Record, Stuck, Timeline
from ._transport.patch import active_accounts

__tracebackhide__ = True

_MAX_CALLS = 30
_MAX_TASKS = 20
_MAX_HINTS = 20
_MAX_WIDTH = 160
_MAX_SOURCES = 5
_MANY_POLLS = 3
_SHORTEST_SLEEP = timedelta(seconds=1)
_LONGEST_TEST = timedelta(hours=1)


def describe(account: Account) -> str:
    """Return the report of an account: calls, tasks, sources and hints; an empty string if there is nothing."""
    try:
        return _describe(account)
    except Exception as error:  # noqa: BLE001 - a report must not end the run
        return f"the report failed: {error!r}"


def _describe(account: Account) -> str:
    with account.lock:
        calls = list(account.log.calls)
        regions = sorted(account.regions.values(), key=lambda r: (r.name != account.options.region, r.name))
        tasks = [(region, task) for region in regions for task in region.tasks.values()]
        sources = [(region, source) for region in regions for source in region.sources.values()]
        advancing: list[tuple[Region, Record]] = [*tasks[:_MAX_TASKS], *sources[:_MAX_TASKS]]
        # After the account's end, the clock may have been unfrozen: all is shown as it was read last.
        for region, record in advancing if account in active_accounts() else ():
            region.advance(record, _clock.now())
        if not calls and not tasks and not sources:
            return ""
        hints = list(dict.fromkeys(_find_hints(account, calls)))
        return "\n".join(
            [
                "calls:",
                *_limit(_describe_calls(calls), _MAX_CALLS, keep_last=True),
                "tasks:",
                *_limit(tasks, _MAX_TASKS, _describe_task),
                *(["sources:", *_limit(sources, _MAX_TASKS, _describe_source)] if sources else []),
                *_describe_deliveries(account),
                *(["hints:", *_limit(hints, _MAX_HINTS, width=None)] if hints else []),
            ]
        )


def _describe_calls(calls: Iterable[Call]) -> list[str]:
    """Return a line for each call; one for those in a row that ask the same and end alike."""
    lines = []
    for line, group in groupby(calls, key=describe_call):
        same = list(group)
        times = f" ({len(same)} times)" if len(same) > 1 else ""
        lines.append(f"{line}{times}{_describe_statuses(same)}")
    return lines


def _describe_statuses(calls: Sequence[Call]) -> str:
    """Return the statuses that polls have seen, such as ``: STARTING x20, COMPLETE``."""
    responses = [tasks for call in calls if (tasks := tasks_shown(call)) is not None]
    seen = [tasks[0]["Status"] if len(tasks) == 1 else pluralize(len(tasks), "task") for tasks in responses]
    runs = ((status, len(list(group))) for status, group in groupby(seen))
    return ": " + ", ".join(_format_count(*run) for run in runs) if seen else ""


def tasks_shown(call: Call) -> Sequence[Mapping[str, Any]] | None:
    """Return the export tasks in the response of a call; None if it is another call, or had no response."""
    if call.operation != "DescribeExportTasks" or call.response is None:
        return None
    tasks: Sequence[Mapping[str, Any]] = call.response.get("ExportTasks", ())
    return tasks


def _format_count(name: str, count: int) -> str:
    return name if count == 1 else f"{name} x{count}"


def _describe_task(found: tuple[Region, TaskState]) -> str:
    region, task = found
    percent, store_error = task.fields["PercentProgress"], region.store_error(task)
    error = f", its files were not stored: {store_error!r}" if store_error else ""
    return f"{task.identifier!r} {task.status} {percent}% in {region.name}, {task.timeline!r}{error}"


def _describe_source(found: tuple[Region, SourceState]) -> str:
    _, source = found
    status = source.fields["Status"]
    return source.arn if status == "available" else f"{source.arn}, {status}"


def _describe_deliveries(account: Account) -> list[str]:
    found: list[Delivery] = account.outbox.deliveries
    lines = [f"{delivery.receiver}: {delivery.event!r} {delivery.outcome}" for delivery in found]
    return ["deliveries:", *_limit(lines, _MAX_CALLS, keep_last=True, width=None)] if lines else []


def _limit(
    items: Sequence[Any],
    most: int,
    describe_item: Callable[[Any], str] = str,
    *,
    keep_last: bool = False,
    width: int | None = _MAX_WIDTH,
) -> list[str]:
    """Return a line for each of at most so many items, indented and not too long."""
    left_out = len(items) - most
    shown = [f"  {describe_item(item)}" for item in (items[-most:] if keep_last else items[:most])]
    if width is not None:
        shown = [line if len(line) <= width else f"{line[: width - 3]}..." for line in shown]
    if left_out > 0:
        note = f"  ... {left_out} {'earlier' if keep_last else 'more'} ..."
        shown.insert(0 if keep_last else len(shown), note)
    return shown or ["  none"]


def _find_hints(account: Account, calls: Sequence[Call]) -> Iterator[str]:
    """Yield what most likely went wrong."""
    own = [call for call in calls if not call.injected]
    # Comparing names takes long: calls that are alike have their hints once, and of very many the last ones have any.
    different = {(describe_call(call), tasks_shown(call) == []): call for call in own}
    for call in list(different.values())[-_MAX_CALLS:]:
        yield from _hints_of_call(account, call)
    yield from _hints_of_late_cancels(account, own)
    yield from _hints_of_polls(account, own)
    if calls:
        yield from map(describe_unused, account.injections.unused())


def _hints_of_call(account: Account, call: Call) -> Iterator[str]:
    code = call.error_code
    if code == "ExportTaskLimitReachedFault":
        options = account.options
        place = "the account" if options.concurrent_limit_scope == "account" else call.region
        yield (
            f"{pluralize(options.concurrent_limit, 'export')} may run at once in {place}, seeded ones included. "
            "Set the option concurrent_limit to allow more"
        )
    elif code == "ExportTaskNotFound" or (call.identifier is not None and tasks_shown(call) == []):
        yield from _hints_of_identifier(account, call)
    elif code in {type_.not_found for type_ in RESOURCE_TYPES.values()}:
        yield from _hints_of_source(account, call)
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


def _hints_of_source(account: Account, call: Call) -> Iterator[str]:
    kind, name, region = _find_source(call)
    if not name:
        return
    source = f"{kind}:{name}"
    if region != call.region:
        yield f"the ARN of {source} names {region}, but the call went to {call.region}"
        return
    for other in account.regions.values():
        if other.name != region and source in _seeded_arns(other):
            yield f"{source} is seeded in {other.name}, but the call went to {region}"
    seeded = _seeded_arns(account.region(region))
    if source in seeded:
        yield f"{source} is seeded as {seeded[source]}: the ARN of the call names another account or partition"
    elif seeded:
        closest = find_similar(source, seeded)
        ordered = [*closest, *(other for other in seeded if other not in closest)]
        more = ", ..." if len(ordered) > _MAX_SOURCES else ""
        yield f"{source} is not seeded in {region}. Seeded there: {', '.join(ordered[:_MAX_SOURCES])}{more}"


def _seeded_arns(region: Region) -> dict[str, str]:
    """Return the ARNs of the seeded sources of a region, by their type and name."""
    return {split_arn(arn).resource: arn for arn in region.sources}


def _find_source(call: Call) -> tuple[str, str, str]:
    """Return the resource type, the name and the region of the source that a call names."""
    given = {name: call.parameters.get(type_.identifier) for name, type_ in RESOURCE_TYPES.items()}
    kind, name = next(((type_, name) for type_, name in given.items() if name), ("", call.parameters.get("SourceArn")))
    arn = parse_arn(name)
    return (arn.resource_type, arn.name, arn.region) if arn else (kind, str(name or ""), call.region)


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
    """Yield the tasks that were described again and again while nothing advanced them."""
    polls: dict[tuple[str, str], list[Call]] = {}
    for call in calls:
        tasks = tasks_shown(call)
        if tasks is not None and len(tasks) == 1:
            polls.setdefault((call.region, tasks[0]["ExportTaskIdentifier"]), []).append(call)
    for (region, identifier), found in polls.items():
        task = account.region(region).tasks.get(identifier)
        if task is not None and task.status not in FINISHED:
            seen = f"{identifier!r} was described {pluralize(len(found), 'time')} and is still {task.status}"
            for hint in _hints_of_unfinished(task.timeline, found):
                yield seen + hint


def _hints_of_unfinished(timeline: AnyTimeline, polls: Sequence[Call]) -> Iterator[str]:
    slept = _slept_for_real(polls)
    if slept:
        yield ". If the code sleeps between polls, it sleeps for real: use the fixture rds_export_clock"
    if len(polls) < _MANY_POLLS:
        return
    if isinstance(timeline, Stuck):
        yield ": its timeline is Stuck(), which never advances it. Use move_to(), or another timeline"
    elif isinstance(timeline, Timeline) and not slept:
        last = polls[-1].time
        if _is_on_the_real_clock(last):
            yield (
                ": its Timeline follows the real clock, which a mocked sleep does not move. "
                "Use the fixture rds_export_clock, or timeline=Polls()"
            )
        elif polls[-_MANY_POLLS].time == last:
            yield (
                f": its Timeline follows the frozen clock, which stayed at {last:%Y-%m-%dT%H:%M:%SZ}. "
                "Move the clock (a mocked sleep does not), or use timeline=Polls()"
            )


def _slept_for_real(polls: Sequence[Call]) -> bool:
    """Return whether so much real time passed between polls, or since the last one, that the code may have slept."""
    times = [*(call.time for call in polls), _clock.now()]
    return _is_on_the_real_clock(times[-2]) and any(b - a >= _SHORTEST_SLEEP for a, b in pairwise(times))


def _is_on_the_real_clock(last: datetime) -> bool:
    """Return whether the clock was not frozen at *last*, the time of a call of this test."""
    return not _clock.is_frozen() and abs(_clock.now() - last) < _LONGEST_TEST


def check_end(account: Account) -> str:
    """Return what to say at the end of a test that passed: unused failures and unhandled operations; or nothing."""
    unused = account.injections.unused() if account.options.assert_all_injected else []
    parts = [_explain_unused(account, injection) for injection in unused]
    if account.options.assert_all_handled:
        counts = Counter((call.operation, call.region) for call in account.log.unhandled)
        for (operation, region), count in counts.items():
            ways = [*ways_to_handle(operation), "allow it: assert_all_handled=False, or unhandled.clear()"]
            parts.append(_with_ways(f"no handler for {operation}, called {pluralize(count, 'time')} in {region}", ways))
    if account.options.assert_all_delivered:
        parts += _explain_undelivered(account.outbox.deliveries)
    return "\n".join(parts)


def _explain_undelivered(deliveries: Sequence[Delivery]) -> Iterator[str]:
    """Yield what to say of each exception of a receiver, once if others are alike."""
    failed = [(number, each) for number, each in enumerate(deliveries) if isinstance(each.error, Exception)]
    for (receiver, outcome), group in groupby(failed, key=lambda item: (item[1].receiver, item[1].outcome)):
        (number, delivery), *more = group
        others = f" and {pluralize(len(more), 'more time')}" if more else ""
        yield _with_ways(
            f"{receiver} {outcome}, when it received {delivery.event!r}{others}",
            [
                "deliver only what it expects: deliver_events(..., pattern={...})",
                f"see its traceback: raise rds_export_tasks.deliveries[{number}].error",
                "allow it: assert_all_delivered=False, or deliveries.clear()",
            ],
        )


def _explain_unused(account: Account, injection: Injection) -> str:
    calls = account.log.calls
    by_identifier = injection.identifier is not None
    called = Counter(
        f"{call.operation} of {call.identifier!r}" if by_identifier and call.identifier is not None else call.operation
        for call in calls
    )
    instead = ", ".join(_format_count(*item) for item in called.items()) or "nothing"
    target = describe_target(injection)
    if injection.after:
        ways = [f"call {target} more often in the test, or lower after="]
    else:
        ways = [f"call {target} in the test"]
    other = next((call.operation for call in calls if _fits(injection, call.operation)), None)
    if other is not None:
        ways += [
            f"fail what is called: inject(..., operation={other!r})",
            f"for the fixture rds_export_failure: @pytest.mark.rds_export_failure({other!r})",
        ]
    ways.append("allow it: assert_all_injected=False")
    return _with_ways(f"{describe_unused(injection)}. The test called {instead}", ways)


def _fits(injection: Injection, operation: str) -> bool:
    """Return whether the failure can be injected into *operation* instead of its own."""
    failure = injection.failure
    if operation == injection.operation:
        return False
    return not isinstance(failure, Failure) or failure.name in {other.name for other in failures(operation)}


def _with_ways(problem: str, ways: Iterable[str]) -> str:
    return "\n".join([f"{problem}. Do one of these:", *(f"  - {way}" for way in ways)])
