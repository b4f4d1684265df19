"""Which tests the checks at the end of a test fail: those that passed, with the message alone."""

from helpers.inner import blocks, run

UNUSED = [
    "AccessDenied was injected into CancelExportTask and never used. The test called nothing. Do one of these:",
    "  - call CancelExportTask in the test",
    "  - allow it: assert_all_injected=False",
]
UNHANDLED = [
    "no handler for DescribeDBInstances, called 1 time in us-east-1. Do one of these:",
    "  - seed a database: rds_export_tasks.seed_database('orders')",
    "  - give it a response: rds_export_tasks.stub('DescribeDBInstances', {...})",
    "  - use moto alongside: @mock_aws",
    "  - register a handler for before-send.rds.DescribeDBInstances",
    "  - allow it: assert_all_handled=False, or unhandled.clear()",
]
SWALLOW = """
def swallow():
    try:
        boto3.client("rds", "us-east-1").describe_db_instances()
    except AssertionError:
        pass
"""


def test_failing_tests(pytester):
    """A test that passed has an error at its teardown: one message about all that is wrong, and no traceback."""
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
""",
    )

    result.assert_outcomes(passed=5, errors=5)
    found = {heading.removeprefix("ERROR at teardown of "): lines for heading, lines in blocks(result).items()}
    title = " rds export tasks ".center(80, "-")
    assert found["test_unused"] == UNUSED
    assert found["test_unhandled"][: found["test_unhandled"].index(title)] == UNHANDLED
    assert found["test_fixture[ExportTaskNotFound]"] == [
        UNUSED[0].replace("AccessDenied", "ExportTaskNotFound"),
        *UNUSED[1:],
    ]
    assert found["test_both"][: found["test_both"].index(title)] == [
        (
            "InvalidS3BucketFault was injected into StartExportTask of 'nightly' and never used. The test called "
            "DescribeDBInstances. Do one of these:"
        ),
        "  - call StartExportTask of 'nightly' in the test",
        "  - allow it: assert_all_injected=False",
        *UNHANDLED,
    ]
    captured = " Captured stdout teardown ".center(80, "-")
    assert found["test_after_all_fixtures"] == [*UNUSED, captured, "outer has ended"]


def test_passing_tests(pytester):
    """A failure that is used, even by a fixture at its end, and an operation that is allowed are no error."""
    result = run(
        pytester,
        f"""{SWALLOW}
def cancel(client):
    with pytest.raises(client.exceptions.ClientError):
        client.cancel_export_task(ExportTaskIdentifier="nightly")

@pytest.fixture
def late(rds_export_client):
    yield
    cancel(rds_export_client)

def test_used(rds_export_tasks, rds_export_client):
    rds_export_tasks.inject("AccessDenied", times=5)
    cancel(rds_export_client)

def test_used_at_the_end(late, rds_export_tasks):
    rds_export_tasks.inject("AccessDenied")

@pytest.mark.rds_export_tasks(assert_all_injected=False, assert_all_handled=False)
def test_switched_off(rds_export_tasks):
    rds_export_tasks.inject("AccessDenied")
    swallow()

def test_cleared(rds_export_tasks):
    swallow()
    rds_export_tasks.unhandled.clear()
""",
    )

    result.assert_outcomes(passed=4)


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
        "errors": 2,
        "skipped": 1,
        "xfailed": 1,
    }
    found = blocks(result)
    assert [heading for heading in found if heading.startswith("ERROR")] == [
        "ERROR at setup of test_fails_at_setup",
        "ERROR at teardown of test_fails_at_teardown",
    ]
    assert "E       RuntimeError: broken set-up" in found["ERROR at setup of test_fails_at_setup"]
    assert "E       RuntimeError: broken teardown" in found["ERROR at teardown of test_fails_at_teardown"]
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


def test_bare_assertion_at_teardown(pytester):
    """An assertion without a message in another fixture keeps its traceback."""
    result = run(
        pytester,
        """
@pytest.fixture
def other():
    yield
    raise AssertionError

def test_it(other, rds_export_tasks):
    pass
""",
    )
    result.assert_outcomes(passed=1, errors=1)
    assert "E       AssertionError" in result.outlines
