"""Injected failures, and the queue in which they wait for the attempts that they are meant for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from .. import _failures, _model
from .._failures import Failure
from .._messages import pluralize, unknown_name_message

if TYPE_CHECKING:
    from typing_extensions import Self

__tracebackhide__ = True


class Injection:
    """A failure on its way to the sends that it is meant for.

    ``failure`` is a ``Failure`` or the exception instance that was given; ``operation``, ``identifier``, ``times`` and
    ``applied`` are as ``ExportTaskRegistry.inject`` takes them. ``attempts`` counts the attempts that failed with it.
    Used as a context manager, it is lifted at the exit, whether it was used or not.
    """

    def __init__(
        self,
        queue: InjectionQueue,
        failure: Failure | Exception,
        operation: str,
        identifier: str | None,
        times: int | None,
        *,
        applied: bool,
    ) -> None:
        self._queue = queue
        self.failure = failure
        self.operation = operation
        self.identifier = identifier
        self.times = times
        self.applied = applied
        self.attempts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._queue.remove(self)

    def __repr__(self) -> str:
        often = "every send" if self.times is None else pluralize(self.times, "send")
        applied = ", applied" if self.applied else ""
        return (
            f"<Injection {failure_name(self)} into {describe_target(self)}: {often}{applied}, met by {self.attempts}>"
        )


def failure_name(injection: Injection) -> str:
    """Return what the failure is called."""
    failure = injection.failure
    return failure.name if isinstance(failure, Failure) else repr(failure)


def describe_target(injection: Injection) -> str:
    """Return which calls the failure is meant for, in a few words."""
    return injection.operation + (f" of {injection.identifier!r}" if injection.identifier is not None else "")


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
        applied: bool,
    ) -> Injection:
        """Add a failure, as ``ExportTaskRegistry.inject`` says; *operations* are where a name is looked for."""
        if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
            raise ValueError(f"times is a whole number of at least 1, or None for every send, got {times!r}")
        if identifier is not None and not isinstance(identifier, str):
            raise ValueError(f"identifier is that of an export task, or None for any, got {identifier!r}")
        if not isinstance(applied, bool):
            raise ValueError(f"applied is True or False, got {applied!r}")
        if operation is not None:
            _model.operation_model(operation)
        resolved, operation = _resolve(failure, operation, operations)
        injection = Injection(self, resolved, operation, identifier, times, applied=applied)
        with self._lock:
            for earlier in self._waiting:
                if _leaves_none(earlier, injection):
                    raise ValueError(f"no send would ever get as far as {injection!r}: it stands behind {earlier!r}")
            self._waiting.append(injection)
            self._all.append(injection)
        return injection

    def take(self, operation: str, identifier: str | None) -> Injection | None:
        """Return the failure that an attempt is to fail with, and count the attempt; None if there is none."""
        if not self._waiting:
            return None
        with self._lock:
            for injection in self._waiting:
                if injection.operation == operation and injection.identifier in (None, identifier):
                    injection.attempts += 1
                    if injection.attempts == injection.times:
                        self._waiting.remove(injection)
                    return injection
        return None

    def remove(self, injection: Injection) -> None:
        """Remove a failure from the queue, if it is still there."""
        with self._lock:
            if injection in self._waiting:
                self._waiting.remove(injection)

    def unused(self) -> list[Injection]:
        """Return the failures that no attempt failed with."""
        with self._lock:
            return [injection for injection in self._all if not injection.attempts]


def _leaves_none(earlier: Injection, later: Injection) -> bool:
    """Return whether *earlier* takes every attempt that *later* is meant for."""
    return (
        earlier.times is None
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
        raise TypeError(f"inject an instance of {kind.__name__}, not the class: {kind.__name__}(...)")
    if issubclass(kind, BaseException):
        raise TypeError(f"a failure is an Exception; {failure!r} would end the test run")
    raise TypeError(f"a failure is a Failure, its name or an exception instance, got {failure!r}")


def _find_by_name(name: str, operation: str | None, operations: Sequence[str]) -> tuple[Failure, str]:
    if operation is not None:
        return _failures.find(name, operation), operation
    for candidate in operations:
        try:
            return _failures.find(name, candidate), candidate
        except ValueError:
            continue
    names = {failure.name: None for candidate in operations for failure in _failures.failures(candidate)}
    raise ValueError(unknown_name_message("failure", name, names) + "; for another operation say operation=...")
