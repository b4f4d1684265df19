"""What a failing test shows, and the catalogue as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from ._calls import Call
from ._failures import Failure
from ._record import MOVES
from ._registry import ExportTaskRegistry
from ._task import ExportTask
from ._timeline import Timeline
from ._wording import close_matches

__tracebackhide__ = True

_MOST_CALLS = 30
_MOST_TASKS = 20
_MOST_HINTS = 20
_WIDEST = 160
_IN_VAIN = 3


def described(registry: ExportTaskRegistry) -> str:
    """What ``describe`` gives; where that fails, the reason, since a report must not end the run."""
    try:
        return describe(registry)
    except Exception as error:  # noqa: BLE001
        return f"could not be described: {error!r}"


def describe(registry: ExportTaskRegistry) -> str:
    """The calls in order with what came of them, the tasks as they stand, and the likeliest mistakes in words."""
    regions = sorted(registry._account.regions.values(), key=lambda region: (region is not registry, region.region))
    tasks = [task for region in regions for task in region.values()]
    lines = [
        "calls:",
        *_cut(_counted_lines(registry.calls), _MOST_CALLS, keep_last=True),
        "tasks:",
        *_cut([_task_line(task) for task in tasks[:_MOST_TASKS]], _MOST_TASKS, of=len(tasks)),
    ]
    hints = dict.fromkeys(hint for call in registry.calls for hint in _hints(call, registry))
    hints |= dict.fromkeys(_waited_in_vain(registry))
    for injection in registry._account.injections.unused() if registry.calls else ():
        hints[injection.unmet] = None
    if hints:
        lines += ["likely mistakes:", *(f"  {hint}" for hint in list(hints)[:_MOST_HINTS])]
    return "\n".join(lines)


def _counted_lines(calls: Iterable[Call]) -> list[str]:
    """A line for each call; for equal ones in a row one with their number."""
    lines = ((line, sum(1 for _ in group)) for line, group in groupby(call.summary for call in calls))
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


def _task_line(task: ExportTask) -> str:
    return repr(task)[len("<ExportTask ") : -1]


def _hints(call: Call, registry: ExportTaskRegistry) -> Iterable[str]:
    if call.error_code == "ExportTaskLimitReachedFault" and not call.injected:
        limit = registry._account.options.concurrent_limit
        yield f"{limit} exports are running in {call.region}, seeded ones too; the option concurrent_limit allows more"
    identifier = call.identifier
    if identifier is None or call.error_code != "ExportTaskNotFound":
        return
    for region in registry._account.regions.values():
        if identifier in region and region.region != call.region:
            yield f"{identifier!r} is in {region.region}; this call went to {call.region}"
        for other in region:
            if other != identifier and other.lower() == identifier.lower():
                yield f"identifiers keep their case: {other!r} is in {region.region}, {identifier!r} was asked for"
        for other in close_matches(identifier, region, cutoff=0.8):
            if other.lower() != identifier.lower():
                yield f"{other!r} is in {region.region}; {identifier!r} was asked for"


def _waited_in_vain(registry: ExportTaskRegistry) -> Iterable[str]:
    """Tasks that were asked for again and again while the clock that moves them stood still."""
    looks = (call for call in registry.calls if call.operation == "DescribeExportTasks")
    asked = Counter((call.region, call.identifier) for call in looks)
    for (region, identifier), times in asked.items():
        task = registry._of_region(region)._get_live(identifier or "")
        if task is None or times < _IN_VAIN or registry._clock_is_steered() or not isinstance(task.timeline, Timeline):
            continue
        if MOVES[task.status]:
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
