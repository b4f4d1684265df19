"""The plugin as pytest users see it: fixtures, markers, the catalogue on the command line, and what it costs."""

from importlib.metadata import entry_points

import pytest

from _inner import lines_after, run, run_again
from pytest_rds_export import failures

FIXTURES = {
    "rds_export_tasks": "The export tasks of a fake Amazon RDS that answers every RDS client in the process.",
    "rds_export_seed": "What is seeded into rds_export_tasks; override it in a conftest.",
    "rds_export_client": "A boto3 RDS client in the home region, answered by rds_export_tasks.",
    "rds_export_failure": "The Failure that this test's calls meet, every send of them.",
    "rds_export_clock": "The test's clock, an ExportClock, frozen by freezegun: *",
    "rds_export_endpoint": "The URL of the same service on loopback, for other processes, such as the AWS CLI.",
}
MARKERS = {
    "rds_export_tasks(*seeds, **options)": (
        "seed export tasks for the fixture rds_export_tasks and set its options: region, account_id, describe_unknown, "
        "concurrent_limit, page_size, timeline, assert_all_injected, assert_all_answered"
    ),
    "rds_export_failure(operation, kinds=('documented',))": (
        "run the test once for each failure of an RDS operation, of the kinds documented, common and transport, armed "
        "by the fixture rds_export_failure"
    ),
    "rds_export_clock(start, limit=timedelta(days=7))": (
        "where the fixture rds_export_clock starts, and after how much frozen time it stops code that sleeps on"
    ),
}


def test_pytest_finds_it_by_the_entry_point_rds_export():
    (found,) = [entry for entry in entry_points(group="pytest11") if entry.name == "rds_export"]

    assert found.value == "pytest_rds_export.plugin"


def test_first_example_of_the_readme_passes(pytester):
    result = run(
        pytester,
        """
def test_cancels_a_running_export(rds_export_tasks):
    rds_export_tasks.seed("nightly", status="IN_PROGRESS", percent_progress=42)

    response = boto3.client("rds").cancel_export_task(ExportTaskIdentifier="nightly")

    assert response["Status"] == "CANCELING"
    assert rds_export_tasks["nightly"].status == "CANCELING"
""",
    )

    result.assert_outcomes(passed=1)


def test_client_is_in_the_home_region_and_asks_the_registry(pytester):
    result = run(
        pytester,
        """
@pytest.mark.rds_export_tasks("nightly", region="eu-west-1")
def test_it(rds_export_client, rds_export_tasks):
    assert rds_export_client.meta.region_name == rds_export_tasks.region == "eu-west-1"
    rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")
    assert rds_export_tasks["nightly"].status == "CANCELING"
""",
    )

    result.assert_outcomes(passed=1)


def test_each_test_has_a_registry_of_its_own(pytester):
    result = run(
        pytester,
        """
@pytest.mark.parametrize("often", [1, 2])
def test_it(rds_export_tasks, often):
    rds_export_tasks.seed("nightly")
    assert (len(rds_export_tasks), rds_export_tasks.calls) == (1, [])
""",
    )

    result.assert_outcomes(passed=2)


def test_seed_is_overridden_in_a_conftest_and_by_a_class(pytester):
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


def test_clock_starts_where_the_marker_or_the_parameter_says(pytester):
    result = run(
        pytester,
        """
from datetime import datetime, timedelta, timezone

def test_default(rds_export_clock):
    assert rds_export_clock.now == datetime(2026, 1, 1, tzinfo=timezone.utc)

@pytest.mark.rds_export_clock("2027-03-01T02:00Z")
def test_marker(rds_export_clock):
    assert rds_export_clock.now == datetime(2027, 3, 1, 2, tzinfo=timezone.utc)

@pytest.mark.rds_export_clock(limit=timedelta(hours=1))
@pytest.mark.parametrize("rds_export_clock", ["2028-03-01T02:00Z"], indirect=True)
def test_parameter(rds_export_clock):
    assert rds_export_clock.now == datetime(2028, 3, 1, 2, tzinfo=timezone.utc)
    import time
    with pytest.raises(BaseException, match="more than 1:00:00 of frozen time"):
        time.sleep(3601)
""",
    )

    result.assert_outcomes(passed=3)


