"""A model of export tasks, written separately from the package, to compare it with."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from helpers.aws import fields_of

MOVES = {
    "STARTING": ["IN_PROGRESS", "CANCELING", "CANCELED", "COMPLETE", "FAILED"],
    "IN_PROGRESS": ["CANCELING", "CANCELED", "COMPLETE", "FAILED"],
    "CANCELING": ["CANCELED", "COMPLETE", "FAILED"],
    "CANCELED": [],
    "COMPLETE": [],
    "FAILED": [],
}
LIMIT = 5


@dataclass
class ExpectedTask:
    """One export task."""

    status: str
    since: datetime
    percent: int = 0
    fails: bool = False
    began: bool = False
    ended: datetime | None = None
    entered_at: int = field(init=False)

    def __post_init__(self):
        self.enter(self.status, self.since)

    @property
    def runs(self):
        """Whether the task counts as a running one."""
        return self.status in {"STARTING", "IN_PROGRESS"}

    def enter(self, status, when):
        """Let the task enter a status at a time."""
        self.status, self.since = status, when
        self.began |= status in {"IN_PROGRESS", "COMPLETE"}
        if status == "COMPLETE":
            self.percent = 100
        if status in {"CANCELED", "COMPLETE", "FAILED"}:
            self.ended = when
        self.entered_at = self.percent

    def settle(self, now):
        """Advance the task to the time *now*."""
        while True:
            rest = 100 - self.entered_at
            length, following = {
                "STARTING": (timedelta(minutes=10), "IN_PROGRESS"),
                "IN_PROGRESS": (timedelta(minutes=5) * rest / 100, "FAILED" if self.fails else "COMPLETE"),
                "CANCELING": (timedelta(minutes=2), "CANCELED"),
            }.get(self.status, (None, None))
            if length is None:
                return
            if now < self.since + length:
                if self.status == "IN_PROGRESS":
                    self.percent = self.entered_at + rest * (now - self.since) // length
                return
            if self.status == "IN_PROGRESS":
                self.percent = 99  # the last value before the end; enter sets the end
            self.enter(following, self.since + length)

    def members(self, **given):
        """The fields that the task has in a response."""
        return fields_of(self.status, extracting=self.began, **given)


@dataclass
class ExpectedInjection:
    """A failure for *left* more attempts."""

    operation: str
    identifier: str | None
    text: str
    left: int
    applied: bool

    def matches(self, operation, identifier):
        """Whether the next attempt of such a call fails with it."""
        return self.left > 0 and self.operation == operation and self.identifier in {None, identifier}
