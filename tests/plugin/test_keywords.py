"""Unknown keyword arguments of public classes and methods: the error says which one may be meant."""

import inspect

import pytest

import pytest_rds_export
from helpers.errors import raises_exactly
from pytest_rds_export import (
    ExportedTable,
    ExportTask,
    Failure,
    Polls,
    SnapshotPolls,
    SnapshotTimeline,
    Timeline,
    failures,
    frozen_clock,
)

CALLS = {
    "unknown argument 'in_progres' of Timeline. Did you mean 'in_progress'?": lambda tasks: Timeline(in_progres=1),
    "unknown argument 'creatng' of SnapshotTimeline. Did you mean 'creating'?": (
        lambda tasks: SnapshotTimeline(creatng=1)
    ),
    "unknown argument 'copyng' of SnapshotPolls. Did you mean 'copying'?": lambda tasks: SnapshotPolls(copyng=1),
    "unknown argument 'startin' of Polls. Did you mean 'starting'?": lambda tasks: Polls(startin=1),
    "unknown argument 'stauts' of Failure. Use one of 'name', 'operation', 'kind', 'http_status' or 'message'": (
        lambda tasks: Failure("Throttling", stauts=400)
    ),
    "unknown argument 'kind' of failures. Did you mean 'kinds'?": (
        lambda tasks: failures("CancelExportTask", kind="common")
    ),
    "unknown argument 'row' of ExportedTable. Did you mean 'rows'?": lambda tasks: ExportedTable("a.b", row=[]),
    "unknown argument 'oparation' of inject. Did you mean 'operation'?": (
        lambda tasks: tasks.inject("Throttling", oparation="CancelExportTask")
    ),
    "unknown argument 'tims' of inject. Did you mean 'times'?": (
        lambda tasks: tasks.inject("Throttling", after=1, tims=2)
    ),
    "unknown argument 'table' of write_files. Did you mean 'tables'?": lambda tasks: tasks.write_files(None, table=[]),
    "unknown argument 'strat' of frozen_clock. Did you mean 'start'?": lambda tasks: frozen_clock(strat=None),
    "identifier of seed is given without its name. Write 'nightly' instead of identifier='nightly'": (
        lambda tasks: tasks.seed(identifier="nightly")
    ),
    "status of move_to is given without its name. Write 'FAILED' instead of status='FAILED'": (
        lambda tasks: tasks.seed("nightly").move_to(status="FAILED")
    ),
    "unknown field 'regoin'. Did you mean 'region'?": lambda tasks: ExportTask("nightly", regoin="eu-west-1"),
    "unknown field 'engin'. Did you mean 'engine'?": lambda tasks: tasks.seed_snapshot("orders", engin="mysql"),
    "'full' is not an argument of to_response": lambda tasks: tasks.seed("nightly").to_response(full=True),
    "unknown argument 'itm' of from_response. Did you mean 'item'?": lambda tasks: ExportTask.from_response(itm={}),
}


@pytest.mark.parametrize("message", CALLS)
def test_unknown_keyword(tasks, message):
    """The keyword that is probably meant is named, or how an argument without a name is given."""
    with raises_exactly(TypeError, message):
        CALLS[message](tasks)


def test_other_mistakes(tasks):
    """Python's own message stays for missing and for too many arguments."""
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        tasks.in_region()
    with pytest.raises(TypeError, match="takes 2 positional arguments but 3 were given"):
        tasks.in_region("eu-west-1", "eu-west-2")


def test_errors_from_inside(tasks):
    """A TypeError of a function that is called on the way is not taken for a wrong call."""

    def wrong(parameters):
        return parameters(operation="x")

    tasks.stub("DescribeDBInstances", wrong)
    with pytest.raises(TypeError, match="not callable"):
        wrong({})
    with pytest.raises(TypeError, match="failure must be"):
        tasks.inject(42, operation="CancelExportTask")


@pytest.mark.parametrize("name", ["Timeline", "Polls", "ExportTask", "Failure", "ExportedTable", "failures"])
def test_signature(name):
    """Signatures are those that the source has."""
    public = getattr(pytest_rds_export, name)
    assert "args" not in inspect.signature(public).parameters
