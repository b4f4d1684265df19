"""Events of snapshots: what they are, when they happen, who they are about, and their shapes."""

import dataclasses
import json
import pickle
from copy import deepcopy
from datetime import timedelta

import pytest

from helpers.clients import shared_client
from helpers.snapshots import copy, copy_cluster, create, create_cluster, delete, delete_cluster
from pytest_rds_export import SnapshotTimeline

TIMELINE = SnapshotTimeline(creating=300, copying=120, deleting=60)
pytestmark = pytest.mark.rds_export_tasks(snapshot_timeline=TIMELINE)
DAILY = "rds:orders-2026-01-01-00-05"


def life(client, clock):
    """Create, copy and delete a DB and a cluster snapshot named ``nightly``, with a minute before each deletion."""
    create(client)
    create_cluster(client)
    clock.tick(minutes=5)
    copy(client)
    copy_cluster(client)
    clock.tick(minutes=3)
    delete(client)
    delete_cluster(client)
    clock.tick(minutes=1)


def test_manual(rds_export_tasks, client, rds_export_clock):
    """Creation, copy and deletion have the events of AWS, at their times and in order, each with its category."""
    start = rds_export_clock.now
    life(client, rds_export_clock)

    shown = [
        ((event.date - start) // timedelta(minutes=1), event.event_id[-4:], event.source_type, event.message)
        for event in rds_export_tasks.events
    ]
    copying = "copy of snapshot nightly in region us-east-1"
    assert shown == [
        (0, "0040", "db-snapshot", "Creating manual snapshot"),
        (0, "0001", "db-instance", "Backing up DB instance"),
        (0, "0074", "db-cluster-snapshot", "Creating manual cluster snapshot"),
        (5, "0042", "db-snapshot", "Manual snapshot created"),
        (5, "0002", "db-instance", "Finished DB Instance backup"),
        (5, "0075", "db-cluster-snapshot", "Manual cluster snapshot created"),
        (5, "0196", "db-snapshot", f"Started {copying}"),
        (7, "0197", "db-snapshot", f"Finished {copying}"),
        (9, "0041", "db-snapshot", "Deleted manual snapshot"),
        (9, "0041", "db-cluster-snapshot", "Deleted manual snapshot"),
    ]
    creation, backup, copied, deletion = ("creation",), ("backup",), ("notification",), ("deletion",)
    categories = [creation, backup, backup, creation, backup, backup, copied, copied, deletion, deletion]
    assert [event.categories for event in rds_export_tasks.events] == categories


def test_across_regions(rds_export_tasks, client, rds_export_clock):
    """A copy from another region has events of its own, which say how long it took."""
    source = rds_export_tasks.in_region("eu-west-1").seed_snapshot(DAILY)
    copy(client, source.arn)
    rds_export_clock.tick(minutes=2)

    assert [(event.event_id, event.source_identifier, event.message) for event in rds_export_tasks.events] == [
        ("RDS-EVENT-0059", "copied", f"Started copy of snapshot {DAILY} from region eu-west-1"),
        ("RDS-EVENT-0060", "copied", f"Finished copy of snapshot {DAILY} from region eu-west-1 in 2 minutes"),
    ]
    assert rds_export_tasks.in_region("eu-west-1").events == []


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        (
            False,
            [
                ("RDS-EVENT-0091", DAILY, "Automated snapshot created"),
                ("RDS-EVENT-0002", "orders", "Finished DB Instance backup"),
            ],
        ),
        (True, [("RDS-EVENT-0169", DAILY, "Automated cluster snapshot created")]),
    ],
)
def test_automated(rds_export_tasks, cluster, expected):
    """An automated snapshot has events of its own, and none when it is deleted."""
    snapshot = rds_export_tasks.seed_snapshot(DAILY, cluster=cluster, status="creating")
    snapshot.move_to("available")
    snapshot.move_to("deleted")

    events = [(event.event_id, event.source_identifier, event.message) for event in rds_export_tasks.events]
    assert events == expected


def test_canceled_copies(rds_export_tasks, client):
    """A copy that is deleted, whose source is deleted, or that fails has an event; of a cluster snapshot none."""
    abroad = rds_export_tasks.in_region("eu-west-1").seed_snapshot("nightly")
    rds_export_tasks.seed_snapshot("nightly")
    rds_export_tasks.seed_snapshot("nightly", cluster=True)
    for source, target in [("nightly", "deleted"), ("nightly", "failed"), (abroad.arn, "across")]:
        copy(client, source, target)
    copy_cluster(client)
    begun = len(rds_export_tasks.events)

    delete(client, "deleted")
    rds_export_tasks.snapshots["failed"].move_to("failed")
    delete(shared_client("eu-west-1"))
    delete_cluster(client, "copied")

    assert [(event.event_id, event.source_identifier, event.message) for event in rds_export_tasks.events[begun:]] == [
        ("RDS-EVENT-0190", "deleted", "Canceled snapshot copy request of nightly in region us-east-1"),
        ("RDS-EVENT-0190", "failed", "Canceled snapshot copy request of nightly in region us-east-1"),
        ("RDS-EVENT-0061", "across", "Canceled snapshot copy request of nightly from region eu-west-1"),
    ]
    assert rds_export_tasks.events[-1].categories == ("notification",)
    assert list(rds_export_tasks.snapshots) == ["nightly", "cluster-snapshot:nightly", "failed"]


