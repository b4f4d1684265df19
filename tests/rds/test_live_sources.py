"""Live sources: snapshots and clusters that become available, are moved, and are told apart by their ARN."""

import copy
import pickle
import time
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError
from freezegun import freeze_time

from helpers.aws import CLUSTER, SNAPSHOT, documented
from helpers.calls import start
from helpers.errors import raises_exactly, refused
from helpers.reports import hints, report
from helpers.snapshots import delete
from pytest_rds_export import SnapshotTimeline
from pytest_rds_export.types import ExportSource

MINUTE = timedelta(minutes=1)
TIME = datetime(2026, 3, 1, 2, tzinfo=timezone.utc)
NOT_AVAILABLE = ("InvalidExportSourceState", 400, documented("InvalidExportSourceStateFault"))


def described_snapshot(client):
    """Return the only snapshot as DescribeDBSnapshots shows it."""
    (snapshot,) = client.describe_db_snapshots()["DBSnapshots"]
    return snapshot


def test_attributes(rds_export_tasks):
    """The members of the service model are attributes; one that the source does not have is None."""
    source = rds_export_tasks.seed_snapshot("mydb-nightly", engine="postgres", allocated_storage=20)

    assert isinstance(source, ExportSource)
    assert (source.identifier, source.region, source.status) == ("mydb-nightly", "us-east-1", "available")
    assert source.arn == source.db_snapshot_arn == "arn:aws:rds:us-east-1:123456789012:snapshot:mydb-nightly"
    assert (source.engine, source.allocated_storage, source.percent_progress) == ("postgres", 20, 100)
    assert (source.db_instance_identifier, source.vpc_id) == ("mydb", None)
    assert {"snapshot_create_time", "move_to", "arn"} <= set(dir(source))
    with raises_exactly(AttributeError, "'ExportSource' object has no attribute 'engin'"):
        _ = source.engin


NAMED = "of <ExportSource snapshot:nightly available 100% in us-east-1> cannot be assigned."


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("status", "failed", f"status {NAMED} Use move_to('failed')"),
        ("percent_progress", 50, f"percent_progress {NAMED} Use move_to('available', percent_progress=50)"),
        ("arn", "x", f"arn {NAMED} A source keeps its name: seed another one"),
        ("db_snapshot_identifier", "x", f"db_snapshot_identifier {NAMED} A source keeps its name: seed another one"),
        ("statos", "failed", "'ExportSource' object has no attribute 'statos'"),
    ],
)
def test_assignment(rds_export_tasks, name, value, text):
    """Assigning is refused with the way to do it."""
    source = rds_export_tasks.seed_snapshot("nightly")
    before = source.to_response()

    with raises_exactly(AttributeError, text):
        setattr(source, name, value)

    assert source.to_response() == before


def test_move_to(rds_export_tasks, client):
    """A moved source is described_snapshot and exported as moved."""
    source = rds_export_tasks.seed_snapshot("nightly", status="creating")
    with refused(*NOT_AVAILABLE):
        start(client)

    source.move_to("available", allocated_storage=7)

    assert described_snapshot(client) == source.to_response()
    assert (source.status, source.percent_progress, source.allocated_storage) == ("available", 100, 7)
    assert start(client)["SnapshotTime"] == source.snapshot_create_time
    source.move_to("deleting")
    assert (source.status, source.percent_progress) == ("deleting", 100)
    with refused(*NOT_AVAILABLE):
        start(client, "again", source.arn)


@pytest.mark.parametrize(
    ("status", "members", "error", "text"),
    [
        ("Available", {}, ValueError, "unknown status 'Available'. Did you mean 'available' or 'unavailable'?"),
        (None, {}, ValueError, "unknown status None"),
        ("failed", {"status": "failed"}, TypeError, "move_to cannot set status: it is the first argument"),
        ("failed", {"progress": 5}, TypeError, "unknown field 'progress'. Did you mean 'percent_progress'?"),
    ],
)
def test_wrong_move(rds_export_tasks, status, members, error, text):
    """A wrong move is refused, and the source is as it was."""
    source = rds_export_tasks.seed_snapshot("nightly", status="creating")
    before = source.to_response()

    with pytest.raises(error) as caught:
        source.move_to(status, **members)

    assert str(caught.value).startswith(text)
    assert source.to_response() == before


