"""fake_rds_export: everything below, switched on and off together, without pytest."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from . import _clock
from ._decorators import within
from ._end_check import raise_problems
from ._entering import entered
from ._hints import tasks_shown
from ._live import outgoing
from ._live.account_view import account_of
from ._live.registry import ExportTaskRegistry
from ._live.seeds import Seed
from ._messages import pluralize
from ._rds.account import Account
from ._rds.options import Options
from ._rds.state import FINISHED
from ._report import format_report
from ._times import milliseconds
from ._transport import environment as _environment
from ._transport import patch as _patch
from ._transport.endpoint import Serving
from ._transport.environment import DEFAULT_SESSION, Environment, endpoint_variables, fake_aws
from ._transport.patch import active_accounts
from ._transport.session import default_session

__tracebackhide__ = True

_FunctionT = TypeVar("_FunctionT", bound=Callable[..., Any])

_DECORATES = "fake_rds_export can decorate functions, coroutine functions, and classes with methods named test..."


class fake_rds_export:  # noqa: N801
    """Fake the export tasks of Amazon RDS while a block runs, for every RDS client of the process.

    Also a decorator of functions, coroutine functions and test classes; each call then has a registry of its own. Of a
    class, each method whose name begins with ``test`` is decorated, also an inherited one; a ``unittest.TestCase`` has
    the fake from ``setUp`` to its last clean-up. Uses may be nested: the innermost one responds. Who
    calls ``__enter__`` without a ``with`` must keep the object, because a fake ends with its object.

    Args:
        *seeds: What ``seed_all`` takes.
        **options: Such as ``region="eu-west-1"`` or ``timeline=Polls()``; ``pytest --markers`` lists them all.

    Returns:
        As a context manager, the ``ExportTaskRegistry`` of the default region.

    Raises:
        TypeError: For an unknown option, or something that cannot be seeded.
        ValueError: For a value that is not allowed.
        EndCheckFailed: At the exit, unless the block raised, for injected failures that were not used and operations
            that nothing handled.
    """

    __module__ = "pytest_rds_export"

    def __init__(self, *seeds: Seed, **options: Any) -> None:
        Options(**options)
        if any(callable(seed) for seed in seeds):
            raise TypeError("a seed cannot be a function. Write the decorator with parentheses: @fake_rds_export()")
        self._seeds = seeds
        self._options = options
        self._entered: list[_Use] = []

    def _make_registry(self) -> ExportTaskRegistry:
        registry = ExportTaskRegistry(Account(Options(**self._options)))
        registry.seed_all(self._seeds)
        return registry

    def __enter__(self) -> ExportTaskRegistry:
        registry = self._make_registry()
        account = account_of(registry)
        use = _Use(activate(account), account, _this_flow())
        self._entered.append(use)
        try:
            return use.active.__enter__() or registry  # in one line: an interruption in between would leave the fake on
        except BaseException:
            self._entered.remove(use)
            raise

    def __exit__(self, *exc_info: object) -> None:
        flow = _this_flow()
        # The latest one of this thread or coroutine: uses of one instance may overlap.
        use = next((use for use in reversed(self._entered) if use.flow == flow), self._entered[-1])
        self._entered.remove(use)
        use.active.__exit__(None, None, None)
        if exc_info[0] is None:
            raise_problems(use.account)

    def __call__(self, func: _FunctionT) -> _FunctionT:
        """Return the function with the fake around each call, or the class with the fake around its tests."""
        if inspect.isclass(func) and any(name.startswith("test") for name in dir(func)):
            return self._decorate_class(func)  # type: ignore[no-any-return]
        return within(self._again, func, _DECORATES)  # type: ignore[return-value]

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
            # Without a check at the end: the test may have failed.
            for name in ("run", "debug"):
                method = getattr(cls, name)
                setattr(cls, name, within(lambda: activate(account_of(self._make_registry())), method, _DECORATES))
        return cls

    def _again(self) -> fake_rds_export:
        """Return what a call of a decorated function enters: each its own, because calls may overlap."""
        return type(self)(*self._seeds, **self._options)

    def __repr__(self) -> str:
        use = "in use" if self._entered else "not in use"
        return f"<fake_rds_export of {pluralize(len(self._seeds), 'seed')}, {use}>"


class _Use(NamedTuple):
    active: AbstractContextManager[None]
    account: Account
    flow: tuple[int, Any]


def _this_flow() -> tuple[int, Any]:
    """Return what identifies the thread, and the task of asyncio if there is one."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop runs here
        task = None
    return threading.get_ident(), task


