"""What can happen to each call of a scenario: each failure that it can have, as ``inject`` takes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from . import _failures
from ._end_check import describe_call, describe_calls
from ._failures import KINDS, Failure
from ._live.registry import ExportTaskRegistry
from ._messages import must_be, must_be_type, unknown_name
from ._rds.calls import Call
from ._rds.injections import Injection
from ._times import to_length

__tracebackhide__ = True

What = str | Failure | Exception | timedelta | float
"""What a user passes for a failure, or for several."""

LOST = "lost response"
LATE = "late response"
_LATE = timedelta(minutes=10)
_KINDS = (*KINDS, LOST, LATE)
_ANY = "CancelExportTask"  # any operation has the failures that are not its own


class _Way(NamedTuple):
    """One way in which a call can fail."""

    failure: Failure | Exception | None
    lost: bool = False
    delay: timedelta = timedelta(0)

    def __str__(self) -> str:
        if self.delay:
            return f"a response {self.delay} late"
        if self.lost:
            return LOST
        return self.failure.name if isinstance(self.failure, Failure) else repr(self.failure)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of ``inject`` that say how often it happens, and what is left of the call."""
        if self.delay:
            return {"times": 1, "delay": self.delay}
        if self.lost:
            return {"times": 1, "applied": True}
        # A response that breaks off is that of an operation which has taken effect.
        breaks_off = isinstance(self.failure, Failure) and self.failure.name == "TruncatedResponse"
        return {"calls": 1, "applied": True} if breaks_off else {"calls": 1}


class Case(NamedTuple):
    """One call of the recording, and what happens to it."""

    position: int
    call: Call
    where: dict[str, Any]
    """The arguments of ``inject`` that select the call."""
    way: _Way

    def __str__(self) -> str:
        return f"{self.way} into {describe_call(self.call)}, call {self.position}"

    def inject(self, tasks: ExportTaskRegistry) -> Injection:
        return tasks.inject(self.way.failure, **self.where, **self.way.arguments())

    def line(self) -> str:
        """Return the Python code that injects it."""
        arguments = {**self.where, **self.way.arguments()}
        if "delay" in arguments:
            seconds = arguments["delay"].total_seconds()
            arguments["delay"] = int(seconds) if seconds.is_integer() else seconds
        given = [] if self.way.failure is None else [_to_code(self.way.failure, self.call.operation)]
        given += [f"{name}={value!r}" for name, value in arguments.items()]
        return f"rds_export_tasks.inject({', '.join(given)})"


def _to_code(failure: Failure | Exception, operation: str) -> str:
    if not isinstance(failure, Failure):
        return repr(failure)
    if failure in _failures.failures(operation):
        return repr(failure.name)
    kind = f", kind={failure.kind!r}" if failure.kind != "common" else ""
    return f"Failure({failure.name!r}{kind}, http_status={failure.http_status!r}, message={failure.message!r})"


def list_cases(items: Sequence[What], operations: Sequence[str] | None, calls: Sequence[Call]) -> list[Case]:
    """Return each call, or each one of some operations, with each failure that it can have.

    Raises ``ValueError`` for a failure that none of them can have, and if there is no call.
    """
    wanted = [call for call in calls if operations is None or call.operation in operations]
    if not wanted:
        what = "a call" if operations is None else f"a call of {', '.join(operations)}"
        raise ValueError(f"a sweep needs {what} that can fail, but the first run called {describe_calls(calls)}")
    called = list(dict.fromkeys(call.operation for call in wanted))
    for item in items:
        if not any(True for operation in called for _ in _ways(item, operation)):
            _refuse(item, called)
    ways = {name: list(dict.fromkeys(way for item in items for way in _ways(item, name))) for name in called}
    return [
        Case(position, call, _select(call, calls[: position - 1], calls), way)
        for position, call in enumerate(calls, 1)
        if call in wanted
        for way in ways[call.operation]
    ]


def check_item(item: What) -> What:
    """Return what a user passes for a failure. Raises ``ValueError`` for what is not one."""
    if isinstance(item, (Failure, Exception)):
        return item
    if isinstance(item, str):
        if item not in _KINDS and not any(_ways(item, _ANY)) and _failures.find_operation(item) is None:
            known = [failure.name for failure in _failures.failures(_ANY)]
            raise ValueError(unknown_name("failure", item, (*_KINDS, *known)))
        return item
    if isinstance(item, (timedelta, int, float)) and not isinstance(item, bool):
        length = to_length("a delay", item)
        if not length:
            raise ValueError(must_be("a delay", "longer than 0", item))
        return length
    allowed = "the name of a failure or of a kind, a Failure, an exception, or the delay of a late response"
    raise ValueError(must_be_type("a failure", allowed, item))


def _ways(item: What, operation: str) -> Iterator[_Way]:
    """Yield the ways that an item of the user stands for and that an operation can fail in."""
    if isinstance(item, timedelta) or item == LATE:
        yield _Way(None, delay=item if isinstance(item, timedelta) else _LATE)
    elif item == LOST:
        yield _Way(_failures.find("ReadTimeoutError", operation), lost=True)
    elif item in KINDS:
        yield from map(_Way, _failures.failures(operation, [str(item)]))
    elif isinstance(item, str):
        try:
            yield _Way(_failures.find(item, operation))
        except ValueError:
            return
    elif isinstance(item, Exception) or (isinstance(item, Failure) and item.operation in (None, operation)):
        yield _Way(item)


def _refuse(item: What, operations: Sequence[str]) -> None:
    if isinstance(item, Failure):
        raise ValueError(f"{item!r} cannot be used: the first run called {', '.join(operations)}")
    raise ValueError(f"{', '.join(operations)} cannot fail with {item!r} ({_failures.find_operation(str(item))} can)")


def _select(call: Call, earlier: Sequence[Call], calls: Sequence[Call]) -> dict[str, Any]:
    """Return the arguments of ``inject`` that select a call: its operation, and how many attempts come before it.

    Only if there are several: its export task, so that the order of threads does not count.
    """
    same = {other.identifier for other in calls if other.operation == call.operation}
    where: dict[str, Any] = {"operation": call.operation}
    if len(same) > 1 and call.identifier is not None:
        where["identifier"] = call.identifier
    after = sum(
        other.attempts
        for other in earlier
        if other.operation == call.operation and where.get("identifier") in (None, other.identifier)
    )
    return {**where, "after": after} if after else where
