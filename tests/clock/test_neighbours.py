"""rds_export_clock alongside others: threads, replaced sleeps, timeouts, other clocks, pytest's durations."""

import asyncio
import concurrent.futures
import queue
import sys
import threading
import time
import types

import hypothesis
import pytest

from helpers.calls import described
from helpers.errors import raises_exactly
from helpers.inner import run
from helpers.reports import hints
from helpers.timelines import passed
from pytest_rds_export import Timeline, fake_rds_export, frozen_clock
from pytest_rds_export._rds.account import Account

FROZEN_ALREADY = (
    "fixture rds_export_clock: cannot freeze time, because {0} has frozen it already: use only one of the two. "
    "Exports also use the time of {0}; the start of rds_export_clock is set with @pytest.mark.rds_export_clock(start)."
)
FROZEN_INSIDE = (
    "cannot move rds_export_clock while another freeze_time is active inside it: leave its block first, or use only "
    "one of the two"
)
ENDED = "cannot move rds_export_clock: it has ended, and time is no longer frozen by it"


@pytest.fixture
def older_thread():
    """A thread that works before the clock and goes on: a function that runs another in it."""
    calls, results = queue.Queue(), queue.Queue()

    def work():
        for function, *arguments in iter(calls.get, None):
            results.put(function(*arguments))

    def run(*call):
        calls.put(call)
        return results.get(timeout=10)

    thread = threading.Thread(target=work)
    thread.start()
    yield run
    calls.put(None)
    thread.join()


@pytest.fixture
def real_asyncio_sleep(monkeypatch):
    """What is asked of the real ``asyncio.sleep``; nothing is slept."""
    slept = []

    async def sleep(delay, result=None):
        slept.append(delay)
        return result

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return slept


def test_older_thread(older_thread, slept, real_asyncio_sleep):
    """A thread that was at work before the clock has real sleeps and real time."""
    with frozen_clock() as clock:
        older_thread(time.sleep, 60)
        older_thread(lambda: asyncio.run(asyncio.sleep(60)))
        assert passed(clock) == 0
        assert older_thread(time.monotonic) < older_thread(time.monotonic)
    assert slept == real_asyncio_sleep == [60]


def test_older_pool(slept):
    """A pool that is older than the clock, and waits for work, does work that is newer."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        with frozen_clock() as clock:
            pool.submit(time.sleep, 60).result()
            assert passed(clock) == 60
    assert slept == []


def test_retry_in_an_older_thread(older_thread, rds_export_tasks, rds_export_client):
    """A retry in an older thread neither waits nor moves the clock."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("Throttling", operation="DescribeExportTasks", times=1)
    with frozen_clock() as clock:
        assert older_thread(described, rds_export_client)["Status"] == "IN_PROGRESS"
        assert passed(clock) == 0


def test_replaced_functions_after_the_clock():
    """A replaced function that is called after its clock has ended is the real one."""
    with frozen_clock():
        left, left_asyncio, left_monotonic = time.sleep, asyncio.sleep, time.monotonic
    before = time.monotonic()
    left(0.001)
    assert asyncio.run(left_asyncio(0.001, "result")) == "result"
    assert before + 0.002 <= left_monotonic() <= time.monotonic()


def test_users_replacements():
    """What the user installs under the clock is called, and stays; ours, which it restores, the next clock removes."""
    replaced = [(time, "sleep"), (asyncio, "sleep"), (asyncio.tasks, "sleep"), (asyncio.BaseEventLoop, "call_at")]
    real = [getattr(*each) for each in replaced]
    with pytest.MonkeyPatch.context() as patch:
        with frozen_clock() as clock:
            for owner, name in replaced:
                patch.setattr(owner, name, print)
            time.sleep(60)
            assert passed(clock) == 0
        assert [getattr(*each) for each in replaced] == [print] * 4
    assert time.sleep is not real[0]
    asyncio.tasks.sleep = real[2]  # which the next clock leaves as it is
    with frozen_clock() as clock:
        time.sleep(60)
        asyncio.run(asyncio.sleep(60))
        assert passed(clock) == 120
    assert [getattr(*each) for each in replaced] == real


def test_users_earlier_sleeps(slept, real_asyncio_sleep):
    """Sleeps that the user installed before the clock are replaced, and restored after it."""
    found = time.sleep, asyncio.sleep
    with frozen_clock() as clock:
        time.sleep(60)
        asyncio.run(asyncio.sleep(60))
        assert passed(clock) == 120
    assert (time.sleep, asyncio.sleep) == found
    assert slept == real_asyncio_sleep == []


