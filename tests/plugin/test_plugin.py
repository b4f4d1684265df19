"""The plugin as pytest users see it: fixtures, markers, the catalogue on the command line, and what it costs."""

import itertools
import re
from importlib.metadata import entry_points

import pytest

import pytest_rds_export
from helpers.inner import lines_after, run, run_again
from pytest_rds_export import failures
from pytest_rds_export._fake import HANDLED
from pytest_rds_export._rds import options
from pytest_rds_export._report import format_catalogue

FIXTURES = {
    "rds_export_tasks": (
        "Fake the export tasks of Amazon RDS: every RDS client of the process uses this registry instead of AWS."
    ),
    "rds_export_seed": "Override this fixture to seed export tasks into every test that uses rds_export_tasks.",
    "rds_export_client": "Make a boto3 RDS client in the default region; rds_export_tasks responds to it.",
    "rds_export_failure": (
        "Run the test once for each way in which an RDS operation can fail, and make its calls fail so."
    ),
    "rds_export_clock": (
        "Freeze the time of the test with freezegun; time.sleep and asyncio.sleep move it instead of waiting."
    ),
    "rds_export_endpoint": "Serve rds_export_tasks on a loopback port, for other processes such as the AWS CLI.",
}
MARKERS = {
    "rds_export_tasks(*seeds, **options)": (
        "seed export tasks into the fixture rds_export_tasks and set its options: region, account_id, "
        "describe_unknown, concurrent_limit, concurrent_limit_scope, page_size, assert_all_injected, "
        "assert_all_answered, timeline"
    ),
    "rds_export_failure(operation, kinds=('documented',), exclude=())": (
        "run the test once for each failure of an RDS operation, with the fixture rds_export_failure; kinds are "
        "documented, common and transport"
    ),
    "rds_export_clock(start, limit=timedelta(hours=24))": (
        "set where the fixture rds_export_clock starts, and how much frozen time the code under test may sleep before "
        "SleepLimitExceeded is raised"
    ),
}
INI_OPTIONS = {
    "region": "the default region (default: AWS_DEFAULT_REGION, AWS_REGION or us-east-1)",
    "account_id": "the AWS account, a string of 12 digits (default: 123456789012)",
    "describe_unknown": ("what DescribeExportTasks returns for an unknown identifier: error or empty (default: error)"),
    "concurrent_limit": "how many exports may run at once, at least 1 (default: 5)",
    "concurrent_limit_scope": (
        "which exports count against concurrent_limit: those of the region or of the account (default: region)"
    ),
    "page_size": "the most records in one response, from 1 to 100 (default: 100)",
    "assert_all_injected": "fail a test whose injected failures were not used (default: true)",
    "assert_all_answered": "fail a test whose operations had no handler (default: true)",
}
CATALOGUE = [failure for operation in HANDLED for failure in failures(operation)]


def test_entry_point():
    """Pytest finds the plugin by the entry point rds_export."""
    (found,) = [entry for entry in entry_points(group="pytest11") if entry.name == "rds_export"]

    assert found.value == "pytest_rds_export.plugin"


def test_first_example(pytester):
    """The first example of the README passes."""
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


def test_client(pytester):
    """The client is in the default region, and the registry responds to it."""
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


def test_own_registry(pytester):
    """Each test has a registry of its own."""
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


def test_clock(pytester):
    """The marker or an indirect parameter sets the clock's start, the marker its limit."""
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
    with pytest.raises(BaseException, match="the limit of 1:00:00 of frozen time"):
        time.sleep(3601)
""",
    )

    result.assert_outcomes(passed=3)


@pytest.mark.loopback
def test_endpoint(pytester):
    """The endpoint's URL is in the environment until the test ends."""
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


def test_unittest(pytester):
    """A unittest.TestCase can use the fixture and the marker."""
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
def test_marker_without_its_fixture(pytester, name):
    """A marker on a function without its fixture is an error; on a class it is not."""
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

@pytest.mark.{name}({arguments})
class TestClass:
    def test_without(self):
        pass
""",
    )

    result.assert_outcomes(passed=3 if name == "rds_export_failure" else 2, errors=1)
    assert "".join(lines_after(result, "ERROR at setup of test_without")) == (
        f"the marker {name} does nothing without the fixture. Add {name} to the arguments, or "
        f"@pytest.mark.usefixtures('{name}')"
    )


@pytest.mark.parametrize(("name", "line"), FIXTURES.items(), ids=FIXTURES)
def test_help_of_fixtures(pytester, name, line):
    """Pytest --fixtures says what each fixture is for in one line."""
    result = run_again(pytester, "--fixtures")

    result.stdout.fnmatch_lines([f"{name} -- *plugin.py:*", f"    {line}"], consecutive=True)


@pytest.mark.parametrize(("marker", "text"), MARKERS.items(), ids=MARKERS)
def test_help_of_markers(pytester, marker, text):
    """Pytest --markers says what each marker does."""
    assert f"@pytest.mark.{marker}: {text}" in run_again(pytester, "--markers").outlines


def test_help_of_the_command_line(pytester):
    """Pytest --help has the command-line option."""
    result = run_again(pytester, "--help")

    result.stdout.fnmatch_lines(
        [
            "Amazon RDS export tasks:",
            "  --rds-export-failures",
            "                        list the failures for rds_export_failure and inject(),",
            "                        then exit",
        ],
        consecutive=True,
    )


@pytest.mark.parametrize(("name", "text"), INI_OPTIONS.items(), ids=INI_OPTIONS)
def test_help_of_ini_options(pytester, name, text):
    """Pytest --help has the type of each ini option, its meaning, its range and its default."""
    lines = run_again(pytester, "--help").outlines

    types = {"assert_all_injected": "bool", "assert_all_answered": "bool"}
    if pytest.version_tuple >= (8, 4):
        types |= {"concurrent_limit": "int", "page_size": "int"}
    start = lines.index(f"  rds_export_{name} ({types.get(name, 'string')}):") + 1
    indented = itertools.takewhile(lambda line: line.startswith(" " * 24), lines[start:])
    assert " ".join(line.strip() for line in indented) == text


def test_ini_options():
    """The ini options above are all."""
    assert list(INI_OPTIONS) == list(options.INI_OPTIONS)


WIDE = """\
failures of CancelExportTask:
  ExportTaskNotFound              HTTP 404            The export task doesn't exist.
  InvalidExportTaskStateFault     HTTP 400            You can't cancel an export task that has completed.

