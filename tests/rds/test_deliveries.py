"""When an event is delivered: after the change that caused it, in its thread, at the clock's time, in order, once."""

import threading
import time
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError
from freezegun import freeze_time

from helpers.calls import cancel, described, start
from helpers.clients import shared_client
from helpers.errors import raises_exactly
from helpers.threads import at_once
from pytest_rds_export import ExportTask, Polls, Timeline, fake_rds_export, frozen_clock
from pytest_rds_export.exceptions import SleepLimitExceeded

JANUARY = datetime(2026, 1, 1, tzinfo=timezone.utc)  # where rds_export_clock begins


class Receiver:
    """A handler that notes of each event its number and its source, and then does what it is told to."""

    def __init__(self, then=lambda name: None):
        self.ids = []
        self.names = []
        self.minutes = []
        self.threads = []
        self._then = then

    def __call__(self, event, context):
        """Receive an event."""
        name = event["detail"]["SourceIdentifier"]
        self.ids.append(event["detail"]["EventID"][-4:])
        self.names.append(name)
        self.minutes.append((datetime.now(timezone.utc) - JANUARY) / timedelta(minutes=1))
        self.threads.append(threading.current_thread())
        return self._then(name)


def deliver(tasks, then=lambda name: None, **options):
    """Deliver events to a new receiver."""
    receiver = Receiver(then)
    tasks.deliver_events(receiver, **options)
    return receiver


@pytest.fixture
def receiver(rds_export_tasks):
    """A handler that events are delivered to."""
    return deliver(rds_export_tasks)


def complete(tasks, *names):
    """Let exports of sources of these names complete now."""
    for name in names:
        tasks.seed(name).move_to("COMPLETE")


# What causes a delivery.


def test_scheduled_call(rds_export_tasks, rds_export_clock, receiver):
    """Events and scheduled calls happen in the order of their times."""
    rds_export_tasks.seed("nightly")
    for minutes in (4, 6):
        rds_export_clock.call_later(60 * minutes, receiver.names.append, minutes)
    rds_export_clock.tick(hours=1)
    assert receiver.names == [4, "nightly", 6]


def test_lost_race(rds_export_tasks, receiver, client):
    """An injected race completes the export, whose event is delivered before the cancel is refused."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("InvalidExportTaskStateFault")
    refused_cancel(client)
    assert receiver.names == ["nightly"]


def refused_move(tasks, **_):
    """Move the export too late."""
    with pytest.raises(ValueError, match="is COMPLETE and cannot become CANCELED"):
        tasks["nightly"].move_to("CANCELED")


def refused_cancel(client, **_):
    """Cancel the export too late."""
    with pytest.raises(ClientError, match="InvalidExportTaskStateFault"):
        cancel(client)


@pytest.mark.parametrize(
    "read",
    [
        lambda tasks, **_: tasks["nightly"].status,
        lambda tasks, **_: tasks.events,
        lambda tasks, tmp_path, **_: tasks.write_files(tmp_path),
        lambda tasks, **_: tasks.deliver_events(Receiver()),
        refused_move,
        refused_cancel,
    ],
    ids=["status", "events", "write_files", "deliver_events", "move_to", "cancel"],
)
def test_read(rds_export_tasks, clock, receiver, client, tmp_path, read):
    """With another library's clock, an event is delivered when something brings the export up to date."""
    rds_export_tasks.seed("nightly")
    clock.tick(timedelta(hours=1))
    assert receiver.names == []
    read(tasks=rds_export_tasks, client=client, tmp_path=tmp_path)
    assert receiver.names == ["nightly"]


def test_order_of_dates(rds_export_tasks, clock, receiver):
    """Events that are found together are delivered in the order of their dates."""
    rds_export_tasks.seed("later", timeline=Timeline(in_progress=600))
    rds_export_tasks.seed("sooner", timeline=Timeline(in_progress=300))
    clock.tick(timedelta(hours=1))
    assert len(rds_export_tasks.events) == 2
    assert receiver.names == ["sooner", "later"]


def test_response_comes_first(rds_export_tasks, client):
    """What a receiver does has no effect on the response of the call that caused the event."""
    rds_export_tasks.seed("nightly", timeline=Polls(in_progress=0))
    deliver(rds_export_tasks, lambda name: complete(rds_export_tasks, "other") if name == "nightly" else None)
    response = client.describe_export_tasks()
    assert [task["ExportTaskIdentifier"] for task in response["ExportTasks"]] == ["nightly"]


# Which events.


def test_from_then_on(rds_export_tasks, clock):
    """Events of before are not delivered, nor those that were due before."""
    complete(rds_export_tasks, "before")
    rds_export_tasks.seed("due")
    clock.tick(timedelta(hours=1))
    receiver = deliver(rds_export_tasks)
    complete(rds_export_tasks, "after")
    assert len(rds_export_tasks.events) == 3
    assert receiver.names == ["after"]


