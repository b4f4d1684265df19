"""Buckets that StartExportTask refuses, and stores that raise or do something while files are stored."""

import time

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber
from freezegun import freeze_time

from helpers.aws import CLUSTER, documented
from helpers.calls import cancel, described, start
from helpers.clients import shared_client
from helpers.errors import refused
from helpers.exported import BUCKET, Store, all_keys, keys_of
from helpers.reports import report
from pytest_rds_export import ExportedTable, Polls, Stuck, Timeline, fake_rds_export

ORDERS = "shop.orders"
DENIED = (
    "The IAM role arn:aws:iam::123456789012:role/rds-export isn't authorized to call s3:PutObject on the S3 bucket "
    "rds-exports. Review your permissions and retry the export."
)


@pytest.fixture
def stored_in(rds_export_tasks):
    """Have files stored in a ``Store``; return the registry."""

    def stored_in(*arguments, **options):
        rds_export_tasks.write_files(Store(*arguments, **options))
        return rds_export_tasks

    return stored_in


def deny():
    """Refuse to store a file, as S3 does."""
    raise ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject")


@pytest.mark.parametrize("timeline", [Timeline(), Polls(starting=0)])
def test_bucket_of_another_region(s3, timeline, rds_export_clock):
    """An export to a bucket of another region starts, writes nothing and fails."""
    with fake_rds_export(region="eu-west-1", timeline=timeline) as tasks:
        tasks.write_files(s3)
        client = shared_client("eu-west-1")
        source = tasks.seed_snapshot(CLUSTER.replace("us-east-1", "eu-west-1"))
        assert start(client, source=source.arn)["Status"] == "STARTING"
        rds_export_clock.tick(hours=1)

        failed = described(client)
    assert (failed["Status"], failed["PercentProgress"]) == ("FAILED", 0)
    assert failed["FailureCause"] == (
        "The S3 bucket rds-exports isn't located in the current AWS Region. Please, review your S3 bucket name and "
        "retry the export."
    )
    assert keys_of(s3) == []


@pytest.mark.parametrize("bucket", ["missing", "not a bucket"])
def test_missing_bucket(client, rds_export_tasks, s3, bucket):
    """StartExportTask refuses a bucket that does not exist, and starts nothing."""
    rds_export_tasks.write_files(s3)
    with refused("InvalidS3BucketFault", 400, f"The S3 bucket {bucket} doesn't exist."):
        start(client, source=CLUSTER, S3BucketName=bucket)
    assert list(rds_export_tasks) == []


def test_forbidden_bucket(client, rds_export_tasks, s3):
    """StartExportTask refuses a bucket that the client may not read with the model's text."""
    rds_export_tasks.write_files(s3)
    with Stubber(s3) as stubber:
        stubber.add_client_error("head_bucket", "403", http_status_code=403)
        with refused("InvalidS3BucketFault", 400, documented("InvalidS3BucketFault")):
            start(client)


def test_unreachable_store(client, rds_export_tasks, rds_export_clock, s3, monkeypatch):
    """An export starts if the bucket cannot be checked, and FAILS when it writes."""
    rds_export_tasks.write_files(s3)

    def fail(**_):
        raise EndpointConnectionError(endpoint_url="http://localhost:9000")

    monkeypatch.setattr(s3, "head_bucket", fail)
    monkeypatch.setattr(s3, "put_object", fail)
    assert start(client)["Status"] == "STARTING"
    rds_export_clock.tick(minutes=23)
    task = described(client)
    assert (task["Status"], task["FailureCause"]) == ("FAILED", "An unknown internal error occurred.")


def test_store_fails(client, rds_export_tasks, rds_export_clock):
    """A store that raises makes the task FAILED at once, with the documented cause; it is not asked again."""
    store = Store(deny)
    rds_export_tasks.write_files(store)
    start(client)
    rds_export_clock.tick(minutes=23)
    rds_export_clock.tick(minutes=23)
    task = described(client)
    assert (task["Status"], task["FailureCause"], task["PercentProgress"]) == ("FAILED", DENIED, 60)
    assert task["TaskEndTime"].isoformat() == "2026-01-01T00:23:00+00:00"
    assert store.asked == 1


@pytest.mark.parametrize("fields", [{}, {"warning_message": "one was skipped", "total_extracted_data_in_gb": 7}])
def test_store_fails_at_the_end(rds_export_tasks, s3, fields):
    """A task whose last files cannot be stored has nothing of its completion: neither progress nor a warning."""
    rds_export_tasks.write_files(s3, tables=[ORDERS, ExportedTable("shop.audit", warning="OLD")])
    task = rds_export_tasks.seed("nightly", percent_progress=40, timeline=Stuck())
    s3.delete_bucket(Bucket=BUCKET)
    task.move_to("COMPLETE", **fields)
    assert (task.status, task.percent_progress, task.total_extracted_data_in_gb) == ("FAILED", 40, 40)
    assert task.failure_cause.startswith("The S3 bucket rds-exports isn't valid.")
    assert task.warning_message is None
    with pytest.raises(ValueError, match="'nightly' is FAILED and cannot become COMPLETE") as raised:
        task.move_to("COMPLETE")
    assert isinstance(raised.value.__cause__, s3.exceptions.NoSuchBucket)


