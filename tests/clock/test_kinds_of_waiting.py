"""Whatever code waits for under rds_export_clock: it ends, at once, and with the clock where it must be."""

import asyncio
import concurrent.futures
import multiprocessing
import multiprocessing.pool
import queue
import select
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone

import pytest

from helpers.timelines import START, passed

# An endless wait is ended by pytest-timeout, so that it fails. None of these takes more than a few seconds.
pytestmark = pytest.mark.timeout(60)


def poll(name="monotonic", second=1):
    """Sleep until a deadline, as code that polls does."""
    deadline = getattr(time, name)() + 120 * second
    while getattr(time, name)() < deadline:
        time.sleep(60)


def poll_with_datetime():
    """The same with ``datetime``."""
    deadline = datetime.now(timezone.utc).timestamp() + 120
    while datetime.now(timezone.utc).timestamp() < deadline:
        time.sleep(60)


def in_a_thread(function):
    """Run a function in a thread of its own."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def in_a_low_level_thread():
    """Sleep in a thread that threading does not know, without a function of Python's around it."""
    import _thread

    _thread.start_new_thread(time.sleep, (120,))
    while datetime.now(timezone.utc) == START:
        select.select([], [], [], 0.001)


def in_a_pool_of_multiprocessing():
    """Have a pool of multiprocessing run nothing but a sleep."""
    with multiprocessing.pool.ThreadPool(1) as pool:
        pool.apply(time.sleep, (120,))


def futures_timeout():
    """A timeout of concurrent.futures."""
    with pytest.raises(concurrent.futures.TimeoutError):
        list(concurrent.futures.as_completed([concurrent.futures.Future()], timeout=0.001))


def condition_timeout():
    """A timeout of a condition."""
    condition = threading.Condition()
    with condition:
        assert not condition.wait_for(lambda: False, timeout=0.001)


def queue_timeout():
    """A timeout of a queue."""
    with pytest.raises(queue.Empty):
        queue.Queue().get(timeout=0.001)


def child_timeout():
    """A timeout of subprocess."""
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.001)
        process.communicate(b"\n", timeout=60)


def pipe_timeout():
    """A timeout of a connection of multiprocessing."""
    reader, writer = multiprocessing.Pipe()
    with reader, writer:
        assert not reader.poll(0.001)


WITHOUT_A_LOOP = {
    "time.monotonic": (120, poll),
    "time.time": (120, lambda: poll("time")),
    "time.perf_counter_ns": (120, lambda: poll("perf_counter_ns", 1_000_000_000)),
    "poll in a thread": (120, lambda: in_a_thread(poll)),
    "poll with datetime in a thread": (120, lambda: in_a_thread(poll_with_datetime)),
    "event loop in a thread": (120, lambda: in_a_thread(lambda: asyncio.run(asyncio.sleep(120)))),
    "sleep in a pool of multiprocessing": (120, in_a_pool_of_multiprocessing),
    "sleep in a low level thread": (120, in_a_low_level_thread),
    "timeout of futures": (0, futures_timeout),
    "timeout of a condition": (0, condition_timeout),
    "timeout of a queue": (0, queue_timeout),
    "timeout of a child process": (0, child_timeout),
    "timeout of a pipe": (0, pipe_timeout),
}


@pytest.mark.parametrize(("seconds", "wait"), WITHOUT_A_LOOP.values(), ids=WITHOUT_A_LOOP)
def test_without_a_loop(seconds, wait, rds_export_clock):
    """Sleeping moves the clock in every thread; a wait for threads and processes is real."""
    wait()
    assert passed(rds_export_clock) == seconds


async def heartbeat(beats):
    """Beat every 30 seconds, for ever."""
    while True:
        await asyncio.sleep(30)
        beats.append(1)


async def alongside_a_heartbeat(waiting):
    """Wait for something real alongside a heartbeat, which must not run ahead."""
    beats = []
    task = asyncio.create_task(heartbeat(beats))
    await asyncio.sleep(0)
    await waiting
    task.cancel()
    assert beats == []


