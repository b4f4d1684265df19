"""What is done at each event of an RDS operation, sync and async."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from . import _clock, _wire
from ._environment import FAKE_ACCESS_KEY, FAKE_SECRET_KEY
from ._exchange import Exchange
from ._failures import Fault
from ._registry import ExportTaskRegistry
from ._service import is_answered

__tracebackhide__ = True

# A hook is done at once, or takes over in steps: it yields what other handlers gave, which may be awaitable, and is
# sent the result.
Steps = Generator[Any, Any, Any]

# The context of the request that is on its way in this thread or task: botocore's own, which before-send does not give.
_context: ContextVar[Mapping[str, Any]] = ContextVar("context", default={})  # noqa: B039


class Event:
    """An event of an RDS operation, as botocore emits it."""

    __slots__ = ("emitter", "kwargs", "name", "operation", "original", "registry")

    def __init__(
        self,
        registry: ExportTaskRegistry,
        emitter: Any,
        name: str,
        operation: str,
        kwargs: dict[str, Any],
        original: Callable[..., Any],
    ) -> None:
        self.registry = registry
        self.emitter = emitter
        self.name = name
        self.operation = operation
        self.kwargs = kwargs
        self.original = original

    def emit(self) -> Any:
        """What the other handlers return, as botocore would have called them."""
        return self.original(self.emitter, self.name, **self.kwargs)


def _before_parameter_build(event: Event) -> Steps | None:
    """Have the request signed with fake credentials, whatever the client holds."""
    context = event.kwargs["context"]
    credentials = _fake_credentials(type(event.emitter))  # type: ignore[arg-type]
    if credentials is not None:
        context["signing"] = {**context.get("signing", {}), "request_credentials": credentials}
    elif not context.get("is_presign_request"):
        context["auth_type"] = "none"
    elsewhere = "SourceRegion" in event.kwargs["params"]
    return _presign(event) if elsewhere and "PreSignedUrl" in event.kwargs["model"].input_shape.members else None


def _presign(event: Event) -> Steps:
    """Give a URL for the other region; else botocore signs one with the client's own credentials."""
    responses = yield event.emit()
    parameters = event.kwargs["params"]
    parameters.setdefault("PreSignedUrl", f"https://rds.{parameters['SourceRegion']}.amazonaws.com/")
    return responses


def _request_created(event: Event) -> Steps:
    """Keep the request's context, which tells the region and which send of which call this is."""
    # After the other handlers: one that asks RDS itself leaves the context of its own request.
    responses = yield event.emit()
    _context.set(event.kwargs["request"].context)
    return responses


def _before_send(event: Event) -> Steps:
    """Give the answer."""
    sent, context = event.kwargs["request"], _context.get()
    retries = context.get("retries", {})
    try:
        exchange = Exchange(
            event.registry,
            sent.body,
            operation=event.operation,
            region=context.get("client_region"),
            invocation=retries.get("invocation-id"),
            first=retries.get("attempt", 1) == 1,
        )
    except Fault as fault:
        response = _wire.write_failure(fault.failure, event.operation, event.registry._now())
        return [(_before_send, _to_http(event, response))]
    try:
        if is_answered(event.operation) and (handlers := _handlers(event)):
            yield from _others(event, handlers, answered=True)
        result = exchange.answer()
        if result is None:
            found = yield from _others(event, _handlers(event), answered=False)
            if found is None:
                raise exchange.unanswered()
            exchange.lose()
            return [(_before_send, found)]
        response = exchange.succeed(result)
    except Fault as fault:
        written = exchange.fail(fault.failure)
        if written is None:
            raise fault.failure.as_exception(sent.url) from None
        response = written
    except StopIteration as error:
        # A generator cannot raise it.
        exchange.broke(error)
        return error
    except Exception as error:
        exchange.broke(error)
        raise
    return [(_before_send, _to_http(event, response))]


def _others(event: Event, handlers: list[Any], *, answered: bool) -> Steps:
    """What the first other handler answers. Where the registry has *answered*, moto's part in it is ignored."""
    found = None
    for handler in handlers:
        of_moto = type(handler).__module__.startswith("moto.")
        try:
            response = yield handler(event_name=event.name, **event.kwargs)
        except Exception:
            if answered and of_moto:
                continue
            raise
        if found is None:
            found = response
    return found


