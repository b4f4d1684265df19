"""The checks at the end of a test that passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from ._failures import Failure, failures
from ._live.deliveries import Delivery
from ._messages import format_count, pluralize
from ._rds.account import Account
from ._rds.calls import Call
from ._rds.dispatch import ways_to_handle
from ._rds.injections import Injection, format_target, format_unused

__tracebackhide__ = True


class EndCheckFailed(AssertionError):
    """``fake_rds_export`` has ended with unused injected failures, unhandled operations or receivers that raised."""

    __module__ = "pytest_rds_export.exceptions"


def raise_problems(account: Account) -> None:
    if problem := check_end(account):
        raise EndCheckFailed(problem)


def check_end(account: Account, allows: Callable[[BaseException], bool] = lambda _error: False) -> str:
    """Return what to say at the end of a test that passed: what was not used, handled or delivered; or nothing.

    *allows* says which exceptions a receiver may raise.
    """
    unused = account.injections.unused() if account.options.assert_all_injected else []
    parts = [_explain_unused(account, injection) for injection in unused]
    if account.options.assert_all_handled:
        counts = Counter((call.operation, call.region) for call in account.log.unhandled)
        for (operation, region), count in counts.items():
            ways = [*ways_to_handle(operation), "allow it: assert_all_handled=False, or unhandled.clear()"]
            parts.append(_with_ways(f"no handler for {operation}, called {pluralize(count, 'time')} in {region}", ways))
    if account.options.assert_all_delivered:
        parts += _explain_undelivered(account.outbox.deliveries, allows)
    return "\n".join(parts)


def _explain_undelivered(deliveries: Sequence[Delivery], allows: Callable[[BaseException], bool]) -> Iterator[str]:
    """Yield what to say of each exception of a receiver, once if others are alike."""
    failed = [
        (number, each) for number, each in enumerate(deliveries) if each.error is not None and not allows(each.error)
    ]
    for (receiver, outcome), group in groupby(failed, key=lambda item: (item[1].receiver, item[1].outcome)):
        (number, delivery), *more = group
        others = f" and {pluralize(len(more), 'more time')}" if more else ""
        yield _with_ways(
            f"{receiver} {outcome}, when it received {delivery.event!r}{others}",
            [
                "deliver only what it expects: deliver_events(..., pattern={...})",
                f"see its traceback: raise rds_export_tasks.deliveries[{number}].error",
                "allow it: assert_all_delivered=False, or deliveries.clear()",
            ],
        )


def _explain_unused(account: Account, injection: Injection) -> str:
    calls, target = account.log.calls, format_target(injection)
    instead = describe_calls(calls, with_identifiers=injection.identifier is not None)
    ways = [
        f"call {target} more often in the test, or lower after=" if injection.after else f"call {target} in the test"
    ]
    other = next((call.operation for call in calls if _fits(injection, call.operation)), None)
    if other is not None:
        ways += [
            f"fail what is called: inject(..., operation={other!r})",
            f"for the fixture rds_export_failure: @pytest.mark.rds_export_failure({other!r})",
        ]
    ways.append("allow it: assert_all_injected=False")
    return _with_ways(f"{format_unused(injection)}. The test called {instead}", ways)


def describe_call(call: Call, *, with_identifier: bool = True) -> str:
    """Return the operation of a call, and the export task that it is about."""
    return call.operation + (f" of {call.identifier!r}" if with_identifier and call.identifier is not None else "")


def describe_calls(calls: Iterable[Call], *, with_identifiers: bool = True) -> str:
    counts = Counter(describe_call(call, with_identifier=with_identifiers) for call in calls)
    return ", ".join(format_count(*item) for item in counts.items()) or "nothing"


def _fits(injection: Injection, operation: str) -> bool:
    """Return whether the failure can be injected into *operation* instead of its own."""
    failure = injection.failure
    if operation == injection.operation:
        return False
    return not isinstance(failure, Failure) or failure.name in {other.name for other in failures(operation)}


def _with_ways(problem: str, ways: Iterable[str]) -> str:
    return "\n".join([f"{problem}. Do one of these:", *(f"  - {way}" for way in ways)])
