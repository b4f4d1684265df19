"""The catalogue of what can go wrong, built from botocore's service model."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import botocore.exceptions
import botocore.parsers
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.retries.standard import RetryContext, StandardRetryConditions

from . import _model
from ._messages import closest_first, unknown_name_message

if TYPE_CHECKING:
    from botocore.model import Shape

__tracebackhide__ = True

KINDS = ("documented", "common", "transport")

_NOT_AUTHORIZED = (
    "User: arn:aws:iam::123456789012:user/exporter is not authorized to perform: rds:{operation} "
    "on resource: * because no identity-based policy allows the rds:{operation} action"
)
_WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method."
)
# The common errors are AWS's own, not in the service model: code, HTTP status, text. The texts of the throttled,
# refused, expired, unknown-key and internal cases are captured; the others are inferred.
_COMMON = (
    ("AccessDenied", 403, _NOT_AUTHORIZED),
    ("ExpiredToken", 403, "The security token included in the request is expired"),
    ("InvalidClientTokenId", 403, "The security token included in the request is invalid."),
    ("SignatureDoesNotMatch", 403, _WRONG_SIGNATURE),
    ("RequestExpired", 400, "Request has expired."),
    ("OptInRequired", 403, "The AWS Access Key Id needs a subscription for the service"),
    ("Throttling", 400, "Rate exceeded"),
    ("ThrottlingException", 400, "Rate exceeded"),
    ("InternalFailure", 500, "An internal error has occurred. Please try your query again at a later time."),
    ("ServiceUnavailable", 503, "The service is unavailable. Please try again later."),
    ("InvalidParameterValue", 400, "An invalid or out-of-range value was supplied for the input parameter."),
    ("InvalidParameterCombination", 400, "Parameters that must not be used together were used together."),
)
_LIMIT = ("ExportTaskLimitReachedFault", 400, "You have reached the limit of 5 concurrent export tasks")

_TRANSPORT = {
    "ConnectTimeoutError": "the connection timed out before it was made",
    "ReadTimeoutError": "the answer did not come in time",
    "EndpointConnectionError": "the endpoint could not be reached",
    "ConnectionClosedError": "the connection was closed before an answer came",
    "SSLError": "the TLS handshake failed",
}
_DISTORTED = {
    "TruncatedResponse": "the XML of the answer breaks off",
    "ProxyErrorPage": "a proxy answered 502 with an HTML page",
}
_PROXY_PAGE_STATUS = 502


@dataclass(frozen=True)
class Failure:
    """One way in which an operation can fail.

    ``name`` is the error code on the wire; of a transport failure the name of botocore's exception class, or
    ``TruncatedResponse`` or ``ProxyErrorPage``. ``http_status`` is the status of an answer that carries it, from 400
    to 599, by default 400; of a transport failure it follows from the name: 502 for the proxy's page, None where
    there is no answer or its status tells nothing. ``message`` is the text: AWS's own where it is known. ``kind`` is
    ``"documented"`` (an error of the operation in the installed service model), ``"common"`` (any operation of AWS, and
    what the model leaves out) or ``"transport"``. ``operation`` is the API's name of the operation it is listed for;
    None for any.

    Raises ``ValueError`` for a value that is not allowed.
    """

    name: str
    operation: str | None = None
    kind: str = "common"
    http_status: int | None = None
    message: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._]*", self.name):
            raise ValueError(f"a failure's name is an error code such as 'OptInRequired', got {self.name!r}")
        if self.operation is not None:
            _model.operation_model(self.operation)
        if self.kind not in KINDS:
            raise ValueError(unknown_name_message("kind of failure", self.kind, KINDS))
        if self.kind == "transport":
            if self.name not in (*_TRANSPORT, *_DISTORTED):
                raise ValueError(unknown_name_message("transport failure", self.name, (*_TRANSPORT, *_DISTORTED)))
            own = _PROXY_PAGE_STATUS if self.name == "ProxyErrorPage" else None
            if self.http_status not in (None, own):
                raise ValueError(f"the http_status of {self.name} is {own}, got {self.http_status!r}")
            object.__setattr__(self, "http_status", own)
        elif self.http_status is None:
            object.__setattr__(self, "http_status", 400)
        elif not isinstance(self.http_status, int) or not 400 <= self.http_status <= 599:
            raise ValueError(f"http_status goes from 400 to 599, got {self.http_status!r}")
        if not isinstance(self.message, str):
            raise ValueError(f"message is a text, got {self.message!r}")

    @property
    def code(self) -> str | None:
        """What a client finds at ``error.response["Error"]["Code"]``; None where no error document is read."""
        if self.kind != "transport":
            return self.name
        return str(self.http_status) if self.name == "ProxyErrorPage" else None

    @property
    def exception(self) -> type[Exception]:
        """What the client raises, for ``pytest.raises``: ``ClientError`` or the class of the transport failure."""
        if self.code is not None:
            return ClientError
        if self.name == "TruncatedResponse":
            return botocore.parsers.ResponseParserError
        found: type[Exception] = getattr(botocore.exceptions, self.name)
        return found

    @property
    def match(self) -> str | None:
        r"""A pattern for ``pytest.raises`` that fits this failure's text and no other's.

        Such as ``\(ExportTaskNotFound\)``; None for a transport failure, whose class says it all.
        """
        return None if self.code is None else rf"\({re.escape(self.code)}\)"

    @property
    def retried(self) -> bool:
        """Whether botocore sends the request again, asked of botocore's own standard retry mode."""
        if self.name == "TruncatedResponse":
            return False
        status: Any = self.http_status
        headers: Any = {}
        context = RetryContext(
            attempt_number=1,
            operation_model=_model.operation_model(self.operation or "CancelExportTask"),
            parsed_response=None if self.code is None else {"Error": {"Code": self.code}},
            http_response=None if self.code is None else AWSResponse("", status, headers, None),
            caught_exception=None if self.code is not None else to_exception(self, ""),
        )
        return bool(StandardRetryConditions(max_attempts=2).is_retryable(context))

    def __repr__(self) -> str:
        where = f" of {self.operation}" if self.operation else ""
        status = f", HTTP {self.http_status}" if self.http_status else ""
        return f"<Failure {self.name} ({self.kind}{where}{status}): {self.message}>"


