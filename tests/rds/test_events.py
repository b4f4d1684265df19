"""Events when an export ends: ``events`` of the registry, and DescribeEvents through real clients."""

from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError

from helpers.aws import CLUSTER, CLUSTER_SNAPSHOT, SNAPSHOT
from helpers.calls import cancel, described, start, without_metadata
from helpers.clients import shared_client
from helpers.errors import raises_exactly, refused
from helpers.loopback import post, query
from pytest_rds_export import Polls, Stuck, Timeline, fake_rds_export
from pytest_rds_export._clock import frozen_clock

JANUARY = datetime(2026, 1, 1, tzinfo=timezone.utc)  # where rds_export_clock begins


def ends(registry):
    """Of each event the task, the event ID and the minutes after the clock's start."""
    return [
        (event.task.identifier, event.event_id, (event.date - JANUARY) / timedelta(minutes=1))
        for event in registry.events
    ]


def identifiers(registry):
    return [event.task.identifier for event in registry.events]


def sources(client, **parameters):
    """The sources of the events that DescribeEvents lists."""
    return [event["SourceIdentifier"] for event in client.describe_events(**parameters)["Events"]]


# What has an event


def test_timeline(rds_export_tasks, rds_export_clock, client):
    """A started export has its event at the end of its timeline, whenever events are read."""
    start(client)
    rds_export_clock.tick(minutes=14, seconds=59)
    assert rds_export_tasks.events == []

    rds_export_clock.tick(minutes=30)

    assert ends(rds_export_tasks) == [("nightly", "RDS-EVENT-0161", 15)]
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


def test_given_time(rds_export_tasks, rds_export_clock):
    """The date is the task's end, also if ``move_to`` sets it."""
    rds_export_tasks.seed("nightly").move_to("COMPLETE", task_end_time=JANUARY - timedelta(minutes=7))

    assert ends(rds_export_tasks) == [("nightly", "RDS-EVENT-0161", -7)]


