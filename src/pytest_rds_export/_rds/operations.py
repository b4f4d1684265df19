"""What an operation is asked, how it is handled, and what several of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from .. import _failures
from .._failures import Fault
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
    prepared: Any = None
    """What the operation's ``prepare`` returned."""
    outside: Mapping[str, Any] | None = None
    """What moto responded to the operation's ``look_up``; None if it was not asked."""


class Operation(NamedTuple):
    """How an operation is handled."""

    perform: Callable[[Request], Mapping[str, Any]]
    """Return the result in the API's shape, or raise ``Fault`` for a refusal. Under the account's lock."""
    prepare: Callable[[Request], Any] | None = None
    """With files, do before what may take time or call anything: store them, ask for a bucket. Without the lock."""
    look_up: Callable[[Request], tuple[str, Mapping[str, Any]] | None] | None = None
    """Return the operation and the parameters of a Describe request that moto is to be asked, if it is on."""
    locked: bool = True
    """Whether ``perform`` is called under the lock: not where a user's function may wait for another thread."""

    def has_to_prepare(self, account: Account) -> bool:
        """Return whether something outside of the account may have to be done or known before."""
        return self.look_up is not None or (self.prepare is not None and account.files is not None)

    def prepared(self, request: Request) -> Request:
        """Return the request with what ``prepare`` returns, if files are stored."""
        if self.prepare is None or request.account.files is None:
            return request
        return request._replace(prepared=self.prepare(request))


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


def update_all_regions(request: Request) -> None:
    """Bring the exports of the account up to date, so that their files are there."""
    request.account.update_all(request.now)


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