def _handlers(event: Event) -> list[Any]:
    """The handlers that botocore would call, but for the rate limiter, which would wait; and moto, where it is on."""
    handlers = [
        handler
        for handler in _registered(event)
        # botocore's class, and aiobotocore's AsyncClientRateLimiter and AnyioClientRateLimiter.
        if not type(getattr(handler, "__self__", None)).__name__.endswith("ClientRateLimiter")
    ]
    moto = sys.modules.get("moto.core.models")
    if moto is not None and moto.botocore_stubber.enabled and moto.botocore_stubber not in handlers:
        handlers.append(moto.botocore_stubber)
    return handlers


def _registered(event: Event) -> Any:
    """The handlers that botocore would call."""
    registered = event.emitter._lookup_cache.get(event.name)
    if registered is None:
        registered = event.emitter._handlers.prefix_search(event.name)
        event.emitter._lookup_cache[event.name] = registered
    return registered


def _needs_retry(event: Event) -> Steps | None:
    """Leave the decision to botocore's own handler; note the delay instead of sleeping it."""
    response = event.kwargs["response"]
    went_well = response is not None and response[0].status_code < 300 and is_answered(event.operation)
    # There is nothing to note then, unless somebody beside botocore's own handler has a say.
    if went_well and len(_registered(event)) == 1:
        return None
    return _without_delay(event)


def _without_delay(event: Event) -> Steps:
    try:
        responses = yield event.emit()
    except StopIteration as raised:
        # The older retry handlers raise what the send raised.
        return raised
    delay = next((response for _, response in responses if response is not None), False)
    invocation = event.kwargs["request_dict"]["context"]["retries"]["invocation-id"]
    call = event.registry._account.log.of_invocation(invocation)
    if call is None:
        return responses
    if call.outcome_is_open and event.kwargs["response"] is not None:
        http, parsed = event.kwargs["response"]
        error = parsed.get("Error", {}).get("Code") or (str(http.status_code) if http.status_code >= 300 else None)
        call.ended(http.status_code, error, None if error else _without_metadata(parsed))
    if delay is False:
        return responses
    call.retry_delays.append(delay)
    _clock.pause(delay)
    return [(_needs_retry, 0)]


def _without_metadata(parsed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parsed.items() if name != "ResponseMetadata"}


HOOKS: dict[str, Callable[[Event], Steps | None]] = {
    "before-parameter-build": _before_parameter_build,
    "request-created": _request_created,
    "before-send": _before_send,
    "needs-retry": _needs_retry,
}
HOOKED = tuple(f"{event}.rds." for event in HOOKS)


@functools.cache
def _fake_credentials(emitter_class: Any) -> Any:
    """What a request is signed with; None where botocore takes no credentials per request."""
    from botocore.signers import RequestSigner

    if "request_credentials" not in inspect.signature(RequestSigner.get_auth_instance).parameters:
        return None
    if is_async(emitter_class):
        from aiobotocore.credentials import AioCredentials as Credentials
    else:
        from botocore.credentials import Credentials
    return Credentials(FAKE_ACCESS_KEY, FAKE_SECRET_KEY)


@functools.cache
def is_async(emitter_class: Any) -> bool:
    """Whether it is aiobotocore's emitter, whose events are awaited."""
    return inspect.iscoroutinefunction(emitter_class._emit)


class _Body:
    """The body of an answer, as both botocore and aiobotocore read it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_kwargs: Any) -> Iterator[bytes]:
        yield self._content

    async def read(self) -> bytes:
        return self._content


@functools.cache
def _response_class(emitter_class: Any) -> Any:
    if is_async(emitter_class):
        from aiobotocore.awsrequest import AioAWSResponse

        return AioAWSResponse
    from botocore.awsrequest import AWSResponse

    return AWSResponse


def _to_http(event: Event, response: _wire.Response) -> Any:
    response_class = _response_class(type(event.emitter))  # type: ignore[arg-type]
    return response_class(event.kwargs["request"].url, response.status, response.headers, _Body(response.body))
