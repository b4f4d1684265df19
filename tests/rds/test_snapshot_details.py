"""Snapshots that go back, that are deleted under other timelines, and whose arguments are misspelled."""

import pytest

from pytest_rds_export import SnapshotPolls


def test_creating_again(rds_export_tasks, client):
    """A DB snapshot that is moved back to creating has neither time; available again it has the same ones."""
    snapshot = rds_export_tasks.seed_snapshot("nightly")
    before = snapshot.to_response()

    snapshot.move_to("creating")
    (shown,) = client.describe_db_snapshots()["DBSnapshots"]
    snapshot.move_to("available")

    times = {"SnapshotCreateTime", "OriginalSnapshotCreateTime"}
    assert times <= set(before)
    assert not times & set(shown)
    assert snapshot.to_response() == before


@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotPolls(creating=5, deleting=5))
def test_deletion_after_available_after(rds_export_tasks, rds_export_clock, client):
    """``available_after`` is a timeline by the clock, also of the deletion, whatever the option says of polls."""
    rds_export_tasks.seed_snapshot("nightly", available_after=60)
    rds_export_clock.tick(minutes=1)

    assert client.delete_db_snapshot(DBSnapshotIdentifier="nightly")["DBSnapshot"]["Status"] == "deleted"


@pytest.mark.parametrize("name", ["engine", "snapshot_time", "available_after", "cluster"])
def test_misspelled_argument(rds_export_tasks, name):
    """The arguments of ``seed_snapshot`` are suggested alongside the members."""
    with pytest.raises(TypeError, match=f"Did you mean .*'{name}'"):
        rds_export_tasks.seed_snapshot("nightly", **{f"{name}x": 1})
