"""Many threads at once: one lock around find and change."""

import threading
from datetime import timedelta
from typing import ClassVar

import boto3
import pytest

from helpers.calls import cancel, described, start
from helpers.threads import at_once
from pytest_rds_export import Timeline

THREADS = 16


@pytest.fixture
def client():
    """One client for all threads."""
    return boto3.client("rds", "us-east-1")


def test_cancels_of_one_task(rds_export_tasks, client):
    """Of many cancels of one task, one succeeds, and all are recorded."""
    task = rds_export_tasks.seed("nightly")

    outcomes = at_once(*[lambda: cancel(client)["Status"]] * THREADS)

    assert sorted(outcomes) == ["CANCELING"] + ["InvalidExportTaskStateFault"] * (THREADS - 1)
    assert task.status == "CANCELING"
    assert sorted(call.http_status for call in rds_export_tasks.calls) == [200] + [400] * (THREADS - 1)


class _Watched(Timeline):
    """A timeline that tells the most threads that were ever moving tasks by it at once."""

    inside: ClassVar[list[int]] = []
    most: ClassVar[list[int]] = []

    def __getattribute__(self, name):
        if name != "in_progress":
            return super().__getattribute__(name)
        _Watched.inside.append(threading.get_ident())
        for _ in range(2000):
            _Watched.most[:] = [max(len(_Watched.inside), *_Watched.most)]
        _Watched.inside.pop()
        return super().__getattribute__(name)


@pytest.mark.parametrize("call", [cancel, described, start], ids=lambda call: call.__name__)
def test_one_thread_at_a_time(call, rds_export_tasks, client):
    """Only one thread at a time advances the tasks."""
    _Watched.most[:] = [0, 0]
    rds_export_tasks.seed("running", timeline=_Watched())
    identifier = "nightly" if call is start else "running"

    at_once(*[lambda: call(client, identifier)] * THREADS)

    assert _Watched.most == [1]


@pytest.mark.rds_export_tasks(concurrent_limit=5)
def test_starts_up_to_the_limit(rds_export_tasks, client):
    """Of many starts, as many succeed as the limit allows."""
    outcomes = at_once(*[lambda n=n: start(client, f"nightly-{n}")["Status"] for n in range(THREADS)])

    assert sorted(outcomes) == ["ExportTaskLimitReachedFault"] * (THREADS - 5) + ["STARTING"] * 5
    assert len(rds_export_tasks) == 5


@pytest.mark.rds_export_tasks(concurrent_limit=THREADS, page_size=3)
def test_paging_during_changes(rds_export_tasks, client):
    """A reader sees each task once, and all that existed when it began."""
    first = [task.identifier for task in rds_export_tasks.seed_all([f"first-{n}" for n in range(7)])]

    def read():
        pages = client.get_paginator("describe_export_tasks").paginate()
        return [task["ExportTaskIdentifier"] for page in pages for task in page["ExportTasks"]]

    def write(number):
        start(client, f"later-{number}")
        return cancel(client, f"first-{number}")["Status"]

    outcomes = at_once(*[read] * 9, *[lambda n=n: write(n) for n in range(7)])

    assert outcomes[9:] == ["CANCELING"] * 7
    for seen in outcomes[:9]:
        assert seen[:7] == first
        assert len(seen) == len(set(seen))
    assert len(rds_export_tasks) == 14


def test_events(rds_export_tasks, rds_export_clock, client):
    """Each task has one event, however many threads read tasks and events when it ends."""
    names = [f"task-{number:02}" for number in range(50)]
    rds_export_tasks.seed_all(names)
    rds_export_clock.tick(minutes=5)

    reads = [
        client.describe_export_tasks,
        client.describe_events,
        lambda: rds_export_tasks.events,
        lambda: rds_export_tasks["task-25"].status,
    ]
    at_once(*reads * (THREADS // len(reads)))

    assert sorted(event.task.identifier for event in rds_export_tasks.events) == names


def test_times_of_an_injected_failure(rds_export_tasks, client):
    """As many attempts fail as the injection says."""
    injection = rds_export_tasks.inject("AccessDenied", operation="DescribeExportTasks", times=5)

    outcomes = at_once(*[lambda: len(client.describe_export_tasks()["ExportTasks"])] * THREADS)

    assert outcomes.count("AccessDenied") == injection.attempts == 5


@pytest.mark.parametrize("applied", [False, True])
def test_injected_failure_and_its_effect(applied, rds_export_tasks, client):
    """No call of another thread comes between an injected failure and its effect."""
    for number in range(30):
        identifier = f"task-{number}"
        task = rds_export_tasks.seed(identifier)
        rds_export_tasks.inject("InvalidExportTaskStateFault", identifier=identifier, times=1, applied=applied)

        cancels = [lambda identifier=identifier: cancel(client, identifier)] * 3
        outcomes = at_once(*cancels, *[lambda: rds_export_tasks.events] * 2)

        assert outcomes[:3] == ["InvalidExportTaskStateFault"] * 3
        assert task.status == ("CANCELING" if applied else "COMPLETE")


def test_seeds_of_one_identifier(rds_export_tasks):
    """Of many seeds of one identifier, one succeeds."""

    def seed():
        try:
            return rds_export_tasks.seed("nightly").identifier
        except ValueError as error:
            return str(error)

    outcomes = at_once(*[seed] * THREADS)

    assert max(outcomes) == "nightly"
    assert sum("exists already in us-east-1" in outcome for outcome in outcomes) == THREADS - 1


@pytest.mark.rds_export_tasks(concurrent_limit=1000, timeline=Timeline(starting=timedelta(days=30)))
def test_whole_chain(rds_export_tasks, rds_export_clock, client):
    """Of chains in many threads, while others move the clock, every call, task, snapshot and event is there, once."""
    received = []
    rds_export_tasks.deliver_events(
        lambda event, context: received.append((event["detail"]["EventID"], event["detail"]["SourceIdentifier"])),
        pattern={"detail": {"SourceType": ["SNAPSHOT"]}},
    )

    def chain(number):
        for n in range(2):
            name = f"nightly-{number}-{n}"
            client.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier="orders")
            while rds_export_tasks.snapshots[name].status == "creating":
                rds_export_clock.tick(minutes=5)
            start(client, name)
            cancel(client, name)
            rds_export_clock.tick(minutes=5)
            client.delete_db_snapshot(DBSnapshotIdentifier=name)
        return number

    assert at_once(*[lambda number=number: chain(number) for number in range(THREADS)]) == list(range(THREADS))

    rds_export_clock.tick(hours=1)
    names = [f"nightly-{number}-{n}" for number in range(THREADS) for n in range(2)]
    numbers = ("0040", "0042", "0160", "0041")
    events = sorted((f"RDS-EVENT-{number}", name) for number in numbers for name in names)
    assert sorted(received) == events
    of_snapshots = [event for event in rds_export_tasks.events if event.source_type == "db-snapshot"]
    assert sorted((event.event_id, event.source_identifier) for event in of_snapshots) == events
    assert sorted(rds_export_tasks) == sorted(names)
    assert {task.status for task in rds_export_tasks.values()} == {"CANCELED"}
    assert not rds_export_tasks.snapshots
    assert len(rds_export_tasks.calls) == 4 * len(names)
    assert {call.http_status for call in rds_export_tasks.calls} == {200}