def test_greenlets(monkeypatch):
    """A sleep lets the greenlets of gevent run, which needs a sleep of gevent's."""
    slept = []

    def sleep(seconds):
        slept.append(seconds)

    sleep.__module__ = "gevent.hub"
    monkeypatch.setattr(time, "sleep", sleep)
    with frozen_clock() as clock:
        time.sleep(60)
        assert passed(clock) == 60
    assert slept == [0]


def test_deadline_of_hypothesis(rds_export_clock):
    """The deadline of hypothesis counts real time."""

    @hypothesis.settings(deadline=10_000, max_examples=1, database=None)
    @hypothesis.given(hypothesis.strategies.just(3600))
    def sleeps(seconds):
        time.sleep(seconds)

    sleeps()
    assert passed(rds_export_clock) >= 3600


@pytest.mark.parametrize("changed", ["added", "replaced"])
def test_changed_library(changed, monkeypatch):
    """What a clock has found in a module does not mislead the next clock."""
    library = types.ModuleType(f"library_{changed}")
    monkeypatch.setitem(sys.modules, library.__name__, library)
    if changed == "replaced":
        library.sleep = print
    with frozen_clock():
        pass
    library.sleep = time.sleep
    with frozen_clock() as clock:
        library.sleep(60)
        assert passed(clock) == 60


def test_sleeping_futures(rds_export_clock):
    """A sleep that moves the clock does not end a timeout of concurrent.futures."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        works = [pool.submit(time.sleep, 3600), pool.submit(time.sleep, 3600)]
        assert set(concurrent.futures.as_completed(works, timeout=60)) == set(works)
    assert passed(rds_export_clock) == 7200


@pytest.mark.parametrize(
    ("module", "function", "library"),
    [
        ("freezegun", "freeze_time", "freezegun"),
        ("time_machine", "travel", "time-machine"),
        ("pytest_rds_export", "frozen_clock", "another rds_export_clock"),
    ],
)
def test_second_clock(module, function, library, request):
    """A second frozen clock is refused, with the name of the first and what to do."""
    freeze = getattr(pytest.importorskip(module), function)
    text = FROZEN_ALREADY.format(library)
    with freeze("2026-01-01T00:00Z"), raises_exactly(pytest.fail.Exception, text):
        request.getfixturevalue("rds_export_clock")


@pytest.mark.parametrize("move", [lambda clock: clock.tick(minutes=1), lambda clock: time.sleep(60)])
def test_freeze_time_inside_the_clock(move, rds_export_clock):
    """The clock does not move while another freeze_time is active inside it."""
    from freezegun import freeze_time

    with freeze_time("2030-01-01"), raises_exactly(RuntimeError, FROZEN_INSIDE):
        move(rds_export_clock)
    rds_export_clock.tick(minutes=1)


def test_clock_ends_in_a_sleep():
    """The sleep of a thread is over when the clock ends; who moves the clock afterwards is told so."""
    asleep, go_on = threading.Event(), threading.Event()

    def wait():
        asleep.set()
        go_on.wait(10)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        with frozen_clock() as clock:
            clock.call_later(10, wait)
            sleeping = pool.submit(time.sleep, 60)
            asleep.wait(10)
        go_on.set()
        sleeping.result(10)
    assert passed(clock) == 10
    with raises_exactly(RuntimeError, ENDED):
        clock.tick(minutes=1)


def test_report_while_a_thread_sleeps(rds_export_tasks, rds_export_clock, monkeypatch):
    """A report does not wait for a thread that sleeps and asks when the next event is due."""
    rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=60))
    rds_export_tasks.deliver_events(lambda _event, _context: None)
    rds_export_clock.call_later(90, print)
    asked, reported, next_change = threading.Event(), threading.Event(), Account.next_change

    def ask(account, now):
        asked.set()
        assert reported.wait(10)
        return next_change(account, now)

    monkeypatch.setattr(Account, "next_change", ask)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        sleeping = pool.submit(time.sleep, 60)
        asked.wait(10)
        found = hints()
        reported.set()
        sleeping.result(10)
    assert found[0].startswith("a call of print is scheduled")


@pytest.mark.usefixtures("kathmandu")
def test_time_zone(rds_export_tasks, rds_export_clock):
    """The time zone of the machine does not matter."""
    task = rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=60))
    time.sleep(60)
    assert task.task_end_time == rds_export_clock.now


def test_durations(pytester):
    """Pytest's durations are those of real time."""
    source = "import time\n\ndef test_sleeps(rds_export_clock):\n    time.sleep(3600)\n"
    result = run(pytester, source, "--durations=0", "-vv")
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"\d?\d\.\d\ds call .*test_sleeps"])


def test_module_named_time_machine(monkeypatch):
    """A module of the user may be named time_machine."""
    monkeypatch.setitem(sys.modules, "time_machine", type(sys)("time_machine"))
    with fake_rds_export("nightly") as tasks:
        assert tasks["nightly"].status == "IN_PROGRESS"
