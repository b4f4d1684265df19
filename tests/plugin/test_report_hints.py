"""The report of a failing test: hints at what most likely went wrong."""

import time
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError

from helpers.aws import SNAPSHOT
from helpers.reports import hints, poll, try_call, try_cancel, try_start
from pytest_rds_export import Polls, Stuck, Timeline, fake_rds_export, frozen_clock

OTHER_REGION = "'nightly' is in {}, but the call went to {}. Use in_region({!r}) or the option region"
SIMILAR = "{!r} is in us-east-1, but the call asked for 'nightly'"


@pytest.mark.parametrize(
    ("seeded", "region", "asked", "expected"),
    [
        ("nightly", "us-east-1", "eu-west-1", [OTHER_REGION.format("us-east-1", "eu-west-1", "eu-west-1")]),
        ("nightly", "eu-west-1", "us-east-1", [OTHER_REGION.format("eu-west-1", "us-east-1", "us-east-1")]),
        ("Nightly", "us-east-1", "us-east-1", [SIMILAR.format("Nightly") + "; identifiers are case-sensitive"]),
        ("nightly2", "us-east-1", "us-east-1", [SIMILAR.format("nightly2")]),
        ("highly", "us-east-1", "us-east-1", []),
        ("highly", "eu-west-1", "us-east-1", []),
    ],
)
@pytest.mark.parametrize("operation", ["cancel_export_task", "describe_export_tasks"])
def test_identifier(tasks, operation, seeded, region, asked, expected):
    """For an identifier that was not found, the hint names the task that was probably meant, once; none if unlike."""
    tasks.in_region(region).seed(seeded)
    tasks.seed("weekly")
    for _ in range(2):
        try_call(operation, asked, ExportTaskIdentifier="nightly")

    assert hints() == expected


def test_identifier_in_an_empty_list():
    """The hint is given too if the option makes an unknown identifier an empty list."""
    with fake_rds_export("nightly", describe_unknown="empty"):
        poll(identifier="nightly2")

        assert hints() == ["'nightly' is in us-east-1, but the call asked for 'nightly2'"]


def test_injected_failure(tasks):
    """An injected failure has no hint."""
    tasks.seed("nightly")
    tasks.inject("ExportTaskNotFound", times=1)
    tasks.inject("InvalidExportTaskStateFault", times=1)
    try_cancel("nightly2")
    try_cancel()

    assert hints() == []


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "5 exports may run at once in us-east-1"),
        ({"concurrent_limit": 1, "concurrent_limit_scope": "account"}, "1 export may run at once in the account"),
    ],
    ids=["region", "account"],
)
def test_limit(options, text):
    """Seeds that use up the limit have a hint, which says whether it is that of the region or of the account."""
    with fake_rds_export(**options) as tasks:
        tasks.seed_all(list("abcde"))
        try_start(SNAPSHOT)
        assert hints() == [f"{text}, seeded ones included. Set the option concurrent_limit to allow more"]


def test_unused_failures(tasks):
    """An injected failure that was not used has a hint; with after=, it says how many attempts have passed."""
    tasks.inject("Throttling", operation="StartExportTask", identifier="nightly")
    tasks.inject("AccessDenied", operation="DescribeExportTasks", after=1)
    try_call("describe_export_tasks")

    assert hints() == [
        "Throttling was injected into StartExportTask of 'nightly' and never used",
        "AccessDenied was injected into DescribeExportTasks and never used: 1 of 1 attempt passed before it",
    ]


@pytest.mark.parametrize(
    ("name", "values", "upper"),
    [
        ("status", ["IN_PROGRESS"], "IN_PROGRESS"),
        ("status", ["complete", "STARTING"], "STARTING"),
        ("status", ["x"], None),
        ("s3-bucket", ["Backups"], None),
    ],
)
def test_filter(tasks, name, values, upper):
    """A status filter in upper case has a hint, because AWS compares lower case; another filter may have it."""
    try_call("describe_export_tasks", Filters=[{"Name": name, "Values": values}])

    expected = upper and f"the filter 'status' compares lower case: use {upper.lower()!r}, not {upper!r}"
    assert hints() == ([expected] if upper else [])


def test_source(tasks):
    """For a source that was not found, the hint has up to five seeded ones of its region, the closest first."""
    region = tasks.in_region("eu-west-1")
    for name in ("customers", "orders-2026", "invoices", "stock", "users"):
        region.seed_snapshot(name)
    tasks.seed_snapshot("other")
    try_start("arn:aws:rds:eu-west-1:123456789012:snapshot:orders", "eu-west-1")

    hint = (
        "snapshot:orders is not seeded in eu-west-1. Seeded there: "
        "snapshot:orders-2026, snapshot:users, snapshot:customers, snapshot:invoices, snapshot:stock"
    )
    assert hints() == [hint]

    region.seed_database("shop", cluster=True)
    assert hints() == [f"{hint}, ..."]


