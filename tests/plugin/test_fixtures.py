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
    """Each test has a registry of its own, and a client, a clock and an endpoint for it, also in a TestCase."""
    result = run(
        pytester,
        """
import os
import unittest

def test_cancels_a_running_export(rds_export_tasks):
    rds_export_tasks.seed("nightly", status="IN_PROGRESS", percent_progress=42)
    response = boto3.client("rds").cancel_export_task(ExportTaskIdentifier="nightly")
    assert response["Status"] == "CANCELING"
    assert rds_export_tasks["nightly"].status == "CANCELING"

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

    result.assert_outcomes(passed=6)


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


def test_misspelled_marker(pytester):
    """A marker in the plugin's namespace that it does not have is an error, with the similar ones."""
    result = run(pytester, "@pytest.mark.rds_export_task('nightly')\ndef test_it(rds_export_tasks): pass", "-Wignore")

    assert blocks(result) == {
        "ERROR at setup of test_it": [
            (
                "unknown marker 'rds_export_task'. Did you mean 'rds_export_tasks', 'rds_export_clock' or "
                "'rds_export_failure'?"
            )
        ]
    }


def test_seed_that_is_none(pytester):
    """An rds_export_seed fixture that returns None is an error that names the fixture, also for a sweep."""
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef rds_export_seed(): ['nightly']")
    result = run(pytester, "def test_tasks(rds_export_tasks): pass\ndef test_sweep(rds_export_sweep): pass")
    result.assert_outcomes(errors=2)
    error = ["fixture rds_export_seed: items must be a list of seeds, got None"]
    assert blocks(result) == {f"ERROR at setup of {name}": error for name in ("test_tasks", "test_sweep")}


REPLACED = """
@pytest.fixture
def rds_export_tasks():
    {body}

def test_it(rds_export_endpoint, rds_export_tasks):
    client = boto3.client("rds", "us-east-1", endpoint_url=rds_export_endpoint)
    client.cancel_export_task(ExportTaskIdentifier="nightly")
    assert rds_export_tasks["nightly"].status == "CANCELING"
"""


@pytest.mark.loopback
def test_endpoint_of_a_replaced_fixture(pytester):
    """The endpoint serves the registry of a fixture that a user has written in place of ours."""
    result = run(pytester, REPLACED.format(body='with fake_rds_export("nightly") as tasks:\n        yield tasks'))

    result.assert_outcomes(passed=1)


def test_endpoint_without_a_registry(pytester):
    """If that fixture is something else, the error says what the endpoint needs."""
    result = run(pytester, REPLACED.format(body="return 42"))

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            (
                "rds_export_endpoint needs a fixture rds_export_tasks that is an ExportTaskRegistry, got 42. "
                "Return what fake_rds_export() yields"
            )
        ]
    )


MARKED = """
@pytest.mark.rds_export_tasks("nightly")
@pytest.mark.rds_export_clock("2026-03-01T00:00Z")
def test_it(request):
    for name in {names}:
        value = request.getfixturevalue(name)
    assert {wrong} or "nightly" in value
"""


def test_markers_and_getfixturevalue(pytester):
    """Markers may stand at a test that gets the fixtures later, as the scenarios of pytest-bdd do."""
    result = run(pytester, MARKED.format(names=["rds_export_clock", "rds_export_tasks"], wrong=False))

    result.assert_outcomes(passed=1)


def test_marker_whose_fixture_is_never_used(pytester):
    """At the end of a test that passed, a marker is refused whose fixture it has not got."""
    result = run(pytester, MARKED.format(names=["rds_export_tasks"], wrong=False))

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["the marker rds_export_clock does nothing without the fixture. Add*"])
