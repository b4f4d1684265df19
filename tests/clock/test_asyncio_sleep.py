"""asyncio.sleep under rds_export_clock: concurrent tasks sleep together."""

import asyncio
import math
import time
from datetime import datetime, timedelta, timezone
from fractions import Fraction

import pytest

from pytest_rds_export import SleepLimitExceeded, _sleeping, frozen_clock

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def passed(clock):
    """The seconds since the clock began."""
    return (clock.now - START).total_seconds()


class OtherLoop(asyncio.SelectorEventLoop):
    """Like uvloop: without the private attributes that asyncio's own loops have."""

    def __getattribute__(self, name):
        if name in ("_ready", "_stopping") and _sleeping.__name__ == _caller():
            raise AttributeError(name)
        return super().__getattribute__(name)


def _caller():
    import inspect

    return inspect.currentframe().f_back.f_back.f_globals["__name__"]


@pytest.fixture(params=[asyncio.SelectorEventLoop, OtherLoop], ids=["asyncio", "other"])
def run(request):
    """A function that runs a coroutine in an event loop of asyncio, and in one of another kind."""
    with asyncio.Runner(loop_factory=request.param) if hasattr(asyncio, "Runner") else _Runner(request.param) as runner:
        yield runner.run


class _Runner:
    """asyncio.Runner for Python 3.10."""

    def __init__(self, loop_factory):
        self.loop = loop_factory()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.loop.close()

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)


def test_concurrent_sleeps(run, rds_export_clock):
    """Ten concurrent sleeps of a minute take a minute, and each returns its result."""

    async def main():
        return await asyncio.gather(*(asyncio.sleep(60, result=number) for number in range(10)))

    assert run(main()) == list(range(10))
    assert passed(rds_export_clock) == 60


def test_no_sleep(run, rds_export_clock):
    """A sleep of no time returns its result as well, and does not move the clock."""
    assert run(asyncio.sleep(0, "result")) == "result"
    assert passed(rds_export_clock) == 0


def test_deadlines(run, rds_export_clock):
    """Tasks wake in the order of their deadlines, then of their sleeps, with the clock at that time."""
    log = []

    async def worker(name, length, count):
        for _ in range(count):
            await asyncio.sleep(length)
            log.append((name, passed(rds_export_clock)))

    async def main():
        await asyncio.gather(worker("a", 60, 2), worker("b", 25, 3), worker("c", 60, 1))

    run(main())
    assert log == [("b", 25), ("b", 50), ("a", 60), ("c", 60), ("b", 75), ("a", 120)]


@pytest.mark.parametrize("steps", [0, 5, 200])
def test_running_task(steps, rds_export_clock):
    """The clock waits for a task that can run: it sees the time at which it began."""

    async def works():
        for _ in range(steps):
            await asyncio.sleep(0)
        began = passed(rds_export_clock)
        await asyncio.sleep(10)
        return began, passed(rds_export_clock)

    async def main():
        _, times = await asyncio.gather(asyncio.sleep(60), works())
        return times

    assert asyncio.run(main()) == (0, 10)
    assert passed(rds_export_clock) == 60


def test_busy_task(run, rds_export_clock):
    """A task that never stops running does not stop the clock for ever."""

    async def main():
        sleeping = asyncio.create_task(asyncio.sleep(60))
        while not sleeping.done():  # noqa: ASYNC110
            await asyncio.sleep(0)

    run(main())
    assert passed(rds_export_clock) == 60


def test_cancelled_sleep(run, rds_export_clock):
    """The clock does not move to the deadline of a cancelled task, whether it is the first or the only one."""

    async def main():
        cancelled = [asyncio.create_task(asyncio.sleep(length)) for length in (30, 90)]
        await asyncio.sleep(0)
        for task in cancelled:
            task.cancel()
        await asyncio.gather(*cancelled, return_exceptions=True)
        await asyncio.sleep(0)
        before = passed(rds_export_clock)
        await asyncio.sleep(60)
        return before

    assert run(main()) == 0
    assert passed(rds_export_clock) == 60


def test_task_cancelled_as_it_wakes(rds_export_clock):
    """A task that is cancelled at the deadline of another does not keep that one from waking."""

    async def main():
        first = asyncio.create_task(asyncio.sleep(60))
        second = asyncio.create_task(asyncio.sleep(60))
        rds_export_clock.call_later(60, second.cancel)
        await first
        with pytest.raises(asyncio.CancelledError):
            await second
        await asyncio.sleep(10)

    asyncio.run(main())
    assert passed(rds_export_clock) == 70


def test_moved_by_others(run, rds_export_clock):
    """A task wakes when something other than a sleep moves the clock past its deadline, which moves no further."""

    async def main():
        sleeping = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        time.sleep(90)  # noqa: ASYNC251
        await sleeping

    run(main())
    assert passed(rds_export_clock) == 90


def test_timeout(run, rds_export_clock):
    """A sleep shorter or longer than the timeout of wait_for ends at once."""
    run(asyncio.wait_for(asyncio.sleep(3600), timeout=30))
    assert passed(rds_export_clock) == 3600


@pytest.mark.rds_export_clock(limit=timedelta(hours=1))
def test_limit(run, rds_export_clock):
    """The limit counts frozen time, not the sum of concurrent sleeps, and allows a longer sleep that is not awaited."""

    async def main():
        forever = asyncio.create_task(asyncio.sleep(1e300))
        await asyncio.gather(*(asyncio.sleep(1800) for _ in range(10)))
        await asyncio.sleep(1800)
        assert not forever.done()
        await forever

    with pytest.raises(SleepLimitExceeded):
        run(main())
    assert passed(rds_export_clock) == 3600


def test_sleep_that_outlives_the_clock():
    """A task that still sleeps when the clock ends wakes when its event loop runs again."""
    loop = asyncio.new_event_loop()
    try:
        with frozen_clock():
            sleeping = loop.create_task(asyncio.sleep(60, "result"))
            loop.run_until_complete(asyncio.sleep(0))
        assert loop.run_until_complete(sleeping) == "result"
    finally:
        loop.close()


def test_stopped_loop(rds_export_clock):
    """A task that still sleeps when the loop stops sleeps on in the next run of the loop."""
    loop = asyncio.new_event_loop()
    background = loop.create_task(asyncio.sleep(3600))

    loop.run_until_complete(asyncio.sleep(1))
    loop.run_until_complete(asyncio.sleep(0))

    assert rds_export_clock.now == START + timedelta(seconds=1)
    loop.run_until_complete(background)
    assert rds_export_clock.now == START + timedelta(seconds=3600)
    loop.close()


def test_infinite_sleep(rds_export_clock):
    """An infinite asyncio.sleep does not move the clock."""

    async def main():
        endless = asyncio.create_task(asyncio.sleep(math.inf))
        await asyncio.sleep(1)
        endless.cancel()
        with pytest.raises(asyncio.CancelledError):
            await endless

    start = rds_export_clock.now
    asyncio.run(main())
    assert (rds_export_clock.now - start).total_seconds() == 1


def test_unusual_sleeps(rds_export_clock):
    """A sleep may be any real number; a huge one is refused instead of overflowing."""
    start = rds_export_clock.now
    asyncio.run(asyncio.sleep(Fraction(1, 2)))
    assert (rds_export_clock.now - start).total_seconds() == 0.5
    with pytest.raises(SleepLimitExceeded):
        asyncio.run(asyncio.sleep(1e300))
