"""trio, and anyio on trio and on asyncio, under rds_export_clock."""

import select
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest

from helpers.timelines import passed
from pytest_rds_export import frozen_clock
from pytest_rds_export.exceptions import SleepLimitExceeded

trio = pytest.importorskip("trio")
anyio = pytest.importorskip("anyio")

pytestmark = pytest.mark.timeout(60)


def test_tasks(rds_export_clock):
    """Tasks sleep together, and read the time of the clock."""

    async def poll():
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            await trio.sleep(60)

    async def main():
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(poll)

    trio.run(main)
    assert passed(rds_export_clock) == 120


def test_work_in_a_thread(rds_export_clock):
    """The clock does not move to a deadline while a thread is at work."""

    async def main():
        with trio.fail_after(60):
            await trio.to_thread.run_sync(select.select, [], [], [], 0.2)

    trio.run(main)
    assert passed(rds_export_clock) == 0


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(backend, rds_export_clock):
    """Every timer of anyio follows the clock."""

    async def main():
        await anyio.sleep(60)
        with anyio.move_on_after(60):
            await anyio.sleep(3600)
        with pytest.raises(TimeoutError), anyio.fail_after(60):
            await anyio.Event().wait()
        await anyio.to_thread.run_sync(time.sleep, 60)

    anyio.run(main, backend=backend)
    assert passed(rds_export_clock) == 240


@pytest.mark.rds_export_clock(limit=timedelta(hours=1))
def test_limit(rds_export_clock):
    """The limit is raised where the main task waits, also if it is another one that polls without an end."""

    async def poll_endlessly():
        while True:
            await trio.sleep(600)

    async def main():
        with pytest.raises(SleepLimitExceeded):
            await trio.sleep(1e9)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(poll_endlessly)

    with pytest.raises(BaseException) as caught:  # noqa: PT011 - Python 3.10 has no name for a group
        trio.run(main)
    assert [type(error) for error in caught.value.exceptions] == [SleepLimitExceeded]
    assert passed(rds_export_clock) == 3600


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_odd_lengths(backend, rds_export_clock):
    """A deadline between two microseconds is reached."""

    async def main():
        for number in range(1, 100):
            await anyio.sleep(1 / number)

    anyio.run(main, backend=backend)
    assert passed(rds_export_clock) == pytest.approx(sum(1 / number for number in range(1, 100)), abs=0.001)


def test_scheduled_call(rds_export_clock):
    """A scheduled call runs while tasks sleep, and what it wakes runs at that time."""
    log = []

    async def main():
        done = trio.Event()
        rds_export_clock.call_later(30, done.set)
        with trio.fail_after(60):
            await done.wait()
            log.append(passed(rds_export_clock))
            await trio.sleep(10)

    trio.run(main)
    assert (log, passed(rds_export_clock)) == ([30], 40)


def test_stops_of_one_sleep(rds_export_clock):
    """A sleep is one, however often the clock stops on its way without waking anything."""
    rds_export_clock.call_later(20, print)
    rds_export_clock.call_later(50, time.sleep, 5)

    async def main():
        await trio.sleep(30 + 1 / 7)
        await trio.sleep(60 - 1 / 7)

    trio.run(main)
    assert [length.total_seconds() for length in rds_export_clock.sleeps] == pytest.approx(
        [30 + 1 / 7, 20 - 1 / 7, 5, 35]
    )


class CountingInstrument(trio.abc.Instrument):
    """Counts the real seconds for which trio may wait."""

    seconds = 0.0

    def before_io_wait(self, timeout):
        """Count."""
        self.seconds += timeout


def test_real_time_of_stops(rds_export_clock):
    """With a thread at work, the clock waits in real time before a sleep, and hardly at stops without effect."""
    end, instrument = threading.Event(), CountingInstrument()
    for seconds in range(20):
        rds_export_clock.call_later(seconds + 10, int)
    thread = threading.Thread(target=end.wait)
    thread.start()
    trio.run(trio.sleep, 60, instruments=[instrument])
    end.set()
    thread.join()
    assert 2 <= instrument.seconds < 3.3  # a thread has 2 seconds for its work


def test_older_thread():
    """A run in a thread that is older than the clock is real, and so is one after the clock."""
    go_on, clocks = threading.Event(), []

    async def main():
        clocks.append(type(trio.lowlevel.current_clock()).__name__)

    def run():
        go_on.wait()
        trio.run(main)

    thread = threading.Thread(target=run)
    thread.start()
    with frozen_clock():
        go_on.set()
        thread.join()
        trio.run(main)
    trio.run(main)
    assert clocks == ["SystemClock", "MockClock", "SystemClock"]


def test_imported_under_the_clock():
    """Trio may be imported for the first time under the clock."""
    source = """
from pytest_rds_export import frozen_clock
with frozen_clock() as clock:
    import trio
    trio.run(trio.sleep, 60)
    assert clock.now.minute == 1
"""
    subprocess.run([sys.executable, "-W", "error", "-c", source], check=True, timeout=60)