def test_store_fails_at_once(stored_in, rds_export_clock):
    """An export that fails at its first files has begun: it has a TaskStartTime, as every one since IN_PROGRESS has."""
    task = stored_in(full=True).seed("nightly", status="STARTING", timeline=Stuck())

    task.move_to("COMPLETE")

    assert task.status == "FAILED"
    assert task.task_start_time == task.task_end_time == rds_export_clock.now


@pytest.mark.parametrize("first", ["seed", "write_files"])
def test_store_fails_at_a_seed(rds_export_tasks, s3, first):
    """What the store raises for an export that has files already is raised where it is set up."""
    s3.delete_bucket(Bucket=BUCKET)
    calls = {
        "seed": lambda: rds_export_tasks.seed("nightly", status="COMPLETE"),
        "write_files": lambda: rds_export_tasks.write_files(s3),
    }
    calls.pop(first)()
    (second,) = calls.values()
    with pytest.raises(ClientError, match="NoSuchBucket"):
        second()
    assert list(rds_export_tasks) == (["nightly"] if first == "seed" else [])
    assert rds_export_tasks.seed("other", status="FAILED").status == "FAILED"


@pytest.mark.parametrize(
    ("full", "seconds", "minutes", "percent"),
    [(False, 0, 10, 100), (True, 0, 10, 99), (False, 1, 10, 100), (True, 600, 6, 60)],
)
def test_store_looks(stored_in, rds_export_clock, full, seconds, minutes, percent):
    """A store that sleeps and looks at the task sees it running; an error makes it FAILED where it began to store."""
    seen = []

    def look():
        time.sleep(seconds)
        seen.append((registry["nightly"].status, registry.events))

    registry = stored_in(look, full=full)
    task = registry.seed("nightly", timeline=Timeline(in_progress=600))
    rds_export_clock.tick(minutes=minutes)

    status = "FAILED" if full else "COMPLETE"
    assert seen == [("IN_PROGRESS", [])] * (1 if full else 6)
    assert (task.status, task.percent_progress, task.task_end_time.minute) == (status, percent, minutes)
    assert [event.message for event in registry.events] == [f"Export task {'failed' if full else 'completed'}"]


@pytest.mark.parametrize("is_injected", [False, True], ids=["refused", "injected"])
def test_cancel_while_the_last_files_are_stored(stored_in, client, is_injected):
    """A cancel while the last files are stored is too late, also by an injection, and does not end the export."""

    def cancel_it():
        if is_injected:
            registry.inject("InvalidExportTaskStateFault", times=1)
        with refused("InvalidExportTaskStateFault", 400, documented("InvalidExportTaskStateFault")):
            cancel(client)
        seen.append(registry.events)

    seen, registry = [], stored_in(cancel_it)
    task = registry.seed("nightly", status="STARTING")
    task.move_to("COMPLETE")

    assert seen == [[]] * 6
    assert task.status == "COMPLETE"


def test_store_that_moves_the_task(stored_in):
    """What a store does with the task counts: the end that waited for its files does not come after it."""

    def move():
        if task.status == "STARTING":
            task.move_to("FAILED", failure_cause="moved by the store")

    registry = stored_in(move)
    task = registry.seed("nightly", status="STARTING")
    task.move_to("COMPLETE")

    assert task.failure_cause == "moved by the store"
    assert len(registry.events) == 1


def test_interrupted_store(rds_export_tasks, rds_export_clock):
    """An exception that is not an Exception reaches the code; the task ends when the other files can be stored."""

    def interrupt():
        if store.asked == 3:  # the first file of the second table
            raise KeyboardInterrupt

    store = Store(interrupt)
    rds_export_tasks.write_files(store)
    task = rds_export_tasks.seed("nightly")
    with pytest.raises(KeyboardInterrupt):
        rds_export_clock.tick(minutes=5)

    assert len(store.keys) == 2
    assert task.status == "COMPLETE"
    assert sorted(store.keys) == [f"{BUCKET}/{key}" for key in all_keys("shop.customers", ORDERS)]
    assert [event.task for event in rds_export_tasks.events] == [task]


def test_report():
    """The report shows at each task what the store raised, and itself writes nothing."""
    store = Store(full=True)
    with fake_rds_export() as tasks:
        with freeze_time("2020-01-01"):
            tasks.write_files(store)
            tasks.seed("nightly", timeline=Stuck()).move_to("COMPLETE")
            tasks.seed("due")
        lines = report()
    assert lines[lines.index("tasks:") + 1 :][:2] == [
        "  'nightly' FAILED 0% in us-east-1, Stuck(), its files were not stored: OSError('disk full')",
        "  'due' IN_PROGRESS 99% in us-east-1, Timeline()",
    ]
    assert store.asked == 1


@pytest.mark.parametrize("status", ["IN_PROGRESS", "FAILED"])
def test_store_fails_while_moved(stored_in, status):
    """A task that is moved forward keeps the progress of the move if its files cannot be stored."""
    task = stored_in(deny).seed("nightly", status="STARTING")
    task.move_to(status, percent_progress=60)
    assert (task.status, task.percent_progress, task.failure_cause) == ("FAILED", 60, DENIED)


def test_store_fails_for_a_seed(rds_export_tasks):
    """A store that raises for a seed that has ended leaves it as it was, without a warning about skipped tables."""
    task = rds_export_tasks.seed("nightly", status="COMPLETE")
    with pytest.raises(OSError, match="disk full"):
        rds_export_tasks.write_files(Store(full=True), tables=[ORDERS, ExportedTable("shop.audit", warning="OLD")])
    assert task.warning_message is None