def _checked(test: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of a test case with the check at the end, if it passes: it runs inside its fake."""

    @contextmanager
    def check() -> Iterator[None]:
        yield
        raise_problems(active_accounts()[-1])

    return within(check, test, _DECORATES)


# For the report of a failing test. Without pytest it is never cleared, so its length is limited.
_recent: deque[Account] = deque(maxlen=10)
_attempt = ""


def recent_accounts() -> list[Account]:
    """Return the accounts that have responded since ``forget_ended``, and those that respond now."""
    return [*(account for account in active_accounts() if account not in _recent), *_recent]


def reports() -> list[str]:
    """Return the report of each recent account that has something to tell."""
    return [text for account in recent_accounts() if (text := format_report(account))]


def describe_attempt() -> str:
    """Return which attempt of a sweep began last; an empty string if no sweep is going on."""
    return _attempt


def forget_ended(attempt: str = "") -> None:
    """Forget the accounts that do not respond any more: a new test begins, or a new attempt of a sweep."""
    global _attempt
    _attempt = attempt
    _recent.clear()
    _recent.extend(active_accounts())
    _environment.begin_test()


@contextmanager
def removing_leftovers(before_test: Mapping[str, str] | None) -> Iterator[None]:
    """After a teardown, remove what a patch has brought back that was made during a fake and undone after it."""
    before_teardown = _environment.values_set_earlier()
    try:
        yield
    finally:
        _environment.remove_leftovers(before_test, before_teardown)
        _patch.remove_leftovers()


def activate(account: Account) -> AbstractContextManager[None]:
    """Have *account* respond to all clients, with its options in the environment."""
    environment = Environment({**fake_aws(account.options), DEFAULT_SESSION: default_session()})
    follower: _Follower | None = None

    def begin() -> None:
        nonlocal follower
        _recent.append(account)
        follower = _Follower(account, outgoing.begin(account))
        _clock.followers.append(follower)
        environment.begin()
        _patch.begin_responding(account)

    def end() -> None:
        _patch.end_responding(account)
        environment.end()
        if follower in _clock.followers:
            _clock.followers.remove(follower)
        outgoing.end(account)

    return entered(begin, end)


class _Follower:
    """What an account does when the frozen clock begins, moves, or has been slept on for too long."""

    def __init__(self, account: Account, post: outgoing.Post) -> None:
        self._account = account
        self._post = post
        self._first = 0

    def jumped(self, length: timedelta) -> None:
        self._first = len(self._account.log.calls)
        self._account.shift(length)
        self._post.shift(length)

    def moved(self) -> None:
        if self._account.is_watched():
            self._account.update_all(_clock.now())
            while outgoing.deliver(self._account.outbox):
                self._account.update_all(_clock.now())  # what a receiver has started may have ended already

    def next_stop(self, now: datetime) -> datetime | None:
        """Return when the next event happens or is due: a receiver has the time of the event as its own."""
        if not self._account.outbox.receivers:
            return None
        now = milliseconds(now)
        times = (self._account.next_change(now), self._post.next_due(now))
        stop = min((time for time in times if time is not None), default=None)
        # Who reads the clock sees whole milliseconds: at the first one after it, what is due is seen to be so.
        return None if stop is None else milliseconds(stop + timedelta(microseconds=999))

    def slept(self, length: timedelta, *, goes_on: bool) -> None:
        if self._account is active_accounts()[-1]:  # the one that responds to the code that sleeps
            self._account.log.record_sleep(length, goes_on=goes_on)

    def unfinished(self) -> Iterable[str]:
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


def serve(account: Account) -> AbstractContextManager[str]:
    """Have *account* respond to other processes, too; yields the URL."""
    endpoint = Serving(account)
    environment = Environment({})  # until there is a URL

    def begin() -> str:
        nonlocal environment
        url = endpoint.begin()
        environment = Environment(endpoint_variables(url))
        environment.begin()
        return url

    def end() -> None:
        environment.end()
        endpoint.end()

    return entered(begin, end)
