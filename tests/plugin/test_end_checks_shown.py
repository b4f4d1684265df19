"""Which tests the checks at the end of a test fail: those that passed, with the message alone."""

from helpers.inner import blocks, run

UNUSED = "was injected into CancelExportTask and never used. The test called"
UNHANDLED = "no handler for DescribeDBInstances, called 1 time in us-east-1. Do one of these:"
SWALLOW = """
def swallow():
    try:
        boto3.client("rds", "us-east-1").describe_db_instances()
    except AssertionError:
        pass
"""


def test_failing_tests(pytester):
    """A test that passed has an error at its teardown: one message about all that is wrong, and no traceback.

    A failure that a fixture uses at its end is used.
    """
    result = run(
        pytester,
        f"""{SWALLOW}
def test_unused(rds_export_tasks):
    rds_export_tasks.inject("AccessDenied")

@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_unhandled(rds_export_tasks):
    rds_export_tasks.inject("AccessDenied")
    swallow()

@pytest.mark.rds_export_failure(exclude="InvalidExportTaskStateFault")
def test_fixture(rds_export_failure):
    pass

def test_both(rds_export_tasks):
    rds_export_tasks.inject("InvalidS3BucketFault", identifier="nightly")
    swallow()

@pytest.fixture
def outer():
    yield
    print("outer has ended")

def test_after_all_fixtures(outer, rds_export_tasks):
    rds_export_tasks.inject("AccessDenied")

@pytest.fixture
def late(rds_export_client):
    yield
    with pytest.raises(rds_export_client.exceptions.ClientError):
        rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")

def test_used_at_the_end(late, rds_export_tasks):
    rds_export_tasks.inject("AccessDenied")
""",
    )

    result.assert_outcomes(passed=6, errors=5)
    found = {heading.removeprefix("ERROR at teardown of "): lines for heading, lines in blocks(result).items()}
    title = " rds export tasks ".center(80, "-")
    messages = {name: lines[: lines.index(title)] if title in lines else lines for name, lines in found.items()}
    assert {name: [line for line in lines if line[:2] != "  "] for name, lines in messages.items()} == {
        "test_unused": [f"AccessDenied {UNUSED} nothing. Do one of these:"],
        "test_unhandled": [UNHANDLED],
        "test_fixture[ExportTaskNotFound]": [f"ExportTaskNotFound {UNUSED} nothing. Do one of these:"],
        "test_both": [
            (
                "InvalidS3BucketFault was injected into StartExportTask of 'nightly' and never used. The test called "
                "DescribeDBInstances. Do one of these:"
            ),
            UNHANDLED,
        ],
        "test_after_all_fixtures": [
            f"AccessDenied {UNUSED} nothing. Do one of these:",
            " Captured stdout teardown ".center(80, "-"),
            "outer has ended",
        ],
    }


def test_tests_that_did_not_pass(pytester):
    """A test that did not pass, in whatever phase or subtest, keeps its own outcome alone."""
    result = run(
        pytester,
        """
import unittest

@pytest.fixture
def injected(rds_export_tasks):
    rds_export_tasks.inject("AccessDenied")

@pytest.fixture
def broken_set_up(injected):
    raise RuntimeError("broken set-up")

@pytest.fixture
def broken_teardown():
    yield
    raise RuntimeError("broken teardown")

def test_fails(injected):
    assert False

def test_skips(injected):
    pytest.skip()

def test_fails_as_expected(injected):
    pytest.xfail()

def test_fails_at_setup(broken_set_up):
    pass

def test_fails_at_teardown(broken_teardown, injected):
    pass

def test_after_it(rds_export_tasks):
    pass

@pytest.fixture
def bare():
    yield
    raise AssertionError

def test_bare_assertion_at_teardown(bare, rds_export_tasks):
    pass

@pytest.mark.usefixtures("injected")
class TestSubtests(unittest.TestCase):
    def test_fails_in_a_subtest(self):
        with self.subTest("one"):
            pass
        with self.subTest("another"):
            assert False
        with self.subTest("a third"):
            pass
""",
    )

    outcomes = result.parseoutcomes()
    assert {name: outcomes[name] for name in ("errors", "skipped", "xfailed")} == {
        "errors": 3,
        "skipped": 1,
        "xfailed": 1,
    }
    found = blocks(result)
    assert [heading for heading in found if heading.startswith("ERROR")] == [
        "ERROR at setup of test_fails_at_setup",
        "ERROR at teardown of test_fails_at_teardown",
        "ERROR at teardown of test_bare_assertion_at_teardown",
    ]
    assert "E       RuntimeError: broken set-up" in found["ERROR at setup of test_fails_at_setup"]
    assert "E       RuntimeError: broken teardown" in found["ERROR at teardown of test_fails_at_teardown"]
    # It has no message, which another fixture's assertion may have, too.
    lines = found["ERROR at teardown of test_bare_assertion_at_teardown"]
    assert ">       raise AssertionError" in lines
    assert "E       AssertionError" in lines
    # The report hints at it; the check says what to do.
    result.stdout.no_fnmatch_line("*never used. *")


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
        pytester,
        """
runs = []

def test_passes_first(rds_export_tasks):
    rds_export_tasks.inject("AccessDenied")
    runs.append("passes first")
    assert runs.count("passes first") == 1

def test_fails_first(rds_export_tasks):
    rds_export_tasks.inject("AccessDenied")
    runs.append("fails first")
    assert runs.count("fails first") == 2
""",
    )

    result.assert_outcomes(failed=1, passed=1, errors=1)
    assert list(blocks(result)) == ["ERROR at teardown of test_fails_first", "test_passes_first"]