@pytest.mark.loopback
def test_endpoint_is_in_the_environment_while_it_lives(pytester):
    result = run(
        pytester,
        """
import os

@pytest.fixture
def outside():
    assert "AWS_ENDPOINT_URL_RDS" not in os.environ
    yield
    assert "AWS_ENDPOINT_URL_RDS" not in os.environ

def test_it(outside, rds_export_endpoint):
    assert rds_export_endpoint.startswith("http://127.0.0.1:")
    assert os.environ["AWS_ENDPOINT_URL_RDS"] == rds_export_endpoint
""",
    )

    result.assert_outcomes(passed=1)


def test_a_unittest_case_uses_it_too(pytester):
    result = run(
        pytester,
        """
import unittest

class TestIt(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def tasks(self, rds_export_tasks):
        self.tasks = rds_export_tasks

    @pytest.mark.rds_export_tasks("nightly")
    def test_it(self):
        boto3.client("rds").cancel_export_task(ExportTaskIdentifier="nightly")
        self.assertEqual(self.tasks["nightly"].status, "CANCELING")
""",
    )

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("name", ["rds_export_tasks", "rds_export_failure", "rds_export_clock"])
def test_a_marker_without_its_fixture_is_an_error_that_names_usefixtures(pytester, name):
    arguments = '"CancelExportTask"' if name == "rds_export_failure" else ""
    result = run(
        pytester,
        f"""
@pytest.mark.{name}({arguments})
def test_without():
    pass

@pytest.mark.usefixtures("{name}", "rds_export_tasks")
@pytest.mark.{name}({arguments})
@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_with():
    pass
""",
    )

    result.assert_outcomes(passed=2 if name == "rds_export_failure" else 1, errors=1)
    assert "".join(lines_after(result, "ERROR at setup of test_without")) == (
        f"the marker {name} does nothing without the fixture: ask for it as an argument or add "
        f"@pytest.mark.usefixtures('{name}')"
    )


@pytest.mark.parametrize(("name", "line"), FIXTURES.items(), ids=FIXTURES)
def test_fixtures_are_explained_on_the_command_line(pytester, name, line):
    result = run_again(pytester, "--fixtures")

    result.stdout.fnmatch_lines([f"{name} -- *plugin.py:*", f"    {line}"], consecutive=True)


@pytest.mark.parametrize(("marker", "text"), MARKERS.items(), ids=MARKERS)
def test_markers_are_explained_on_the_command_line(pytester, marker, text):
    assert f"@pytest.mark.{marker}: {text}" in run_again(pytester, "--markers").outlines


def test_help_has_the_option_and_the_ini_keys(pytester):
    result = run_again(pytester, "--help")

    result.stdout.fnmatch_lines(
        [
            "Amazon RDS export tasks:",
            "  --rds-export-failures",
            "                        show the failures that rds_export_failure and inject",
            "                        know, then exit",
        ],
        consecutive=True,
    )
    for name in ("region", "account_id", "describe_unknown", "concurrent_limit", "page_size", "assert_all_injected"):
        result.stdout.fnmatch_lines([f"  rds_export_{name} (*):*", f"*default of the option {name} of*"])


def test_catalogue_is_printed_as_a_table_instead_of_running_tests(pytester):
    result = run(pytester, "def test_it():\n    assert False\n", "--rds-export-failures")

    operations = ("CancelExportTask", "StartExportTask", "DescribeExportTasks", "DescribeEvents")
    catalogue = [failure for operation in operations for failure in failures(operation)]
    head, *rows = result.outlines
    assert result.ret == 0
    assert head.split() == ["operation", "failure", "kind", "HTTP", "retried", "message"]
    assert [row.split()[:5] for row in rows] == [
        [
            failure.operation,
            failure.name,
            failure.kind,
            str(failure.http_status or "-"),
            "yes" if failure.retried else "no",
        ]
        for failure in catalogue
    ]
    column = head.index("message")
    assert [row[column:] for row in rows] == [failure.message for failure in catalogue]


