"""How snapshots advance: by the clock, by describes, or not at all; and botocore's waiters."""

from datetime import datetime, timedelta, timezone

import pytest
from botocore import xform_name
from botocore.exceptions import WaiterError

from helpers.errors import raises_exactly, refused
from helpers.snapshot_rules import DB, KINDS
from helpers.snapshots import copy, delete
from pytest_rds_export import SnapshotPolls, SnapshotTimeline, Stuck, fake_rds_export

MINUTE = timedelta(minutes=1)
JANUARY = datetime(2026, 1, 1, tzinfo=timezone.utc)  # where rds_export_clock begins


class Snapshots:
    """The snapshot ``nightly`` of one kind, as a client sees it."""

    def __init__(self, client, kind=DB):
        self._client, self._shape, self._parent = client, kind.shape, kind.parent
        self.method = xform_name(kind.shape)
        self._name = {f"{self._shape}Identifier": "nightly"}

    def create(self):
        """Create the snapshot."""
        getattr(self._client, f"create_{self.method}")(**self._name, **{f"{self._parent}Identifier": "orders"})

    def copy(self):
        """Copy the snapshot ``source``, so that the copy is called ``nightly``."""
        names = {f"Source{self._shape}Identifier": "source", f"Target{self._shape}Identifier": "nightly"}
        getattr(self._client, f"copy_{self.method}")(**names)

    def delete(self):
        """Delete the snapshot, and return its status in the response."""
        return getattr(self._client, f"delete_{self.method}")(**self._name)[self._shape]["Status"]

    def describe(self):
        """Return status and progress; None if it is gone."""
        found = getattr(self._client, f"describe_{self.method}s")()[f"{self._shape}s"]
        shown = [snapshot for snapshot in found if snapshot[f"{self._shape}Identifier"] == "nightly"]
        return (shown[0]["Status"], shown[0].get("PercentProgress")) if shown else None

    def wait(self, waiter):
        """Wait with botocore's waiter of that name."""
        self._client.get_waiter(f"{self.method}_{waiter}").wait(**self._name)


@pytest.fixture(params=KINDS, ids=["DB", "cluster"])
def snapshots(request, client):
    """Snapshots of each kind."""
    return Snapshots(client, request.param)


@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotTimeline(creating=600))
def test_creating(snapshots, rds_export_clock):
    """By the clock, the progress of a creation grows linearly, up to 99 percent."""
    snapshots.create()

    seen = []
    for minutes in (0, 3, 6.99, 0.01):
        rds_export_clock.tick(minutes=minutes)
        seen.append(snapshots.describe())

    assert seen == [("creating", 0), ("creating", 30), ("creating", 99), ("available", 100)]


@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotTimeline(copying=120, creating=3600))
def test_copying(snapshots, rds_export_tasks, rds_export_clock):
    """A copy takes as long as the timeline says of copies."""
    rds_export_tasks.seed_snapshot("source")
    rds_export_tasks.seed_snapshot("source", cluster=True)

    snapshots.copy()

    assert snapshots.describe()[1] == 0
    rds_export_clock.tick(minutes=2)
    assert snapshots.describe() == ("available", 100)


@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotTimeline(creating=0, deleting=60))
def test_deleting(snapshots, rds_export_clock):
    """A snapshot is shown while it is deleted, and then it is gone."""
    snapshots.create()
    snapshots.describe()

    assert snapshots.delete() == "deleting"
    assert snapshots.describe() == ("deleting", 100)
    rds_export_clock.tick(minutes=1)
    assert snapshots.describe() is None


@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotPolls(deleting=1))
def test_polls(snapshots):
    """By describes, each phase lasts as many responses as the polls say."""
    snapshots.create()
    seen = [snapshots.describe() for _ in range(3)]
    deleting = snapshots.delete()

    assert seen == [("creating", 0), ("creating", 50), ("available", 100)]
    assert (deleting, snapshots.describe(), snapshots.describe()) == ("deleting", ("deleting", 100), None)


@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotPolls(creating=1))
def test_polls_count_what_is_shown(rds_export_tasks, client):
    """A describe that leaves the snapshot out does not count."""
    rds_export_tasks.seed_snapshot("nightly", status="creating")

    for _ in range(3):
        client.describe_db_snapshots(SnapshotType="automated")

    assert Snapshots(client).describe() == ("creating", 0)
    assert Snapshots(client).describe() == ("available", 100)


@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotPolls(creating=0))
def test_no_polls_of_a_deletion(snapshots):
    """With no describes for the deletion, the snapshot is gone at once, as with no time for it."""
    snapshots.create()
    snapshots.describe()
    snapshots.delete()

    assert snapshots.describe() is None


@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotTimeline(creating=60, outcome="failed"))
def test_failed(snapshots, rds_export_clock):
    """A creation can fail, and the waiter says so; the snapshot can be deleted."""
    snapshots.create()

    with pytest.raises(WaiterError, match='matched expected path: "failed"'):
        snapshots.wait("available")
    assert snapshots.describe()[0] == "failed"
    assert rds_export_clock.now - JANUARY == MINUTE
    snapshots.delete()
    assert snapshots.describe() is None


@pytest.mark.rds_export_tasks(snapshot_timeline=Stuck())
def test_stuck(snapshots, rds_export_tasks, rds_export_clock):
    """A snapshot that is stuck stays where it is, until it is moved; so does its deletion."""
    snapshots.create()
    rds_export_clock.tick(hours=20)
    assert snapshots.describe() == ("creating", 0)

    rds_export_tasks.snapshots["nightly"].move_to("available")
    snapshots.delete()
    rds_export_clock.tick(hours=3)

    assert snapshots.describe() == ("deleting", 100)


