"""The checks at the end of a test that passed: unused injected failures and operations without a handler."""

import boto3
import pytest

from _aws import cancel_fails
from _inner import lines_after, run
from pytest_rds_export import UnansweredOperation, fake_rds_export
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
INJECT = 'rds_export_tasks.inject("AccessDenied")'
SWALLOW = """
def swallow():
    try:
        boto3.client("rds", "us-east-1").describe_db_instances()
    except AssertionError:
        pass
"""


def test_an_injection_that_no_send_met_fails_the_test_in_one_message(pytester):
    result = run(pytester, f"def test_it(rds_export_tasks):\n    {INJECT}\n")

    result.assert_outcomes(passed=1, errors=1)
    assert lines_after(result, "ERROR at teardown of test_it") == [NEVER_MET]
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.no_fnmatch_line("*rds export tasks*")


def test_an_unanswered_operation_that_was_swallowed_fails_the_test_in_one_message(pytester):
    result = run(pytester, f"{SWALLOW}\ndef test_it(rds_export_tasks):\n    swallow()\n")

    result.assert_outcomes(passed=1, errors=1)
    assert lines_after(result, "ERROR at teardown of test_it") == [NOBODY_ANSWERED]


def test_what_a_first_run_passed_does_not_count_in_a_second_one(pytester):
    """As where pytest-rerunfailures runs a test again."""
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


def test_all_that_is_left_over_is_told_at_once(pytester):
    result = run(
        pytester,
        f"""{SWALLOW}
def test_it(rds_export_tasks):
    {INJECT}
    rds_export_tasks.inject("Throttling", operation="StartExportTask", identifier="nightly")
    swallow()
""",
    )

    result.assert_outcomes(passed=1, errors=1)
    assert lines_after(result, "ERROR at teardown of test_it") == [
        NEVER_MET,
        ONE_NEVER_MET,
        NOBODY_ANSWERED,
    ]


def test_an_injection_that_was_lifted_unmet_counts_as_unmet(pytester):
    result = run(pytester, f"def test_it(rds_export_tasks):\n    with {INJECT}:\n        pass\n")

    assert lines_after(result, "ERROR at teardown of test_it") == [NEVER_MET]


def test_one_send_makes_an_injection_used(pytester):
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


def test_an_armed_failure_fixture_that_no_call_meets_fails_the_test(pytester):
    result = run(pytester, "def test_it(rds_export_failure):\n    pass\n", "-k", "ExportTaskNotFound")

    assert lines_after(result, "ERROR at teardown of test_it") == [
        NEVER_MET.replace("AccessDenied", "ExportTaskNotFound")
    ]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("assert False", {"failed": 1}),
        ("pytest.skip()", {"skipped": 1}),
        ("pytest.xfail()", {"xfailed": 1}),
    ],
)
def test_a_test_that_did_not_pass_keeps_its_own_outcome_alone(pytester, body, outcome):
    result = run(pytester, f"def test_it(rds_export_tasks):\n    {INJECT}\n    {body}\n")

    result.assert_outcomes(**outcome)


def test_a_set_up_that_failed_keeps_its_own_error_alone(pytester):
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
    result.stdout.no_fnmatch_line("*no send met it*")


@pytest.mark.parametrize(
    ("option", "body"),
    [("assert_all_injected", INJECT), ("assert_all_answered", "swallow()")],
)
def test_each_check_can_be_switched_off_by_itself(pytester, option, body):
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


def test_clearing_unanswered_says_that_it_was_expected(pytester):
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


def test_it_is_made_after_all_fixtures_of_the_function_have_ended(pytester):
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

def test_met_in_a_teardown(late, rds_export_tasks):
    {INJECT}

def test_never_met(outer, rds_export_tasks):
    {INJECT}
""",
    )

    result.assert_outcomes(passed=2, errors=1)
    assert lines_after(result, "ERROR at teardown of test_never_met") == [NEVER_MET]
    result.stdout.fnmatch_lines(["*Captured stdout teardown*", "outer has ended"])


def test_a_teardown_that_failed_keeps_its_own_error_alone(pytester):
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
    result.stdout.no_fnmatch_line("*no send met it*")


def test_without_pytest_the_context_manager_raises_at_its_exit():
    with pytest.raises(AssertionError) as caught, fake_rds_export() as registry:
        registry.inject("AccessDenied")

    assert str(caught.value) == NEVER_MET


def test_without_pytest_an_error_of_the_body_is_kept_alone():
    broken = RuntimeError("broken")

    def body():
        with fake_rds_export() as registry:
            registry.inject("AccessDenied")
            raise broken

    with pytest.raises(RuntimeError) as caught:
        body()

    assert caught.value is broken


def test_a_test_whose_subtests_passed_and_which_then_failed_keeps_its_own_failure_alone(pytester):
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
