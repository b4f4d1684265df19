"""Injected failures: which attempts fail with them, in which order, and what they leave behind."""

from functools import partial

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from helpers.calls import start
from helpers.clients import client_with
from pytest_rds_export import Failure, failures
from pytest_rds_export.exceptions import UnhandledOperation


@pytest.fixture
def client(rds_export_tasks):
    """A client that makes up to three attempts of a call."""
    rds_export_tasks.seed("nightly")
    return client_with(mode="standard", max_attempts=2)


@pytest.fixture
def cancel(client):
    """Cancel an export task, with up to three attempts."""
    return lambda identifier="nightly": client.cancel_export_task(ExportTaskIdentifier=identifier)


@pytest.fixture
def describe(client):
    """Describe the export task, with up to three attempts."""
    return partial(client.describe_export_tasks, ExportTaskIdentifier="nightly")


def code_of(call):
    """The error code that *call* fails with."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_times(rds_export_tasks, cancel, times):
    """Botocore's own retries hide a failure that is used fewer times than there are attempts, otherwise it is seen."""
    injection = rds_export_tasks.inject("Throttling", times=times)

    if times == 3:
        assert code_of(cancel) == "Throttling"
    assert cancel()["Status"] == "CANCELING"
    assert injection.attempts == times
    assert rds_export_tasks.calls[0].attempts == min(times + 1, 3)


def test_without_times(rds_export_tasks, cancel):
    """Without times, every attempt fails."""
    injection = rds_export_tasks.inject("ServiceUnavailable")

    assert [code_of(cancel) for _ in range(4)] == ["ServiceUnavailable"] * 4
    assert injection.attempts == 12
    assert rds_export_tasks["nightly"].status == "IN_PROGRESS"


def test_identifier(rds_export_tasks, client, describe):
    """Only calls with the identifier fail: neither one with another, nor one without any."""
    rds_export_tasks.seed("weekly")
    injection = rds_export_tasks.inject("AccessDenied", operation="DescribeExportTasks", identifier="weekly")

    assert len(describe()["ExportTasks"]) == 1
    assert len(client.describe_export_tasks()["ExportTasks"]) == 2
    assert code_of(partial(client.describe_export_tasks, ExportTaskIdentifier="weekly")) == "AccessDenied"
    assert injection.attempts == 1


def test_retries_use_the_next_failures(rds_export_tasks, cancel):
    """Each retry of a call takes the next failure of the queue."""
    rds_export_tasks.inject("Throttling", times=1)
    rds_export_tasks.inject("InternalFailure", times=1)
    rds_export_tasks.inject("AccessDenied", times=1)

    assert code_of(cancel) == "AccessDenied"
    assert rds_export_tasks.calls[0].attempts == 3


def test_after(rds_export_tasks, describe):
    """The first attempts pass, and the failure is used from then on."""
    injection = rds_export_tasks.inject("AccessDenied", operation="DescribeExportTasks", after=2, times=1)

    for passed in (1, 2):
        assert len(describe()["ExportTasks"]) == 1
        assert (injection.passed, injection.attempts) == (passed, 0)
    assert code_of(describe) == "AccessDenied"
    assert len(describe()["ExportTasks"]) == 1
    assert (injection.after, injection.passed, injection.attempts) == (2, 2, 1)


def test_after_counts_attempts(rds_export_tasks, cancel):
    """Attempts that match and pass are counted, those that fail with an earlier injection or ask for others are not."""
    rds_export_tasks.seed("weekly")
    rds_export_tasks.inject("Throttling", times=1)
    injection = rds_export_tasks.inject("OptInRequired", identifier="nightly", after=1)

    assert cancel("weekly")["Status"] == "CANCELING"  # fails once, then asks for another task
    assert injection.passed == 0
    assert cancel("nightly")["Status"] == "CANCELING"
    assert (injection.passed, code_of(cancel)) == (1, "OptInRequired")


def test_after_lets_the_next_failure_apply(rds_export_tasks, cancel):
    """What an injection lets pass can fail with a later one."""
    rds_export_tasks.inject("AccessDenied", after=1)
    rds_export_tasks.inject("ExpiredToken", times=1)

    assert [code_of(cancel) for _ in range(3)] == ["ExpiredToken", "AccessDenied", "AccessDenied"]


