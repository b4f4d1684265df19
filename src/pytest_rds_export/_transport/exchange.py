"""One request of a client: parsed, responded to, serialized, recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

from .. import _clock, _failures
from .._failures import Failure, Fault
from .._live import outgoing
from .._protocol import parser, serializer
from .._rds.account import Account
from .._rds.calls import Call
from .._rds.dispatch import UnhandledOperation, find_handler, unhandled
from .._rds.injections import Injection
from .._rds.operations import Operation, Request
from . import moto

__tracebackhide__ = True

_T = TypeVar("_T")

AskOthers = Callable[..., Awaitable[Any]]
"""Asks the other handlers of a request, and returns the first response; None if there is none.

Its keyword ``is_handled`` says that the request is handled here: then moto, which would perform it, is not asked.
"""


class HttpRequest(NamedTuple):
    """A request of a client of this process or, by HTTP, of another one."""

    body: bytes | str
    headers: Any
    url: str
    region: str | None
    """The region that it is signed for; None if it is not signed."""
    invocation_id: str | None
    """botocore's id of the call, the same in all its attempts."""
    read_timeout: float | None = None
    """How many seconds the client waits for a response; None for ever, as clients of other processes do."""
    is_async: bool = False
    """Whether the client is asynchronous: its other tasks go on while it waits."""


async def respond(account: Account, http: HttpRequest, ask_others: AskOthers | None) -> Any:
    """Return the response to a request: a ``Response``, or what another handler of this process returned.

    Raises botocore's exception for a failure that has no response, ``UnhandledOperation`` for an operation without a
    handler, and what an injected exception, a stub or another handler raises.
    """
    if account.refusal is not None:
        response = None if ask_others is None else await ask_others(is_handled=False)
        if response is None:
            raise UnhandledOperation(account.refusal)
        return response
    region, now = account.region(http.region), _clock.now()
    call: Call | None = None
    try:
        query = parser.parse_query(http.body)
        operation = parser.parse_operation(query)
        call = account.log.begin_attempt(operation.name, region.name, now, http.invocation_id)
        call.parameters = parser.parse_parameters(query, operation)
        moto_is_on = ask_others is not None and moto.find_stubber() is not None
        handler = find_handler(operation.name, account, region, moto_is_on=moto_is_on)
        if ask_others is not None and handler is not None:
            await ask_others(is_handled=True)  # they see the request, but what they return does not count
        request = Request(account, region, call.parameters, now)
        result = await _perform(handler, request, call, ask_others, http)
        if handler is None:
            return result  # recorded when botocore has parsed it
        response = serializer.serialize_result(operation, result, now)
        account.log.record(call, response.status, response=result)
    except Fault as fault:
        failure = fault.failure
        if _failures.has_no_response(failure):
            account.log.record(call, None, failure.name)
            raise _failures.to_exception(failure, http.url) from None
        response = serializer.serialize_failure(failure, "" if call is None else call.operation, now)
        account.log.record(call, response.status, failure.code or failure.name)
    except Exception as error:
        account.log.record(call, None, type(error).__name__)
        raise
    finally:
        outgoing.deliver(account.outbox)  # after the response is made: it does not depend on what a receiver does
    return response


async def _perform(
    handler: Operation | None, request: Request, call: Call, ask_others: AskOthers | None, http: HttpRequest
) -> Any:
    """Return the result of an operation, or another handler's response; or raise an injected failure."""
    account = request.account
    found = account.injections.find(call)
    request = _look_up(handler, request, call, found, http)
    while True:
        result: Any = None
        # One lock from an injected failure to its effect, so that no call of another thread comes between.
        with account.lock:
            passed, injection = account.injections.choose(call, found)
            if injection is None or injection.applied:
                if handler is not None and handler.locked:
                    try:
                        result = handler.perform(request)
                    except Fault as fault:
                        result = fault  # it is late or lost like any response
            elif handler is not None and handler.refused is not None:
                result = handler.refused(request, injection.failure)
            if not callable(result):
                account.injections.count(call, passed, injection)
                break
        request = result()
    call.injected = injection is not None and injection.failure is not None
    if result is None and (injection is None or injection.applied):
        result = await _ask(handler, request, call, ask_others)
    if injection is not None:
        await _delay_and_fail(injection, http, call)
    if isinstance(result, Fault):
        raise result
    return result


def _look_up(
    handler: Operation | None, request: Request, call: Call, found: list[Injection], http: HttpRequest
) -> Request:
    """Return the request with what moto has, if the operation wants to know it and is to take effect."""
    account = request.account
    if handler is None or handler.look_up is None or account.injections.is_effect_lost(call, found):
        return request
    wanted = handler.look_up(request)
    if wanted is None:
        return request
    operation, parameters = wanted
    authorization, region = http.headers.get("Authorization"), request.region.name
    outside = moto.ask(operation, parameters, region, authorization)
    if outside == {}:  # moto may have ended when a report is made
        account.log.arns_in_moto[region] = moto.find_sources(region, authorization)
    return request._replace(outside=outside)


async def _delay_and_fail(injection: Injection, http: HttpRequest, call: Call) -> None:
    """Move the frozen clock by the delay, and raise the failure, or a timeout if the client does not wait so long."""
    seconds = injection.delay.total_seconds()
    waited = seconds if http.read_timeout is None else min(seconds, http.read_timeout)
    if waited:
        await _clock.pause(waited, is_async=http.is_async)
    if waited < seconds:
        call.injected = True
        raise _failures.find_fault("ReadTimeoutError", call.operation)
    if injection.failure is not None:
        raise Fault(injection.failure) if isinstance(injection.failure, Failure) else injection.failure


async def _ask(handler: Operation | None, request: Request, call: Call, ask_others: AskOthers | None) -> Any:
    """Return the response, or the fault, of a user's function, otherwise of another handler of this process.

    Without the lock, because they may wait for another thread. Raises ``UnhandledOperation`` if there is no handler.
    """
    if handler is not None:
        try:
            return handler.perform(request)
        except Fault as fault:
            return fault
    response = None if ask_others is None else await ask_others(is_handled=False)
    if response is None:
        request.account.log.record_unhandled(call)
        raise unhandled(call.operation, request.account, request.region, in_process=ask_others is not None)
    return response


def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine that never has to wait, as in a synchronous client, and return its result."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        result: _T = stop.value
        return result
