"""Whatever code waits for under rds_export_clock: it ends, at once, and with the clock where it must be."""

import asyncio
import concurrent.futures
import multiprocessing
import multiprocessing.connection
import multiprocessing.pool
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone

import pytest

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
A_CHILD = [sys.executable, "-S", "-c", "pass"]

# An endless wait is ended by pytest-timeout, so that it fails. None of these takes a second.
pytestmark = pytest.mark.timeout(60)


def poll():
    """Sleep until a deadline, as code that polls does."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        time.sleep(60)


def poll_with_time():
    """The same with ``time.time``."""
    deadline = time.time() + 120
    while time.time() < deadline:
        time.sleep(60)


def poll_with_datetime():
    """The same with ``datetime``."""
    deadline = datetime.now(timezone.utc).timestamp() + 120
    while datetime.now(timezone.utc).timestamp() < deadline:
        time.sleep(60)


def poll_with_perf_counter_ns():
    """The same with nanoseconds."""
    deadline = time.perf_counter_ns() + 120_000_000_000
    while time.perf_counter_ns() < deadline:
        time.sleep(60)


def in_a_thread(function):
    """Run a function in a thread of its own."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def in_a_thread_around_a_function():
    """As a thread's run method calls it, with threading right below."""

    class Poller(threading.Thread):
        def run(self):
            poll()

    poller = Poller()
    poller.start()
    poller.join()


def in_a_low_level_thread():
    """Sleep in a thread that threading does not know, without a function of Python's around it."""
    import _thread

    _thread.start_new_thread(time.sleep, (120,))
    while datetime.now(timezone.utc) == START:
        select.select([], [], [], 0.001)


def in_a_pool(function):
    """Run a function in a pool."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(function).result()


def in_a_pool_of_multiprocessing():
    """Run a function in a pool of multiprocessing."""
    with multiprocessing.pool.ThreadPool(1) as pool:
        pool.apply(poll)


def sleep_in_a_pool_of_multiprocessing():
    """Have a pool of multiprocessing run nothing but a sleep."""
    with multiprocessing.pool.ThreadPool(1) as pool:
        pool.apply(time.sleep, (120,))


def in_a_timer():
    """Run a function in a timer, whose interval is real."""
    timer = threading.Timer(0.001, poll)
    timer.start()
    timer.join()


def with_two_threads():
    """Sleeps of threads add up."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(time.sleep, [60, 60]))


def raises_in_real_time(error, wait):
    """Assert that a timeout ends in real time."""
    with pytest.raises(error):
        wait()


def futures_timeout():
    """A timeout of concurrent.futures."""
    never = concurrent.futures.Future()
    raises_in_real_time(concurrent.futures.TimeoutError, lambda: never.result(timeout=0.001))
    raises_in_real_time(
        concurrent.futures.TimeoutError, lambda: list(concurrent.futures.as_completed([never], timeout=0.001))
    )
    assert concurrent.futures.wait([never], timeout=0.001).not_done == {never}


def lock_timeout():
    """A timeout of a lock."""
    lock = threading.Lock()
    lock.acquire()
    assert not lock.acquire(timeout=0.001)


def condition_timeout():
    """A timeout of a condition."""
    condition = threading.Condition()
    with condition:
        assert not condition.wait_for(lambda: False, timeout=0.001)


def child_timeout():
    """A timeout of subprocess."""
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as process:
        raises_in_real_time(subprocess.TimeoutExpired, lambda: process.wait(timeout=0.001))
        process.communicate(b"\n", timeout=60)


def process_timeout():
    """A timeout of a connection of multiprocessing."""
    reader, writer = multiprocessing.Pipe()
    with reader, writer:
        assert not reader.poll(0.001)
        assert multiprocessing.connection.wait([reader], timeout=0.001) == []


def scheduler():
    """A scheduler of the standard library that is given the functions of now."""
    import sched

    scheduler = sched.scheduler(time.monotonic, time.sleep)
    scheduler.enter(120, 1, lambda: None)
    scheduler.run()


def alarm():
    """A signal that interrupts a wait."""
    before, interrupted = signal.signal(signal.SIGUSR1, lambda *_: None), threading.Event()

    def send():
        while not interrupted.wait(0.01):  # more than once: a signal before the pause does not end it
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

    sender = threading.Thread(target=send)
    sender.start()
    signal.pause()
    interrupted.set()
    sender.join()
    signal.signal(signal.SIGUSR1, before)


WITHOUT_A_LOOP = {
    "time.sleep": (120, lambda: time.sleep(120)),
    "time.monotonic": (120, poll),
    "time.time": (120, poll_with_time),
    "datetime.now": (120, poll_with_datetime),
    "time.perf_counter_ns": (120, poll_with_perf_counter_ns),
    "poll in a thread": (120, lambda: in_a_thread(poll)),
    "poll in a thread's run": (120, in_a_thread_around_a_function),
    "poll with datetime in a thread": (120, lambda: in_a_thread(poll_with_datetime)),
    "poll in a pool": (120, lambda: in_a_pool(poll)),
    "poll in a pool of multiprocessing": (120, in_a_pool_of_multiprocessing),
    "poll in a timer": (120, in_a_timer),
    "sleep in two threads": (120, with_two_threads),
    "sleep in a pool of multiprocessing": (120, sleep_in_a_pool_of_multiprocessing),
    "sleep in a low level thread": (120, in_a_low_level_thread),
    "scheduler": (120, scheduler),
    "timeout of futures": (0, futures_timeout),
    "timeout of a lock": (0, lock_timeout),
    "timeout of a condition": (0, condition_timeout),
    "timeout of an event": (0, lambda: threading.Event().wait(0.001)),
    "timeout of a queue": (0, lambda: raises_in_real_time(queue.Empty, lambda: queue.Queue().get(timeout=0.001))),
    "timeout of a simple queue": (
        0,
        lambda: raises_in_real_time(queue.Empty, lambda: queue.SimpleQueue().get(timeout=0.001)),
    ),
    "timeout of a child process": (0, child_timeout),
    "timeout of a pipe": (0, process_timeout),
    "timeout of select": (0, lambda: select.select([], [], [], 0.001)),
    "signal": (0, alarm),
}


