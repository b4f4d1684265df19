"""The checks at the end of a test that passed: unused injected failures and operations without a handler."""

import boto3
import pytest
from botocore.exceptions import ClientError

from helpers.inner import lines_after, run
from pytest_rds_export import Failure, UnansweredOperation, fake_rds_export
from pytest_rds_export._fake import recent_accounts
from pytest_rds_export._report import check_end

UNUSED = """\
AccessDenied was injected into CancelExportTask and never used. The test called nothing. Do one of these:
  - call CancelExportTask in the test
  - allow it: assert_all_injected=False"""
UNHANDLED = """\
no handler for DescribeDBInstances, called 1 time in us-east-1. Do one of these:
  - give it a response: rds_export_tasks.stub('DescribeDBInstances', {...})
  - use moto alongside: @mock_aws
  - register a handler for before-send.rds.DescribeDBInstances
  - allow it: assert_all_answered=False, or unanswered.clear()"""
PARAMETERS = ("ExportTaskIdentifier", "SourceArn", "S3BucketName", "IamRoleArn", "KmsKeyId")
INJECT = 'rds_export_tasks.inject("AccessDenied")'
SWALLOW = """
def swallow():
    try:
        boto3.client("rds", "us-east-1").describe_db_instances()
    except AssertionError:
        pass
"""


@pytest.fixture
def tasks():
    """The registry of a fake whose end is not checked by itself."""
    with fake_rds_export() as registry:
        yield registry
        registry.options.assert_all_injected = registry.options.assert_all_answered = False


def problem():
    """Return what the checks of the latest fake say."""
    return check_end(recent_accounts()[-1])


def call(operation, region="us-east-1", **parameters):
    """Call an operation, which may fail."""
    try:
        return getattr(boto3.client("rds", region), operation)(**parameters)
    except (ClientError, UnansweredOperation) as error:
        return error


def test_nothing_wrong(tasks):
    """Without injected failures and calls there is nothing to say."""
    assert problem() == ""


def test_unused_and_nothing_called(tasks):
    """An unused failure is named, with what to do."""
    tasks.inject("AccessDenied")

    assert problem() == UNUSED


def test_unused_and_other_operations_called(tasks):
    """What was called instead is named, and how to make it fail."""
    tasks.seed("nightly")
    tasks.inject("AccessDenied")
    call("describe_export_tasks")
    call("describe_export_tasks")
    call("start_export_task", **dict.fromkeys(PARAMETERS, "x"))

    assert problem() == (
        "AccessDenied was injected into CancelExportTask and never used. The test called DescribeExportTasks x2, "
        "StartExportTask. Do one of these:\n"
        "  - call CancelExportTask in the test\n"
        "  - fail what is called: inject(..., operation='DescribeExportTasks')\n"
        "  - for the fixture rds_export_failure: @pytest.mark.rds_export_failure('DescribeExportTasks')\n"
        "  - allow it: assert_all_injected=False"
    )


def test_unused_and_other_tasks_named(tasks):
    """For a failure of one export task, the calls are listed with the tasks that they named."""
    tasks.inject("Throttling", identifier="nightly")
    call("cancel_export_task", ExportTaskIdentifier="weekly")
    call("cancel_export_task", ExportTaskIdentifier="weekly")

    assert problem() == (
        "Throttling was injected into CancelExportTask of 'nightly' and never used. The test called CancelExportTask "
        "of 'weekly' x2. Do one of these:\n"
        "  - call CancelExportTask of 'nightly' in the test\n"
        "  - allow it: assert_all_injected=False"
    )


@pytest.mark.parametrize(
    ("failure", "name", "fits"),
    [
        ("InvalidExportTaskStateFault", "InvalidExportTaskStateFault", False),
        ("ExportTaskNotFound", "ExportTaskNotFound", True),
        (Failure("SomethingNew"), "SomethingNew", False),
        (OSError("broken"), "OSError('broken')", True),
    ],
    ids=["own failure", "shared failure", "new failure", "exception"],
)
def test_unused_failure_of_another_operation(tasks, failure, name, fits):
    """What was called instead is advised only if it can fail so."""
    tasks.inject(failure)
    call("describe_export_tasks")

    other = (
        "  - fail what is called: inject(..., operation='DescribeExportTasks')\n"
        "  - for the fixture rds_export_failure: @pytest.mark.rds_export_failure('DescribeExportTasks')\n"
    )
    assert problem() == (
        f"{name} was injected into CancelExportTask and never used. The test called DescribeExportTasks. "
        "Do one of these:\n"
        "  - call CancelExportTask in the test\n"
        f"{other if fits else ''}"
        "  - allow it: assert_all_injected=False"
    )


