"""What is due meanwhile: a phase of no length, the time between two milliseconds, a deletion, the end of an export."""

import time
from datetime import timedelta
from functools import partial

import pytest

from helpers.calls import start
from helpers.exported import Store, all_keys
from pytest_rds_export import SnapshotPolls, SnapshotTimeline, Timeline

AT_ONCE = Timeline(starting=0, in_progress=0)


@pytest.fixture
def seconds(rds_export_tasks, rds_export_clock):
    """The time of each delivery, in seconds of the clock."""
    found, begin = [], rds_export_clock.now
    rds_export_tasks.deliver_events(lambda event, context: found.append((rds_export_clock.now - begin).total_seconds()))
    return found


@pytest.mark.rds_export_tasks(timeline=AT_ONCE, snapshot_timeline=SnapshotTimeline(creating=0))
def test_phases_without_length(seconds, rds_export_tasks, rds_export_clock, client):
    """What ends at once is delivered before the clock moves, also what a receiver or a scheduled call has started."""
    rds_export_tasks.deliver_events(lambda event, context: "second" in rds_export_tasks or start(client, "second"))
    rds_export_clock.call_later(60, start, client, "third")
    start(client, "first")

    rds_export_clock.tick(minutes=5)

    assert seconds == [0, 0, 60]


@pytest.mark.parametrize(
    ("delay", "due"), [(0, 1.235), (timedelta(microseconds=1), 1.236), (1 / 3, 1.569)], ids=["phase", "delay", "third"]
)
def test_between_two_milliseconds(rds_export_tasks, rds_export_clock, delay, due):
    """A clock stops at the first whole millisecond at which something is due: no clock shows less."""
    found, begin = [], rds_export_clock.now
    rds_export_tasks.deliver_events(
        lambda event, context: found.append((rds_export_clock.now - begin).total_seconds()), delay=delay
    )
    rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=timedelta(microseconds=1_234_567)))

    rds_export_clock.tick(hours=1)

    assert found == [due]


def test_seeded_again(rds_export_tasks, rds_export_clock, client):
    """A name is free when its deletion has ended, whether anybody has read the snapshot since or not."""
    old = rds_export_tasks.seed_snapshot("nightly", status="available", timeline=SnapshotTimeline(deleting=60))
    client.delete_db_snapshot(DBSnapshotIdentifier="nightly")
    rds_export_clock.tick(minutes=1)

    new = rds_export_tasks.seed_snapshot("nightly")

    assert (old.status, new.status) == ("deleted", "available")


@pytest.mark.rds_export_tasks(page_size=2)
def test_deleted_page_by_page(rds_export_tasks, client):
    """A program that deletes each snapshot of a page before it asks for the next one deletes all of them."""
    for name in "abcde":
        rds_export_tasks.seed_snapshot(name)

    for page in client.get_paginator("describe_db_snapshots").paginate():
        for snapshot in page["DBSnapshots"]:
            client.delete_db_snapshot(DBSnapshotIdentifier=snapshot["DBSnapshotIdentifier"])

    assert list(rds_export_tasks.snapshots) == []


@pytest.mark.rds_export_tasks(page_size=2, snapshot_timeline=SnapshotPolls(creating=0, deleting=1))
def test_gone_between_pages(rds_export_tasks, client):
    """A snapshot that is gone between two pages hides no other one."""
    for name in "abcde":
        rds_export_tasks.seed_snapshot(name)
    client.delete_db_snapshot(DBSnapshotIdentifier="a")

    pages = client.get_paginator("describe_db_snapshots").paginate()

    assert [snapshot["DBSnapshotIdentifier"] for page in pages for snapshot in page["DBSnapshots"]] == [*"abcde"]


def test_export_that_ends_while_files_are_set_up(rds_export_tasks, rds_export_clock):
    """All files of an export are there, though it ended while those of another one were written to a slow store."""
    rds_export_tasks.seed("nightly", status="IN_PROGRESS", percent_progress=50, s3_bucket="rds-exports")
    rds_export_tasks.seed("done", status="COMPLETE", s3_bucket="rds-exports")
    rds_export_tasks.deliver_events(lambda event, context: None)
    store = Store(partial(time.sleep, 60))

    rds_export_tasks.write_files(store)

    keys = [key for name in ("nightly", "done") for key in all_keys("shop.customers", "shop.orders", task=name)]
    assert sorted(store.keys) == sorted(f"rds-exports/{key}" for key in keys)


@pytest.mark.parametrize("change", ["remove", "seed"])
def test_due_before_a_change(rds_export_tasks, client, clock, change):
    """An event that was due before a source is removed, or seeded again, is delivered with that."""
    snapshot = rds_export_tasks.seed_snapshot("nightly", status="available", timeline=SnapshotTimeline(deleting=60))
    client.delete_db_snapshot(DBSnapshotIdentifier="nightly")
    found = []
    rds_export_tasks.deliver_events(lambda event, context: found.append(event["detail"]["EventID"]))
    clock.tick(60)

    snapshot.remove() if change == "remove" else rds_export_tasks.seed_snapshot("nightly")

    assert found == ["RDS-EVENT-0041"]


def test_seeded_while_files_are_stored(rds_export_tasks):
    """Of two exports of one name, the one that comes first is kept, also if the files of the other are stored."""

    def seed_first():
        if "nightly" not in rds_export_tasks:
            rds_export_tasks.seed("nightly", status="FAILED")

    rds_export_tasks.write_files(Store(seed_first))

    with pytest.raises(ValueError, match="export task 'nightly' exists already in us-east-1"):
        rds_export_tasks.seed("nightly", status="COMPLETE")
    assert rds_export_tasks["nightly"].status == "FAILED"
