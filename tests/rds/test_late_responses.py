"""Late responses: what a client gets, when, and what the operation has done by then."""

from datetime import timedelta
from functools import partial

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from helpers.aws import SNAPSHOT
from helpers.calls import cancel, described, start, statuses
from helpers.clients import http_response
from helpers.errors import raises_exactly
from helpers.exported import files_below
from helpers.loopback import post
from pytest_rds_export import Polls


def client_waiting(seconds, attempts=1):
    """A client that waits so many seconds for a response, and makes so many attempts."""
    config = Config(read_timeout=seconds, retries={"mode": "standard", "total_max_attempts": attempts})
    return boto3.client("rds", region_name="us-east-1", config=config)


def slept(clock):
    """The seconds by which the clock has moved."""
    return (clock.now - slept.begin).total_seconds()


@pytest.fixture
def clock(rds_export_clock):
    """A frozen clock."""
    slept.begin = rds_export_clock.now
    return rds_export_clock


@pytest.mark.parametrize("delay", [30.0, timedelta(seconds=30)])
def test_in_time(rds_export_tasks, clock, delay):
    """A response within the read timeout arrives, and the clock has moved by the delay; the effect is at once."""
    injection = rds_export_tasks.inject(operation="StartExportTask", delay=delay)
    begin = clock.now

    assert start(client_waiting(30))["Status"] == "STARTING"

    assert slept(clock) == 30
    assert rds_export_tasks["nightly"].source_arn == SNAPSHOT
    assert rds_export_tasks.calls[0].time == begin
    assert (injection.attempts, injection.delay, injection.failure) == (1, timedelta(seconds=30), None)
    assert not rds_export_tasks.calls[0].injected


def test_too_late(rds_export_tasks, clock):
    """A client that does not wait so long gets a timeout at the end of its patience; the operation has its effect."""
    rds_export_tasks.inject(operation="StartExportTask", delay=600)

    with pytest.raises(ReadTimeoutError):
        start(client_waiting(20))

    assert slept(clock) == 20
    assert "nightly" in rds_export_tasks
    assert rds_export_tasks.calls[0].injected_failures == ["ReadTimeoutError"]


def test_retry_of_a_late_start(rds_export_tasks):
    """The retry of a start whose response is late finds its own export."""
    rds_export_tasks.inject(operation="StartExportTask", delay=61, times=1)

    with pytest.raises(ClientError, match="ExportTaskAlreadyExists"):
        start(client_waiting(60, attempts=2))
    assert rds_export_tasks.calls[0].attempts == 2


def test_without_a_clock(rds_export_tasks, slept):
    """Without a frozen clock nothing waits; the read timeout still decides."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject(operation="DescribeExportTasks", delay=60)

    assert described(client_waiting(60))["Status"] == "IN_PROGRESS"
    with pytest.raises(ReadTimeoutError):
        described(client_waiting(59))
    assert slept == []


def test_patience_of_the_calling_client(rds_export_tasks):
    """Of two clients in turn, each has its own timeout."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject(operation="DescribeExportTasks", delay=40)
    patient, impatient = client_waiting(50), client_waiting(30)

    for _ in range(2):
        assert described(patient)["Status"] == "IN_PROGRESS"
        with pytest.raises(ReadTimeoutError):
            described(impatient)


def test_late_fault(rds_export_tasks, clock):
    """The refusal of an operation is late as well."""
    rds_export_tasks.inject(delay=5)

    with pytest.raises(ClientError, match="ExportTaskNotFound"):
        cancel(client_waiting(60))
    assert slept(clock) == 5
    with pytest.raises(ReadTimeoutError):
        cancel(client_waiting(4))


