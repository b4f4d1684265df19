"""``registry.snapshots``: the live snapshots of a region."""

import pytest

from helpers.aws import CLUSTER, CLUSTER_SNAPSHOT, SNAPSHOT
from helpers.errors import raises_exactly
from helpers.reports import call_lines, hints
from helpers.snapshots import create, shown, shown_clusters
from pytest_rds_export import SnapshotTimeline, Stuck
from pytest_rds_export.types import ExportSource

DAILY = "rds:orders-2026-01-01"


def test_mapping(rds_export_tasks, client):
    """The snapshots of a region, seeded and created, are in a mapping by name."""
    seeded = rds_export_tasks.seed_snapshot("seeded")
    create(client, "created")
    snapshots = rds_export_tasks.snapshots

    assert snapshots is rds_export_tasks.snapshots
    assert list(snapshots) == ["seeded", "created"]
    assert len(snapshots) == 2
    assert snapshots["seeded"] is seeded
    assert isinstance(snapshots["created"], ExportSource)
    assert snapshots["created"] is snapshots["created"]
    assert repr(snapshots) == "<Snapshots of us-east-1: 2 snapshots>"


def test_names_in_use_twice(rds_export_tasks):
    """A cluster snapshot whose name a DB snapshot has already is found by its type, and by its ARN."""
    first = rds_export_tasks.seed_snapshot("nightly")
    second = rds_export_tasks.seed_snapshot("nightly", cluster=True)
    third = rds_export_tasks.seed_snapshot(SNAPSHOT.replace("123456789012", "999999999999"))
    fourth = rds_export_tasks.seed_snapshot(SNAPSHOT.replace("123456789012", "111111111111"))
    snapshots = rds_export_tasks.snapshots

    assert list(snapshots) == ["nightly", "cluster-snapshot:nightly", "snapshot:nightly", fourth.arn]
    assert list(snapshots.values()) == [first, second, third, fourth]
    assert snapshots[SNAPSHOT] is first
    assert snapshots[CLUSTER_SNAPSHOT] is second


def test_no_databases(rds_export_tasks):
    """Clusters and databases are not among them."""
    rds_export_tasks.seed_snapshot(CLUSTER)
    rds_export_tasks.seed_database("users")

    assert not rds_export_tasks.snapshots


def test_gone(rds_export_tasks, client, rds_export_clock):
    """A snapshot is gone as soon as its deletion has ended, and its successor is another one."""
    first = rds_export_tasks.seed_snapshot("nightly", status="deleting", timeline=SnapshotTimeline(deleting=60))
    assert "nightly" in rds_export_tasks.snapshots
    rds_export_clock.tick(minutes=1)
    assert "nightly" not in rds_export_tasks.snapshots

    create(client)

    assert rds_export_tasks.snapshots["nightly"] is not first
    assert repr(first) == "<ExportSource snapshot:nightly deleted in us-east-1>"


@pytest.mark.parametrize(
    ("seeded", "text"),
    [
        ([], "no snapshot 'nightl' in us-east-1. The region has no snapshots"),
        (["nightly"], "no snapshot 'nightl' in us-east-1. Did you mean 'nightly'?"),
        (["a", "b"], "no snapshot 'nightl' in us-east-1. The region has 'a' and 'b'"),
    ],
)
def test_unknown(rds_export_tasks, seeded, text):
    """An unknown name is an error that says what there is."""
    for name in seeded:
        rds_export_tasks.seed_snapshot(name)

    with pytest.raises(KeyError) as caught:
        rds_export_tasks.snapshots["nightl"]
    assert caught.value.args == (text,)


def test_remove(rds_export_tasks, client):
    """A removed source is gone at once, and cannot be moved; removing it again does nothing."""
    snapshot = rds_export_tasks.seed_snapshot("nightly")
    snapshot.remove()
    snapshot.remove()

    assert shown(client) == []
    assert not rds_export_tasks.snapshots
    text = "<ExportSource snapshot:nightly available 100% in us-east-1> is gone and cannot become failed"
    with raises_exactly(ValueError, text):
        snapshot.move_to("failed")


