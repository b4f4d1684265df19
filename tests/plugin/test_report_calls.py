"""The report of a failing test: calls, tasks and sources."""

import re
import time
from contextlib import ExitStack

import freezegun
import pytest

from helpers.aws import SNAPSHOT
from helpers.exported import MemoryS3
from helpers.loopback import post, served
from helpers.reports import call_lines, poll, report, steps, try_call, try_cancel, try_start
from pytest_rds_export import Polls, Timeline, fake_rds_export, frozen_clock


def test_nothing_to_tell(tasks):
    """The report is empty if nothing was called and nothing seeded."""
    tasks.in_region("eu-west-1")
    tasks.inject("Throttling")

    assert report() == []


def test_only_source(tasks):
    """A seeded source alone is reported."""
    tasks.seed_snapshot("orders")

    assert report() == [
        "what happened:",
        "  nothing",
        "tasks:",
        "  none",
        "sources:",
        "  arn:aws:rds:us-east-1:123456789012:snapshot:orders",
    ]


def words():
    """Return who did what, for each line about what happened."""
    return [line.split()[1:3] for line in steps()]


class _Unprintable:
    def __call__(self):
        """Do nothing."""

    def __repr__(self):
        raise LookupError("no name")


def test_broken_report(tasks):
    """An error of the report itself becomes its text."""
    with frozen_clock() as clock:
        try_cancel()
        clock.call_later(60, _Unprintable())

        assert report() == ["the report failed: LookupError('no name')"]


def test_attempts(rds_export_clock, tasks):
    """A call shows its attempts, the injected failures among them, and the back-off, which is no sleep of its own."""
    tasks.seed("nightly")
    tasks.inject("Throttling", times=1)
    tasks.inject("ReadTimeoutError", times=1)
    try_cancel()

    line, _ = call_lines()
    assert re.fullmatch(
        r"  CancelExportTask 'nightly' in us-east-1: ok \(HTTP 200\), 3 attempts \(Throttling, ReadTimeoutError "
        r"injected\), delays \d\.\d\d, \d\.\d\d s",
        line,
    )


def test_no_response(tasks):
    """A call without a response shows why."""
    tasks.inject("ReadTimeoutError", times=20)
    try_cancel()
    try_call("describe_db_instances")

    timed_out, unhandled = call_lines()
    assert re.fullmatch(
        r"  CancelExportTask 'nightly' in us-east-1: ReadTimeoutError \(injected\), 3 attempts "
        r"\(ReadTimeoutError, ReadTimeoutError injected\), delays \d\.\d\d, \d\.\d\d s",
        timed_out,
    )
    assert unhandled == "  DescribeDBInstances in us-east-1: UnhandledOperation, 1 attempt"


def test_polls(tasks):
    """Polls in a row are one line, which shows the statuses seen; a change comes before the poll that shows it."""
    tasks.seed("nightly", status="STARTING", timeline=Polls(starting=3, in_progress=3))
    poll(7)

    assert report() == [
        "what happened:",
        "  DescribeExportTasks 'nightly' in us-east-1: ok (HTTP 200), 1 attempt (3 times): STARTING x3",
        "  'nightly' IN_PROGRESS in us-east-1",
        "  DescribeExportTasks 'nightly' in us-east-1: ok (HTTP 200), 1 attempt (3 times): IN_PROGRESS x3",
        "  'nightly' COMPLETE in us-east-1, event RDS-EVENT-0161",
        "  DescribeExportTasks 'nightly' in us-east-1: ok (HTTP 200), 1 attempt: COMPLETE",
        "tasks:",
        "  'nightly' COMPLETE 100% in us-east-1, Polls(starting=3, in_progress=3)",
    ]


