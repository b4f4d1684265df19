"""What an operation is asked, how it is handled, and what several of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from .. import _failures
from .._failures import Failure, Fault
from .account import Account
from .pagination import paginate
from .region import Region

__tracebackhide__ = True


class Request(NamedTuple):
    """What an operation is asked."""

    account: Account
    region: Region
    parameters: Mapping[str, Any]
    now: datetime
    outside: Mapping[str, Any] | None = None
    """What moto responded to the operation's ``look_up``; None if it was not asked."""
    known: Any = None
    """What the operation has found out so far, if it is performed again."""


Result = Mapping[str, Any] | Callable[[], Request]
"""A result in the API's shape, or a function that does first what has to be done without the lock."""


class Operation(NamedTuple):
    """How an operation is handled."""

    perform: Callable[[Request], Result]
    """Return the result in the API's shape, or raise ``Fault`` for a refusal. Under the account's lock, if ``locked``.

    What takes time or calls anything, such as storing files, comes first, and without the lock: then it returns a
    function that does this. The operation is performed again with the request that the function returns.
    """
    look_up: Callable[[Request], tuple[str, Mapping[str, Any]] | None] | None = None
    """Return the operation and the parameters of a Describe request that moto is to be asked, if it is on."""
    locked: bool = True
    """Whether ``perform`` is called under the lock: not where a user's function may wait for another thread."""
    refused: Callable[[Request, Failure | Exception | None], Result] | None = None
    """Do, under the lock, what an injected failure says has happened; return a function as ``perform`` does."""

    def perform_unlocked(self, request: Request) -> Mapping[str, Any]:
        """Perform it, and what has to be done first. Call it without the lock, which it takes to perform."""
        while True:
            with request.account.lock:
                result = self.perform(request)
            if not callable(result):
                return result
            request = result()


def invalid_value(message: str) -> Fault:
    """Return the refusal of a parameter."""
    return _failures.make_fault("InvalidParameterValue", message)


def invalid_identifier(parameter: str) -> Fault:
    """Return the refusal of what cannot be an identifier."""
    return invalid_value(
        f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain only "
        "ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
    )


def long_identifier(parameter: str, longest: int) -> Fault:
    """Return the refusal of an identifier that has more than so many characters."""
    return invalid_value(
        f"The parameter {parameter} is not a valid identifier because it is longer than {longest} characters."
    )


def update_regions(regions: Iterable[Region], request: Request) -> Request:
    """Bring regions up to date, so that the files of their exports are there."""
    for region in regions:
        region.update_all(request.now)
    return request


def look_up_same(operation: str, request: Request) -> tuple[str, Mapping[str, Any]]:
    """Return how to ask for what an operation lists, without its pages."""
    narrowing = {name: value for name, value in request.parameters.items() if name not in ("Marker", "MaxRecords")}
    return operation, narrowing


def list_scope(request: Request, what: str) -> str:
    """Return what ties a Marker to its list."""
    return f"{request.region.account_id}/{request.region.name}/{what}"


def select_page(
    request: Request,
    what: str,
    numbered_from: Callable[[int], Iterable[tuple[int, Any]]],
    matches: Callable[[Any], bool] | None = None,
    *,
    first: int = 0,
    version: tuple[int, ...] = (),
) -> tuple[list[Any], dict[str, str]]:
    """Return a page of what a Describe operation lists, and the Marker of the next one if there is one."""
    return paginate(
        numbered_from,
        request.parameters,
        page_size=request.account.options.page_size,
        scope=list_scope(request, what),
        matches=matches,
        first=first,
        version=version,
    )
