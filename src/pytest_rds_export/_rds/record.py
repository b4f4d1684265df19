"""What the service keeps of a task or a source, and how it advances on its timeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .._times import earlier
from .timeline import Transition, follow

__tracebackhide__ = True


class Record:
    """What the service keeps of a task or a source: fields in the API's shape, and where it is on its timeline.

    It knows neither a clock nor who holds it. ``find_due`` returns the transition that is due, ``enter`` makes it.
    Whoever calls a method holds the lock of the account.
    """

    _DERIVED: tuple[str, ...] = ()
    """The times that follow from the clock while the record is unfinished, unless they were given."""
    status_member = "Status"
    """The API's name of the status."""

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
        self.status: str = self.fields[self.status_member]
        self.stage = self.status
        """The status whose phase of the timeline the record is in."""
        self.since = now
        self.times_shown = 0
        self._percent_at_entry = self._current_percent(0)

    def _current_percent(self, default: int) -> int:
        """Return the progress; *default* for a cluster, which has none, or a string."""
        percent = self.fields.get("PercentProgress")
        return percent if isinstance(percent, int) else default

    def find_due(self, now: datetime, *, describing: bool = False) -> Transition | None:
        """Set the progress at *now*, and return the transition that is due, if one is."""
        phase = self.timeline.phase(self.stage, self._percent_at_entry)
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
        if percent is not None and percent > self._current_percent(100):
            self._progress(percent)
        return due

    def due_at(self) -> datetime | None:
        """Return when the clock will make the next transition; None if it does not."""
        phase = self.timeline.phase(self.stage, self._percent_at_entry)
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
        # New fields, while the progress changes them in place: who has the old ones sees that the record has moved on.
        self.fields = self.fields_after(transition)
        if transition.fields:
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