@pytest.mark.parametrize("named", ["orders", "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:orders"])
def test_described_source(tasks, named):
    """A source that was described and not found has the hint as well."""
    tasks.seed_snapshot("orders-2026")
    try_call("describe_db_cluster_snapshots", DBClusterSnapshotIdentifier=named)

    assert hints() == ["cluster-snapshot:orders is not seeded in us-east-1. Seeded there: snapshot:orders-2026"]


def test_source_in_moto(moto, tasks):
    """For a source that moto lacks, the hint has those that moto had at the call."""
    with moto.mock_aws():
        rds = boto3.client("rds", "us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
        rds.create_db_cluster(
            DBClusterIdentifier="shop", Engine="aurora-mysql", MasterUsername="root", MasterUserPassword="hunter2_"
        )
        rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="nightly", DBClusterIdentifier="shop")
        try_start(SNAPSHOT)

    (hint,) = hints()
    listed = "snapshot:nightly is not in moto in us-east-1. In moto there: cluster-snapshot:nightly, "
    assert hint.startswith(listed)
    assert hint.endswith(", cluster:shop")


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("eu-west-1", ["the ARN of snapshot:nightly names eu-west-1, but the call went to us-east-1"]),
        (
            "us-east-1",
            [
                "snapshot:nightly is in eu-west-1, but the call went to us-east-1",
                "snapshot:nightly is not seeded in us-east-1. Seeded there: snapshot:orders",
            ],
        ),
    ],
)
def test_source_in_another_region(tasks, named, expected):
    """A source that is in another region has a hint, and so has an ARN that names another one than the call's."""
    tasks.seed_snapshot("orders")
    tasks.in_region("eu-west-1").seed_snapshot("nightly")
    try_start(SNAPSHOT.replace("us-east-1", named))

    assert hints() == expected


@pytest.mark.parametrize(
    ("operation", "named", "region"),
    [
        ("StartExportTask", SNAPSHOT, "us-east-1"),
        ("CopyDBSnapshot", "nightly", "us-east-1"),
        ("CopyDBSnapshot", SNAPSHOT, "eu-west-1"),
    ],
)
def test_source_that_is_not_available_yet(rds_export_clock, tasks, operation, named, region):
    """A call that comes before a snapshot is available has a hint; for one that never will be, there is none."""
    tasks.seed_snapshot("nightly", status="creating")
    tasks.seed_snapshot("other", status="failed")
    for source in (named, named.replace("nightly", "other")):
        if operation == "StartExportTask":
            try_start(source)
        else:
            try_call("copy_db_snapshot", region, SourceDBSnapshotIdentifier=source, TargetDBSnapshotIdentifier="copied")

    assert hints() == [
        (
            f"snapshot:nightly was not available yet when {operation} was called. Wait for it, as with a waiter of the "
            "client"
        )
    ]


def test_fault_of_a_stub(tasks):
    """A fault has no hint if the call names no source, or if no source is seeded."""
    fault = ClientError({"Error": {"Code": "DBClusterNotFoundFault"}}, "ModifyDBInstance")
    tasks.stub("ModifyDBInstance", mock.Mock(side_effect=fault))
    tasks.stub("StopDBCluster", mock.Mock(side_effect=fault))
    try_call("modify_db_instance", DBInstanceIdentifier="orders")
    try_call("stop_db_cluster", DBClusterIdentifier="orders")

    assert hints() == []

    tasks.seed_snapshot("weekly")
    assert hints() == ["cluster:orders is not seeded in us-east-1. Seeded there: snapshot:weekly"]


@pytest.mark.parametrize(
    ("seconds", "hint"),
    [
        (0, "was FAILED already when it was cancelled"),
        (0.999, "was FAILED already when it was cancelled"),
        (1, "was cancelled 0:00:01 too late: it became FAILED at 2026-01-01T00:10:00Z"),
        (300, "was cancelled 0:05:00 too late: it became FAILED at 2026-01-01T00:10:00Z"),
    ],
)
def test_late_cancel(seconds, hint, rds_export_clock, tasks):
    """A cancel that came too late has a hint, from a second on with by how much; of several cancels the first."""
    tasks.in_region("eu-west-1").seed("nightly", timeline=Timeline(in_progress=600, outcome="FAILED"))
    rds_export_clock.tick(600 + seconds)
    try_cancel(region="eu-west-1")
    rds_export_clock.tick(minutes=1)
    try_cancel(region="eu-west-1")

    assert hints() == [f"'nightly' {hint}"]