def test_not_to_a_receiver_that_an_event_adds(rds_export_tasks):
    """A receiver that is added while an event is delivered has neither this one nor those that wait."""
    second = Receiver()

    def handler(name):
        if name == "first":
            complete(rds_export_tasks, "second")
            rds_export_tasks.deliver_events(second)

    deliver(rds_export_tasks, handler)
    complete(rds_export_tasks, "first", "third")
    assert second.names == ["third"]


@pytest.mark.parametrize(
    "pattern", [{"detail": {"EventID": ["RDS-EVENT-0161"]}}, '{"detail": {"SourceArn": [{"suffix": ":a"}]}}']
)
def test_pattern(rds_export_tasks, pattern):
    """Only events that the pattern lets through are delivered; for the others the reasons are kept."""
    receiver = deliver(rds_export_tasks, pattern=pattern)
    rds_export_tasks.seed("b").move_to("FAILED")
    complete(rds_export_tasks, "a")
    kept, delivered = rds_export_tasks.deliveries
    assert receiver.names == ["a"]
    assert kept.reasons == kept.event.explain(pattern) != []
    assert (kept.time, kept.returned, delivered.reasons) == (None, None, [])


# Late deliveries.


@pytest.mark.parametrize("delay", [90, timedelta(seconds=90)])
def test_delay(rds_export_tasks, rds_export_clock, delay):
    """A late delivery happens when the clock has moved so far after the event."""
    receiver = deliver(rds_export_tasks, delay=delay)
    rds_export_tasks.seed("nightly")
    rds_export_clock.tick(minutes=6)
    assert receiver.names == []
    assert rds_export_tasks.deliveries[0].outcome == "not delivered yet, due at 2026-01-01T00:06:30.000Z"

    rds_export_clock.tick(hours=1)

    assert receiver.minutes == [6.5]


@pytest.mark.parametrize(
    "use",
    [
        lambda client, source: described(client),
        lambda client, source: source.status,
        lambda client, source: source.move_to("available"),
    ],
    ids=["call", "read", "move_to"],
)
def test_delay_with_another_clock(rds_export_tasks, clock, client, use):
    """With another library's clock, the first call, read or move after the delay delivers."""
    receiver, source = deliver(rds_export_tasks, delay=60), rds_export_tasks.seed_snapshot("other")
    complete(rds_export_tasks, "nightly")
    clock.tick(59)
    use(client, source)
    assert receiver.names == []
    clock.tick(1)
    use(client, source)
    assert receiver.names == ["nightly"]


def test_clock_that_is_frozen_later():
    """Freezing the clock is no passage of time for what is on its way; exports that were seeded before end in time."""
    with fake_rds_export("before") as tasks:
        receiver, late = deliver(tasks), deliver(tasks, delay=3600)
        tasks.seed("after")
        complete(tasks, "now")
        with frozen_clock() as clock:
            clock.tick(minutes=4)
            assert receiver.names == ["now"]
            clock.tick(minutes=1)
            assert sorted(receiver.names) == ["after", "before", "now"]
            clock.tick(minutes=53)
            assert late.names == []
            clock.tick(minutes=2)
            assert late.names == ["now"]


# What a receiver may do.


def test_it_calls_boto3(rds_export_tasks, client):
    """A receiver sees in DescribeExportTasks what its event says."""
    deliver(rds_export_tasks, lambda name: described(client, name)["Status"])
    complete(rds_export_tasks, "nightly")
    assert rds_export_tasks.deliveries[0].returned == "COMPLETE"


def test_it_causes_events(rds_export_tasks):
    """Events that a receiver causes are delivered after it has returned, in order, to every receiver once."""
    log = []

    def handler(event, context):
        name = event["detail"]["SourceIdentifier"]
        log.append(f"begin {name}")
        if name == "a":
            complete(rds_export_tasks, "b", "c")
        log.append(f"end {name}")

    rds_export_tasks.deliver_events(handler)
    rds_export_tasks.deliver_events(lambda event, context: log.append(event["detail"]["SourceIdentifier"]))
    complete(rds_export_tasks, "a")
    assert log == ["begin a", "end a", "a", "begin b", "end b", "b", "begin c", "end c", "c"]


def test_long_chain(rds_export_tasks):
    """A chain of events, each of which causes the next, is not limited by the stack."""
    receiver = deliver(
        rds_export_tasks,
        lambda name: complete(rds_export_tasks, f"{name[0]}{int(name[1:]) + 1}") if name < "a2000" else None,
    )
    complete(rds_export_tasks, "a1000")
    assert len(receiver.names) == 1001


