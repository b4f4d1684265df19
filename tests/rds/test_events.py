"""Which exports have an event, when, and in which order: ``events`` of the registry."""

import copy
import dataclasses
import pickle
from datetime import datetime, timedelta, timezone

import pytest

from helpers.aws import CLUSTER, CLUSTER_SNAPSHOT, SNAPSHOT
from helpers.calls import cancel, described, start
from helpers.events import MYDB_1, SHOP_1, account_at_noon
from pytest_rds_export import ExportTask, Polls, Timeline, fake_rds_export

JANUARY = datetime(2026, 1, 1, tzinfo=timezone.utc)  # where rds_export_clock begins


def ends(registry):
    """Of each event the task, the event ID and the minutes after the clock's start."""
    return [
        (event.task.identifier, event.event_id, (event.date - JANUARY) / timedelta(minutes=1))
        for event in registry.events
    ]


def test_timeline(rds_export_tasks, rds_export_clock, client):
    """A started export has its event at the end of its timeline, whenever events are read."""
    start(client)
    rds_export_clock.tick(minutes=24, seconds=59)
    assert rds_export_tasks.events == []

    rds_export_clock.tick(minutes=30)

    assert ends(rds_export_tasks) == [("nightly", "RDS-EVENT-0161", 25)]
    assert rds_export_tasks.events[0].task is rds_export_tasks["nightly"]


@pytest.mark.parametrize(
    ("source", "failed", "canceled", "completed"),
    [
        (SNAPSHOT, "RDS-EVENT-0159", "RDS-EVENT-0160", "RDS-EVENT-0161"),
        (CLUSTER_SNAPSHOT, "RDS-EVENT-0162", "RDS-EVENT-0163", "RDS-EVENT-0164"),
        (CLUSTER, "RDS-EVENT-0234", "RDS-EVENT-0235", "RDS-EVENT-0236"),
    ],
)
def test_each_end(source, failed, canceled, completed, rds_export_tasks, rds_export_clock, client):
    """Snapshots, cluster snapshots and clusters have an event for each of the three ends."""
    failing = Timeline(in_progress=60, outcome="FAILED")
    rds_export_tasks.seed("fails", source_arn=source, timeline=failing)
    rds_export_tasks.seed("completes", source_arn=source)
    rds_export_tasks.seed("canceled", source_arn=source)
    cancel(client, "canceled")

    rds_export_clock.tick(minutes=5)

    assert ends(rds_export_tasks) == [("fails", failed, 1), ("canceled", canceled, 2), ("completes", completed, 5)]
    messages = ["Export task failed", "Export task canceled", "Export task completed"]
    assert [event.message for event in rds_export_tasks.events] == messages


def test_polled_cancel(rds_export_tasks, rds_export_clock, client):
    """A canceled task that follows polls has one event, when DescribeExportTasks finds it CANCELED."""
    rds_export_tasks.seed("nightly", timeline=Polls(canceling=1))
    cancel(client)
    described(client)
    rds_export_clock.tick(minutes=3)
    assert rds_export_tasks.events == []

    described(client)
    described(client)

    assert ends(rds_export_tasks) == [("nightly", "RDS-EVENT-0160", 3)]


@pytest.mark.parametrize("status", ["COMPLETE", "FAILED", "CANCELED"])
def test_seeded_ended(status, rds_export_tasks, rds_export_clock, client):
    """A task that was seeded already ended has no event."""
    rds_export_tasks.seed("nightly", status=status)
    rds_export_clock.tick(days=1)
    described(client)

    assert rds_export_tasks.events == []


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda event: pickle.loads(pickle.dumps(event)), dataclasses.replace],
    ids=["copy", "deepcopy", "pickle", "replace"],
)
def test_copied_event(rds_export_tasks, copied):
    """A copy of an event is equal, and tells the same."""
    task = rds_export_tasks.seed("nightly", export_only=["orders"])
    task.move_to("COMPLETE")
    (event,) = rds_export_tasks.events

    copy_of_it = copied(event)

    assert copy_of_it == event
    assert copy_of_it.to_lambda() == event.to_lambda()
    assert copy_of_it.task == task
    assert repr(copy_of_it) == repr(event)


def test_event_as_dict(rds_export_tasks):
    """An event as a dict has a value of the task, which can be kept and seeded elsewhere."""
    task = rds_export_tasks.seed("nightly", status="STARTING", timeline=Polls())
    task.move_to("FAILED", failure_cause="The bucket is gone.")
    (event,) = rds_export_tasks.events

    value = dataclasses.asdict(event)["task"]

    assert type(value) is ExportTask
    assert value == task
    with fake_rds_export(value) as registry:
        assert registry["nightly"] == task


def test_list_is_a_copy(rds_export_tasks):
    """A change to the list does not change the events of the registry."""
    rds_export_tasks.seed("nightly").move_to("COMPLETE")
    rds_export_tasks.events.clear()

    assert len(rds_export_tasks.events) == 1


def test_order_after_the_clock_went_backwards():
    """Events are in the order of their dates, those of one date in the order in which the exports ended."""
    with account_at_noon([(0, MYDB_1), (2, MYDB_1), (1, MYDB_1), (2, SHOP_1), (0, SHOP_1)]) as tasks:
        assert [event.task.identifier for event in tasks.events] == ["task-0", "task-4", "task-2", "task-1", "task-3"]
