"""asyncio.sleep under rds_export_clock: concurrent tasks sleep together."""

import asyncio
import contextlib
import math
import select
import selectors
import socket
import sys
import threading
import time
from datetime import timedelta
from fractions import Fraction

import pytest

from helpers.clients import shared_client
from helpers.reports import steps
from helpers.timelines import START, passed
from pytest_rds_export import Stuck, Timeline, fake_rds_export, frozen_clock, sweep
from pytest_rds_export.exceptions import SleepLimitExceeded


class OtherLoop(asyncio.SelectorEventLoop):
    """Like uvloop: with a time and timers of its own, which are real."""

    _time = staticmethod(time.monotonic)

    def time(self):
        """Return the real time."""
        return self._time()


@pytest.fixture(params=[asyncio.SelectorEventLoop, OtherLoop], ids=["asyncio", "other"])
def run(request):
    """A function that runs a coroutine in an event loop of asyncio, and in one of another kind."""
    with contextlib.closing(request.param()) as loop:
        yield loop.run_until_complete


def test_woken_on_the_way(run, rds_export_clock):
    """A task that a scheduled call wakes runs at that time, though others sleep longer, and sleeps from there."""
    times = []

    async def main():
        done = asyncio.Event()
        rds_export_clock.call_later(300, done.set)
        others = [asyncio.ensure_future(asyncio.sleep(600)) for _ in range(2)]
        await done.wait()
        times.append(passed(rds_export_clock))
        await asyncio.sleep(10)
        times.append(passed(rds_export_clock))
        await asyncio.gather(*others)

    run(main())
    assert (times, passed(rds_export_clock)) == ([300, 310], 600)


def test_event_before_a_deadline(rds_export_tasks, rds_export_clock):
    """A task that an event's receiver wakes runs at the time of the event, and has the rest of its deadline."""
    rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=300))

    async def load():
        done = asyncio.Event()
        rds_export_tasks.deliver_events(lambda _event, _context: done.set())
        await done.wait()
        woken = passed(rds_export_clock)
        await asyncio.sleep(60)
        return woken

    async def main():
        return await asyncio.wait_for(load(), 600)

    assert asyncio.run(main()) == 300
    assert rds_export_clock.sleeps == [timedelta(seconds=300), timedelta(seconds=60)]


def test_stops_of_one_sleep(run, rds_export_tasks, rds_export_clock):
    """A sleep is one, however often the clock stops on its way without waking anything, also in the report."""
    rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=300))
    rds_export_tasks.deliver_events(lambda _event, _context: None)
    rds_export_clock.call_later(20, print)

    run(asyncio.sleep(3600))
    run(asyncio.sleep(60))

    assert rds_export_clock.sleeps == [timedelta(seconds=3600), timedelta(seconds=60)]
    assert steps() == [
        "  +0:00:00  slept 1:00:00",
        "  +0:05:00  'nightly' COMPLETE in us-east-1, event RDS-EVENT-0161",
        "  +1:00:00  slept 60 s",
    ]


def test_sleep_within_another(run, rds_export_clock):
    """Of a sleep in which another one is, the parts before and after that are two."""
    rds_export_clock.call_later(20, time.sleep, 5)

    run(asyncio.sleep(60))

    assert [length.total_seconds() for length in rds_export_clock.sleeps] == [20, 5, 35]


def test_restored_within_a_sleep(run, rds_export_clock):
    """When the clock is restored within a sleep, as between the attempts of a sweep, another one begins."""
    with contextlib.closing(iter(sweep("Throttling"))) as attempts:
        with next(attempts):
            shared_client().describe_export_tasks()
        rds_export_clock.call_later(20, next, attempts)

        run(asyncio.sleep(60))

    assert rds_export_clock.sleeps == [timedelta(seconds=40)]


def test_part_of_a_sleep_in_a_new_account(run, rds_export_clock):
    """A fake that begins within a sleep reports the rest of it."""
    with contextlib.ExitStack() as stack:
        rds_export_clock.call_later(20, stack.enter_context, fake_rds_export("nightly"))
        rds_export_clock.call_later(30, print)
        run(asyncio.sleep(60))
        assert steps() == ["  +0:00:00  slept 40 s"]
    assert rds_export_clock.sleeps == [timedelta(seconds=60)]