async def child():
    """Wait for a child process."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", "pass")
    assert await process.wait() == 0


async def shell():
    """Read what a shell writes."""
    process = await asyncio.create_subprocess_shell("echo done", stdout=asyncio.subprocess.PIPE)
    assert (await process.communicate())[0] == b"done\n"


async def times_out(waiting):
    """Assert that a deadline of two minutes fires."""
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(waiting, timeout=120)


async def timeout():
    """asyncio.timeout."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(120):
            await asyncio.Event().wait()


async def call_at():
    """A deadline by time.monotonic, which is the time of asyncio's loops."""
    reached = asyncio.Event()
    asyncio.get_running_loop().call_at(time.monotonic() + 120, reached.set)
    await reached.wait()


async def wait():
    """asyncio.wait with a timeout."""
    never = asyncio.create_task(asyncio.Event().wait())
    _, pending = await asyncio.wait([never], timeout=120)
    assert pending == {never}
    never.cancel()


async def loop_time():
    """A deadline by the time of the loop."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 120
    while loop.time() < deadline:  # noqa: ASYNC110 - what is tested
        await asyncio.sleep(60)


async def socket():
    """Bytes that come from a thread through a socket, alongside a deadline."""
    import socket

    ours, theirs = socket.socketpair()
    with theirs:
        reader, writer = await asyncio.open_connection(sock=ours)
        thread = threading.Timer(0.01, theirs.sendall, (b"done\n",))
        thread.start()
        assert await asyncio.wait_for(reader.readline(), timeout=60) == b"done\n"
        writer.close()
        thread.join()


async def thread_that_wakes_the_loop():
    """A thread of the user's that calls back, alongside a deadline."""
    loop, reached = asyncio.get_running_loop(), asyncio.Event()
    thread = threading.Timer(0.01, loop.call_soon_threadsafe, (reached.set,))
    thread.start()
    await asyncio.wait_for(reached.wait(), timeout=60)
    thread.join()


async def thread_that_moves_the_clock():
    """A deadline that a thread's sleep passes."""
    passed = threading.Event()

    def work():
        time.sleep(180)
        passed.wait()

    await times_out(asyncio.shield(asyncio.to_thread(work)))
    passed.set()


async def thread_that_waits_for_the_loop():
    """A thread that waits for a sleep of the loop."""
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(asyncio.sleep(120), loop).result())


WITH_A_LOOP = {
    "wait_for": (120, lambda: times_out(asyncio.Event().wait())),
    "wait_for a sleep": (120, lambda: times_out(asyncio.sleep(3600))),
    "timeout": (120, timeout),
    "wait": (120, wait),
    "call_at": (120, call_at),
    "loop.time": (120, loop_time),
    "poll in to_thread": (120, lambda: asyncio.wait_for(asyncio.to_thread(poll), 600)),
    "sleep in to_thread alongside a deadline": (180, thread_that_moves_the_clock),
    "to_thread that waits for the loop": (120, thread_that_waits_for_the_loop),
    "to_thread": (0, lambda: alongside_a_heartbeat(asyncio.to_thread(select.select, [], [], [], 0.2))),
    "child process": (0, lambda: alongside_a_heartbeat(child())),
    "shell": (0, lambda: alongside_a_heartbeat(shell())),
    "socket": (0, socket),
    "call_soon_threadsafe": (0, thread_that_wakes_the_loop),
}


@pytest.mark.parametrize(("seconds", "wait"), WITH_A_LOOP.values(), ids=WITH_A_LOOP)
def test_in_a_loop(seconds, wait, rds_export_clock):
    """Every timer of asyncio follows the clock; it waits for what is real."""
    if wait is timeout and sys.version_info < (3, 11):
        pytest.skip("not in this version of Python")

    async def main():
        await wait()

    asyncio.run(main())
    assert passed(rds_export_clock) == seconds
