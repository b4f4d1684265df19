"""What a failing test shows, and the catalogue as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from . import _clock
from ._failures import Failure
from ._messages import close_matches
from ._rds.account import Account
from ._rds.calls import Call, describe_call
from ._rds.injections import describe_target, failure_name
from ._rds.state import FINISHED, TaskState
from ._rds.task import LiveExportTask
from ._rds.timeline import Timeline

__tracebackhide__ = True

_MOST_CALLS = 30
_MOST_TASKS = 20
_MOST_HINTS = 20
_WIDEST = 160
_IN_VAIN = 3


def described(account: Account) -> str:
    """What ``describe`` gives; where that fails, the reason, since a report must not end the run."""
    try:
        with account.no_files():
            return describe(account)
    except Exception as error:  # noqa: BLE001
        return f"could not be described: {error!r}"


def describe(account: Account) -> str:
    """The calls in order with what came of them, the tasks as they stand, and the likeliest mistakes in words."""
    regions = sorted(account.regions.values(), key=lambda region: (region.name != account.options.region, region.name))
    tasks = [task for region in regions for task in region.tasks_in_order]
    calls = account.log.calls
    lines = [
        "calls:",
        *_cut(_counted_lines(calls), _MOST_CALLS, keep_last=True),
        "tasks:",
        *_cut([_task_line(task) for task in tasks[:_MOST_TASKS]], _MOST_TASKS, of=len(tasks)),
        *(_shortened(f"  {task.identifier!r} not stored: {task.store_error!r}") for task in tasks if task.store_error),
    ]
    hints = dict.fromkeys(hint for call in calls for hint in _hints(call, account))
    hints |= dict.fromkeys(_waited_in_vain(account))
    for injection in account.injections.unused() if calls else ():
        hints[f"{failure_name(injection)} was injected into {describe_target(injection)}, but no send met it"] = None
    if hints:
        lines += ["likely mistakes:", *(f"  {hint}" for hint in list(hints)[:_MOST_HINTS])]
    return "\n".join(lines)


def _counted_lines(calls: Iterable[Call]) -> list[str]:
    """A line for each call; for equal ones in a row one with their number."""
    lines = ((line, sum(1 for _ in group)) for line, group in groupby(map(describe_call, calls)))
    return [line if count == 1 else f"{line} ({count} times)" for line, count in lines]


def _cut(lines: Sequence[str], most: int, *, keep_last: bool = False, of: int | None = None) -> list[str]:
    """The lines, indented, as far as they are not too many or too long; *of* is how many there are in all."""
    left_out = (len(lines) if of is None else of) - most
    shown = [_shortened(f"  {line}") for line in (lines[-most:] if keep_last else lines[:most])]
    if left_out > 0:
        rest = f"  ... {left_out} {'earlier' if keep_last else 'more'} ..."
        shown.insert(0 if keep_last else len(shown), rest)
    return shown or ["  none"]


def _shortened(line: str) -> str:
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 3]}..."


def _task_line(task: TaskState) -> str:
    return repr(LiveExportTask.of(task))[len("<ExportTask ") : -1]


def _hints(call: Call, account: Account) -> Iterable[str]:
    if call.error_code == "ExportTaskLimitReachedFault" and not call.injected:
        limit = account.options.concurrent_limit
        yield f"{limit} exports are running in {call.region}, seeded ones too; the option concurrent_limit allows more"
    identifier = call.identifier
    if identifier is None or call.error_code != "ExportTaskNotFound":
        return
    for region in account.regions.values():
        if identifier in region.tasks and region.name != call.region:
            yield f"{identifier!r} is in {region.name}; this call went to {call.region}"
        for other in region.tasks:
            if other != identifier and other.lower() == identifier.lower():
                yield f"identifiers keep their case: {other!r} is in {region.name}, {identifier!r} was asked for"
        for other in close_matches(identifier, region.tasks, cutoff=0.8):
            if other.lower() != identifier.lower():
                yield f"{other!r} is in {region.name}; {identifier!r} was asked for"


def _waited_in_vain(account: Account) -> Iterable[str]:
    """Tasks that were asked for again and again while the clock that moves them stood still."""
    looks = (call for call in account.log.calls if call.operation == "DescribeExportTasks")
    asked = Counter((call.region, call.identifier) for call in looks)
    for (region, identifier), times in asked.items():
        task = account.region(region).tasks.get(identifier or "")
        if task is None or times < _IN_VAIN or _clock.is_frozen() or not isinstance(task.timeline, Timeline):
            continue
        if task.status not in FINISHED:
            yield (
                f"{identifier!r} was asked for {times} times and is {task.status}: its Timeline follows the clock, "
                "which nobody moves; use rds_export_clock, Polls or move_to"
            )


def table(catalogue: Iterable[Failure]) -> list[str]:
    """The catalogue as aligned lines."""
    rows = [("operation", "failure", "kind", "HTTP", "retried", "message")]
    rows += [
        (
            str(failure.operation),
            failure.name,
            failure.kind,
            str(failure.http_status or "-"),
            "yes" if failure.retried else "no",
            failure.message,
        )
        for failure in catalogue
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]).rstrip()
        for row in rows
    ]