def test_race(rds_export_tasks, rds_export_clock, client):
    """A cancel that comes too late, as injected, leaves the event of a completed export."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("InvalidExportTaskStateFault")
    rds_export_clock.tick(minutes=1)

    with pytest.raises(client.exceptions.InvalidExportTaskStateFault):
        cancel(client)
    with pytest.raises(client.exceptions.InvalidExportTaskStateFault):
        cancel(client)

    assert ends(rds_export_tasks) == [("nightly", "RDS-EVENT-0161", 1)]


def test_slash(rds_export_tasks, rds_export_clock, client):
    """An export with a bad prefix has the event of a failed one."""
    start(client, S3Prefix="exports/")
    rds_export_clock.tick(hours=1)

    assert ends(rds_export_tasks) == [("nightly", "RDS-EVENT-0159", 15)]


def test_order(rds_export_tasks, rds_export_clock):
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
    assert repr(shapes[0][0]) == (
        "<ExportEvent RDS-EVENT-0161 (Export task completed): db-snapshot nightly"
        " at 2026-01-01T00:00:00.000Z, task 'nightly'>"
    )


def test_own_list(rds_export_tasks):
    """A change to the list does not change the events of the registry."""
    rds_export_tasks.seed("nightly").move_to("COMPLETE")
    rds_export_tasks.events.clear()

    assert identifiers(rds_export_tasks) == ["nightly"]


def test_account(rds_export_clock):
    """The event has the account and the region of the registry."""
    with fake_rds_export("nightly", account_id="210987654321", region="cn-north-1") as tasks:
        tasks["nightly"].move_to("COMPLETE")
        sent = tasks.events[0].to_eventbridge()

    assert (sent["account"], sent["region"]) == ("210987654321", "cn-north-1")
    assert sent["resources"] == ["arn:aws-cn:rds:cn-north-1:210987654321:snapshot:nightly"]


def test_frozen_later():
    """A task that was seeded before the clock was frozen has its event by the frozen clock."""
    with fake_rds_export("nightly") as tasks, frozen_clock() as clock:
        assert tasks.events == []
        clock.tick(minutes=5)
        assert ends(tasks) == [("nightly", "RDS-EVENT-0161", 5)]


# Regions


def test_regions(rds_export_tasks, rds_export_clock):
    """Events belong to the region of their task, for ``events`` and for DescribeEvents."""
    ireland = rds_export_tasks.in_region("eu-west-1")
    rds_export_tasks.seed("home")
    ireland.seed("away", timeline=Timeline(in_progress=60))
    rds_export_clock.tick(minutes=5)

    assert (ends(rds_export_tasks), ends(ireland)) == (
        [("home", "RDS-EVENT-0161", 5)],
        [("away", "RDS-EVENT-0161", 1)],
    )
    clients = [shared_client(region) for region in ("us-east-1", "eu-west-1", "eu-west-2")]
    assert [sources(client) for client in clients] == [["home"], ["away"], []]


# DescribeEvents


def test_describe_events(rds_export_tasks, rds_export_clock, client):
    """The event that a client receives has the fields of the service model, without the event ID."""
    rds_export_tasks.seed("nightly", source_arn=CLUSTER)
    rds_export_clock.tick(minutes=7)

    assert without_metadata(client.describe_events()) == {
        "Events": [
            {
                "SourceIdentifier": "orders",
                "SourceType": "db-cluster",
                "Message": "Export task completed",
                "EventCategories": ["notification"],
                "Date": JANUARY + timedelta(minutes=5),
                "SourceArn": CLUSTER,
            }
        ]
    }
    assert rds_export_tasks["nightly"].status == "COMPLETE"


def test_no_events(rds_export_tasks, client):
    """Without an event the list is empty."""
    assert without_metadata(client.describe_events()) == {"Events": []}


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, ["last"]),
        ({"Duration": 3 * 24 * 60}, ["middle", "last"]),
        ({"Duration": 30 * 24 * 60}, ["middle", "last"]),
        ({"StartTime": JANUARY}, ["middle", "last"]),
        ({"StartTime": JANUARY, "EndTime": JANUARY + timedelta(days=14)}, ["middle"]),
        ({"EndTime": JANUARY + timedelta(days=13)}, ["middle"]),
    ],
)
def test_interval(parameters, found, rds_export_tasks, rds_export_clock, client):
    """The last hour is listed by default, and never more than the last 14 days."""
    for name, day in (("first", 0), ("middle", 13), ("last", 15)):
        rds_export_clock.move_to(JANUARY + timedelta(days=day))
        rds_export_tasks.seed(name).move_to("COMPLETE")

    assert sources(client, **parameters) == found


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"SourceType": "db-cluster"}, ["orders"]),
        ({"SourceType": "db-snapshot", "SourceIdentifier": "nightly"}, ["nightly"]),
        ({"SourceType": "db-cluster", "SourceIdentifier": "nightly"}, []),
        ({"EventCategories": ["notification"]}, ["nightly", "orders"]),
        ({"EventCategories": ["backup"]}, []),
    ],
)
def test_filtering(parameters, found, rds_export_tasks, client):
    """Type, identifier and categories narrow the list."""
    rds_export_tasks.seed("snapshot", source_arn=SNAPSHOT).move_to("COMPLETE")
    rds_export_tasks.seed("cluster", source_arn=CLUSTER).move_to("COMPLETE")

    assert sources(client, **parameters) == found


def test_refusals(rds_export_tasks, client):
    """Parameters that RDS does not accept are refused."""
    with refused("InvalidParameterCombination", 400, "Cannot specify source identifier without source type"):
        client.describe_events(SourceIdentifier="nightly")
    with refused("InvalidParameterValue", 400, "Invalid value SNAPSHOT for SourceType."):
        client.describe_events(SourceType="SNAPSHOT")
    with refused("InvalidParameterValue", 400, "Invalid value 101 for MaxRecords. Must be between 20 and 100"):
        client.describe_events(MaxRecords=101)
    with refused("InvalidParameterValue", 400, "Invalid value made-up for Marker."):
        client.describe_events(Marker="made-up")


def test_paginator(rds_export_tasks, rds_export_clock, client):
    """The paginator of boto3 returns each event once, even if time passes and exports end between two pages."""
    names = [f"task-{number:03}" for number in range(59)]
    for name in names:
        rds_export_tasks.seed(name).move_to("COMPLETE")
        rds_export_clock.tick(minutes=1)
    rds_export_tasks.seed("later", timeline=Timeline(in_progress=60))

    found = []
    for page in client.get_paginator("describe_events").paginate(PaginationConfig={"PageSize": 20}):
        found.append([event["SourceIdentifier"] for event in page["Events"]])
        rds_export_clock.tick(minutes=45)

    assert found == [names[:20], names[20:40], [*names[40:], "later"]]


@pytest.mark.rds_export_tasks(page_size=1)
def test_marker_of_another_list(rds_export_tasks, client):
    """A Marker of DescribeExportTasks is refused, and so is that of another region."""
    for region in (rds_export_tasks, rds_export_tasks.in_region("eu-west-1")):
        for task in region.seed_all(["first", "second"]):
            task.move_to("COMPLETE")
    tasks = client.describe_export_tasks()["Marker"]
    ireland = shared_client("eu-west-1").describe_events()["Marker"]

    for marker in (tasks, ireland):
        with refused("InvalidParameterValue", 400, f"Invalid value {marker} for Marker."):
            client.describe_events(Marker=marker)
    assert sources(client, Marker=client.describe_events()["Marker"]) == ["second"]


def test_injected(rds_export_tasks, client):
    """DescribeEvents can fail like any other operation."""
    rds_export_tasks.inject("AccessDenied", operation="DescribeEvents")

    with pytest.raises(ClientError, match=r"\(AccessDenied\)"):
        client.describe_events()


def test_not_stubbed(rds_export_tasks):
    """DescribeEvents is always handled, so that it is not stubbed."""
    message = "DescribeEvents cannot be stubbed: it is always handled. Seed a task or inject a failure"
    with raises_exactly(ValueError, message):
        rds_export_tasks.stub("DescribeEvents", {"Events": []})


@pytest.mark.loopback
def test_endpoint(rds_export_tasks, rds_export_clock, rds_export_endpoint):
    """Another process reads the same events."""
    rds_export_tasks.seed("nightly")
    rds_export_clock.tick(minutes=6)

    status, _, text = post(rds_export_endpoint, query("DescribeEvents", SourceType="db-snapshot"))

    assert status == 200
    assert (
        "<DescribeEventsResult><Events><Event><SourceIdentifier>nightly</SourceIdentifier>"
        "<SourceType>db-snapshot</SourceType><Message>Export task completed</Message>"
        "<EventCategories><EventCategory>notification</EventCategory></EventCategories>"
        "<Date>2026-01-01T00:05:00.000Z</Date>"
        f"<SourceArn>{SNAPSHOT}</SourceArn></Event></Events></DescribeEventsResult>"
    ) in text


# Wrong use


def test_wrong_shape(rds_export_tasks):
    """A source or a generation that does not exist is refused."""
    rds_export_tasks.seed("nightly").move_to("COMPLETE")
    (event,) = rds_export_tasks.events

    with raises_exactly(ValueError, "source must be 'subscription' or 'eventbridge', got 'sns'"):
        event.to_lambda("sns")
    with raises_exactly(ValueError, "generation must be 2021 or 2023, got 2022"):
        event.to_sns(generation=2022)