@pytest.mark.parametrize(
    "move", [lambda clock: time.sleep(600), lambda clock: clock.tick(minutes=10)], ids=["sleep", "tick"]
)
def test_it_moves_the_clock(rds_export_tasks, rds_export_clock, move):
    """What becomes due while a receiver sleeps or moves the clock is delivered after it, and the move then goes on."""
    receiver = deliver(rds_export_tasks, lambda name: move(rds_export_clock) if name == "a" else None)
    rds_export_tasks.seed("a", timeline=Timeline(in_progress=60))
    rds_export_tasks.seed("b", timeline=Timeline(in_progress=120))
    rds_export_tasks.seed("c", timeline=Timeline(in_progress=720))
    assert rds_export_clock.tick(minutes=13) == JANUARY + timedelta(minutes=13)
    assert receiver.names == ["a", "b", "c"]
    assert receiver.minutes == [1, 11, 12]


@pytest.mark.parametrize(
    "cause",
    [
        lambda tasks, client, clock: described(client),
        lambda tasks, client, clock: cancel(client),
        lambda tasks, client, clock: tasks["nightly"].status,
        lambda tasks, client, clock: tasks["nightly"].move_to("FAILED"),
        lambda tasks, client, clock: tasks.events,
        lambda tasks, client, clock: clock.tick(minutes=1),
    ],
    ids=["describe", "cancel", "read", "move_to", "events", "tick"],
)
def test_without_the_lock(rds_export_tasks, rds_export_clock, client, cause):
    """While a receiver runs, another thread can use the fake."""

    def ask_in_a_thread(name):
        thread = threading.Thread(target=lambda: found.append(described(client)["Status"]), daemon=True)
        thread.start()
        thread.join(20)

    found, timeline = [], Timeline(in_progress=60, canceling=0)
    deliver(rds_export_tasks, ask_in_a_thread)
    rds_export_tasks.seed("nightly", timeline=timeline)
    rds_export_tasks.seed("other", timeline=timeline)
    cause(rds_export_tasks, client, rds_export_clock)
    rds_export_clock.tick(minutes=1)
    assert len(found) == 2


# Threads.


def test_own_thread(rds_export_tasks):
    """An event is delivered in the thread that caused it, even while another thread is delivering."""
    receiver = deliver(
        rds_export_tasks, lambda name: at_once(lambda: complete(rds_export_tasks, "thread")) if name == "main" else None
    )
    complete(rds_export_tasks, "main")
    assert receiver.names == ["main", "thread"]
    assert [thread is threading.main_thread() for thread in receiver.threads] == [True, False]


def test_thread_that_waits(rds_export_tasks):
    """A thread that delivers leaves the events of another thread to that thread, even if they are older."""
    caused, delivered = threading.Event(), threading.Event()

    def wait(name):
        if name == "first":  # in the other thread, which has a second event
            caused.set()
            delivered.wait(20)

    receiver = deliver(rds_export_tasks, wait)
    first, second = (rds_export_tasks.seed(name, timeline=Polls(in_progress=0)) for name in ("first", "second"))
    thread = threading.Thread(target=shared_client().describe_export_tasks, name="other")
    thread.start()
    assert caused.wait(20)
    complete(rds_export_tasks, "third")
    delivered.set()
    thread.join()
    assert (first.status, second.status) == ("COMPLETE", "COMPLETE")
    found = {name: thread.name for name, thread in zip(receiver.names, receiver.threads, strict=True)}
    assert found == {"first": "other", "second": "other", "third": "MainThread"}


def test_thread_that_moves_the_clock(rds_export_tasks, rds_export_clock):
    """A late delivery happens in the thread that moves the clock, not in the one that caused the event."""
    caused, moved = threading.Event(), threading.Event()

    def cause():
        complete(rds_export_tasks, "nightly")
        caused.set()
        moved.wait(20)

    receiver = deliver(rds_export_tasks, delay=60)
    thread = threading.Thread(target=cause)
    thread.start()
    assert caused.wait(20)
    rds_export_clock.tick(60)
    assert receiver.threads == [threading.current_thread()]
    moved.set()
    thread.join()


class Interrupted(BaseException):
    """What ends a test, as Ctrl-C does."""


def interrupt(name):
    """Raise Interrupted for the first event."""
    if name == "first":
        raise Interrupted


def test_thread_that_has_ended(rds_export_tasks, client):
    """What a thread left behind when it was interrupted is delivered by the next one."""
    receiver = deliver(rds_export_tasks, interrupt)
    rds_export_tasks.seed_all(ExportTask(name, timeline=Polls(in_progress=0)) for name in ("first", "second"))

    def poll():
        with pytest.raises(Interrupted):
            client.describe_export_tasks()

    at_once(poll)
    assert receiver.names == ["first"]
    assert rds_export_tasks["second"].status == "COMPLETE"
    assert receiver.names == ["first", "second"]
    rds_export_tasks.deliveries.clear()


