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
from ._keywords import suggesting_keywords
from ._messages import must_be, must_be_type, unknown_name

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
# The common errors are not in the service model: code, HTTP status, message. The messages of Throttling, AccessDenied,
# ExpiredToken, InvalidClientTokenId and InternalFailure are captured; the others are inferred.
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
# Captured messages of errors for which the service model has a description instead.
_CAPTURED = {
    "IamRoleNotFound": "The principal export.rds.amazonaws.com isn't allowed to assume the IAM role ARN or the IAM "
    "role ARN doesn't exist.",
}
_LIMIT = ("ExportTaskLimitReachedFault", 400, "You have reached the limit of 5 concurrent export tasks")

_TRANSPORT = {
    "ConnectTimeoutError": "the connection timed out before it was made",
    "ReadTimeoutError": "the response did not arrive in time",
    "EndpointConnectionError": "the endpoint could not be reached",
    "ConnectionClosedError": "the connection was closed before a response arrived",
    "SSLError": "the TLS handshake failed",
    "TruncatedResponse": "the XML of the response breaks off",
    "ProxyErrorPage": "a proxy responded with 502 and an HTML page",
}
_DISTORTED = ("TruncatedResponse", "ProxyErrorPage")


@suggesting_keywords
@dataclass(frozen=True)
class Failure:
    """One way in which an operation can fail.

    Attributes:
        name: The error code in the response; for a transport failure the name of botocore's exception class, or
            ``TruncatedResponse`` or ``ProxyErrorPage``.
        operation: The API name of the operation that it belongs to; None for any.
        kind: ``"documented"`` (an error of the operation in the service model), ``"common"`` (of any operation of AWS,
            and what the model leaves out) or ``"transport"``.
        http_status: The HTTP status, from 400 to 599, 400 by default. For a transport failure it follows from the name:
            502 for the proxy's page, otherwise None.
        message: The message; AWS's own if it is known.

    Raises:
        ValueError: For a value that is not allowed.

    """

    __module__ = "pytest_rds_export"

    name: str
    operation: str | None = None
    kind: str = "common"
    http_status: int | None = None
    message: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._]*", self.name):
            raise ValueError(must_be("name", "an error code such as 'OptInRequired'", self.name))
        if self.operation is not None:
            _model.operation_model(self.operation)
        if self.kind not in KINDS:
            raise ValueError(unknown_name("kind of failure", self.kind, KINDS))
        own: int | None = 400
        if self.kind == "transport":
            if self.name not in _TRANSPORT:
                raise ValueError(unknown_name("transport failure", self.name, _TRANSPORT))
            own = 502 if self.name == "ProxyErrorPage" else None
            if self.http_status not in (None, own):
                raise ValueError(must_be(f"http_status of {self.name}", str(own), self.http_status))
        elif self.http_status is not None and (
            not isinstance(self.http_status, int) or not 400 <= self.http_status <= 599
        ):
            wording = must_be if isinstance(self.http_status, int) else must_be_type
            raise ValueError(wording("http_status", "an int from 400 to 599", self.http_status))
        if self.http_status is None:
            object.__setattr__(self, "http_status", own)
        if not isinstance(self.message, str):
            raise ValueError(must_be_type("message", "a string", self.message))

    @property
    def code(self) -> str | None:
        """The code in ``error.response["Error"]["Code"]``; None if the client reads no error document."""
        if self.kind != "transport":
            return self.name
        return str(self.http_status) if self.name == "ProxyErrorPage" else None

    @property
    def exception(self) -> type[Exception]:
        """The exception that the client raises, for ``pytest.raises``."""
        if self.code is not None:
            return ClientError
        if self.name == "TruncatedResponse":
            return botocore.parsers.ResponseParserError
        found: type[Exception] = getattr(botocore.exceptions, self.name)
        return found

    @property
    def match(self) -> str | None:
        r"""A pattern for ``pytest.raises``, such as ``\(ExportTaskNotFound\)``; None for a transport failure."""
        return None if self.code is None else rf"\({re.escape(self.code)}\)"

    @property
    def retried(self) -> bool:
        """Whether botocore retries it, as its standard retry mode decides."""
        if self.name == "TruncatedResponse":
            return False
        status: Any = self.http_status
        headers: Any = {}
        responds = self.code is not None
        context = RetryContext(
            attempt_number=1,
            operation_model=_model.operation_model(self.operation or "CancelExportTask"),
            parsed_response={"Error": {"Code": self.code}} if responds else None,
            http_response=AWSResponse("", status, headers, None) if responds else None,
            caught_exception=None if responds else to_exception(self, ""),
        )
        return bool(StandardRetryConditions(max_attempts=2).is_retryable(context))

    def __repr__(self) -> str:
        where = f" of {self.operation}" if self.operation else ""
        status = f", HTTP {self.http_status}" if self.http_status else ""
        return f"<Failure {self.name} ({self.kind}{where}{status}): {self.message!r}>"


