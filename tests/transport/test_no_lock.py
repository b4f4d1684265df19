"""No lock is held while code of the user runs: it may wait for another thread that uses the fake."""

import threading
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from helpers.calls import cancel, described, start
from helpers.clients import shared_client
from helpers.exported import MemoryS3
from pytest_rds_export import Polls, Stuck, fake_rds_export

BUCKET = "rds-exports"


class Waiting:
    """Code of the user, which once waits for a thread that uses everything of the fake."""

    def __init__(self, tasks, clock):
        self.waited = []
        self._tasks = tasks
        self._clock = clock
        self._client = shared_client()

    def __call__(self, *_args, **_kwargs):
        """Wait once."""
        if not self.waited:
            self.waited.append(None)
            thread = threading.Thread(target=self._use, daemon=True)
            thread.start()
            thread.join(20)
            self.waited[:] = [not thread.is_alive()]

    def _use(self):
        self._tasks.seed("of-the-thread", timeline=Stuck()).move_to("COMPLETE")
        self._tasks.inject("AccessDenied", times=1).__exit__(None, None, None)
        assert described(self._client, "of-the-thread")["Status"] == "COMPLETE"
        self._client.create_db_snapshot(DBSnapshotIdentifier="of-the-thread", DBInstanceIdentifier="orders")
        self._clock.tick(1)
        assert len(self._tasks.events) > 1
        assert self._tasks.snapshots["of-the-thread"].status == "creating"

    def store(self, *methods):
        """Return a store of which these methods wait."""
        waiting = {
            name: lambda store, name=name, **given: (self(), getattr(MemoryS3, name)(store, **given))
            for name in methods or ["put_object"]
        }
        return type("WaitingS3", (MemoryS3,), waiting)(BUCKET)


def stub(tasks, client, clock, code):
    """Call an operation that a function responds to."""
    tasks.stub("DescribeDBEngineVersions", lambda parameters: code() or {"DBEngineVersions": []})
    client.describe_db_engine_versions()


def override(tasks, client, clock, code):
    """Call an operation that a function responds to in place of the plugin."""
    tasks.override("CancelExportTask", lambda parameters, default: code() or default())
    tasks.seed("nightly")
    cancel(client)


def where(tasks, client, clock, code):
    """Call an operation of which a function says whether it fails."""
    tasks.inject("AccessDenied", operation="DescribeExportTasks", where=lambda parameters: code())
    client.describe_export_tasks()


def hook(tasks, client, clock, code):
    """Call an operation whose request another handler sees."""
    client.meta.events.register("before-send.rds", code)
    client.describe_export_tasks()


def receiver(tasks, client, clock, code):
    """Cause an event that a function receives."""
    tasks.deliver_events(code)
    client.create_db_snapshot(DBSnapshotIdentifier="nightly", DBInstanceIdentifier="orders")


def late_receiver(tasks, client, clock, code):
    """Cause an event that a function receives while the clock moves."""
    tasks.deliver_events(code, delay=60)
    receiver(tasks, client, clock, lambda event, context: None)
    clock.tick(minutes=2)


def late_response(tasks, client, clock, code):
    """Wait for a late response while a scheduled call runs."""
    tasks.inject(operation="DescribeExportTasks", delay=30)
    clock.call_later(15, code)
    client.describe_export_tasks()


def bucket(tasks, client, clock, code):
    """Start an export whose bucket is looked for."""
    tasks.write_files(code.store("head_bucket"))
    tasks.seed_snapshot("nightly")
    start(client)


def poll(tasks, client, clock, code):
    """Describe an export whose files are stored."""
    tasks.write_files(code.store())
    tasks.seed("nightly", timeline=Polls(in_progress=0))
    described(client)


def lost_race(tasks, client, clock, code):
    """Cancel an export that completes instead, and whose files are stored."""
    tasks.write_files(code.store())
    tasks.seed("nightly")
    tasks.inject("InvalidExportTaskStateFault", identifier="nightly", times=1)
    with pytest.raises(ClientError, match="InvalidExportTaskStateFault"):
        cancel(client)


def lost_response(tasks, client, clock, code):
    """Lose the response of a describe that has the files stored."""
    tasks.write_files(code.store())
    tasks.seed("nightly", timeline=Polls(in_progress=0))
    tasks.inject("AccessDenied", operation="DescribeExportTasks", identifier="nightly", times=1, applied=True)
    with pytest.raises(ClientError, match="AccessDenied"):
        described(client)


def seed(tasks, client, clock, code):
    """Seed an export whose files are stored."""
    tasks.write_files(code.store())
    tasks.seed("nightly", status="COMPLETE")


def write_files(tasks, client, clock, code):
    """Write the files of an export that is there."""
    tasks.seed("nightly", status="COMPLETE")
    tasks.write_files(code.store())


def move(tasks, client, clock, code):
    """Move an export whose files are stored."""
    tasks.write_files(code.store())
    tasks.seed("nightly", timeline=Stuck()).move_to("COMPLETE")


def tick(tasks, client, clock, code):
    """Move the clock past the end of an export whose files are stored."""
    tasks.write_files(code.store())
    tasks.seed("nightly")
    clock.tick(timedelta(hours=1))


USES = [stub, override, where, hook, receiver, late_receiver, late_response, bucket, poll]
USES += [lost_race, lost_response, seed, write_files, move, tick]


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_code_of_the_user_waits(use, rds_export_clock):
    """Code of the user waits for a thread that calls, seeds, injects, reads and moves the clock."""
    with fake_rds_export(assert_all_injected=False) as tasks:
        code = Waiting(tasks, rds_export_clock)
        use(tasks, boto3.client("rds", "us-east-1"), rds_export_clock, code)

        assert code.waited == [True]
        assert tasks["of-the-thread"].status == "COMPLETE"
        assert not any(delivery.error for delivery in tasks.deliveries)