@pytest.mark.parametrize("after", [MINUTE, 60.0])
def test_available_after(rds_export_tasks, rds_export_clock, client, after):
    """A snapshot is creating, with growing progress and without its time, until the clock has moved so far."""
    source = rds_export_tasks.seed_snapshot("nightly", available_after=after)
    began = rds_export_clock.now
    seen = []
    while source.status == "creating":
        seen.append(source.percent_progress)
        assert "SnapshotCreateTime" not in described_snapshot(client)
        with refused(*NOT_AVAILABLE):
            start(client)
        time.sleep(15)

    assert seen == [0, 25, 50, 75]
    assert rds_export_clock.now == began + MINUTE
    assert described_snapshot(client) == source.to_response()
    assert (source.percent_progress, source.snapshot_create_time) == (100, began)
    assert start(client)["SnapshotTime"] == began


@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotTimeline(creating=9, copying=9, deleting=60))
def test_copying(rds_export_tasks, rds_export_clock, client):
    """A copy may become available as well; a given progress and time are where it begins and what it gets.

    ``available_after`` replaces creation and copy of the option's timeline; the deletion stays.
    """
    taken = datetime(2025, 12, 1, tzinfo=timezone.utc)
    source = rds_export_tasks.seed_snapshot(
        "nightly", status="copying", available_after=60, percent_progress=50, snapshot_time=taken
    )
    rds_export_clock.tick(30)
    assert (described_snapshot(client)["Status"], source.percent_progress) == ("copying", 75)
    rds_export_clock.tick(-15)
    assert source.percent_progress == 75
    rds_export_clock.tick(45)
    assert (source.status, source.snapshot_create_time) == ("available", taken)
    assert delete(client)["Status"] == "deleting"


def test_creating_cluster(rds_export_tasks, rds_export_clock, client):
    """A cluster becomes available as well; it has no progress."""
    source = rds_export_tasks.seed_snapshot(CLUSTER, available_after=60)
    with refused(*NOT_AVAILABLE):
        start(client, source=CLUSTER)
    assert source.percent_progress is None
    assert repr(source) == "<ExportSource cluster:orders creating in us-east-1>"
    rds_export_clock.tick(60)

    assert start(client, source=CLUSTER)["SourceArn"] == CLUSTER


def test_moved_back(rds_export_tasks):
    """A DB snapshot that is creating again has neither time; available again it is as before."""
    source = rds_export_tasks.seed_snapshot("nightly", snapshot_time="2026-03-01T02:00Z")
    cluster_snapshot = rds_export_tasks.seed_snapshot("weekly", cluster=True, snapshot_time="2026-03-01T02:00Z")
    before = source.to_response()

    source.move_to("creating")
    cluster_snapshot.move_to("creating")
    assert (source.snapshot_create_time, source.original_snapshot_create_time) == (None, None)
    assert cluster_snapshot.snapshot_create_time == TIME
    source.move_to("available")
    assert source.to_response() == before


def test_given_time(rds_export_tasks):
    """A time that is given as a member stays when the snapshot is moved."""
    source = rds_export_tasks.seed_snapshot("nightly", snapshot_create_time="2026-03-01T02:00Z")

    source.move_to("deleting")

    assert source.snapshot_create_time == TIME


@pytest.mark.parametrize("percent", [0, 100])
def test_given_progress(rds_export_tasks, percent):
    """The progress may be from 0 to 100; the size is 100 gigabytes by default."""
    source = rds_export_tasks.seed_snapshot("nightly", status="creating", percent_progress=percent)

    assert (source.percent_progress, source.allocated_storage) == (percent, 100)


@pytest.mark.parametrize("status", ["failed", "creating"])
def test_moved_while_creating(rds_export_tasks, rds_export_clock, status):
    """A source that is moved before it is available stays where it was moved to."""
    source = rds_export_tasks.seed_snapshot("nightly", available_after=60)
    rds_export_clock.tick(30)
    source.move_to(status)
    assert source.percent_progress == (50 if status == "failed" else 0)
    rds_export_clock.tick(60)

    assert source.status == status


