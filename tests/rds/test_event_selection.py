"""The order of events, and which of them DescribeEvents lists."""

from datetime import datetime, timedelta, timezone

import pytest

from helpers.events import MYDB_1, MYDB_AUTOMATED, NOON, SHOP, SHOP_1, make_event
from pytest_rds_export._failures import Fault
from pytest_rds_export._rds.events import add_event, select, to_response
from pytest_rds_export._rds.pagination import paginate


def at(minutes, **options):
    return make_event(date=NOON + timedelta(minutes=minutes), **options)


def in_order(*added):
    events = []
    for event in added:
        add_event(events, event)
    return events


def listed(events, **parameters):
    """The minutes after noon of the events that DescribeEvents lists at noon."""
    positions, matches = select(events, parameters, NOON)
    found = [events[position] for position in positions if matches is None or matches(events[position])]
    return [(event.date - NOON) / timedelta(minutes=1) for event in found]


def refusal(**parameters):
    with pytest.raises(Fault) as caught:
        select([], parameters, NOON)
    return str(caught.value)


# The order


def test_order():
    """Events are in the order of their dates, even if they were added after the clock went backwards."""
    first, second, third = at(0), at(1), at(2)

    assert in_order(first, third, second) == [first, second, third]


def test_order_of_one_date():
    """Events of one date keep the order in which they were added."""
    names = ["c", "a", "b"]

    assert [event.task.identifier for event in in_order(*(at(0, task=name) for name in names))] == names


# DescribeEvents


def test_last_hour():
    """Without parameters the events of the last hour are listed, including those of right now."""
    assert listed(in_order(at(-61), at(-60), at(-1), at(0))) == [-60, -1, 0]


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
def test_interval(parameters, minutes):
    """StartTime, EndTime and Duration select an interval together."""
    events = in_order(at(-100), at(-90), at(-20), at(-3), at(0))
    given = {
        name: value if name == "Duration" else NOON + timedelta(minutes=value) for name, value in parameters.items()
    }

    assert listed(events, **given) == minutes


def test_fourteen_days():
    """Older events are not listed, whatever the parameters say."""
    days = 24 * 60
    events = in_order(at(-15 * days), at(-14 * days), at(-days))

    assert listed(events, Duration=20 * days) == [-14 * days, -days]
    assert listed(events, StartTime=NOON - timedelta(days=20)) == [-14 * days, -days]


@pytest.mark.parametrize(
    "parameters", [{"Duration": 10**12}, {"Duration": 10**20}, {"EndTime": datetime.min.replace(tzinfo=timezone.utc)}]
)
def test_interval_out_of_range(parameters):
    """Times that no clock can show are refused."""
    assert refusal(**parameters) == (
        "(InvalidParameterValue): The interval of StartTime, EndTime and Duration is out of range."
    )


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
def test_filtering(parameters, minutes):
    """Type, identifier and categories narrow the list together, and Filters has no effect."""
    sources = {-4: MYDB_1, -3: MYDB_AUTOMATED, -2: SHOP_1, -1: SHOP}

    assert listed(in_order(*(at(minute, source_arn=arn) for minute, arn in sources.items())), **parameters) == minutes


def test_identifier_without_type():
    """SourceIdentifier is refused without SourceType."""
    assert refusal(SourceIdentifier="mydb-1") == (
        "(InvalidParameterCombination): Cannot specify source identifier without source type"
    )


def test_unknown_type():
    """A SourceType that the service model does not have is refused, such as EventBridge's."""
    assert refusal(SourceType="SNAPSHOT") == "(InvalidParameterValue): Invalid value SNAPSHOT for SourceType."


def test_response():
    """The response has the fields of the service model in their order, without the event ID."""
    response = to_response(make_event())
    expected = {
        "SourceIdentifier": "mydb-1",
        "SourceType": "db-snapshot",
        "Message": "Export task completed",
        "EventCategories": ["notification"],
        "Date": datetime(2026, 3, 1, 12, 0, 7, 218000, tzinfo=timezone.utc),
        "SourceArn": MYDB_1,
    }

    assert response == expected
    assert list(response) == list(expected)


def pages(events, parameters, *times):
    """The minutes after noon of the events of each page, and whether one more follows; one page for each time."""
    markers, found = {}, []
    for now in times:
        positions, matches = select(events, parameters, now)
        given = {**parameters, **markers}
        page, markers = paginate(events, given, page_size=100, scope="events", matches=matches, positions=positions)
        found.append([(event.date - NOON) / timedelta(minutes=1) for event in page])
    return found, bool(markers)


@pytest.mark.parametrize("parameters", [{}, {"SourceType": "db-snapshot"}])
def test_pages(parameters):
    """Pages cover the interval without a gap."""
    events = in_order(*(at(-minute) for minute in range(300)))
    found, more = pages(events, {"Duration": 249, **parameters}, NOON, NOON, NOON)

    assert [minute for page in found for minute in page] == list(range(-249, 1))
    assert ([len(page) for page in found], more) == ([100, 100, 50], False)


def test_pages_while_time_passes():
    """A page starts where the previous one ended, even if the interval has left that position behind."""
    events = in_order(*(at(-minute) for minute in range(150)))
    found, more = pages(events, {"Duration": 149}, NOON, NOON + timedelta(minutes=120))

    assert [minute for page in found for minute in page] == list(range(-149, 1))
    assert ([len(page) for page in found], more) == ([100, 50], False)


def test_cost_of_a_page():
    """A page of 100,000 events reads only its own events and those that the bisection needs."""

    class Counted(list):
        reads = 0

        def __getitem__(self, position):
            Counted.reads += 1
            return super().__getitem__(position)

    events = Counted(event for minute in range(-2000, 0) for event in [at(minute)] * 50)
    positions, matches = select(events, {"Duration": 1000}, NOON)
    found, _ = paginate(events, {}, page_size=100, scope="events", matches=matches, positions=positions)

    assert (len(events), len(positions), len(found)) == (100_000, 50_000, 100)
    assert Counted.reads < 140
