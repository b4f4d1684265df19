"""Sleeping under rds_export_clock moves it, up to a limit."""

import asyncio
import sys
import time
import types
from datetime import datetime, timedelta, timezone

import pytest

from helpers.calls import described
from helpers.clients import shared_client
from helpers.errors import raises_exactly
from helpers.inner import blocks, run
from pytest_rds_export import Stuck, fake_rds_export, frozen_clock
from pytest_rds_export.exceptions import SleepLimitExceeded

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
LIMIT_EXCEEDED = (
    "the code under test slept {0} times, and the next sleep would exceed the limit of 1 day, 0:00:00 of frozen time. "
    "{1}Make the code stop waiting earlier, make the export end, or set another limit with "
    "@pytest.mark.rds_export_clock(limit=timedelta(...))."
)


@pytest.fixture
def module_of(monkeypatch):
    """A function that makes a module of the user's from its source."""

    def make(source, name="exporter_of_the_user"):
        module = types.ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(source, vars(module))
        return module

    return make


@pytest.mark.parametrize(
    "source",
    [
        "import time\ndef wait(): time.sleep(60)",
        "from time import sleep\ndef wait(): sleep(60)",
        "from time import sleep as nap\ndef wait(): nap(60)",
        "import asyncio\ndef wait(): asyncio.run(asyncio.sleep(60))",
        "import asyncio\nfrom asyncio import sleep\nasync def a(): await sleep(60)\ndef wait(): asyncio.run(a())",
    ],
)
def test_imported_before(source, module_of):
    """A sleep moves the clock however the module imported it."""
    exporter = module_of(source)
    for _ in range(2):  # the second clock knows the module already
        with frozen_clock() as clock:
            exporter.wait()
            assert clock.now == START + MINUTE


def test_imported_under_the_clock(rds_export_clock, module_of):
    """A sleep that a module imports under the clock moves it."""
    module_of("from time import sleep\nsleep(60)")
    assert rds_export_clock.now == START + MINUTE


@pytest.mark.parametrize("name", ["queue_poller", "subprocess_runner", "threading2"])
def test_name_of_the_module(name, module_of):
    """A sleep moves the clock even in a module named like one that waits in real time."""
    exporter = module_of("import time\nfrom time import sleep\ndef wait(): sleep(30); time.sleep(30)", name)
    with frozen_clock() as clock:
        exporter.wait()
        assert clock.now == START + MINUTE


def test_replaced_by_an_earlier_test(module_of):
    """A replacement of sleep that an earlier test installed does not hide the sleep of its module."""
    exporter = module_of("from time import sleep\ndef wait(): sleep(60)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporter, "sleep", lambda seconds: None)
        with frozen_clock() as clock:
            exporter.wait()
            assert clock.now == START
    with frozen_clock() as clock:
        exporter.wait()
        assert clock.now == START + MINUTE


def test_refused_values(rds_export_clock):
    """What the real sleeps refuse is refused."""
    wrong = ((-1, ValueError), (float("nan"), ValueError), (float("inf"), OverflowError), ("60", TypeError))
    for seconds, error in (*wrong, (None, TypeError)):
        with pytest.raises(error):
            time.sleep(seconds)
    with pytest.raises(TypeError):
        asyncio.run(asyncio.sleep("60"))
    assert rds_export_clock.now == START


def test_polling(rds_export_tasks, rds_export_clock, rds_export_client):
    """An export is polled to its end."""
    rds_export_tasks.seed("nightly", status="STARTING")
    seen = []
    while not seen or seen[-1] != "COMPLETE":
        seen.append(described(rds_export_client)["Status"])
        time.sleep(60)
    assert seen == ["STARTING"] * 20 + ["IN_PROGRESS"] * 5 + ["COMPLETE"]


@pytest.mark.rds_export_tasks("before", "weekly", timeline=Stuck())
def test_limit(rds_export_tasks, rds_export_client):
    """The error at the limit names the unfinished tasks that were described since the clock began, and what to do."""
    rds_export_tasks.seed("done", status="COMPLETE")
    described(rds_export_client, "before")
    with frozen_clock() as clock:
        rds_export_tasks.seed("nightly", status="STARTING")
        rds_export_client.cancel_export_task(ExportTaskIdentifier="weekly")
        for identifier in ("nightly", "done", "weekly", "nightly"):
            described(rds_export_client, identifier)
            time.sleep(6 * 3600)
        with pytest.raises(SleepLimitExceeded) as caught:
            time.sleep(1)
        assert clock.now == START + timedelta(days=1)
    tasks = "'nightly' is still STARTING. 'weekly' is still CANCELING. "
    assert str(caught.value) == LIMIT_EXCEEDED.format(4, tasks)


def test_limit_in_another_region(rds_export_clock):
    """The error names the tasks of any region, also those of a fake that began after the clock."""
    with fake_rds_export(timeline=Stuck()) as tasks:
        tasks.in_region("eu-west-1").seed("nightly")
        described(shared_client("eu-west-1"))
        with raises_exactly(SleepLimitExceeded, LIMIT_EXCEEDED.format(0, "'nightly' is still IN_PROGRESS. ")):
            time.sleep(25 * 3600)


@pytest.mark.rds_export_tasks("nightly", timeline=Stuck())
def test_endless_polling(rds_export_clock, rds_export_client):
    """The limit ends a polling loop even if it has an ``except Exception``."""

    def poll():
        for _ in range(100):
            try:
                described(rds_export_client)
                time.sleep(6 * 3600)
            except Exception:  # noqa: BLE001
                continue

    with raises_exactly(SleepLimitExceeded, LIMIT_EXCEEDED.format(4, "'nightly' is still IN_PROGRESS. ")):
        poll()


def test_after_the_fake(rds_export_clock):
    """A fake that has ended is not asked for its tasks."""
    with fake_rds_export("nightly"):
        shared_client().describe_export_tasks()

    with pytest.raises(SleepLimitExceeded) as raised:
        time.sleep(1e300)
    assert "nightly" not in str(raised.value)


@pytest.mark.rds_export_clock(limit=MINUTE)
def test_limit_counts_sleeps(rds_export_clock):
    """Only sleeping counts towards the limit."""
    rds_export_clock.tick(days=30)
    rds_export_clock.move_to("2030-01-01T00:00Z")
    time.sleep(60)
    with pytest.raises(SleepLimitExceeded):
        asyncio.run(asyncio.sleep(1))


def test_exceeded_limit(pytester):
    """An exceeded limit fails its own test and no other."""
    result = run(
        pytester,
        """
import time

def test_waits(rds_export_clock):
    while True:
        time.sleep(3600)

def test_next(rds_export_clock):
    assert rds_export_clock.now.isoformat() == "2026-01-01T00:00:00+00:00"
""",
    )

    result.assert_outcomes(failed=1, passed=1)
    (line,) = [line for line in blocks(result)["test_waits"] if "SleepLimitExceeded: " in line]
    assert line.endswith(f"SleepLimitExceeded: {LIMIT_EXCEEDED.format(24, '')}")


def test_sleeps_that_were_kept(monkeypatch):
    """The clock's own sleeps, which a test has kept and puts back later, do not become the real ones."""
    with frozen_clock():
        kept = time.sleep, asyncio.sleep
    monkeypatch.setattr(time, "sleep", kept[0])
    monkeypatch.setattr(asyncio, "sleep", kept[1])

    with frozen_clock() as clock:
        for seconds in (0, 60):
            time.sleep(seconds)
            asyncio.run(asyncio.sleep(seconds))

    assert clock.sleeps == [timedelta(seconds=60)] * 2