@pytest.mark.parametrize(("passed", "wait"), WITHOUT_A_LOOP.values(), ids=WITHOUT_A_LOOP)
def test_without_a_loop(passed, wait, rds_export_clock):
    """Sleeping moves the clock in every thread; a wait for threads and processes is real."""
    wait()
    assert (rds_export_clock.now - START).total_seconds() == passed


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
    process = await asyncio.create_subprocess_exec(*A_CHILD)
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


async def timeout_at():
    """asyncio.timeout_at."""
    loop = asyncio.get_running_loop()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout_at(loop.time() + 120):
            await asyncio.Event().wait()


async def timeout_at_monotonic():
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


async def as_completed():
    """asyncio.as_completed with a timeout."""
    never = asyncio.create_task(asyncio.Event().wait())
    (first,) = asyncio.as_completed([never], timeout=120)
    with pytest.raises(asyncio.TimeoutError):
        await first
    never.cancel()


async def call_later():
    """A timer of the loop."""
    reached = asyncio.Event()
    asyncio.get_running_loop().call_later(120, reached.set)
    await reached.wait()


async def loop_time():
    """A deadline by the time of the loop."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 120
    while loop.time() < deadline:  # noqa: ASYNC110 - what is tested
        await asyncio.sleep(60)


async def timeout_that_is_not_reached():
    """A sleep that is shorter than the deadline."""
    await asyncio.wait_for(asyncio.sleep(60), timeout=120)
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


async def server():
    """A server and a client in one loop."""
    path = f"{os.environ['SOCKETS']}/socket"

    async def serve(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"done\n")
    assert await asyncio.wait_for(reader.readline(), timeout=60) == b"done\n"
    writer.close()
    server.close()


async def thread_that_wakes_the_loop():
    """A thread of the user's that calls back, alongside a deadline."""
    loop, reached = asyncio.get_running_loop(), asyncio.Event()
    thread = threading.Timer(0.01, loop.call_soon_threadsafe, (reached.set,))
    thread.start()
    await asyncio.wait_for(reached.wait(), timeout=60)
    thread.join()


async def blocked_thread():
    """A deadline of a thread that never ends."""
    never = threading.Event()
    await times_out(asyncio.to_thread(never.wait))
    never.set()


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


async def wait_for_queue():
    """A deadline of a queue."""
    await times_out(asyncio.Queue().get())


async def in_the_default_executor(function):
    """Run a function in the loop's executor."""
    await asyncio.get_running_loop().run_in_executor(None, function)


WITH_A_LOOP = {
    "asyncio.gather": (120, lambda: asyncio.wait_for(asyncio.gather(asyncio.sleep(120), asyncio.sleep(60)), 600)),
    "wait_for": (120, lambda: times_out(asyncio.Event().wait())),
    "wait_for a sleep": (120, lambda: times_out(asyncio.sleep(3600))),
    "wait_for a queue": (120, wait_for_queue),
    "wait_for a shorter sleep": (120, timeout_that_is_not_reached),
    "timeout": (120, timeout),
    "timeout_at": (120, timeout_at),
    "wait": (120, wait),
    "as_completed": (120, as_completed),
    "call_later": (120, call_later),
    "call_at time.monotonic": (120, timeout_at_monotonic),
    "loop.time": (120, loop_time),
    "poll in to_thread": (120, lambda: asyncio.to_thread(poll)),
    "poll in an executor": (120, lambda: in_the_default_executor(poll)),
    "blocked to_thread": (120, blocked_thread),
    "sleep in to_thread alongside a deadline": (180, thread_that_moves_the_clock),
    "to_thread that waits for the loop": (120, thread_that_waits_for_the_loop),
    "poll in to_thread alongside a heartbeat": (120, lambda: asyncio.wait_for(asyncio.to_thread(poll), 600)),
    "child process": (0, lambda: alongside_a_heartbeat(child())),
    "shell": (0, lambda: alongside_a_heartbeat(shell())),
    "child process with a deadline": (0, lambda: asyncio.wait_for(child(), 60)),
    "to_thread": (0, lambda: alongside_a_heartbeat(asyncio.to_thread(subprocess.run, A_CHILD, check=True))),
    "socket": (0, socket),
    "server": (0, server),
    "call_soon_threadsafe": (0, thread_that_wakes_the_loop),
}


@pytest.mark.parametrize(("passed", "wait"), WITH_A_LOOP.values(), ids=WITH_A_LOOP)
def test_in_a_loop(passed, wait, rds_export_clock, tmp_path, monkeypatch):
    """Every timer of asyncio follows the clock; it waits for what is real."""
    if wait in (timeout, timeout_at) and sys.version_info < (3, 11):
        pytest.skip("not in this version of Python")
    monkeypatch.setenv("SOCKETS", str(tmp_path))

    async def main():
        await wait()

    asyncio.run(main())
    assert (rds_export_clock.now - START).total_seconds() == passed
