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
def refuses(rds_export_tasks, client):
    """Assert that ``inject`` refuses a failure, after which nothing is injected."""

    def refuses(error, text, failure, **options):
        with raises_exactly(error, text):
            rds_export_tasks.inject(failure, **options)
        assert client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"

    return refuses


TIMES = "times must be an int of at least 1, or None for every attempt, got "
AFTER = "after must be a number of attempts, an int of at least 0, got "


@pytest.mark.parametrize(
    ("options", "text"),
    [
        *(({"times": times}, f"{TIMES}{times!r}") for times in (0, -1, 1.5, "2", True)),
        *(({"after": after}, f"{AFTER}{after!r}") for after in (-1, 1.5, "2", True, None)),
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
def test_wrong_option(refuses, options, text):
    """A wrong option is named with its value."""
    refuses(ValueError, text, "Throttling", **options)


ELSEWHERE = "If another operation fails with it, pass operation="


@pytest.mark.parametrize(
    ("name", "operation", "text"),
    [
        (
            "ExportTaskNotFond",
            None,
            f"unknown failure 'ExportTaskNotFond'. Did you mean 'ExportTaskNotFound'? {ELSEWHERE}",
        ),
        (
            "DBProxyNotFound",
            None,
            (
                "unknown failure 'DBProxyNotFound'. Did you mean 'DBSnapshotNotFound', 'IamRoleNotFound' or "
                f"'DBInstanceNotFound'? {ELSEWHERE}"
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
        # Only StartExportTask has it, although it is not in the service model.
        (
            "ExportTaskLimitReachedFault",
            "CancelExportTask",
            "CancelExportTask cannot fail with 'ExportTaskLimitReachedFault' (StartExportTask can)",
        ),
    ],
)
def test_unknown_name(refuses, name, operation, text):
    """A name that the operation cannot fail with is refused with similar names, or with an operation that can."""
    refuses(ValueError, text, name, operation=operation)


def listed(known):
    """Return the first names of a long list, as a message shows them."""
    return f"Use one of {', '.join(repr(name) for name in list(known)[:20])}, ... ({len(known)} in all)"


def test_unknown_name_like_none(refuses):
    """If no name is similar, the message lists the first of those of all operations that are handled."""
    handled = ["CancelExportTask", "DescribeExportTasks", "StartExportTask"]
    handled += [
        f"{verb}{kind}" for kind in ("DBSnapshot", "DBClusterSnapshot") for verb in ("Create", "Copy", "Delete")
    ]
    known = dict.fromkeys(name for operation in handled for name in names(operation))

    refuses(ValueError, f"unknown failure 'Xyz'. {listed(known)}. {ELSEWHERE}", "Xyz")


def test_failure_of_another_operation(refuses):
    """A failure of one operation that another does not have is refused with those that it has."""
    text = f"unknown failure 'Whatever' of CancelExportTask. {listed(names('CancelExportTask'))}"

    refuses(ValueError, text, Failure("Whatever", "StartExportTask"), operation="CancelExportTask")


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
def test_not_a_failure(refuses, failure, text):
    """What is not a failure is refused with its value."""
    refuses(TypeError, text, failure)


@pytest.mark.parametrize("response", [{}, {"Error": {"Code": "", "Message": "Slow down"}}])
def test_client_error_without_a_code(refuses, response):
    """A ClientError needs a code in its response."""
    text = f"failure must be a ClientError with a code in response['Error']['Code'], got the response {response!r}"
    refuses(ValueError, text, ClientError(response, "CancelExportTask"))


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
