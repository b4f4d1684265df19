"""How a task advances automatically: by the clock, by polls, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .._messages import check_choice, must_be, must_be_type
from .._times import milliseconds, to_length

if TYPE_CHECKING:
    from .state import TaskState

__tracebackhide__ = True

_PHASES = {"STARTING": "starting", "IN_PROGRESS": "in_progress", "CANCELING": "canceling"}


@dataclass(frozen=True, kw_only=True, repr=False)
class _Outcome:
    """How an export ends."""

    outcome: str = "COMPLETE"
    cancel_outcome: str = "CANCELED"
    failure_cause: str | None = None
    warning_message: str | None = None

    def __repr__(self) -> str:
        changed = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if getattr(self, f.name) != f.default]
        return f"{type(self).__name__}({', '.join(changed)})"

    def _check_outcome(self) -> None:
        for name in ("outcome", "cancel_outcome"):
            check_choice(name, getattr(self, name), ("COMPLETE", "FAILED", "CANCELED"))
        outcomes = (self.outcome, self.cancel_outcome)
        for name, needed in (("failure_cause", "FAILED"), ("warning_message", "COMPLETE")):
            text = getattr(self, name)
            if not isinstance(text, (str, type(None))):
                raise ValueError(must_be_type(name, "a string", text))
            if text is not None and needed not in outcomes:
                got = f"outcome={self.outcome!r} and cancel_outcome={self.cancel_outcome!r}"
                raise ValueError(f"{name} needs outcome={needed!r} or cancel_outcome={needed!r}, got {got}")


@dataclass(frozen=True, repr=False)
class Timeline(_Outcome):
    """Advances a task by the clock, which is read as ``datetime.now(timezone.utc)`` at each call.

    ``Timeline()`` is the default of every task. It is a value: tasks that share one advance separately. A test takes
    milliseconds, so nothing advances unless the clock is frozen and moved, as by the fixture ``rds_export_clock``.

    During IN_PROGRESS the progress and the extracted data grow linearly (inferred).

    Args:
        starting: How long the task is STARTING: a ``timedelta`` or a number of seconds, from 0 to 100 years; 0 skips
            the phase. 10 minutes by default (inferred from one captured export, where it took 12).
        in_progress: How long it is IN_PROGRESS. 5 minutes by default (inferred; 3 in the same export).
        canceling: How long it is CANCELING after a cancel. 2 minutes by default (inferred).
        outcome: How the export ends: ``"COMPLETE"`` (the default), ``"FAILED"``, or ``"CANCELED"`` when somebody else
            cancels it after *in_progress*.
        cancel_outcome: How it ends after a cancel: ``"CANCELED"`` (the default), or ``"COMPLETE"`` or ``"FAILED"`` for
            a cancel that loses to the end of the export.
        failure_cause: The FailureCause of a failure; by default "An unknown internal error occurred."
        warning_message: The WarningMessage of a completion; none by default.

    Raises:
        ValueError: For a value that is not allowed.

    """

    starting: timedelta | float = timedelta(minutes=10)
    in_progress: timedelta | float = timedelta(minutes=5)
    canceling: timedelta | float = timedelta(minutes=2)

    def __post_init__(self) -> None:
        for phase in _PHASES.values():
            object.__setattr__(self, phase, to_length(phase, getattr(self, phase)))
        self._check_outcome()


@dataclass(frozen=True, repr=False)
class Polls(_Outcome):
    """Advances a task by the number of DescribeExportTasks responses that showed it in its status.

    Only responses that contain the task count: not those whose filters or pages leave it out.

    Args:
        starting: How many responses show the task STARTING before the next one shows it advanced; 0 skips the phase.
        in_progress: How many show it IN_PROGRESS.
        canceling: How many show it CANCELING after a cancel.
        outcome: As for ``Timeline``.
        cancel_outcome: As for ``Timeline``.
        failure_cause: As for ``Timeline``.
        warning_message: As for ``Timeline``.

    Raises:
        ValueError: For a value that is not allowed.

    """

    starting: int = 1
    in_progress: int = 2
    canceling: int = 1

    def __post_init__(self) -> None:
        for phase in _PHASES.values():
            count = getattr(self, phase)
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                raise ValueError(must_be(phase, "a number of polls, an int of at least 0", count))
        self._check_outcome()


@dataclass(frozen=True)
class Stuck:
    """Never advances a task: an export that hangs. ``move_to`` and CancelExportTask still move it."""


AnyTimeline = Timeline | Polls | Stuck


def check_timeline(timeline: object) -> None:
    """Raise ``ValueError`` for anything but a timeline."""
    if isinstance(timeline, type) and issubclass(timeline, (Timeline, Polls, Stuck)):
        name = timeline.__name__
        raise ValueError(f"timeline must be a Timeline, Polls or Stuck, got the class {name}. Write {name}()")
    if not isinstance(timeline, (Timeline, Polls, Stuck)):
        raise ValueError(must_be_type("timeline", "a Timeline, Polls or Stuck", timeline))


def failing(timeline: AnyTimeline, cause: str) -> AnyTimeline:
    """Return the same timeline, but ending FAILED with *cause*. One that never ends stays as it is."""
    if isinstance(timeline, Stuck):
        return timeline
    return replace(timeline, outcome="FAILED", failure_cause=cause, warning_message=None)


def extraction_time(timeline: AnyTimeline, percent: int) -> timedelta:
    """Return how long IN_PROGRESS takes up to *percent*; the default timeline's time if the clock does not count."""
    by_clock: Any = timeline if isinstance(timeline, Timeline) else DEFAULT
    length: timedelta = by_clock.in_progress * percent / 100
    return length


DEFAULT = Timeline()


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
    outcome = "CANCELING" if timeline.outcome == "CANCELED" else timeline.outcome  # somebody else cancels
    following = {"STARTING": "IN_PROGRESS", "CANCELING": timeline.cancel_outcome}.get(task.status, outcome)
    fields: dict[str, Any] = {}
    if following == "FAILED" and timeline.failure_cause is not None:
        fields["FailureCause"] = timeline.failure_cause
    if following == "COMPLETE" and timeline.warning_message is not None:
        fields["WarningMessage"] = timeline.warning_message
    task.enter(following, when, **fields)
