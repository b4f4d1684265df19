"""What clients asked for, and how each call ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._messages import pluralize, shorten

__tracebackhide__ = True

_SHORTEST = 30  # what is left of long parameters
# The parameters that name a source, or narrow a list.
_NARROWING = re.compile("SourceArn|SourceType|(Source|Target)?DB(Cluster)?SnapshotIdentifier")


@dataclass(eq=False, repr=False)
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

    operation: str
    region: str
    time: datetime
    invocation_id: str | None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0
    retry_delays: list[float] = field(default_factory=list)
    http_status: int | None = None
    error_code: str | None = None
    response: Mapping[str, Any] | None = None
    injected: bool = False
    injected_failures: list[str] = field(default_factory=list)

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
        return f"<Call {format_call(self)}>"


# Not in the class: the decorator looks the module up, which is not imported yet.
Call.__module__ = "pytest_rds_export.types"


def is_open(call: Call) -> bool:
    """Return whether the last attempt of a call has not ended yet."""
    return call.http_status is None and call.error_code is None


def format_call(call: Call, width: int | None = None) -> str:
    """Return the whole call in one line; of at most *width* characters, as far as shorter parameters make it so."""
    about = _format_parameters(call)
    end = f" in {call.region}: {call.outcome}, {_format_attempts(call)}"
    room = len(about) if width is None else max(width - len(call.operation) - len(end), _SHORTEST)
    return f"{call.operation}{shorten(about, room)}{end}"


def _format_parameters(call: Call) -> str:
    """Return what was asked, in a few words: the export task, or the parameters that narrow a list or name a source."""
    parameters = call.parameters
    about = [repr(call.identifier)] if call.identifier is not None else []
    about += [f"{name}={value}" for name, value in parameters.items() if _NARROWING.fullmatch(name)]
    about += [f"{item['Name']}={','.join(item['Values'])}" for item in parameters.get("Filters", ())]
    return "".join(f" {item}" for item in about)


def _format_attempts(call: Call) -> str:
    attempts = pluralize(call.attempts, "attempt")
    earlier = call.injected_failures[: -1 if call.injected else None]
    if earlier:
        attempts += f" ({', '.join(earlier)} injected)"
    delays = ", ".join(f"{delay:.2f}" for delay in call.retry_delays)
    return f"{attempts}, delays {delays} s" if delays else attempts
