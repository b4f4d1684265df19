"""A run of pytest leaves nothing behind in the process, whatever the outcomes of its tests."""

import os
import re
from pathlib import Path

import pytest

from helpers import leftovers
from helpers.inner import run_again

pytestmark = pytest.mark.loopback

FIXTURES = "rds_export_tasks, rds_export_client, rds_export_clock, rds_export_endpoint"

SETUP = f"""
import os
import time
from time import sleep
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

def test_leaves_something_behind():
    os.environ["LEFT"] = "1"
    time.sleep = None

def test_removes_it():
    del os.environ["LEFT"]
    time.sleep = sleep
"""

INTERRUPTED = """
@pytest.fixture
def interrupted(used):
    raise KeyboardInterrupt

def test_is_interrupted({fixture}):
    raise KeyboardInterrupt
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_outcomes(pytester, monkeypatch):
    """No outcome of a test leaves anything behind; what a test itself leaves behind is found."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(Path(leftovers.__file__).read_text(encoding="utf-8"))
    pytester.makepyfile(test_it=SETUP + OUTCOMES)

    result = pytester.runpytest_subprocess(
        *("-p", "pytest_rds_export.plugin", "-p", "no:cacheprovider", "-p", "no:warnings", "--assert=plain", "-s")
    )

    result.assert_outcomes(passed=6, failed=1, errors=5, skipped=1, xfailed=1)
    found = dict(re.findall(r"^left behind by (.+?): (.*)$", result.stdout.str(), re.MULTILINE))
    left = found.pop("test_leaves_something_behind")
    assert "('time', 'sleep')" in left
    assert "'LEFT': '1'" in left
    names = re.findall(r"^def (test_\w+)", OUTCOMES, re.MULTILINE)
    names.remove("test_leaves_something_behind")
    assert found == dict.fromkeys([*names, "the run"], "[]")


@pytest.mark.parametrize("fixture", ["used", "interrupted"])
def test_interrupted_run(fixture, pytester):
    """A run that is interrupted during a test or its setup leaves nothing behind."""
    pytester.makepyfile(test_it=SETUP + INTERRUPTED.format(fixture=fixture))
    before = leftovers.state(), leftovers.environment_and_threads()

    result = run_again(pytester, no_reraise_ctrlc=True)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert leftovers.differences(before[0], leftovers.state()) == []
    assert leftovers.environment_and_threads() == before[1]