def test_lists(tasks):
    """A list shows the parameters that narrow it, and how many tasks it has unless it has one; 0 without a list."""
    tasks.seed_all(["nightly", "weekly"])
    try_call("describe_export_tasks")
    try_call("describe_export_tasks", SourceType="CLUSTER")
    try_call("describe_export_tasks", Filters=[{"Name": "export-task-identifier", "Values": ["weekly"]}])
    try_call("describe_export_tasks", SourceArn=SNAPSHOT, Filters=[{"Name": "s3-bucket", "Values": ["a", "b"]}])
    tasks.override("DescribeExportTasks", lambda parameters, default: {})
    try_call("describe_export_tasks")

    assert call_lines() == [
        "  DescribeExportTasks in us-east-1: ok (HTTP 200), 1 attempt: 2 tasks",
        "  DescribeExportTasks SourceType=CLUSTER in us-east-1: ok (HTTP 200), 1 attempt: 0 tasks",
        "  DescribeExportTasks export-task-identifier=weekly in us-east-1: ok (HTTP 200), 1 attempt: IN_PROGRESS",
        f"  DescribeExportTasks SourceArn={SNAPSHOT} s3-bucket=a,b in us-east-1: ok (HTTP 200), 1 attempt: 0 tasks",
        "  DescribeExportTasks in us-east-1: ok (HTTP 200), 1 attempt: 0 tasks",
    ]


def test_equal_calls(tasks):
    """Equal calls in a row are one line."""
    for identifier in [*["nightly"] * 3, "weekly", "nightly"]:
        try_cancel(identifier)

    assert call_lines() == [
        "  CancelExportTask 'nightly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt (3 times)",
        "  CancelExportTask 'weekly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt",
        "  CancelExportTask 'nightly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt",
    ]


def test_default_region_first(tasks):
    """The tasks of the default region come first."""
    tasks.in_region("eu-west-1").seed("abroad")
    tasks.seed("local")

    assert report()[2:] == [
        "tasks:",
        "  'local' IN_PROGRESS 0% in us-east-1, Timeline()",
        "  'abroad' IN_PROGRESS 0% in eu-west-1, Timeline()",
    ]


def test_many_tasks(tasks):
    """Of more than 20 tasks the first are shown, and how many are left out."""
    tasks.seed_all(f"task-{number}" for number in range(35))

    lines = report()
    assert lines[3] == "  'task-0' IN_PROGRESS 0% in us-east-1, Timeline()"
    assert lines[-2:] == ["  'task-19' IN_PROGRESS 0% in us-east-1, Timeline()", "  ... 15 more ..."]


@pytest.mark.parametrize(("calls", "note"), [(30, []), (31, ["  ... 1 earlier ..."])])
def test_almost_too_many(tasks, calls, note):
    """Up to 30 calls all are shown; of 31 one is left out."""
    for number in range(calls):
        try_cancel(f"task-{number}")

    lines = call_lines()
    assert lines[:-30] == note
    assert lines[-30:] == [
        f"  CancelExportTask 'task-{number}' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt"
        for number in range(calls - 30, calls)
    ]


@pytest.mark.parametrize("length", [20, 60, 500])
def test_long_parameters(tasks, length):
    """Of a long line the parameters are shortened: region, outcome and attempts always stay."""
    tasks.inject("Throttling", times=1)
    try_cancel("x" * length)

    (line,) = call_lines()
    before, _, after = line.partition(" in us-east-1: ")
    kept = before.partition(" '")[2].rstrip("'.")
    assert before == f"  CancelExportTask '{kept}" + ("'" if len(kept) == length else "...")
    assert min(length, 20) <= len(kept) <= 60
    assert re.fullmatch(
        r"ExportTaskNotFound \(HTTP 404\), 2 attempts \(Throttling injected\), delays \d\.\d\d s", after
    )


def test_after_the_fake():
    """After the end of the fake, its tasks are as they were read last: the clock may not be frozen any more."""
    with freezegun.freeze_time("2020-01-01"), fake_rds_export("nightly"):
        poll(2)

    assert report() == [
        "what happened:",
        "  DescribeExportTasks 'nightly' in us-east-1: ok (HTTP 200), 1 attempt (2 times): IN_PROGRESS x2",
        "tasks:",
        "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()",
    ]


