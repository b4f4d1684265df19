"""The catalogue of failures, compared with botocore's service model and known responses of AWS."""

import re
from dataclasses import replace

import pytest

from helpers.aws import service_model
from helpers.calls import CALLS, call
from helpers.clients import client_with
from helpers.errors import raises_exactly
from helpers.names import TRANSPORT
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
# AWS's own messages, as far as they are known.
MESSAGES = {
    "ExpiredToken": "The security token included in the request is expired",
    "InvalidClientTokenId": "The security token included in the request is invalid.",
    "Throttling": "Rate exceeded",
    "InternalFailure": "An internal error has occurred. Please try your query again at a later time.",
    "IamRoleNotFound": (
        "The principal export.rds.amazonaws.com isn't allowed to assume the IAM role ARN or the IAM role ARN doesn't "
        "exist."
    ),
    "ExportTaskLimitReachedFault": "You have reached the limit of 5 concurrent export tasks",
}


def named(operation, name):
    """The failure of an operation that has this name."""
    return next(failure for failure in failures(operation) if failure.name == name)


def error_of(client, registry, failure):
    """The error that a client raises when its call fails with *failure*."""
    with registry.inject(failure), pytest.raises(failure.exception, match=failure.match) as caught:
        call(client, failure.operation)
    return caught.value


def test_documented_failures():
    """The documented failures of each operation are those of the service model."""
    for operation in service_model().operation_names:
        modelled = [
            (shape.metadata["error"]["code"], shape.metadata["error"]["httpStatusCode"])
            for shape in service_model().operation_model(operation).error_shapes
        ]
        documented = failures(operation, kinds=["documented"])
        assert [(failure.code, failure.http_status) for failure in documented] == modelled


@pytest.mark.parametrize(
    ("operation", "others"),
    [
        ("CancelExportTask", {}),
        ("DescribeExportTasks", {}),
        ("CreateDBInstance", {}),
        ("StartExportTask", {"ExportTaskLimitReachedFault": 400}),
    ],
)
def test_common_failures(operation, others):
    """The common failures are the same for any operation; only StartExportTask has the limit, too."""
    common = failures(operation, kinds=["common"])

    assert {failure.name: failure.http_status for failure in common} == {**COMMON, **others}
    assert {failure.operation for failure in common} == {operation}


def test_transport_failures():
    """The transport failures are the same for any operation."""
    transport = failures("DeleteDBInstance", kinds=["transport"])

    assert [failure.name for failure in transport] == TRANSPORT
    assert {failure.name: (failure.code, failure.http_status) for failure in transport} == {
        **dict.fromkeys(TRANSPORT, (None, None)),
        "ProxyErrorPage": ("502", 502),
    }


def test_order_of_kinds():
    """The failures keep the order of the catalogue, in whatever order the kinds are named."""
    everything = failures("CancelExportTask")

    assert [failure.kind for failure in everything] == ["documented"] * 2 + ["common"] * 12 + ["transport"] * 7
    assert failures("CancelExportTask", kinds=["transport", "common", "documented"]) == everything


@pytest.mark.parametrize(("name", "text"), MESSAGES.items(), ids=MESSAGES)
def test_message(name, text):
    """The message of a failure is AWS's own if it is known."""
    assert named("StartExportTask", name).message == text


def test_message_of_access_denied():
    """The message of AccessDenied names the operation."""
    expected = r"User: arn:aws:iam::\d{12}:user/\w+ is not authorized to perform: rds:CancelExportTask on resource: .+"

    assert re.fullmatch(expected, named("CancelExportTask", "AccessDenied").message)


@pytest.mark.parametrize("operation", CALLS)
def test_exception_and_match(rds_export_tasks, operation):
    """The attributes exception and match distinguish each failure from all others; retried says if it is retried."""
    client = client_with(mode="standard", max_attempts=1)
    errors = {failure: error_of(client, rds_export_tasks, failure) for failure in failures(operation)}

    attempts = [call.attempts for call in rds_export_tasks.calls]
    assert attempts == [2 if failure.retried else 1 for failure in errors]
    for failure in errors:
        matching = [
            other.name
            for other, error in errors.items()
            if isinstance(error, failure.exception) and re.search(failure.match or "", str(error))
        ]
        assert matching == [failure.name]


@pytest.mark.parametrize(
    ("name", "http_status", "retried"),
    [("Throttling", 400, True), ("OptInRequired", 403, False), ("Whatever", 503, True)],
)
def test_retried_of_a_custom_failure(name, http_status, retried):
    """The attribute retried is correct for a custom failure, too."""
    assert Failure(name, http_status=http_status).retried is retried


