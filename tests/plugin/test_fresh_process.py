"""What a process that has only started pytest imports, and that tests may remove those imports."""

import pytest

import pytest_rds_export
from helpers.inner import run

AT_START = {
    f"pytest_rds_export.{name}"
    for name in ("plugin", "_around_tests", "_failure_parameters", "_messages", "_real_sleep", "_rds", "_rds.options")
}


@pytest.fixture
def run_apart(pytester, monkeypatch):
    """Run pytest in a process of its own, in which only the plugin's start has imported the package."""

    def run_apart(source, *arguments):
        pytester.makepyfile(source)
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_subprocess("-p", "pytest_rds_export.plugin", "--assert=plain", *arguments)

    return run_apart


def test_imports(run_apart, pytester):
    """A run whose tests do not use the plugin imports no library, and only its own hooks and options."""
    pytester.makeconftest(
        """
import sys

def pytest_unconfigure(config):
    assert config.pluginmanager.has_plugin("pytest_rds_export.plugin")
    print("imported:", *(name for name in sys.modules if name.startswith("pytest_rds_export.")))
    print("imported:", *({"boto3", "botocore", "freezegun"} & sys.modules.keys()))
"""
    )
    result = run_apart("def test_other(tmp_path): pass", "-s")

    result.assert_outcomes(passed=1)
    lines = [line.removeprefix("imported:") for line in result.outlines if line.startswith("imported:")]
    assert set(" ".join(lines).split()) == AT_START


def test_removed_imports(run_apart):
    """Tests and inner runs may remove the imports; only the clock imports freezegun, whatever time.sleep is then."""
    run_apart(
        """
import sys
import time
from time import sleep
from unittest.mock import patch

import pytest

pytest_plugins = ["pytester"]
FAILURE = '''
import pytest

@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_it(rds_export_failure, rds_export_endpoint):
    assert rds_export_failure.name == "ExportTaskNotFound"
'''
CLOCK = '''
def test_it(rds_export_clock, rds_export_client):
    rds_export_clock.tick(minutes=1)
'''

@pytest.mark.parametrize(("source", "failed"), [(FAILURE, 1), (CLOCK, 0)])
def test_inner_run(pytester, source, failed):
    pytester.makepyfile(source)
    result = pytester.runpytest_inprocess("-p", "pytest_rds_export.plugin")
    result.assert_outcomes(passed=1, failed=failed)

def test_remove():
    with patch.dict(sys.modules):
        from pytest_rds_export import fake_rds_export
        with fake_rds_export("nightly"):
            pass

def test_import_again():
    from pytest_rds_export import fake_rds_export
    with fake_rds_export("nightly"):
        pass

def test_no_clock(rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly")
    rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")
    assert [name for name in sys.modules if name.startswith("freezegun")] == []

def test_replaced_sleep(monkeypatch, request):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    clock = request.getfixturevalue("rds_export_clock")
    before = clock.now
    sleep(2)
    assert (clock.now - before).total_seconds() == 2

def test_fixtures(rds_export_tasks, rds_export_clock):
    rds_export_tasks.seed("nightly", status="STARTING")
    rds_export_clock.tick(hours=1)
    assert rds_export_tasks["nightly"].status == "COMPLETE"
"""
    ).assert_outcomes(passed=7)


def test_nothing_loaded(pytester, monkeypatch):
    """A test runs also if nothing has loaded the fake yet."""
    monkeypatch.delattr(pytest_rds_export, "_fake")

    run(pytester, "def test_it(): pass").assert_outcomes(passed=1)
