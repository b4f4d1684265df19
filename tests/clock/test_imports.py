"""Importing something for the first time while rds_export_clock has frozen time."""

import datetime as dt
import importlib
import subprocess
import sys
import threading
import time
import traceback
import types
from pathlib import Path

import pytest

from pytest_rds_export import frozen_clock

REAL = (dt.datetime, dt.date)


def year():
    """The year that code reads which looks the class up."""
    return dt.datetime.now(dt.timezone.utc).year


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A function that writes a module and imports it."""

    def write(source, name="first_imported_here"):
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(str(tmp_path))
        importlib.invalidate_caches()
        # So that it is removed again.
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]
        return importlib.import_module(name)

    return write


def test_rows(tmp_path):
    """A compiled module may be imported under the clock for the first time, as pyarrow is for files with rows."""
    pytest.importorskip("pyarrow")
    source = """
import datetime, pathlib, sys, time
from pytest_rds_export import ExportedTable, fake_rds_export, frozen_clock
with fake_rds_export() as tasks, frozen_clock():
    tasks.seed("nightly")
    assert "pyarrow" not in sys.modules
    folder = pathlib.Path(sys.argv[1])
    tasks.write_files(folder, tables=[ExportedTable("shop.orders", rows=[{"day": datetime.date(2026, 1, 1)}])])
    time.sleep(600)
    assert tasks["nightly"].status == "COMPLETE"
    assert "pyarrow" in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", source, tmp_path], check=True, timeout=120)


def test_classes(module):
    """While it is imported, a module sees the real classes; then the frozen ones, until the clock ends."""
    with frozen_clock("2001-01-01T00:00Z"):
        found = module("""
import datetime, time
from datetime import date, datetime as instant
from time import monotonic, sleep
seen = datetime.datetime, datetime.date
class Day(date): pass
""")
        assert found.seen == REAL
        assert found.Day.__mro__[1] is REAL[1]
        assert (found.instant.now(dt.timezone.utc).year, found.date.today().year, year()) == (2001, 2001, 2001)
        before = found.monotonic()
        found.sleep(60)
        assert found.monotonic() == before + 60
    assert (found.instant, found.date) == REAL
    assert (found.monotonic, found.sleep) == (time.monotonic, time.sleep)


def test_time_in_an_import(module):
    """The clock's own time is frozen also for code that is imported."""
    with frozen_clock("2001-01-01T00:00Z"):
        found = module("""
import boto3
from pytest_rds_export import fake_rds_export
with fake_rds_export("nightly") as tasks:
    started = tasks["nightly"].task_start_time
""")
    assert found.started.year == 2001


def test_nested_import(module):
    """A module that imports another one sees the real classes before and after it."""
    with frozen_clock():
        module("import datetime", "inner_module")
        del sys.modules["inner_module"]
        found = module("""
import datetime
before = datetime.datetime
import inner_module
after = datetime.datetime
""")
    assert found.before is found.after is REAL[0]


def test_import_that_fails(module):
    """The frozen classes are back after an import that fails."""
    with frozen_clock("2001-01-01T00:00Z"):
        with pytest.raises(ZeroDivisionError):
            module("1 / 0")
        assert year() == 2001


def test_warning_of_an_import(module):
    """A warning at the top level of a module that is imported is that of the line that imports it."""
    importer = module("def run(): import old_module", "importer")
    with frozen_clock():
        with pytest.warns(DeprecationWarning, match="old"):
            module("import warnings; warnings.warn('old', DeprecationWarning, stacklevel=2)", "old_module")
        del sys.modules["old_module"]
        with pytest.warns(DeprecationWarning, match="old") as caught:
            importer.run()
    assert [warning.filename for warning in caught] == [importer.__file__]


def test_traceback_of_an_import(module):
    """The traceback of an import that fails has who imports what, and nothing in between."""
    importer = module("def run(): import inner_module", "importer")
    with frozen_clock():
        with pytest.raises(ModuleNotFoundError):
            module("import no_such_module", "inner_module")
        with pytest.raises(ModuleNotFoundError) as caught:
            importer.run()
    names = [Path(entry.filename).name for entry in traceback.extract_tb(caught.tb)]
    assert names == ["test_imports.py", "importer.py", "inner_module.py"]


def test_import_in_another_thread(module, monkeypatch):
    """An import does not change the time that another thread reads, and has the real classes also after the clock."""
    gates = types.SimpleNamespace(importing=threading.Event(), go_on=threading.Event())
    monkeypatch.setitem(sys.modules, "gates", gates)
    source = "import gates; from datetime import datetime; gates.importing.set(); gates.go_on.wait(60)"
    thread = threading.Thread(target=module, args=(source,), daemon=True)
    with frozen_clock("2001-01-01T00:00Z"):
        thread.start()
        assert gates.importing.wait(60)
        assert year() == 2001
    gates.go_on.set()
    thread.join()
    assert sys.modules["first_imported_here"].datetime is REAL[0]


def test_names_of_datetime(rds_export_clock):
    """The module datetime has its other names, and no more."""
    assert dt.timedelta(minutes=1) == dt.timedelta(seconds=60)
    with pytest.raises(AttributeError, match=r"^module 'datetime' has no attribute 'instant'$"):
        dt.instant  # noqa: B018


def test_names_taken_from_freezegun(module):
    """A module that takes freezegun's classes keeps them, whether it is imported before the clock or under it."""
    before = module("from freezegun.api import FakeDatetime", "imported_before")
    with frozen_clock():
        found = module("from freezegun.api import FakeDatetime")
    assert found.FakeDatetime is before.FakeDatetime is not dt.datetime