@pytest.mark.parametrize("ended", [False, True])
def test_second_cancel(rds_export_clock, tasks, ended):
    """A cancel of a task that is being cancelled has a hint, also if the task has ended since."""
    tasks.seed("nightly")
    try_cancel()
    try_cancel()
    rds_export_clock.tick(hours=int(ended))

    assert hints() == ["'nightly' was CANCELING already when it was cancelled"]


def test_refusal_without_a_task(tasks):
    """The same fault for a task that does not exist has no hint."""
    fault = {"Error": {"Code": "InvalidExportTaskStateFault"}}
    tasks.stub("StopDBCluster", mock.Mock(side_effect=ClientError(fault, "StopDBCluster")))
    try_call("stop_db_cluster", DBClusterIdentifier="orders")

    assert hints() == []

    tasks.seed("nightly", status="COMPLETE")
    try_cancel()
    assert hints() == ["'nightly' was COMPLETE already when it was cancelled"]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_stuck_by_option(region):
    """A task that was polled while the option timeline is Stuck has a hint."""
    with fake_rds_export(timeline=Stuck()) as tasks:
        tasks.in_region(region).seed("nightly")
        poll(3, region=region)
        found = hints()

    assert found == [
        (
            "'nightly' was described 3 times and is still IN_PROGRESS: the option timeline is Stuck(), which advances "
            "no task. Use move_to(), or another timeline"
        )
    ]


@pytest.mark.parametrize(
    ("option", "own", "pauses"),
    [
        (Stuck(), None, [60, 60, 60]),
        (Timeline(), Stuck(), [0, 0, 0]),
        (Timeline(), None, [60, 60, 60]),
        (Timeline(), None, [0, 0, 0, 1, 0]),
    ],
    ids=["deadline", "stuck task", "moving clock", "clock that moved at last"],
)
def test_polls_by_intention(rds_export_clock, option, own, pauses):
    """Polls on a frozen clock that moves have no hint, nor have those of a task that the test itself makes Stuck."""
    with fake_rds_export(timeline=option) as tasks:
        tasks.seed("nightly", timeline=own)
        for seconds in pauses:
            poll()
            time.sleep(seconds)
        assert hints() == []


def test_polled_automated_snapshot(rds_export_clock, tasks):
    """The name of an automated snapshot is shown as a whole."""
    tasks.seed_snapshot("rds:orders-2026-03-01-02-05", status="creating")
    for _ in range(3):
        try_call("describe_db_snapshots", SnapshotType="automated")

    assert "'rds:orders-2026-03-01-02-05' was described 3 times and is still creating" in hints()[0]


def test_real_clock():
    """Polls on the real clock have a hint, also as lists, with a mocked sleep, and after the end of the fake."""
    expected = [
        (
            "'nightly' was described 3 times and is still IN_PROGRESS: its Timeline follows the real clock. "
            "Use the fixture rds_export_clock, or timeline=Polls()"
        )
    ]
    with fake_rds_export("nightly"):
        with mock.patch("time.sleep"):
            for _ in range(3):
                try_call("describe_export_tasks", Filters=[{"Name": "export-task-identifier", "Values": ["nightly"]}])
                time.sleep(60)
        assert hints() == expected
    assert hints() == expected


def test_clock_that_stands_still(rds_export_clock, tasks):
    """A task that was polled while the frozen clock stood still has a hint."""
    tasks.seed("nightly")
    rds_export_clock.tick(minutes=1)
    poll(3)

    assert hints() == [
        (
            "'nightly' was described 3 times and is still IN_PROGRESS: its Timeline follows the frozen clock, which "
            "stayed at 2026-01-01T00:01:00Z. Move the clock, or use timeline=Polls()"
        )
    ]


@pytest.mark.parametrize(("timeline", "polls"), [(None, 2), (Polls(in_progress=9), 3)])
def test_harmless_polls(tasks, timeline, polls):
    """A few polls, and those of a task that polls advance, have no hint."""
    tasks.seed("nightly", timeline=timeline)
    poll(polls)

    assert hints() == []


def test_task_of_another_handler(tasks, before_send):
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