def test_extreme_time(tasks):
    """A task with the first of all times is reported like any other."""
    tasks.seed("a", status="COMPLETE", task_end_time="0001-01-01T00:00:00Z")

    assert report()[-1] == "  'a' COMPLETE 100% in us-east-1, Timeline()"


def test_what_happened(rds_export_clock, tasks):
    """Calls, changes and sleeps are listed in the order of the clock, with the time since the start."""
    source = tasks.seed_snapshot("orders", available_after=60)
    time.sleep(60)
    try_start(source.arn)
    tasks["nightly"].move_to("CANCELING")
    for _ in range(5):
        time.sleep(30)
        poll()
    source.move_to("failed")
    for seconds in (1, 2, 4, 8, 86000):
        time.sleep(seconds)
    try_cancel()

    assert steps() == [
        "  +0:00:00  slept 60 s",
        f"  +0:01:00  {source.arn} available in us-east-1, events RDS-EVENT-0042 and RDS-EVENT-0002",
        f"  +0:01:00  StartExportTask 'nightly' SourceArn={source.arn} in us-east-1: ok (HTTP 200), 1 attempt",
        "  +0:01:00  'nightly' CANCELING in us-east-1",
        "  +0:01:00  slept 30 s",
        (
            "  +0:01:30  DescribeExportTasks 'nightly' in us-east-1: ok (HTTP 200), 1 attempt (3 times): "
            "CANCELING x3; slept 30 s x3"
        ),
        "  +0:03:00  'nightly' CANCELED in us-east-1, event RDS-EVENT-0160",
        (
            "  +0:03:00  DescribeExportTasks 'nightly' in us-east-1: ok (HTTP 200), 1 attempt (2 times): "
            "CANCELED x2; slept 30 s"
        ),
        f"  +0:03:30  {source.arn} failed in us-east-1",
        "  +0:03:30  slept 5 times, 23:53:35 in all",
        "  +23:57:05  CancelExportTask 'nightly' in us-east-1: InvalidExportTaskStateFault (HTTP 400), 1 attempt",
    ]


@pytest.mark.parametrize(
    "timeline",
    [
        Timeline(starting=60, in_progress=60),
        Timeline(starting=120, in_progress=0),
        Timeline(starting=120, in_progress=0, outcome="FAILED"),
        Polls(starting=0, in_progress=0),
    ],
)
def test_changes_that_a_call_notices(rds_export_clock, tasks, timeline):
    """Changes that are due when a call is made are listed before it, in their order, however many they are."""
    for name in ("first", "second"):
        tasks.seed(name, status="STARTING", timeline=timeline)
    time.sleep(120)
    try_call("describe_export_tasks")

    found = words()[1:]
    assert found[-1] == ["DescribeExportTasks", "in"]
    for name in ("'first'", "'second'"):
        changes = [status for changed, status in found[:-1] if changed == name]
        assert changes == ["IN_PROGRESS", timeline.outcome]


def test_change_with_files(tasks):
    """A change that waits for its files is listed before the call that notices it, too."""
    tasks.write_files(MemoryS3("rds-exports"))
    tasks.seed("nightly", timeline=Polls(in_progress=0))
    poll()

    assert words() == [["'nightly'", "COMPLETE"], ["DescribeExportTasks", "'nightly'"]]


def test_change_after_a_call(rds_export_clock, tasks):
    """A change that is due at once after a call is listed after it, also if only a read notices it."""
    tasks.seed("nightly", timeline=Timeline(canceling=0))
    try_cancel()
    assert tasks["nightly"].status == "CANCELED"

    assert words() == [
        ["CancelExportTask", "'nightly'"],
        ["'nightly'", "CANCELING"],
        ["'nightly'", "CANCELED"],
    ]