@pytest.mark.parametrize("calls", [1, 2])
def test_still_waiting_for_its_attempts(tasks, calls):
    """Of a failure with after=, it is said how many attempts have passed."""
    tasks.inject("AccessDenied", operation="DescribeExportTasks", after=2)
    for _ in range(calls):
        call("describe_export_tasks")

    assert problem() == (
        f"AccessDenied was injected into DescribeExportTasks and never used: {calls} of 2 attempts passed before it. "
        f"The test called DescribeExportTasks{' x2' if calls == 2 else ''}. Do one of these:\n"
        "  - call DescribeExportTasks more often in the test, or lower after=\n"
        "  - allow it: assert_all_injected=False"
    )


def test_used_once(tasks):
    """One attempt makes a failure used."""
    tasks.inject("AccessDenied", times=5)
    call("cancel_export_task", ExportTaskIdentifier="nightly")

    assert problem() == ""


def test_removed_before_its_use(tasks):
    """A failure that was removed before any attempt is unused."""
    with tasks.inject("AccessDenied"):
        pass

    assert problem() == UNUSED


def test_unhandled(tasks):
    """Unhandled operations are named by region, with what to do."""
    call("describe_db_instances")
    call("describe_db_snapshots", "eu-west-1")
    call("describe_db_snapshots", "eu-west-1")

    assert problem() == (
        f"{UNHANDLED}\n"
        "no handler for DescribeDBSnapshots, called 2 times in eu-west-1. Do one of these:\n"
        "  - seed a snapshot: rds_export_tasks.seed_snapshot('nightly')\n"
        "  - give it a response: rds_export_tasks.stub('DescribeDBSnapshots', {...})\n"
        "  - use moto alongside: @mock_aws\n"
        "  - register a handler for before-send.rds.DescribeDBSnapshots\n"
        "  - allow it: assert_all_answered=False, or unanswered.clear()"
    )


def test_cleared_unanswered(tasks):
    """Clearing the list allows the calls so far."""
    call("describe_db_instances")
    assert [call.operation for call in tasks.unanswered] == ["DescribeDBInstances"]
    tasks.unanswered.clear()

    assert problem() == ""


@pytest.mark.parametrize("option", ["assert_all_injected", "assert_all_answered"])
def test_options(option):
    """Each check has an option that switches it off."""
    with fake_rds_export(**{option: False}) as tasks:
        tasks.inject("AccessDenied", operation="StartExportTask")
        call("describe_db_instances")
        found = problem()
        tasks.options.assert_all_injected = tasks.options.assert_all_answered = False

    assert ("never used" in found, "no handler" in found) == (
        option != "assert_all_injected",
        option != "assert_all_answered",
    )


def test_unused_fails_the_test(pytester):
    """An unused failure is an error at teardown, which is the message alone."""
    result = run(pytester, f"def test_it(rds_export_tasks):\n    {INJECT}\n")

    result.assert_outcomes(passed=1, errors=1)
    assert lines_after(result, "ERROR at teardown of test_it") == UNUSED.splitlines()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.no_fnmatch_line("*rds export tasks*")


def test_unhandled_fails_the_test(pytester):
    """An unhandled operation fails the test, even if the error was swallowed."""
    result = run(pytester, f"{SWALLOW}\ndef test_it(rds_export_tasks):\n    swallow()\n")

    result.assert_outcomes(passed=1, errors=1)
    assert lines_after(result, "ERROR at teardown of test_it") == UNHANDLED.splitlines()


