"""Sleeping under rds_export_clock moves it, up to a limit."""

import asyncio
import sys
import time
import types
from datetime import timedelta

import pytest

from helpers.calls import described
from helpers.clients import shared_client
from helpers.inner import blocks, run
from helpers.timelines import passed
from pytest_rds_export import Stuck, fake_rds_export, frozen_clock
from pytest_rds_export.exceptions import SleepLimitExceeded

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("name", ["exporter_of_the_user", "queue_poller", "threading2"])
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
def test_imported_before(source, name, monkeypatch):
    """A sleep moves the clock however a module imported it, also in one named like those that wait in real time."""
    exporter = types.ModuleType(name)
    monkeypatch.setitem(sys.modules, name, exporter)
    exec(source, vars(exporter))
    for _ in range(2):  # the second clock knows the module already
        with frozen_clock() as clock:
            exporter.wait()
            assert passed(clock) == 60


def test_refused_values(rds_export_clock):
    """What the real sleeps refuse is refused."""
    wrong = ((-1, ValueError), (float("nan"), ValueError), (float("inf"), OverflowError), ("60", TypeError))
    for seconds, error in (*wrong, (None, TypeError)):
        with pytest.raises(error):
            time.sleep(seconds)
    with pytest.raises(TypeError):
        asyncio.run(asyncio.sleep("60"))
    assert passed(rds_export_clock) == 0


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
        assert passed(clock) == 24 * 3600
    assert str(caught.value) == (
        "the code under test slept 4 times, and the next sleep would exceed the limit of 1 day, 0:00:00 of frozen "
        "time. 'nightly' is still STARTING. 'weekly' is still CANCELING. Make the code stop waiting earlier, make the "
        "export end, or set another limit with @pytest.mark.rds_export_clock(limit=timedelta(...))."
    )


def test_limit_with_several_fakes(rds_export_clock):
    """The error names the tasks of any region, also of a fake that began after the clock, but not of one that ended."""
    with fake_rds_export("ended"):
        described(shared_client(), "ended")
    with fake_rds_export(timeline=Stuck()) as tasks:
        tasks.in_region("eu-west-1").seed("nightly")
        described(shared_client("eu-west-1"))
        with pytest.raises(SleepLimitExceeded, match=r"frozen time\. 'nightly' is still IN_PROGRESS\. Make the code"):
            time.sleep(1e300)


@pytest.mark.rds_export_clock(limit=MINUTE)
def test_limit_counts_sleeps(rds_export_clock):
    """Only sleeping counts towards the limit."""
    rds_export_clock.tick(days=30)
    rds_export_clock.move_to("2030-01-01T00:00Z")
    time.sleep(60)
    with pytest.raises(SleepLimitExceeded):
        asyncio.run(asyncio.sleep(1))


def test_exceeded_limit(pytester):
    """An exceeded limit fails its own test and no other, also if the code has an ``except Exception``."""
    result = run(
        pytester,
        """
import time

def test_waits(rds_export_clock):
    for _ in range(30):
        try:
            time.sleep(3600)
        except Exception:
            continue

def test_next(rds_export_clock):
    assert rds_export_clock.now.isoformat() == "2026-01-01T00:00:00+00:00"
""",
    )

    result.assert_outcomes(failed=1, passed=1)
    (line,) = [line for line in blocks(result)["test_waits"] if "SleepLimitExceeded: " in line]
    assert "SleepLimitExceeded: the code under test slept 24 times, and" in line


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
