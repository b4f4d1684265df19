"""How export tasks, their sources and their files change, written separately from the package, to compare it with.

``ExpectedAccount`` in ``account_rules`` has these and responds to calls.
"""

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
ENDS = ("CANCELED", "COMPLETE", "FAILED")
EVENT_IDS = {
    "snapshot": {"FAILED": "RDS-EVENT-0159", "CANCELED": "RDS-EVENT-0160", "COMPLETE": "RDS-EVENT-0161"},
    "cluster-snapshot": {"FAILED": "RDS-EVENT-0162", "CANCELED": "RDS-EVENT-0163", "COMPLETE": "RDS-EVENT-0164"},
    "cluster": {"FAILED": "RDS-EVENT-0234", "CANCELED": "RDS-EVENT-0235", "COMPLETE": "RDS-EVENT-0236"},
}
MESSAGES = {"FAILED": "Export task failed", "CANCELED": "Export task canceled", "COMPLETE": "Export task completed"}
ANY = ...
"""A value that the rules do not say."""


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
    has_event: bool = False
    shown: int = 0
    percent_at_entry: int = field(init=False)

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

    @property
    def runs(self):
        """Whether the task counts as a running one, and can be canceled."""
        return self.status in {"STARTING", "IN_PROGRESS"}

    def enter(self, status, when):
        """Let the task enter a status at a time."""
        self.status, self.since, self.shown = status, when, 0
        if status in {"IN_PROGRESS", "COMPLETE"}:
            self.began = self.began or when
        if status == "COMPLETE":
            self.percent = 100
        if status in ENDS:
            self.ended, self.has_event = when, True
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
            self.leave_status(end.replace(microsecond=end.microsecond // 1000 * 1000))

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

    def leave_status(self, when):
        """Enter the status that follows automatically."""
        self.enter(self.timeline.following(self.status), when)

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

    @property
    def event(self):
        """The event ID and the fields of the task's event in DescribeEvents."""
        kind, name = self.source.split(":", 6)[5:]
        return EVENT_IDS[kind][self.status], {
            "SourceIdentifier": name,
            "SourceType": f"db-{kind}",
            "Message": MESSAGES[self.status],
            "EventCategories": ["notification"],
            "Date": self.ended,
            "SourceArn": self.source,
        }

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


@dataclass
class ExpectedSource:
    """A snapshot or cluster that was seeded."""

    arn: str
    status: str
    seeded: datetime
    available_after: int | None = None
    size: int = 100
    percent: int = field(init=False)
    created: datetime = field(init=False)
    available: datetime | None = field(init=False, default=None)
    """When its creation ended, which has an event."""

    def __post_init__(self):
        creating = self.status in {"creating", "copying"}
        if creating and self.available_after is None and kind_of(self.arn) != "cluster":
            self.available_after = 300_000  # as a snapshot that a client creates
        self.percent = 100 if self.status == "available" else 0
        self.created = self.seeded - (timedelta(0) if creating else timedelta(hours=1))

    def settle(self, now):
        """Advance the source to the time *now*. Nothing is undone if that is earlier."""
        if self.available_after is None:
            return
        length = timedelta(milliseconds=self.available_after)
        if now >= self.seeded + length:
            self.move("available", self.seeded + length)
        else:
            self.percent = max(self.percent, 100 * (now - self.seeded) // length)

    def move(self, status, when):
        """Enter a status and stay there."""
        if self.status == "creating" and status == "available" and kind_of(self.arn) != "cluster":
            self.available = when
        self.status, self.available_after = status, None
        if status == "available":
            self.percent = 100

    @property
    def events(self):
        """The event IDs and the fields of the events of its creation in DescribeEvents."""
        kind, name = self.arn.split(":", 6)[5:]
        own = (f"db-{kind}", self.arn)
        found = {
            "snapshot": [
                (*own, "RDS-EVENT-0042", "Manual snapshot created", "creation"),
                # Of its instance, which has the same name in the tests.
                (
                    "db-instance",
                    self.arn.replace(":snapshot:", ":db:"),
                    "RDS-EVENT-0002",
                    "Finished DB Instance backup",
                    "backup",
                ),
            ],
            "cluster-snapshot": [(*own, "RDS-EVENT-0075", "Manual cluster snapshot created", "backup")],
        }[kind]
        return [
            (
                event_id,
                {
                    "SourceIdentifier": name,
                    "SourceType": source_type,
                    "Message": message,
                    "EventCategories": [category],
                    "Date": self.available,
                    "SourceArn": arn,
                },
            )
            for source_type, arn, event_id, message, category in found
        ]

    @property
    def progress(self):
        """PercentProgress, which a cluster does not have."""
        return None if kind_of(self.arn) == "cluster" else self.percent