def has_no_response(failure: Failure) -> bool:
    """Return whether the client gets no response at all."""
    return failure.kind == "transport" and failure.name in _TRANSPORT


def to_exception(failure: Failure, url: str) -> Exception:
    """Return the exception of a failure that has no response, for a request to *url*."""
    make: Callable[..., Exception] = failure.exception
    return make(endpoint_url=url, error=failure.message)


class Fault(Exception):
    """A failure that an operation responds with."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"({failure.name}): {failure.message}")
        self.failure = failure


def failures(operation: str, kinds: Iterable[str] = KINDS) -> tuple[Failure, ...]:
    """All known failures of an RDS operation, in the service model's order, then the common and transport ones.

    *operation* goes by the API's name, such as ``"CancelExportTask"``. *kinds* picks from ``"documented"``,
    ``"common"`` and ``"transport"``. Raises ``ValueError`` for an unknown operation or kind.
    """
    picked = [kinds] if isinstance(kinds, str) else list(kinds)
    for kind in picked:
        if kind not in KINDS:
            raise ValueError(unknown_name_message("kind of failure", kind, KINDS))
    if not isinstance(operation, str):
        raise ValueError(f"an operation goes by the API's name, such as 'CancelExportTask', got {operation!r}")
    _model.operation_model(operation)
    return tuple(failure for failure in _catalogue(operation) if failure.kind in picked)


@functools.cache
def _catalogue(operation: str) -> tuple[Failure, ...]:
    shapes = _model.operation_model(operation).error_shapes
    documented = [_documented(shape, operation) for shape in shapes]
    common = [*_COMMON, *([_LIMIT] if operation == "StartExportTask" else [])]
    modelled = {failure.name for failure in documented}
    return (
        *documented,
        *(
            Failure(code, operation, "common", status, text.format(operation=operation))
            for code, status, text in common
            if code not in modelled
        ),
        *(Failure(name, operation, "transport", None, text) for name, text in {**_TRANSPORT, **_DISTORTED}.items()),
    )


def _documented(shape: Shape, operation: str | None, message: str = "") -> Failure:
    error: dict[str, Any] = shape.metadata.get("error", {})
    text = message or re.sub(r"<[^>]*>", "", shape.documentation).strip()
    return Failure(error.get("code", shape.name), operation, "documented", error.get("httpStatusCode", 400), text)


def make_fault(code: str, message: str, http_status: int = 400) -> Fault:
    """The refusal with the wire code *code*: the model's status if it knows the code, else *http_status*."""
    shape = _model.service_model().shape_for_error_code(code)  # type: ignore[arg-type]
    if shape is not None:
        return Fault(_documented(shape, None, message))
    return Fault(Failure(code, http_status=http_status, message=message))


def find(name: str, operation: str) -> Failure:
    """The failure of *operation* that goes by *name*: its wire code or the name of its shape in the model.

    Raises ``ValueError`` for any other name, with those that exist.
    """
    known = _catalogue(operation)
    for failure in known:
        if failure.name == name:
            return failure
    for shape in _model.operation_model(operation).error_shapes:
        if shape.name == name:
            return _documented(shape, operation)
    names = closest_first(name, (failure.name for failure in known))
    raise ValueError(f"{name!r} is no failure of {operation}; known: {names}")


def from_client_error(error: ClientError, operation: str) -> Failure:
    """The failure that a ``ClientError`` tells of, so that it can travel as XML."""
    details = error.response.get("Error", {})
    modelled = make_fault(str(details.get("Code", "")), str(details.get("Message", ""))).failure
    http_status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return replace(modelled, operation=operation, http_status=http_status or modelled.http_status)
