"""The types of the public API. mypy checks this file, and pytest runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from pytest_rds_export import (
    ExportedTable,
    ExportTask,
    Failure,
    Polls,
    SnapshotPolls,
    SnapshotTimeline,
    Stuck,
    Timeline,
    failures,
    fake_rds_export,
    sweep,
)
from pytest_rds_export.exceptions import UnhandledOperation
from pytest_rds_export.types import (
    Attempt,
    Call,
    Delivery,
    ExportClock,
    ExportSource,
    ExportTaskRegistry,
    Injection,
    RdsEvent,
    ScheduledCall,
)

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient
    from typing_extensions import assert_type
else:

    def assert_type(value: object, of: object) -> None:
        """Do nothing at run time."""


def test_registry(rds_export_tasks: ExportTaskRegistry) -> None:
    """The registry is a mapping from identifiers to tasks, which have a status, a region and a way to move them."""
    mapping: Mapping[str, ExportTask] = rds_export_tasks
    task = rds_export_tasks.seed("nightly", status="STARTING", timeline=Polls(starting=2), percent_progress=0)

    assert_type(task, ExportTask)
    assert_type(rds_export_tasks["nightly"], ExportTask)
    assert_type(rds_export_tasks.in_region("eu-west-1"), ExportTaskRegistry)
    assert_type(rds_export_tasks.calls, list[Call])
    assert_type(rds_export_tasks.calls_to("CancelExportTask"), list[Call])
    assert_type(rds_export_tasks.unhandled, list[Call])
    assert mapping["nightly"] is task
    assert_type(task.status, str)
    assert_type(task.identifier, str)
    assert_type(task.region, "str | None")
    assert_type(task.move_to("COMPLETE"), None)
    assert task.status == "COMPLETE"


def test_sweep() -> None:
    """A sweep yields attempts, each of which yields a registry."""
    for attempt in sweep("Throttling", 30, timedelta(hours=1), Failure("Mine"), seeds=["nightly"], raises=OSError):
        assert_type(attempt, Attempt)
        with attempt as tasks:
            assert_type(tasks, ExportTaskRegistry)
        assert_type(attempt.call, Call | None)
        assert_type(attempt.failure, Failure | Exception | None)
        assert_type(attempt.running, int)
        assert_type(attempt.raised, BaseException | None)
        assert_type(attempt.inject_line, str)
        break


def test_seeds(rds_export_tasks: ExportTaskRegistry, tmp_path: Path) -> None:
    """A seed is an identifier, an ExportTask, a mapping or a path."""
    path = tmp_path / "tasks.json"
    path.write_text("[]")

    seeded = rds_export_tasks.seed_all(["nightly", ExportTask("done"), {"ExportTaskIdentifier": "mapping"}, path])

    assert_type(seeded, list[ExportTask])
    assert_type(rds_export_tasks.seed(ExportTask("value")), ExportTask)
    assert_type(rds_export_tasks.seed_snapshot("orders", engine="postgres", cluster=True), ExportSource)
    assert len(seeded) == 3


def test_files(rds_export_tasks: ExportTaskRegistry, tmp_path: Path) -> None:
    """Files go to a client of S3 or to a path."""
    table = ExportedTable("shop.orders", parts=[b"PAR1"], columns={"id": "int"})

    assert_type(rds_export_tasks.write_files(tmp_path, tables=["shop.users", table], time_format="iso"), None)
    assert_type(table.parts, tuple[bytes, ...])
    assert_type(table.warning, "str | None")
    if TYPE_CHECKING:
        rds_export_tasks.write_files(boto3.client("s3"))
    assert table.name == "shop.orders"


def test_events(rds_export_tasks: ExportTaskRegistry) -> None:
    """An event has typed fields, and its shapes are dicts."""
    rds_export_tasks.seed("nightly").move_to("COMPLETE")
    (event,) = rds_export_tasks.events

    assert_type(rds_export_tasks.events, list[RdsEvent])
    assert_type(event.event_id, str)
    assert_type(event.categories, tuple[str, ...])
    assert_type(event.date, datetime)
    assert_type(event.task, "ExportTask | None")
    assert_type(event.source, "ExportSource | None")
    assert_type(event.to_eventbridge(), dict[str, Any])
    assert_type(event.to_sns(generation=2021), dict[str, Any])
    assert_type(event.to_lambda("eventbridge", generation=2023), dict[str, Any])
    assert_type(event.explain({"source": ["aws.rds"]}), list[str])
    assert_type(event.matches('{"source": ["aws.rds"]}'), bool)
    assert event.task is rds_export_tasks["nightly"]


def test_deliveries(rds_export_tasks: ExportTaskRegistry) -> None:
    """Events are delivered to a function or a client."""

    def handler(event: dict[str, Any], context: object) -> str:
        return f"{event['source']} {context}"

    rds_export_tasks.deliver_events(handler, shape="eventbridge", pattern={"source": ["aws.rds"]}, times=1)
    rds_export_tasks.deliver_events(boto3.client("sns"), topic="arn:aws:sns:us-east-1:123456789012:x", delay=1.5)
    rds_export_tasks.deliver_events(boto3.client("events"), bus="default", delay=timedelta(minutes=1))
    rds_export_tasks.seed("nightly").move_to("COMPLETE")
    delivery, *_ = rds_export_tasks.deliveries

    assert_type(delivery, Delivery)
    assert_type(delivery.receiver, str)
    assert_type(delivery.event, RdsEvent)
    assert_type(delivery.due, datetime)
    assert_type(delivery.time, datetime | None)
    assert_type(delivery.reasons, list[str])
    assert_type(delivery.error, BaseException | None)
    assert_type(delivery.outcome, str)


def test_timelines() -> None:
    """Timeline, Polls and Stuck are values that a task takes."""
    timeline = Timeline(starting=timedelta(minutes=1), in_progress=60, outcome="FAILED", failure_cause="broken")

    assert_type(timeline, Timeline)
    assert_type(Polls(in_progress=3), Polls)
    assert_type(Stuck(), Stuck)
    assert ExportTask("nightly", timeline=timeline).identifier == "nightly"


@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_inject(rds_export_tasks: ExportTaskRegistry) -> None:
    """A Failure, the name of one, or an exception can be injected."""
    catalogue = failures("CancelExportTask", kinds=("documented", "common"))
    own = Failure("OptInRequired", http_status=403, message="Sign up first")

    assert_type(catalogue, tuple[Failure, ...])
    assert_type(own.code, "str | None")
    assert_type(own.http_status, "int | None")
    assert_type(own.exception, type[Exception])
    assert_type(own.match, "str | None")
    assert_type(own.retried, bool)
    with rds_export_tasks.inject(own, identifier="nightly", times=2, applied=True) as injection:
        assert_type(injection, Injection)
        assert_type(injection.attempts, int)
    rds_export_tasks.inject("Throttling", operation="StartExportTask")
    assert rds_export_tasks.inject(RuntimeError("broken")).attempts == 0


def test_client(rds_export_tasks: ExportTaskRegistry, rds_export_client: RDSClient) -> None:
    """The client and the calls have the types of boto3's stubs."""
    rds_export_tasks.seed("nightly")

    response = rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")
    call = rds_export_tasks.calls[0]

    assert_type(response["Status"], str)
    assert_type(call.operation, str)
    assert_type(call.parameters, Mapping[str, Any])
    assert_type(call.time, datetime)
    assert_type(call.attempts, int)
    assert_type(call.retry_delays, list[float])
    assert_type(call.http_status, "int | None")
    assert_type(call.error_code, "str | None")
    assert_type(call.response, "Mapping[str, Any] | None")
    assert call.attempts == 1


