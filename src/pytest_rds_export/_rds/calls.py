"""What clients asked for, and how each call ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .._messages import pluralize

__tracebackhide__ = True


class Call:
    """One call of a client: all its attempts, however often botocore retried it.

    ``operation`` is the API's name, ``parameters`` and ``response`` have the shape that boto3 users know. ``region``
    is where the call went, ``time`` when it was first sent. ``attempts`` counts the sends, ``retry_delays`` are the
    seconds that botocore would have slept between them. ``http_status``, ``error_code`` and ``response`` are the last
    answer's: ``error_code`` is the fault's wire code, or the name of a transport failure or exception; ``response``
    is None for a fault, ``http_status`` where no answer came. ``injected`` says whether the last send met an injected
    failure. ``invocation_id`` is botocore's id of the call, the same in all its attempts.
    """

    __slots__ = (
        "attempts",
        "error_code",
        "http_status",
        "injected",
        "invocation_id",
        "operation",
        "parameters",
        "region",
        "response",
        "retry_delays",
        "time",
    )

    def __init__(self, operation: str, region: str, time: datetime, invocation_id: str | None) -> None:
        self.operation = operation
        self.region = region
        self.time = time
        self.invocation_id = invocation_id
        self.parameters: Mapping[str, Any] = {}
        self.attempts = 0
        self.retry_delays: list[float] = []
        self.http_status: int | None = None
        self.error_code: str | None = None
        self.response: Mapping[str, Any] | None = None
        self.injected = False

    @property
    def identifier(self) -> str | None:
        """The export task that the call is about, if its parameters name one."""
        found = self.parameters.get("ExportTaskIdentifier")
        return None if found is None else str(found)

    @property
    def outcome(self) -> str:
        """What came of the call, in a few words."""
        result = self.error_code or ("ok" if self.http_status is not None else "no answer")
        notes = [f"HTTP {self.http_status}"] if self.http_status is not None else []
        if self.injected:
            notes.append("injected")
        return f"{result} ({', '.join(notes)})" if notes else result

    def __repr__(self) -> str:
        return f"<Call {describe_call(self)}>"


def describe_call(call: Call) -> str:
    """Return the whole call in one line."""
    about = f" {call.identifier!r}" if call.identifier is not None else ""
    delays = ", ".join(f"{delay:.2f}" for delay in call.retry_delays)
    attempts = pluralize(call.attempts, "attempt") + (f", delays {delays} s" if delays else "")
    return f"{call.operation}{about} in {call.region}: {call.outcome}, {attempts}"


class CallLog:
    """The calls of an account, in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.unanswered: list[Call] = []

    def begin_attempt(
        self, operation: str, region: str, time: datetime, *, invocation_id: str | None, first: bool
    ) -> Call:
        """Return the call that an attempt belongs to: a new one, or the one that is retried."""
        call = None if first else self.find(invocation_id)
        if call is None:
            call = Call(operation, region, time, invocation_id)
            self.calls.append(call)
        else:
            record_outcome(call, None)
        call.attempts += 1
        return call

    def find(self, invocation_id: str | None) -> Call | None:
        """Return the latest call with botocore's invocation id."""
        if invocation_id is None:
            return None
        return next((call for call in reversed(self.calls) if call.invocation_id == invocation_id), None)

    def record_unanswered(self, call: Call) -> None:
        """Record that nothing handles a call; once, however often it is sent."""
        record_outcome(call, None, "UnansweredOperation")
        if call not in self.unanswered:
            self.unanswered.append(call)


def record_outcome(
    call: Call,
    http_status: int | None,
    error_code: str | None = None,
    response: Mapping[str, Any] | None = None,
    *,
    injected: bool = False,
) -> None:
    """Record how the latest attempt of a call ended."""
    call.http_status = http_status
    call.error_code = error_code
    call.response = response
    call.injected = injected
