"""How snapshots advance and what happens to them, written separately from the package, to compare it with."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

UNFINISHED = ("creating", "copying")
# Of each creation the numbers of the events of its beginning and its end, and their category.
_CREATIONS = {
    ("snapshot", "manual"): ("0040", "0042", "creation"),
    ("snapshot", "automated"): ("0090", "0091", "creation"),
    ("cluster-snapshot", "manual"): ("0074", "0075", "backup"),
    ("cluster-snapshot", "automated"): ("0168", "0169", "backup"),
}


@dataclass(frozen=True)
class Kind:
    """What differs between DB snapshots and cluster snapshots."""

    resource_type: str
    shape: str
    parent: str
    database: str
    not_found: str
    exists: str
    state: str
    database_not_found: str
    database_state: str

    @classmethod
    def of(cls, resource_type, shape, parent, database, fault):
        """Return a kind whose error codes end in *fault*."""
        return cls(
            *(resource_type, shape, parent, database),
            not_found=f"{shape}NotFound{fault}",
            exists=f"{shape}AlreadyExists{fault}",
            state=f"Invalid{shape}State{fault}",
            database_not_found=f"{parent}NotFound{fault}",
            database_state=f"Invalid{parent}State{fault}",
        )


DB = Kind.of("snapshot", "DBSnapshot", "DBInstance", "db", fault="")
CLUSTER = Kind.of("cluster-snapshot", "DBClusterSnapshot", "DBCluster", "cluster", fault="Fault")
KINDS = (DB, CLUSTER)


@dataclass(frozen=True)
class ExpectedSnapshotTimeline:
    """How a snapshot advances: by the ``clock`` (lengths in milliseconds), by ``polls`` (counts), or ``never``."""

    by: str
    creating: int = 0
    copying: int = 0
    deleting: int = 0
    outcome: str = "available"


SNAPSHOT_DEFAULT = ExpectedSnapshotTimeline("clock", creating=300_000, copying=300_000)
NEVER = ExpectedSnapshotTimeline("never")


@dataclass
class ExpectedEvent:
    """An event: its ID, its fields in DescribeEvents, and when a clock of whole milliseconds has reached it."""

    event_id: str
    fields: dict
    at: datetime

    @classmethod
    def of(cls, event_id, message, category, arn, date, at):
        """Return the event of a source."""
        kind, name = arn.split(":", 6)[5:]
        fields = {
            "SourceIdentifier": name,
            "SourceType": "db-instance" if kind == "db" else f"db-{kind}",
            "Message": message,
            "EventCategories": [category],
            "Date": date,
            "SourceArn": arn,
        }
        return cls(f"RDS-EVENT-{event_id}", fields, at)


def truncated(when):
    """Return a time in whole milliseconds."""
    return when.replace(microsecond=when.microsecond // 1000 * 1000)


def noticed(when):
    """Return the time in whole milliseconds at which a clock has reached *when*."""
    return truncated(when + timedelta(microseconds=999))


@dataclass
class ExpectedSource:
    """A snapshot, a cluster or an instance. *created* is the time of a snapshot."""

    arn: str
    status: str
    since: datetime
    timeline: ExpectedSnapshotTimeline = NEVER
    size: int = 100
    parent: str = ""
    copied_from: str = ""
    created: datetime | None = None
    held: bool = False
    percent: int | None = field(init=False)
    shown: int = field(init=False, default=0)
    entered: datetime = field(init=False)
    happened: list = field(init=False, default_factory=list)
    """Events that are not taken yet."""

    def __post_init__(self):
        self.kind, self.name = self.arn.split(":", 6)[5:]
        self.is_snapshot = self.kind.endswith("snapshot")
        self.type = "automated" if self.name.startswith("rds:") else "manual"
        self._noun = self.kind.replace("-", " ")
        self.entered = self.since
        self.percent = {"available": 100, "creating": 0, "copying": 0}.get(self.status) if self.is_snapshot else None
        if self.created is None:
            self.created = self.since - timedelta(hours=0 if self.status in UNFINISHED else 1)

    @property
    def stage(self):
        """What the snapshot is about to do; a copy of a DB snapshot has the status creating."""
        return "copying" if self.copied_from and self.status == "creating" else self.status

    def begin(self):
        """Note the event of a snapshot that a client creates or copies."""
        if not self.copied_from:
            number, _, category = _CREATIONS[self.kind, self.type]
            self._note(number, f"Creating {self.type} {self._noun}", category, self.since, self.since)
            self._note_backup("0001", "Backing up DB instance", self.since, self.since)
        elif self.kind == "snapshot":
            self._note_copy(("0196", "0059"), "Started copy of snapshot", self.since, self.since)

    def settle(self, now):
        """Advance by the clock to the time *now*. Nothing is undone if that is earlier."""
        while self.timeline.by == "clock" and not self.held and (length := self._length()) is not None:
            end = self.since + timedelta(milliseconds=length)
            if now < end:
                self._progress(100 * (now - self.since) // (end - self.since))
                return
            if length:
                self._progress(99)  # the last value before the end
            self.enter(self._following(), truncated(end), max(noticed(end), self.entered))

    def poll(self, now):
        """Advance by polls: a Describe call for this kind of snapshots is about to list them."""
        while self.timeline.by == "polls" and not self.held and (count := self._length()) is not None:
            if self.shown < count:
                self._progress(100 * self.shown // count)
                return
            self.enter(self._following(), now, now)

    def _length(self):
        return getattr(self.timeline, self.stage) if self.stage in (*UNFINISHED, "deleting") else None

    def _following(self):
        return "deleted" if self.status == "deleting" else self.timeline.outcome

    def _progress(self, percent):
        if self.status != "deleting" and self.is_snapshot:
            self.percent = max(self.percent, percent)

    def move(self, status, now):
        """Be moved by the user, and stay there."""
        self.held = True
        self.enter(status, now, now)

    def enter(self, status, when, at):
        """Enter a status. What a creation, a copy and a deletion has as its event is noted."""
        before, since = self.stage, self.since
        self.status, self.since, self.entered, self.shown = status, when, at, 0
        if self.is_snapshot and status in (*UNFINISHED, "available"):
            self.percent = 100 if status == "available" else 0
        if status == "available" and self.kind == "cluster-snapshot" and self.size == 1:
            self.size = 0
        if before == "copying" and status in {"deleted", "failed"}:
            if self.kind == "snapshot":
                self._note_copy(("0190", "0061"), "Canceled snapshot copy request of", truncated(when), at)
        elif status == "deleted" and self.is_snapshot and self.type == "manual":
            self._note("0041", "Deleted manual snapshot", "deletion", truncated(when), at)
        if status == "available" and self.is_snapshot and before == "creating":
            _, number, category = _CREATIONS[self.kind, self.type]
            self._note(number, f"{self.type.capitalize()} {self._noun} created", category, truncated(when), at)
            self._note_backup("0002", "Finished DB Instance backup", truncated(when), at)
        if status == "available" and self.kind == "snapshot" and before == "copying":
            minutes = (when - since) // timedelta(minutes=1)
            self._note_copy(("0197", "0060"), "Finished copy of snapshot", truncated(when), at, minutes)

    def _note(self, event_id, message, category, date, at):
        self.happened.append(ExpectedEvent.of(event_id, message, category, self.arn, date, at))

    def _note_backup(self, event_id, message, date, at):
        if self.kind == "snapshot":
            instance = ":".join([*self.arn.split(":")[:5], "db", self.parent])
            self.happened.append(ExpectedEvent.of(event_id, message, "backup", instance, date, at))

    def _note_copy(self, event_ids, what, date, at, minutes=None):
        copied = (self.copied_from or self.arn).split(":", 6)
        is_abroad = copied[3] != self.arn.split(":")[3]
        text = f"{what} {copied[6]} {'from' if is_abroad else 'in'} region {copied[3]}"
        if is_abroad and minutes is not None:
            text += f" in {minutes} minutes"
        self._note(event_ids[is_abroad], text, "notification", date, at)

    def fields(self):
        """Return some of the fields that a snapshot has in a response; None for one that it does not have."""
        shape = (DB if self.kind == "snapshot" else CLUSTER).shape
        is_dated = self.kind == "cluster-snapshot" or self.status not in UNFINISHED
        found = {
            f"{shape}Identifier": self.name,
            f"{shape}Arn": self.arn,
            "Status": self.status,
            "SnapshotType": self.type,
            "PercentProgress": self.percent,
            "AllocatedStorage": self.size,
            "SnapshotCreateTime": self.created if is_dated else None,
        }
        if self.kind == "snapshot":
            found["DBInstanceIdentifier"] = self.parent
            found["SourceDBSnapshotIdentifier"] = self.copied_from or None
        else:
            found["DBClusterIdentifier"] = self.parent
            found["SourceDBClusterSnapshotArn"] = self.copied_from or None
        return found
