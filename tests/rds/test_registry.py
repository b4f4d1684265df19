"""ExportTaskRegistry: a mapping of the tasks of the default region, and its other regions."""

from collections.abc import Mapping

import pytest

from helpers.calls import start
from helpers.clients import shared_client
from helpers.errors import raises_exactly
from pytest_rds_export import ExportTask, failures, fake_rds_export


@pytest.fixture
def registry(rds_export_tasks):
    """A registry with two tasks, and one in another region."""
    rds_export_tasks.seed_all(["first", "second", ExportTask("abroad", region="eu-west-1")])
    return rds_export_tasks


def test_mapping(registry):
    """The registry is a mapping from identifiers, which are case-sensitive, to the live tasks of its region."""
    assert isinstance(registry, Mapping)
    assert list(registry) == ["first", "second"]
    assert list(registry.items()) == [("first", registry["first"]), ("second", registry["second"])]
    assert len(registry) == 2
    assert registry.get("first") is registry["first"]
    assert registry.get("third") is None
    assert [name in registry for name in ("first", "First", "abroad")] == [True, False, False]


def test_seeding_during_iteration(registry):
    """Tasks may be seeded during an iteration."""
    for name in registry:
        registry.seed(f"{name}-again")

    assert list(registry) == ["first", "second", "first-again", "second-again"]


@pytest.mark.parametrize(
    ("identifier", "hint"),
    [
        ("third", "The region has 'first' and 'second'"),
        ("First", "Did you mean 'first'?"),
        ("secnd", "Did you mean 'second'?"),
        ("abroad", "It is in eu-west-1: use in_region('eu-west-1')['abroad']"),
    ],
)
def test_unknown_identifier(registry, identifier, hint):
    """An unknown identifier is refused with its region, similar identifiers, or all identifiers."""
    with pytest.raises(KeyError) as caught:
        registry[identifier]

    assert caught.value.args == (f"no export task {identifier!r} in us-east-1. {hint}",)
    with fake_rds_export() as empty, pytest.raises(KeyError, match="The region has no export tasks"):
        empty[identifier]


def test_repr(registry, client):
    """The repr counts tasks and calls; a task that was started comes last."""
    assert repr(registry) == "<ExportTaskRegistry of us-east-1: 2 tasks, 0 calls>"

    start(client, "third")

    assert list(registry) == ["first", "second", "third"]
    assert repr(registry) == "<ExportTaskRegistry of us-east-1: 3 tasks, 1 call>"


def test_equality(registry):
    """A registry equals only itself."""
    assert registry == registry  # noqa: PLR0124
    with fake_rds_export() as other:
        assert registry != other
    assert registry != dict(registry)
    assert hash(registry) == hash(registry)


def test_in_region(registry):
    """in_region returns the same registry each time."""
    abroad = registry.in_region("eu-west-1")

    assert registry.in_region("eu-west-1") is abroad
    assert abroad.in_region("us-east-1") is registry
    assert registry.in_region("us-east-1") is registry
    assert list(abroad) == ["abroad"]
    assert repr(abroad) == "<ExportTaskRegistry of eu-west-1: 1 task, 0 calls>"


@pytest.mark.parametrize(
    "name", ["Dublin", "", "eu_west_1", "eu-west", "eu-1", "west", "eu-west-x", None, ["eu-west-1"]]
)
def test_wrong_region(registry, name):
    """in_region refuses what cannot be the name of a region."""
    with raises_exactly(ValueError, f"region must be a name such as 'eu-west-1', got {name!r}"):
        registry.in_region(name)


def test_what_belongs_to_the_account(registry, client):
    """Stubs, injected failures and calls belong to the account, whatever the region."""
    abroad = registry.in_region("eu-west-1")
    abroad.stub("DescribeDBInstances", {"DBInstances": []})
    injection = abroad.inject("AccessDenied", operation="StartExportTask", times=1)

    client.describe_db_instances()
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        start(client, "third")
    shared_client("eu-west-1").describe_export_tasks()

    assert injection.attempts == 1
    assert [(call.operation, call.region) for call in abroad.calls] == [
        ("DescribeDBInstances", "us-east-1"),
        ("StartExportTask", "us-east-1"),
        ("DescribeExportTasks", "eu-west-1"),
    ]
    assert abroad.calls_to("StartExportTask") == registry.calls_to("StartExportTask") == [registry.calls[1]]


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("cancel_export_task", "use the API operation name 'CancelExportTask', not 'cancel_export_task'"),
        ("describe_db_snapshots", "use the API operation name 'DescribeDBSnapshots', not 'describe_db_snapshots'"),
        (
            "CancelExportTsk",
            "unknown RDS operation 'CancelExportTsk'. Did you mean 'CancelExportTask' or 'StartExportTask'?",
        ),
        (
            ["CancelExportTask"],
            "operation must be an API operation name such as 'CancelExportTask', got list ['CancelExportTask']",
        ),
    ],
)
def test_wrong_operation(registry, operation, text):
    """Everything that takes an operation refuses any but an API operation name."""
    for call in (
        registry.calls_to,
        lambda name: registry.stub(name, {}),
        lambda name: registry.inject("X", operation=name),
        lambda name: registry.override(name, len),
        failures,
    ):
        with raises_exactly(ValueError, text):
            call(operation)


def test_seeding_in_another_region(registry):
    """Only the registry of the default region seeds a task by the region of its ARN."""
    abroad = registry.in_region("eu-west-1")
    arn = "arn:aws:rds:eu-central-1:123456789012:snapshot:orders"
    text = (
        "export task 'third' belongs to eu-central-1, but this is the registry of eu-west-1. "
        "Seed it with in_region('eu-central-1')"
    )

    with raises_exactly(ValueError, text):
        abroad.seed("third", source_arn=arn)

    assert "third" not in registry.in_region("eu-central-1")
    assert registry.seed("third", source_arn=arn).region == "eu-central-1"


def test_options(registry):
    """The registry shows the options in force."""
    assert repr(registry.options) == (
        "Options(region='us-east-1', account_id='123456789012', describe_unknown='error', concurrent_limit=5, "
        "concurrent_limit_scope='region', one_export_per_source=True, unsupported_regions='', page_size=100, "
        "trailing_slash='accept', snapshot_source_type=True, snapshots='auto', "
        "assert_all_injected=True, assert_all_handled=True, assert_all_delivered=True, "
        "credentials='fake', "
        "timeline=Timeline(), snapshot_timeline=SnapshotTimeline())"
    )
