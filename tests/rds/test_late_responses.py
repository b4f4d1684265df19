"""Late responses: what a client gets, when, and what the operation has done by then."""

from datetime import timedelta

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
    """Without a frozen clock nothing waits; the read timeout still decides, that of the client which calls."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject(operation="DescribeExportTasks", delay=60)
    patient, impatient = client_waiting(60), client_waiting(59)

    for _ in range(2):
        assert described(patient)["Status"] == "IN_PROGRESS"
        with pytest.raises(ReadTimeoutError):
            described(impatient)
    assert slept == []


@pytest.mark.parametrize(("failure", "code"), [(None, "InvalidExportTaskState"), ("AccessDenied", "AccessDenied")])
def test_late_fault(rds_export_tasks, clock, failure, code):
    """The refusal of an operation is late as well; with a failure, that is what is late."""
    status = "STARTING" if failure else "FAILED"
    task = rds_export_tasks.seed("nightly", status=status)
    rds_export_tasks.inject(failure, delay=5)

    with pytest.raises(ClientError, match=code):
        cancel(client_waiting(60))
    assert slept(clock) == 5
    with pytest.raises(ReadTimeoutError):
        cancel(client_waiting(4))
    assert task.status == status


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


NO_DELAY = "delay must be a timedelta or a number of seconds, from 0 to 100 years, got"
NO_CALLS = "calls must be an int of at least 1, or None for every call, got"
NOT_BOTH = "pass times= (how many attempts fail) or calls= (how many calls, with all attempts), not both"


@pytest.mark.parametrize(
    ("error", "options", "text"),
    [
        (TypeError, {}, "inject needs a failure, such as 'Throttling', or a delay=, or both"),
        *(
            (ValueError, {"delay": delay}, f"{NO_DELAY} {delay!r}")
            for delay in (-1, "60", None, True, float("nan"), timedelta(seconds=-1))
        ),
        (ValueError, {"where": "nightly"}, "where must be a function of the parameters, got str 'nightly'"),
        *((ValueError, {"calls": calls}, f"{NO_CALLS} {calls!r}") for calls in (0, 1.5, True)),
        (TypeError, {"times": 1, "calls": 1}, NOT_BOTH),
    ],
)
def test_refused(rds_export_tasks, error, options, text):
    """There must be something to inject, with options that are allowed."""
    with raises_exactly(error, text):
        rds_export_tasks.inject("Throttling" if options else None, operation="StartExportTask", **options)


def test_where(rds_export_tasks, client):
    """Calls fail for whose parameters the function returns something true; what it does to them has no effect."""

    def is_weekly(parameters):
        parameters["ExportOnly"].clear()
        return parameters.pop("ExportTaskIdentifier") == "weekly"

    injection = rds_export_tasks.inject("AccessDenied", operation="StartExportTask", where=is_weekly)

    started = start(client, "nightly", ExportOnly=["shop"])
    assert (started["ExportTaskIdentifier"], started["ExportOnly"]) == ("nightly", ["shop"])
    with pytest.raises(ClientError, match="AccessDenied"):
        start(client, "weekly", ExportOnly=["shop"])
    assert injection.attempts == 1


@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_leaves_calls_to_later_ones(rds_export_tasks):
    """A failure of some calls does not take every attempt; one of all calls does, also those of a function."""
    rds_export_tasks.inject("AccessDenied", where=lambda parameters: False)
    rds_export_tasks.inject("AccessDenied", calls=1)
    endless = rds_export_tasks.inject("Throttling")

    assert repr(rds_export_tasks.inject("OptInRequired", operation="DescribeEvents", where=bool)) == (
        "<Injection OptInRequired into DescribeEvents where a function says so: every attempt, 0 used>"
    )
    with pytest.raises(ValueError, match="would never be used, because") as caught:
        rds_export_tasks.inject("OptInRequired", where=bool)
    assert repr(endless) in str(caught.value)


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


def test_calls_with_files(rds_export_tasks, tmp_path):
    """With files as well, no attempt of a call that fails has an effect; the calls after it have their whole."""
    rds_export_tasks.write_files(tmp_path)
    task = rds_export_tasks.seed("nightly", timeline=Polls(in_progress=1))
    rds_export_tasks.inject("Throttling", operation="DescribeExportTasks", calls=1)
    rds_export_tasks.inject("AccessDenied", operation="CancelExportTask", calls=1)
    client = client_waiting(60, attempts=3)

    with pytest.raises(ClientError, match="Throttling"):
        described(client)
    with pytest.raises(ClientError, match="AccessDenied"):
        cancel(client)
    assert (task.status, files_below(tmp_path)) == ("IN_PROGRESS", [])
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
