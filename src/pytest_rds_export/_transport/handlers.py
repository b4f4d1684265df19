"""What happens at each of botocore's events of an RDS request, for synchronous and asynchronous clients alike."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from .. import _clock
from .._protocol.serializer import Response
from .._rds import operations
from .._rds.account import Account
from .environment import FAKE_ACCESS_KEY, FAKE_SECRET_KEY
from .exchange import HttpRequest, respond, run

__tracebackhide__ = True

_T = TypeVar("_T")


class Event:
    """An event of an RDS operation, as botocore emits it."""

    __slots__ = ("account", "emitter", "is_async", "kwargs", "name", "operation", "original_emit")

    def __init__(
        self, account: Account, emitter: Any, name: str, kwargs: dict[str, Any], original_emit: Callable[..., Any]
    ) -> None:
        self.account = account
        self.emitter = emitter
        self.name = name
        self.kwargs = kwargs
        self.original_emit = original_emit
        self.operation = name.rpartition(".")[2]
        self.is_async = is_async(type(emitter))  # type: ignore[arg-type]

    def emit(self) -> Any:
        """Emit the event as botocore would have; return what its handlers return, for an async client awaitable."""
        return self.original_emit(self.emitter, self.name, **self.kwargs)

    async def get_responses(self) -> Any:
        """Emit the event as botocore would have; return what its handlers return."""
        return await self.emit() if self.is_async else self.emit()

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> Any:
        """Return the result of a coroutine; for an async client, which awaits it, the coroutine."""
        return coroutine if self.is_async else run(coroutine)

    async def ask_others(self) -> Any:
        """Call the other before-send handlers, and moto's if it is on; return the first response.

        If the operation is handled here, moto does not know what the registry knows, so its errors do not count.
        """
        found = None
        for handler in self._other_handlers():
            try:
                response = handler(event_name=self.name, **self.kwargs)
                if self.is_async and inspect.isawaitable(response):
                    response = await response
            except Exception:
                if self.operation in operations.HANDLED and type(handler).__module__.startswith("moto."):
                    continue
                raise
            if found is None:
                found = response
        return found

    def registered(self) -> Sequence[Any]:
        """Return the handlers that botocore would call."""
        # As botocore's own emit looks them up.
        cache = self.emitter._lookup_cache  # noqa: SLF001
        handlers: Sequence[Any] | None = cache.get(self.name)
        if handlers is None:
            handlers = cache[self.name] = self.emitter._handlers.prefix_search(self.name)  # noqa: SLF001
        return handlers

    def _other_handlers(self) -> list[Any]:
        """Return the handlers to ask: all but the rate limiter, which would sleep, and moto's if it is on."""
        handlers = [
            handler
            for handler in self.registered()
            # botocore's class, and aiobotocore's AsyncClientRateLimiter and AnyioClientRateLimiter.
            if not type(getattr(handler, "__self__", None)).__name__.endswith("ClientRateLimiter")
        ]
        moto = _active_moto()
        if moto is not None and moto not in handlers:
            handlers.append(moto)
        return handlers


def _active_moto() -> Any:
    """Return moto's handler if moto is on, otherwise None."""
    moto = sys.modules.get("moto.core.models")
    return moto.botocore_stubber if moto is not None and moto.botocore_stubber.enabled else None


def before_parameter_build(event: Event) -> Any:
    """Have the request signed with fake credentials, whatever the client has."""
    context, parameters = event.kwargs["context"], event.kwargs["params"]
    credentials = _fake_credentials(type(event.emitter))  # type: ignore[arg-type]
    if credentials is not None:
        context["signing"] = {"request_credentials": credentials}
    elif not context.get("is_presign_request"):
        context["auth_type"] = "none"
    if "SourceRegion" in parameters and "PreSignedUrl" in event.kwargs["model"].input_shape.members:
        return event.run(_presign(event))
    return event.emit()


async def _presign(event: Event) -> Any:
    """Give a URL for the other region; otherwise botocore signs one with the client's own credentials."""
    responses = await event.get_responses()
    parameters = event.kwargs["params"]
    parameters.setdefault("PreSignedUrl", f"https://rds.{parameters['SourceRegion']}.amazonaws.com/")
    return responses


def before_send(event: Event) -> Any:
    """Respond to the request."""
    return event.run(_respond(event))


async def _respond(event: Event) -> Any:
    request = event.kwargs["request"]
    http = HttpRequest(request.body, request.headers, request.url)
    response = await respond(event.account, http, event.ask_others, has_others=_active_moto() is not None)
    if isinstance(response, Response):
        response_class = _response_class(type(event.emitter))  # type: ignore[arg-type]
        response = response_class(request.url, response.status, response.headers, _Body(response.body))
    return [(before_send, response)]  # as botocore has it: the handler, and what it returned


def needs_retry(event: Event) -> Any:
    """Leave the decision to botocore's own handler; record the delay instead of sleeping."""
    response = event.kwargs["response"]
    succeeded = response is not None and response[0].status_code < 300
    if succeeded and event.operation in operations.HANDLED and len(event.registered()) == 1:
        return event.emit()  # the usual case: botocore's own handler does not retry, and there is nothing to record
    return event.run(_record_delay(event))


async def _record_delay(event: Event) -> Any:
    responses = await event.get_responses()
    delay = next((response for _, response in responses if response is not None), False)
    if delay is False and event.operation in operations.HANDLED:
        return responses
    call = event.account.log.find(event.kwargs["request_dict"]["context"]["retries"]["invocation-id"])
    if call is None:
        return responses
    if call.http_status is None and call.error_code is None and event.kwargs["response"] is not None:
        # Another handler responded.
        http, parsed = event.kwargs["response"]
        error = parsed.get("Error", {}).get("Code") or (str(http.status_code) if http.status_code >= 300 else None)
        result = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        event.account.log.record(call, http.status_code, error, None if error else result)
    if delay is False:
        return responses
    call.retry_delays.append(delay)
    _clock.pause(delay)
    return [(needs_retry, 0)]  # retry without a delay


HANDLERS: dict[str, Callable[[Event], Any]] = {
    "before-parameter-build": before_parameter_build,
    "before-send": before_send,
    "needs-retry": needs_retry,
}


@functools.cache
def is_async(emitter_class: Any) -> bool:
    """Return whether it is the class of aiobotocore's emitters, whose events are awaited."""
    return inspect.iscoroutinefunction(emitter_class._emit)  # noqa: SLF001 - emit itself is not a coroutine function


@functools.cache
def _fake_credentials(emitter_class: Any) -> Any:
    """Return what a request is signed with; None if this botocore takes no credentials for a single request."""
    from botocore.signers import RequestSigner

    if "request_credentials" not in inspect.signature(RequestSigner.get_auth_instance).parameters:
        return None
    if is_async(emitter_class):
        from aiobotocore.credentials import AioCredentials as Credentials
    else:
        from botocore.credentials import Credentials
    return Credentials(FAKE_ACCESS_KEY, FAKE_SECRET_KEY)


@functools.cache
def _response_class(emitter_class: Any) -> Any:
    if is_async(emitter_class):
        from aiobotocore.awsrequest import AioAWSResponse

        return AioAWSResponse
    from botocore.awsrequest import AWSResponse

    return AWSResponse


class _Body:
    """The body of a response, as both botocore and aiobotocore read it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_kwargs: Any) -> Iterator[bytes]:
        yield self._content

    async def read(self) -> bytes:
        return self._content
