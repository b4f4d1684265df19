"""Snapshots whose fake outlives a frozen clock: freezing and unfreezing is no passage of time for them."""

from datetime import datetime, timedelta, timezone

import pytest

from helpers.clients import shared_client
from pytest_rds_export import SnapshotTimeline, fake_rds_export, frozen_clock

HOUR = timedelta(hours=1)
SLOW = SnapshotTimeline(creating=24 * HOUR, deleting=24 * HOUR)
LATER = datetime(2030, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize("cluster", [False, True])
def test_creation(cluster):
    """A creation has as much time left on the next clock as it had, and its time moves with the clock."""
    with fake_rds_export(snapshot_timeline=SLOW) as tasks:
        with frozen_clock() as clock:
            snapshot = tasks.seed_snapshot("nightly", cluster=cluster, status="creating")
            clock.tick(18 * HOUR)
            assert snapshot.percent_progress == 75
        with frozen_clock(LATER) as clock:
            clock.tick(5 * HOUR)
            assert snapshot.status == "creating"
            clock.tick(HOUR)

            assert snapshot.status == "available"
            assert -HOUR < snapshot.snapshot_create_time - (LATER - 18 * HOUR) < HOUR


def test_given_time():
    """A time that was passed stays as it is."""
    taken = LATER - 1000 * HOUR
    with fake_rds_export(snapshot_timeline=SLOW) as tasks:
        with frozen_clock():
            snapshot = tasks.seed_snapshot("nightly", status="creating", snapshot_time=taken)
            assert snapshot.status == "creating"
        with frozen_clock(LATER) as clock:
            clock.tick(24 * HOUR)
            assert (snapshot.status, snapshot.snapshot_create_time) == ("available", taken)


def test_deletion():
    """A deletion has as much time left on the next clock as it had; the time of the snapshot stays."""
    with fake_rds_export(snapshot_timeline=SLOW) as tasks:
        with frozen_clock() as clock:
            snapshot = tasks.seed_snapshot("nightly")
            taken = snapshot.snapshot_create_time
            shared_client().delete_db_snapshot(DBSnapshotIdentifier="nightly")
            clock.tick(18 * HOUR)
        with frozen_clock(LATER) as clock:
            clock.tick(5 * HOUR)
            assert (snapshot.status, snapshot.snapshot_create_time) == ("deleting", taken)
            clock.tick(HOUR)

            assert snapshot.status == "deleted"


def test_available_snapshot():
    """An available snapshot keeps its time."""
    with fake_rds_export() as tasks:
        with frozen_clock():
            snapshot = tasks.seed_snapshot("nightly")
            taken = snapshot.snapshot_create_time
        with frozen_clock(LATER):
            assert snapshot.snapshot_create_time == taken