failures of StartExportTask:
"""
NARROW = """\
failures of CancelExportTask:
  ExportTaskNotFound              HTTP 404
    The export task doesn't exist.
  InvalidExportTaskStateFault     HTTP 400
    You can't cancel an export task that has completed.

failures of StartExportTask:
"""
WIDE_END = """\
  SSLError                        no status  retried  the TLS handshake failed
  TruncatedResponse               no status           the XML of the response breaks off
  ProxyErrorPage                  HTTP 502   retried  a proxy responded with 502 and an HTML page

in a test: rds_export_tasks.inject('AccessDenied', operation='StartExportTask')
one test for each: @pytest.mark.rds_export_failure('StartExportTask')
"""
NARROW_END = """\
  SSLError                        no status  retried
    the TLS handshake failed
  TruncatedResponse               no status
    the XML of the response breaks off
  ProxyErrorPage                  HTTP 502   retried
    a proxy responded with 502 and an HTML page

in a test: rds_export_tasks.inject('AccessDenied', operation='StartExportTask')
one test for each: @pytest.mark.rds_export_failure('StartExportTask')
"""


@pytest.mark.parametrize(
    ("width", "start", "end"),
    [(80, NARROW, NARROW_END), (103, NARROW, NARROW_END), (105, WIDE, WIDE_END), (200, WIDE, WIDE_END)],
)
def test_catalogue(width, start, end):
    """The catalogue has each message next to its failure if there is room, otherwise below it."""
    text = "\n".join([*format_catalogue(CATALOGUE, width), ""])

    assert text.startswith(start)
    assert text.endswith(end)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_catalogue_is_complete(width):
    """The catalogue has every message as a whole, in lines of at most the width."""
    lines = format_catalogue(CATALOGUE, width)

    assert max(map(len, lines)) <= width
    text = " ".join(line.strip() for line in lines)
    messages = {failure.name: failure.message for failure in reversed(CATALOGUE)}
    joined = re.sub(r"\s+", "", text)
    assert [message for message in messages.values() if re.sub(r"\s+", "", message) not in joined] == []


def test_catalogue_groups():
    """The catalogue has each operation's own failures, then those of any operation, then those of the network."""
    groups = {}
    for line in format_catalogue(CATALOGUE, 80):
        if line.startswith("failures of "):
            names = groups[line] = []
        elif re.match("  [A-Z]", line):
            names.append(line.split()[0])

    def of_kind(kind, operation="CancelExportTask"):
        return [failure.name for failure in failures(operation, kind)]

    limit = "ExportTaskLimitReachedFault"  # a common failure of this operation alone
    assert list(groups.items()) == [
        ("failures of CancelExportTask:", of_kind("documented")),
        ("failures of StartExportTask:", [*of_kind("documented", "StartExportTask"), limit]),
        ("failures of DescribeExportTasks:", of_kind("documented", "DescribeExportTasks")),
        ("failures of any operation:", of_kind("common")),
        ("failures of the network:", of_kind("transport")),
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_catalogue_on_the_command_line(pytester, monkeypatch, width):
    """The command-line option prints the catalogue in the terminal's width, and no test runs."""
    monkeypatch.setenv("COLUMNS", str(width))

    result = run(pytester, "def test_it():\n    assert False\n", "--rds-export-failures")

    assert result.ret == 0
    assert result.outlines == format_catalogue(CATALOGUE, width)


@pytest.fixture
def imported_after(pytester, monkeypatch):
    """What a run has imported at its end, of the package and of the libraries."""

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


AT_START = {f"pytest_rds_export.{name}" for name in ("plugin", "_rds", "_rds.options", "_sleeping", "_messages")}


def test_imports_of_an_empty_run(imported_after):
    """Collecting an empty file imports no library, and only the modules that name the options."""
    assert imported_after("", "--co") == AT_START


def test_imports_of_other_tests(imported_after):
    """Running other tests imports nothing more."""
    assert imported_after("def test_other(tmp_path): pass") == AT_START


@pytest.fixture
def run_apart(pytester, monkeypatch):
    """The outcome of pytest in a process of its own, in which only the plugin's start has imported the package."""

    def run(source):
        pytester.makepyfile(source)
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_subprocess("-p", "pytest_rds_export.plugin")

    return run


def test_reimport(run_apart):
    """A test may remove the package from sys.modules and import it again, as a test of imports does."""
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


def test_pytester(run_apart):
    """Inner runs of pytester may remove the package from sys.modules again and again."""
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


def test_replaced_sleep(run_apart):
    """A replacement of time.sleep is not taken for the real one, even if it came before the clock."""
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


def test_setup_without_any_fake(pytester, monkeypatch):
    """A test runs also if nothing has loaded the fake yet."""
    monkeypatch.delattr(pytest_rds_export, "_fake")

    run(pytester, "def test_it(): pass").assert_outcomes(passed=1)
