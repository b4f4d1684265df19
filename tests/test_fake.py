"""fake_rds_export: the whole of it without pytest, as a context manager and as a decorator."""

import asyncio
import inspect
import os
from contextlib import suppress

import boto3
import pytest

from _asking import cancel, described
from _aws import raises_exactly
from pytest_rds_export import ExportTask, ExportTaskRegistry, fake_rds_export


@pytest.fixture
def client():
    return boto3.client("rds", "us-east-1")


def identifiers(client):
    return [task["ExportTaskIdentifier"] for task in client.describe_export_tasks()["ExportTasks"]]


def test_the_block_gets_the_registry_with_the_seeds_in_it(client):
    with fake_rds_export("nightly", ExportTask("done", status="COMPLETE"), account_id="999999999999") as tasks:
        assert isinstance(tasks, ExportTaskRegistry)
        assert identifiers(client) == ["nightly", "done"]
        assert tasks["nightly"].source_arn == "arn:aws:rds:us-east-1:999999999999:snapshot:nightly"


def test_each_use_of_one_object_has_a_registry_of_its_own(client):
    fake = fake_rds_export("nightly")
    with fake as first:
        cancel(client)
    with fake as second:
        assert second["nightly"].status == "IN_PROGRESS"
    assert first["nightly"].status == "CANCELING"


def test_one_object_can_be_entered_again_inside_itself(client, botocore_unchanged):
    fake = fake_rds_export("nightly")
    with fake:
        cancel(client)
        with fake as inner:
            assert inner.calls == []
            assert described(client)["Status"] == "IN_PROGRESS"
        with raises_exactly(client.exceptions.InvalidExportTaskStateFault, _TOO_LATE):
            cancel(client)


_TOO_LATE = (
    "An error occurred (InvalidExportTaskStateFault) when calling the CancelExportTask operation: You can't cancel an "
    "export task that has completed."
)


def test_a_decorated_function_runs_inside_and_keeps_its_name_and_arguments(client, botocore_unchanged):
    @fake_rds_export("nightly")
    def export(identifier, *, times=1):
        """Cancel an export."""
        return [cancel(client, identifier)["Status"]] * times

    assert export("nightly", times=2) == ["CANCELING", "CANCELING"]
    assert (export.__name__, export.__doc__) == ("export", "Cancel an export.")
    assert list(inspect.signature(export).parameters) == ["identifier", "times"]


def test_each_call_of_a_decorated_function_starts_anew(client):
    @fake_rds_export("nightly")
    def export():
        return cancel(client)["Status"]

    assert [export(), export()] == ["CANCELING", "CANCELING"]


def test_a_decorated_function_may_call_itself(client, botocore_unchanged):
    @fake_rds_export("nightly")
    def export(depth):
        return [cancel(client)["Status"], *(export(depth - 1) if depth else [])]

    assert export(2) == ["CANCELING"] * 3


def test_a_decorated_coroutine_function_runs_inside_to_its_end(client, botocore_unchanged):
    @fake_rds_export("nightly")
    async def export(identifier):
        await asyncio.sleep(0)
        return cancel(client, identifier)["Status"]

    assert inspect.iscoroutinefunction(export)
    assert asyncio.run(export("nightly")) == "CANCELING"


def test_a_decorated_coroutine_that_was_never_awaited_leaves_nothing(botocore_unchanged):
    @fake_rds_export("nightly")
    async def export(): ...

    export().close()


def test_decorated_coroutines_may_overlap(client, botocore_unchanged):
    """They are entered as 0, 1, 2 and end as 2, 0, 1; the one entered last of those still running answers."""
    before = dict(os.environ)
    entered = [asyncio.Event() for _ in range(3)]

    @fake_rds_export("nightly")
    async def export(number):
        if number == 1:
            cancel(client)
        entered[number].set()
        await entered[(number + 1) % 3].wait()
        return described(client)["Status"], os.environ["AWS_ACCESS_KEY_ID"]

    async def main():
        return await asyncio.gather(*map(export, range(3)))

    assert asyncio.run(main()) == [("CANCELING", "testing"), ("CANCELING", "testing"), ("IN_PROGRESS", "testing")]
    assert dict(os.environ) == before


