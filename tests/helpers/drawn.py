"""Random calls, timelines and lengths of time, for the stateful test.

What is drawn does not depend on the state of the account: after calls from several threads that may differ in each run.
So an existing task is drawn as a number, by which the machine finds it.
"""

from datetime import timedelta

from hypothesis import strategies as st

from helpers.aws import STATUSES
from helpers.rules import DEFAULT_TIMELINE, ENDS, ExpectedTimeline
from helpers.snapshot_rules import KINDS, SNAPSHOT_DEFAULT, ExpectedSnapshotTimeline
from pytest_rds_export import Polls, SnapshotPolls, SnapshotTimeline, Stuck, Timeline

REGIONS = ("us-east-1", "eu-west-1")
DAILY = "rds:orders-2026-01-01-00-05"
SOURCES = (
    *("snapshot:orders", "cluster-snapshot:orders", "cluster:orders"),
    *("snapshot:users", f"snapshot:{DAILY}", f"cluster-snapshot:{DAILY}"),
)
OPERATIONS = (
    *("StartExportTask", "CancelExportTask", "DescribeExportTasks", "DescribeEvents"),
    *("CreateDBSnapshot", "DescribeDBSnapshots", "DeleteDBClusterSnapshot"),
)
# Which events an EventBridge rule lets through: its pattern, and the ends of their IDs.
PATTERNS = (
    (None, ("",)),
    ({"detail": {"EventCategories": ["creation"]}}, ("0040", "0042", "0090", "0091")),
    ({"detail": {"EventID": [{"prefix": "RDS-EVENT-016"}]}}, ("0160", "0161", "0162", "0163", "0164", "0168", "0169")),
)

regions = st.sampled_from(REGIONS)
sources = st.sampled_from(SOURCES)
statuses = st.sampled_from(STATUSES)
seeded_statuses = st.sampled_from([*STATUSES, "STARTING", "IN_PROGRESS", "IN_PROGRESS"])
# Some more often than others, so that calls are about the same tasks, and more than fit on two pages.
identifiers = st.sampled_from([f"task-{number}" for number in (0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7)])
numbers = st.integers(0, 30)
stores = st.sampled_from(["quick", "quick", "looks", "sleeps"])
_mostly_existing = st.one_of(identifiers, numbers, numbers)

_ends = {"outcome": st.sampled_from(ENDS), "cancel_outcome": st.sampled_from(ENDS)}
_counts = st.integers(0, 3)
lengths = st.sampled_from([0, 1, 60_000]) | st.integers(0, 900_000)
"""Of a phase, in milliseconds."""
timelines = st.one_of(
    st.just(DEFAULT_TIMELINE),
    st.just(DEFAULT_TIMELINE),
    st.builds(ExpectedTimeline, st.just("clock"), lengths, lengths, lengths, **_ends),
    st.builds(ExpectedTimeline, st.just("polls"), _counts, _counts, _counts, **_ends),
    st.just(ExpectedTimeline("never")),
)


def _to_timeline(expected, by_clock, by_polls, names, **ends):
    phases = {name: getattr(expected, name) for name in names}
    if expected.by == "clock":
        return by_clock(**{name: timedelta(milliseconds=length) for name, length in phases.items()}, **ends)
    return by_polls(**phases, **ends) if expected.by == "polls" else Stuck()


def to_timeline(expected):
    """Return the timeline of the package that a rule describes."""
    ends = {"outcome": expected.outcome, "cancel_outcome": expected.cancel_outcome}
    return _to_timeline(expected, Timeline, Polls, ("starting", "in_progress", "canceling"), **ends)


def to_snapshot_timeline(expected):
    """Return the timeline of snapshots of the package that a rule describes."""
    names = ("creating", "copying", "deleting")
    return _to_timeline(expected, SnapshotTimeline, SnapshotPolls, names, outcome=expected.outcome)


_snapshot_outcomes = {"outcome": st.sampled_from(["available", "available", "failed"])}
snapshot_timelines = st.one_of(
    st.just(SNAPSHOT_DEFAULT),
    st.builds(ExpectedSnapshotTimeline, st.just("clock"), lengths, lengths, st.just(0) | lengths, **_snapshot_outcomes),
    st.builds(ExpectedSnapshotTimeline, st.just("polls"), _counts, _counts, _counts, **_snapshot_outcomes),
    st.just(ExpectedSnapshotTimeline("never")),
)
short_times = st.integers(0, 720_000).map(lambda length: timedelta(milliseconds=length))
long_times = (st.sampled_from([1, 14 * 24, 15 * 24]) | st.integers(0, 20 * 24)).map(
    lambda length: timedelta(hours=length)
)


