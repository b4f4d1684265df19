"""No outcome of a test leaves anything behind in the process."""

import re
from pathlib import Path

import pytest

from helpers import leftovers

pytestmark = pytest.mark.loopback

FIXTURES = "rds_export_tasks, rds_export_client, rds_export_clock, rds_export_endpoint"

SETUP = f"""
import os
import time
import pytest

@pytest.fixture
def used({FIXTURES}):
    rds_export_tasks.seed("nightly")
    rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")
    time.sleep(3600)

@pytest.fixture
def broken(used):
    raise LookupError

@pytest.fixture
def broken_after(used):
    yield
    raise LookupError
"""

OUTCOMES = """
def test_passes(used):
    pass

def test_fails(used):
    assert False

def test_fails_at_setup(broken):
    pass

def test_fails_at_teardown(broken_after):
    pass

def test_skips(used):
    pytest.skip()

@pytest.mark.xfail
def test_fails_as_expected(used):
    assert False

def test_has_an_unused_failure(used, rds_export_tasks):
    rds_export_tasks.inject("Throttling")

@pytest.mark.rds_export_tasks("9")
def test_has_a_seed_that_is_not_valid(used):
    pass

@pytest.mark.rds_export_clock("yesterday")
def test_has_a_clock_that_is_not_valid(used):
    pass

def test_forks_a_child(used):
    child = os.fork()
    if child == 0:
        os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
"""

INTERRUPTED = """
def test_is_interrupted(used):
    raise KeyboardInterrupt
"""

INTERRUPTED_AT_SETUP = """
@pytest.fixture
def interrupted(used):
    raise KeyboardInterrupt

def test_is_interrupted_at_setup(interrupted):
    pass
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Return a function that runs a test file in a subprocess."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(Path(leftovers.__file__).read_text(encoding="utf-8"))

    def run(source):
        pytester.makepyfile(test_it=SETUP + source)
        return pytester.runpytest_subprocess(
            "-p", "pytest_rds_export.plugin", "-p", "no:cacheprovider", "-p", "no:warnings", "-s"
        )

    return run


def left_behind(result):
    """Return what the inner run printed as left behind, by the name of the test."""
    return dict(re.findall(r"^left behind by (.+?): (.*)$", result.stdout.str(), re.MULTILINE))


@pytest.mark.skipif(not hasattr(leftovers.os, "fork"), reason="this system has no fork")
def test_any_outcome(run):
    result = run(OUTCOMES)

    result.assert_outcomes(passed=4, failed=1, errors=5, skipped=1, xfailed=1)
    names = re.findall(r"^def (test_\w+)", OUTCOMES, re.MULTILINE)
    assert left_behind(result) == dict.fromkeys([*names, "the run"], "[]")


@pytest.mark.parametrize("source", [INTERRUPTED, INTERRUPTED_AT_SETUP], ids=["call", "setup"])
def test_interrupted_run(source, run):
    result = run(source)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert left_behind(result)["the run"] == "[]"


def test_leftovers_are_found(run):
    result = run("def test_it(): time.sleep = None; os.environ['LEFT'] = '1'")

    assert "('time', 'sleep')" in left_behind(result)["test_it"]
    assert "'LEFT': '1'" in left_behind(result)["test_it"]
