"""fake_rds_export as the decorator of a test class."""

import asyncio
import io
import unittest

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from helpers.calls import cancel, described
from helpers.inner import lines_after, run
from helpers.reports import try_call
from pytest_rds_export import fake_rds_export

UNUSED = "ExportTaskNotFound was injected into CancelExportTask and never used. The test called nothing."


@pytest.fixture
def client():
    """Make an RDS client without credentials."""
    return boto3.Session().client("rds", "us-east-1")


class _Base:
    def test_inherited(self, client):
        return cancel(client)["Status"]

    @staticmethod
    def test_static(client):
        return cancel(client)["Status"]

    @classmethod
    def test_of_the_class(cls, client):
        return cls.__name__, cancel(client)["Status"]

    def helper(self, client):
        return cancel(client)

    test_number = 1


@fake_rds_export("nightly")
class _Decorated(_Base):
    def test_own(self, client, times=1):
        """Cancel an export."""
        return [cancel(client)["Status"]] * times

    class TestNested:
        def test_nested(self, client):
            return cancel(client)


def test_own_method(client, botocore_unchanged):
    """Each call of a test method has a registry of its own; the method keeps its name."""
    case = _Decorated()

    assert [case.test_own(client), case.test_own(client, times=2)] == [["CANCELING"], ["CANCELING"] * 2]
    assert (case.test_own.__name__, case.test_own.__doc__) == ("test_own", "Cancel an export.")


def test_inherited_methods(client):
    """Inherited test methods are decorated, too, of whatever kind; the base class is left alone."""
    case = fake_rds_export("nightly")(type("Decorated", (_Base,), {}))()

    assert case.test_inherited(client) == case.test_static(client) == "CANCELING"
    assert case.test_of_the_class(client) == ("Decorated", "CANCELING")
    assert case.test_number == 1
    with pytest.raises(NoCredentialsError):
        _Base().test_inherited(client)


def test_other_methods(client):
    """Other methods and nested classes are not decorated."""
    with pytest.raises(NoCredentialsError):
        _Decorated().helper(client)
    with pytest.raises(NoCredentialsError):
        _Decorated.TestNested().test_nested(client)


def outcome(case_class, name="test_it"):
    """Run a test of a TestCase and return what unittest counts: tests, failures, errors, skipped; and the messages."""
    result = unittest.TextTestRunner(io.StringIO()).run(case_class(name))
    messages = [text.strip().splitlines()[-1] for _, text in result.failures + result.errors]
    return result.testsRun, len(result.failures), len(result.errors), len(result.skipped), messages


@fake_rds_export("nightly")
class _Case(unittest.TestCase):
    """A test case whose tests and set-up use the fake."""

    __test__ = False

    def setUp(self):
        self.client = boto3.client("rds")
        self.steps = [described(self.client)["Status"]]
        self.addCleanup(lambda: self.steps.append(described(self.client)["Status"]))

    def tearDown(self):
        self.steps.append(described(self.client)["Status"])

    def test_it(self):
        self.steps.append(cancel(self.client)["Status"])


def test_test_case(botocore_unchanged):
    """The fake of a TestCase is active from its set-up to its last clean-up; each run has a registry of its own."""
    for method in ("run", "run", "debug"):
        case = _Case("test_it")
        result = getattr(case, method)()
        assert result is None or result.wasSuccessful()
        assert case.steps == ["IN_PROGRESS", "CANCELING", "CANCELING", "CANCELING"]


def test_subclass_of_a_test_case():
    """A subclass has the fake, too, also if its set-up does not call that of the decorated class."""

    class Sub(_Case):
        def setUp(self):
            self.steps = []
            self.client = boto3.client("rds")
            cancel(self.client)

        def test_it(self):
            assert described(self.client)["Status"] == "CANCELING"

    assert outcome(Sub) == (1, 0, 0, 0, [])


def test_end_check_of_a_test_case():
    """The end is checked if the test has passed; otherwise only its own failure is reported."""

    @fake_rds_export()
    class Test(unittest.TestCase):
        def setUp(self):
            try_call("describe_db_instances")

        def test_passes(self): ...

        def test_fails(self):
            self.fail("mine")

        def test_skips(self):
            self.skipTest("later")

    assert outcome(Test, "test_passes")[:4] == (1, 1, 0, 0)
    assert outcome(Test, "test_fails") == (1, 1, 0, 0, ["AssertionError: mine"])
    assert outcome(Test, "test_skips")[:4] == (1, 0, 0, 1)


def test_asynchronous_test_case(botocore_unchanged):
    """A coroutine method of a test case has the check at the end when all that it awaits has ended."""

    @fake_rds_export()
    class Test(unittest.IsolatedAsyncioTestCase):
        async def test_it(self):
            await asyncio.sleep(0)
            boto3.client("rds").describe_export_tasks()

        async def test_unhandled(self):
            await asyncio.sleep(0)
            try_call("describe_db_instances")

    assert outcome(Test)[:4] == (1, 0, 0, 0)
    assert outcome(Test, "test_unhandled")[:4] == (1, 1, 0, 0)


def test_error_in_set_up(botocore_unchanged):
    """A set-up that raises leaves nothing behind."""

    @fake_rds_export()
    class Test(unittest.TestCase):
        def setUp(self):
            raise LookupError("mine")

        def test_it(self): ...

    assert outcome(Test) == (1, 0, 1, 0, ["LookupError: mine"])


def test_under_pytest(pytester):
    """Pytest runs decorated classes of both kinds; what a session's fake says at its end is shown with the report."""
    result = run(
        pytester,
        """
import unittest

def cancel():
    return boto3.client("rds").cancel_export_task(ExportTaskIdentifier="nightly")["Status"]

@fake_rds_export("nightly")
class TestPlain:
    @pytest.mark.parametrize("times", [1, 2])
    def test_it(self, tmp_path, times):
        assert cancel() == "CANCELING"

@fake_rds_export("nightly")
class TestCase(unittest.TestCase):
    def setUp(self):
        cancel()

    def test_it(self):
        self.assertRaises(boto3.client("rds").exceptions.InvalidExportTaskStateFault, cancel)

@pytest.fixture(scope="session")
def tasks():
    with fake_rds_export("nightly") as tasks:
        yield tasks

def test_it(tasks):
    tasks.inject("ExportTaskNotFound")
""",
    )
    result.assert_outcomes(passed=4, errors=1)
    assert lines_after(result, "ERROR at teardown of test_it") == [
        f"{UNUSED} Do one of these:",
        "  - call CancelExportTask in the test",
        "  - allow it: assert_all_injected=False",
    ]
    assert lines_after(result, "--- rds export tasks ---")[0] == "what happened:"
    assert result.outlines[-2].startswith(f"ERROR test_it.py::test_it - Failed: {UNUSED[:20]}")
