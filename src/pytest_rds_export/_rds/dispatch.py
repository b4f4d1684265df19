"""Who handles an operation: the fake service, a user's override of it, or a stub."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from .. import _failures, _model
from .._failures import Fault
from .._messages import format_choices
from .account import Account, Override, Stub
from .event_operations import EVENTS
from .export_operations import EXPORTS
from .operations import Operation, Request
from .region import Region
from .snapshot_operations import DATABASES, SNAPSHOTS

__tracebackhide__ = True

ALWAYS = {**EXPORTS, **EVENTS}
"""The operations that neither moto nor a stub handles."""
HANDLED: dict[str, Operation] = {**ALWAYS, **SNAPSHOTS, **DATABASES}
"""These, and those of snapshots and databases. A failure that names no operation is looked for in this order."""


class UnhandledOperation(AssertionError):
    """An RDS operation that has no handler. Nothing was sent to AWS."""

    __module__ = "pytest_rds_export.exceptions"


def find_handler(operation: str, account: Account, region: Region, *, moto_is_on: bool = False) -> Operation | None:
    """Return what handles an operation in a region; None if nothing here does.

    *moto_is_on* says whether moto is active alongside.
    """
    handler = ALWAYS.get(operation)
    if operation in EXPORTS and region.name in account.options.unsupported_regions.split():
        handler = _UNSUPPORTED
    if handler is None:
        stub = account.stubs.get(operation)
        if stub is not None:
            return Operation(partial(_call_stub, operation, stub), locked=False)
        handler = _find_snapshot_handler(operation, account, region, moto_is_on=moto_is_on)
    override = account.overrides.get(operation)
    if handler is None or override is None:
        return handler
    return handler._replace(perform=partial(_call_override, operation, override, handler), locked=False)


def _find_snapshot_handler(operation: str, account: Account, region: Region, *, moto_is_on: bool) -> Operation | None:
    """Return what handles an operation of snapshots or databases, as the option ``snapshots`` says."""
    snapshots = account.options.snapshots
    is_left_to_moto = snapshots == "moto" or (snapshots == "auto" and moto_is_on)
    # moto does not know what is seeded here.
    if operation in SNAPSHOTS and (not is_left_to_moto or (operation.startswith("Describe") and region.knows_sources)):
        return SNAPSHOTS[operation]
    return DATABASES.get(operation) if region.knows_databases else None


def _refuse(_request: Request) -> Mapping[str, Any]:
    raise _failures.make_fault("InvalidParameterCombination", "This operation is not currently supported.")


# Of export tasks in a region that has none.
_UNSUPPORTED = Operation(_refuse)


def _call_override(operation: str, override: Override, handler: Operation, request: Request) -> Mapping[str, Any]:
    def default() -> Mapping[str, Any]:
        try:
            return handler.perform_unlocked(request)
        except Fault as fault:
            raise _failures.to_client_error(fault.failure, operation) from None

    return _call_stub(operation, lambda parameters: override(parameters, default), request)


def _call_stub(operation: str, stub: Stub, request: Request) -> Mapping[str, Any]:
    try:
        response = stub(copy.deepcopy(request.parameters)) if callable(stub) else stub
    except ClientError as error:
        raise Fault(_failures.from_client_error(error, operation)) from error
    if callable(stub):
        _model.check_response(_model.operation_model(operation), response)
    return copy.deepcopy(dict(response))


def unhandled(operation: str, account: Account, region: Region, *, in_process: bool) -> UnhandledOperation:
    """Return the error for an operation that has no handler in a region."""
    known = dict.fromkeys((*HANDLED, *account.stubs))
    handled = [name for name in known if find_handler(name, account, region) is not None]
    ways = "".join(f"\n  - {way}" for way in ways_to_handle(operation, in_process=in_process))
    return UnhandledOperation(
        f"no handler for {operation}, so nothing was sent. These have handlers: {format_choices(handled, 'and')}. "
        f"To handle it:{ways}"
    )


def ways_to_handle(operation: str, *, in_process: bool = True) -> list[str]:
    """Return what a user can do about an operation that has no handler."""
    ways = [f"give it a response: rds_export_tasks.stub({operation!r}, {{...}})"]
    if operation in DATABASES:
        ways.insert(0, "seed a database: rds_export_tasks.seed_database('orders')")
    if operation in SNAPSHOTS:
        ways.insert(0, "have it handled here: the option snapshots='fake'")
    if in_process:
        ways += ["use moto alongside: @mock_aws", f"register a handler for before-send.rds.{operation}"]
    return ways
