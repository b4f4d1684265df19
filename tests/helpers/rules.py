"""How export tasks and their files change, written separately from the package, to compare it with.

``ExpectedAccount`` in ``account_rules`` has these and responds to calls.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from helpers.aws import fields_of
from helpers.snapshot_rules import ExpectedEvent, noticed, truncated

MOVES = {
    "STARTING": ["IN_PROGRESS", "CANCELING", "CANCELED", "COMPLETE", "FAILED"],
    "IN_PROGRESS": ["CANCELING", "CANCELED", "COMPLETE", "FAILED"],
    "CANCELING": ["CANCELED", "COMPLETE", "FAILED"],
    "CANCELED": [],
    "COMPLETE": [],
    "FAILED": [],
}
ENDS = ("CANCELED", "COMPLETE", "FAILED")
EVENT_IDS = {
    "snapshot": {"FAILED": "0159", "CANCELED": "0160", "COMPLETE": "0161"},
    "cluster-snapshot": {"FAILED": "0162", "CANCELED": "0163", "COMPLETE": "0164"},
    "cluster": {"FAILED": "0234", "CANCELED": "0235", "COMPLETE": "0236"},
}
MESSAGES = {"FAILED": "Export task failed", "CANCELED": "Export task canceled", "COMPLETE": "Export task completed"}
ANY = ...
"""A value that the rules do not say."""


def refused_move(identifier, old, new):
    """Return what is said about a move that is not possible."""
    *others, last = [repr(status) for status in MOVES[old]] or [None]
    hint = f"It can become {', '.join(others)} or {last}" if others else "It has ended"
    return f"export task '{identifier}' is {old} and cannot become {new}. {hint}"


def kind_of(arn):
    """Return the resource type of a source."""
    return arn.split(":")[5]


@dataclass(frozen=True)
class ExpectedTimeline:
    """How a task advances: by the ``clock`` (lengths in milliseconds), by ``polls`` (counts), or ``never``."""

    by: str
    starting: int = 0
    in_progress: int = 0
    canceling: int = 0
    outcome: str = "COMPLETE"
    cancel_outcome: str = "CANCELED"

    def length_of(self, status):
        """Return how long a status lasts."""
        return {"STARTING": self.starting, "IN_PROGRESS": self.in_progress, "CANCELING": self.canceling}[status]

    def following(self, status):
        """Return the status that follows automatically."""
        if status == "STARTING":
            return "IN_PROGRESS"
        if status == "CANCELING":
            return self.cancel_outcome
        return "CANCELING" if self.outcome == "CANCELED" else self.outcome


DEFAULT_TIMELINE = ExpectedTimeline("clock", starting=1_200_000, in_progress=300_000, canceling=120_000)


@dataclass
class ExpectedTask:
    """One export task. Without a *prefix* it was started without S3Prefix, or seeded."""

    identifier: str
    source: str
    bucket: str
    status: str
    since: datetime
    timeline: ExpectedTimeline = DEFAULT_TIMELINE
    percent: int = 0
    size: int = 100
    prefix: str = ""
    snapshot_time: object = ANY
    began: object = None
    ended: datetime | None = None
    shown: int = 0
    percent_at_entry: int = field(init=False)
    entered: datetime = field(init=False)
    happened: list = field(init=False, default_factory=list)
    """Events that are not taken yet."""

    @classmethod
    def seeded(cls, identifier, source, bucket, status, now, **options):
        """Return a task that was seeded in a status."""
        task = cls(identifier, source, bucket, status, now, **options)
        if status == "COMPLETE":
            task.percent = 100
        if status in ENDS:
            task.ended = now
        if status in {"IN_PROGRESS", "COMPLETE"} or (task.percent and status != "STARTING"):
            task.began = ANY
        task.percent_at_entry = task.percent
        return task

    def __post_init__(self):
        self.percent_at_entry = self.percent
        self.entered = self.since

    @property
    def runs(self):
        """Whether the task counts as a running one, and can be canceled."""
        return self.status in {"STARTING", "IN_PROGRESS"}

    def enter(self, status, when, at=None):
        """Let the task enter a status at a time, which the clock has reached *at*."""
        self.status, self.since, self.entered, self.shown = status, when, at or when, 0
        if status in {"IN_PROGRESS", "COMPLETE"}:
            self.began = self.began or when
        if status == "COMPLETE":
            self.percent = 100
        if status in ENDS:
            self.ended = when
            event_id = EVENT_IDS[kind_of(self.source)][status]
            event = ExpectedEvent.of(event_id, MESSAGES[status], "notification", self.source, when, self.entered)
            self.happened.append(event)
        self.percent_at_entry = self.percent

    def settle(self, now):
        """Advance a task that follows the clock to the time *now*. Nothing is undone if that is earlier."""
        while self.timeline.by == "clock" and self.status not in ENDS:
            length = timedelta(milliseconds=self.timeline.length_of(self.status))
            rest = 100 - self.percent_at_entry
            if self.status == "IN_PROGRESS":
                length = length * rest / 100
            if now < self.since + length:
                if self.status == "IN_PROGRESS":
                    self.percent = max(self.percent, self.percent_at_entry + rest * (now - self.since) // length)
                return
            if self.status == "IN_PROGRESS" and length:
                self.percent = max(self.percent, 99)  # the last value before the end
            end = self.since + length
            self.leave_status(truncated(end), max(noticed(end), self.entered))

    def poll(self, now):
        """Advance a task that follows polls: a DescribeExportTasks call is about to show it."""
        while self.timeline.by == "polls" and self.status not in ENDS:
            count = self.timeline.length_of(self.status)
            if self.shown < count:
                if self.status == "IN_PROGRESS":
                    progress = (100 - self.percent_at_entry) * self.shown // count
                    self.percent = max(self.percent, self.percent_at_entry + progress)
                return
            self.leave_status(now)

    def leave_status(self, when, at=None):
        """Enter the status that follows automatically."""
        self.enter(self.timeline.following(self.status), when, at)

    def fields(self, **given):
        """Return the fields that the task has in a response; *given* are the optional ones."""
        values = {
            "ExportTaskIdentifier": self.identifier,
            "SourceArn": self.source,
            "SourceType": "CLUSTER" if kind_of(self.source) == "cluster" else "SNAPSHOT",
            "SnapshotTime": self.snapshot_time,
            "S3Bucket": self.bucket,
            "S3Prefix": self.prefix,
            "Status": self.status,
            "PercentProgress": self.percent,
            "TotalExtractedDataInGB": self.size * self.percent // 100,
            "TaskStartTime": self.began,
            "TaskEndTime": self.ended,
        }
        is_cluster = kind_of(self.source) == "cluster"
        names = fields_of(self.status, extracting=self.began is not None, cluster=is_cluster, **given)
        return {name: values.get(name, ANY) for name in names}

    def keys(self, tables):
        """Return the keys of the files that the export of MySQL *tables* has written by now."""
        if self.status == "STARTING":
            return []
        folder = f"{self.prefix}/{self.identifier}" if self.prefix else self.identifier
        keys = []
        for number, table in enumerate(tables, 1):
            if self.status == "COMPLETE" or self.percent * len(tables) >= 100 * number:
                path = f"{folder}/{table.split('.')[0]}/{table}/1"
                keys += [f"{path}/_SUCCESS", f"{path}/part-00000.parquet"]
        if self.status == "COMPLETE":
            keys.append(f"{folder}/export_tables_info_{self.identifier}_from_1_to_{len(tables)}.json")
            keys.append(f"{folder}/export_info_{self.identifier}.json")
        return keys
