"""What clients asked for, and how each call ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .._messages import pluralize

__tracebackhide__ = True


# The parameters that name a source, or narrow a list.
_NARROWING = re.compile("SourceArn|SourceType|(Source|Target)?DB(Cluster)?SnapshotIdentifier")


class Call:
    """One call of a client: all its attempts, however often botocore retried it.

    Attributes:
        operation: The API name of the operation.
        parameters: The parameters, as a boto3 user writes them.
        region: The region that the call went to.
        time: When the first attempt was made.
        attempts: How many attempts there were.
        retry_delays: The seconds that botocore would have slept between them. They contain jitter: assert on their
            number or on ``attempts``, not on their values.
        http_status: The HTTP status of the last response; None if there was none.
        error_code: The code of the last fault, or the name of a transport failure or exception; None for a success.
        response: The last response, as a boto3 user sees it; None for a fault.
        injected: Whether the last attempt failed with an injected failure.
        injected_failures: The injected failures of all attempts, by their codes.
        invocation_id: botocore's id of the call, the same in all its attempts.

    """

    __module__ = "pytest_rds_export"

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
        self.injected_failures: list[str] = []

    @property
    def identifier(self) -> str | None:
        """The export task that the call is about, if its parameters name one."""
        found = self.parameters.get("ExportTaskIdentifier")
        return None if found is None else str(found)

    @property
    def outcome(self) -> str:
        """How the call ended, in a few words."""
        result = self.error_code or ("ok" if self.http_status is not None else "no response")
        notes = [f"HTTP {self.http_status}"] if self.http_status is not None else []
        if self.injected:
            notes.append("injected")
        return f"{result} ({', '.join(notes)})" if notes else result

    def __repr__(self) -> str:
        return f"<Call {describe_call(self)}>"


def describe_call(call: Call) -> str:
    """Return the whole call in one line."""
    return f"{_describe_request(call)}: {call.outcome}, {_describe_attempts(call)}"


def _describe_request(call: Call) -> str:
    """Return what was asked, in a few words: the export task, or the parameters that narrow a list or name a source."""
    parameters = call.parameters
    about = [repr(call.identifier)] if call.identifier is not None else []
    about += [f"{name}={value}" for name, value in parameters.items() if _NARROWING.fullmatch(name)]
    about += [f"{item['Name']}={','.join(item['Values'])}" for item in parameters.get("Filters", ())]
    return " ".join([call.operation, *about, f"in {call.region}"])


def _describe_attempts(call: Call) -> str:
    attempts = pluralize(call.attempts, "attempt")
    earlier = call.injected_failures[: -1 if call.injected else None]
    if earlier:
        attempts += f" ({', '.join(earlier)} injected)"
    delays = ", ".join(f"{delay:.2f}" for delay in call.retry_delays)
    return f"{attempts}, delays {delays} s" if delays else attempts


class CallLog:
    """The calls of an account, in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.unhandled: list[Call] = []
        self._by_invocation_id: dict[str, Call] = {}

    def begin_attempt(self, operation: str, region: str, time: datetime, invocation_id: str | None) -> Call:
        """Return the call that an attempt belongs to: a new one, or the one that is retried."""
        call = self.find(invocation_id)
        if call is None:
            call = Call(operation, region, time, invocation_id)
            self.calls.append(call)
            if invocation_id is not None:
                self._by_invocation_id[invocation_id] = call
        else:
            self.record(call, None)
            call.injected = False
        call.attempts += 1
        return call

    def find(self, invocation_id: str | None) -> Call | None:
        """Return the call with botocore's invocation id."""
        return None if invocation_id is None else self._by_invocation_id.get(invocation_id)

    def record_unhandled(self, call: Call) -> None:
        """Record that a call has no handler; once, however often it is sent."""
        if call not in self.unhandled:
            self.unhandled.append(call)

    def record(
        self,
        call: Call | None,
        http_status: int | None,
        error_code: str | None = None,
        response: Mapping[str, Any] | None = None,
    ) -> None:
        """Record how the latest attempt of a call ended; nothing for a request that is not a call."""
        if call is None:
            return
        call.http_status = http_status
        call.error_code = error_code
        call.response = response
        if call.injected and error_code is not None:
            call.injected_failures.append(error_code)
