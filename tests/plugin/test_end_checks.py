"""What the checks at the end of a test say about unused injected failures and operations without a handler."""

import pytest

from helpers.reports import problem, try_call, try_cancel
from pytest_rds_export import Failure, Stuck, fake_rds_export

UNUSED = """\
AccessDenied was injected into CancelExportTask and never used. The test called nothing. Do one of these:
  - call CancelExportTask in the test
  - allow it: assert_all_injected=False"""
UNHANDLED = """\
no handler for DescribeDBInstances, called 1 time in us-east-1. Do one of these:
  - seed a database: rds_export_tasks.seed_database('orders')
  - give it a response: rds_export_tasks.stub('DescribeDBInstances', {...})
  - use moto alongside: @mock_aws
  - register a handler for before-send.rds.DescribeDBInstances
  - allow it: assert_all_handled=False, or unhandled.clear()"""
PARAMETERS = ("ExportTaskIdentifier", "SourceArn", "S3BucketName", "IamRoleArn", "KmsKeyId")


def test_nothing_called(tasks):
    """An unused failure is named, with what to do."""
    tasks.inject("AccessDenied")

    assert problem() == UNUSED


def test_other_tasks_named(tasks):
    """For a failure of one export task, the calls are listed with the tasks that they named."""
    tasks.inject("Throttling", identifier="nightly")
    try_cancel("weekly")
    try_cancel("weekly")

    assert problem() == (
        "Throttling was injected into CancelExportTask of 'nightly' and never used. The test called CancelExportTask "
        "of 'weekly' x2. Do one of these:\n"
        "  - call CancelExportTask of 'nightly' in the test\n"
        "  - allow it: assert_all_injected=False"
    )


@pytest.mark.parametrize(
    ("failure", "name", "fits"),
    [
        ("InvalidExportTaskStateFault", "InvalidExportTaskStateFault", None),
        ("ExportTaskNotFound", "ExportTaskNotFound", "DescribeExportTasks"),
        ("AccessDenied", "AccessDenied", "StartExportTask"),
        (Failure("SomethingNew"), "SomethingNew", None),
        (OSError("broken"), "OSError('broken')", "StartExportTask"),
    ],
    ids=["own failure", "shared failure", "common failure", "new failure", "exception"],
)
def test_other_operations_called(tasks, failure, name, fits):
    """What was called instead is named; the first of it that can fail so is advised."""
    tasks.inject(failure)
    try_call("start_export_task", **dict.fromkeys(PARAMETERS, "x"))
    try_call("describe_export_tasks")
    try_call("describe_export_tasks")

    other = (
        f"  - fail what is called: inject(..., operation='{fits}')\n"
        f"  - for the fixture rds_export_failure: @pytest.mark.rds_export_failure('{fits}')\n"
    )
    assert problem() == (
        f"{name} was injected into CancelExportTask and never used. The test called StartExportTask, "
        "DescribeExportTasks x2. Do one of these:\n"
        "  - call CancelExportTask in the test\n"
        f"{other if fits else ''}"
        "  - allow it: assert_all_injected=False"
    )


@pytest.mark.parametrize("calls", [1, 2])
def test_still_waiting_for_its_attempts(tasks, calls):
    """Of a failure with after=, it is said how many attempts have passed."""
    tasks.inject("AccessDenied", operation="DescribeExportTasks", after=2)
    for _ in range(calls):
        try_call("describe_export_tasks")

    assert problem() == (
        f"AccessDenied was injected into DescribeExportTasks and never used: {calls} of 2 attempts passed before it. "
        f"The test called DescribeExportTasks{' x2' if calls == 2 else ''}. Do one of these:\n"
        "  - call DescribeExportTasks more often in the test, or lower after=\n"
        "  - allow it: assert_all_injected=False"
    )


def test_used_once(tasks):
    """One attempt makes a failure used."""
    tasks.inject("AccessDenied", times=5)
    try_cancel()

    assert problem() == ""


def test_removed_before_its_use(tasks):
    """A failure that was removed before any attempt is unused."""
    with tasks.inject("AccessDenied"):
        pass

    assert problem() == UNUSED


def test_unhandled(tasks):
    """Unhandled operations are named by region, with what to do."""
    try_call("describe_db_instances")
    try_call("describe_certificates", "eu-west-1")
    try_call("describe_certificates", "eu-west-1")

    assert problem() == (
        f"{UNHANDLED}\n"
        "no handler for DescribeCertificates, called 2 times in eu-west-1. Do one of these:\n"
        "  - give it a response: rds_export_tasks.stub('DescribeCertificates', {...})\n"
        "  - use moto alongside: @mock_aws\n"
        "  - register a handler for before-send.rds.DescribeCertificates\n"
        "  - allow it: assert_all_handled=False, or unhandled.clear()"
    )


def test_cleared_unhandled(tasks):
    """Clearing the list allows the calls so far."""
    try_call("describe_db_instances")
    assert [call.operation for call in tasks.unhandled] == ["DescribeDBInstances"]
    tasks.unhandled.clear()

    assert problem() == ""


def test_undelivered(tasks):
    """What a receiver raised is named with the event and its place, once for what is alike and follows each other."""

    def handler(event, context):
        return event["Records"]

    def interrupted(event, context):
        raise KeyboardInterrupt

    tasks.deliver_events(lambda event, context: None)
    tasks.deliver_events(handler, times=3)
    for name in ("a", "b"):
        tasks.seed(name).move_to("COMPLETE")
    tasks.deliver_events(interrupted)
    with pytest.raises(KeyboardInterrupt):
        tasks.seed("c", timeline=Stuck()).move_to("FAILED")

    found, _, swallowed = problem().rpartition("\ninterrupted raised KeyboardInterrupt()")
    assert swallowed.startswith(" at test_end_checks.py:")
    assert found == (
        f"handler raised KeyError('Records') at test_end_checks.py:{handler.__code__.co_firstlineno + 1}, "
        f"when it received {tasks.events[0]!r} and 8 more times. Do one of these:\n"
        "  - deliver only what it expects: deliver_events(..., pattern={...})\n"
        "  - see its traceback: raise rds_export_tasks.deliveries[1].error\n"
        "  - allow it: assert_all_delivered=False, or deliveries.clear()"
    )
    tasks.deliveries.clear()

    assert problem() == ""


@pytest.mark.parametrize("option", ["assert_all_injected", "assert_all_handled", "assert_all_delivered"])
def test_disabled(option):
    """Each check has an option that switches it off."""
    options = ("assert_all_injected", "assert_all_handled", "assert_all_delivered")
    with fake_rds_export(**{option: False}) as tasks:
        tasks.inject("AccessDenied", operation="StartExportTask")
        try_call("describe_db_instances")
        tasks.deliver_events(lambda event, context: event["Records"])
        tasks.seed("nightly").move_to("COMPLETE")
        found = problem()
        vars(tasks.options).update(dict.fromkeys(options, False))

    expected = zip(("never used", "no handler", "raised KeyError"), options, strict=True)
    assert {name for text, name in expected if text not in found} == {option}
