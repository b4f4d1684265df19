"""The catalogue of failures, against botocore's service model and what AWS is known to answer."""

import re
from dataclasses import replace

import botocore.session
import pytest
from botocore.exceptions import ClientError

from _names import TRANSPORT
from _operations import CALLS, client_with, send
from pytest_rds_export import Failure, failures

COMMON = {
    "AccessDenied": 403,
    "ExpiredToken": 403,
    "InvalidClientTokenId": 403,
    "SignatureDoesNotMatch": 403,
    "RequestExpired": 400,
    "OptInRequired": 403,
    "Throttling": 400,
    "ThrottlingException": 400,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "InvalidParameterValue": 400,
    "InvalidParameterCombination": 400,
}
# AWS's own wording, where it is known.
TEXTS = {
    "ExpiredToken": "The security token included in the request is expired",
    "InvalidClientTokenId": "The security token included in the request is invalid.",
    "Throttling": "Rate exceeded",
    "InternalFailure": "An internal error has occurred. Please try your query again at a later time.",
    "ExportTaskLimitReachedFault": "You have reached the limit of 5 concurrent export tasks",
}


@pytest.fixture(scope="module")
def service_model():
    return botocore.session.Session().get_service_model("rds")


def named(operation, name):
    return next(failure for failure in failures(operation) if failure.name == name)


def met_by(client, registry, failure):
    """The error that a client raises when its call meets *failure*."""
    with registry.inject(failure), pytest.raises(failure.exception, match=failure.match) as caught:
        send(client, failure.operation)
    return caught.value


def test_documented_failures_are_those_of_the_service_model_for_every_operation(service_model):
    for operation in service_model.operation_names:
        modelled = [
            (shape.metadata["error"]["code"], shape.metadata["error"]["httpStatusCode"])
            for shape in service_model.operation_model(operation).error_shapes
        ]
        documented = failures(operation, kinds=["documented"])
        assert [(failure.code, failure.http_status) for failure in documented] == modelled


def test_documented_failures_of_cancel_go_by_their_wire_codes():
    found = {failure.name: failure.http_status for failure in failures("CancelExportTask", "documented")}

    assert found == {"ExportTaskNotFound": 404, "InvalidExportTaskStateFault": 400}


@pytest.mark.parametrize("operation", ["CancelExportTask", "DescribeExportTasks", "CreateDBInstance"])
def test_common_failures_are_the_same_for_any_operation(operation):
    common = failures(operation, kinds=["common"])

    assert {failure.name: failure.http_status for failure in common} == COMMON
    assert {failure.operation for failure in common} == {operation}


def test_only_start_export_task_reaches_the_unmodelled_limit():
    found = {failure.name: failure.http_status for failure in failures("StartExportTask", kinds=["common"])}

    assert found == {**COMMON, "ExportTaskLimitReachedFault": 400}


def test_transport_failures_are_the_same_for_any_operation():
    transport = failures("DeleteDBInstance", kinds=["transport"])

    assert [failure.name for failure in transport] == TRANSPORT
    assert {failure.name: (failure.code, failure.http_status) for failure in transport} == {
        **dict.fromkeys(TRANSPORT, (None, None)),
        "ProxyErrorPage": ("502", 502),
    }


def test_kinds_come_in_the_catalogues_order_whatever_order_they_are_named_in():
    everything = failures("CancelExportTask")

    assert [failure.kind for failure in everything] == ["documented"] * 2 + ["common"] * 12 + ["transport"] * 7
    assert failures("CancelExportTask", kinds=["transport", "common", "documented"]) == everything


@pytest.mark.parametrize(("name", "text"), TEXTS.items(), ids=TEXTS)
def test_text_is_that_of_aws_where_it_is_known(name, text):
    assert named("StartExportTask", name).message == text


def test_access_denied_names_the_operation():
    expected = r"User: arn:aws:iam::\d{12}:user/\w+ is not authorized to perform: rds:CancelExportTask on resource: .+"

    assert re.fullmatch(expected, named("CancelExportTask", "AccessDenied").message)


def test_documented_text_is_the_models_without_its_markup():
    assert named("CancelExportTask", "ExportTaskNotFound").message == "The export task doesn't exist."


@pytest.mark.parametrize("operation", CALLS)
def test_exception_and_match_tell_each_failure_from_every_other(rds_export_tasks, operation):
    client = client_with(mode="standard", max_attempts=1)
    errors = {failure: met_by(client, rds_export_tasks, failure) for failure in failures(operation)}

    for failure in errors:
        met = [
            other.name
            for other, error in errors.items()
            if isinstance(error, failure.exception) and re.search(failure.match or "", str(error))
        ]
        assert met == [failure.name]


@pytest.mark.parametrize("failure", failures("CancelExportTask"), ids=lambda failure: failure.name)
def test_retried_is_what_the_standard_mode_of_botocore_does(rds_export_tasks, failure):
    met_by(client_with(mode="standard", max_attempts=1), rds_export_tasks, failure)

    assert rds_export_tasks.calls[0].attempts == (2 if failure.retried else 1)


