"""What clients asked, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ._wording import counted

__tracebackhide__ = True


class Call:
    """One call of a client: all its sends, however often botocore retried it.

    ``operation`` is the API's name, ``parameters`` and ``response`` have the shape that boto3 users know. ``region``
    is where the call went, ``time`` when it was first sent. ``attempts`` counts the sends, ``retry_delays`` are the
    seconds that botocore would have slept between them. ``http_status``, ``error_code`` and ``response`` are the last
    answer's: ``error_code`` is the fault's wire code, or the name of a transport failure or exception; ``response``
    is None for a fault, ``http_status`` where no answer came. ``injected`` says whether the last send met an injected
    failure.
    """

    __slots__ = (
        "attempts",
        "error_code",
        "http_status",
        "injected",
        "invocation",
        "operation",
        "parameters",
        "region",
        "response",
        "retry_delays",
        "time",
    )

    def __init__(
        self, operation: str, parameters: Mapping[str, Any], region: str, time: datetime, invocation: str | None
    ) -> None:
        self.invocation = invocation
        self.operation = operation
        self.parameters = parameters
        self.region = region
        self.time = time
        self.attempts = 1
        self.retry_delays: list[float] = []
        self.http_status: int | None = None
        self.error_code: str | None = None
        self.response: Mapping[str, Any] | None = None
        self.injected = False

    def ended(
        self,
        http_status: int | None,
        error_code: str | None = None,
        response: Mapping[str, Any] | None = None,
        *,
        injected: bool = False,
    ) -> None:
        """Note what came of the latest send."""
        self.http_status = http_status
        self.error_code = error_code
        self.response = response
        self.injected = injected

    @property
    def outcome_is_open(self) -> bool:
        """Whether nothing is noted yet of what came of the latest send."""
        return self.http_status is None and self.error_code is None

    @property
    def identifier(self) -> str | None:
        """The export task that the call is about, if its parameters name one."""
        found = self.parameters.get("ExportTaskIdentifier")
        return None if found is None else str(found)

    @property
    def outcome(self) -> str:
        """What came of the call, in a few words."""
        result = self.error_code or ("no answer" if self.outcome_is_open else "ok")
        notes = [f"HTTP {self.http_status}"] if self.http_status is not None else []
        if self.injected:
            notes.append("injected")
        return f"{result} ({', '.join(notes)})" if notes else result

    @property
    def effort(self) -> str:
        """What the retries came to, in a few words."""
        sends = counted(self.attempts, "attempt")
        delays = ", ".join(f"{delay:.2f}" for delay in self.retry_delays)
        return f"{sends}, delays {delays} s" if delays else sends

    @property
    def summary(self) -> str:
        """The whole call in one line."""
        about = f" {self.identifier!r}" if self.identifier is not None else ""
        return f"{self.operation}{about} in {self.region}: {self.outcome}, {self.effort}"

    def __repr__(self) -> str:
        return f"<Call {self.summary}>"


class CallLog:
    """The calls of an account, in order; attempts of one call are joined by botocore's invocation id."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.unanswered: list[Call] = []

    def attempt(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        region: str,
        time: datetime,
        *,
        invocation: str | None = None,
        first: bool = True,
    ) -> Call:
        """The call that a send belongs to, with this send counted."""
        call = None if first else self.of_invocation(invocation)
        if call is None:
            call = Call(operation, parameters, region, time, invocation)
            self.calls.append(call)
        else:
            call.attempts += 1
            call.ended(None)
        return call

    def of_invocation(self, invocation: str | None) -> Call | None:
        """The call that the client knows by this id, the latest ones being looked through first."""
        if invocation is None:
            return None
        return next((call for call in reversed(self.calls) if call.invocation == invocation), None)

    def nobody_answered(self, call: Call) -> None:
        """Note that nobody answered a call; once, however often it is sent."""
        call.ended(None, "UnansweredOperation")
        if call not in self.unanswered:
            self.unanswered.append(call)