@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_never_used_after(rds_export_tasks, cancel):
    """A failure is refused if an earlier one with after= takes every attempt that it is meant for."""
    earlier = rds_export_tasks.inject("AccessDenied", after=2)
    rds_export_tasks.inject("ExpiredToken", after=1, times=1)
    with pytest.raises(ValueError, match=r"every attempt after 2, 0 used> would never be used, because <.* after 2,"):
        rds_export_tasks.inject("OptInRequired", after=2)
    assert cancel()["Status"] == "CANCELING"
    assert earlier.passed == 1
    with pytest.raises(ValueError, match="would never be used"):
        rds_export_tasks.inject("OptInRequired", after=1)


@pytest.mark.parametrize(
    ("failure", "given", "operation"),
    [
        ("AccessDenied", None, "CancelExportTask"),
        ("AccessDenied", "DescribeExportTasks", "DescribeExportTasks"),
        ("IamRoleNotFound", None, "StartExportTask"),
        ("IamRoleNotFoundFault", None, "StartExportTask"),
        (Failure("Whatever"), None, "CancelExportTask"),
        (Failure("Whatever", "DescribeExportTasks"), None, "DescribeExportTasks"),
        (failures("StartExportTask", kinds=["common"])[0], "CancelExportTask", "CancelExportTask"),
        (RuntimeError("broken"), None, "CancelExportTask"),
        (ClientError({"Error": {"Code": "Whatever"}}, "Any"), "DescribeEvents", "DescribeEvents"),
        ("DBInstanceNotFound", "DeleteDBInstance", "DeleteDBInstance"),
    ],
)
@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_default_operation(rds_export_tasks, failure, given, operation):
    """The operation is by default the failure's own, otherwise CancelExportTask; the injected failure is of it.

    The name of an exception class stands for its error code.
    """
    injection = rds_export_tasks.inject(failure, operation=given)

    assert injection.operation == operation
    assert getattr(injection.failure, "name", "") != "IamRoleNotFoundFault"
    assert getattr(injection.failure, "operation", operation) == operation


def test_exception(rds_export_tasks, cancel):
    """An exception is raised unchanged."""
    broken = RuntimeError("broken")
    rds_export_tasks.inject(broken)

    with pytest.raises(RuntimeError) as caught:
        cancel()

    assert caught.value is broken
    assert (rds_export_tasks.calls[0].error_code, rds_export_tasks.calls[0].http_status) == ("RuntimeError", None)


def test_transport_exception(rds_export_tasks, cancel):
    """Botocore retries a network exception of its own."""
    injection = rds_export_tasks.inject(ReadTimeoutError(endpoint_url="https://rds"), times=2)

    assert cancel()["Status"] == "CANCELING"
    assert injection.attempts == 2


def test_client_error(rds_export_tasks, client, cancel):
    """A ClientError is sent as XML, so that botocore retries it."""
    error = {"Error": {"Code": "Throttling", "Message": "Slow down"}, "ResponseMetadata": {"HTTPStatusCode": 429}}
    injection = rds_export_tasks.inject(ClientError(error, "CancelExportTask"))

    with pytest.raises(client.exceptions.ClientError) as caught:
        cancel()

    assert caught.value.response["Error"] == {"Type": "Sender", "Code": "Throttling", "Message": "Slow down"}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 2
    assert injection.attempts == 3


def test_documented_client_error(rds_export_tasks, client, cancel):
    """A ClientError with a documented code has the status and class of the service model."""
    rds_export_tasks.inject(ClientError({"Error": {"Code": "ExportTaskNotFound"}}, "CancelExportTask"))

    with pytest.raises(client.exceptions.ExportTaskNotFoundFault) as caught:
        cancel()

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_applied(rds_export_tasks, cancel):
    """An applied failure lets the operation take effect and loses its response or its fault."""
    rds_export_tasks.inject("InternalFailure", times=6, applied=True)

    assert code_of(cancel) == code_of(lambda: cancel("unknown")) == "InternalFailure"
    assert rds_export_tasks["nightly"].status == "CANCELING"


