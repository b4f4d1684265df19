"""How a record of the service advances automatically: by the clock, by polls, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from .._keywords import suggesting_keywords
from .._messages import check_choice, must_be, must_be_type
from .._times import milliseconds, to_length

__tracebackhide__ = True


class Transition(NamedTuple):
    """A change to another status at a time, with the fields that it sets besides what a real record has then."""

    status: str
    when: datetime
    fields: Mapping[str, Any] = {}


class Phase(NamedTuple):
    """What a timeline says of one status."""

    length: timedelta | int
    """How long it lasts: a length of time, or a number of polls."""
    following: str
    """The status after it."""
    fields: Mapping[str, Any]
    """What the change to that status sets."""
    has_progress: bool
    """Whether the progress grows meanwhile."""


class _Value:
    """What the timelines have in common: each is checked at once, and shown by what differs from the defaults."""

    def __post_init__(self) -> None:
        own: Any = self
        for field in fields(own):
            value = getattr(self, field.name)
            if isinstance(field.default, timedelta):
                object.__setattr__(self, field.name, to_length(field.name, value))
            elif isinstance(field.default, int) and (
                not isinstance(value, int) or isinstance(value, bool) or value < 0
            ):
                raise ValueError(must_be(field.name, "a number of polls, an int of at least 0", value))
        self._check_outcome()

    def _check_outcome(self) -> None:
        raise NotImplementedError

    def phase(self, status: str, percent: int) -> Phase | None:
        """Return what happens to a record that enters *status* with *percent* of progress; None if it stays there."""
        phase = self._phases.get(status)
        if phase is not None and status == "IN_PROGRESS" and percent and isinstance(phase.length, timedelta):
            return phase._replace(length=phase.length * (100 - percent) / 100)  # the rest of it
        return phase

    @cached_property
    def _phases(self) -> Mapping[str, Phase]:
        raise NotImplementedError

    def __repr__(self) -> str:
        own: Any = self
        changed = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(own) if getattr(self, f.name) != f.default]
        return f"{type(self).__name__}({', '.join(changed)})"


@dataclass(frozen=True, kw_only=True, repr=False)
class _Outcome(_Value):
    """What the timelines of exports share: how an export ends, and what follows each of its statuses."""

    outcome: str = "COMPLETE"
    cancel_outcome: str = "CANCELED"
    failure_cause: str | None = None
    warning_message: str | None = None

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

    @cached_property
    def _phases(self) -> Mapping[str, Phase]:
        outcome = "CANCELING" if self.outcome == "CANCELED" else self.outcome  # somebody else cancels
        following = {"STARTING": "IN_PROGRESS", "IN_PROGRESS": outcome, "CANCELING": self.cancel_outcome}
        given = {"FAILED": {"FailureCause": self.failure_cause}, "COMPLETE": {"WarningMessage": self.warning_message}}
        phases = {}
        for status, after in following.items():
            set_then = {name: value for name, value in given.get(after, {}).items() if value is not None}
            phases[status] = Phase(getattr(self, status.lower()), after, set_then, status == "IN_PROGRESS")
        return phases


@suggesting_keywords
@dataclass(frozen=True, repr=False)
class Timeline(_Outcome):
    """Advances a task by the clock, which is read as ``datetime.now(timezone.utc)`` at each call.

    ``Timeline()`` is the default of every task. It is a value: tasks that share one advance separately. A test takes
    milliseconds, so nothing advances unless the clock is frozen and moved, as by the fixture ``rds_export_clock``.

    During IN_PROGRESS the progress and the extracted data grow linearly (inferred).

    Args:
        starting: How long the task is STARTING: a ``timedelta`` or a number of seconds, from 0 to 100 years; 0 skips
            the phase. 20 minutes by default (two captured exports took 12 and 22).
        in_progress: How long it is IN_PROGRESS. 5 minutes by default (captured exports took from 3 to 13).
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

    starting: timedelta | float = timedelta(minutes=20)
    in_progress: timedelta | float = timedelta(minutes=5)
    canceling: timedelta | float = timedelta(minutes=2)


@suggesting_keywords
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


@dataclass(frozen=True, kw_only=True, repr=False)
class _SnapshotOutcome(_Value):
    """How the creation or the copy of a snapshot ends."""

    outcome: str = "available"

    def _check_outcome(self) -> None:
        check_choice("outcome", self.outcome, ("available", "failed"))

    @cached_property
    def _phases(self) -> Mapping[str, Phase]:
        following = {"creating": self.outcome, "copying": self.outcome, "deleting": "deleted"}
        return {
            status: Phase(getattr(self, status), after, {}, status != "deleting") for status, after in following.items()
        }