def test_late_failure(rds_export_tasks, clock):
    """With a failure, that is what is late, and the operation has no effect."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("AccessDenied", delay=5)

    with pytest.raises(ClientError, match="AccessDenied"):
        cancel(client_waiting(60))
    assert slept(clock) == 5
    with pytest.raises(ReadTimeoutError):
        cancel(client_waiting(4))
    assert rds_export_tasks["nightly"].status == "IN_PROGRESS"


def test_late_response_of_another_handler(rds_export_tasks, clock):
    """The response of another handler of the request is late as well."""
    client = client_waiting(60)
    client.meta.events.register(
        "before-send.rds.DeleteDBInstance",
        lambda request, **_: http_response(request, 200, b"<R><DeleteDBInstanceResult/></R>"),
    )
    rds_export_tasks.inject(operation="DeleteDBInstance", delay=7)

    assert client.delete_db_instance(DBInstanceIdentifier="orders")["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert slept(clock) == 7


@pytest.mark.loopback
def test_endpoint(rds_export_tasks, clock, rds_export_endpoint):
    """A client of the endpoint gets the response, whatever its timeout."""
    rds_export_tasks.seed("nightly")
    injection = rds_export_tasks.inject(delay=600)

    assert post(rds_export_endpoint)[0] == 200
    assert injection.attempts == 1


@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_repr(rds_export_tasks):
    """The repr says how late."""
    late = rds_export_tasks.inject(delay=90, times=1)
    failure = rds_export_tasks.inject("Throttling", delay=timedelta(hours=1), calls=2)

    assert repr(late) == "<Injection a response 0:01:30 late into CancelExportTask: 1 attempt, 0 used>"
    assert repr(failure) == "<Injection Throttling 1:00:00 late into CancelExportTask: 2 calls, 0 used>"


def test_neither_failure_nor_delay(rds_export_tasks):
    """There must be something to inject."""
    with raises_exactly(TypeError, "inject needs a failure, such as 'Throttling', or a delay=, or both"):
        rds_export_tasks.inject(operation="StartExportTask")


@pytest.mark.parametrize("delay", [-1, "60", None, True, float("nan"), timedelta(seconds=-1)])
def test_wrong_delay(rds_export_tasks, delay):
    """A delay must be a length of time."""
    with raises_exactly(
        ValueError, f"delay must be a timedelta or a number of seconds, from 0 to 100 years, got {delay!r}"
    ):
        rds_export_tasks.inject("Throttling", delay=delay)


def test_where(rds_export_tasks):
    """Calls fail for whose parameters the function returns something true; what it does to them has no effect."""

    def to_the_archive(parameters):
        parameters["ExportOnly"].clear()
        return parameters.pop("S3BucketName") == "archive"

    injection = rds_export_tasks.inject("AccessDenied", operation="StartExportTask", where=to_the_archive)
    begin = partial(
        client_waiting(60).start_export_task,
        SourceArn=SNAPSHOT,
        IamRoleArn="arn:aws:iam::123456789012:role/rds-export",
        KmsKeyId="1234abcd",
        ExportOnly=["shop"],
    )

    started = begin(ExportTaskIdentifier="nightly", S3BucketName="backups")
    assert (started["S3Bucket"], started["ExportOnly"]) == ("backups", ["shop"])
    with pytest.raises(ClientError, match="AccessDenied"):
        begin(ExportTaskIdentifier="weekly", S3BucketName="archive")
    assert injection.attempts == 1


@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_where_leaves_calls_to_later_ones(rds_export_tasks):
    """A failure of some calls does not take every attempt; one of all calls does, also those of a function."""
    rds_export_tasks.inject("AccessDenied", where=lambda parameters: False)
    endless = rds_export_tasks.inject("Throttling")

    assert repr(rds_export_tasks.inject("OptInRequired", operation="DescribeEvents", where=bool)) == (
        "<Injection OptInRequired into DescribeEvents where a function says so: every attempt, 0 used>"
    )
    with pytest.raises(ValueError, match="would never be used, because") as caught:
        rds_export_tasks.inject("OptInRequired", where=bool)
    assert repr(endless) in str(caught.value)


def test_wrong_where(rds_export_tasks):
    """Where must be a function."""
    with raises_exactly(ValueError, "where must be a function of the parameters, got str 'nightly'"):
        rds_export_tasks.inject("AccessDenied", where="nightly")


def test_calls(rds_export_tasks):
    """A call fails with all its attempts, however many; the next call passes."""
    rds_export_tasks.seed("nightly")
    injection = rds_export_tasks.inject("Throttling", operation="DescribeExportTasks", calls=1)

    with pytest.raises(ClientError, match="Throttling"):
        described(client_waiting(60, attempts=4))
    assert described(client_waiting(60))["Status"] == "IN_PROGRESS"
    assert (injection.attempts, injection.calls) == (4, 1)


def test_calls_after(rds_export_tasks):
    """The calls that pass before are counted by their attempts, and an effect that comes before a loss is kept."""
    rds_export_tasks.seed_all(["nightly", "weekly", "yearly"])
    rds_export_tasks.inject("ReadTimeoutError", after=1, calls=1, applied=True)
    client = client_waiting(60, attempts=2)

    assert cancel(client, "nightly")["Status"] == "CANCELING"
    with pytest.raises(ReadTimeoutError):
        cancel(client, "weekly")
    assert cancel(client, "yearly")["Status"] == "CANCELING"
    assert rds_export_tasks["weekly"].status == "CANCELING"
    assert rds_export_tasks.calls[1].attempts == 2


@pytest.mark.parametrize("calls", [0, 1.5, True])
def test_wrong_calls(rds_export_tasks, calls):
    """Calls must be an int of at least 1."""
    with raises_exactly(ValueError, f"calls must be an int of at least 1, or None for every call, got {calls!r}"):
        rds_export_tasks.inject("AccessDenied", calls=calls)


def test_times_and_calls(rds_export_tasks):
    """Attempts and calls cannot both be counted."""
    with raises_exactly(
        TypeError, "pass times= (how many attempts fail) or calls= (how many calls, with all attempts), not both"
    ):
        rds_export_tasks.inject("AccessDenied", times=1, calls=1)


def test_lost_with_files(rds_export_tasks, tmp_path):
    """With files as well, an operation whose calls fail before their effect has none."""
    rds_export_tasks.write_files(tmp_path)
    rds_export_tasks.seed_all(["nightly", "weekly"])
    rds_export_tasks.inject("AccessDenied", calls=1)

    with pytest.raises(ClientError, match="AccessDenied"):
        cancel(client_waiting(60))
    assert cancel(client_waiting(60), "weekly")["Status"] == "CANCELING"
    assert rds_export_tasks["nightly"].status == "IN_PROGRESS"


def test_failed_attempts_store_nothing(rds_export_tasks, tmp_path):
    """With files as well, no attempt of a call that fails before its effect brings the export on."""
    rds_export_tasks.write_files(tmp_path)
    task = rds_export_tasks.seed("nightly", timeline=Polls(in_progress=0))
    rds_export_tasks.inject("Throttling", operation="DescribeExportTasks", calls=1)

    with pytest.raises(ClientError, match="Throttling"):
        described(client_waiting(60, attempts=3))

    assert (task.status, files_below(tmp_path)) == ("IN_PROGRESS", [])


def test_effect_after_failed_calls(rds_export_tasks, tmp_path):
    """With files as well, the calls after the failed ones have their whole effect."""
    rds_export_tasks.write_files(tmp_path)
    rds_export_tasks.seed("nightly", timeline=Polls(in_progress=1))
    rds_export_tasks.inject("AccessDenied", operation="DescribeExportTasks", calls=1)
    client = client_waiting(60)

    with pytest.raises(ClientError, match="AccessDenied"):
        described(client)
    assert statuses(client, 2) == ["IN_PROGRESS", "COMPLETE"]


@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_removed_while_it_is_asked_for(rds_export_tasks, tmp_path):
    """A failure that is removed before the attempt gets to it is not used, and leaves the effect whole."""

    def remove(parameters):
        return [True, injection.__exit__()]

    rds_export_tasks.write_files(tmp_path)
    rds_export_tasks.seed("nightly", timeline=Polls(in_progress=0))
    injection = rds_export_tasks.inject("AccessDenied", operation="DescribeExportTasks", where=remove)

    assert described(client_waiting(60))["Status"] == "COMPLETE"
    assert injection.attempts == 0


@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_calls_leave_others(rds_export_tasks):
    """A failure of so many calls leaves the others to a later one."""
    rds_export_tasks.inject("AccessDenied", calls=1)

    assert rds_export_tasks.inject("Throttling").times is None
