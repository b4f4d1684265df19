"""Injected failures, and the queue in which they wait for the attempts that they are meant for."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import RLock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .. import _failures, _model
from .._failures import Failure
from .._messages import must_be, must_be_type, pluralize, safe_repr, unknown_name
from .._times import to_length
from .calls import Call

if TYPE_CHECKING:
    from typing_extensions import Self

__tracebackhide__ = True

Where = Callable[[Mapping[str, Any]], object]


@dataclass(eq=False, repr=False)
class Injection:
    """A failure, or a late response, that waits for the attempts that it is meant for.

    Used as a context manager, it is removed at the exit, whether it was used or not.

    Attributes:
        failure: The ``Failure``, or the exception that was given; None if the response is only late.
        operation: The API name of the operation that fails.
        identifier: The export task that the calls must be about; None for any.
        where: The function of the parameters that selects calls; None for any.
        times: How many attempts fail with it; None for every one.
        calls: How many calls fail with it, each with all its attempts; None for every one.
        after: How many attempts pass before the first one fails with it.
        applied: Whether the operation takes effect before its response is lost or late.
        delay: How late the response is.
        attempts: How many attempts have failed with it.
        passed: How many attempts have passed before the first one.

    """

    _queue: InjectionQueue
    failure: Failure | Exception | None
    operation: str
    identifier: str | None
    where: Where | None
    times: int | None
    calls: int | None
    after: int
    applied: bool
    delay: timedelta
    attempts: int = field(default=0, init=False)
    passed: int = field(default=0, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._queue.remove(self)

    def __repr__(self) -> str:
        if self.calls is not None:
            often = pluralize(self.calls, "call")
        else:
            often = "every attempt" if self.times is None else pluralize(self.times, "attempt")
        after = f" after {self.after}" if self.after else ""
        applied = ", applied" if self.applied and self.failure is not None else ""
        where = f"{_failure_name(self)} into {format_target(self)}"
        return f"<Injection {where}: {often}{after}{applied}, {self.attempts} used>"


# Not in the class: the decorator looks the module up, which is not imported yet.
Injection.__module__ = "pytest_rds_export.types"


def _failure_name(injection: Injection) -> str:
    failure = injection.failure
    late = f"{injection.delay} late"
    if failure is None:
        return f"a response {late}"
    name = failure.name if isinstance(failure, Failure) else safe_repr(failure)
    return f"{name} {late}" if injection.delay else name


def format_target(injection: Injection) -> str:
    """Return which calls the failure is meant for, in a few words."""
    of = f" of {injection.identifier!r}" if injection.identifier is not None else ""
    return injection.operation + of + (" where a function says so" if injection.where is not None else "")


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
        self._failed: defaultdict[Injection, list[Call]] = defaultdict(list)

    def add(
        self,
        failure: object,
        operations: Sequence[str],
        *,
        operation: str | None,
        identifier: str | None,
        where: Where | None,
        times: int | None,
        calls: int | None,
        after: int,
        applied: bool,
        delay: timedelta | float,
    ) -> Injection:
        """Add a failure, as ``ExportTaskRegistry.inject`` says; *operations* are where a name is looked for."""
        _check_counts(times, calls, after)
        if identifier is not None and not isinstance(identifier, str):
            raise ValueError(must_be_type("identifier", "a string, or None for every export task", identifier))
        if where is not None and not callable(where):
            raise ValueError(must_be_type("where", "a function of the parameters", where))
        if not isinstance(applied, bool):
            raise ValueError(must_be("applied", "True or False", applied))
        late = to_length("delay", delay)
        if failure is None and not late:
            raise TypeError("inject needs a failure, such as 'Throttling', or a delay=, or both")
        if operation is not None:
            _model.operation_model(operation)
        resolved, operation = _resolve(failure, operation, operations)
        input_shape: Any = _model.operation_model(operation).input_shape
        if identifier is not None and "ExportTaskIdentifier" not in input_shape.members:
            raise ValueError(
                f"identifier selects calls by their ExportTaskIdentifier, which {operation} does not have. "
                "Pass where=, a function of the parameters"
            )
        applied = applied or resolved is None
        injection = Injection(
            self, resolved, operation, identifier, where, times, calls, after, applied=applied, delay=late
        )
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

    def find(self, call: Call) -> list[Injection]:
        """Return what is meant for the attempts of a call. Without the lock: ``where`` is a function of the user."""
        return [injection for injection in self._waiting.copy() if _fits(injection, call)]

    def choose(self, call: Call, found: Sequence[Injection]) -> tuple[list[Injection], Injection | None]:
        """Return the injections that an attempt passes, and the one that it is to fail with, if any. Under the lock."""
        passed: list[Injection] = []
        for injection in found:
            failed = self._failed.get(injection, ())
            may_fail = injection.calls is None or len(failed) < injection.calls or call in failed
            if injection in self._waiting and may_fail:
                if injection.passed >= injection.after:
                    return passed, injection
                passed.append(injection)
        return passed, None

    def is_effect_lost(self, call: Call, found: Sequence[Injection]) -> bool:
        """Return whether an attempt is to fail before the operation takes effect."""
        with self._lock:
            _, injection = self.choose(call, found)
        return injection is not None and not injection.applied

    def count(self, call: Call, passed: Sequence[Injection], injection: Injection | None) -> None:
        """Count an attempt for what it has passed and fails with, as ``choose`` returned it. Under the same lock."""
        for earlier in passed:
            earlier.passed += 1
        if injection is not None:
            injection.attempts += 1
            if call not in self._failed[injection]:
                self._failed[injection].append(call)
            if injection.attempts == injection.times:
                self._waiting.remove(injection)

    def remove(self, injection: Injection) -> None:
        """Remove a failure from the queue, if it is still there."""
        with self._lock:
            if injection in self._waiting:
                self._waiting.remove(injection)

    def unused(self) -> list[Injection]:
        """Return the failures that no attempt failed with."""
        with self._lock:
            return [injection for injection in self._all if not injection.attempts]


def _check_counts(times: int | None, calls: int | None, after: int) -> None:
    for name, most, every in (("times", times, "attempt"), ("calls", calls, "call")):
        if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
            raise ValueError(must_be(name, f"an int of at least 1, or None for every {every}", most))
    if times is not None and calls is not None:
        raise TypeError("pass times= (how many attempts fail) or calls= (how many calls, with all attempts), not both")
    if not isinstance(after, int) or isinstance(after, bool) or after < 0:
        raise ValueError(must_be("after", "a number of attempts, an int of at least 0", after))


def _fits(injection: Injection, call: Call) -> bool:
    if injection.operation != call.operation or injection.identifier not in (None, call.identifier):
        return False
    return injection.where is None or bool(injection.where(copy.deepcopy(call.parameters)))


def _leaves_none(earlier: Injection, later: Injection) -> bool:
    """Return whether *earlier* takes every attempt that *later* is meant for."""
    return (
        earlier.times is None
        and earlier.calls is None
        and earlier.where in (None, later.where)
        and earlier.after - earlier.passed <= later.after
        and earlier.operation == later.operation
        and earlier.identifier in (None, later.identifier)
    )


def _resolve(
    failure: object, operation: str | None, operations: Sequence[str]
) -> tuple[Failure | Exception | None, str]:
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
    if failure is None or isinstance(failure, Exception):
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
