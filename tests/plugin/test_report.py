"""What a failing test shows: its calls, tasks, sources and hints."""

import re
import time
from datetime import timedelta
from unittest import mock

import boto3
import freezegun
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from helpers.aws import CLUSTER, SNAPSHOT, start
from helpers.inner import lines_after, run
from pytest_rds_export import Polls, Stuck, Timeline, UnansweredOperation, fake_rds_export
from pytest_rds_export._fake import recent_accounts
from pytest_rds_export._report import describe

FAILING = """
from botocore.config import Config

def cancel(identifier="nightly", region="us-east-1"):
    try:
        client = boto3.client("rds", region, config=Config(retries={"mode": "standard"}))
        client.cancel_export_task(ExportTaskIdentifier=identifier)
    except Exception as error:
        return error

def test_it(rds_export_tasks):
    rds_export_tasks.seed("nightly", percent_progress=42)
    cancel()
    cancel()
    rds_export_tasks.inject("Throttling")
    cancel("weekly")
    assert False
"""
TITLE = "--- rds export tasks ---"
NIGHTLY = "  'nightly' CANCELING 42% in us-east-1, Timeline()"
CANCELLED_TWICE = "  'nightly' was CANCELING already when it was cancelled"


@pytest.fixture
def tasks():
    """The registry of a fake whose end is not checked."""
    with fake_rds_export(assert_all_injected=False, assert_all_answered=False) as registry:
        yield registry


def report():
    """Return the lines of the report on the latest fake."""
    return describe(recent_accounts()[-1]).splitlines()


def calls():
    """Return the report's lines about calls."""
    lines = report()
    return lines[1 : lines.index("tasks:")]


def hints():
    """Return the report's hints."""
    lines = report()
    return [line.removeprefix("  ") for line in lines[lines.index("hints:") + 1 :]] if "hints:" in lines else []


def call(operation, region="us-east-1", **parameters):
    """Call an operation, which may fail."""
    client = boto3.client("rds", region, config=Config(retries={"mode": "standard"}))
    try:
        return getattr(client, operation)(**parameters)
    except (ClientError, HTTPClientError, UnansweredOperation) as error:
        return error


def cancel(identifier="nightly", region="us-east-1"):
    """Call CancelExportTask, which may fail."""
    return call("cancel_export_task", region, ExportTaskIdentifier=identifier)


def poll(times=1, identifier="nightly"):
    """Call DescribeExportTasks so many times."""
    for _ in range(times):
        call("describe_export_tasks", ExportTaskIdentifier=identifier)


def export(source, region="us-east-1"):
    """Call StartExportTask, which may fail."""
    try:
        return start(boto3.client("rds", region), source=source)
    except ClientError as error:
        return error


def test_nothing_called_and_nothing_seeded(tasks):
    """The report is empty if nothing was called, seeded or a source."""
    tasks.in_region("eu-west-1")
    tasks.inject("Throttling")

    assert describe(recent_accounts()[-1]) == ""


def test_only_seeded(tasks):
    """A seeded task alone is reported."""
    tasks.seed("nightly")

    assert report() == ["calls:", "  none", "tasks:", "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()"]


def test_only_a_source(tasks):
    """A seeded source alone is reported."""
    tasks.seed_snapshot("orders")

    assert report() == [
        "calls:",
        "  none",
        "tasks:",
        "  none",
        "sources:",
        "  arn:aws:rds:us-east-1:123456789012:snapshot:orders",
    ]


def test_only_called(tasks):
    """A call alone is reported."""
    cancel()

    assert report() == [
        "calls:",
        "  CancelExportTask 'nightly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt",
        "tasks:",
        "  none",
    ]


def test_an_error_of_the_report(tasks, monkeypatch):
    """An error of the report itself becomes its text."""
    monkeypatch.setattr("pytest_rds_export._report._describe_calls", None)
    cancel()

    assert report() == ["the report failed: TypeError(\"'NoneType' object is not callable\")"]


def test_attempts(tasks):
    """A call shows its attempts, the injected failures among them, and the back-off."""
    tasks.seed("nightly")
    tasks.inject("Throttling", times=1)
    tasks.inject("ReadTimeoutError", times=1)
    cancel()

    (line,) = calls()
    before, _delays, after = re.split(r"(\d\.\d\d, \d\.\d\d)", line)
    assert before == (
        "  CancelExportTask 'nightly' in us-east-1: ok (HTTP 200), 3 attempts (Throttling, ReadTimeoutError injected), "
        "delays "
    )
    assert after == " s"


