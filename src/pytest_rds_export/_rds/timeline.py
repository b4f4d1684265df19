"""How a record of the service advances automatically: by the clock, by polls, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from .._messages import check_choice, must_be, must_be_type
from .._times import earlier, milliseconds, to_length

__tracebackhide__ = True

_PHASES = {"STARTING": "starting", "IN_PROGRESS": "in_progress", "CANCELING": "canceling"}


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

    def phase(self, status: str, percent: int) -> Phase | None:
        """Return what happens to a task that enters *status* with *percent* of progress; None if it stays there."""
        name = _PHASES.get(status)
        if name is None:
            return None
        length = getattr(self, name)
        if status == "IN_PROGRESS" and percent and isinstance(length, timedelta):
            length -= extraction_time(self, percent)
        outcome = "CANCELING" if self.outcome == "CANCELED" else self.outcome  # somebody else cancels
        following = {"STARTING": "IN_PROGRESS", "CANCELING": self.cancel_outcome}.get(status, outcome)
        texts = {"FAILED": ("FailureCause", self.failure_cause), "COMPLETE": ("WarningMessage", self.warning_message)}
        field, text = texts.get(following, ("", None))
        return Phase(length, following, {} if text is None else {field: text}, name == "in_progress")


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

    def phase(self, status: str, percent: int) -> None:
        """Return None: a task stays where it is."""


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


def extraction_time(timeline: object, percent: int) -> timedelta:
    """Return how long IN_PROGRESS takes up to *percent*; the default timeline's time if the clock does not count."""
    by_clock: Any = timeline if isinstance(timeline, Timeline) else DEFAULT
    length: timedelta = by_clock.in_progress * percent / 100
    return length


DEFAULT = Timeline()


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


class Record:
    """What the service keeps of a task or a source: fields in the API's shape, and where it is on its timeline.

    It knows neither a clock nor who holds it. ``advance`` returns the transition that is due, ``enter`` makes it.
    Whoever calls a method holds the lock of the account.
    """

    _DERIVED: tuple[str, ...] = ()
    """The times that follow from the clock while the record is unfinished, unless they were given."""

    def __init__(self, given: Mapping[str, Any], timeline: Any, now: datetime, *, fresh: bool) -> None:
        """Take the fields that are *given*. A *fresh* record is made on the real clock and has not been used."""
        self.timeline = timeline
        self.fresh = fresh
        self._given = given
        self._start(now)

    def _start(self, now: datetime) -> None:
        self.fields = self._initial_fields(now)
        self._begin_phase(now)

    def _initial_fields(self, now: datetime) -> dict[str, Any]:
        """Return the fields at the start: those that are given, and what a real record has in their status."""
        raise NotImplementedError

    def _begin_phase(self, now: datetime) -> None:
        self.since = now
        self.times_shown = 0
        self._percent_at_entry: int = self.fields.get("PercentProgress", 0)

    @property
    def status(self) -> str:
        """The status now."""
        status: str = self.fields["Status"]
        return status

    def advance(self, now: datetime, *, describing: bool = False) -> Transition | None:
        """Set the progress at *now*, and return the transition that is due, if one is."""
        phase = self.timeline.phase(self.fields["Status"], self._percent_at_entry)
        if phase is None:
            return None
        percent, due = follow(
            phase,
            now,
            since=self.since,
            times_shown=self.times_shown,
            percent=self._percent_at_entry,
            describing=describing,
        )
        if percent is not None and percent > self.fields["PercentProgress"]:
            self._progress(percent)
        return due

    def due(self) -> datetime | None:
        """Return when the clock will make the next transition; None if it does not."""
        phase = self.timeline.phase(self.fields["Status"], self._percent_at_entry)
        if phase is None or not isinstance(phase.length, timedelta):
            return None
        when: datetime = self.since + phase.length
        return when

    def _progress(self, percent: int) -> None:
        self.fields["PercentProgress"] = percent

    def fields_after(self, transition: Transition) -> dict[str, Any]:
        """Return the fields as they are after a transition."""
        raise NotImplementedError

    def enter(self, transition: Transition) -> None:
        """Make a transition."""
        self.fields = self.fields_after(transition)
        self._given = {**self._given, **transition.fields}
        self._begin_phase(transition.when)

    def use(self, now: datetime, *, frozen: bool) -> None:
        """End being fresh. If the clock is frozen by now, the record starts now."""
        self.fresh = False
        if frozen:
            self._start(now)

    def shift(self, length: timedelta) -> None:
        """Keep what time has passed since the phase began, though the clock reads *length* more than just before."""
        self.since = earlier(self.since, -length)
        for name in self._DERIVED:
            if name in self.fields and name not in self._given:
                self.fields[name] = earlier(self.fields[name], -length)
