"""A long run of pytest does not grow by what its tests have used."""

CONFTEST = """
import gc
import pytest
from pytest_rds_export import plugin

KEYS = {name: key for name, key in vars(plugin).items() if isinstance(key, pytest.StashKey)}

def pytest_sessionfinish(session):
    kept = [name for item in session.items for name, key in KEYS.items() if key in item.stash]
    gc.collect()
    classes = [type(found).__name__ for found in gc.get_objects()]
    print(f"\\nkept of {len(session.items)} tests: {kept}")
    assert KEYS
    names = ("Account", "Environment", "ExportTaskRegistry", "Delivery", "ExportSource", "RdsEvent", "SourceState")
    print(f"alive: {[name for name in names if name in classes]}")
"""

TESTS = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_passes(number, request, rds_export_tasks):
    rds_export_tasks.deliver_events(lambda event, context: event)
    rds_export_tasks.seed_snapshot("nightly").move_to("deleted")
    assert len(rds_export_tasks.deliveries) == 1

@pytest.mark.xfail
def test_fails(rds_export_tasks):
    assert False

@pytest.fixture
def broken():
    raise LookupError

@pytest.mark.xfail
def test_fails_at_setup(rds_export_tasks, broken):
    pass

def test_skips(rds_export_tasks):
    pytest.skip()

def test_other(request):
    pass
"""


def test_nothing_is_kept(pytester, monkeypatch):
    """Nothing of what a test used is kept with the test, which pytest keeps until the run ends."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("-p", "pytest_rds_export.plugin", "--assert=plain", "-s")
    result.assert_outcomes(passed=4, xfailed=2, skipped=1)
    result.stdout.fnmatch_lines(["kept of 7 tests: []", "alive: []"])