def _calls_to(operation, **parameters):
    """Draw a call: the operation and its parameters; those that are None are left out."""
    return st.fixed_dictionaries(parameters).map(
        lambda drawn: (operation, {name: value for name, value in drawn.items() if value is not None})
    )


def starts(identifier=identifiers):
    """Draw a StartExportTask call. The machine completes the names of source and bucket by the region."""
    return _calls_to(
        "StartExportTask",
        ExportTaskIdentifier=identifier,
        SourceArn=sources,
        S3BucketName=st.sampled_from(["exports", "exports", "exports", "missing"]),
        S3Prefix=st.sampled_from([None, "rds", "rds/"]),
        IamRoleArn=st.just("rds-export"),
        KmsKeyId=st.just("1234abcd"),
    )


def cancels(identifier=_mostly_existing):
    """Draw a CancelExportTask call."""
    return _calls_to("CancelExportTask", ExportTaskIdentifier=identifier)


def descriptions(identifier=_mostly_existing):
    """Draw a DescribeExportTasks call with an identifier."""
    return _calls_to("DescribeExportTasks", ExportTaskIdentifier=identifier)


def lists():
    """Draw a DescribeExportTasks call for all tasks or some of them."""
    status_filters = st.sets(statuses, min_size=1).map(
        lambda values: [{"Name": "status", "Values": sorted(value.lower() for value in values)}]
    )
    return _calls_to("DescribeExportTasks", SourceArn=st.none() | sources, Filters=st.none() | status_filters)


_kinds = st.sampled_from(KINDS)
_names = st.sampled_from(["orders", "orders", "Orders", "users", "daily", "weekly"])
_new_names = _names | _names | st.sampled_from(["two--hyphens", DAILY])


def snapshot_changes():
    """Draw a call that creates, copies or deletes a snapshot. Numbers stand for existing ones, a tuple for an ARN."""
    sources = st.one_of(_names, st.just(DAILY), st.tuples(regions, st.sampled_from(["orders", "users", DAILY])))

    def changes_of(kind):
        new, name = {f"{kind.parent}Identifier": st.sampled_from(["orders", "Users"])}, f"{kind.shape}Identifier"
        creates = _calls_to(f"Create{kind.shape}", **{name: _new_names}, **new)
        copies = _calls_to(f"Copy{kind.shape}", **{f"Source{name}": sources, f"Target{name}": _new_names})
        deletes = _calls_to(f"Delete{kind.shape}", **{name: st.one_of(_new_names, numbers, numbers)})
        return st.one_of(creates, creates, copies, copies, deletes, deletes)

    return _kinds.flatmap(changes_of)


def snapshot_lists():
    """Draw a call that describes snapshots: all, some or one of them."""

    def lists_of(kind):
        operation, types = f"Describe{kind.shape}s", st.sampled_from([None, None, None, "manual", "automated"])
        name, parent = f"{kind.shape}Identifier", f"{kind.parent}Identifier"
        some = _calls_to(operation, SnapshotType=types, **{parent: st.sampled_from([None, None, "orders"])})
        return some | _calls_to(operation, SnapshotType=types, **{name: _names | st.just(DAILY)})

    return _kinds.flatmap(lists_of)


def event_lists():
    """Draw a DescribeEvents call. Times are minutes from now, which the machine turns into times."""
    days = 24 * 60
    intervals = [
        {},
        {"Duration": 5},
        {"Duration": 20 * days},
        {"Duration": 20 * days, "EndTime": -10},
        {"StartTime": -15 * days},
        {"StartTime": -15 * days, "EndTime": 15 * days},
        {"StartTime": -60, "EndTime": 60},
        {"StartTime": -600, "Duration": 590},
        {"EndTime": 0},
    ]
    types = st.sampled_from([None, None, "db-snapshot", "db-cluster-snapshot", "db-cluster"])
    names = st.sampled_from([None, None, None, "orders", "other"])
    calls = _calls_to("DescribeEvents", SourceType=types, SourceIdentifier=names)
    return st.tuples(calls, st.sampled_from(intervals)).map(lambda drawn: (drawn[0][0], drawn[0][1] | drawn[1]))


def calls_at_once():
    """Draw some calls with their regions: three times the same, or two or three of any."""
    same = st.tuples(regions, starts() | cancels() | descriptions()).map(lambda call: [call] * 3)
    snapshots = snapshot_changes() | snapshot_lists()
    calls = st.tuples(regions, st.one_of(starts(), cancels(), descriptions(), lists(), snapshots))
    same |= st.tuples(regions, snapshots).map(lambda call: [call] * 3)
    return same | st.lists(calls, min_size=2, max_size=3)
