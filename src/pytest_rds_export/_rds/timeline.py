"""How a task advances automatically: by the clock, by polls, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .._model import milliseconds

if TYPE_CHECKING:
    from .state import TaskState

__tracebackhide__ = True

_PHASES = {"STARTING": "starting", "IN_PROGRESS": "in_progress", "CANCELING": "canceling"}
_LONGEST = timedelta(days=36525)  # so that no time which a test is likely to use overflows


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """How an export ends."""

    outcome: str = "COMPLETE"
    failure_cause: str | None = None
    warning_message: str | None = None

    def _check_outcome(self) -> None:
        if self.outcome not in ("COMPLETE", "FAILED"):
            raise ValueError(f"outcome is 'COMPLETE' or 'FAILED', got {self.outcome!r}")
        for name, belongs_to in (("failure_cause", "FAILED"), ("warning_message", "COMPLETE")):
            text = getattr(self, name)
            if not isinstance(text, (str, type(None))):
                raise ValueError(f"{name} is a text, got {text!r}")
            if text is not None and self.outcome != belongs_to:
                raise ValueError(f"{name} belongs to outcome {belongs_to!r}; the outcome here is {self.outcome!r}")


@dataclass(frozen=True)
class Timeline(_Outcome):
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

    def __post_init__(self) -> None:
        for phase in _PHASES.values():
            object.__setattr__(self, phase, _to_timedelta(phase, getattr(self, phase)))
        self._check_outcome()


def _to_timedelta(name: str, value: Any) -> timedelta:
    length = value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _LONGEST.total_seconds():
        length = timedelta(seconds=value)
    if not isinstance(length, timedelta) or not timedelta(0) <= length <= _LONGEST:
        raise ValueError(f"{name} is a timedelta or a number of seconds, from 0 to 100 years, got {value!r}")
    return length


@dataclass(frozen=True)
class Polls(_Outcome):
    """Moves a task by the number of DescribeExportTasks answers that showed it in its status.

    ``starting``, ``in_progress`` and ``canceling`` are whole numbers, not negative: after that many answers the next
    DescribeExportTasks finds the task moved on. 0 skips the phase. Only answers that contain the task count. The
    other arguments are those of ``Timeline``. Raises ``ValueError`` for a value that is not allowed.
    """

    starting: int = 1
    in_progress: int = 2
    canceling: int = 1

    def __post_init__(self) -> None:
        for phase in _PHASES.values():
            count = getattr(self, phase)
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                raise ValueError(f"{phase} is a whole number of polls, not negative, got {count!r}")
        self._check_outcome()


@dataclass(frozen=True)
class Stuck:
    """Never moves a task by itself: an export that hangs. ``move_to`` and CancelExportTask still move it."""


AnyTimeline = Timeline | Polls | Stuck


def failing(timeline: AnyTimeline, cause: str) -> AnyTimeline:
    """Return the same timeline, but ending FAILED with *cause*. One that never ends stays as it is."""
    if isinstance(timeline, Stuck):
        return timeline
    return replace(timeline, outcome="FAILED", failure_cause=cause, warning_message=None)


def extraction_time(timeline: AnyTimeline, percent: int) -> timedelta:
    """Return how long IN_PROGRESS takes up to *percent*; the default timeline's time if the clock does not count."""
    by_clock: Any = timeline if isinstance(timeline, Timeline) else _DEFAULT
    length: timedelta = by_clock.in_progress * percent / 100
    return length


_DEFAULT = Timeline()


def advance(timeline: AnyTimeline, task: TaskState, now: datetime, *, describing: bool) -> None:
    """Move *task* to where it is at *now*; *describing* says that DescribeExportTasks asks."""
    if isinstance(timeline, Timeline):
        _advance_by_clock(timeline, task, now)
    elif isinstance(timeline, Polls) and describing:
        _advance_by_polls(timeline, task, now)


def _advance_by_clock(timeline: Timeline, task: TaskState, now: datetime) -> None:
    while (phase := _PHASES.get(task.status)) is not None:
        length: timedelta = getattr(timeline, phase)
        percent, since = task.percent_at_entry, task.since
        extracting = phase == "in_progress"
        if extracting and percent:
            length -= extraction_time(timeline, percent)
        if length and now < since + length:
            if extracting:
                task.progress(percent + (100 - percent) * (now - since) // length)
            return
        if extracting and length:
            # The last value before the end, so that it does not depend on when somebody asked.
            task.progress(99)
        _end_phase(timeline, task, milliseconds(since + length))


def _advance_by_polls(timeline: Polls, task: TaskState, now: datetime) -> None:
    while (phase := _PHASES.get(task.status)) is not None and task.times_shown >= getattr(timeline, phase):
        _end_phase(timeline, task, now)
    if task.status == "IN_PROGRESS":
        percent = task.percent_at_entry
        task.progress(percent + (100 - percent) * task.times_shown // timeline.in_progress)


def _end_phase(timeline: Timeline | Polls, task: TaskState, when: datetime) -> None:
    following = {"STARTING": "IN_PROGRESS", "CANCELING": "CANCELED"}.get(task.status, timeline.outcome)
    fields: dict[str, Any] = {}
    if following == "FAILED" and timeline.failure_cause is not None:
        fields["FailureCause"] = timeline.failure_cause
    if following == "COMPLETE" and timeline.warning_message is not None:
        fields["WarningMessage"] = timeline.warning_message
    task.enter(following, when, **fields)