def test_stub(rds_export_tasks: ExportTaskRegistry, rds_export_client: RDSClient) -> None:
    """A stub is a mapping or a callable; without one, an exception of the package is raised."""

    def respond(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"DBInstances": [{"DBInstanceIdentifier": parameters["DBInstanceIdentifier"]}]}

    rds_export_tasks.stub("DescribeDBClusters", {"DBClusters": []})
    rds_export_tasks.stub("DescribeDBInstances", respond)
    with pytest.raises(UnhandledOperation):
        rds_export_client.describe_certificates()
    rds_export_tasks.unhandled.clear()


def test_clock(rds_export_clock: ExportClock) -> None:
    """The clock returns times, and callbacks can be cancelled."""
    assert_type(rds_export_clock.now, datetime)
    assert_type(rds_export_clock.tick(minutes=5), datetime)
    assert_type(rds_export_clock.tick(300), datetime)
    assert_type(rds_export_clock.tick(timedelta(minutes=5)), datetime)
    assert_type(rds_export_clock.move_to("2026-03-01T02:00Z"), datetime)
    assert_type(rds_export_clock.call_at("2026-03-01T03:00Z", print, "done"), ScheduledCall)
    assert_type(rds_export_clock.call_later(60, print).cancel(), None)


def test_decorator() -> None:
    """A decorated function keeps its types."""
    with fake_rds_export("nightly", region="eu-west-1") as registry:
        assert_type(registry, ExportTaskRegistry)

    @fake_rds_export("nightly")
    def decorated(number: int) -> str:
        return str(number)

    assert_type(decorated(1), str)
    assert decorated(1) == "1"


@pytest.fixture
def rds_export_seed() -> Iterable[ExportTask]:
    """One task."""
    return [ExportTask("seeded")]


@pytest.fixture
def running(rds_export_tasks: ExportTaskRegistry) -> ExportTask:
    """The seeded task."""
    return rds_export_tasks["seeded"]


def test_users_fixtures(running: ExportTask) -> None:
    """The user's own fixtures can be typed."""
    assert running.status == "IN_PROGRESS"


def test_snapshots(rds_export_tasks: ExportTaskRegistry) -> None:
    """Snapshots and databases are live sources, and timelines of snapshots are typed."""
    timeline = SnapshotTimeline(creating=60, outcome="failed")

    assert_type(rds_export_tasks.seed_snapshot("nightly", timeline=timeline), ExportSource)
    assert_type(rds_export_tasks.seed_database("orders", cluster=True), ExportSource)
    assert_type(rds_export_tasks.snapshots, Mapping[str, ExportSource])
    assert_type(rds_export_tasks.snapshots["nightly"].tags, dict[str, str])
    assert_type(SnapshotPolls(creating=1).creating, int)
    assert rds_export_tasks.snapshots["nightly"].status == "creating"
