"""Injected failures, and the queue in which they wait for the attempts that they are meant for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from .. import _failures, _model
from .._failures import Failure
from .._messages import must_be, must_be_type, pluralize, unknown_name

if TYPE_CHECKING:
    from typing_extensions import Self

__tracebackhide__ = True


@dataclass(eq=False, repr=False)
class Injection:
    """A failure that waits for the attempts that it is meant for.

    Used as a context manager, it is removed at the exit, whether it was used or not.

    Attributes:
        failure: The ``Failure``, or the exception that was given.
        operation: The API name of the operation that fails.
        identifier: The export task that the calls must be about; None for any.
        times: How many attempts fail with it; None for every one.
        after: How many attempts pass before the first one fails with it.
        applied: Whether the operation takes effect before its response is lost.
        attempts: How many attempts have failed with it.
        passed: How many attempts have passed before the first one.

    """

    _queue: InjectionQueue
    failure: Failure | Exception
    operation: str
    identifier: str | None
    times: int | None
    after: int
    applied: bool
    attempts: int = field(default=0, init=False)
    passed: int = field(default=0, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._queue.remove(self)

    def __repr__(self) -> str:
        often = "every attempt" if self.times is None else pluralize(self.times, "attempt")
        after = f" after {self.after}" if self.after else ""
        applied = ", applied" if self.applied else ""
        where = f"{_failure_name(self)} into {format_target(self)}"
        return f"<Injection {where}: {often}{after}{applied}, {self.attempts} used>"


def _failure_name(injection: Injection) -> str:
    failure = injection.failure
    return failure.name if isinstance(failure, Failure) else repr(failure)


def format_target(injection: Injection) -> str:
    """Return which calls the failure is meant for, in a few words."""
    return injection.operation + (f" of {injection.identifier!r}" if injection.identifier is not None else "")


def format_unused(injection: Injection) -> str:
    """Return that it was never used; with ``after`` also how many attempts have passed before it."""
    unused = f"{_failure_name(injection)} was injected into {format_target(injection)} and never used"
    if not injection.after:
        return unused
    return f"{unused}: {injection.passed} of {pluralize(injection.after, 'attempt')} passed before it"


class InjectionQueue:
    """The injected failures of an account: first in, first out."""

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._waiting: list[Injection] = []
        self._all: list[Injection] = []

    def add(
        self,
        failure: object,
        operations: Sequence[str],
        *,
        operation: str | None,
        identifier: str | None,
        times: int | None,
        after: int,
        applied: bool,
    ) -> Injection:
        """Add a failure, as ``ExportTaskRegistry.inject`` says; *operations* are where a name is looked for."""
        if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
            raise ValueError(must_be("times", "an int of at least 1, or None for every attempt", times))
        if not isinstance(after, int) or isinstance(after, bool) or after < 0:
            raise ValueError(must_be("after", "a number of attempts, an int of at least 0", after))
        if identifier is not None and not isinstance(identifier, str):
            raise ValueError(must_be_type("identifier", "a string, or None for every export task", identifier))
        if not isinstance(applied, bool):
            raise ValueError(must_be("applied", "True or False", applied))
        if operation is not None:
            _model.operation_model(operation)
        resolved, operation = _resolve(failure, operation, operations)
        injection = Injection(self, resolved, operation, identifier, times, after, applied)
        with self._lock:
            for earlier in self._waiting:
                if _leaves_none(earlier, injection):
                    raise ValueError(
                        f"{injection!r} would never be used, because {earlier!r} takes every attempt. "
                        "Give the earlier one times=, or use it as a context manager"
                    )
            self._waiting.append(injection)
            self._all.append(injection)
        return injection

    def take(self, operation: str, identifier: str | None) -> Injection | None:
        """Return the failure that an attempt is to fail with, and count the attempt; None if there is none."""
        if not self._waiting:
            return None
        with self._lock:
            for injection in self._waiting:
                if _fits(injection, operation, identifier):
                    if injection.passed < injection.after:
                        injection.passed += 1
                        continue
                    injection.attempts += 1
                    if injection.attempts == injection.times:
                        self._waiting.remove(injection)
                    return injection
        return None

    def is_effect_lost(self, operation: str, identifier: str | None) -> bool:
        """Return whether the next attempt fails before the operation takes effect."""
        with self._lock:
            for injection in self._waiting:
                if _fits(injection, operation, identifier) and injection.passed >= injection.after:
                    return not injection.applied
        return False

    def remove(self, injection: Injection) -> None:
        """Remove a failure from the queue, if it is still there."""
        with self._lock:
            if injection in self._waiting:
                self._waiting.remove(injection)

    def unused(self) -> list[Injection]:
        """Return the failures that no attempt failed with."""
        with self._lock:
            return [injection for injection in self._all if not injection.attempts]


def _fits(injection: Injection, operation: str, identifier: str | None) -> bool:
    return injection.operation == operation and injection.identifier in (None, identifier)


def _leaves_none(earlier: Injection, later: Injection) -> bool:
    """Return whether *earlier* takes every attempt that *later* is meant for."""
    return (
        earlier.times is None
        and earlier.after - earlier.passed <= later.after
        and earlier.operation == later.operation
        and earlier.identifier in (None, later.identifier)
    )


def _resolve(failure: object, operation: str | None, operations: Sequence[str]) -> tuple[Failure | Exception, str]:
    """Return the failure that is meant, and its operation: the given one, its own, or the first that has it."""
    if isinstance(failure, str):
        return _find_by_name(failure, operation, operations)
    if isinstance(failure, Failure):
        target = operation or failure.operation or operations[0]
        if failure.operation not in (None, target):
            _failures.find(failure.name, target)
        return replace(failure, operation=target), target
    target = operation or operations[0]
    if isinstance(failure, ClientError):
        return _failures.from_client_error(failure, target), target
    if isinstance(failure, Exception):
        return failure, target
    kind = failure if isinstance(failure, type) else type(failure)
    if issubclass(kind, Exception):
        raise TypeError(f"failure must be an instance, got the class {kind.__name__}. Write {kind.__name__}(...)")
    if issubclass(kind, BaseException):
        raise TypeError(must_be("failure", "an Exception", failure) + ", which would end the test run")
    raise TypeError(must_be_type("failure", "a Failure, the name of one, or an exception", failure))


def _find_by_name(name: str, operation: str | None, operations: Sequence[str]) -> tuple[Failure, str]:
    if operation is not None:
        return _failures.find(name, operation), operation
    for candidate in operations:
        try:
            return _failures.find(name, candidate), candidate
        except ValueError:
            continue
    names = {failure.name: None for candidate in operations for failure in _failures.failures(candidate)}
    message = unknown_name("failure", name, names)
    stop = "" if message.endswith("?") else "."
    raise ValueError(f"{message}{stop} If another operation fails with it, pass operation=")
