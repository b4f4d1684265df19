"""fake_rds_export: the whole of it as a context manager, without pytest."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ContextDecorator, contextmanager
from typing import Any, TypeVar

from . import _frozen_time
from ._messages import pluralize
from ._rds.account import Account
from ._rds.injections import describe_target, failure_name
from ._rds.operations import HANDLED
from ._rds.options import Options
from ._rds.registry import ExportTaskRegistry
from ._rds.seeds import Seed
from ._rds.state import FINISHED
from ._transport.endpoint import endpoint
from ._transport.environment import Environment, endpoint_variables, environment, fake_aws
from ._transport.patch import responding
from ._transport.session import default_session, new_client

__all__ = [
    "HANDLED",
    "Account",
    "ExportTaskRegistry",
    "activate",
    "complaints",
    "fake_rds_export",
    "new_client",
    "serve",
]

__tracebackhide__ = True

_FunctionT = TypeVar("_FunctionT", bound=Callable[..., Any])


class fake_rds_export(ContextDecorator):  # noqa: N801
    """Answer every RDS client in the process while the block runs; gives the ``ExportTaskRegistry``.

    *seeds* is what ``seed_all`` takes; *options* are those of ``Options``. Also a decorator, of plain and of coroutine
    functions; each use of it has a registry of its own. Uses may be nested: the innermost answers.

    At its exit, if the block did not raise, an ``AssertionError`` tells of injected failures that no send met and of
    operations that nobody answered. Raises ``TypeError`` for an unknown option or seed, ``ValueError`` for a value
    that is not allowed.
    """

    def __init__(self, *seeds: Seed, **options: Any) -> None:
        Options.of(options)
        if any(callable(seed) for seed in seeds):
            raise TypeError("a seed is no function; as a decorator it is written with parentheses: @fake_rds_export()")
        self._seeds = seeds
        self._options = options
        self._entered: list[tuple[AbstractContextManager[Environment], Account]] = []

    def __enter__(self) -> ExportTaskRegistry:
        account = Account(Options.of(self._options))
        registry = ExportTaskRegistry.of(account.region())
        registry.seed_all(self._seeds)
        active = activate(account)
        active.__enter__()
        self._entered.append((active, account))
        return registry

    def __exit__(self, *exc_info: object) -> None:
        active, account = self._entered.pop()
        active.__exit__(*exc_info)  # type: ignore[arg-type]
        if exc_info[0] is None and (complaint := complaints(account)):
            raise AssertionError(complaint)

    def __call__(self, func: _FunctionT) -> _FunctionT:
        """The function with the fake around each call of it; of a coroutine function around all that it awaits."""
        if inspect.isclass(func) or inspect.isgeneratorfunction(func) or inspect.isasyncgenfunction(func):
            raise TypeError(
                f"fake_rds_export decorates functions and coroutine functions, and {func.__name__!r} is neither; "
                "use it as a context manager inside"
            )
        if not inspect.iscoroutinefunction(func):
            return super().__call__(func)

        @functools.wraps(func)
        async def inner(*args: Any, **kwargs: Any) -> Any:
            with self._recreate_cm():
                return await func(*args, **kwargs)

        return inner  # type: ignore[return-value]

    def _recreate_cm(self) -> fake_rds_export:
        """What a decorated function enters: one of its own each time, since calls may overlap."""
        return type(self)(*self._seeds, **self._options)

    def __repr__(self) -> str:
        use = "in use" if self._entered else "not in use"
        return f"<fake_rds_export of {pluralize(len(self._seeds), 'seed')}, {use}>"


@contextmanager
def activate(account: Account) -> Iterator[Environment]:
    """Have *account* respond to all clients, with fake credentials in the environment; yields what was there."""
    waiting = _Waiting(account)
    _frozen_time.waiting.append(waiting)
    try:
        with environment(fake_aws(account.options.region)) as found, default_session(), responding(account):
            yield found
    finally:
        _frozen_time.waiting.remove(waiting)


class _Waiting:
    """The unfinished tasks that the code under test has described since the clock began."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._first = 0

    def begin(self) -> None:
        self._first = len(self._account.log.calls)

    def describe(self) -> Iterable[str]:
        tasks: dict[tuple[str, str], None] = {}
        for call in self._account.log.calls[self._first :]:
            if call.operation == "DescribeExportTasks" and call.response is not None:
                tasks |= dict.fromkeys(
                    (call.region, task["ExportTaskIdentifier"]) for task in call.response.get("ExportTasks", ())
                )
        for region, identifier in tasks:
            task = ExportTaskRegistry.of(self._account.region(region)).get(identifier)
            if task is not None and task.status not in FINISHED:
                yield f"{identifier!r} is still {task.status}"


@contextmanager
def serve(account: Account) -> Iterator[tuple[str, Environment]]:
    """Have *account* respond to other processes, too; yields the URL, and what was in the environment."""
    with endpoint(account) as url, environment(endpoint_variables(url)) as found:
        yield url, found


def complaints(account: Account) -> str:
    """Return what to say at the end of a test that passed: unused failures and unanswered operations; or nothing."""
    lines = []
    if account.options.assert_all_injected:
        lines += [
            f"{failure_name(injection)} was injected into {describe_target(injection)}, but no send met it; have the "
            f"code under test call {describe_target(injection)}, inject it operation= another operation, "
            "or allow it with assert_all_injected=False"
            for injection in account.injections.unused()
        ]
    if account.options.assert_all_answered:
        lines += [
            f"{call.operation} was called in {call.region} and nobody answered; stub it, put moto beside, or allow it "
            "with assert_all_answered=False or unanswered.clear()"
            for call in account.log.unanswered
        ]
    return "\n".join(lines)
