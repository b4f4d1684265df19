"""DescribeEvents: through a client, then the selection of the events and of their pages by itself."""

from datetime import datetime, timedelta, timezone

import pytest

from helpers.aws import CLUSTER
from helpers.calls import without_metadata
from helpers.clients import shared_client
from helpers.errors import refused
from helpers.events import MYDB_1, MYDB_AUTOMATED, NOON, SHOP, SHOP_1, account_at_noon
from pytest_rds_export import Timeline

JANUARY = datetime(2026, 1, 1, tzinfo=timezone.utc)  # where rds_export_clock begins
OUT_OF_RANGE = "The interval of StartTime, EndTime and Duration is out of range."


def sources(client, **parameters):
    """The sources of the events that DescribeEvents lists."""
    return [event["SourceIdentifier"] for event in client.describe_events(**parameters)["Events"]]


def test_response(rds_export_tasks, rds_export_clock, client):
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


def test_region(rds_export_tasks, client):
    """A client lists the events of its own region."""
    rds_export_tasks.seed("home").move_to("COMPLETE")
    rds_export_tasks.in_region("eu-west-1").seed("away").move_to("COMPLETE")

    clients = [client, shared_client("eu-west-1"), shared_client("eu-west-2")]
    assert [sources(client) for client in clients] == [["home"], ["away"], []]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"SourceType": "SNAPSHOT"}, "Invalid value SNAPSHOT for SourceType."),
        ({"MaxRecords": 101}, "Invalid value 101 for MaxRecords. Must be between 20 and 100"),
        ({"Marker": "made-up"}, "Invalid value made-up for Marker."),
        ({"Duration": 10**12}, OUT_OF_RANGE),
        ({"Duration": 10**20}, OUT_OF_RANGE),
        ({"StartTime": NOON, "Duration": 5 * 10**9}, OUT_OF_RANGE),
    ],
)
def test_refused_value(rds_export_tasks, client, parameters, text):
    """Values that RDS does not accept, and times that no clock can show, are refused."""
    with refused("InvalidParameterValue", 400, text):
        client.describe_events(**parameters)


def test_identifier_alone(rds_export_tasks, client):
    """A source is selected by its type as well."""
    with refused("InvalidParameterCombination", 400, "Cannot specify source identifier without source type"):
        client.describe_events(SourceIdentifier="nightly")


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


def listed(ends, **parameters):
    """The minutes after noon of the events that DescribeEvents lists at noon; *ends* are those of exports, by ARN."""
    with account_at_noon(ends):
        events = shared_client("eu-west-1").describe_events(**parameters)["Events"]
        return [minutes_after_noon(event) for event in events]


def minutes_after_noon(event):
    """The minutes after noon of an event in a response."""
    return (event["Date"] - NOON) / timedelta(minutes=1)


def test_last_hour():
    """Without parameters the events of the last hour are listed, including those of right now."""
    assert listed([(minute, MYDB_1) for minute in (-61, -60, -1, 0)]) == [-60, -1, 0]


@pytest.mark.parametrize(
    ("parameters", "minutes"),
    [
        ({"Duration": 5}, [-3, 0]),
        ({"Duration": 30}, [-20, -3, 0]),
        ({"StartTime": -130}, [-100, -90, -20, -3, 0]),
        ({"StartTime": -130, "Duration": 35}, [-100]),
        ({"StartTime": -130, "EndTime": -90}, [-100, -90]),
        ({"StartTime": -130, "EndTime": -90, "Duration": 1}, [-100, -90]),
        ({"EndTime": -50}, [-100, -90]),
        ({"EndTime": -50, "Duration": 45}, [-90]),
        ({"StartTime": -20, "EndTime": -90}, []),
    ],
)
def test_selected_interval(parameters, minutes):
    """StartTime, EndTime and Duration select an interval together."""
    ends = [(minute, MYDB_1) for minute in (-100, -90, -20, -3, 0)]
    given = {
        name: value if name == "Duration" else NOON + timedelta(minutes=value) for name, value in parameters.items()
    }

    assert listed(ends, **given) == minutes


def test_fourteen_days():
    """Older events are not listed, whatever the parameters say."""
    days = 24 * 60
    ends = [(-15 * days, MYDB_1), (-14 * days, MYDB_1), (-days, MYDB_1)]

    assert listed(ends, Duration=20 * days) == [-14 * days, -days]
    assert listed(ends, StartTime=NOON - timedelta(days=20)) == [-14 * days, -days]


@pytest.mark.parametrize(
    ("parameters", "minutes"),
    [
        ({"SourceType": "db-snapshot"}, [-4, -3]),
        ({"SourceType": "db-cluster"}, [-1]),
        ({"SourceType": "db-instance"}, []),
        ({"SourceType": "db-snapshot", "SourceIdentifier": "rds:mydb-2026-03-01-00-05"}, [-3]),
        ({"SourceType": "db-cluster", "SourceIdentifier": "mydb-1"}, []),
        ({"EventCategories": ["creation", "notification"]}, [-4, -3, -2, -1]),
        ({"EventCategories": ["creation"]}, []),
        ({"EventCategories": []}, [-4, -3, -2, -1]),
        ({"EventCategories": ["notification"], "SourceType": "db-cluster-snapshot"}, [-2]),
        ({"Filters": [{"Name": "source-type", "Values": ["db-instance"]}]}, [-4, -3, -2, -1]),
    ],
)
def test_selected_events(parameters, minutes):
    """Type, identifier and categories narrow the list together, and Filters has no effect."""
    ends = [(-4, MYDB_1), (-3, MYDB_AUTOMATED), (-2, SHOP_1), (-1, SHOP)]

    assert listed(ends, **parameters) == minutes


def test_pages():
    """Pages cover the interval without a gap."""
    with account_at_noon([(-minute, MYDB_1) for minute in range(300)]):
        pages = list(shared_client("eu-west-1").get_paginator("describe_events").paginate(Duration=249))

    assert [minutes_after_noon(event) for page in pages for event in page["Events"]] == list(range(-249, 1))
    assert [len(page["Events"]) for page in pages] == [100, 100, 50]
