"""What leaves an account: each event goes to each receiver, when it is due, without the lock of the account."""

from __future__ import annotations

import itertools
from bisect import insort
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import RLock, Thread, current_thread

from .. import _clock
from .._rds.account import Account
from .._rds.events import Event, Outbox

__tracebackhide__ = True


Send = Callable[[datetime], None]
"""Sends something on its way; takes the time now."""
Receiver = Callable[[str, Event, datetime], tuple[datetime, Send] | None]
"""Takes the region of an event, the event and the time now; returns when and how it is sent, or None if it is not."""

# In the order in which they are sent: when it is due, the date of the event, a number, and the thread that sends it,
# which is the one that caused the event; None for a late one, which any thread sends.
_Waiting = tuple[datetime, datetime, int, Thread | None, Send]


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

    def take(self, now: datetime, thread: Thread) -> Send | None:
        """Return what *thread*, the current one, is to send next; None if nothing is due."""
        with self._lock:
            for region, event, count, cause in self._outbox.take():
                for receiver in self._receivers[:count]:
                    if (sending := receiver(region, event, now)) is not None:
                        due, send = sending
                        owner = cause if due <= now else None
                        insort(self._waiting, (due, event.date, next(self._numbers), owner, send))
            for position, (due, _, _, owner, send) in enumerate(self._waiting):
                if due > now:
                    break
                if owner is None or owner is thread or not owner.is_alive():
                    del self._waiting[position]
                    return send
        return None

    def next_due(self, now: datetime) -> datetime | None:
        """Return when the next late delivery is due after *now*; None if there is none."""
        with self._lock:
            return min((due for due, *_ in self._waiting if due > now), default=None)

    def shift(self, length: timedelta) -> None:
        """Shift what is on its way: freezing or unfreezing the clock is no passage of time."""
        with self._lock:
            self._waiting = [(due + length, *waiting) for due, *waiting in self._waiting]  # type: ignore[misc]


# Of the accounts that respond to clients. It stands here and not in the account, which knows nothing of receivers.
_posts: dict[Outbox, Post] = {}


def begin(account: Account) -> Post:
    """Deliver the events of an account from now on, as soon as it has receivers."""
    post = _posts[account.outbox] = Post(account.outbox, account.lock)
    return post


def end(account: Account) -> None:
    _posts.pop(account.outbox, None)


def post_of(account: Account) -> Post | None:
    """Return what delivers the events of an account; None if the account does not respond to clients."""
    return _posts.get(account.outbox)


def deliver(outbox: Outbox) -> bool:
    """Deliver what this thread has caused and what is due; return whether there was anything. Call it without a lock.

    A receiver may cause events itself, and ends up here again: the loop that has called it then delivers them after it
    has returned, so that the order is kept. What is sent is taken first, so that nothing is sent twice; an exception
    that passes through leaves the rest for the next call.
    """
    if not outbox.receivers:
        return False
    post, thread = _posts.get(outbox), current_thread()
    if post is None or thread in post.busy:
        return False
    post.busy.add(thread)
    found = False
    try:
        while (send := post.take(now := _clock.now(), thread)) is not None:
            found = True
            send(now)
    finally:
        post.busy.discard(thread)
    return found
