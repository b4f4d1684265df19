"""One request of a client: parsed, responded to, recorded, serialized."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import nullcontext
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from .. import _clock, _failures
from .._failures import Failure, Fault
from .._live import outgoing
from .._protocol import parser, serializer
from .._rds.account import Account
from .._rds.calls import Call
from .._rds.dispatch import UnhandledOperation, find_handler, unhandled
from .._rds.export_operations import is_lost_race, lose_race
from .._rds.operations import Operation, Request
from .._rds.region import do_nothing
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
    account, finish = request.account, do_nothing
    fault: Fault | None = None
    found = account.injections.find(call)
    is_prepared = handler is None or not handler.has_to_prepare(account)
    while True:  # at most twice: an attempt whose effect is lost looks nothing up and stores no files
        # One lock from an injected failure to its effect, so that no call of another thread comes between. Where others
        # or a user's function respond, there is none: they may wait for another thread.
        with account.lock if handler is not None and handler.locked else nullcontext():
            if is_prepared or account.injections.is_effect_lost(call, found):
                injection = account.injections.take(call, found)
                call.injected = injection is not None and injection.failure is not None
                if injection is None or injection.applied:
                    try:
                        result = await _ask(request, call, ask_others) if handler is None else handler.perform(request)
                    except Fault as raised:
                        fault = raised  # it is late or lost like any response
                elif is_lost_race(call.operation, injection.failure):
                    finish = lose_race(request)
                break
        request, is_prepared = _look_up_and_prepare(handler, request, http), True
    finish()
    if injection is not None:
        if injection.delay:
            await _wait_for_response(injection.delay, http, call)
        if injection.failure is not None:
            raise Fault(injection.failure) if isinstance(injection.failure, Failure) else injection.failure
    if fault is not None:
        raise fault
    return result


def _look_up_and_prepare(handler: Any, request: Request, http: HttpRequest) -> Request:
    """Return the request with what is known outside of this fake: stored files, and what moto has."""
    if handler.look_up is not None and (wanted := handler.look_up(request)) is not None:
        operation, parameters = wanted
        authorization, region = http.headers.get("Authorization"), request.region.name
        outside = moto.ask(operation, parameters, region, authorization)
        if outside == {}:  # moto may have ended when a report is made
            request.account.log.arns_in_moto[region] = moto.find_sources(region, authorization)
        request = request._replace(outside=outside)
    prepared: Request = handler.prepared(request)
    return prepared


async def _wait_for_response(delay: timedelta, http: HttpRequest, call: Call) -> None:
    """Move the frozen clock by *delay*. Raises botocore's timeout, as a fault, if the client does not wait so long."""
    seconds = delay.total_seconds()
    waited = seconds if http.read_timeout is None else min(seconds, http.read_timeout)
    await _clock.pause(waited, is_async=http.is_async)
    if waited < seconds:
        call.injected = True
        raise _failures.find_fault("ReadTimeoutError", call.operation)


async def _ask(request: Request, call: Call, ask_others: AskOthers | None) -> Any:
    """Return the response of another handler of this process. Raises ``UnhandledOperation`` if there is none."""
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
