"""fake_rds_export: the whole of it as a context manager, without pytest."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ContextDecorator, contextmanager
from typing import Any, TypeVar

from ._environment import Environment, environment, fake_aws
from ._interceptor import intercepting
from ._options import Options
from ._registry import ExportTaskRegistry, Seed
from ._session import default_session
from ._wording import counted

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
        self._entered: list[tuple[AbstractContextManager[Environment], ExportTaskRegistry]] = []

    def __enter__(self) -> ExportTaskRegistry:
        registry = ExportTaskRegistry(Options.of(self._options))
        registry.seed_all(self._seeds)
        answering = answered_from(registry)
        answering.__enter__()
        self._entered.append((answering, registry))
        return registry

    def __exit__(self, *exc_info: object) -> None:
        answering, registry = self._entered.pop()
        answering.__exit__(*exc_info)  # type: ignore[arg-type]
        if exc_info[0] is None and (complaint := complaints(registry)):
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
        return f"<fake_rds_export of {counted(len(self._seeds), 'seed')}, {use}>"


@contextmanager
def answered_from(registry: ExportTaskRegistry) -> Iterator[Environment]:
    """Environment and interception for *registry*, in and out; gives what the environment was."""
    with environment(fake_aws(registry.region)) as found, default_session(), intercepting(registry):
        yield found


def complaints(registry: ExportTaskRegistry) -> str:
    """What to say at the end of a test that passed: never-met failures and unanswered operations; else nothing."""
    options = registry._account.options
    lines = []
    if options.assert_all_injected:
        lines += [
            f"{injection.unmet}; have the code under test call {injection.target}, inject it into= another operation, "
            "or allow it with assert_all_injected=False"
            for injection in registry._account.injections.unused()
        ]
    if options.assert_all_answered:
        lines += [
            f"{call.operation} was called in {call.region} and nobody answered; stub it, put moto beside, or allow it "
            "with assert_all_answered=False or unanswered.clear()"
            for call in registry.unanswered
        ]
    return "\n".join(lines)
