"""What ``inject`` refuses at once, in words that help."""

import re

import pytest
from botocore.exceptions import ClientError

from pytest_rds_export import Failure, failures

pytestmark = pytest.mark.rds_export_tasks("nightly", assert_all_injected=False)


def names(operation):
    return [failure.name for failure in failures(operation)]


@pytest.fixture
def refusal(rds_export_tasks, rds_export_client):
    """What ``inject`` says as it refuses; nothing of it stays behind."""

    def refusal(failure, **options):
        with pytest.raises((TypeError, ValueError)) as caught:
            rds_export_tasks.inject(failure, **options)
        assert rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"
        return caught.value

    return refusal


@pytest.mark.parametrize("times", [0, -1, 1.5, "2", True])
def test_times_below_one_or_no_whole_number(refusal, times):
    error = refusal("Throttling", times=times)

    assert type(error) is ValueError
    assert str(error) == f"times is a whole number of at least 1, or None for every send, got {times!r}"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"identifier": 7}, "identifier is that of an export task, or None for any, got 7"),
        ({"applied": 1}, "applied is True or False, got 1"),
        (
            {"operation": "cancel_export_task"},
            "operations go by the API's name: 'CancelExportTask', not 'cancel_export_task'",
        ),
    ],
)
def test_an_option_that_is_not_allowed(refusal, options, text):
    error = refusal("Throttling", **options)

    assert type(error) is ValueError
    assert str(error) == text


def test_an_unknown_operation_lists_the_closest_first(refusal):
    error = refusal("Throttling", operation="StartExportTsk")

    assert type(error) is ValueError
    assert str(error).startswith("unknown RDS operation 'StartExportTsk'; known: StartExportTask, ")


def test_an_unknown_name_lists_those_of_the_three_operations_the_closest_first(refusal):
    error = refusal("ExportTaskNotFond")

    said = re.fullmatch(
        r"unknown failure 'ExportTaskNotFond'; known: (.+); for another operation say operation=\.\.\.", str(error)
    )
    assert type(error) is ValueError
    assert said[1].startswith("ExportTaskNotFound, ")
    known = {*names("CancelExportTask"), *names("StartExportTask"), *names("DescribeExportTasks")}
    assert sorted(said[1].split(", ")) == sorted(known)


def test_a_name_without_operation_knows_only_the_three(refusal):
    assert str(refusal("DBInstanceNotFound")).endswith("; for another operation say operation=...")


@pytest.mark.parametrize(
    ("name", "closest"),
    [("DBSnapshotNotFound", "ExportTaskNotFound"), ("Throtling", "Throttling, ThrottlingException")],
)
def test_a_name_that_is_no_failure_of_the_operation_lists_its_own_the_closest_first(refusal, name, closest):
    error = refusal(name, operation="DescribeExportTasks")

    said, _, known = str(error).partition("; known: ")
    assert type(error) is ValueError
    assert said == f"{name!r} is no failure of DescribeExportTasks"
    assert known.startswith(f"{closest}, ")
    assert sorted(known.split(", ")) == sorted(names("DescribeExportTasks"))


def test_a_failure_of_another_operation(refusal):
    error = refusal(Failure("Whatever", "StartExportTask"), operation="CancelExportTask")

    assert type(error) is ValueError
    assert str(error) == f"'Whatever' is no failure of CancelExportTask; known: {', '.join(names('CancelExportTask'))}"


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (ClientError, "inject an instance of ClientError, not the class: ClientError(...)"),
        (KeyboardInterrupt(), "a failure is an Exception; KeyboardInterrupt() would end the test run"),
        (SystemExit, "a failure is an Exception; <class 'SystemExit'> would end the test run"),
        (404, "a failure is a Failure, its name or an exception instance, got 404"),
        (int, "a failure is a Failure, its name or an exception instance, got <class 'int'>"),
    ],
    ids=repr,
)
def test_what_is_no_failure(refusal, failure, text):
    error = refusal(failure)

    assert type(error) is TypeError
    assert str(error) == text


def test_a_client_error_without_a_code(refusal):
    error = refusal(ClientError({}, "CancelExportTask"))

    assert type(error) is ValueError
    assert str(error) == "a failure's name is an error code such as 'OptInRequired', got ''"


@pytest.mark.parametrize("endless", [None, "nightly"])
def test_one_behind_an_endless_one_that_covers_it(rds_export_tasks, endless):
    first = rds_export_tasks.inject("Throttling", identifier=endless)

    with pytest.raises(ValueError, match=r"^no send would ever get as far as ") as caught:
        rds_export_tasks.inject("AccessDenied", identifier="nightly", times=1)

    assert str(caught.value) == (
        "no send would ever get as far as <Injection AccessDenied into CancelExportTask of 'nightly': 1 send, "
        f"met by 0>: it stands behind {first!r}"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"times": 1}, {}),
        ({"identifier": "nightly"}, {}),
        ({"identifier": "nightly"}, {"identifier": "weekly"}),
        ({"operation": "DescribeExportTasks"}, {"operation": "CancelExportTask"}),
    ],
)
def test_one_behind_another_that_leaves_it_sends_is_taken(rds_export_tasks, first, second):
    rds_export_tasks.inject("Throttling", **first)

    assert rds_export_tasks.inject("AccessDenied", **second).failure.name == "AccessDenied"


def test_one_behind_an_endless_one_that_was_lifted_is_taken(rds_export_tasks):
    with rds_export_tasks.inject("Throttling"):
        pass

    assert rds_export_tasks.inject("AccessDenied", times=1).times == 1
