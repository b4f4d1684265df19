"""``followers``: what follows the frozen clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol


class Follower(Protocol):
    """What follows the frozen clock: an account that responds to clients."""

    def begin(self) -> None:
        """Forget what happened before: a clock begins."""

    def jumped(self, length: timedelta) -> None:
        """Keep what time has passed: the clock was frozen or unfrozen, and reads *length* more than just before."""

    def moved(self) -> None:
        """Do what is due at the new time."""

    def next_stop(self, now: datetime) -> datetime | None:
        """Return the first time after *now* at which a moving clock has to stop on its way; None if there is none."""

    def slept(self, length: timedelta) -> None:
        """Take notice that the code under test sleeps now."""

    def unfinished(self) -> Iterable[str]:
        """Return a sentence for each thing that is not finished."""


followers: list[Follower] = []