def test_rerun(pytester):
    """A rerun, as by pytest-rerunfailures, is checked by its own outcome, not by that of the first run."""
    pytester.makeconftest(
        """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    runtestprotocol(item, nextitem=nextitem, log=False)
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
    )
    result = run(
        pytester, f"runs = []\n\ndef test_it(rds_export_tasks):\n    runs.append({INJECT})\n    assert runs[1:] == []\n"
    )

    result.assert_outcomes(failed=1)


def test_all_at_once(pytester):
    """All that is wrong is one error."""
    result = run(
        pytester,
        f"""{SWALLOW}
def test_it(rds_export_tasks):
    rds_export_tasks.inject("ExportTaskNotFound")
    rds_export_tasks.inject("InvalidS3BucketFault", identifier="nightly")
    swallow()
""",
    )

    result.assert_outcomes(passed=1, errors=1)
    assert lines_after(result, "ERROR at teardown of test_it") == [
        (
            "ExportTaskNotFound was injected into CancelExportTask and never used. The test called "
            "DescribeDBInstances. Do one of these:"
        ),
        "  - call CancelExportTask in the test",
        "  - allow it: assert_all_injected=False",
        (
            "InvalidS3BucketFault was injected into StartExportTask of 'nightly' and never used. The test called "
            "DescribeDBInstances. Do one of these:"
        ),
        "  - call StartExportTask of 'nightly' in the test",
        "  - allow it: assert_all_injected=False",
        *UNHANDLED.splitlines(),
    ]


def test_used_in_a_test(pytester):
    """A test that uses its failure passes."""
    result = run(
        pytester,
        """
def test_it(rds_export_tasks, rds_export_client):
    rds_export_tasks.inject("AccessDenied", times=5)
    with pytest.raises(rds_export_client.exceptions.ClientError):
        rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")
""",
    )

    result.assert_outcomes(passed=1)


def test_failure_fixture(pytester):
    """The failure of rds_export_failure must be used as well."""
    result = run(pytester, "def test_it(rds_export_failure):\n    pass\n", "-k", "ExportTaskNotFound")

    assert (
        lines_after(result, "ERROR at teardown of test_it")
        == UNUSED.replace("AccessDenied", "ExportTaskNotFound").splitlines()
    )


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("assert False", {"failed": 1}),
        ("pytest.skip()", {"skipped": 1}),
        ("pytest.xfail()", {"xfailed": 1}),
    ],
)
def test_test_that_did_not_pass(pytester, body, outcome):
    """A test that did not pass is not checked."""
    result = run(pytester, f"def test_it(rds_export_tasks):\n    {INJECT}\n    {body}\n")

    result.assert_outcomes(**outcome)


def test_failed_setup(pytester):
    """A failed setup keeps its own error alone."""
    result = run(
        pytester,
        f"""
@pytest.fixture
def broken(rds_export_tasks):
    {INJECT}
    raise RuntimeError("broken set-up")

def test_it(broken):
    pass
""",
    )

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E * RuntimeError: broken set-up"])
    result.stdout.no_fnmatch_line("*never used*")


@pytest.mark.parametrize(
    ("option", "body"),
    [("assert_all_injected", INJECT), ("assert_all_answered", "swallow()")],
)
def test_options_of_the_marker(pytester, option, body):
    """The marker can switch off each check."""
    result = run(
        pytester,
        f"""{SWALLOW}
@pytest.mark.rds_export_tasks({option}=False)
def test_off(rds_export_tasks):
    {body}

def test_on(rds_export_tasks):
    {body}
""",
    )

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["* ERROR at teardown of test_on *"])


def test_cleared_unanswered_in_a_test(pytester):
    """A test that clears the list passes."""
    result = run(
        pytester,
        f"""{SWALLOW}
def test_it(rds_export_tasks):
    swallow()
    assert [call.operation for call in rds_export_tasks.unanswered] == ["DescribeDBInstances"]
    rds_export_tasks.unanswered.clear()
""",
    )

    result.assert_outcomes(passed=1)


def test_after_all_fixtures(pytester):
    """The checks are made after all fixtures of the function have ended."""
    result = run(
        pytester,
        f"""
@pytest.fixture
def outer():
    yield
    print("outer has ended")

@pytest.fixture
def late(outer, rds_export_tasks, rds_export_client):
    yield
    with pytest.raises(rds_export_client.exceptions.ClientError):
        rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")

def test_used(late, rds_export_tasks):
    {INJECT}

def test_unused(outer, rds_export_tasks):
    {INJECT}
""",
    )

    result.assert_outcomes(passed=2, errors=1)
    assert lines_after(result, "ERROR at teardown of test_unused") == UNUSED.splitlines()
    result.stdout.fnmatch_lines(["*Captured stdout teardown*", "outer has ended"])


def test_failed_teardown(pytester):
    """A failed teardown keeps its own error alone."""
    result = run(
        pytester,
        f"""
@pytest.fixture
def broken():
    yield
    raise RuntimeError("broken teardown")

def test_it(broken, rds_export_tasks):
    {INJECT}

def test_next(rds_export_tasks):
    pass
""",
    )

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["E * RuntimeError: broken teardown"])
    result.stdout.no_fnmatch_line("*never used*")


def test_fake_rds_export():
    """Without pytest, the context manager raises at its exit."""
    with pytest.raises(AssertionError) as caught, fake_rds_export() as registry:
        registry.inject("AccessDenied")

    assert str(caught.value) == UNUSED


def test_error_in_fake_rds_export():
    """Without pytest, an error of the block is kept alone."""
    broken = RuntimeError("broken")

    def body():
        with fake_rds_export() as registry:
            registry.inject("AccessDenied")
            raise broken

    with pytest.raises(RuntimeError) as caught:
        body()

    assert caught.value is broken


def test_failed_subtest(pytester):
    """A test with a failed subtest is not checked, whatever the others did."""
    result = run(
        pytester,
        f"""
import unittest

class TestIt(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def tasks(self, rds_export_tasks):
        self.tasks = rds_export_tasks

    def test_it(self):
        self.tasks.{INJECT.partition(".")[2]}
        with self.subTest("one"):
            pass
        with self.subTest("another"):
            assert False
        with self.subTest("a third"):
            pass
""",
    )

    assert result.parseoutcomes().get("errors") is None
    result.stdout.no_fnmatch_line("*ERROR*")
