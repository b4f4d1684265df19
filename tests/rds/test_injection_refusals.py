"""What ``inject`` refuses at once, and with which message."""

import pytest
from botocore.exceptions import ClientError

from helpers.errors import raises_exactly
from pytest_rds_export import Failure, failures

pytestmark = pytest.mark.rds_export_tasks("nightly", assert_all_injected=False)


def names(operation):
    """The names of the failures of an operation."""
    return [failure.name for failure in failures(operation)]


@pytest.fixture
def refusal(rds_export_tasks, client):
    """The error with which ``inject`` refuses a failure, after which nothing is injected."""

    def refusal(failure, **options):
        with pytest.raises((TypeError, ValueError)) as caught:
            rds_export_tasks.inject(failure, **options)
        assert client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"
        return caught.value

    return refusal


@pytest.mark.parametrize("times", [0, -1, 1.5, "2", True])
def test_wrong_times(refusal, times):
    """Times must be an int of at least 1."""
    error = refusal("Throttling", times=times)

    assert type(error) is ValueError
    assert str(error) == f"times must be an int of at least 1, or None for every attempt, got {times!r}"


@pytest.mark.parametrize("after", [-1, 1.5, "2", True, None])
def test_wrong_after(refusal, after):
    """After must be an int of at least 0."""
    error = refusal("Throttling", after=after)

    assert type(error) is ValueError
    assert str(error) == f"after must be a number of attempts, an int of at least 0, got {after!r}"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"identifier": 7}, "identifier must be a string, or None for every export task, got int 7"),
        ({"applied": 1}, "applied must be True or False, got 1"),
        (
            {"identifier": "nightly", "operation": "DeleteDBSnapshot"},
            (
                "identifier selects calls by their ExportTaskIdentifier, which DeleteDBSnapshot does not have. "
                "Pass where=, a function of the parameters"
            ),
        ),
    ],
)
def test_wrong_option(refusal, options, text):
    """A wrong option is named with its value."""
    error = refusal("Throttling", **options)

    assert type(error) is ValueError
    assert str(error) == text


@pytest.mark.parametrize(
    ("name", "operation", "text"),
    [
        (
            "ExportTaskNotFond",
            None,
            (
                "unknown failure 'ExportTaskNotFond'. Did you mean 'ExportTaskNotFound'? "
                "If another operation fails with it, pass "
                "operation="
            ),
        ),
        (
            "DBProxyNotFound",
            None,
            (
                "unknown failure 'DBProxyNotFound'. Did you mean 'DBSnapshotNotFound', 'IamRoleNotFound' or "
                "'DBInstanceNotFound'? If another operation fails with it, pass operation="
            ),
        ),
        (
            "Throtling",
            "DescribeExportTasks",
            "unknown failure 'Throtling' of DescribeExportTasks. Did you mean 'Throttling' or 'ThrottlingException'?",
        ),
        (
            "DBSnapshotNotFound",
            "DescribeExportTasks",
            "DescribeExportTasks cannot fail with 'DBSnapshotNotFound' (StartExportTask can)",
        ),
    ],
)
def test_unknown_name(refusal, name, operation, text):
    """A name that the operation cannot fail with is refused with similar names, or with an operation that can."""
    error = refusal(name, operation=operation)

    assert type(error) is ValueError
    assert str(error) == text


def test_unknown_name_like_none(refusal):
    """If no name is similar, the message lists the first of those of all operations that are handled."""
    handled = ["CancelExportTask", "DescribeExportTasks", "StartExportTask"]
    handled += [
        f"{verb}{kind}" for kind in ("DBSnapshot", "DBClusterSnapshot") for verb in ("Create", "Copy", "Delete")
    ]
    known = dict.fromkeys(name for operation in handled for name in names(operation))
    listed = ", ".join(repr(name) for name in list(known)[:20])

    error = refusal("Xyz")

    assert type(error) is ValueError
    assert str(error) == (
        f"unknown failure 'Xyz'. Use one of {listed}, ... ({len(known)} in all). "
        "If another operation fails with it, pass operation="
    )


def test_failure_of_another_operation(refusal):
    """A failure of one operation that another does not have is refused with those that it has."""
    known = names("CancelExportTask")
    listed = ", ".join(repr(name) for name in known[:20])

    error = refusal(Failure("Whatever", "StartExportTask"), operation="CancelExportTask")

    assert type(error) is ValueError
    assert str(error) == (
        f"unknown failure 'Whatever' of CancelExportTask. Use one of {listed}, ... ({len(known)} in all)"
    )


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (ClientError, "failure must be an instance, got the class ClientError. Write ClientError(...)"),
        (KeyboardInterrupt(), "failure must be an Exception, got KeyboardInterrupt(), which would end the test run"),
        (SystemExit, "failure must be an Exception, got <class 'SystemExit'>, which would end the test run"),
        (404, "failure must be a Failure, the name of one, or an exception, got int 404"),
        (int, "failure must be a Failure, the name of one, or an exception, got the class int"),
    ],
    ids=repr,
)
def test_not_a_failure(refusal, failure, text):
    """What is not a failure is refused with its value."""
    error = refusal(failure)

    assert type(error) is TypeError
    assert str(error) == text


@pytest.mark.parametrize("response", [{}, {"Error": {"Code": "", "Message": "Slow down"}}])
def test_client_error_without_a_code(refusal, response):
    """A ClientError needs a code in its response."""
    error = refusal(ClientError(response, "CancelExportTask"))

    assert type(error) is ValueError
    assert str(error) == (
        f"failure must be a ClientError with a code in response['Error']['Code'], got the response {response!r}"
    )


@pytest.mark.parametrize("identifier", [None, "nightly"])
def test_failure_that_would_never_be_used(rds_export_tasks, identifier):
    """A failure is refused if an earlier one takes all its attempts."""
    first = rds_export_tasks.inject("Throttling", identifier=identifier)

    with raises_exactly(
        ValueError,
        "<Injection AccessDenied into CancelExportTask of 'nightly': 1 attempt, 0 used> would never be used, because "
        f"{first!r} takes every attempt. Give the earlier one times=, or use it as a context manager",
    ):
        rds_export_tasks.inject("AccessDenied", identifier="nightly", times=1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"times": 1}, {}),
        ({"identifier": "nightly"}, {}),
        ({"identifier": "nightly"}, {"identifier": "weekly"}),
        ({"operation": "DescribeExportTasks"}, {"operation": "CancelExportTask"}),
    ],
)
def test_failure_that_can_be_used(rds_export_tasks, first, second):
    """A failure is accepted if the earlier one leaves it any attempts."""
    rds_export_tasks.inject("Throttling", **first)

    assert rds_export_tasks.inject("AccessDenied", **second).failure.name == "AccessDenied"


def test_after_a_removed_failure(rds_export_tasks):
    """A removed failure takes no attempts."""
    with rds_export_tasks.inject("Throttling"):
        pass

    assert rds_export_tasks.inject("AccessDenied", times=1).times == 1


def test_limit_of_exports_belongs_to_start(refusal):
    """A failure that only StartExportTask has is named as such, also if it is not in the service model."""
    error = refusal("ExportTaskLimitReachedFault", operation="CancelExportTask")
    assert str(error) == "CancelExportTask cannot fail with 'ExportTaskLimitReachedFault' (StartExportTask can)"