def test_seeded_before_the_freeze(rds_export_tasks):
    """A source that was seeded on the real clock begins when it is first used on a frozen one."""
    source = rds_export_tasks.seed_snapshot("nightly", available_after=60)
    with freeze_time("2020-02-29T12:00Z") as frozen:
        assert source.status == "creating"
        frozen.tick(60)
        assert source.status == "available"
        assert source.snapshot_create_time == datetime(2020, 2, 29, 12, tzinfo=timezone.utc)


def test_not_available_at_once(rds_export_tasks):
    """Without a frozen clock, the real one counts."""
    assert rds_export_tasks.seed_snapshot("nightly", available_after=3600).status == "creating"
    assert rds_export_tasks.seed_snapshot("weekly", available_after=0).status == "available"


OTHERS = [SNAPSHOT.replace("123456789012", "999988887777"), SNAPSHOT.replace("arn:aws:", "arn:aws-cn:")]


@pytest.mark.parametrize("other", OTHERS)
def test_whole_arn(rds_export_tasks, client, other):
    """A snapshot of another account or partition is another source."""
    rds_export_tasks.seed_snapshot("nightly")
    with refused("DBSnapshotNotFound", 404, "Could not find snapshot with name nightly"):
        start(client, source=other)

    rds_export_tasks.seed_snapshot(other, status="creating")

    with refused(*NOT_AVAILABLE):
        start(client, source=other)
    assert start(client)["SourceArn"] == SNAPSHOT


def test_report_status(rds_export_tasks, rds_export_clock):
    """The report names the status of a source that is not available."""
    rds_export_tasks.seed_snapshot("nightly", available_after=600)
    rds_export_tasks.seed_snapshot("weekly", available_after=60)
    rds_export_clock.tick(60)

    assert report()[-3:] == [
        "sources:",
        f"  {SNAPSHOT}, creating",
        "  arn:aws:rds:us-east-1:123456789012:snapshot:weekly",
    ]


@pytest.mark.parametrize(
    "call",
    [
        lambda client: start(client, source=OTHERS[0]),
        lambda client: client.describe_db_snapshots(DBSnapshotIdentifier=OTHERS[0]),
    ],
    ids=["StartExportTask", "DescribeDBSnapshots"],
)
def test_hint_of_another_account(rds_export_tasks, client, call):
    """A hint names the ARN that is seeded if the call names another account."""
    rds_export_tasks.seed_snapshot("nightly")
    rds_export_tasks.seed_snapshot("nightly", cluster=True)
    with pytest.raises(ClientError):
        call(client)

    assert hints() == [
        f"snapshot:nightly is seeded as {SNAPSHOT}: the ARN of the call names another account or partition"
    ]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda source: pickle.loads(pickle.dumps(source))])
def test_copy(rds_export_tasks, copied):
    """A copy of a live source belongs to no region and stays as it was."""
    source = rds_export_tasks.seed_snapshot("nightly", status="creating")
    kept = copied(source)
    before = source.to_response()

    source.move_to("available")

    assert kept.to_response() == before
    assert repr(kept) == "<ExportSource snapshot:nightly creating 0% in us-east-1>"


def test_removed_later(rds_export_tasks, rds_export_clock):
    """What was due before a source is removed has happened."""
    source = rds_export_tasks.seed_snapshot("orders", available_after=60)
    rds_export_clock.tick(60)
    source.remove()

    assert "RDS-EVENT-0042" in [event.event_id for event in rds_export_tasks.events]


def test_cluster_with_a_progress(rds_export_tasks, rds_export_clock):
    """A cluster keeps the progress that it is seeded with, which is a string in the service model."""
    cluster = rds_export_tasks.seed_snapshot(CLUSTER, percent_progress="50", available_after=60)
    rds_export_clock.tick(30)

    assert (cluster.status, cluster.percent_progress) == ("creating", "50")
