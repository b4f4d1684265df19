"""Injected failures: which sends meet them, in which order, and what they leave behind."""

from functools import partial

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from _aws import start
from _operations import client_with, http_answer
from pytest_rds_export import Failure, UnansweredOperation, failures


@pytest.fixture
def client(rds_export_tasks):
    """A client that sends a call up to three times."""
    rds_export_tasks.seed("nightly")
    return client_with(mode="standard", max_attempts=2)


@pytest.fixture
def cancel(client):
    return lambda identifier="nightly": client.cancel_export_task(ExportTaskIdentifier=identifier)


@pytest.fixture
def describe(client):
    return partial(client.describe_export_tasks, ExportTaskIdentifier="nightly")


def code_of(call):
    """The error code that *call* meets."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


@pytest.mark.parametrize("times", [1, 2])
def test_fewer_times_than_sends_are_hidden_by_botocores_own_retries(rds_export_tasks, cancel, times):
    injection = rds_export_tasks.inject("Throttling", times=times)

    assert cancel()["Status"] == "CANCELING"
    assert injection.attempts == times
    assert rds_export_tasks.calls[0].attempts == times + 1


def test_as_many_times_as_sends_reach_the_caller(rds_export_tasks, cancel):
    injection = rds_export_tasks.inject("Throttling", times=3)

    assert code_of(cancel) == "Throttling"
    assert cancel()["Status"] == "CANCELING"
    assert injection.attempts == 3


def test_without_times_every_send_meets_it(rds_export_tasks, cancel):
    injection = rds_export_tasks.inject("ServiceUnavailable")

    assert [code_of(cancel) for _ in range(4)] == ["ServiceUnavailable"] * 4
    assert injection.attempts == 12
    assert rds_export_tasks["nightly"].status == "IN_PROGRESS"


def test_identifier_picks_the_calls_about_one_task(rds_export_tasks, cancel):
    rds_export_tasks.seed("weekly")
    rds_export_tasks.inject("AccessDenied", identifier="weekly")

    assert cancel("nightly")["Status"] == "CANCELING"
    assert code_of(lambda: cancel("weekly")) == "AccessDenied"


def test_identifier_is_never_that_of_a_call_without_one(rds_export_tasks, client):
    injection = rds_export_tasks.inject("AccessDenied", operation="DescribeExportTasks", identifier="nightly", times=1)

    assert len(client.describe_export_tasks()["ExportTasks"]) == 1
    assert code_of(partial(client.describe_export_tasks, ExportTaskIdentifier="nightly")) == "AccessDenied"
    assert injection.attempts == 1


def test_several_are_served_first_in_first_out(rds_export_tasks, cancel):
    for name in ("ExpiredToken", "AccessDenied", "OptInRequired"):
        rds_export_tasks.inject(name, times=1)

    assert [code_of(cancel) for _ in range(3)] == ["ExpiredToken", "AccessDenied", "OptInRequired"]
    assert cancel()["Status"] == "CANCELING"


def test_retries_of_one_call_go_on_through_the_queue(rds_export_tasks, cancel):
    rds_export_tasks.inject("Throttling", times=1)
    rds_export_tasks.inject("InternalFailure", times=1)
    rds_export_tasks.inject("AccessDenied", times=1)

    assert code_of(cancel) == "AccessDenied"
    assert rds_export_tasks.calls[0].attempts == 3


def test_queue_is_the_accounts_whatever_the_region(rds_export_tasks, cancel):
    rds_export_tasks.in_region("eu-west-1").inject("AccessDenied")

    assert code_of(cancel) == "AccessDenied"


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
        ("DBInstanceNotFound", "DeleteDBInstance", "DeleteDBInstance"),
    ],
)
@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_into_defaults_to_the_failures_own_operation_else_to_cancel(rds_export_tasks, failure, given, operation):
    assert rds_export_tasks.inject(failure, operation=given).operation == operation


def test_a_shape_name_means_its_wire_code(rds_export_tasks, cancel):
    rds_export_tasks.inject("ExportTaskNotFoundFault")

    assert code_of(cancel) == "ExportTaskNotFound"


def test_an_exception_instance_is_raised_as_it_is(rds_export_tasks, cancel):
    broken = RuntimeError("broken")
    rds_export_tasks.inject(broken)

    with pytest.raises(RuntimeError) as caught:
        cancel()

    assert caught.value is broken
    assert rds_export_tasks.calls[0].error_code == "RuntimeError"


def test_a_transport_exception_meets_botocores_retries(rds_export_tasks, cancel):
    injection = rds_export_tasks.inject(ReadTimeoutError(endpoint_url="https://rds"), times=2)

    assert cancel()["Status"] == "CANCELING"
    assert injection.attempts == 2


def test_a_client_error_travels_as_xml_so_that_retries_see_it(rds_export_tasks, client, cancel):
    error = {"Error": {"Code": "Throttling", "Message": "Slow down"}, "ResponseMetadata": {"HTTPStatusCode": 429}}
    injection = rds_export_tasks.inject(ClientError(error, "CancelExportTask"))

    with pytest.raises(client.exceptions.ClientError) as caught:
        cancel()

    assert caught.value.response["Error"] == {"Type": "Sender", "Code": "Throttling", "Message": "Slow down"}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 2
    assert injection.attempts == 3


def test_a_modelled_client_error_has_the_models_status_and_class(rds_export_tasks, client, cancel):
    rds_export_tasks.inject(ClientError({"Error": {"Code": "ExportTaskNotFound"}}, "CancelExportTask"))

    with pytest.raises(client.exceptions.ExportTaskNotFoundFault) as caught:
        cancel()

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_applied_takes_effect_and_loses_the_answer(rds_export_tasks, cancel):
    rds_export_tasks.inject("InternalFailure", times=3, applied=True)

    assert code_of(cancel) == "InternalFailure"
    assert rds_export_tasks["nightly"].status == "CANCELING"


def test_applied_loses_a_fault_too(rds_export_tasks, cancel):
    rds_export_tasks.inject("AccessDenied", applied=True)

    assert code_of(lambda: cancel("unknown")) == "AccessDenied"


def test_a_start_whose_answer_was_lost_meets_its_own_task_when_retried(rds_export_tasks, client):
    rds_export_tasks.inject("ReadTimeoutError", operation="StartExportTask", times=1, applied=True)

    assert code_of(partial(start, client, "weekly")) == "ExportTaskAlreadyExists"
    assert rds_export_tasks.calls[0].attempts == 2
    assert rds_export_tasks["weekly"].status == "STARTING"


def test_context_manager_lifts_it_at_the_exit(rds_export_tasks, cancel):
    with rds_export_tasks.inject("AccessDenied") as injection:
        assert code_of(cancel) == "AccessDenied"

    assert cancel()["Status"] == "CANCELING"
    assert injection.attempts == 1


@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_context_manager_lifts_it_after_an_error_and_once_used_up(rds_export_tasks, cancel):
    with pytest.raises(ClientError), rds_export_tasks.inject("AccessDenied", times=1):
        cancel()
    with pytest.raises(ZeroDivisionError), rds_export_tasks.inject("AccessDenied"):
        raise ZeroDivisionError

    assert cancel()["Status"] == "CANCELING"


def test_state_fault_is_the_race_that_completes_the_task_just_before_the_cancel(rds_export_tasks, cancel, describe):
    rds_export_tasks.inject("InvalidExportTaskStateFault")
    before = describe()["ExportTasks"][0]

    assert code_of(cancel) == "InvalidExportTaskStateFault"

    after = describe()["ExportTasks"][0]
    assert (before["Status"], after["Status"], after["PercentProgress"]) == ("IN_PROGRESS", "COMPLETE", 100)
    assert after["TaskEndTime"] >= after["TaskStartTime"]


@pytest.mark.parametrize("status", ["CANCELING", "CANCELED", "FAILED"])
def test_race_leaves_alone_what_could_not_be_cancelled_anyway(rds_export_tasks, cancel, status):
    rds_export_tasks.seed("late", status=status)
    rds_export_tasks.inject("InvalidExportTaskStateFault")

    assert code_of(lambda: cancel("late")) == "InvalidExportTaskStateFault"
    assert rds_export_tasks["late"].status == status


def test_race_about_an_unknown_task_is_the_fault_alone(rds_export_tasks, cancel):
    rds_export_tasks.inject("InvalidExportTaskStateFault")

    assert code_of(lambda: cancel("unknown")) == "InvalidExportTaskStateFault"
    assert list(rds_export_tasks) == ["nightly"]


def test_not_found_leaves_the_record_where_it_is(rds_export_tasks, cancel, describe):
    rds_export_tasks.inject("ExportTaskNotFound", times=1)

    assert code_of(cancel) == "ExportTaskNotFound"
    assert describe()["ExportTasks"][0]["Status"] == "IN_PROGRESS"


def test_a_stubbed_operation_meets_it_before_the_stub(rds_export_tasks, client):
    rds_export_tasks.stub("DescribeDBInstances", lambda parameters: pytest.fail("the stub was asked"))
    rds_export_tasks.inject("DBInstanceNotFound", operation="DescribeDBInstances")

    with pytest.raises(client.exceptions.DBInstanceNotFoundFault):
        client.describe_db_instances(DBInstanceIdentifier="orders")


def test_applied_asks_the_stub_and_loses_its_answer(rds_export_tasks, client):
    asked = []
    rds_export_tasks.stub("DescribeDBInstances", lambda parameters: asked.append(parameters) or {})
    rds_export_tasks.inject("DBInstanceNotFound", operation="DescribeDBInstances", applied=True)

    with pytest.raises(client.exceptions.DBInstanceNotFoundFault):
        client.describe_db_instances(DBInstanceIdentifier="orders")

    assert asked == [{"DBInstanceIdentifier": "orders"}]


def test_an_operation_that_nobody_answers_meets_it_and_then_is_unanswered(rds_export_tasks, client):
    rds_export_tasks.inject("DBInstanceNotFound", operation="DeleteDBInstance", times=1)

    with pytest.raises(client.exceptions.DBInstanceNotFoundFault):
        client.delete_db_instance(DBInstanceIdentifier="orders")
    assert rds_export_tasks.unanswered == []
    with pytest.raises(UnansweredOperation):
        client.delete_db_instance(DBInstanceIdentifier="orders")
    rds_export_tasks.unanswered.clear()


def test_applied_asks_another_handler_and_loses_its_answer(rds_export_tasks, client):
    asked = []

    def handler(request, **_):
        asked.append(request.method)
        return http_answer(request, 200, b"<DeleteDBInstanceResponse/>")

    client.meta.events.register("before-send.rds.DeleteDBInstance", handler)
    rds_export_tasks.inject("DBInstanceNotFound", operation="DeleteDBInstance", applied=True)

    with pytest.raises(client.exceptions.DBInstanceNotFoundFault):
        client.delete_db_instance(DBInstanceIdentifier="orders")

    assert asked == ["POST"]


@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_repr_tells_what_waits_for_what(rds_export_tasks, cancel):
    endless = rds_export_tasks.inject("AccessDenied", identifier="nightly")
    once = rds_export_tasks.inject(RuntimeError("broken"), operation="StartExportTask", times=1, applied=True)
    code_of(cancel)

    assert repr(endless) == "<Injection AccessDenied into CancelExportTask of 'nightly': every send, met by 1>"
    assert repr(once) == ("<Injection RuntimeError('broken') into StartExportTask: 1 send, applied, met by 0>")
