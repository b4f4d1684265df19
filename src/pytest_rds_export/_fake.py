"""fake_rds_export: everything below, switched on and off together, without pytest."""

from __future__ import annotations

import functools
import inspect
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ContextDecorator, contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from . import _frozen_time
from ._live import outgoing
from ._live.registry import ExportTaskRegistry
from ._live.seeds import Seed
from ._messages import pluralize
from ._rds.account import Account
from ._rds.options import Options
from ._rds.state import FINISHED
from ._report import check_end, describe, tasks_shown
from ._transport.endpoint import endpoint
from ._transport.environment import DEFAULT_SESSION, Environment, endpoint_variables, environment, fake_aws
from ._transport.patch import active_accounts, responding
from ._transport.session import default_session

__tracebackhide__ = True

_FunctionT = TypeVar("_FunctionT", bound=Callable[..., Any])


class fake_rds_export(ContextDecorator):  # noqa: N801
    """Fake the export tasks of Amazon RDS while a block runs, for every RDS client of the process.

    Also a decorator of functions, coroutine functions and test classes; each call then has a registry of its own. Of a
    class, each method whose name begins with ``test`` is decorated, also an inherited one; a ``unittest.TestCase`` has
    the fake from ``setUp`` to its last clean-up. Uses may be nested: the innermost one responds.

    Args:
        *seeds: What ``seed_all`` takes.
        **options: Such as ``region="eu-west-1"`` or ``timeline=Polls()``; ``pytest --markers`` lists them all.

    Returns:
        As a context manager, the ``ExportTaskRegistry`` of the default region.

    Raises:
        TypeError: For an unknown option, or something that cannot be seeded.
        ValueError: For a value that is not allowed.
        AssertionError: At the exit, unless the block raised, for injected failures that were not used and operations
            that nothing handled.

    """

    __module__ = "pytest_rds_export"

    def __init__(self, *seeds: Seed, **options: Any) -> None:
        Options(**options)
        if any(callable(seed) for seed in seeds):
            raise TypeError("a seed cannot be a function. Write the decorator with parentheses: @fake_rds_export()")
        self._seeds = seeds
        self._options = options
        self._entered: list[tuple[AbstractContextManager[Environment], Account]] = []

    def __enter__(self) -> ExportTaskRegistry:
        account = Account(Options(**self._options))
        registry = ExportTaskRegistry(account)
        registry.seed_all(self._seeds)
        active = activate(account)
        active.__enter__()
        self._entered.append((active, account))
        return registry

    def __exit__(self, *exc_info: object) -> None:
        active, account = self._entered.pop()
        active.__exit__(None, None, None)
        if exc_info[0] is None:
            _check_end(account)

    def __call__(self, func: _FunctionT) -> _FunctionT:
        """Return the function with the fake around each call, for a coroutine function around all that it awaits."""
        if inspect.isclass(func) and any(name.startswith("test") for name in dir(func)):
            return self._decorate_class(func)  # type: ignore[no-any-return]
        if inspect.isclass(func) or inspect.isgeneratorfunction(func) or inspect.isasyncgenfunction(func):
            raise TypeError(
                "fake_rds_export can decorate functions, coroutine functions, and classes with methods named test..., "
                f"got {func!r}. Use it as a context manager inside the function"
            )
        if not inspect.iscoroutinefunction(func):
            return super().__call__(func)

        @functools.wraps(func)
        async def inner(*args: Any, **kwargs: Any) -> Any:
            with self._recreate_cm():
                return await func(*args, **kwargs)

        return inner  # type: ignore[return-value]

    def _decorate_class(self, cls: Any) -> Any:
        is_test_case = hasattr(cls, "addCleanup")
        decorate = _checked if is_test_case else self
        for name in dir(cls):
            method = inspect.getattr_static(cls, name) if name.startswith("test") else None
            if isinstance(method, (classmethod, staticmethod)):
                setattr(cls, name, type(method)(decorate(method.__func__)))
            elif inspect.isfunction(method):
                setattr(cls, name, decorate(method))
        if is_test_case:
            cls.run, cls.debug = map(self._without_check, (cls.run, cls.debug))
        return cls

    def _without_check(self, run: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method that runs a test inside the fake, without a check at the end: the test may have failed."""

        @functools.wraps(run)
        def inner(*args: Any, **kwargs: Any) -> Any:
            fake = self._recreate_cm()
            fake.__enter__()
            try:
                return run(*args, **kwargs)
            finally:
                fake.__exit__(AssertionError)

        return inner

    def _recreate_cm(self) -> fake_rds_export:
        """Return what a call of a decorated function enters: each its own, because calls may overlap."""
        return type(self)(*self._seeds, **self._options)

    def __repr__(self) -> str:
        use = "in use" if self._entered else "not in use"
        return f"<fake_rds_export of {pluralize(len(self._seeds), 'seed')}, {use}>"


def _checked(test: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of a test case with the check at the end, if it passes: it runs inside its fake."""

    @contextmanager
    def check() -> Iterator[None]:
        yield
        _check_end(active_accounts()[-1])

    if not inspect.iscoroutinefunction(test):
        return check()(test)

    @functools.wraps(test)
    async def inner(*args: Any, **kwargs: Any) -> Any:
        with check():
            return await test(*args, **kwargs)

    return inner


def _check_end(account: Account) -> None:
    if problem := check_end(account):
        raise AssertionError(problem)


# For the report of a failing test. Without pytest it is never cleared, so its length is limited.
_recent: deque[Account] = deque(maxlen=10)


def recent_accounts() -> list[Account]:
    """Return the accounts that have responded since ``forget_ended``, and those that respond now."""
    return [*(account for account in active_accounts() if account not in _recent), *_recent]


def describe_recent() -> list[str]:
    """Return the report of each recent account that has something to tell."""
    return [text for account in recent_accounts() if (text := describe(account))]


def is_end_check(error: BaseException) -> bool:
    """Return whether *error* is what ``fake_rds_export`` raises at its end: its message says everything."""
    message = str(error)
    return type(error) is AssertionError and message != "" and message in map(check_end, recent_accounts())


def forget_ended() -> None:
    """Forget the accounts that do not respond any more: a new test begins."""
    _recent.clear()
    _recent.extend(active_accounts())


@contextmanager
def activate(account: Account) -> Iterator[Environment]:
    """Have *account* respond to all clients, with its options in the environment; yields what was there."""
    _recent.append(account)
    follower = _Follower(account, outgoing.begin(account))
    _frozen_time.followers.append(follower)
    try:
        values = {**fake_aws(account.options), DEFAULT_SESSION: default_session()}
        with environment(values) as found, responding(account):
            yield found
    finally:
        _frozen_time.followers.remove(follower)
        outgoing.end(account)


class _Follower:
    """What an account does when the frozen clock begins, moves, or has been slept on for too long."""

    def __init__(self, account: Account, post: outgoing.Post) -> None:
        self._account = account
        self._post = post
        self._first = 0

    def begin(self) -> None:
        self._first = len(self._account.log.calls)

    def jumped(self, length: timedelta) -> None:
        self._account.shift(length)
        self._post.shift(length)

    def moved(self) -> None:
        if self._account.is_watched():
            self._account.update_all()
            outgoing.deliver(self._account.outbox)

    def next_stop(self, now: datetime) -> datetime | None:
        """Return when the next event happens or is due: a receiver has the time of the event as its own."""
        if not self._account.outbox.receivers:
            return None
        times = (self._account.next_change(now), self._post.next_due(now))
        return min((time for time in times if time is not None), default=None)

    def describe(self) -> Iterable[str]:
        """Yield the unfinished tasks that the code under test has described since the clock began."""
        tasks = dict.fromkeys(
            (call.region, task["ExportTaskIdentifier"])
            for call in self._account.log.calls[self._first :]
            for task in tasks_shown(call) or ()
        )
        for region, identifier in tasks:
            task = self._account.region(region).tasks.get(identifier)
            if task is not None and task.status not in FINISHED:
                yield f"{identifier!r} is still {task.status}"


@contextmanager
def serve(account: Account) -> Iterator[tuple[str, Environment]]:
    """Have *account* respond to other processes, too; yields the URL, and what was in the environment."""
    with endpoint(account) as url, environment(endpoint_variables(url)) as found:
        yield url, found
