"""What leaves an account: each event goes to each receiver, when it is due and nobody holds the lock of the account."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import RLock, Thread, current_thread
from typing import NamedTuple

from .. import _clock
from .._rds.account import Account
from .._rds.events import Event, Outbox

__tracebackhide__ = True


class Sending(NamedTuple):
    """One event on its way to one receiver."""

    due: datetime
    send: Callable[[], None]


Receiver = Callable[[str, Event, datetime], Sending | None]
"""Takes the region of an event, the event and the time now; returns how it is sent, or None if it is not."""


class _Waiting(NamedTuple):
    """A sending in the order in which they are made."""

    due: datetime
    date: datetime
    number: int
    thread: Thread | None
    """The thread that makes it: the one that caused the event, for a late one any."""
    send: Callable[[], None]


class Post:
    """The receivers of an account that responds to clients, and what is on its way to them."""

    def __init__(self, outbox: Outbox, lock: RLock) -> None:
        self.busy: set[Thread] = set()
        self._outbox = outbox
        self._lock = lock
        self._receivers: list[Receiver] = []
        self._waiting: list[_Waiting] = []
        self._numbers = itertools.count()

    def add(self, receiver: Receiver, times: int) -> None:
        """Add a receiver, which gets each event so many times."""
        with self._lock:
            self._receivers += [receiver] * times
            self._outbox.receivers = len(self._receivers)

    def take(self) -> Callable[[], None] | None:
        """Return what this thread is to send next; None if nothing is due."""
        now, thread = _clock.now(), current_thread()
        with self._lock:
            for region, event, count, caused_by in self._outbox.take():
                for receiver in self._receivers[:count]:
                    if (sending := receiver(region, event, now)) is not None:
                        owner = caused_by if sending.due <= now else None
                        number = next(self._numbers)
                        heapq.heappush(self._waiting, _Waiting(sending.due, event.date, number, owner, sending.send))
            return self._pop(now, thread)

    def _pop(self, now: datetime, thread: Thread) -> Callable[[], None] | None:
        others: list[_Waiting] = []
        found = None
        while self._waiting and self._waiting[0].due <= now:
            waiting = heapq.heappop(self._waiting)
            owner = waiting.thread
            if owner is None or owner is thread or not owner.is_alive():
                found = waiting.send
                break
            others.append(waiting)
        for waiting in others:
            heapq.heappush(self._waiting, waiting)
        return found

    def next_due(self, now: datetime) -> datetime | None:
        """Return when the next late delivery is due after *now*; None if there is none."""
        with self._lock:
            return min((waiting.due for waiting in self._waiting if waiting.due > now), default=None)

    def shift(self, length: timedelta) -> None:
        """Shift what is on its way: freezing or unfreezing the clock is no passage of time."""
        with self._lock:
            self._waiting = [waiting._replace(due=waiting.due + length) for waiting in self._waiting]


# Of the accounts that respond to clients. It stands here and not in the account, which knows nothing of receivers.
_posts: dict[Outbox, Post] = {}


def begin(account: Account) -> Post:
    """Deliver the events of an account from now on, as soon as it has receivers."""
    post = _posts[account.outbox] = Post(account.outbox, account.lock)
    return post


def end(account: Account) -> None:
    """Deliver nothing any more."""
    del _posts[account.outbox]


def post_of(account: Account) -> Post | None:
    """Return what delivers the events of an account; None if the account does not respond to clients."""
    return _posts.get(account.outbox)


def deliver(outbox: Outbox) -> None:
    """Deliver what this thread has caused and what is due. Whoever calls it holds no lock.

    A receiver may cause events itself, and ends up here again: the loop that has called it then delivers them after it
    has returned, so that the order is kept. What is sent is taken first, so that nothing is sent twice; an exception
    that passes through leaves the rest for the next call.
    """
    post = _posts.get(outbox) if outbox.receivers else None
    thread = current_thread()
    if post is None or thread in post.busy:
        return
    post.busy.add(thread)
    try:
        while (send := post.take()) is not None:
            send()
    finally:
        post.busy.discard(thread)
