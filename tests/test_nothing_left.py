"""Whatever becomes of a test, the process is afterwards what it was."""

import re
from pathlib import Path

import pytest

import _leftovers

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

def test_fails_at_set_up(broken):
    pass

def test_fails_at_tear_down(broken_after):
    pass

def test_skips(used):
    pytest.skip()

@pytest.mark.xfail
def test_fails_as_expected(used):
    assert False

def test_is_told_of_what_it_left_over(used, rds_export_tasks):
    rds_export_tasks.inject("Throttling")

@pytest.mark.rds_export_tasks("9")
def test_seeds_what_is_refused(used):
    pass

@pytest.mark.rds_export_clock("yesterday")
def test_starts_its_clock_wrongly(used):
    pass

def test_loses_a_child(used):
    child = os.fork()
    if child == 0:
        os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
"""

INTERRUPTED = """
def test_is_interrupted(used):
    raise KeyboardInterrupt
"""

INTERRUPTED_AT_SET_UP = """
@pytest.fixture
def interrupted(used):
    raise KeyboardInterrupt

def test_is_interrupted_at_set_up(interrupted):
    pass
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """A function that runs a test file in a process of its own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(Path(_leftovers.__file__).read_text(encoding="utf-8"))

    def run(source):
        pytester.makepyfile(test_it=SETUP + source)
        return pytester.runpytest_subprocess(
            "-p", "pytest_rds_export.plugin", "-p", "no:cacheprovider", "-p", "no:warnings", "-s"
        )

    return run


def left_behind(result):
    """What the watch in the inner run told, by the name of the test."""
    return dict(re.findall(r"^left behind by (.+?): (.*)$", result.stdout.str(), re.MULTILINE))


@pytest.mark.skipif(not hasattr(_leftovers.os, "fork"), reason="this system does not fork")
def test_nothing_is_left_by_any_outcome(run):
    result = run(OUTCOMES)

    result.assert_outcomes(passed=4, failed=1, errors=5, skipped=1, xfailed=1)
    names = re.findall(r"^def (test_\w+)", OUTCOMES, re.MULTILINE)
    assert left_behind(result) == dict.fromkeys([*names, "the run"], "[]")


@pytest.mark.parametrize("source", [INTERRUPTED, INTERRUPTED_AT_SET_UP], ids=["call", "set-up"])
def test_nothing_is_left_by_an_interrupted_run(source, run):
    result = run(source)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert left_behind(result)["the run"] == "[]"


def test_the_watch_sees_what_is_left(run):
    result = run("def test_it(): time.sleep = None; os.environ['LEFT'] = '1'")

    assert "('time', 'sleep')" in left_behind(result)["test_it"]
    assert "'LEFT': '1'" in left_behind(result)["test_it"]
