"""Failures waiting for the sends that they are meant for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import _failures, _model
from ._failures import Failure
from ._wording import counted, unknown

if TYPE_CHECKING:
    from typing_extensions import Self

__tracebackhide__ = True


class Injection:
    """A failure on its way to the sends that it is meant for.

    ``failure`` is a ``Failure`` or the exception instance that was given; ``into``, ``identifier``, ``times`` and
    ``applied`` are as ``ExportTaskRegistry.inject`` takes them. ``sends`` counts the sends that met it. Used as a
    context manager, it is lifted at the exit, whether it was met or not.
    """

    def __init__(
        self,
        queue: InjectionQueue,
        failure: Failure | Exception,
        into: str,
        identifier: str | None,
        times: int | None,
        *,
        applied: bool,
    ) -> None:
        self._queue = queue
        self.failure = failure
        self.into = into
        self.identifier = identifier
        self.times = times
        self.applied = applied
        self.sends = 0

    def meets(self, operation: str, identifier: object) -> bool:
        """Whether a send of *operation* about *identifier* meets this failure."""
        if operation != self.into or self.is_used_up:
            return False
        return self.identifier is None or self.identifier == identifier

    @property
    def is_used_up(self) -> bool:
        """Whether no further send can meet it."""
        return self.times is not None and self.sends >= self.times

    def covers(self, other: Injection) -> bool:
        """Whether this one is endless and would take every send from *other*."""
        return self.times is None and self.into == other.into and self.identifier in (None, other.identifier)

    @property
    def name(self) -> str:
        """What the failure is called."""
        return self.failure.name if isinstance(self.failure, Failure) else repr(self.failure)

    @property
    def target(self) -> str:
        """What it is meant for, in a few words."""
        return self.into + (f" of {self.identifier!r}" if self.identifier is not None else "")

    @property
    def unmet(self) -> str:
        """What to say where no send met it."""
        return f"{self.name} was injected into {self.target}, but no send met it"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._queue.lift(self)

    def __repr__(self) -> str:
        often = "every send" if self.times is None else counted(self.times, "send")
        applied = ", applied" if self.applied else ""
        return f"<Injection {self.name} into {self.target}: {often}{applied}, met by {self.sends}>"


class InjectionQueue:
    """The injected failures of an account: first in, first out."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock
        self.waiting: list[Injection] = []
        self._all: list[Injection] = []

    def add(
        self, failure: object, *, into: str | None, identifier: str | None, times: int | None, applied: bool
    ) -> Injection:
        """Queue a failure; see ``ExportTaskRegistry.inject``."""
        if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
            raise ValueError(f"times is a whole number of at least 1, or None for every send, got {times!r}")
        if identifier is not None and not isinstance(identifier, str):
            raise ValueError(f"identifier is that of an export task, or None for any, got {identifier!r}")
        if not isinstance(applied, bool):
            raise ValueError(f"applied is True or False, got {applied!r}")
        if into is not None:
            _model.operation_model(into)
        resolved, operation = _resolved(failure, into)
        injection = Injection(self, resolved, operation, identifier, times, applied=applied)
        with self._lock:
            for waiting in self.waiting:
                if waiting.covers(injection):
                    raise ValueError(f"no send would ever get as far as {injection!r}: it stands behind {waiting!r}")
            self.waiting.append(injection)
            self._all.append(injection)
        return injection

    def meet(self, operation: str, identifier: object) -> Injection | None:
        """The failure that this send meets, counted; None if there is none."""
        with self._lock:
            for injection in self.waiting:
                if injection.meets(operation, identifier):
                    injection.sends += 1
                    if injection.is_used_up:
                        self.waiting.remove(injection)
                    return injection
        return None

    def lift(self, injection: Injection) -> None:
        """Take a failure out of the queue."""
        with self._lock:
            if injection in self.waiting:
                self.waiting.remove(injection)

    def unused(self) -> list[Injection]:
        """The failures that no send ever met."""
        with self._lock:
            return [injection for injection in self._all if not injection.sends]


def _resolved(failure: object, into: str | None) -> tuple[Failure | Exception, str]:
    from botocore.exceptions import ClientError

    if isinstance(failure, str):
        return _by_name(failure, into)
    if isinstance(failure, Failure):
        operation = into or failure.operation or _model.ANSWERED[0]
        if failure.operation not in (None, operation):
            _failures.find(failure.name, operation)
        return replace(failure, operation=operation), operation
    operation = into or _model.ANSWERED[0]
    if isinstance(failure, ClientError):
        return _failures.from_client_error(failure, operation), operation
    if isinstance(failure, Exception):
        return failure, operation
    kind = failure if isinstance(failure, type) else type(failure)
    if issubclass(kind, Exception):
        raise TypeError(f"inject an instance of {kind.__name__}, not the class: {kind.__name__}(...)")
    if issubclass(kind, BaseException):
        raise TypeError(f"a failure is an Exception; {failure!r} would end the test run")
    raise TypeError(f"a failure is a Failure, its name or an exception instance, got {failure!r}")


def _by_name(name: str, into: str | None) -> tuple[Failure, str]:
    if into is not None:
        return _failures.find(name, into), into
    for operation in _model.ANSWERED:
        try:
            return _failures.find(name, operation), operation
        except ValueError:
            continue
    names = {failure.name: None for operation in _model.ANSWERED for failure in _failures.failures(operation)}
    raise ValueError(unknown("failure", name, names) + "; for another operation say into=...")