@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotTimeline(creating=25 * MINUTE, deleting=MINUTE))
def test_waiters(snapshots, rds_export_clock):
    """Botocore's waiters for creation and deletion end under the clock."""
    snapshots.create()
    snapshots.wait("available")
    snapshots.delete()
    snapshots.wait("deleted")

    assert snapshots.describe() is None
    assert 26 * MINUTE <= rds_export_clock.now - JANUARY <= 27 * MINUTE


def test_completed_waiter(client, rds_export_clock):
    """Botocore's waiter for completion ends under the clock."""
    client.create_db_snapshot(DBSnapshotIdentifier="nightly", DBInstanceIdentifier="orders")

    client.get_waiter("db_snapshot_completed").wait(DBSnapshotIdentifier="nightly")

    assert client.describe_db_snapshots()["DBSnapshots"][0]["Status"] == "available"
    assert rds_export_clock.now.minute == 5


def test_timeline_of_a_seed(rds_export_tasks, client, rds_export_clock):
    """A seeded snapshot with a timeline is creating, and follows its own one."""
    rds_export_tasks.seed_snapshot("nightly", timeline=SnapshotTimeline(creating=MINUTE, deleting=2 * MINUTE))
    nightly = Snapshots(client)

    assert nightly.describe() == ("creating", 0)
    rds_export_clock.tick(minutes=1)
    nightly.delete()
    rds_export_clock.tick(minutes=1)
    assert nightly.describe() == ("deleting", 100)
    rds_export_clock.tick(minutes=1)
    assert nightly.describe() is None


def test_seeded_as_deleting(rds_export_tasks, client, rds_export_clock):
    """A snapshot that is seeded as deleting stays so, unless a timeline is given."""
    rds_export_tasks.seed_snapshot("nightly", status="deleting")

    rds_export_clock.tick(hours=1)

    assert Snapshots(client).describe()[0] == "deleting"


def test_deleted_after_a_move(rds_export_tasks, client):
    """A snapshot that was moved stays there, but a client can delete it."""
    rds_export_tasks.seed_snapshot("nightly", status="creating").move_to("available")

    Snapshots(client).delete()

    assert not rds_export_tasks.snapshots


@pytest.fixture
def deleting(rds_export_tasks, client):
    """A snapshot that is deleted since before the clock was frozen."""
    rds_export_tasks.seed_snapshot("nightly")
    snapshots = Snapshots(client)
    snapshots.delete()
    return snapshots


@pytest.mark.rds_export_clock(start="2100-01-01T00:00:00Z")
@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotTimeline(deleting=MINUTE))
def test_deleting_while_the_clock_is_frozen(deleting, rds_export_clock):
    """Freezing the clock is no passage of time for a deletion."""
    assert deleting.describe() == ("deleting", 100)
    rds_export_clock.tick(minutes=1)
    assert deleting.describe() is None


NO_TIMELINE = "must be a SnapshotTimeline, SnapshotPolls or Stuck, got"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: SnapshotTimeline(creating=-1),
            "creating must be a timedelta or a number of seconds, from 0 to 100 years, got -1",
        ),
        (lambda: SnapshotPolls(deleting=1.5), "deleting must be a number of polls, an int of at least 0, got 1.5"),
        (lambda: SnapshotTimeline(outcome="FAILED"), "outcome must be 'available' or 'failed', got 'FAILED'"),
        (lambda: SnapshotPolls(outcome=None), "outcome must be 'available' or 'failed', got None"),
        (
            lambda: fake_rds_export(snapshot_timeline=SnapshotPolls),
            f"snapshot_timeline {NO_TIMELINE} the class SnapshotPolls. Write SnapshotPolls()",
        ),
        (lambda: fake_rds_export(snapshot_timeline=5), f"snapshot_timeline {NO_TIMELINE} int 5"),
        (lambda: fake_rds_export(snapshots="aws"), "snapshots must be 'auto', 'fake' or 'moto', got 'aws'"),
    ],
)
def test_refused(make, text):
    """A value that is not allowed is refused at once."""
    with raises_exactly(ValueError, text):
        make()


def test_refused_seed(rds_export_tasks):
    """A seed has one timeline, which is one of snapshots."""
    with raises_exactly(ValueError, "available_after is a short form of timeline. Pass one of them"):
        rds_export_tasks.seed_snapshot("nightly", timeline=SnapshotPolls(), available_after=5)
    with raises_exactly(ValueError, f"timeline {NO_TIMELINE} str 'slow'"):
        rds_export_tasks.seed_snapshot("nightly", timeline="slow")


def test_repr():
    """A timeline shows what differs from the default."""
    assert repr(SnapshotTimeline(creating=60)) == "SnapshotTimeline(creating=datetime.timedelta(seconds=60))"
    assert repr(SnapshotPolls(outcome="failed")) == "SnapshotPolls(outcome='failed')"


@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotTimeline(deleting=MINUTE))
def test_copy_while_deleting(rds_export_tasks, client, rds_export_clock):
    """A snapshot that is deleted cannot be copied; one whose deletion has ended does not exist."""
    rds_export_tasks.seed_snapshot("nightly")
    delete(client)

    with refused("InvalidDBSnapshotState", 400, "The state of the DB snapshot doesn't allow deletion."):
        copy(client)
    rds_export_clock.tick(minutes=1)
    for call in (copy, delete):
        with refused("DBSnapshotNotFound", 404, "DBSnapshot not found: nightly"):
            call(client)