def test_tags(rds_export_tasks):
    """The tags of a snapshot are a dict."""
    assert rds_export_tasks.seed_snapshot("nightly", tag_list=[{"Key": "a", "Value": "1"}]).tags == {"a": "1"}
    assert rds_export_tasks.seed_snapshot("untagged").tags == {}


@pytest.mark.parametrize(
    ("seed", "name", "hint"),
    [
        (DAILY, DAILY, f"snapshot:{DAILY} has the SnapshotType 'automated'. Pass SnapshotType='automated'"),
        ("nightly", "nightl", "snapshot:nightl is not seeded in us-east-1. Seeded there: snapshot:nightly"),
    ],
)
def test_hint(rds_export_tasks, client, seed, name, hint):
    """The report says why a snapshot was not found."""
    rds_export_tasks.seed_snapshot(seed)

    with pytest.raises(client.exceptions.DBSnapshotNotFoundFault):
        shown(client, DBSnapshotIdentifier=name)

    assert hints() == [hint]


def test_hint_of_a_database(rds_export_tasks, client):
    """The report says which databases there are."""
    rds_export_tasks.seed_database("orders")

    with pytest.raises(client.exceptions.DBInstanceNotFoundFault):
        create(client, database="order")

    assert hints() == ["db:order is not seeded in us-east-1. Seeded there: db:orders"]


def described_again_and_again(client):
    """Create a snapshot, and describe it three times."""
    create(client)
    for _ in range(3):
        shown(client)


@pytest.mark.rds_export_tasks(snapshot_timeline=Stuck())
def test_hint_of_polls(rds_export_tasks, client):
    """The report says why snapshots that were described again and again did not advance, unless the test means it."""
    described_again_and_again(client)
    rds_export_tasks.seed_snapshot("stuck", cluster=True, timeline=Stuck(), status="creating")
    for _ in range(3):
        shown_clusters(client)

    assert hints() == [
        (
            "'nightly' was described 3 times and is still creating: the option snapshot_timeline is Stuck(), which "
            "advances no snapshot. Use move_to(), or another timeline"
        )
    ]


def test_hint_of_the_real_clock(rds_export_tasks, client):
    """A snapshot that was polled on the real clock has one hint."""
    described_again_and_again(client)

    assert hints() == [
        (
            "snapshot:nightly is still creating: its SnapshotTimeline follows the real clock. Use the fixture "
            "rds_export_clock, or snapshot_timeline=SnapshotPolls()"
        )
    ]


def test_hint_of_the_frozen_clock(rds_export_tasks, client, rds_export_clock):
    """A snapshot that was polled while the clock stood still has a hint."""
    described_again_and_again(client)

    (hint,) = hints()
    assert hint.startswith(
        "'nightly' was described 3 times and is still creating: its SnapshotTimeline follows the frozen clock, "
    )
    assert hint.endswith("Move the clock, or use snapshot_timeline=SnapshotPolls()")


def test_report_of_polls(rds_export_tasks, client, rds_export_clock):
    """The report has the statuses that describes have seen."""
    create(client)
    client.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier="nightly")
    rds_export_tasks.seed_snapshot("other")
    client.describe_db_snapshots()

    assert call_lines()[1:] == [
        f"  {SNAPSHOT} creating in us-east-1, events RDS-EVENT-0040 and RDS-EVENT-0001",
        (
            "  DescribeDBSnapshots DBSnapshotIdentifier=nightly in us-east-1: ok (HTTP 200), 1 attempt (10 times): "
            "creating x10; slept 30 s x10"
        ),
        f"  {SNAPSHOT} available in us-east-1, events RDS-EVENT-0042 and RDS-EVENT-0002",
        ("  DescribeDBSnapshots DBSnapshotIdentifier=nightly in us-east-1: ok (HTTP 200), 1 attempt: available"),
        "  DescribeDBSnapshots in us-east-1: ok (HTTP 200), 1 attempt: 2 snapshots",
    ]


def test_no_hint_of_what_is_gone(rds_export_tasks, client):
    """A snapshot that was removed meanwhile has no hint."""
    described_again_and_again(client)
    rds_export_tasks.snapshots["nightly"].remove()

    assert hints() == []