def test_retry_of_an_applied_start(rds_export_tasks, client):
    """The retry of a start whose response was lost finds its own task."""
    rds_export_tasks.inject("ReadTimeoutError", operation="StartExportTask", times=1, applied=True)

    assert code_of(partial(start, client, "weekly")) == "ExportTaskAlreadyExists"
    assert rds_export_tasks.calls[0].attempts == 2
    assert rds_export_tasks["weekly"].status == "STARTING"


@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_context_manager(rds_export_tasks, cancel):
    """As a context manager, a failure is removed at the exit, also after an error, and if it is used up."""
    with rds_export_tasks.inject("AccessDenied") as injection:
        assert code_of(cancel) == "AccessDenied"
    with pytest.raises(ClientError), rds_export_tasks.inject("ExpiredToken", times=1):
        cancel()
    with pytest.raises(ZeroDivisionError), rds_export_tasks.inject("AccessDenied"):
        raise ZeroDivisionError

    assert cancel()["Status"] == "CANCELING"
    assert injection.attempts == 1


def test_state_fault_completes_the_task(rds_export_tasks, cancel, describe):
    """An injected state fault means that the task completed just before the cancel."""
    rds_export_tasks.inject("InvalidExportTaskStateFault")
    before = describe()["ExportTasks"][0]

    assert code_of(cancel) == "InvalidExportTaskStateFault"

    after = describe()["ExportTasks"][0]
    assert (before["Status"], after["Status"], after["PercentProgress"]) == ("IN_PROGRESS", "COMPLETE", 100)
    assert after["TaskEndTime"] >= after["TaskStartTime"]


@pytest.mark.parametrize("status", ["CANCELING", "CANCELED", "FAILED"])
def test_state_fault_of_a_late_cancel(rds_export_tasks, cancel, status):
    """The state fault leaves a task unchanged that cannot be cancelled, and one that is unknown stays so."""
    rds_export_tasks.seed("late", status=status)
    rds_export_tasks.inject("InvalidExportTaskStateFault")

    for identifier in ("late", "unknown"):
        assert code_of(partial(cancel, identifier)) == "InvalidExportTaskStateFault"
    assert rds_export_tasks["late"].status == status
    assert list(rds_export_tasks) == ["nightly", "late"]


def test_operation_without_a_handler(rds_export_tasks, client):
    """An operation without a handler fails as injected, and after that for want of a handler."""
    rds_export_tasks.inject("DBInstanceNotFound", operation="DeleteDBInstance", times=1)

    with pytest.raises(client.exceptions.DBInstanceNotFoundFault):
        client.delete_db_instance(DBInstanceIdentifier="orders")
    assert rds_export_tasks.unhandled == []
    with pytest.raises(UnhandledOperation):
        client.delete_db_instance(DBInstanceIdentifier="orders")
    rds_export_tasks.unhandled.clear()


@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_repr(rds_export_tasks, cancel):
    """The repr shows failure, target, times and how often it was used."""
    endless = rds_export_tasks.inject("AccessDenied", identifier="nightly")
    once = rds_export_tasks.inject(RuntimeError("broken"), operation="StartExportTask", times=1, applied=True)
    code_of(cancel)

    assert repr(endless) == "<Injection AccessDenied into CancelExportTask of 'nightly': every attempt, 1 used>"
    assert repr(once) == "<Injection RuntimeError('broken') into StartExportTask: 1 attempt, applied, 0 used>"


def test_repr_of_an_exception_without_one(rds_export_tasks, cancel):
    """An exception whose repr raises is shown by its class, also where it makes another one useless."""

    class Broken(Exception):
        def __repr__(self):
            raise OSError("no repr")

    rds_export_tasks.inject(Broken())

    with pytest.raises(ValueError, match="<Broken whose repr raised OSError> into CancelExportTask"):
        rds_export_tasks.inject(Broken())

    with pytest.raises(Broken):
        cancel()


@pytest.mark.parametrize("failure", [Failure("Foo"), ClientError({"Error": {"Code": "Foo"}}, "CancelExportTask")])
def test_failure_without_a_message(rds_export_tasks, cancel, failure):
    """A failure without a message has its name as the message."""
    rds_export_tasks.inject(failure)
    with pytest.raises(ClientError) as caught:
        cancel()
    assert caught.value.response["Error"]["Message"] == "Foo"