def test_deletion(rds_export_clock, tasks):
    """What a deletion ends at once is listed after it, in order: copies that have not ended, and the snapshot."""
    tasks.seed_snapshot("orders")
    try_call("copy_db_snapshot", SourceDBSnapshotIdentifier="orders", TargetDBSnapshotIdentifier="copied")
    try_call("delete_db_snapshot", DBSnapshotIdentifier="orders")

    arn = "arn:aws:rds:us-east-1:123456789012:snapshot:{}".format
    assert words()[2:] == [
        ["DeleteDBSnapshot", "DBSnapshotIdentifier=orders"],
        [arn("copied"), "deleted"],
        [arn("orders"), "deleting"],
        [arn("orders"), "deleted"],
    ]


def test_moved_while_a_call_is_made(rds_export_clock, tasks):
    """What a stub asks for is listed after the call that it responds to."""
    tasks.write_files(MemoryS3("rds-exports"))
    source = tasks.seed_snapshot("orders")
    first, second = tasks.seed_all(["first", "second"])

    def move_all(parameters):
        source.move_to("failed")
        first.move_to("FAILED")
        second.move_to("COMPLETE")  # has files to store
        return {}

    tasks.stub("ListTagsForResource", move_all)
    try_call("list_tags_for_resource", ResourceName=source.arn)

    assert words() == [
        ["ListTagsForResource", "in"],
        [source.arn, "failed"],
        ["'first'", "FAILED"],
        ["'second'", "COMPLETE"],
    ]


@pytest.mark.parametrize("freeze", [frozen_clock, freezegun.freeze_time])
def test_frozen_meanwhile(tasks, freeze):
    """That the clock is frozen meanwhile is no passage of time, whoever freezes it; what passes on it counts."""
    poll()
    with freeze("2020-01-01T00:00Z") as clock:
        poll()
        clock.tick(60)
        poll(identifier="weekly")

    assert [line.split()[0] for line in steps()] == ["+0:00:00", "+0:01:00"]


def test_unfrozen_meanwhile():
    """That the clock is unfrozen meanwhile is no passage of time, and what had passed before still counts."""
    with ExitStack() as frozen:
        clock = frozen.enter_context(freezegun.freeze_time("2020-01-01T00:00Z"))
        with fake_rds_export():
            clock.tick(3600)
            poll(identifier="nightly")
            frozen.close()
            poll(identifier="weekly")

            assert [line.split()[0] for line in steps()] == ["+1:00:00", "+1:00:00"]


def test_many_changes(rds_export_clock, tasks):
    """Of very many changes only the last ones are kept."""
    tasks.seed_all(f"task-{number}" for number in range(600))
    rds_export_clock.tick(minutes=5)
    assert len(tasks.events) == 600

    assert steps()[0] == "  ... 470 earlier ..."


@pytest.mark.loopback
def test_many_entries():
    """Of very many calls and sleeps the last ones are kept; how many there were, and retried calls, are still known."""
    with frozen_clock(), served() as (tasks, url):
        post(url)
        tasks.inject("Throttling", times=1, where=lambda parameters: [time.sleep(1) for _ in range(5001)])
        try_cancel()
        post(url)

        assert steps()[0] == "  ... 2500 earlier ..."
        assert [call.attempts for call in tasks.calls] == [1, 2, 1]


def test_long_error(tasks):
    """A long error of a store, and long strings of a timeline, are shortened."""
    tasks.seed("nightly", timeline=Timeline(outcome="FAILED", failure_cause="x" * 500))

    start, _, rest = report()[-1].partition("failure_cause='")
    assert start == "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline(outcome='FAILED', "
    assert rest.strip("x") == "..."


def test_clock_that_goes_back(rds_export_clock, tasks):
    """What happens after the clock was moved back is listed before the rest, with a negative time."""
    try_cancel()
    rds_export_clock.tick(minutes=-90)
    poll()

    assert [line.split()[:2] for line in steps()] == [
        ["-1:30:00", "DescribeExportTasks"],
        ["+0:00:00", "CancelExportTask"],
    ]