def test_calls_without_a_response(tasks):
    """A call without a response shows why."""
    tasks.inject("ReadTimeoutError", times=20)
    cancel()
    call("describe_db_instances")

    timed_out, unanswered = calls()
    assert re.fullmatch(
        r"  CancelExportTask 'nightly' in us-east-1: ReadTimeoutError \(injected\), 3 attempts "
        r"\(ReadTimeoutError, ReadTimeoutError injected\), delays \d\.\d\d, \d\.\d\d s",
        timed_out,
    )
    assert unanswered == "  DescribeDBInstances in us-east-1: UnansweredOperation, 1 attempt"


def test_polls(tasks):
    """Polls in a row are one line, which shows the statuses seen."""
    tasks.seed("nightly", status="STARTING", timeline=Polls(starting=20, in_progress=10))
    poll(31)

    assert report() == [
        "calls:",
        (
            "  DescribeExportTasks 'nightly' in us-east-1: ok (HTTP 200), 1 attempt (31 times): "
            "STARTING x20, IN_PROGRESS x10, COMPLETE"
        ),
        "tasks:",
        "  'nightly' COMPLETE 100% in us-east-1, Polls(starting=20, in_progress=10)",
    ]


def test_lists(tasks):
    """A list shows the parameters that narrow it, and how many tasks it has unless it has one."""
    tasks.seed_all(["nightly", "weekly"])
    call("describe_export_tasks")
    call("describe_export_tasks", SourceType="CLUSTER")
    call("describe_export_tasks", Filters=[{"Name": "export-task-identifier", "Values": ["weekly"]}])
    call("describe_export_tasks", SourceArn=SNAPSHOT, Filters=[{"Name": "s3-bucket", "Values": ["a", "b"]}])

    assert calls() == [
        "  DescribeExportTasks in us-east-1: ok (HTTP 200), 1 attempt: 2 tasks",
        "  DescribeExportTasks SourceType=CLUSTER in us-east-1: ok (HTTP 200), 1 attempt: 0 tasks",
        "  DescribeExportTasks export-task-identifier=weekly in us-east-1: ok (HTTP 200), 1 attempt: IN_PROGRESS",
        f"  DescribeExportTasks SourceArn={SNAPSHOT} s3-bucket=a,b in us-east-1: ok (HTTP 200), 1 attempt: 0 tasks",
    ]