def test_many(tasks):
    """Of more than 20 hints the first are shown, and how many are left out."""
    tasks.in_region("eu-west-1").seed_all(f"{letter * 9}-nightly" for letter in "abcdefghijklmnopqrstuv")
    for letter in "abcdefghijklmnopqrstuv":
        try_cancel(f"{letter * 9}-nightly")

    last = "'ttttttttt-nightly' is in eu-west-1, but the call went to us-east-1. Use in_region('us-east-1') or "
    assert hints()[19:] == [f"{last}the option region", "... 2 more ..."]


def test_other_calls_between(tasks):
    """A hint is for each different call, however many others come after it, also without an identifier."""
    tasks.seed("nightly", timeline=Polls(in_progress=100))
    try_cancel("nightly2")
    try_call("describe_export_tasks", Filters=[{"Name": "status", "Values": ["FAILED"]}])
    try_call("describe_export_tasks")
    poll(40)

    assert hints() == [
        "'nightly' is in us-east-1, but the call asked for 'nightly2'",
        "the filter 'status' compares lower case: use 'failed', not 'FAILED'",
    ]


@pytest.mark.parametrize(("outcome", "polls"), [("FAILED", 3), ("CANCELED", 3), ("FAILED", 2), ("COMPLETE", 3)])
def test_end_ignored(tasks, outcome, polls):
    """Code that goes on to poll a task that has failed or was canceled has a hint."""
    tasks.seed("nightly", status=outcome)
    poll(polls)

    hint = (
        f"'nightly' was described 3 times after it had become {outcome}. The code may wait for COMPLETE only: have it "
        f"stop at {outcome}, too"
    )
    assert hints() == ([hint] if polls == 3 and outcome != "COMPLETE" else [])


def test_retried_failure(tasks):
    """An injected failure that botocore has retried away has a hint; one that the code has seen has none."""
    tasks.seed_all(["nightly", "weekly"])
    tasks.inject("Throttling", times=2)
    try_cancel()
    tasks.inject("Throttling", times=3)
    try_cancel("weekly")

    assert hints() == [
        (
            "CancelExportTask succeeded although Throttling was injected, because botocore retried it. To fail the "
            "call, inject it with calls=1"
        )
    ]


@pytest.mark.parametrize("seeded", ["COMPLETE", "IN_PROGRESS"])
@pytest.mark.parametrize("asked", ["call", "attribute", "receiver", "not"])
def test_events_of_seeded_tasks(tasks, seeded, asked):
    """A task that was seeded as finished has a hint if somebody asked for events and the region has none."""
    tasks.seed("nightly", status=seeded)
    if asked == "call":
        try_call("describe_events")
    elif asked == "attribute":
        assert tasks.events == []
    elif asked == "receiver":
        tasks.deliver_events(lambda event, context: None)

    hint = "'nightly' has no event, because it was seeded COMPLETE. Seed it running, then move_to('COMPLETE')"
    assert hints() == ([hint] if seeded == "COMPLETE" and asked != "not" else [])

    tasks.seed("weekly").move_to("COMPLETE")
    assert hints() == []


@pytest.mark.parametrize("status", ["IN_PROGRESS", "COMPLETE"])
def test_source_in_use(tasks, status):
    """A start that is refused because another export of its source runs has a hint that names it."""
    tasks.seed("weekly", source_arn=SNAPSHOT, status=status)
    try_start(SNAPSHOT)

    hint = (
        "'weekly' exports the same source, of which one export runs at a time. Give each export a source of its own, "
        "or set the option one_export_per_source=False"
    )
    assert hints() == ([hint] if status == "IN_PROGRESS" else [])


def test_source_on_the_real_clock(tasks):
    """A source that becomes available by the clock has a hint unless the clock is frozen."""
    tasks.seed_snapshot("orders", available_after=60)
    tasks.seed_snapshot("stuck", status="creating", timeline=Stuck())
    assert hints() == []

    try_call("describe_db_snapshots")
    assert hints() == [
        (
            "snapshot:orders is still creating: its SnapshotTimeline follows the real clock. Use the fixture "
            "rds_export_clock, or snapshot_timeline=SnapshotPolls()"
        )
    ]

    with frozen_clock():
        assert hints() == []


def test_scheduled_call(rds_export_clock, tasks):
    """A scheduled call that has not run has a hint; one that was cancelled has none."""
    task = tasks.seed("nightly")
    rds_export_clock.call_later(60, task.move_to, "FAILED")
    rds_export_clock.call_later(90, task.move_to, "COMPLETE").cancel()
    rds_export_clock.tick(59)

    assert hints() == [
        (
            "a call of LiveExportTask.move_to is scheduled for 2026-01-01T00:01:00Z and never ran: the clock is at "
            "2026-01-01T00:00:59Z"
        )
    ]

    rds_export_clock.tick(1)
    assert hints() == []
