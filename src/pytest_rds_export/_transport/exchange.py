"""One request of a client: parsed, responded to, recorded, serialized."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar
from urllib.parse import unquote

from .. import _clock, _failures
from .._failures import Failure, Fault
from .._protocol import parser, serializer
from .._protocol.serializer import Response
from .._rds import operations
from .._rds.account import Account
from .._rds.calls import Call, record_outcome
from .._rds.injections import Injection

__tracebackhide__ = True

_T = TypeVar("_T")

AskOthers = Callable[[], Awaitable[Any]]
"""Asks the other handlers of the request, such as moto's, and returns the first response; None if there is none."""

_SIGNED_REGION = re.compile(r"Credential=[^/,\s]+/\d{8}/([^/,\s]+)/rds/aws4_request")
_HOST_REGION = re.compile(r"https?://rds(?:-fips)?\.(?!amazonaws\.)([^./]+)\.")


class Exchange:
    """One request and its response; of a client of this process or, by HTTP, of another one."""

    def __init__(self, account: Account, body: bytes | str, headers: Any, url: str, *, in_process: bool = True) -> None:
        self._body = body
        self._headers = headers
        self._url = url
        self._in_process = in_process
        self._region = account.region(_find_region(headers, url))
        self._now = _clock.now()
        self._call: Call | None = None
        self._injection: Injection | None = None

    async def respond(self, ask_others: AskOthers) -> Any:
        """Return the response: a ``Response``, or what another handler returned.

        Raises botocore's exception for a failure that has no response, ``UnhandledOperation`` if nothing handles the
        operation, and what an injected exception, a stub or another handler raises.
        """
        try:
            query = parser.parse_query(self._body)
            operation = parser.parse_operation(query)
            invocation_id = _to_str(self._headers.get("amz-sdk-invocation-id"))
            log = self._region.account.log
            call = self._call = log.begin_attempt(operation.name, self._region.name, self._now, invocation_id)
            call.parameters = parser.parse_parameters(query, operation)
            result = await self._get_result(call, ask_others)
            if not isinstance(result, dict):
                return result  # recorded when botocore has parsed it
            response = serializer.serialize_result(operation, result, self._now)
            self._record(response.status, None, result)
        except Fault as fault:
            return self._respond_with(fault.failure)
        except Exception as error:
            self._record(None, type(error).__name__)
            raise
        return response

    async def _get_result(self, call: Call, ask_others: AskOthers) -> Any:
        """Return the result in the API's shape, or another handler's response."""
        account = self._region.account
        handled = call.operation in operations.HANDLED
        if handled:
            await ask_others()  # they see the request, but what they return does not count
        # One lock from an injected failure to its effect, so that no call of another thread comes between. Where others
        # or a user's function respond, there is none: they may wait for another thread.
        locked = handled and call.operation not in account.overrides
        with account.lock if locked else contextlib.nullcontext():
            return await self._attempt(call, ask_others)

    async def _attempt(self, call: Call, ask_others: AskOthers) -> Any:
        """Fail with an injected failure, or have the operation performed."""
        region = self._region
        injection = self._injection = region.account.injections.take(call.operation, call.identifier)
        if injection is None:
            return await self._perform(call, ask_others)
        if injection.applied:
            with contextlib.suppress(Fault):  # a fault is lost like any other response
                await self._perform(call, ask_others)
        elif operations.is_lost_race(call.operation, injection.failure):
            operations.complete_before_cancel(region, call.identifier, self._now)
        raise _to_error(injection)

    async def _perform(self, call: Call, ask_others: AskOthers) -> Any:
        result = operations.perform(self._region, call.operation, call.parameters, self._now)
        if result is None:
            result = await ask_others()
        if result is None:
            self._region.account.log.record_unhandled(call)
            raise operations.unhandled(self._region, call.operation, in_process=self._in_process)
        return result

    def _respond_with(self, failure: Failure) -> Response:
        if _failures.has_no_response(failure):
            self._record(None, failure.name)
            raise _failures.to_exception(failure, self._url) from None
        operation = "" if self._call is None else self._call.operation
        response = serializer.serialize_failure(failure, operation, self._now)
        self._record(response.status, failure.code or failure.name)
        return response

    def _record(self, http_status: int | None, error_code: str | None, result: Mapping[str, Any] | None = None) -> None:
        if self._call is not None:
            record_outcome(self._call, http_status, error_code, result, injected=self._injection is not None)


def _to_error(injection: Injection) -> Exception:
    return Fault(injection.failure) if isinstance(injection.failure, Failure) else injection.failure


def _find_region(headers: Any, url: str) -> str | None:
    """Return the region that a request is signed for; of an unsigned one what its host names; None if neither."""
    signature = _to_str(headers.get("Authorization")) or unquote(url)  # a presigned URL has it in its query string
    found = _SIGNED_REGION.search(signature) or _HOST_REGION.match(url)
    return found[1] if found else None


def _to_str(header: str | bytes | None) -> str | None:
    """Return a header's value, which botocore has as bytes once a request is prepared."""
    return header.decode("latin-1") if isinstance(header, bytes) else header


def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine that never has to wait, as in a synchronous client, and return its result."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        result: _T = stop.value
        return result
