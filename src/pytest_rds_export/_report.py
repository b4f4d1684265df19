"""What a failing test shows, and the catalogue as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from ._calls import Call
from ._failures import Failure
from ._registry import ExportTaskRegistry
from ._task import ExportTask
from ._wording import close_matches

__tracebackhide__ = True

_MOST_CALLS = 30
_MOST_TASKS = 20
_MOST_HINTS = 20
_WIDEST = 160
_MOST_COMPARED = 500


def described(registry: ExportTaskRegistry) -> str:
    """What ``describe`` gives; where that fails, the reason, since a report must not end the run."""
    try:
        return describe(registry)
    except Exception as error:  # noqa: BLE001
        return f"could not be described: {error!r}"


def describe(registry: ExportTaskRegistry) -> str:
    """The calls in order with what came of them, the tasks as they stand, and the likeliest mistakes in words."""
    regions = sorted(registry.account.regions.values(), key=lambda region: (region is not registry, region.region))
    tasks = [task for region in regions for task in region.values()]
    lines = [
        "calls:",
        *_cut(registry.calls, _MOST_CALLS, _call_line, keep_last=True),
        "tasks:",
        *_cut(tasks, _MOST_TASKS, _task_line, keep_last=False),
    ]
    hints = dict.fromkeys(hint for call in registry.calls for hint in _hints(call, registry))
    for injection in registry.account.injections.unused() if registry.calls else ():
        hints[injection.unmet] = None
    if hints:
        lines += ["likely mistakes:", *(f"  {hint}" for hint in list(hints)[:_MOST_HINTS])]
    return "\n".join(lines)


def _cut(items: Sequence[object], most: int, line: Callable[[Any], str], *, keep_last: bool) -> list[str]:
    kept = items[-most:] if keep_last else items[:most]
    shown = [_shortened(f"  {line(item)}") for item in kept]
    if len(items) > most:
        rest = f"  ... {len(items) - most} {'earlier' if keep_last else 'more'} ..."
        shown.insert(0 if keep_last else len(shown), rest)
    return shown or ["  none"]


def _shortened(line: str) -> str:
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 3]}..."


def _call_line(call: Call) -> str:
    return call.summary


def _task_line(task: ExportTask) -> str:
    return repr(task)[len("<ExportTask ") : -1]


def _hints(call: Call, registry: ExportTaskRegistry) -> Iterable[str]:
    identifier = call.identifier
    if identifier is None or call.error_code != "ExportTaskNotFound":
        return
    for region in registry.account.regions.values():
        if identifier in region and region.region != call.region:
            yield f"{identifier!r} is in {region.region}; this call went to {call.region}"
        for other in region:
            if other != identifier and other.lower() == identifier.lower():
                yield f"identifiers keep their case: {other!r} is in {region.region}, {identifier!r} was asked for"
        for other in close_matches(identifier, islice(region, _MOST_COMPARED), cutoff=0.8):
            if other.lower() != identifier.lower():
                yield f"{other!r} is in {region.region}; {identifier!r} was asked for"


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
