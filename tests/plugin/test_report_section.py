"""Where pytest shows the report: in a section of each failure or error, unless there is nothing to tell."""

import pytest

from helpers.inner import blocks, run
from helpers.reports import all_reports, without_times
from pytest_rds_export import fake_rds_export

SEEDED = ["what happened:", "  nothing", "tasks:", "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()"]
CANCELLED = [
    "what happened:",
    "  CancelExportTask 'nightly' in us-east-1: ok (HTTP 200), 1 attempt",
    "  'nightly' CANCELING in us-east-1",
    "  CancelExportTask 'nightly' in us-east-1: InvalidExportTaskStateFault (HTTP 400), 1 attempt",
    "tasks:",
    "  'nightly' CANCELING 42% in us-east-1, Timeline()",
    "hints:",
    "  'nightly' was CANCELING already when it was cancelled",
]
FAILING = """
@pytest.fixture
def broken():
    yield
    assert False

@pytest.fixture
def broken_set_up(rds_export_tasks):
    rds_export_tasks.seed("nightly")
    assert False

def cancel_twice(tasks):
    tasks.seed("nightly", percent_progress=42)
    client = boto3.client("rds")
    client.cancel_export_task(ExportTaskIdentifier="nightly")
    with pytest.raises(client.exceptions.ClientError):
        client.cancel_export_task(ExportTaskIdentifier="nightly")

def test_fails(rds_export_tasks):
    cancel_twice(rds_export_tasks)
    assert False

def test_passes(rds_export_tasks):
    cancel_twice(rds_export_tasks)
"""
OUTCOMES = """
from botocore.exceptions import EndpointConnectionError

def test_without_the_fixture():
    assert False

def test_with_nothing_to_tell(rds_export_tasks):
    assert False

def test_fails_twice(broken, rds_export_tasks):
    rds_export_tasks.seed("nightly")
    assert False

def test_fails_at_teardown(broken, rds_export_tasks):
    rds_export_tasks.seed("nightly")

def test_fails_at_setup(broken_set_up):
    pass

def test_fails_the_check(rds_export_tasks, rds_export_client, rds_export_clock):
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("AccessDenied")
    rds_export_client.describe_export_tasks()

def test_clock_alone(rds_export_clock):
    raise EndpointConnectionError(endpoint_url="https://rds")

def test_without_the_clock():
    raise EndpointConnectionError(endpoint_url="https://rds")

def test_clock_and_another_error(rds_export_clock):
    raise OSError

@pytest.mark.rds_export_tasks("nightly")
def test_unknown_fixture(rds_export_tasks, unknown):
    pass
"""


def sections(result):
    """Return the sections about export tasks, by the heading of the failure or error."""
    found = {}
    for heading, lines in blocks(result).items():
        inside, found[heading] = False, []
        for line in lines:
            if line.startswith("---"):
                inside = line.strip("-").startswith(" rds export tasks")
                found[heading] += [[]] if inside else []
            elif inside:
                found[heading][-1].append(line)
    return {heading: [without_times(lines) for lines in shown] for heading, shown in found.items()}


def test_each_outcome(pytester):
    """Each failure with something to tell has one section; so has an error, unless the test itself failed before."""
    result = run(pytester, FAILING + OUTCOMES)

    assert sections(result) == {
        "test_fails": [CANCELLED],
        "test_without_the_fixture": [],
        "test_with_nothing_to_tell": [],
        "test_fails_twice": [SEEDED],
        "ERROR at teardown of test_fails_twice": [],
        "ERROR at teardown of test_fails_at_teardown": [SEEDED],
        "ERROR at setup of test_fails_at_setup": [SEEDED],
        "ERROR at teardown of test_fails_the_check": [
            [
                "what happened:",
                "  DescribeExportTasks in us-east-1: ok (HTTP 200), 1 attempt: IN_PROGRESS",
                "tasks:",
                "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()",
                "hints:",
                "  AccessDenied was injected into CancelExportTask and never used",
            ]
        ],
        # Only a client that finds no AWS, because nothing fakes it, has the hint.
        "test_clock_alone": [
            ["hints:", "  rds_export_clock only freezes time. For export tasks add rds_export_tasks to the arguments"]
        ],
        "test_without_the_clock": [],
        "test_clock_and_another_error": [],
        # An error that pytest shows in a form of its own.
        "ERROR at setup of test_unknown_fixture": [SEEDED],
    }
    result.assert_outcomes(passed=3, failed=7, errors=5)


def test_every_fake(pytester):
    """Every fake that was active during the test is shown, numbered and in whatever scope; no other."""
    result = run(
        pytester,
        """
@pytest.fixture(scope="module")
def module():
    with fake_rds_export("module"):
        yield

def test_before():
    with fake_rds_export("before"):
        pass

def test_it(module, rds_export_tasks):
    rds_export_tasks.seed("function")
    with fake_rds_export():
        pass
    with fake_rds_export("body"):
        assert False

def test_after():
    assert False
""",
    )

    result.assert_outcomes(passed=1, failed=2)
    tasks = {heading: [lines[-1] for lines in found] for heading, found in sections(result).items()}
    assert tasks == {
        "test_it": [f"  '{scope}' IN_PROGRESS 0% in us-east-1, Timeline()" for scope in ("module", "function", "body")],
        "test_after": ["  'module' IN_PROGRESS 0% in us-east-1, Timeline()"],
    }
    titles = {
        heading: [line.strip("- ") for line in lines if line.startswith("---")]
        for heading, lines in blocks(result).items()
    }
    assert titles == {
        "test_it": [f"rds export tasks, fake {number} of 3" for number in (1, 2, 3)],
        "test_after": ["rds export tasks"],
    }


def test_arguments_of_pytest(pytester):
    """The section is shown however pytest is called, and a test that passed has none even with -rA."""
    result = run(pytester, FAILING, "-rA", "--assert=plain", "--tb=short", "--capture=no", "--show-capture=no")

    result.assert_outcomes(passed=1, failed=1)
    assert sections(result) == {"test_fails": [CANCELLED]}


def test_without_a_terminal(pytester):
    """Without a terminal reporter the outcome is the same."""
    result = run(pytester, FAILING, "-p", "no:terminal")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.outlines == []


def test_many_fakes(tasks):
    """A fake that is still active is reported, however many others have ended since."""
    tasks.seed("outer")
    for _ in range(11):
        with fake_rds_export():
            pass
    assert any("'outer' IN_PROGRESS" in text for text in all_reports())