@pytest.fixture
def imported_after(pytester, monkeypatch):
    """What of the house and of the libraries a run has imported by its end."""

    def run(source, *arguments):
        pytester.makepyfile(source)
        pytester.makeconftest(
            """
import sys

def pytest_unconfigure(config):
    assert config.pluginmanager.has_plugin("pytest_rds_export.plugin")
    print("imported:", *(name for name in sys.modules if name.startswith("pytest_rds_export.")))
    print("imported:", *({"boto3", "botocore", "freezegun"} & sys.modules.keys()))
"""
        )
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        result = pytester.runpytest_subprocess("-p", "pytest_rds_export.plugin", "-s", *arguments)
        return {
            name
            for line in result.outlines
            if line.startswith("imported:")
            for name in line.removeprefix("imported:").split()
        }

    return run


ROOMS_OF_A_START = {f"pytest_rds_export.{room}" for room in ("plugin", "_rds", "_rds.options", "_sleep", "_messages")}


def test_collecting_an_empty_file_imports_no_library_and_only_what_names_the_options(imported_after):
    assert imported_after("", "--co") == ROOMS_OF_A_START


def test_running_other_tests_imports_nothing_more(imported_after):
    assert imported_after("def test_other(tmp_path): pass") == ROOMS_OF_A_START


@pytest.fixture
def run_apart(pytester, monkeypatch):
    """The outcome of pytest in a process of its own, in which nothing but pytest's start has imported the package."""

    def run(source):
        pytester.makepyfile(source)
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_subprocess("-p", "pytest_rds_export.plugin")

    return run


def test_the_package_may_be_forgotten_and_imported_again(run_apart):
    """As by a test of code that it imports anew."""
    run_apart(
        """
import sys
from unittest.mock import patch

def test_forgetting():
    with patch.dict(sys.modules):
        from pytest_rds_export import fake_rds_export
        with fake_rds_export("nightly"):
            pass

def test_again():
    from pytest_rds_export import fake_rds_export
    with fake_rds_export("nightly"):
        pass

def test_with_the_fixtures(request):
    tasks = request.getfixturevalue("rds_export_tasks")
    clock = request.getfixturevalue("rds_export_clock")
    tasks.seed("nightly", status="STARTING")
    clock.tick(hours=1)
    assert tasks["nightly"].status == "COMPLETE"
"""
    ).assert_outcomes(passed=3)


def test_inner_runs_of_pytester_may_forget_it_again_and_again(run_apart):
    run_apart(
        """
import pytest

pytest_plugins = ["pytester"]

@pytest.mark.parametrize("source", [
    "def test_it(rds_export_tasks): rds_export_tasks.seed('nightly')",
    "import pytest\\n@pytest.mark.rds_export_failure('StartExportTask', kinds=['common'])\\n"
    "@pytest.mark.rds_export_tasks(assert_all_injected=False)\\n"
    "def test_it(rds_export_failure, rds_export_endpoint): assert rds_export_failure.name != 'Throttling'",
    "def test_it(rds_export_clock, rds_export_client): rds_export_clock.tick(minutes=1)",
])
def test_inner(pytester, source):
    pytester.makepyfile(source)
    result = pytester.runpytest_inprocess("-p", "pytest_rds_export.plugin")
    failed = result.parseoutcomes().pop("failed", 0)
    assert failed == source.count("!=")
    assert result.parseoutcomes().keys() <= {"passed", "failed"}
"""
    ).assert_outcomes(passed=3)


def test_a_stand_in_for_sleep_is_not_taken_for_the_real_one(run_apart):
    """Also where it stood there before anything of the package but pytest's start was needed."""
    run_apart(
        """
import time
from time import sleep

def test_it(monkeypatch, request):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    clock = request.getfixturevalue("rds_export_clock")
    before = clock.now
    sleep(2)
    assert (clock.now - before).total_seconds() == 2
"""
    ).assert_outcomes(passed=1)
