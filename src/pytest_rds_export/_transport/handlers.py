"""What happens at each of botocore's events of an RDS call, for synchronous and asynchronous clients alike."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Generator, Iterator, Mapping
from typing import Any, NamedTuple

from botocore.hooks import first_non_none_response

from .. import _clock
from .._protocol.serializer import Response
from .._rds.account import Account
from .._rds.calls import is_open
from . import moto
from .environment import is_other_fake
from .exchange import HttpRequest, respond, run

__tracebackhide__ = True

# Their emitters call each handler in turn, and nothing else.
_BOTOCORE = ("botocore.hooks", "aiobotocore.hooks")
_MOTO = ("moto.", "aiomoto.")


_SEND_ON = object()
"""In place of a response: the request is to be sent on to another fake on this machine."""


class CallEvents:
    """The event emitter of one call: handles two of its events, and passes the others on to that of the client."""

    __slots__ = ("_account", "_context", "_emitter", "_is_async")

    def __init__(self, account: Account, endpoint: Any, context: Mapping[str, Any]) -> None:
        emitter = endpoint._event_emitter  # noqa: SLF001 - botocore has no public way
        self._account = account
        self._context = context
        # The one below botocore's EventAliaser, which only translates old names of services.
        self._emitter = getattr(emitter, "_emitter", emitter) if type(emitter).__module__ in _BOTOCORE else emitter
        self._is_async = _is_async(type(endpoint))  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._emitter, name)

    def emit(self, event_name: str, **kwargs: Any) -> Any:
        """Return what the handlers return; for an asynchronous client, which awaits it, a coroutine."""
        if event_name.startswith("before-send."):
            coroutine = self._before_send(event_name, kwargs)
        elif event_name.startswith("needs-retry."):
            coroutine = self._needs_retry(event_name, kwargs)
        else:
            return self._emitter.emit(event_name, **kwargs)
        return coroutine if self._is_async else run(coroutine)

    async def _before_send(self, event_name: str, kwargs: dict[str, Any]) -> Any:
        """Respond to the request."""
        request = kwargs["request"]
        context = self._context
        http = HttpRequest(
            request.body,
            request.headers,
            request.url,
            # As botocore's signer chooses it.
            region=context.get("signing", {}).get("region") or context["client_region"],
            invocation_id=context["retries"]["invocation-id"],
            read_timeout=context["client_config"].read_timeout,
            is_async=self._is_async,
        )
        response = await respond(self._account, http, functools.partial(self._ask_others, event_name, kwargs))
        if response is _SEND_ON:
            return []
        if isinstance(response, Response):
            response = self._to_http(request.url, response)
        return [(self, response)]  # as botocore has it: the handler, and what it returned

    async def _ask_others(self, event_name: str, kwargs: dict[str, Any], *, is_handled: bool) -> Any:
        """Call the other before-send handlers, and moto's if it is on and is to respond; return the first response."""
        if type(self._emitter).__module__ not in _BOTOCORE:  # only it knows how to call its handlers
            responses = await self._result(self._emitter.emit(event_name, **kwargs))
            found = first_non_none_response(responses)
        else:
            found = None
            for handler in self._other_handlers(event_name, is_handled=is_handled):
                response = await self._result(handler(event_name=event_name, **kwargs))
                if found is None:
                    found = response
        if found is None and not is_handled:
            return _SEND_ON if is_other_fake(kwargs["request"].url) else None
        return found

    def _other_handlers(self, event_name: str, *, is_handled: bool) -> list[Any]:
        # botocore has no public way to call all handlers but some.
        registered = self._emitter._handlers.prefix_search(event_name)  # noqa: SLF001
        handlers = [handler for handler in registered if not _is_rate_limiter(handler)]
        if is_handled:
            return [handler for handler in handlers if not _is_moto(handler)]
        stubber = moto.find_stubber()
        # A client that was made before moto was imported does not have its handler.
        if stubber is not None and not any(map(_is_moto, handlers)):
            handlers.append(stubber)
        return handlers

    async def _result(self, returned: Any) -> Any:
        return await returned if self._is_async and inspect.isawaitable(returned) else returned

    async def _needs_retry(self, event_name: str, kwargs: dict[str, Any]) -> Any:
        """Leave the decision to botocore's own handler; record the delay, which passes on the frozen clock alone."""
        responses = await self._result(self._emitter.emit(event_name, **kwargs))
        delay = first_non_none_response(responses, default=False)
        call = self._account.log.find(self._context["retries"]["invocation-id"])
        if call is None:
            return responses
        if is_open(call) and kwargs["response"] is not None:
            # Another handler responded.
            http, parsed = kwargs["response"]
            error = parsed.get("Error", {}).get("Code") or (str(http.status_code) if http.status_code >= 300 else None)
            result = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
            self._account.log.record(call, http.status_code, error, None if error else result)
        if delay is False:
            return responses
        call.retry_delays.append(delay)
        await _clock.pause(delay, is_async=self._is_async)
        return [(self, 0)]  # retry without a delay

    def _to_http(self, url: str, response: Response) -> Any:
        """Return the response in the class of the client's library, which a test may have replaced."""
        if self._is_async:
            from aiobotocore.awsrequest import AioAWSResponse

            response_class = _with_content(AioAWSResponse)
        else:
            from botocore.awsrequest import AWSResponse as response_class  # noqa: N813
        return response_class(url, response.status, response.headers, _Body(response.body, response.headers))


@functools.lru_cache(maxsize=8)
def _is_async(endpoint_class: Any) -> bool:
    """Return whether it is the class of aiobotocore's endpoints, whose methods are awaited."""
    return inspect.iscoroutinefunction(endpoint_class.close)


def _is_rate_limiter(handler: Any) -> bool:
    """Return whether it is a client's rate limiter, of botocore or aiobotocore: it would sleep."""
    return type(getattr(handler, "__self__", None)).__name__.endswith("ClientRateLimiter")


def _is_moto(handler: Any) -> bool:
    return getattr(handler, "__module__", "").startswith(_MOTO)


@functools.lru_cache(maxsize=2)
def _with_content(response_class: Any) -> Any:
    """Return a class of aiobotocore's responses whose content need not be awaited.

    A common way to use moto with aiobotocore replaces the function that awaits it.
    """

    class HandledResponse(response_class):  # type: ignore[misc]
        @property
        def content(self) -> _Content:
            return _Content(self.raw.body)

    return HandledResponse


class _Content(bytes):
    """Content that is bytes, and may be awaited, too."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, bytes]:
        yield from ()
        return bytes(self)


class _Body(NamedTuple):
    """The body of a response, as both botocore and aiobotocore read it."""

    body: bytes
    headers: Mapping[str, str]

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers as an older aiobotocore reads them."""
        return [(name.encode(), value.encode()) for name, value in self.headers.items()]

    def stream(self, **_kwargs: Any) -> Iterator[bytes]:
        return iter((self.body,))

    async def read(self) -> bytes:
        return self.body
