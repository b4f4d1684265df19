"""Buckets that StartExportTask refuses, and stores that raise."""

import threading
import time
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber
from freezegun import freeze_time

from helpers.aws import CLUSTER, documented
from helpers.calls import described, start
from helpers.clients import shared_client
from helpers.errors import refused
from helpers.exported import BUCKET, MemoryS3, keys_of
from helpers.reports import report
from pytest_rds_export import ExportedTable, Polls, Stuck, Timeline, fake_rds_export

ORDERS = "shop.orders"
DENIED = (
    "The IAM role arn:aws:iam::123456789012:role/rds-export isn't authorized to call s3:PutObject on the S3 bucket "
    "rds-exports. Review your permissions and retry the export."
)


def fails_to_put(s3, code, http_status=400):
    """A stub of the client whose PutObject raises from now on, and whose HeadBucket succeeds."""
    stubber = Stubber(s3)
    stubber.add_response("head_bucket", {})
    stubber.add_client_error("put_object", code, http_status_code=http_status)
    stubber.activate()
    return stubber


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
        client.start_export_task(
            ExportTaskIdentifier="nightly",
            SourceArn=CLUSTER,
            S3BucketName=bucket,
            IamRoleArn="arn:aws:iam::123456789012:role/rds-export",
            KmsKeyId="1234abcd",
        )
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


def test_store_fails(client, rds_export_tasks, rds_export_clock, s3):
    """A store that raises makes the task FAILED at once, with the documented cause; it is not asked again."""
    rds_export_tasks.write_files(s3)
    with fails_to_put(s3, "AccessDenied", 403):
        start(client)
        rds_export_clock.tick(minutes=23)
        rds_export_clock.tick(minutes=23)
    task = described(client)
    assert (task["Status"], task["FailureCause"], task["PercentProgress"]) == ("FAILED", DENIED, 60)
    assert task["TaskEndTime"].isoformat() == "2026-01-01T00:23:00+00:00"


def test_store_fails_at_the_end(rds_export_tasks, s3):
    """A task whose last files cannot be stored is never COMPLETE: it keeps its progress and has no warning."""
    rds_export_tasks.write_files(s3, tables=[ORDERS, ExportedTable("shop.audit", warning="OLD")])
    task = rds_export_tasks.seed("nightly", percent_progress=40, timeline=Stuck())
    s3.delete_bucket(Bucket=BUCKET)
    task.move_to("COMPLETE")
    assert (task.status, task.percent_progress, task.total_extracted_data_in_gb) == ("FAILED", 40, 40)
    assert task.failure_cause == (
        "The S3 bucket rds-exports isn't valid. Either it isn't located in the current AWS Region or it doesn't "
        "exist. Review your S3 bucket name and retry the export."
    )
    assert task.warning_message is None
    with pytest.raises(ValueError, match="'nightly' is FAILED and cannot become COMPLETE") as raised:
        task.move_to("COMPLETE")
    assert isinstance(raised.value.__cause__, s3.exceptions.NoSuchBucket)


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


def test_sleeping_store(rds_export_tasks, rds_export_clock, s3, monkeypatch):
    """A client that sleeps between retries moves the frozen clock, and every file is still written once."""
    put_object = s3.put_object
    keys = []

    def slow(**arguments):
        time.sleep(1)
        keys.append(arguments["Key"])
        put_object(**arguments)

    monkeypatch.setattr(s3, "put_object", slow)
    rds_export_tasks.write_files(s3)
    rds_export_tasks.seed("nightly")
    rds_export_clock.tick(minutes=5)
    assert (len(keys), len(set(keys))) == (6, 6)


def test_sleeping_store_fails(rds_export_tasks, rds_export_clock, s3, monkeypatch):
    """A task does not go on while its files are written, however long the store sleeps before it raises."""

    def fail(**_):
        time.sleep(600)
        raise OSError("disk full")

    monkeypatch.setattr(s3, "put_object", fail)
    rds_export_tasks.write_files(s3)
    task = rds_export_tasks.seed("nightly")
    rds_export_clock.tick(minutes=3)
    assert (task.status, task.percent_progress, task.task_end_time.minute) == ("FAILED", 60, 3)


@pytest.mark.parametrize("fails", [True, False])
def test_store_looks(rds_export_tasks, rds_export_clock, fails):
    """A store that looks at the task while it writes sees it running; an error makes it FAILED, with one event."""
    seen = []

    class LookingS3(MemoryS3):
        def put_object(self, **arguments):
            seen.append((rds_export_tasks["nightly"].status, rds_export_tasks.events))
            if fails:
                raise OSError("disk full")
            super().put_object(**arguments)

    rds_export_tasks.write_files(LookingS3("rds-exports"))
    task = rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=600))
    rds_export_clock.tick(minutes=10)

    assert set(map(str, seen)) == {str(("IN_PROGRESS", []))}
    assert (task.status, task.task_end_time) == ("FAILED" if fails else "COMPLETE", rds_export_clock.now)
    assert [event.message for event in rds_export_tasks.events] == [
        "Export task failed" if fails else "Export task completed"
    ]


