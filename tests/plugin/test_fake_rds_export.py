"""fake_rds_export, the fake without pytest: as a context manager and as a decorator."""

import asyncio
import inspect
import os
from contextlib import suppress

import boto3
import pytest

from helpers.calls import cancel, described
from helpers.errors import raises_exactly
from pytest_rds_export import ExportTask, fake_rds_export
from pytest_rds_export.exceptions import EndCheckFailed
from pytest_rds_export.types import ExportTaskRegistry


@pytest.fixture
def client():
    """A client that was made before the fake."""
    return boto3.client("rds", "us-east-1")


def identifiers(client):
    """The identifiers of all tasks that the client sees."""
    return [task["ExportTaskIdentifier"] for task in client.describe_export_tasks()["ExportTasks"]]


def test_block(client):
    """The block yields the registry, which has the seeds."""
    with fake_rds_export("nightly", ExportTask("done", status="COMPLETE"), account_id="999999999999") as tasks:
        assert isinstance(tasks, ExportTaskRegistry)
        assert identifiers(client) == ["nightly", "done"]
        assert tasks["nightly"].source_arn == "arn:aws:rds:us-east-1:999999999999:snapshot:nightly"


def test_used_again(client, botocore_unchanged):
    """One object can be entered again, also inside itself; each use has a registry of its own."""
    fake = fake_rds_export("nightly")
    with fake as first:
        cancel(client)
        with fake as inner:
            assert inner.calls == []
            assert described(client)["Status"] == "IN_PROGRESS"
        with pytest.raises(client.exceptions.InvalidExportTaskStateFault):
            cancel(client)
    with fake as second:
        assert second["nightly"].status == "IN_PROGRESS"
    assert first["nightly"].status == "CANCELING"


def test_decorated_function(client, botocore_unchanged):
    """A decorated function runs with the fake, and keeps its name and signature."""

    @fake_rds_export("nightly")
    def export(identifier, *, times=1):
        """Cancel an export."""
        return [cancel(client, identifier)["Status"]] * times

    assert export("nightly", times=2) == ["CANCELING", "CANCELING"]
    assert (export.__name__, export.__doc__) == ("export", "Cancel an export.")
    assert list(inspect.signature(export).parameters) == ["identifier", "times"]


def test_unawaited_coroutine(botocore_unchanged):
    """A decorated coroutine that is never awaited leaves nothing behind."""

    @fake_rds_export("nightly")
    async def export(): ...

    export().close()


def test_overlapping_coroutines(client, botocore_unchanged):
    """Coroutines are entered as 0, 1, 2 and end as 2, 0, 1; of those running, the last one entered responds."""
    before = dict(os.environ)
    entered = [asyncio.Event() for _ in range(3)]

    @fake_rds_export("nightly")
    async def export(number):
        if number == 1:
            cancel(client)
        entered[number].set()
        await entered[(number + 1) % 3].wait()
        return described(client)["Status"], os.environ["AWS_ACCESS_KEY_ID"]

    assert inspect.iscoroutinefunction(export)

    async def main():
        return await asyncio.gather(*map(export, range(3)))

    assert asyncio.run(main()) == [("CANCELING", "testing"), ("CANCELING", "testing"), ("IN_PROGRESS", "testing")]
    assert dict(os.environ) == before


def test_error_of_a_coroutine(botocore_unchanged):
    """An error of a decorated coroutine is raised, and nothing is left behind."""

    @fake_rds_export("nightly")
    async def export():
        raise LookupError("mine")

    with raises_exactly(LookupError, "mine"):
        asyncio.run(export())


def test_unused_failure(botocore_unchanged):
    """An injected failure that was not used is an error at the exit."""
    with pytest.raises(EndCheckFailed, match=r"^ExportTaskNotFound .* never used"), fake_rds_export() as tasks:
        tasks.inject("ExportTaskNotFound")


def test_unhandled_operation(client, botocore_unchanged):
    """An operation without a handler is an error at the end of a decorated coroutine."""

    @fake_rds_export()
    async def export():
        with suppress(Exception):
            client.describe_db_instances()

    with pytest.raises(EndCheckFailed, match=r"^no handler for DescribeDBInstances"):
        asyncio.run(export())


def test_error_of_the_block(botocore_unchanged):
    """An error of the block is raised instead of a message about unused failures."""

    def use():
        with fake_rds_export() as tasks:
            tasks.inject("ExportTaskNotFound")
            raise LookupError("mine")

    with raises_exactly(LookupError, "mine"):
        use()


def test_wrong_seed(botocore_unchanged):
    """A wrong seed is refused at the entry, and nothing is left behind."""
    before = dict(os.environ)
    fake = fake_rds_export("nightly", "nightly")

    with pytest.raises(ValueError, match="exists already"):
        fake.__enter__()
    assert dict(os.environ) == before


def test_repr():
    """The repr is one line: how many seeds, and whether it is in use."""
    fake = fake_rds_export("nightly", "done")
    with fake:
        assert repr(fake) == "<fake_rds_export of 2 seeds, in use>"
    assert repr(fake) == "<fake_rds_export of 2 seeds, not in use>"


@pytest.mark.parametrize("kind", ["class", "generator", "asynchronous generator"])
def test_decorated_class_or_generator(kind):
    """A class or a generator function cannot be decorated."""

    def generator():
        yield

    async def asynchronous_generator():
        yield

    target = {"class": int, "generator": generator, "asynchronous generator": asynchronous_generator}[kind]
    text = (
        "fake_rds_export can decorate functions, coroutine functions, and classes with methods named test..., got "
        f"{target!r}. Use it as a context manager inside the function"
    )
    with raises_exactly(TypeError, text):
        fake_rds_export()(target)


def test_decorator_without_parentheses():
    """A decorator without parentheses is refused with how to write it."""
    text = "a seed cannot be a function. Write the decorator with parentheses: @fake_rds_export()"
    with raises_exactly(TypeError, text):
        fake_rds_export(lambda: None)