def test_copying_seed(rds_export_tasks, rds_export_clock):
    """A seeded copy, whose source is unknown, has the event of its end with its own name."""
    rds_export_tasks.seed_snapshot("nightly", status="copying")
    rds_export_clock.tick(minutes=2)

    (event,) = rds_export_tasks.events
    assert event.message == "Finished copy of snapshot nightly in region us-east-1"


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("nightly", "creating", "failed"),
        ("nightly", "available", "creating"),
        ("nightly", "upgrading", "available"),
        ("arn:aws:rds:us-east-1:123456789012:cluster:orders", "creating", "available"),
    ],
)
def test_no_event(rds_export_tasks, source, before, after):
    """Other changes have no event."""
    rds_export_tasks.seed_snapshot(source, status=before).move_to(after)

    assert rds_export_tasks.events == []


def test_removed(rds_export_tasks):
    """A source that is removed disappears without an event."""
    rds_export_tasks.seed_snapshot("nightly").remove()

    assert rds_export_tasks.events == []


@pytest.fixture
def events(rds_export_tasks, client, rds_export_clock):
    """The events of a snapshot that is created, exported and deleted, and those of its instance."""
    create(client)
    rds_export_clock.tick(minutes=5)
    snapshot = rds_export_tasks.snapshots["nightly"]
    rds_export_tasks.seed("export", source_arn=snapshot.arn).move_to("COMPLETE")
    snapshot.move_to("deleted")
    return rds_export_tasks.events


def test_about(events, rds_export_tasks):
    """An event is about a task or a source, also one that is gone."""
    *creation, completed, deleted = events

    assert completed.task is rds_export_tasks["export"]
    assert completed.source is None
    assert [event.task for event in (*creation, deleted)] == [None] * 5
    assert {event.source for event in creation} == {deleted.source}
    assert deleted.source.status == "deleted"


def test_repr(events):
    """The repr names the snapshot, and of an event of a task the task."""
    assert [repr(event) for event in events[2:5]] == [
        "<RdsEvent RDS-EVENT-0042 (Manual snapshot created): db-snapshot nightly at 2026-01-01T00:05:00.000Z>",
        "<RdsEvent RDS-EVENT-0002 (Finished DB Instance backup): db-instance orders at 2026-01-01T00:05:00.000Z>",
        (
            "<RdsEvent RDS-EVENT-0161 (Export task completed): db-snapshot nightly at 2026-01-01T00:05:00.000Z, "
            "task 'export'>"
        ),
    ]


def test_shapes(events):
    """An event of a snapshot has the shapes of the events of exports; no two have the same ID."""
    created = events[2]
    detail, message = created.to_eventbridge()["detail"], json.loads(created.to_sns()["Message"])

    assert (detail["EventID"], detail["Message"]) == ("RDS-EVENT-0042", "Manual snapshot created")
    assert (detail["SourceArn"], detail["EventCategories"]) == (created.source_arn, ["creation"])
    assert (message["Event Source"], message["Source ID"]) == ("db-snapshot", "nightly")
    assert message["Event ID"].endswith("#RDS-EVENT-0042")
    assert len({event.to_eventbridge()["id"] for event in events}) == 6


def test_shapes_of_the_instance(rds_export_tasks, client, rds_export_clock):
    """An event of the instance has the instance's names and tags; two of one time have IDs of their own."""
    tags = [{"Key": "team", "Value": "data"}]
    rds_export_tasks.seed_database("orders", tag_list=tags)
    for name in ("nightly", "other"):
        create(client, name)

    first, second = (event for event in rds_export_tasks.events if event.source_type == "db-instance")
    bridge, message = first.to_eventbridge(), json.loads(first.to_sns()["Message"])

    assert bridge["detail-type"] == "RDS DB Instance Event"
    assert bridge["resources"] == ["arn:aws:rds:us-east-1:123456789012:db:orders"]
    assert (bridge["detail"]["SourceType"], bridge["detail"]["Tags"]) == ("DB_INSTANCE", {"team": "data"})
    assert (message["Event Source"], message["Source ID"]) == ("db-instance", "orders")
    assert message["Identifier Link"].endswith("home?region=us-east-1#dbinstance:id=orders")
    assert bridge["id"] != second.to_eventbridge()["id"]


@pytest.mark.parametrize("copied", [deepcopy, lambda event: pickle.loads(pickle.dumps(event))])
def test_copies(events, copied):
    """A copy of an event is equal, and has a copy of its source, which stays as it is."""
    kept = copied(events[2])

    assert kept == events[2]
    assert kept.source.to_response() == events[2].source.to_response()
    assert dataclasses.asdict(kept)["message"] == "Manual snapshot created"
