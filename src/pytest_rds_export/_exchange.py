"""One send on its way through the rooms: read, answered, written, noted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _wire
from ._failures import Failure, Fault
from ._registry import ExportTaskRegistry
from ._service import Request

__tracebackhide__ = True


class Exchange(Request):
    """One send of a client, read from the wire, and its answer, written for the wire."""

    __slots__ = ("model",)

    def __init__(
        self,
        registry: ExportTaskRegistry,
        body: bytes | str,
        *,
        operation: str | None,
        region: str | None,
        invocation: str | None,
        first: bool,
    ) -> None:
        """Read the send.

        Raises ``Fault`` for what is no request of RDS. It is noted as a call without parameters if the *operation* is
        known from elsewhere.
        """
        if region is not None and region != registry.region:
            registry = registry._of_region(region)
        self.registry = registry
        self.now = registry._now()
        self.injection = None
        try:
            self.model, parameters = _wire.read(body)
        except Fault as fault:
            if operation is not None:
                self._note(operation, {}, invocation, first=first)
                self.call.ended(fault.failure.http_status, fault.failure.name)
            raise
        self._note(self.model.name, parameters, invocation, first=first)

    def _note(self, operation: str, parameters: Mapping[str, Any], invocation: str | None, *, first: bool) -> None:
        log, region = self.registry._account.log, self.registry.region
        self.call = log.attempt(operation, parameters, region, self.now, invocation=invocation, first=first)

    def succeed(self, result: Mapping[str, Any]) -> _wire.Response:
        """The answer that carries *result*."""
        response = _wire.write_result(self.model, result, self.now)
        self.call.ended(response.status, None, result)
        return response

    def fail(self, failure: Failure) -> _wire.Response | None:
        """The answer that carries *failure*; None where the client gets no answer."""
        injected = self.injection is not None
        if failure.is_lost_connection:
            self.call.ended(None, failure.name, injected=injected)
            return None
        response = _wire.write_failure(failure, self.model.name, self.now)
        self.call.ended(response.status, failure.code or failure.name, injected=injected)
        return response

    def broke(self, error: Exception) -> None:
        """Note that an exception came instead of an answer."""
        self.call.ended(None, type(error).__name__, injected=self.injection is not None)
