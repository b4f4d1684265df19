"""How a task moves on by itself: by the clock, by polls, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from ._model import milliseconds

__tracebackhide__ = True

_NEXT = {"STARTING": "IN_PROGRESS", "CANCELING": "CANCELED"}
_PHASES = {"STARTING": "starting", "IN_PROGRESS": "in_progress", "CANCELING": "canceling"}
_LONGEST = timedelta(days=36525)  # no datetime that a test is likely to reckon with overflows


if TYPE_CHECKING:

    class _Moving(Protocol):
        """What a timeline sees of a task."""

        since: datetime
        percent_at_entry: int
        times_shown: int

        @property
        def status(self) -> str: ...
        def enter(self, status: str, when: datetime, **members: Any) -> None: ...
        def progress(self, percent: int) -> None: ...


class _Course:
    """What every course has: three phases, and how it ends when nobody cancels."""

    outcome: str
    failure_cause: str | None
    warning_message: str | None

    if TYPE_CHECKING:

        @staticmethod
        def _phase(name: str, value: Any) -> Any: ...

    def __post_init__(self) -> None:
        for phase in _PHASES.values():
            object.__setattr__(self, phase, self._phase(phase, getattr(self, phase)))
        if self.outcome not in ("COMPLETE", "FAILED"):
            raise ValueError(f"outcome is 'COMPLETE' or 'FAILED', got {self.outcome!r}")
        for name, belongs_to in (("failure_cause", "FAILED"), ("warning_message", "COMPLETE")):
            text = getattr(self, name)
            if not isinstance(text, (str, type(None))):
                raise ValueError(f"{name} is a text, got {text!r}")
            if text is not None and self.outcome != belongs_to:
                raise ValueError(f"{name} belongs to outcome {belongs_to!r}; the outcome here is {self.outcome!r}")

    def _failing(self, cause: str) -> Any:
        """The same course, ending FAILED with *cause*."""
        course: Any = self
        return replace(course, outcome="FAILED", failure_cause=cause, warning_message=None)

    def _length(self, status: str) -> Any:
        phase = _PHASES.get(status)
        return None if phase is None else getattr(self, phase)

    def _move_on(self, task: _Moving, when: datetime) -> None:
        status = _NEXT.get(task.status, self.outcome)
        members: dict[str, Any] = {}
        if status == "FAILED" and self.failure_cause is not None:
            members["FailureCause"] = self.failure_cause
        if status == "COMPLETE" and self.warning_message is not None:
            members["WarningMessage"] = self.warning_message
        task.enter(status, when, **members)


@dataclass(frozen=True)
class Timeline(_Course):
    """Moves a task by the clock, read as ``datetime.now(timezone.utc)`` at each call.

    ``starting``, ``in_progress`` and ``canceling`` are how long each phase lasts: a ``timedelta``, or a number of
    seconds, from 0 to 100 years; 0 skips the phase. The defaults, 10, 5 and 2 minutes, are inferred: in a captured
    export STARTING took 12 minutes and IN_PROGRESS 3. During IN_PROGRESS the progress and the extracted data grow
    linearly (inferred). ``outcome`` is ``"COMPLETE"`` or ``"FAILED"``; ``failure_cause`` and ``warning_message`` are
    the texts that go with them.

    A timeline is a value: tasks that share one run apart. ``Timeline()`` is the default of every task. Without a
    frozen clock a test takes milliseconds, so nothing moves. Raises ``ValueError`` for a value that is not allowed.
    """

    starting: timedelta | float = timedelta(minutes=10)
    in_progress: timedelta | float = timedelta(minutes=5)
    canceling: timedelta | float = timedelta(minutes=2)
    outcome: str = "COMPLETE"
    failure_cause: str | None = None
    warning_message: str | None = None

    @staticmethod
    def _phase(name: str, value: Any) -> timedelta:
        phase = value
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _LONGEST.total_seconds():
            phase = timedelta(seconds=value)
        if not isinstance(phase, timedelta) or not timedelta(0) <= phase <= _LONGEST:
            raise ValueError(f"{name} is a timedelta or a number of seconds, from 0 to 100 years, got {value!r}")
        return phase

    def _extraction(self, percent: int) -> timedelta:
        """How long the extraction takes up to *percent*."""
        return self.in_progress * percent / 100  # type: ignore[return-value]

    def _advance(self, task: _Moving, now: datetime, *, describing: bool) -> None:  # noqa: ARG002
        """Bring *task* to where it stands at *now*."""
        while (length := self._length(status := task.status)) is not None:
            entered_at, since = task.percent_at_entry, task.since
            extracting = status == "IN_PROGRESS"
            if extracting and entered_at:
                length -= self._extraction(entered_at)
            if length and now < since + length:
                if extracting:
                    task.progress(entered_at + (100 - entered_at) * (now - since) // length)
                return
            if extracting and length:
                # What a look just before the end would have seen, so that it does not depend on who looked.
                task.progress(99)
            self._move_on(task, milliseconds(since + length))


@dataclass(frozen=True)
class Polls(_Course):
    """Moves a task by the number of DescribeExportTasks answers that showed it in its status.

    ``starting``, ``in_progress`` and ``canceling`` are whole numbers, not negative: after that many answers the next
    DescribeExportTasks finds the task moved on. 0 skips the phase. Only answers that contain the task count. The
    other arguments are those of ``Timeline``. Raises ``ValueError`` for a value that is not allowed.
    """

    starting: int = 1
    in_progress: int = 2
    canceling: int = 1
    outcome: str = "COMPLETE"
    failure_cause: str | None = None
    warning_message: str | None = None

    @staticmethod
    def _phase(name: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{name} is a whole number of polls, not negative, got {value!r}")
        return value

    def _extraction(self, percent: int) -> timedelta:
        """How long the extraction takes up to *percent*: as long as by default."""
        return Timeline()._extraction(percent)

    def _advance(self, task: _Moving, now: datetime, *, describing: bool) -> None:
        """Move *task* on if it has been shown often enough, just before it is shown again."""
        if not describing:
            return
        while (count := self._length(task.status)) is not None and task.times_shown >= count:
            self._move_on(task, now)
        if task.status == "IN_PROGRESS":
            rest = 100 - task.percent_at_entry
            task.progress(task.percent_at_entry + rest * task.times_shown // self.in_progress)


@dataclass(frozen=True)
class Stuck:
    """Never moves a task by itself: an export that hangs. ``move_to`` and CancelExportTask still move it."""

    def _failing(self, _cause: str) -> Stuck:
        """The same course: it never gets as far as failing."""
        return self

    def _extraction(self, percent: int) -> timedelta:
        """How long the extraction takes up to *percent*: as long as by default."""
        return Timeline()._extraction(percent)

    def _advance(self, task: _Moving, now: datetime, *, describing: bool) -> None:
        """Leave *task* as it is."""
