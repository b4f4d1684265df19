"""One send on its way through the rooms: read, answered, written, noted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _wire
from ._failures import Failure
from ._registry import ExportTaskRegistry
from ._service import Request


class Exchange:
    """One send of a client, what it asks, and what is to come of it."""

    __slots__ = ("call", "model", "now", "registry", "request")

    def __init__(
        self,
        registry: ExportTaskRegistry,
        body: bytes | str,
        *,
        region: str | None,
        invocation: str | None,
        first: bool,
    ) -> None:
        """Read the send. Raises ``Fault`` for what is no request of RDS; there is no call then."""
        if region is not None and region != registry.region:
            registry = registry.in_region(region)
        self.registry = registry
        self.now = registry.now()
        self.model, parameters = _wire.read(body)
        self.call = registry.account.log.attempt(
            self.model.name, parameters, registry.region, self.now, invocation=invocation, first=first
        )
        self.request = Request(registry, self.call, self.now)

    def succeed(self, result: Mapping[str, Any]) -> _wire.Response:
        """The answer that carries *result*."""
        response = _wire.write_result(self.model, result, self.now)
        self.call.ended(response.status, None, result)
        return response

    def fail(self, failure: Failure) -> _wire.Response | None:
        """The answer that carries *failure*; None where the client gets no answer."""
        if failure.is_lost_connection:
            self.call.ended(None, failure.name)
            return None
        response = _wire.write_failure(failure, self.model.name, self.now)
        self.call.ended(response.status, failure.code or failure.name)
        return response