def test_an_error_of_a_decorated_coroutine_is_raised_and_nothing_left(botocore_unchanged):
    @fake_rds_export("nightly")
    async def export():
        raise LookupError("mine")

    with raises_exactly(LookupError, "mine"):
        asyncio.run(export())


UNMET = (
    "ExportTaskNotFound was injected into CancelExportTask, but no send met it; have the code under test "
    "call CancelExportTask, inject it operation= another operation, or allow it with assert_all_injected=False"
)
UNANSWERED = (
    "DescribeDBInstances was called in us-east-1 and nobody answered; stub it, put moto beside, or allow it with "
    "assert_all_answered=False or unanswered.clear()"
)


def test_a_failure_that_no_send_met_is_told_at_the_exit(botocore_unchanged):
    with raises_exactly(AssertionError, UNMET), fake_rds_export() as tasks:
        tasks.inject("ExportTaskNotFound")


def test_an_operation_that_nobody_answered_is_told_at_the_end_of_a_coroutine(client, botocore_unchanged):
    @fake_rds_export()
    async def export():
        with suppress(Exception):
            client.describe_db_instances()

    with raises_exactly(AssertionError, UNANSWERED):
        asyncio.run(export())


def test_an_error_of_the_block_is_not_hidden_by_what_was_left_over(botocore_unchanged):
    def use():
        with fake_rds_export() as tasks:
            tasks.inject("ExportTaskNotFound")
            raise LookupError("mine")

    with raises_exactly(LookupError, "mine"):
        use()


def test_what_is_left_over_can_be_allowed(client):
    with fake_rds_export(assert_all_injected=False, assert_all_answered=False) as tasks, suppress(AssertionError):
        tasks.inject("ExportTaskNotFound")
        client.describe_db_instances()


_UNKNOWN = (
    "unknown option 'regin'; known: region, account_id, describe_unknown, concurrent_limit, page_size, timeline, "
    "assert_all_injected, assert_all_answered"
)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        (
            {"regin": "eu-west-1"},
            TypeError,
            _UNKNOWN,
        ),
        ({"region": "EU"}, ValueError, "a region has a name such as 'eu-west-1', got 'EU'"),
        ({"account_id": 123456789012}, ValueError, "account_id is a text of 12 digits, got 123456789012"),
        ({"describe_unknown": "none"}, ValueError, "describe_unknown is 'error' or 'empty', got 'none'"),
        ({"concurrent_limit": 0}, ValueError, "concurrent_limit is a whole number of at least 1, got 0"),
        ({"page_size": 101}, ValueError, "page_size is a whole number from 1 to 100, got 101"),
        ({"page_size": True}, ValueError, "page_size is a whole number from 1 to 100, got True"),
        ({"timeline": 5}, ValueError, "timeline is a Timeline, Polls or Stuck, got 5"),
        ({"assert_all_injected": 1}, ValueError, "assert_all_injected is True or False, got 1"),
        ({"assert_all_answered": None}, ValueError, "assert_all_answered is True or False, got None"),
    ],
)
def test_a_wrong_option_is_refused_when_it_is_given(options, error, text):
    with raises_exactly(error, text):
        fake_rds_export(**options)


def test_a_wrong_seed_is_refused_at_the_entry_and_nothing_is_left(botocore_unchanged):
    before = dict(os.environ)
    fake = fake_rds_export("nightly", "nightly")

    with pytest.raises(ValueError, match=r"^export task 'nightly' is already in us-east-1; "):
        fake.__enter__()
    assert dict(os.environ) == before


def test_it_shows_itself_in_one_line():
    fake = fake_rds_export("nightly", "done")
    with fake:
        assert repr(fake) == "<fake_rds_export of 2 seeds, in use>"
