"""rds_export_clock starts in any process, and leaves everything as it was if it cannot."""

import asyncio
import contextlib
import copyreg
import datetime as dt
import pickle
import socket
import sys
import time
import types
import uuid

import pytest

from helpers.interrupted import left_behind
from pytest_rds_export import fake_rds_export, frozen_clock

KEPT = {
    "boto3",
    "botocore",
    "dateutil",
    "freezegun",
    "jmespath",
    "pytest_rds_export",
    "s3transfer",
    "urllib3",
}


def replaced():
    """Everything that a clock replaces, and where freezegun keeps account of it."""
    from freezegun import api

    names = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep", "gmtime")
    return {
        **{name: getattr(time, name) for name in (*names, "localtime", "strftime")},
        **{f"datetime.{name}": value for name, value in vars(dt).items()},
        **{f"loop.{name}": value for name, value in vars(asyncio.BaseEventLoop).items()},
        **{f"uuid.{name}": value for name, value in vars(uuid).items()},
        "asyncio.sleep": asyncio.sleep,
        "asyncio.tasks.sleep": asyncio.tasks.sleep,
        "this module": sleep,
        "copyreg": dict(copyreg.dispatch_table),
        "importlib": dict(vars(sys.modules["importlib._bootstrap"])),
        "freezegun": [list(each) for each in (api.freeze_factories, api.tz_offsets, api.ignore_lists, api.tick_flags)],
        "frozen": dt.datetime.now(dt.timezone.utc).year == 2001,
    }


from time import sleep  # noqa: E402 - one of the names that are replaced


def start():
    """A clock that starts in another year than this one."""
    return frozen_clock("2001-01-01T00:00Z")


@pytest.mark.timeout(120)
def test_interrupted(monkeypatch):
    """An exception at any line of entering and leaving the clock leaves nothing behind."""
    # The clock looks into each module; those that have nothing to do with it only make this slower.
    for name in [*sys.modules]:
        if name.partition(".")[0] not in {*sys.stdlib_module_names, *KEPT, __name__}:
            monkeypatch.delitem(sys.modules, name)
    with fake_rds_export("nightly"):
        assert left_behind(start, replaced) == {}


@pytest.mark.parametrize("ending", [None, ZeroDivisionError(), KeyboardInterrupt()])
def test_nothing_left(ending):
    """Every object that the clock replaces is restored, however its block ends."""
    before = replaced()
    with contextlib.suppress(type(ending)), start():
        assert replaced() != before
        if ending is not None:
            raise ending
    assert replaced() == before


def test_odd_modules(monkeypatch):
    """No code of a module that is imported lazily runs when the clock starts or ends; what is no module stays as is."""
    ran = []

    class Lazy(types.ModuleType):
        def __getattribute__(self, name):
            ran.append(name)
            raise ImportError(name)

    namespace = types.SimpleNamespace(sleep=time.sleep)
    for name, thing in {"lazy": Lazy("lazy"), "none": None, "object": object(), "namespace": namespace}.items():
        monkeypatch.setitem(sys.modules, name, thing)
    with start():
        assert namespace.sleep is not time.sleep
    assert ran == []


def test_configuration_of_freezegun():
    """A module that freezegun is configured to ignore reads the real time and has real sleeps, for that clock."""
    import freezegun

    ours = types.ModuleType("ignored.inside")
    exec("import time\ndef read(): return time.monotonic()", vars(ours))
    try:
        freezegun.configure(extend_ignore_list=["ignored"])
        with start():
            assert ours.read() < ours.read()
    finally:
        freezegun.config.reset_config()
    with start():
        assert ours.read() == ours.read() == time.monotonic()


def test_without_sockets(monkeypatch):
    """No socket is needed, as with pytest --disable-socket."""

    def refuse(*arguments):
        raise RuntimeError("no sockets")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "socketpair", refuse)
    with start() as clock:
        assert clock.now.year == 2001


def test_pickle():
    """Times can be pickled while the clock is frozen."""
    real = dt.datetime(2020, 2, 29, tzinfo=dt.timezone.utc)
    with start() as clock:
        times = [real, clock.now, dt.datetime.now(dt.timezone.utc), dt.date(2020, 2, 29)]
        assert pickle.loads(pickle.dumps(times)) == times


def test_uuid(rds_export_clock):
    """A time-based UUID has the frozen time."""
    made = uuid.uuid1()
    assert (made.time - 0x01B21DD213814000) / 1e7 == pytest.approx(time.time(), abs=1)


@pytest.mark.parametrize("name", ["monotonic", "perf_counter"])
def test_deadlines_from_before(name):
    """A deadline that was set before the clock is as far away under the clock."""
    deadline = getattr(time, name)() + 90
    with start() as clock:
        rounds = 0
        while getattr(time, name)() < deadline:
            time.sleep(60)
            rounds += 1
        assert (rounds, clock.now.minute) == (2, 2)
        assert getattr(time, name)() * 1e9 == pytest.approx(getattr(time, f"{name}_ns")())


@pytest.mark.parametrize("name", ["time", "time_ns", "gmtime", "localtime", "strftime"])
def test_readings(name):
    """Every function of the module time that tells the time tells the frozen time, and takes its arguments."""
    with start():
        arguments = ("%Y",) if name == "strftime" else ()
        first = getattr(time, name)(*arguments)
        assert getattr(time, name)(*arguments) == first
        assert time.gmtime(0).tm_year == 1970
        assert time.strftime("%Y", time.gmtime(0)) == "1970"