@pytest.mark.parametrize(("http_status", "kind"), [(403, "Sender"), (599, "Receiver")])
def test_custom_failure(rds_export_tasks, client, http_status, kind):
    """A custom failure reaches the client with its code, status and message, and whose fault the status says it is."""
    message = "Sign up <first> & try again"
    failure = Failure("OptInRequired", "CancelExportTask", http_status=http_status, message=message)

    response = error_of(client, rds_export_tasks, failure).response

    assert response["Error"] == {"Type": kind, "Code": "OptInRequired", "Message": message}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == http_status


def test_replaced_message(rds_export_tasks, client):
    """The message of a failure can be replaced."""
    failure = replace(named("CancelExportTask", "ExportTaskNotFound"), message="No such task")

    error = error_of(client, rds_export_tasks, failure)

    assert type(error) is client.exceptions.ExportTaskNotFoundFault
    assert error.response["Error"]["Message"] == "No such task"


@pytest.mark.parametrize("failure", failures("CancelExportTask", "transport"), ids=lambda failure: failure.name)
def test_custom_transport_failure(rds_export_tasks, failure):
    """A transport failure can be made by its name."""
    own = Failure(failure.name, kind="transport", operation="CancelExportTask", message="as you like it")

    error_of(client_with(mode="standard", max_attempts=1), rds_export_tasks, own)

    assert (own.code, own.http_status, own.exception) == (failure.code, failure.http_status, failure.exception)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ConnectTimeoutError", 'Connect timeout on endpoint URL: "https://rds.us-east-1.amazonaws.com/"'),
        ("SSLError", "SSL validation failed for https://rds.us-east-1.amazonaws.com/ the TLS handshake failed"),
    ],
)
def test_text_of_a_transport_failure(rds_export_tasks, name, text):
    """The exception of a transport failure names the URL of the request and, where botocore shows it, the message."""
    failure = named("CancelExportTask", name)

    error = error_of(client_with(mode="standard", max_attempts=1), rds_export_tasks, failure)

    assert str(error) == text


def test_default_status():
    """The status of a failure is 400 by default."""
    assert Failure("Whatever").http_status == 400


def test_repr():
    """The repr of a failure is one line: name, kind, operation, status and message."""
    assert repr(named("CancelExportTask", "ExpiredToken")) == (
        "<Failure ExpiredToken (common of CancelExportTask, HTTP 403): "
        "'The security token included in the request is expired'>"
    )
    assert repr(Failure("SSLError", kind="transport", message="n\no")) == r"<Failure SSLError (transport): 'n\no'>"


def test_unknown_operation():
    """An operation that is like none is refused with a part of the list."""
    names = service_model().operation_names
    first = ", ".join(map(repr, names[:20]))
    with raises_exactly(ValueError, f"unknown RDS operation 'xyz'. Use one of {first}, ... ({len(names)} in all)"):
        failures("xyz")


def test_unknown_kind():
    """An unknown kind is refused with the kinds there are."""
    text = "unknown kind of failure 'rare'. Use one of 'documented', 'common' or 'transport'"
    with raises_exactly(ValueError, text):
        failures("CancelExportTask", kinds=["documented", "rare"])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"name": ""}, "name must be an error code such as 'OptInRequired', got ''"),
        ({"name": "Not a code"}, "name must be an error code such as 'OptInRequired', got 'Not a code'"),
        ({"name": 404}, "name must be an error code such as 'OptInRequired', got 404"),
        ({"kind": "comon"}, "unknown kind of failure 'comon'. Did you mean 'common'?"),
        (
            {"name": "SslError", "kind": "transport"},
            "unknown transport failure 'SslError'. Did you mean 'SSLError'?",
        ),
        ({"http_status": 200}, "http_status must be an int from 400 to 599, got 200"),
        ({"http_status": 600}, "http_status must be an int from 400 to 599, got 600"),
        ({"http_status": "403"}, "http_status must be an int from 400 to 599, got str '403'"),
        (
            {"name": "ProxyErrorPage", "kind": "transport", "http_status": 504},
            "http_status of ProxyErrorPage must be 502, got 504",
        ),
        (
            {"name": "ReadTimeoutError", "kind": "transport", "http_status": 400},
            "http_status of ReadTimeoutError must be None, got 400",
        ),
        ({"message": b"bytes"}, "message must be a string, got bytes b'bytes'"),
        (
            {"operation": "cancel_export_task"},
            "use the API operation name 'CancelExportTask', not 'cancel_export_task'",
        ),
    ],
)
def test_wrong_value(arguments, text):
    """A value that is not allowed is refused; the message has the value and what is allowed."""
    with raises_exactly(ValueError, text):
        Failure(**{"name": "OptInRequired", **arguments})
