"""ExportTaskRegistry: a mapping of the home region's tasks, and its other regions."""

from collections.abc import Mapping

import boto3
import pytest

from _aws import raises_exactly, start
from pytest_rds_export import ExportTask, Stuck, fake_rds_export


@pytest.fixture
def registry(rds_export_tasks):
    rds_export_tasks.seed_all(["first", "second", ExportTask("abroad", region="eu-west-1")])
    return rds_export_tasks


def test_it_is_a_mapping_of_live_tasks(registry):
    assert isinstance(registry, Mapping)
    assert list(registry) == ["first", "second"]
    assert list(registry.items()) == [("first", registry["first"]), ("second", registry["second"])]
    assert len(registry) == 2
    assert registry.get("first") is registry["first"]
    assert registry.get("third") is None


def test_it_contains_identifiers_as_they_are_written(registry):
    assert "first" in registry
    assert "First" not in registry
    assert "abroad" not in registry


def test_started_tasks_come_after_seeded_ones(registry, rds_export_client):
    start(rds_export_client, "third")

    assert list(registry) == ["first", "second", "third"]
    assert registry["third"].status == "STARTING"


def test_it_can_grow_while_it_is_gone_through(registry):
    for name in registry:
        registry.seed(f"{name}-again")

    assert list(registry) == ["first", "second", "first-again", "second-again"]


def test_an_unknown_identifier(registry):
    with pytest.raises(KeyError) as caught:
        registry["third"]

    assert caught.value.args == ("no export task 'third' in us-east-1; there are: first, second",)


def test_an_unknown_identifier_where_there_are_no_tasks(rds_export_tasks):
    with pytest.raises(KeyError) as caught:
        rds_export_tasks["nightly"]

    assert caught.value.args == ("no export task 'nightly' in us-east-1; there are: none",)


def test_its_repr_counts(registry, rds_export_client):
    assert repr(registry) == "<ExportTaskRegistry of us-east-1: 2 tasks, 0 calls>"

    start(rds_export_client, "third")

    assert repr(registry) == "<ExportTaskRegistry of us-east-1: 3 tasks, 1 call>"


def test_it_equals_itself_alone(registry):
    assert registry == registry  # noqa: PLR0124
    with fake_rds_export() as other:
        assert registry != other
    assert registry != dict(registry)
    assert hash(registry) == hash(registry)


def test_a_region_is_the_same_registry_each_time(registry):
    abroad = registry.in_region("eu-west-1")

    assert registry.in_region("eu-west-1") is abroad
    assert abroad.in_region("us-east-1") is registry
    assert registry.in_region("us-east-1") is registry
    assert list(abroad) == ["abroad"]
    assert repr(abroad) == "<ExportTaskRegistry of eu-west-1: 1 task, 0 calls>"


@pytest.mark.parametrize("name", ["Dublin", "", "eu_west_1", None, ["eu-west-1"]])
def test_what_cannot_be_a_region(registry, name):
    with raises_exactly(ValueError, f"a region has a name such as 'eu-west-1', got {name!r}"):
        registry.in_region(name)


def test_a_client_of_another_region_sees_the_tasks_there(registry):
    client = boto3.client("rds", region_name="eu-west-1")

    [task] = client.describe_export_tasks()["ExportTasks"]

    assert task["ExportTaskIdentifier"] == "abroad"
    assert [call.region for call in registry.calls] == ["eu-west-1"]


def test_stubs_failures_and_calls_are_the_accounts(registry, rds_export_client):
    abroad = registry.in_region("eu-west-1")
    abroad.stub("DescribeDBInstances", {"DBInstances": []})
    injection = abroad.inject("AccessDenied", operation="StartExportTask", times=1)

    rds_export_client.describe_db_instances()
    with pytest.raises(rds_export_client.exceptions.ClientError, match="AccessDenied"):
        start(rds_export_client, "third")

    assert injection.attempts == 1
    assert [call.operation for call in abroad.calls] == ["DescribeDBInstances", "StartExportTask"]
    assert abroad.calls_to("StartExportTask") == registry.calls_to("StartExportTask") == [registry.calls[1]]


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("cancel_export_task", "operations go by the API's name: 'CancelExportTask', not 'cancel_export_task'"),
        (
            "describe_db_snapshots",
            "operations go by the API's name: 'DescribeDBSnapshots', not 'describe_db_snapshots'",
        ),
    ],
)
def test_operations_go_by_the_name_of_the_api(registry, operation, text):
    for call in (
        registry.calls_to,
        lambda name: registry.stub(name, {}),
        lambda name: registry.inject("X", operation=name),
    ):
        with raises_exactly(ValueError, text):
            call(operation)


def test_a_task_that_is_in_another_region_is_said_to_be_there(registry):
    registry.in_region("eu-west-1").seed("weekly")

    with pytest.raises(KeyError) as caught:
        registry["weekly"]

    assert caught.value.args[0].endswith("; it is in eu-west-1: in_region('eu-west-1')")


def test_an_unknown_operation(registry):
    with pytest.raises(ValueError, match=r"^unknown RDS operation 'CancelExportTsk'; known: CancelExportTask, "):
        registry.calls_to("CancelExportTsk")


def test_tasks_that_have_ended_make_room_for_new_ones(rds_export_tasks, rds_export_client):
    """The count of running exports follows each task, however it came to its end."""
    rds_export_tasks.seed_all([ExportTask(f"task-{number}", timeline=Stuck()) for number in range(5)])
    rds_export_tasks["task-1"].move_to("FAILED")
    rds_export_client.cancel_export_task(ExportTaskIdentifier="task-3")

    start(rds_export_client, "sixth")
    start(rds_export_client, "seventh")

    with pytest.raises(rds_export_client.exceptions.ClientError, match="ExportTaskLimitReachedFault"):
        start(rds_export_client, "eighth")