def has_no_response(failure: Failure) -> bool:
    return failure.kind == "transport" and failure.name not in _DISTORTED


def to_exception(failure: Failure, url: str) -> Exception:
    """Return the exception of a failure that has no response, for a request to *url*."""
    make: Callable[..., Exception] = failure.exception
    return make(endpoint_url=url, error=failure.message)


class Fault(Exception):
    """A failure, raised by an operation or in its place."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"({failure.name}): {failure.message}")
        self.failure = failure


@suggesting_keywords
def failures(operation: str, kinds: Iterable[str] = KINDS) -> tuple[Failure, ...]:
    """Return the known failures of an RDS operation: those of the service model, then the common and transport ones.

    Args:
        operation: The API name of the operation, such as ``"CancelExportTask"``.
        kinds: Which of ``"documented"``, ``"common"`` and ``"transport"``; all by default. (The marker
            ``rds_export_failure`` takes only the documented ones by default.)

    Raises:
        ValueError: For an unknown operation or kind.

    """
    if not isinstance(kinds, Iterable):
        raise ValueError(must_be_type("kinds", "a list of the names of kinds", kinds))
    picked = [kinds] if isinstance(kinds, str) else list(kinds)
    for kind in picked:
        if kind not in KINDS:
            raise ValueError(unknown_name("kind of failure", kind, KINDS))
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
        *(Failure(name, operation, "transport", None, text) for name, text in _TRANSPORT.items()),
    )


def _documented(shape: Shape, operation: str | None, message: str = "") -> Failure:
    error: dict[str, Any] = shape.metadata["error"]
    text = message or _CAPTURED.get(error["code"]) or re.sub(r"<[^>]*>", "", shape.documentation).strip()
    return Failure(error["code"], operation, "documented", error["httpStatusCode"], text)


def make_fault(code: str, message: str, http_status: int = 400) -> Fault:
    """Return the fault with an error code: with the model's status if it knows the code, otherwise *http_status*."""
    shape = _model.service_model().shape_for_error_code(code)  # type: ignore[arg-type]
    known = None if shape is None else _documented(shape, None, message)
    return Fault(known or Failure(code, http_status=http_status, message=message))


def find_fault(name: str, operation: str) -> Fault:
    return Fault(find(name, operation))


def find(name: str, operation: str) -> Failure:
    """Return the failure of *operation* with the error code *name*, or with that exception class in the model.

    Raises ``ValueError`` for any other name.
    """
    known = _catalogue(operation)
    for failure in known:
        if failure.name == name:
            return failure
    for shape in _model.operation_model(operation).error_shapes:
        if shape.name == name:
            return _documented(shape, operation)
    other = find_operation(name)
    if other is not None:
        raise ValueError(f"{operation} cannot fail with {name!r} ({other} can)")
    raise ValueError(unknown_name("failure", name, (failure.name for failure in known), of=f" of {operation}"))


def find_operation(name: str) -> str | None:
    """Return an operation that fails with *name*, one of export tasks if there is one."""
    if name == _LIMIT[0]:
        return "StartExportTask"
    for operation in sorted(_model.service_model().operation_names, key=lambda other: "ExportTask" not in other):
        shapes = _model.operation_model(operation).error_shapes
        if any(name in (shape.name, shape.metadata["error"]["code"]) for shape in shapes):
            return operation
    return None


def to_client_error(failure: Failure, operation: str) -> ClientError:
    """Return the ``ClientError`` that a client raises for an error document."""
    response: Any = {
        "Error": {"Code": failure.name, "Message": failure.message},
        "ResponseMetadata": {"HTTPStatusCode": failure.http_status},
    }
    return ClientError(response, operation)


def from_client_error(error: ClientError, operation: str) -> Failure:
    """Return the failure that a ``ClientError`` stands for, so that it can be sent as XML."""
    details = error.response.get("Error", {})
    code = details.get("Code")
    if not code:
        allowed = "a ClientError with a code in response['Error']['Code']"
        raise ValueError(f"failure must be {allowed}, got the response {error.response!r}")
    modelled = make_fault(str(code), str(details.get("Message", ""))).failure
    http_status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return replace(modelled, operation=operation, http_status=http_status or modelled.http_status)
