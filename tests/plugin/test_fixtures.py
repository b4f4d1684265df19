"""The fixtures and markers as users of pytest meet them."""

from importlib.metadata import entry_points

import pytest

from helpers.inner import blocks, run


def test_entry_point():
    """Pytest finds the plugin by the entry point rds_export."""
    (found,) = [entry for entry in entry_points(group="pytest11") if entry.name == "rds_export"]

    assert found.value == "pytest_rds_export.plugin"


@pytest.mark.loopback
def test_each_fixture(pytester):
    """Each test has a registry of its own, and a client, a clock and an endpoint for it, also in a TestCase.

    A fake of a module responds also after its first test, whose end removes only what is left of ended fakes.
    """
    result = run(
        pytester,
        """
import os
import unittest

@pytest.fixture(scope="module")
def tasks_of_a_module():
    with fake_rds_export("nightly") as tasks:
        yield tasks

@pytest.mark.parametrize("number", [1, 2, 3])
def test_fake_of_a_module(number, tasks_of_a_module):
    boto3.client("rds").describe_export_tasks()
    assert len(tasks_of_a_module.calls) == number

@pytest.mark.parametrize("often", [1, 2])
def test_own_registry(rds_export_tasks, often):
    rds_export_tasks.seed("nightly")
    assert (len(rds_export_tasks), rds_export_tasks.calls) == (1, [])

@pytest.mark.rds_export_tasks("nightly", region="eu-west-1")
def test_client(rds_export_client, rds_export_tasks):
    assert rds_export_client.meta.region_name == rds_export_tasks.region == "eu-west-1"
    rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")
    assert rds_export_tasks["nightly"].status == "CANCELING"

@pytest.fixture
def outside():
    assert "AWS_ENDPOINT_URL_RDS" not in os.environ
    yield
    assert "AWS_ENDPOINT_URL_RDS" not in os.environ

def test_endpoint(outside, rds_export_endpoint):
    assert rds_export_endpoint.startswith("http://127.0.0.1:")
    assert os.environ["AWS_ENDPOINT_URL_RDS"] == rds_export_endpoint

class TestUnittest(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def tasks(self, rds_export_tasks):
        self.tasks = rds_export_tasks

    @pytest.mark.rds_export_tasks("nightly")
    def test_it(self):
        boto3.client("rds").cancel_export_task(ExportTaskIdentifier="nightly")
        self.assertEqual(self.tasks["nightly"].status, "CANCELING")
""",
    )

    result.assert_outcomes(passed=8)


def test_seed(pytester):
    """A conftest and a class can override the seed; the marker adds to it."""
    pytester.makeconftest(
        """
import pytest
from pytest_rds_export import ExportTask

@pytest.fixture
def rds_export_seed():
    return ["nightly", ExportTask("done", status="COMPLETE")]
"""
    )
    result = run(
        pytester,
        """
def test_conftest(rds_export_tasks):
    assert [(task.identifier, task.status) for task in rds_export_tasks.values()] == [
        ("nightly", "IN_PROGRESS"), ("done", "COMPLETE")]

class TestClass:
    @pytest.fixture
    def rds_export_seed(self, rds_export_seed):
        return [*rds_export_seed, "more"]

    @pytest.mark.rds_export_tasks("marked")
    def test_class(self, rds_export_tasks):
        assert list(rds_export_tasks) == ["nightly", "done", "more", "marked"]
""",
    )

    result.assert_outcomes(passed=2)


def test_region_of_the_client(rds_export_tasks, monkeypatch, request):
    """The client is in the default region of the registry, whatever the environment says meanwhile."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    assert request.getfixturevalue("rds_export_client").meta.region_name == "us-east-1"


MARKERS = {"rds_export_tasks": "", "rds_export_failure": '"CancelExportTask"', "rds_export_clock": ""}


def test_marker_without_its_fixture(pytester):
    """A marker on a function without its fixture is an error; on a class it is not."""
    source = "\n".join(
        f"""
@pytest.mark.{name}({arguments})
def test_{name}():
    pass

@pytest.mark.usefixtures("{name}", "rds_export_tasks")
@pytest.mark.{name}({arguments})
@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_{name}_with_it():
    pass

@pytest.mark.{name}({arguments})
class Test_{name}:
    def test_in_a_class(self):
        pass
"""
        for name, arguments in MARKERS.items()
    )

    result = run(pytester, source)

    result.assert_outcomes(passed=7, errors=3)  # rds_export_failure has two failures
    assert blocks(result) == {
        f"ERROR at setup of test_{name}": [
            (
                f"the marker {name} does nothing without the fixture. Add {name} to the arguments, or "
                f"@pytest.mark.usefixtures('{name}')"
            )
        ]
        for name in MARKERS
    }


MISTAKES = """
class TestReplaced:
    @pytest.fixture
    def rds_export_tasks(self):
        with fake_rds_export("nightly") as tasks:
            yield tasks

    @pytest.mark.loopback
    def test_it(self, rds_export_endpoint, rds_export_tasks):
        client = boto3.client("rds", "us-east-1", endpoint_url=rds_export_endpoint)
        client.cancel_export_task(ExportTaskIdentifier="nightly")
        assert rds_export_tasks["nightly"].status == "CANCELING"

class TestReplacedByAnything:
    @pytest.fixture
    def rds_export_tasks(self):
        return 42

    def test_it(self, rds_export_endpoint):
        pass

class TestNoSeeds:
    @pytest.fixture
    def rds_export_seed(self):
        ["nightly"]

    def test_it(self, rds_export_tasks):
        pass

    def test_sweep(self, rds_export_sweep):
        pass

@pytest.mark.rds_export_tasks("nightly")
@pytest.mark.rds_export_clock("2026-03-01T00:00Z")
def test_fixtures_that_it_gets_later(request):
    request.getfixturevalue("rds_export_clock")
    assert "nightly" in request.getfixturevalue("rds_export_tasks")

@pytest.mark.rds_export_tasks("nightly")
@pytest.mark.rds_export_clock("2026-03-01T00:00Z")
def test_fixture_that_it_never_gets(request):
    request.getfixturevalue("rds_export_tasks")

@pytest.mark.rds_export_task("nightly")
def test_misspelled(rds_export_tasks):
    pass
"""


@pytest.mark.loopback
def test_mistakes(pytester):
    """A fixture that a user has written in place of ours is used; a mistake has an error of one line."""
    result = run(pytester, MISTAKES, "-Wignore")

    result.assert_outcomes(passed=3, errors=5)
    assert {heading.removeprefix("ERROR at "): lines[0] for heading, lines in blocks(result).items()} == {
        "setup of TestReplacedByAnything.test_it": (
            "rds_export_endpoint needs a fixture rds_export_tasks that is an ExportTaskRegistry, got 42. "
            "Return what fake_rds_export() yields"
        ),
        "setup of TestNoSeeds.test_it": "fixture rds_export_seed: items must be a list of seeds, got None",
        "setup of TestNoSeeds.test_sweep": "fixture rds_export_seed: items must be a list of seeds, got None",
        "teardown of test_fixture_that_it_never_gets": (
            "the marker rds_export_clock does nothing without the fixture. Add rds_export_clock to the arguments, or "
            "@pytest.mark.usefixtures('rds_export_clock')"
        ),
        "setup of test_misspelled": (
            "unknown marker 'rds_export_task'. Did you mean 'rds_export_tasks', 'rds_export_clock' or "
            "'rds_export_failure'?"
        ),
    }