@pytest.mark.parametrize(
    ("name", "http_status", "retried"),
    [("Throttling", 400, True), ("OptInRequired", 403, False), ("Whatever", 503, True)],
)
def test_a_failure_of_ones_own_knows_whether_it_is_retried(name, http_status, retried):
    assert Failure(name, http_status=http_status).retried is retried


def test_a_failure_of_ones_own_reaches_the_client(rds_export_tasks, rds_export_client):
    failure = Failure("OptInRequired", http_status=403, message="Sign up <first> & try again")
    rds_export_tasks.inject(failure)

    with pytest.raises(ClientError, match=failure.match) as caught:
        rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")

    assert caught.value.response["Error"] == {
        "Type": "Sender",
        "Code": "OptInRequired",
        "Message": "Sign up <first> & try again",
    }
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_any_text_can_be_replaced(rds_export_tasks, rds_export_client):
    rds_export_tasks.inject(replace(named("CancelExportTask", "ExportTaskNotFound"), message="No such task"))

    with pytest.raises(rds_export_client.exceptions.ExportTaskNotFoundFault) as caught:
        rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")

    assert caught.value.response["Error"]["Message"] == "No such task"


@pytest.mark.parametrize("failure", failures("CancelExportTask", "transport"), ids=lambda failure: failure.name)
def test_a_transport_failure_can_be_made_by_name(rds_export_tasks, failure):
    own = Failure(failure.name, kind="transport", operation="CancelExportTask", message="as you like it")

    met_by(client_with(mode="standard", max_attempts=1), rds_export_tasks, own)

    assert (own.code, own.http_status, own.exception) == (failure.code, failure.http_status, failure.exception)


def test_a_server_error_is_the_receivers(rds_export_tasks, rds_export_client):
    error = met_by(rds_export_client, rds_export_tasks, Failure("Broken", "CancelExportTask", http_status=599))

    assert error.response["Error"]["Type"] == "Receiver"


def test_repr_tells_what_the_failure_is():
    assert repr(named("CancelExportTask", "ExpiredToken")) == (
        "<Failure ExpiredToken (common of CancelExportTask, HTTP 403): "
        "The security token included in the request is expired>"
    )
    assert repr(Failure("SSLError", kind="transport", message="no")) == "<Failure SSLError (transport): no>"


def test_an_operation_in_snake_case_is_told_its_name():
    with pytest.raises(
        ValueError, match=r"^operations go by the API's name: 'CancelExportTask', not 'cancel_export_task'$"
    ):
        failures("cancel_export_task")


def test_an_unknown_operation_lists_some_of_rds_the_closest_first_and_how_many_there_are(service_model):
    with pytest.raises(ValueError, match="CancelExportTsk") as caught:
        failures("CancelExportTsk")

    said, _, listed = str(caught.value).partition("; known: ")
    assert said == "unknown RDS operation 'CancelExportTsk'"
    *names, rest = listed.split(", ")
    assert names[0] == "CancelExportTask"
    assert len(names) == 12
    assert set(names) < set(service_model.operation_names)
    assert rest == f"... {len(service_model.operation_names)} in all"


def test_an_unknown_kind_lists_the_kinds():
    with pytest.raises(ValueError, match=r"^unknown kind of failure 'rare'; known: documented, common, transport$"):
        failures("CancelExportTask", kinds=["documented", "rare"])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"name": ""}, "a failure's name is an error code such as 'OptInRequired', got ''"),
        ({"name": "Not a code"}, "a failure's name is an error code such as 'OptInRequired', got 'Not a code'"),
        ({"name": 404}, "a failure's name is an error code such as 'OptInRequired', got 404"),
        ({"kind": "comon"}, "unknown kind of failure 'comon'; known: common, documented, transport"),
        (
            {"name": "SslError", "kind": "transport"},
            f"unknown transport failure 'SslError'; known: {', '.join(['SSLError', *TRANSPORT[:4], *TRANSPORT[5:]])}",
        ),
        ({"http_status": 200}, "http_status goes from 400 to 599, got 200"),
        ({"http_status": 600}, "http_status goes from 400 to 599, got 600"),
        ({"http_status": "403"}, "http_status goes from 400 to 599, got '403'"),
        (
            {"name": "ProxyErrorPage", "kind": "transport", "http_status": 504},
            "the http_status of ProxyErrorPage is 502, got 504",
        ),
        (
            {"name": "ReadTimeoutError", "kind": "transport", "http_status": 400},
            "the http_status of ReadTimeoutError is None, got 400",
        ),
        ({"message": b"bytes"}, "message is a text, got b'bytes'"),
        (
            {"operation": "cancel_export_task"},
            "operations go by the API's name: 'CancelExportTask', not 'cancel_export_task'",
        ),
    ],
)
def test_a_value_that_is_not_allowed_is_named(arguments, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        Failure(**{"name": "OptInRequired", **arguments})