@suggesting_keywords
@dataclass(frozen=True, repr=False)
class SnapshotTimeline(_SnapshotOutcome):
    """Advances a snapshot by the clock, as ``Timeline`` does a task. ``SnapshotTimeline()`` is the default.

    While it is created or copied, PercentProgress grows linearly (inferred). A snapshot whose deletion has ended is
    gone.

    Args:
        creating: How long the snapshot is created: a ``timedelta`` or a number of seconds, from 0 to 100 years; 0 skips
            the phase. 5 minutes by default (4 and 24 minutes were captured, and 24 seconds of a tiny cluster).
        copying: How long a copy takes. 5 minutes by default (inferred).
        deleting: How long a deletion takes. 0 by default, so that a deleted snapshot is gone at once (captured).
        outcome: How the creation or the copy ends: ``"available"`` (the default) or ``"failed"``.

    Raises:
        ValueError: For a value that is not allowed.

    """

    creating: timedelta | float = timedelta(minutes=5)
    copying: timedelta | float = timedelta(minutes=5)
    deleting: timedelta | float = timedelta(0)


@suggesting_keywords
@dataclass(frozen=True, repr=False)
class SnapshotPolls(_SnapshotOutcome):
    """Advances a snapshot by the number of Describe responses that showed it in its status.

    Only responses that contain the snapshot count: not those whose filters or pages leave it out.

    Args:
        creating: How many responses show the snapshot while it is created, before the next one shows it advanced; 0
            skips the phase.
        copying: How many show it while it is copied.
        deleting: How many show it while it is deleted.
        outcome: As for ``SnapshotTimeline``.

    Raises:
        ValueError: For a value that is not allowed.

    """

    creating: int = 2
    copying: int = 2
    deleting: int = 0


@dataclass(frozen=True)
class Stuck:
    """Never advances a task or a snapshot: one that hangs. ``move_to`` and a client's calls still move it."""

    def phase(self, status: str, percent: int) -> None:
        """Return None: a task stays where it is."""


AnyTimeline = Timeline | Polls | Stuck
AnySnapshotTimeline = SnapshotTimeline | SnapshotPolls | Stuck


def check_timeline(timeline: object) -> None:
    """Raise ``ValueError`` for anything but a timeline of tasks."""
    _check_kind("timeline", timeline, (Timeline, Polls, Stuck), "a Timeline, Polls or Stuck")


def check_snapshot_timeline(name: str, timeline: object) -> None:
    """Raise ``ValueError`` for anything but a timeline of snapshots."""
    _check_kind(name, timeline, (SnapshotTimeline, SnapshotPolls, Stuck), "a SnapshotTimeline, SnapshotPolls or Stuck")


def _check_kind(name: str, timeline: object, kinds: tuple[type, ...], allowed: str) -> None:
    if isinstance(timeline, type) and issubclass(timeline, kinds):
        raise ValueError(f"{must_be_type(name, allowed, timeline)}. Write {timeline.__name__}()")
    if not isinstance(timeline, kinds):
        raise ValueError(must_be_type(name, allowed, timeline))


def failing(timeline: AnyTimeline, cause: str, *, extracting: bool = True) -> AnyTimeline:
    """Return the same timeline, but ending FAILED with *cause*, if not *extracting* before IN_PROGRESS takes any time.

    One that never ends stays as it is.
    """
    if isinstance(timeline, Stuck):
        return timeline
    failed = replace(timeline, outcome="FAILED", failure_cause=cause, warning_message=None)
    return failed if extracting else replace(failed, in_progress=0)


def extraction_time(timeline: object, percent: int) -> timedelta:
    """Return how long IN_PROGRESS takes up to *percent*; the default timeline's time if the clock does not count."""
    by_clock: Any = timeline if isinstance(timeline, Timeline) else DEFAULT
    length: timedelta = by_clock.in_progress * percent / 100
    return length


DEFAULT = Timeline()
SNAPSHOT_DEFAULT = SnapshotTimeline()


def follow(
    phase: Phase, now: datetime, *, since: datetime, times_shown: int, percent: int, describing: bool
) -> tuple[int | None, Transition | None]:
    """Return how far a phase is at *now*: the progress, if it changes, and the transition that is due, if one is.

    The phase began at *since*, with *percent* of progress, and has been shown *times_shown* times. *describing* says
    that a Describe operation asks, which polls count.
    """
    length = phase.length
    if isinstance(length, timedelta):
        if not length or now >= since + length:
            # The last value before the end, so that it does not depend on when somebody asked.
            last = 99 if phase.has_progress and length else None
            return last, Transition(phase.following, milliseconds(since + length), phase.fields)
        return percent + (100 - percent) * (now - since) // length if phase.has_progress else None, None
    if not describing:
        return None, None
    if times_shown >= length:
        return None, Transition(phase.following, now, phase.fields)
    return percent + (100 - percent) * times_shown // length if phase.has_progress else None, None
