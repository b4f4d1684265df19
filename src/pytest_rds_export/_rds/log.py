"""What happened in an account, in order: calls, changes of tasks and sources, and sleeps of the code under test."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from .. import _clock
from .calls import Call, is_open
from .record import Record

__tracebackhide__ = True

# So that many tasks and a long run cost no more; a report shows the last ones.
_MOST_CHANGES = 500
_MOST_ENTRIES = 5000


class Change(NamedTuple):
    """A task or source that got another status."""

    record: Record
    status: str
    region: str
    event_ids: list[str]
    """The events that tell of it."""


class Entry(NamedTuple):
    """Something that happened, at a time after the start."""

    elapsed: timedelta
    order: float
    what: Call | Change | timedelta
    """A length of time is a sleep."""


class Log:
    """What happened in an account."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.unhandled: list[Call] = []
        self.regions_asked_for_events: set[str] = set()
        self.forgotten = 0
        """How many of the oldest calls and sleeps a report does not know any more."""
        self.arns_in_moto: dict[str, list[str]] = {}  # by region, when moto lacked what was asked for
        self._by_invocation_id: dict[str | None, Call] = {}
        self._entries: list[Entry] = []
        self._last_sleep: int | None = None  # its index in these
        self._changes: deque[Entry] = deque(maxlen=_MOST_CHANGES)
        self._order = itertools.count()
        self._start, self._frozen = _clock.now(), _clock.is_frozen()
        self._jumps = self._latest = timedelta(0)

    def begin_attempt(self, operation: str, region: str, time: datetime, invocation_id: str | None) -> Call:
        """Return the call that an attempt belongs to: a new one, or the one that is retried."""
        # Another library does not say that it has frozen or unfrozen the clock, which is no passage of time.
        if self._frozen != _clock.is_frozen():
            self._jumps, self._frozen = time - self._start - self._latest, not self._frozen
        call = self.find(invocation_id)
        if call is None:
            call = Call(operation, region, time, invocation_id)
            self.calls.append(call)
            if invocation_id is not None:
                self._by_invocation_id[invocation_id] = call
            self._add(time, call)
        else:
            call.http_status = call.error_code = call.response = None
            call.injected = False
        call.attempts += 1
        return call

    def find(self, invocation_id: str | None) -> Call | None:
        """Return the call with botocore's invocation id."""
        return self._by_invocation_id.get(invocation_id)

    def record_unhandled(self, call: Call) -> None:
        """Record that a call has no handler; once, however often it is sent."""
        if call not in self.unhandled:
            self.unhandled.append(call)

    def record(
        self,
        call: Call | None,
        http_status: int | None,
        error_code: str | None = None,
        response: Mapping[str, Any] | None = None,
    ) -> None:
        """Record how the latest attempt of a call ended; nothing for a request that is not a call."""
        if call is None:
            return
        call.http_status = http_status
        call.error_code = error_code
        call.response = response
        if call.injected and error_code is not None:
            call.injected_failures.append(error_code)

    def record_change(self, change: Change, when: datetime, *, requested: bool) -> None:
        """Record a change, which somebody has *requested*, or which was due.

        What was due has happened before the call that notices it, but after what that call has changed.
        """
        order: float = next(self._order)
        latest: Any = self._entries[-1] if self._entries else None
        is_noticed = latest is not None and isinstance(latest.what, Call) and is_open(latest.what)
        if is_noticed and not requested and not (self._changes and self._changes[-1].order > latest.order):
            order = latest.order - 0.5
        self._changes.append(Entry(self._elapsed(when), order, change))

    def record_sleep(self, length: timedelta, *, goes_on: bool) -> None:
        """Record that the code under test sleeps, or that its last sleep *goes on*."""
        if goes_on and self._last_sleep is not None:
            last: Any = self._entries[self._last_sleep]
            self._entries[self._last_sleep] = last._replace(what=last.what + length)
            return
        self._last_sleep = len(self._entries)
        self._add(_clock.now(), length)

    def _add(self, when: datetime, what: Call | timedelta) -> None:
        self._entries.append(Entry(self._elapsed(when), next(self._order), what))
        if len(self._entries) > _MOST_ENTRIES:
            half, self._last_sleep = _MOST_ENTRIES // 2, None
            del self._entries[:half]
            self.forgotten += half

    def jumped(self, length: timedelta) -> None:
        """Take no notice of a clock that was frozen or unfrozen, and reads *length* more than just before."""
        self._jumps, self._frozen = self._jumps + length, _clock.is_frozen()

    def _elapsed(self, when: datetime) -> timedelta:
        """Return the time from the start to *when*."""
        elapsed = when - self._start - self._jumps
        self._latest = max(self._latest, elapsed)
        return elapsed

    def entries(self) -> list[Entry]:
        """Return everything in the order of the clock."""
        return sorted([*self._entries, *self._changes], key=lambda entry: entry[:2])
