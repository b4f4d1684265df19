"""call_later and call_at of rds_export_clock: callbacks at times of the frozen clock."""

import asyncio
import threading
import time
from datetime import timedelta

import pytest

from helpers.calls import described
from helpers.errors import raises_exactly
from helpers.timelines import START, passed


@pytest.fixture
def log(rds_export_clock):
    """The names and times of the callbacks so far; ``log.add(name)`` is a callback."""

    class Log(list):
        def add(self, name):
            self.append((name, passed(rds_export_clock)))

    return Log()


@pytest.mark.parametrize(
    "move",
    [
        lambda clock: time.sleep(60),
        lambda clock: asyncio.run(asyncio.sleep(60)),
        lambda clock: clock.tick(60),
        lambda clock: clock.move_to("2026-01-01T00:01Z"),
    ],
    ids=["time.sleep", "asyncio.sleep", "tick", "move_to"],
)
def test_order(move, log, rds_export_clock):
    """However the clock moves, callbacks run at their times up to its end, those of one time as registered."""
    rds_export_clock.call_later(60, log.add, "end")
    rds_export_clock.call_later(timedelta(seconds=20), log.add, "second")
    rds_export_clock.call_at("2026-01-01T00:00:20Z", log.add, "third")
    rds_export_clock.call_at(START + timedelta(seconds=10), log.add, "first")
    rds_export_clock.call_later(60.001, log.add, "after")

    move(rds_export_clock)

    assert log == [("first", 10), ("second", 20), ("third", 20), ("end", 60)]
    assert passed(rds_export_clock) == 60


def test_retry(log, rds_export_tasks, rds_export_client, rds_export_clock):
    """An export that changes while botocore waits before a retry is described as changed."""
    task = rds_export_tasks.seed("nightly", status="STARTING")
    rds_export_tasks.inject("Throttling", operation="DescribeExportTasks", times=1)
    rds_export_clock.call_later(0.000001, task.move_to, "FAILED")

    assert described(rds_export_client)["Status"] == "FAILED"


def test_handle(log, rds_export_clock):
    """A callback is cancelled with the methods of asyncio's TimerHandle, also by another of the same time."""
    rds_export_clock.call_later(10, lambda: handle.cancel())  # noqa: PLW0108 - made below
    handle = rds_export_clock.call_later(10, log.add, "cancelled")
    rds_export_clock.call_later(10, log.add, "not cancelled")
    assert (handle.when(), handle.cancelled()) == (START + timedelta(seconds=10), False)
    assert repr(handle) == "<ScheduledCall at 2026-01-01T00:00:10+00:00>"

    rds_export_clock.tick(10)

    assert log == [("not cancelled", 10)]
    assert handle.cancelled()
    assert repr(handle) == "<ScheduledCall at 2026-01-01T00:00:10+00:00, cancelled>"


def test_callback_schedules_another(log, rds_export_clock):
    """What a callback schedules up to the end of the move runs in the same move."""

    def repeat():
        log.add("repeat")
        rds_export_clock.call_later(20, repeat)

    rds_export_clock.call_later(20, repeat)
    rds_export_clock.tick(70)
    assert log == [("repeat", 20), ("repeat", 40), ("repeat", 60)]
    assert passed(rds_export_clock) == 70


@pytest.mark.parametrize(("inner", "end"), [(15, 60), (100, 110)])
@pytest.mark.parametrize("move", ["sleep", "tick"])
def test_callback_moves_the_clock(move, inner, end, log, rds_export_clock):
    """After a callback that moves the clock, the move continues to its end, unless the clock is later already."""

    def callback():
        (time.sleep if move == "sleep" else rds_export_clock.tick)(inner)
        log.add("moved")

    rds_export_clock.call_later(10, callback)
    rds_export_clock.call_later(20, log.add, "other")

    time.sleep(60)

    assert log == [("other", 20), ("moved", 10 + inner)]
    assert passed(rds_export_clock) == end


@pytest.mark.parametrize("module", [time, asyncio], ids=["time", "asyncio"])
def test_exception(module, log, rds_export_clock):
    """An exception of a callback reaches the code that moves the clock, which stays; the next move runs the rest."""

    def fail():
        raise StopIteration("broken")

    rds_export_clock.call_later(10, fail)
    rds_export_clock.call_later(10, log.add, "other")
    # A coroutine cannot raise StopIteration: Python turns it into a RuntimeError.
    with pytest.raises((StopIteration, RuntimeError)):
        time.sleep(60) if module is time else asyncio.run(asyncio.sleep(60))
    assert (log, passed(rds_export_clock)) == ([], 10)
    rds_export_clock.tick(0)
    assert log == [("other", 10)]


def test_past(log, rds_export_clock):
    """A callback without a delay, or for a time that is past, runs in the next move forward, and only once."""
    rds_export_clock.call_at("2025-12-31T00:00Z", log.add, "past")
    rds_export_clock.call_later(0, log.add, "now")
    rds_export_clock.tick(-60)
    assert log == []
    rds_export_clock.tick(0)
    assert log == [("past", -60)]
    rds_export_clock.tick(60)
    rds_export_clock.tick(-60)
    rds_export_clock.tick(60)
    assert log == [("past", -60), ("now", 0)]


def test_callback_waits_for_a_thread(rds_export_clock):
    """A callback may wait for a thread that sleeps: no lock is held meanwhile."""

    def callback():
        thread = threading.Thread(target=time.sleep, args=(30,))
        thread.start()
        thread.join(timeout=10)
        assert not thread.is_alive()

    rds_export_clock.call_later(10, callback)
    rds_export_clock.tick(60)
    assert passed(rds_export_clock) == 60


NO_CALLABLE = "callback must be a callable that is not a coroutine function"
PASS_IT = "Pass the function and then its arguments, without calling it: call_later(60, function, argument)"


async def coroutine_function():
    """Not allowed as a callback."""


def test_wrong_arguments(rds_export_clock):
    """Arguments are checked when the callback is scheduled."""
    call_later, call_at = rds_export_clock.call_later, rds_export_clock.call_at
    for method, when, callback, text in (
        (call_later, "60", print, "delay must be a timedelta or a number of seconds, got str '60'"),
        (call_later, -1, print, "delay must not be negative, got -1"),
        (call_later, 1, None, f"{NO_CALLABLE}, got None. {PASS_IT}"),
        (call_at, START, coroutine_function, f"{NO_CALLABLE}, got {coroutine_function!r}"),
    ):
        with raises_exactly(ValueError, text):
            method(when, callback)


def test_callback_that_schedules_itself_at_once(rds_export_clock):
    """A callback that schedules itself without a delay is an error instead of an endless loop."""

    def again():
        rds_export_clock.call_later(0, again)

    rds_export_clock.call_later(0, again)
    text = (
        f"scheduled calls have scheduled 1000 others without a delay, the last one of {again!r}, so that the clock "
        "cannot move on. Give call_later a delay of more than 0"
    )
    with raises_exactly(RuntimeError, text):
        rds_export_clock.tick(1)


def test_callbacks_without_a_delay(log, rds_export_clock):
    """Callbacks may schedule as many calls without a delay as they like if the clock moves between them."""

    def tick(left):
        rds_export_clock.call_later(0, log.add, "now")
        if left:
            rds_export_clock.call_later(1, tick, left - 1)

    tick(1500)
    rds_export_clock.tick(1500)
    assert len(log) == 1501