def test_store_looks_later(rds_export_tasks, rds_export_clock):
    """A store that sleeps past the end of the export, looks at it, and then raises, makes it FAILED where it began."""

    class SlowS3(MemoryS3):
        def put_object(self, **_):
            time.sleep(600)
            assert rds_export_tasks["nightly"].status == "IN_PROGRESS"
            raise OSError("disk full")

    rds_export_tasks.write_files(SlowS3("rds-exports"))
    task = rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=600))
    rds_export_clock.tick(minutes=6)

    assert (task.status, task.task_end_time.minute) == ("FAILED", 6)
    assert [event.message for event in rds_export_tasks.events] == ["Export task failed"]


def test_store_waits_for_another_thread(rds_export_tasks, rds_export_clock, client):
    """No lock is held while files are stored: a store may wait for another thread that uses the fake."""

    class WaitingS3(MemoryS3):
        def put_object(self, **arguments):
            thread = threading.Thread(target=described, args=(client, "nightly"))
            thread.start()
            thread.join()
            super().put_object(**arguments)

    rds_export_tasks.write_files(WaitingS3("rds-exports"))
    rds_export_tasks.seed("nightly")
    rds_export_clock.tick(minutes=5)

    assert rds_export_tasks["nightly"].status == "COMPLETE"
    assert len(rds_export_tasks.calls) == 6


def test_cancel_while_the_last_files_are_stored(rds_export_tasks, client):
    """A cancel that comes while the last files are stored is too late."""

    class CancelingS3(MemoryS3):
        def put_object(self, **arguments):
            with refused("InvalidExportTaskStateFault", 400, documented("InvalidExportTaskStateFault")):
                client.cancel_export_task(ExportTaskIdentifier="nightly")
            super().put_object(**arguments)

    rds_export_tasks.write_files(CancelingS3("rds-exports"))
    rds_export_tasks.seed("nightly", status="STARTING").move_to("COMPLETE")

    assert rds_export_tasks["nightly"].status == "COMPLETE"


def test_store_that_moves_the_task(rds_export_tasks):
    """What a store does with the task counts: the end that waited for its files does not come after it."""

    class MovingS3(MemoryS3):
        def put_object(self, **arguments):
            task = rds_export_tasks["nightly"]
            if task.status == "STARTING":
                task.move_to("FAILED", failure_cause="moved by the store")
            super().put_object(**arguments)

    rds_export_tasks.write_files(MovingS3("rds-exports"))
    rds_export_tasks.seed("nightly", status="STARTING").move_to("COMPLETE")

    assert rds_export_tasks["nightly"].failure_cause == "moved by the store"
    assert len(rds_export_tasks.events) == 1


def test_interrupted_store(rds_export_tasks, rds_export_clock):
    """An exception that is not an Exception reaches the code; the task ends when its files can be stored."""

    class InterruptedS3(MemoryS3):
        interrupted = True

        def put_object(self, **arguments):
            if self.interrupted:
                raise KeyboardInterrupt
            super().put_object(**arguments)

    store = InterruptedS3("rds-exports")
    rds_export_tasks.write_files(store)
    task = rds_export_tasks.seed("nightly")
    with pytest.raises(KeyboardInterrupt):
        rds_export_clock.tick(minutes=5)
    store.interrupted = False

    assert task.status == "COMPLETE"
    assert [event.task for event in rds_export_tasks.events] == [task]


class BrokenClient:
    """A client of S3 whose PutObject raises, and that knows what it was asked for."""

    meta = SimpleNamespace(service_model=SimpleNamespace(service_name="s3"))

    def __init__(self):
        self.keys = []

    def put_object(self, **arguments):
        """Raise an error."""
        self.keys.append(arguments["Key"])
        raise OSError("disk full")


def test_report():
    """The report shows at each task what the store raised, and itself writes nothing."""
    broken = BrokenClient()
    with fake_rds_export() as tasks:
        with freeze_time("2020-01-01"):
            tasks.write_files(broken)
            tasks.seed("nightly", timeline=Stuck()).move_to("COMPLETE")
            tasks.seed("due")
        lines = report()
    assert lines[lines.index("tasks:") + 1 :][:2] == [
        "  'nightly' FAILED 0% in us-east-1, Stuck(), its files were not stored: OSError('disk full')",
        "  'due' IN_PROGRESS 99% in us-east-1, Timeline()",
    ]
    assert len(broken.keys) == 1


def test_store_fails_while_moved(client, rds_export_tasks, s3):
    """A task that is moved forward keeps the progress of the move if its files cannot be stored."""
    rds_export_tasks.write_files(s3)
    with fails_to_put(s3, "AccessDenied", 403):
        start(client)
        task = rds_export_tasks["nightly"]
        task.move_to("IN_PROGRESS", percent_progress=60)
    assert (task.status, task.percent_progress, task.failure_cause) == ("FAILED", 60, DENIED)