# What a receiver raises.


def test_it_raises(rds_export_tasks, client):
    """An exception does not reach the code that caused the event, and other receivers get the event."""
    problem = ValueError("no such table")

    def fail(event, context):
        raise problem

    rds_export_tasks.deliver_events(fail)
    other = deliver(rds_export_tasks)
    rds_export_tasks.seed("nightly", timeline=Polls(in_progress=0))

    assert described(client)["Status"] == "COMPLETE"

    failed, succeeded = rds_export_tasks.deliveries
    assert (failed.error, succeeded.error) == (problem, None)
    assert other.names == ["nightly"]
    rds_export_tasks.deliveries.clear()


def test_interrupted(rds_export_tasks):
    """What is not an Exception passes through; the rest is delivered later, and nothing twice."""
    first, second = deliver(rds_export_tasks, interrupt), deliver(rds_export_tasks)
    with pytest.raises(Interrupted):
        complete(rds_export_tasks, "first")
    assert (first.names, second.names) == (["first"], [])

    complete(rds_export_tasks, "second")

    assert (first.names, second.names) == (["first", "second"], ["first", "second"])
    assert isinstance(rds_export_tasks.deliveries[0].error, Interrupted)
    rds_export_tasks.deliveries.clear()


@pytest.mark.rds_export_clock(limit=timedelta(hours=1))
def test_sleep_limit(rds_export_tasks, rds_export_clock):
    """A receiver that sleeps too long ends the test, also within a sleep of the code under test."""
    deliver(rds_export_tasks, lambda name: time.sleep(3600))
    rds_export_tasks.seed("nightly")
    with pytest.raises(SleepLimitExceeded):
        time.sleep(600)
    rds_export_tasks.deliveries.clear()


# The end.


def test_after_the_end():
    """After the end of the fake, nothing is delivered and no receiver is taken."""
    with fake_rds_export() as tasks:
        receiver = deliver(tasks)
        task = tasks.seed("nightly")
    task.move_to("COMPLETE")
    assert receiver.names == []
    with raises_exactly(
        RuntimeError, "the fake has ended, so no events happen any more. Call deliver_events before its end"
    ):
        tasks.deliver_events(receiver)


def test_nested_fakes():
    """Each fake delivers the events of its own exports, also while another one is delivering."""
    with fake_rds_export() as tasks:
        outer = deliver(tasks)
        with fake_rds_export() as others:
            inner = deliver(others)
            complete(tasks, "outer")
            complete(others, "inner")
    assert (outer.names, inner.names) == (["outer"], ["inner"])


# Events of snapshots.


def test_life_of_a_snapshot(rds_export_tasks, rds_export_clock, receiver, client):
    """The events of a snapshot are delivered when they happen; a receiver exports it as soon as it is available."""

    def export(event, context):
        start(client, "nightly", event["detail"]["SourceArn"])

    rds_export_tasks.deliver_events(export, pattern={"detail": {"EventID": ["RDS-EVENT-0042"]}})
    client.create_db_snapshot(DBSnapshotIdentifier="nightly", DBInstanceIdentifier="orders")
    assert receiver.ids == ["0040", "0001"]
    rds_export_clock.tick(minutes=7)
    client.copy_db_snapshot(SourceDBSnapshotIdentifier="nightly", TargetDBSnapshotIdentifier="copied")
    rds_export_clock.tick(hours=1)
    client.delete_db_snapshot(DBSnapshotIdentifier="nightly")

    assert receiver.ids[2:] == ["0042", "0002", "0196", "0197", "0161", "0041"]
    assert receiver.minutes == [0, 0, 5, 5, 7, 12, 30, 67]


@pytest.mark.parametrize(
    "read",
    [lambda tasks, source: source.status, lambda tasks, source: len(tasks.snapshots)],
    ids=["attribute", "mapping"],
)
def test_read_snapshot(rds_export_tasks, clock, receiver, read):
    """A read of a snapshot delivers its event, if another library has moved the clock, and so does a move."""
    source = rds_export_tasks.seed_snapshot("nightly", available_after=60)
    clock.tick(60)
    assert receiver.ids == []
    read(rds_export_tasks, source)
    assert receiver.ids == ["0042", "0002"]
    source.move_to("deleted")
    assert receiver.ids[2:] == ["0041"]


def test_snapshot_of_the_real_clock(rds_export_tasks):
    """A snapshot that is seeded for a receiver has its times now: a clock that is frozen later does not move them."""
    rds_export_tasks.deliver_events(lambda event, context: None)
    source = rds_export_tasks.seed_snapshot("nightly", available_after=60)
    with freeze_time("2100-01-01"):
        assert source.status == "available"
