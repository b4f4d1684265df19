"""Which exports have an event, when, and in which order: ``events`` of the registry."""

import copy
import dataclasses
import pickle
from datetime import datetime, timedelta, timezone

import pytest

from helpers.aws import CLUSTER, CLUSTER_SNAPSHOT, SNAPSHOT
from helpers.calls import cancel, described, start
from helpers.events import MYDB_1, SHOP_1, account_at_noon
from pytest_rds_export import ExportTask, Polls, Stuck, Timeline, fake_rds_export, frozen_clock

JANUARY = datetime(2026, 1, 1, tzinfo=timezone.utc)  # where rds_export_clock begins


def ends(registry):
    """Of each event the task, the event ID and the minutes after the clock's start."""
    return [
        (event.task.identifier, event.event_id, (event.date - JANUARY) / timedelta(minutes=1))
        for event in registry.events
    ]


def identifiers(registry):
    """The identifiers of the tasks that have an event, in the order of the events."""
    return [event.task.identifier for event in registry.events]


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


def test_polls(rds_export_tasks, rds_export_clock, client):
    """A task that follows polls has its event when DescribeExportTasks finds it ended."""
    rds_export_tasks.seed("nightly", timeline=Polls(in_progress=1))
    described(client)
    rds_export_clock.tick(minutes=3)
    assert rds_export_tasks.events == []

    assert described(client)["Status"] == "COMPLETE"

    assert ends(rds_export_tasks) == [("nightly", "RDS-EVENT-0161", 3)]


def test_polled_cancel(rds_export_tasks, rds_export_clock, client):
    """A canceled task that follows polls has one event, for CANCELED."""
    rds_export_tasks.seed("nightly", timeline=Polls(canceling=1))
    cancel(client)
    described(client)
    assert rds_export_tasks.events == []

    described(client)
    described(client)

    assert ends(rds_export_tasks) == [("nightly", "RDS-EVENT-0160", 0)]


def test_canceling(rds_export_tasks, rds_export_clock, client):
    """A task has its event when it becomes CANCELED, even if events were read while it was CANCELING."""
    rds_export_tasks.seed("seeded", status="CANCELING")
    rds_export_tasks.seed("running")
    rds_export_clock.tick(minutes=1)
    cancel(client, "running")
    assert rds_export_tasks.events == []

    rds_export_clock.tick(minutes=5)

    assert ends(rds_export_tasks) == [("seeded", "RDS-EVENT-0160", 2), ("running", "RDS-EVENT-0160", 3)]


@pytest.mark.parametrize(
    ("status", "event_id"),
    [("COMPLETE", "RDS-EVENT-0161"), ("FAILED", "RDS-EVENT-0159"), ("CANCELED", "RDS-EVENT-0160")],
)
def test_move_to(status, event_id, rds_export_tasks, rds_export_clock):
    """A task that is moved to its end has its event at once, even if it is stuck."""
    task = rds_export_tasks.seed("nightly", timeline=Stuck())
    rds_export_clock.tick(minutes=1)
    task.move_to(status)

    assert ends(rds_export_tasks) == [("nightly", event_id, 1)]


@pytest.mark.parametrize("status", ["STARTING", "IN_PROGRESS", "CANCELING"])
def test_no_event_before_the_end(status, rds_export_tasks):
    """A task that has not ended has no event."""
    rds_export_tasks.seed("seeded", status=status, timeline=Stuck())
    rds_export_tasks.seed("started", status="STARTING", timeline=Stuck())
    if status != "STARTING":
        rds_export_tasks["started"].move_to(status)

    assert rds_export_tasks.events == []


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


def test_given_time(rds_export_tasks, rds_export_clock):
    """The date is the task's end, also if ``move_to`` sets it."""
    rds_export_tasks.seed("nightly").move_to("COMPLETE", task_end_time=JANUARY - timedelta(minutes=7))

    assert ends(rds_export_tasks) == [("nightly", "RDS-EVENT-0161", -7)]


def test_late_cancel(rds_export_tasks, rds_export_clock, client):
    """A cancel that comes too late, as injected, leaves the event of a completed export."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("InvalidExportTaskStateFault")
    rds_export_clock.tick(minutes=1)

    with pytest.raises(client.exceptions.InvalidExportTaskStateFault):
        cancel(client)
    with pytest.raises(client.exceptions.InvalidExportTaskStateFault):
        cancel(client)

    assert ends(rds_export_tasks) == [("nightly", "RDS-EVENT-0161", 1)]


def test_order_of_ends(rds_export_tasks, rds_export_clock):
    """Events are in the order in which the exports ended, not in that of seeding or reading."""
    for minutes in (3, 1, 2):
        rds_export_tasks.seed(f"after-{minutes}", timeline=Timeline(in_progress=60 * minutes))
    rds_export_clock.tick(minutes=5)
    assert rds_export_tasks["after-3"].status == "COMPLETE"

    assert identifiers(rds_export_tasks) == ["after-1", "after-2", "after-3"]


def test_whole_event(rds_export_clock):
    """Under a frozen clock the events of two runs are equal as a whole."""
    shapes = []
    for _ in range(2):
        with fake_rds_export("nightly") as tasks:
            tasks["nightly"].move_to("COMPLETE")
            (event,) = tasks.events
            shapes.append((event, event.to_eventbridge(), event.to_sns(), event.to_lambda("eventbridge")))

    assert shapes[0] == shapes[1]


def test_list_is_a_copy(rds_export_tasks):
    """A change to the list does not change the events of the registry."""
    rds_export_tasks.seed("nightly").move_to("COMPLETE")
    rds_export_tasks.events.clear()

    assert identifiers(rds_export_tasks) == ["nightly"]


def test_account_and_region(rds_export_clock):
    """The event has the account and the region of the registry."""
    with fake_rds_export("nightly", account_id="210987654321", region="cn-north-1") as tasks:
        tasks["nightly"].move_to("COMPLETE")
        sent = tasks.events[0].to_eventbridge()

    assert (sent["account"], sent["region"]) == ("210987654321", "cn-north-1")
    assert sent["resources"] == ["arn:aws-cn:rds:cn-north-1:210987654321:snapshot:nightly"]


def test_clock_frozen_later():
    """A task that was seeded before the clock was frozen has its event by the frozen clock."""
    with fake_rds_export("nightly") as tasks, frozen_clock() as clock:
        assert tasks.events == []
        clock.tick(minutes=5)
        assert ends(tasks) == [("nightly", "RDS-EVENT-0161", 5)]


def test_regions(rds_export_tasks, rds_export_clock):
    """Events belong to the region of their task."""
    ireland = rds_export_tasks.in_region("eu-west-1")
    rds_export_tasks.seed("home")
    ireland.seed("away", timeline=Timeline(in_progress=60))
    rds_export_clock.tick(minutes=5)

    assert (ends(rds_export_tasks), ends(ireland)) == (
        [("home", "RDS-EVENT-0161", 5)],
        [("away", "RDS-EVENT-0161", 1)],
    )


def test_order_after_the_clock_went_backwards():
    """Events are in the order of their dates, those of one date in the order in which the exports ended."""
    with account_at_noon([(0, MYDB_1), (2, MYDB_1), (1, MYDB_1), (2, SHOP_1), (0, SHOP_1)]) as (_, tasks):
        assert [event.task.identifier for event in tasks.events] == ["task-0", "task-4", "task-2", "task-1", "task-3"]