def test_equal_calls(tasks):
    """Equal calls in a row are one line."""
    for identifier in [*["nightly"] * 40, "weekly", "nightly"]:
        cancel(identifier)

    assert calls() == [
        "  CancelExportTask 'nightly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt (40 times)",
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


def test_many_calls_and_many_tasks(tasks):
    """Of many calls the last are shown, of many tasks the first, and the number of the others."""
    tasks.seed_all(f"task-{number}" for number in range(35))
    for number in range(35):
        cancel(f"task-{number}")

    lines = report()
    assert lines[:3] == [
        "calls:",
        "  ... 5 earlier ...",
        "  CancelExportTask 'task-5' in us-east-1: ok (HTTP 200), 1 attempt",
    ]
    assert lines.index("tasks:") == 2 + 30
    assert lines[33] == "  'task-0' CANCELING 0% in us-east-1, Timeline()"
    assert lines[-2:] == ["  'task-19' CANCELING 0% in us-east-1, Timeline()", "  ... 15 more ..."]


def test_many_hints(tasks):
    """Of many hints the first are shown, and the number of the others."""
    tasks.in_region("eu-west-1").seed_all(f"{letter * 9}-nightly" for letter in "abcdefghijklmnopqrstuv")
    for letter in "abcdefghijklmnopqrstuv":
        cancel(f"{letter * 9}-nightly")

    assert hints()[19:] == ["'ttttttttt-nightly' is in eu-west-1, but the call went to us-east-1", "... 2 more ..."]


def test_long_line(tasks):
    """A line about a call is truncated to 160 characters."""
    cancel("x" * 200)

    (line,) = calls()
    assert line == "  CancelExportTask '" + "x" * 137 + "..."
    assert len(line) == 160


@pytest.mark.parametrize(
    ("seeded", "region", "asked", "hint"),
    [
        ("nightly", "us-east-1", "eu-west-1", "'nightly' is in us-east-1, but the call went to eu-west-1"),
        ("nightly", "eu-west-1", "us-east-1", "'nightly' is in eu-west-1, but the call went to us-east-1"),
        (
            "Nightly",
            "us-east-1",
            "us-east-1",
            "'Nightly' is in us-east-1, but the call asked for 'nightly'; identifiers are case-sensitive",
        ),
        ("nightly2", "us-east-1", "us-east-1", "'nightly2' is in us-east-1, but the call asked for 'nightly'"),
    ],
    ids=["default region", "another region", "case", "spelling"],
)
@pytest.mark.parametrize("operation", ["cancel_export_task", "describe_export_tasks"])
def test_hint_identifier(tasks, operation, seeded, region, asked, hint):
    """For an identifier that was not found, the hint names the task that was probably meant, once."""
    tasks.in_region(region).seed(seeded)
    tasks.seed("weekly")
    for _ in range(2):
        call(operation, asked, ExportTaskIdentifier="nightly")

    assert hints() == [hint]


def test_hint_identifier_without_an_error():
    """The hint is given too if the option makes an unknown identifier an empty list."""
    with fake_rds_export("nightly", describe_unknown="empty"):
        poll(identifier="nightly2")

        assert hints() == ["'nightly' is in us-east-1, but the call asked for 'nightly2'"]


def test_no_hint_for_another_identifier(tasks):
    """A task unlike the one that the call asked for is not hinted at."""
    tasks.seed("weekly")
    cancel()
    cancel("weekly")

    assert hints() == []


def test_no_hint_for_an_injected_failure(tasks):
    """An injected failure has no hint."""
    tasks.seed("nightly")
    tasks.inject("ExportTaskNotFound", times=1)
    tasks.inject("InvalidExportTaskStateFault", times=1)
    cancel("nightly2")
    cancel()

    assert hints() == []


def test_hint_limit(tasks):
    """Seeds that use up the limit have a hint."""
    tasks.seed_all(list("abcde"))
    export(SNAPSHOT)

    assert hints() == [
        "5 exports may run at once in us-east-1, seeded ones included. Set the option concurrent_limit to allow more"
    ]


def test_hint_limit_of_the_account():
    """If the limit is that of the account, the hint says so."""
    with fake_rds_export(concurrent_limit=1, concurrent_limit_scope="account") as tasks:
        tasks.in_region("eu-west-1").seed("first")
        export(SNAPSHOT)
        found = hints()

    assert found == [
        "1 export may run at once in the account, seeded ones included. Set the option concurrent_limit to allow more"
    ]


def test_hint_unused(tasks):
    """An injected failure that was not used has a hint."""
    tasks.seed("nightly")
    tasks.inject("Throttling", operation="StartExportTask", identifier="nightly")
    cancel()

    assert hints() == ["Throttling was injected into StartExportTask of 'nightly' and never used"]


def test_hint_waiting_injection(tasks):
    """The hint of an unused failure with after= says how many attempts have passed."""
    tasks.inject("AccessDenied", operation="DescribeExportTasks", after=1)
    call("describe_export_tasks")

    assert hints() == [
        "AccessDenied was injected into DescribeExportTasks and never used: 1 of 1 attempt passed before it"
    ]


@pytest.mark.parametrize(
    ("values", "hint"), [(["IN_PROGRESS"], True), (["complete", "STARTING"], True), (["x"], False)]
)
def test_hint_filter(tasks, values, hint):
    """A status filter in upper case has a hint, because AWS compares lower case."""
    call("describe_export_tasks", Filters=[{"Name": "status", "Values": values}])

    expected = f"the filter 'status' compares lower case: use {values[-1].lower()!r}, not {values[-1]!r}"
    assert hints() == ([expected] if hint else [])


def test_no_hint_for_other_filters(tasks):
    """Other filters may have upper case."""
    call("describe_export_tasks", Filters=[{"Name": "s3-bucket", "Values": ["Backups"]}])

    assert hints() == []


def test_hint_source(tasks):
    """For a source that was not found, the hint has the seeded ones, the closest first."""
    for name in ("customers", "orders-2026", "invoices", "stock", "users"):
        tasks.seed_snapshot(name)
    tasks.seed_snapshot(CLUSTER)
    export(SNAPSHOT.replace("nightly", "orders"))

    assert hints() == [
        (
            "snapshot:orders is not seeded in us-east-1. Seeded there: "
            "snapshot:orders-2026, snapshot:users, snapshot:customers, snapshot:invoices, snapshot:stock, ..."
        )
    ]


@pytest.mark.parametrize("named", ["orders", "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:orders"])
def test_hint_described_source(tasks, named):
    """A source that was described and not found has the hint as well."""
    tasks.seed_snapshot("orders-2026")
    call("describe_db_cluster_snapshots", DBClusterSnapshotIdentifier=named)

    assert hints() == ["cluster-snapshot:orders is not seeded in us-east-1. Seeded there: snapshot:orders-2026"]


def test_hint_source_of_another_region(tasks):
    """An ARN that names another region than that of the call has a hint."""
    tasks.seed_snapshot("orders")
    export(SNAPSHOT.replace("us-east-1", "eu-west-1"))

    assert hints() == ["the ARN of snapshot:nightly names eu-west-1, but the call went to us-east-1"]


def test_hint_source_seeded_in_another_region(tasks):
    """A source that is seeded in another region has a hint."""
    tasks.seed_snapshot("orders")
    tasks.in_region("eu-west-1").seed_snapshot("nightly")
    export(SNAPSHOT)

    assert hints() == [
        "snapshot:nightly is seeded in eu-west-1, but the call went to us-east-1",
        "snapshot:nightly is not seeded in us-east-1. Seeded there: snapshot:orders",
    ]


def test_no_hint_for_a_fault_of_a_stub(tasks):
    """A fault that names no source has no hint."""
    fault = ClientError({"Error": {"Code": "DBClusterNotFoundFault"}}, "ModifyDBInstance")
    tasks.stub("ModifyDBInstance", mock.Mock(side_effect=fault))
    tasks.stub("StopDBCluster", mock.Mock(side_effect=fault))
    call("modify_db_instance", DBInstanceIdentifier="orders")
    call("stop_db_cluster", DBClusterIdentifier="orders")

    assert hints() == []


def test_hint_late_cancel(rds_export_clock, tasks):
    """A cancel that came too late has a hint that says by how much; of several cancels the first."""
    tasks.seed("nightly", timeline=Timeline(in_progress=timedelta(minutes=40)))
    rds_export_clock.tick(minutes=45)
    cancel()
    rds_export_clock.tick(minutes=1)
    cancel()

    assert hints() == ["'nightly' was cancelled 0:05:00 too late: it became COMPLETE at 2026-01-01T00:40:00Z"]


def test_hint_cancel_at_the_end(rds_export_clock, tasks):
    """A cancel in the very second of the end has a hint without a duration."""
    tasks.seed("nightly", timeline=Timeline(in_progress=600, outcome="FAILED"))
    rds_export_clock.tick(minutes=10)
    cancel()

    assert hints() == ["'nightly' was FAILED already when it was cancelled"]


@pytest.mark.parametrize("ended", [False, True])
def test_hint_second_cancel(rds_export_clock, tasks, ended):
    """A cancel of a task that is being cancelled has a hint, also if the task has ended since."""
    tasks.seed("nightly")
    cancel()
    cancel()
    rds_export_clock.tick(hours=ended)

    assert report()[3:] == [
        "tasks:",
        f"  'nightly' {'CANCELED' if ended else 'CANCELING'} 0% in us-east-1, Timeline()",
        "hints:",
        "  'nightly' was CANCELING already when it was cancelled",
    ]


def test_no_hint_for_a_cancel_of_no_task(tasks):
    """The same fault for a task that does not exist has no hint."""
    fault = {"Error": {"Code": "InvalidExportTaskStateFault"}}
    tasks.stub("StopDBCluster", mock.Mock(side_effect=ClientError(fault, "StopDBCluster")))
    call("stop_db_cluster", DBClusterIdentifier="orders")

    assert hints() == []


def test_hint_stuck(tasks):
    """A task that was polled and whose timeline is Stuck has a hint."""
    tasks.seed("nightly", timeline=Stuck())
    poll(3)

    assert hints() == [
        (
            "'nightly' was described 3 times and is still IN_PROGRESS: its timeline is Stuck(), which never advances "
            "it. Use move_to(), or another timeline"
        )
    ]


REAL_CLOCK = (
    "'nightly' was described 3 times and is still IN_PROGRESS: its Timeline follows the real clock, which a mocked "
    "sleep does not move. Use the fixture rds_export_clock, or timeline=Polls()"
)


def test_hint_mocked_sleep(tasks):
    """A task that was polled on the real clock has a hint, as if the code's sleep is mocked."""
    tasks.seed("nightly")
    with mock.patch("time.sleep"):
        for _ in range(3):
            poll()
            time.sleep(60)

    assert hints() == [REAL_CLOCK]


def test_hint_polls_by_list(tasks):
    """Lists that contain one task are polls, too."""
    tasks.seed("nightly")
    for _ in range(3):
        call("describe_export_tasks", Filters=[{"Name": "export-task-identifier", "Values": ["nightly"]}])

    assert hints() == [REAL_CLOCK]


def test_hint_after_the_end():
    """The hint is given too after the end of the fake."""
    with fake_rds_export("nightly"):
        poll(3)

    assert hints() == [REAL_CLOCK]


def test_hint_frozen_clock(rds_export_clock, tasks):
    """A task that was polled while the frozen clock stood still has a hint."""
    tasks.seed("nightly")
    rds_export_clock.tick(minutes=1)
    poll(3)

    assert hints() == [
        (
            "'nightly' was described 3 times and is still IN_PROGRESS: its Timeline follows the frozen clock, which "
            "stayed at 2026-01-01T00:01:00Z. Move the clock (a mocked sleep does not), or use timeline=Polls()"
        )
    ]


def test_no_hint_while_the_clock_moves(rds_export_clock, tasks):
    """Polling on a frozen clock that moves has no hint."""
    tasks.seed("nightly")
    for _ in range(3):
        poll()
        time.sleep(60)

    assert hints() == []


@pytest.mark.parametrize(
    ("seed", "polls"),
    [
        ({}, 2),
        ({"timeline": Polls(in_progress=9)}, 3),
        ({"status": "COMPLETE"}, 3),
    ],
    ids=["few polls", "Polls", "finished"],
)
def test_no_hint_for_polls(tasks, seed, polls):
    """A few polls, a task that polls advance, and a finished task have no hint."""
    tasks.seed("nightly", **seed)
    poll(polls)

    assert hints() == []


def test_no_hint_for_polls_of_a_stranger(tasks, before_send):
    """A task that another handler's response contains has no hint."""
    client = boto3.client("rds", "us-east-1")
    body = (
        b'<DescribeExportTasksResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeExportTasksResult>'
        b"<ExportTasks><ExportTask><ExportTaskIdentifier>nightly</ExportTaskIdentifier><Status>STARTING</Status>"
        b"</ExportTask></ExportTasks></DescribeExportTasksResult></DescribeExportTasksResponse>"
    )
    client.meta.events.register_first("before-send.rds.DescribeExportTasks", before_send(body))
    for _ in range(3):
        client.describe_export_tasks()

    assert hints() == []


def test_tasks_after_the_end():
    """After the end of the fake, its tasks are as they were read last: the clock may not be frozen any more."""
    with freezegun.freeze_time("2020-01-01"), fake_rds_export("nightly"):
        poll(2)

    assert report() == [
        "calls:",
        "  DescribeExportTasks 'nightly' in us-east-1: ok (HTTP 200), 1 attempt (2 times): IN_PROGRESS x2",
        "tasks:",
        "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()",
    ]


def test_a_failing_test(pytester):
    """A failing test shows its calls, its tasks and hints."""
    result = run(pytester, FAILING)

    shown = lines_after(result, TITLE)
    assert shown[:3] == [
        "calls:",
        "  CancelExportTask 'nightly' in us-east-1: ok (HTTP 200), 1 attempt",
        "  CancelExportTask 'nightly' in us-east-1: InvalidExportTaskStateFault (HTTP 400), 1 attempt",
    ]
    assert shown[4:] == ["tasks:", NIGHTLY, "hints:", CANCELLED_TWICE]
    throttled = r"Throttling \(HTTP 400, injected\), 3 attempts \(Throttling, Throttling injected\)"
    assert re.fullmatch(
        rf"  CancelExportTask 'weekly' in us-east-1: {throttled}, delays \d\.\d\d, \d\.\d\d s", shown[3]
    )


def test_nothing_to_show(pytester):
    """A failing test that called and seeded nothing has no section."""
    result = run(pytester, "def test_it(rds_export_tasks):\n    assert False\n")

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*rds export tasks*")


BROKEN = "@pytest.fixture\ndef broken():\n    yield\n    assert False\n"


def test_failed_test_and_failed_teardown(pytester):
    """If the test and then its teardown fail, the section is shown once."""
    result = run(pytester, BROKEN + FAILING.replace("test_it(", "test_it(broken, "))

    result.assert_outcomes(failed=1, errors=1)
    assert [line for line in result.outlines if TITLE in line] == [f"{' rds export tasks ':-^80}"]


def test_failed_teardown(pytester):
    """If only the teardown fails, the section is shown."""
    result = run(
        pytester,
        f"{BROKEN}\ndef test_it(broken, rds_export_tasks):\n    rds_export_tasks.seed('nightly')\n",
    )

    result.assert_outcomes(passed=1, errors=1)
    assert lines_after(result, TITLE) == [
        "calls:",
        "  none",
        "tasks:",
        "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()",
    ]


def test_failed_check(pytester):
    """If a check at the end of the test fails, the section is shown; the tasks are as the test saw them."""
    result = run(
        pytester,
        """
def test_it(rds_export_tasks, rds_export_client, rds_export_clock):
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("AccessDenied")
    rds_export_client.describe_export_tasks()
""",
    )

    result.assert_outcomes(passed=1, errors=1)
    assert lines_after(result, TITLE) == [
        "calls:",
        "  DescribeExportTasks in us-east-1: ok (HTTP 200), 1 attempt: IN_PROGRESS",
        "tasks:",
        "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()",
        "hints:",
        "  AccessDenied was injected into CancelExportTask and never used",
    ]


def test_failed_setup(pytester):
    """If the setup fails, the section is shown."""
    result = run(
        pytester,
        "@pytest.fixture\ndef broken(rds_export_tasks):\n    rds_export_tasks.seed('nightly')\n    assert False\n\n"
        "def test_it(broken):\n    pass\n",
    )

    assert lines_after(result, TITLE) == [
        "calls:",
        "  none",
        "tasks:",
        "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()",
    ]


def test_fake_rds_export(pytester):
    """Every fake_rds_export that was active during the test is shown, in whatever scope; no other."""
    result = run(
        pytester,
        """
@pytest.fixture(scope="module")
def module():
    with fake_rds_export("module"):
        yield

def test_before():
    with fake_rds_export("before"):
        pass

def test_it(module, rds_export_tasks):
    rds_export_tasks.seed("function")
    with fake_rds_export():
        pass
    with fake_rds_export("body"):
        assert False

def test_after():
    assert False
""",
    )

    result.assert_outcomes(passed=1, failed=2)
    after = result.outlines.index(f"{' test_after ':_^80}")
    assert [line for line in result.outlines[:after] if " in us-east-1, " in line] == [
        f"  '{scope}' IN_PROGRESS 0% in us-east-1, Timeline()" for scope in ("module", "function", "body")
    ]
    assert [line for line in result.outlines[after:] if " in us-east-1, " in line] == [
        "  'module' IN_PROGRESS 0% in us-east-1, Timeline()"
    ]


def test_a_passing_test(pytester):
    """A passing test shows nothing, even with -rA."""
    result = run(pytester, FAILING.replace("assert False", "assert True"), "-rA")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*rds export tasks*")


def test_without_the_fixture(pytester):
    """A test without the fixture shows nothing."""
    result = run(pytester, "def test_it():\n    assert False\n")

    result.stdout.no_fnmatch_line("*rds export tasks*")


@pytest.mark.parametrize("arguments", [["-rA"], ["--assert=plain"], ["--tb=short"], ["--capture=no"]], ids=str)
def test_arguments_of_pytest(pytester, arguments):
    """The section is shown however pytest is called."""
    shown = lines_after(run(pytester, FAILING, *arguments), TITLE)

    assert shown[4:] == ["tasks:", NIGHTLY, "hints:", CANCELLED_TWICE]


def test_xdist(pytester):
    """Workers of pytest-xdist pass the section on."""
    pytest.importorskip("xdist")

    result = run(pytester, FAILING, "-p", "xdist.plugin", "-n1")

    assert lines_after(result, TITLE)[4:] == ["tasks:", NIGHTLY, "hints:", CANCELLED_TWICE]


def test_without_a_terminal(pytester):
    """Without a terminal reporter the outcome is the same."""
    result = run(pytester, FAILING, "-p", "no:terminal")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.outlines == []