class CountingSelector(selectors.DefaultSelector):
    """Counts the real seconds for which it may wait."""

    seconds = 0.0

    def select(self, timeout=None):
        """Wait."""
        self.seconds += timeout or 0
        return super().select(timeout)


def test_real_time_of_stops(rds_export_clock):
    """Only with an open socket the clock waits in real time before a sleep, and hardly at stops without effect."""
    selector = CountingSelector()
    with contextlib.closing(asyncio.SelectorEventLoop(selector)) as loop:
        loop.run_until_complete(asyncio.sleep(60))
        assert selector.seconds < 0.1
        for seconds in range(30):
            rds_export_clock.call_later(seconds + 10, int)
        reading, writing = socket.socketpair()
        with reading, writing:
            loop.add_reader(reading, print)
            loop.run_until_complete(asyncio.sleep(60))
            loop.remove_reader(reading)
    assert 0.1 <= selector.seconds < 1
    assert passed(rds_export_clock) == 120


def test_thread_that_a_stop_starts(rds_export_clock):
    """A thread that a scheduled call starts has time to wake a task, as have those that run before a sleep."""

    async def main():
        done, loop = asyncio.Event(), asyncio.get_running_loop()

        def work():
            select.select([], [], [], 0.03)
            loop.call_soon_threadsafe(done.set)

        rds_export_clock.call_later(10, lambda: threading.Thread(target=work).start())
        await asyncio.wait_for(done.wait(), 60)

    asyncio.run(main())
    assert passed(rds_export_clock) == 10


def test_stops_that_change_the_loop(rds_export_clock):
    """A scheduled call may stop the loop, cancel the timer that the clock moves to, or set an earlier one."""
    loop, seen = asyncio.new_event_loop(), []
    with contextlib.closing(loop):
        loop.call_later(60, seen.append, "stopped too late")
        rds_export_clock.call_later(10, loop.stop)
        loop.run_forever()
        assert passed(rds_export_clock) == 10
        timer = loop.call_later(20, seen.append, "cancelled too late")
        rds_export_clock.call_later(10, timer.cancel)
        rds_export_clock.call_later(15, lambda: loop.call_later(5, loop.stop))
        loop.run_forever()
    assert (seen, passed(rds_export_clock)) == ([], 30)


@pytest.mark.rds_export_tasks("daily", "nightly", timeline=Stuck())
def test_polls_in_threads(rds_export_tasks, rds_export_clock, rds_export_client):
    """Two exports that are polled by calls in threads get every poll: the clock waits for the calls."""

    async def poll(identifier):
        for _ in range(16):
            await asyncio.to_thread(rds_export_client.describe_export_tasks, ExportTaskIdentifier=identifier)
            await asyncio.sleep(60)

    async def main():
        await asyncio.gather(poll("daily"), poll("nightly"))

    asyncio.run(main())
    assert passed(rds_export_clock) == 16 * 60
    expected = [START + timedelta(seconds=second) for second in range(0, 960, 60) for _ in range(2)]
    assert sorted(call.time for call in rds_export_tasks.calls) == expected


@pytest.mark.parametrize("length", [0, 0.5, Fraction(1, 2)])
def test_lengths(length, run, rds_export_clock):
    """A sleep may be any real number, also 0, and returns its result."""
    assert run(asyncio.sleep(length, "result")) == "result"
    assert passed(rds_export_clock) == length


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


@pytest.mark.parametrize("rounds", [0, 5, 200])
def test_running_task(rounds, rds_export_clock):
    """The clock waits for a task that can run: it sees the time at which it began."""

    async def works():
        for _ in range(rounds):
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


def test_timers_that_outlive_the_clock():
    """Timers that are left when the clock ends keep the time that is left, also those of a loop that has not run."""
    running, idle = asyncio.new_event_loop(), asyncio.new_event_loop()
    with contextlib.closing(running), contextlib.closing(idle):
        timers = [running.call_later(5000, print)]
        with frozen_clock() as clock:
            clock.tick(1800)
            timers += [loop.call_later(7000, print) for loop in (running, idle)]
            running.run_until_complete(asyncio.sleep(1800))
        left = [timer.when() - running.time() for timer in timers]
    assert left == pytest.approx([1400, 5200, 5200], abs=60)  # the test itself takes some of it


