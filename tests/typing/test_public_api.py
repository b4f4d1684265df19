"""The types of the public API. mypy checks this file, and pytest runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from pytest_rds_export import (
    Call,
    ExportClock,
    ExportedTable,
    ExportEvent,
    ExportSource,
    ExportTask,
    ExportTaskRegistry,
    Failure,
    Injection,
    Polls,
    ScheduledCall,
    Stuck,
    Timeline,
    UnansweredOperation,
    failures,
    fake_rds_export,
)

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient
    from typing_extensions import assert_type
else:

    def assert_type(value: object, of: object) -> None:
        """Do nothing at run time."""


def test_registry_is_a_mapping_of_tasks(rds_export_tasks: ExportTaskRegistry) -> None:
    mapping: Mapping[str, ExportTask] = rds_export_tasks
    task = rds_export_tasks.seed("nightly", status="STARTING", timeline=Polls(starting=2), percent_progress=0)

    assert_type(task, ExportTask)
    assert_type(rds_export_tasks["nightly"], ExportTask)
    assert_type(rds_export_tasks.in_region("eu-west-1"), ExportTaskRegistry)
    assert_type(rds_export_tasks.calls, list[Call])
    assert_type(rds_export_tasks.calls_to("CancelExportTask"), list[Call])
    assert_type(rds_export_tasks.unanswered, list[Call])
    assert mapping["nightly"] is task


def test_seeds_are_of_four_kinds(rds_export_tasks: ExportTaskRegistry, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_text("[]")

    seeded = rds_export_tasks.seed_all(["nightly", ExportTask("done"), {"ExportTaskIdentifier": "mapping"}, path])

    assert_type(seeded, list[ExportTask])
    assert_type(rds_export_tasks.seed(ExportTask("value")), ExportTask)
    assert_type(rds_export_tasks.seed_snapshot("orders", engine="postgres", cluster=True), ExportSource)
    assert len(seeded) == 3


def test_files_go_to_a_client_or_a_path(rds_export_tasks: ExportTaskRegistry, tmp_path: Path) -> None:
    table = ExportedTable("shop.orders", parts=[b"PAR1"], columns={"id": "int"})

    assert_type(rds_export_tasks.write_files(tmp_path, tables=["shop.users", table], time_format="iso"), None)
    assert_type(table.parts, tuple[bytes, ...])
    assert_type(table.warning, "str | None")
    if TYPE_CHECKING:
        rds_export_tasks.write_files(boto3.client("s3"))
    assert table.name == "shop.orders"


def test_task_has_status_identifier_and_region(rds_export_tasks: ExportTaskRegistry) -> None:
    task = rds_export_tasks.seed("nightly")

    assert_type(task.status, str)
    assert_type(task.identifier, str)
    assert_type(task.region, "str | None")
    assert_type(task.move_to("COMPLETE"), None)
    assert task.status == "COMPLETE"


def test_events_and_their_shapes(rds_export_tasks: ExportTaskRegistry) -> None:
    rds_export_tasks.seed("nightly").move_to("COMPLETE")
    (event,) = rds_export_tasks.events

    assert_type(rds_export_tasks.events, list[ExportEvent])
    assert_type(event.event_id, str)
    assert_type(event.categories, tuple[str, ...])
    assert_type(event.date, datetime)
    assert_type(event.task, ExportTask)
    assert_type(event.to_eventbridge(), dict[str, Any])
    assert_type(event.to_sns(generation=2021), dict[str, Any])
    assert_type(event.to_lambda("eventbridge", generation=2023), dict[str, Any])
    assert event.task is rds_export_tasks["nightly"]


def test_timelines_are_values() -> None:
    timeline = Timeline(starting=timedelta(minutes=1), in_progress=60, outcome="FAILED", failure_cause="broken")

    assert_type(timeline, Timeline)
    assert_type(Polls(in_progress=3), Polls)
    assert_type(Stuck(), Stuck)
    assert ExportTask("nightly", timeline=timeline).identifier == "nightly"


@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_inject_accepts_a_failure_a_name_or_an_exception(rds_export_tasks: ExportTaskRegistry) -> None:
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


def test_client_has_the_type_of_the_stubs(rds_export_tasks: ExportTaskRegistry, rds_export_client: RDSClient) -> None:
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


def test_stub_is_a_mapping_or_a_callable(rds_export_tasks: ExportTaskRegistry, rds_export_client: RDSClient) -> None:
    def respond(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"DBInstances": [{"DBInstanceIdentifier": parameters["DBInstanceIdentifier"]}]}

    rds_export_tasks.stub("DescribeDBClusters", {"DBClusters": []})
    rds_export_tasks.stub("DescribeDBInstances", respond)

    found = rds_export_client.describe_db_instances(DBInstanceIdentifier="orders")["DBInstances"]
    assert [instance["DBInstanceIdentifier"] for instance in found] == ["orders"]
    with pytest.raises(UnansweredOperation):
        rds_export_client.describe_certificates()
    rds_export_tasks.unanswered.clear()


def test_clock_has_now_tick_and_move_to(rds_export_clock: ExportClock) -> None:
    assert_type(rds_export_clock.now, datetime)
    assert_type(rds_export_clock.tick(minutes=5), datetime)
    assert_type(rds_export_clock.tick(300), datetime)
    assert_type(rds_export_clock.tick(timedelta(minutes=5)), datetime)
    assert_type(rds_export_clock.move_to("2026-03-01T02:00Z"), datetime)
    assert_type(rds_export_clock.call_at("2026-03-01T03:00Z", print, "done"), ScheduledCall)
    assert_type(rds_export_clock.call_later(60, print).cancel(), None)
    assert rds_export_clock.now == datetime(2026, 3, 1, 2, tzinfo=timezone.utc)


def test_fake_is_a_context_manager_and_a_decorator() -> None:
    with fake_rds_export("nightly", region="eu-west-1") as registry:
        assert_type(registry, ExportTaskRegistry)

    @fake_rds_export("nightly")
    def decorated(number: int) -> str:
        return str(number)

    assert_type(decorated(1), str)
    assert decorated(1) == "1"


@pytest.fixture
def rds_export_seed() -> Iterable[ExportTask]:
    return [ExportTask("seeded")]


@pytest.fixture
def running(rds_export_tasks: ExportTaskRegistry) -> ExportTask:
    return rds_export_tasks["seeded"]


def test_fixtures_of_the_user_are_typed(running: ExportTask) -> None:
    assert running.status == "IN_PROGRESS"