class LoopWithoutSelector(asyncio.BaseEventLoop):
    """A loop that waits in a way of its own, as those of graphical toolkits do."""

    _asyncgens_shutdown_called = True


def test_timer_of_a_loop_without_a_selector(rds_export_clock):
    """A timer can be set on a loop that does not wait with a selector."""
    with contextlib.closing(LoopWithoutSelector()) as loop:
        assert loop.call_later(60, print).when() == loop.time() + 60


def test_sleep_that_outlives_the_clock():
    """A task that still sleeps in a loop of another kind when the clock ends wakes when its loop runs again."""
    with contextlib.closing(OtherLoop()) as loop:
        with frozen_clock():
            sleeping = loop.create_task(asyncio.sleep(60, "result"))
            loop.run_until_complete(asyncio.sleep(0))
        assert loop.run_until_complete(sleeping) == "result"


def test_running_loop():
    """A loop that runs already follows a clock that begins, and its own time when the clock has ended."""
    real_time = time.monotonic

    async def main():
        loop = asyncio.get_running_loop()
        before = loop.time()
        with frozen_clock() as clock:
            await asyncio.sleep(3600)
            assert passed(clock) == 3600
            assert loop.time() == time.monotonic() >= before + 3600
        await asyncio.sleep(0.001)
        assert before < loop.time() <= real_time() < before + 3600

    asyncio.run(main())


def test_real_work(run, rds_export_clock):
    """Threads and child processes work in any loop."""

    async def main():
        process = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", "pass")
        return await asyncio.to_thread(int), await process.wait()

    assert run(main()) == (0, 0)
    assert passed(rds_export_clock) == 0


def test_loop_with_its_own_way_to_run():
    """A subclass of asyncio's loops may run its callbacks in a way of its own, as nest_asyncio has it."""

    class OwnWay(asyncio.SelectorEventLoop):
        _run_once = asyncio.BaseEventLoop._run_once  # noqa: SLF001 - what nest_asyncio replaces

        def time(self):
            return super().time()

    with frozen_clock() as clock, contextlib.closing(OwnWay()) as loop:
        loop.run_until_complete(asyncio.sleep(60))
        assert passed(clock) == 60


def test_limit_inside_a_task(rds_export_clock):
    """The limit is raised where a task sleeps, and what a scheduled call raises as well."""

    async def main():
        with pytest.raises(SleepLimitExceeded):
            await asyncio.sleep(1e300)
        rds_export_clock.call_later(10, pytest.fail, "scheduled")
        with pytest.raises(pytest.fail.Exception, match="scheduled"):
            await asyncio.sleep(60)
        rds_export_clock.call_later(10, sys.exit)
        await asyncio.sleep(60)

    with pytest.raises(SystemExit):
        asyncio.run(main())
    assert passed(rds_export_clock) == 20


def test_limit_of_a_deadline(rds_export_clock):
    """The limit ends a loop that waits for nothing but a deadline."""

    async def main():
        asyncio.get_running_loop().call_later(1e9, print)
        await asyncio.Event().wait()

    with pytest.raises(SleepLimitExceeded):
        asyncio.run(main())


def test_stopped_loop(rds_export_clock):
    """A task that still sleeps when the loop stops sleeps on in the next run of the loop."""
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        background = loop.create_task(asyncio.sleep(3600))
        loop.run_until_complete(asyncio.sleep(1))
        loop.run_until_complete(asyncio.sleep(0))
        assert passed(rds_export_clock) == 1
        loop.run_until_complete(background)
        assert passed(rds_export_clock) == 3600


def test_infinite_sleep(rds_export_clock):
    """The clock does not move for an infinite sleep, but waits for what is real."""

    async def main():
        endless = asyncio.create_task(asyncio.sleep(math.inf))
        await asyncio.to_thread(select.select, [], [], [], 0.001)
        assert not endless.done()
        endless.cancel()

    asyncio.run(main())
    assert passed(rds_export_clock) == 0
