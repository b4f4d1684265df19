"""``sweep`` and ``rds_export_sweep``: which attempts there are, and what each of them is for the program."""

import asyncio
import time
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from functools import partial

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from helpers.calls import cancel, described, start
from helpers.clients import shared_client
from helpers.errors import raises_exactly
from helpers.threads import at_once
from pytest_rds_export import ExportTask, Failure, Polls, failures, sweep
from pytest_rds_export.exceptions import SleepLimitExceeded, UnhandledOperation


def cancel_nightly(attempts=2):
    """Describe and cancel the export, with so many attempts of each call."""
    client = boto3.client("rds", config=Config(retries={"mode": "standard", "total_max_attempts": attempts}))
    described(client)
    cancel(client)


def attempts_of(found, scenario=cancel_nightly):
    """Run a scenario in each attempt, and return the attempts."""
    attempts = []
    for attempt in found:
        with attempt:
            scenario()
        attempts.append(attempt)
    return attempts


def named(attempts):
    """What fails in each attempt, and with what."""
    return [repr(attempt).partition(": ")[2].rstrip(">") for attempt in attempts[1:]]


def outcome(attempt, operation):
    """How often botocore tried the first call of an operation, and how the last attempt ended."""
    call = attempt.tasks.calls_to(operation)[0]
    return call.attempts, call.error_code


def test_each_call_with_each_failure():
    """The first run has no failure; then each call fails with each failure that it can have."""
    attempts = attempts_of(
        sweep("Throttling", "InvalidExportTaskStateFault", "lost response", seeds=["nightly"], raises=ClientError)
    )

    assert named(attempts) == [
        "Throttling into DescribeExportTasks of 'nightly', call 1",
        "lost response into DescribeExportTasks of 'nightly', call 1",
        "Throttling into CancelExportTask of 'nightly', call 2",
        "InvalidExportTaskStateFault into CancelExportTask of 'nightly', call 2",
        "lost response into CancelExportTask of 'nightly', call 2",
    ]
    first, throttled, described_again, *_, lost = attempts
    assert (first.number, first.count, first.call, first.failure, first.raised) == (0, None, None, None, None)
    assert (throttled.number, throttled.count, throttled.call.operation) == (1, 5, "DescribeExportTasks")
    assert throttled.failure.name == "Throttling"
    assert outcome(throttled, "DescribeExportTasks") == (2, "Throttling")
    assert throttled.tasks.calls_to("CancelExportTask") == []
    assert outcome(described_again, "DescribeExportTasks") == (2, None)
    assert (lost.failure.name, outcome(lost, "CancelExportTask")) == (
        "ReadTimeoutError",
        (2, "InvalidExportTaskStateFault"),
    )
    assert lost.tasks["nightly"].status == "CANCELING"


def test_all_failures():
    """By default each call fails with all that its operation can have, and with a lost and a late response."""
    attempts = attempts_of(sweep(seeds=["nightly"], raises=Exception))

    for operation in ("DescribeExportTasks", "CancelExportTask"):
        found = [attempt for attempt in attempts[1:] if attempt.call.operation == operation]
        names = [failure.name for failure in failures(operation)]
        assert [attempt.failure and attempt.failure.name for attempt in found] == [*names, "ReadTimeoutError", None]


def test_kinds_and_values():
    """Failures are named, of a kind, values of the user, exceptions and delays; one that is named twice counts once.

    Only the calls of the named operations fail.
    """
    broken = RuntimeError("broken")
    mine = Failure("Mine", "CancelExportTask", http_status=409)
    given = ["documented", "ExportTaskNotFound", mine, broken, 5, timedelta(minutes=3)]
    found = sweep(*given, seeds=["nightly"], operation=["CancelExportTask", "DescribeEvents"])

    assert named(attempts_of(found, lambda: cancel_nightly(attempts=1))) == [
        f"{what} into CancelExportTask of 'nightly', call 2"
        for what in (
            "ExportTaskNotFound",
            "InvalidExportTaskStateFault",
            "Mine",
            "RuntimeError('broken')",
            "a response 0:00:05 late",
            "a response 0:03:00 late",
        )
    ]


LINES = {
    "Throttling": "'Throttling', operation='CancelExportTask', calls=1",
    "TruncatedResponse": "'TruncatedResponse', operation='CancelExportTask', calls=1, applied=True",
    "lost response": "'ReadTimeoutError', operation='CancelExportTask', times=1, applied=True",
    "late response": "operation='CancelExportTask', times=1, delay=600",
    Failure("Mine", http_status=409): (
        "Failure('Mine', http_status=409, message=''), operation='CancelExportTask', calls=1"
    ),
    Failure("SSLError", kind="transport", message="no"): (
        "Failure('SSLError', kind='transport', http_status=None, message='no'), operation='CancelExportTask', calls=1"
    ),
}


@pytest.mark.parametrize(("failure", "line"), LINES.items(), ids=str)
def test_line_that_repeats_an_attempt(rds_export_tasks, failure, line):
    """The line of an attempt, as it stands, does the same in a test of its own."""
    first, attempt = attempts_of(sweep(failure, operation="CancelExportTask", seeds=["nightly"], raises=Exception))

    assert first.inject_line == ""
    assert attempt.inject_line == f"rds_export_tasks.inject({line})"
    rds_export_tasks.seed("nightly")
    exec(attempt.inject_line, {"rds_export_tasks": rds_export_tasks, "Failure": Failure})
    with pytest.raises(type(attempt.raised)) if attempt.raised else nullcontext():
        cancel_nightly()
    assert [repr(call).partition(", delays")[0] for call in rds_export_tasks.calls] == [
        repr(call).partition(", delays")[0] for call in attempt.tasks.calls
    ]
    assert rds_export_tasks["nightly"].status == attempt.tasks["nightly"].status


def test_position_of_a_call():
    """Calls are counted with their attempts, and by export task if there are several."""

    def cancel_all():
        for identifier in ("daily", "nightly", "nightly"):
            described(shared_client(), identifier)
        shared_client().describe_export_tasks()

    attempts = attempts_of(sweep("AccessDenied", seeds=["daily", "nightly"]), cancel_all)

    assert [attempt.inject_line.partition("DescribeExportTasks'")[2] for attempt in attempts[1:]] == [
        ", identifier='daily', calls=1)",
        ", identifier='nightly', calls=1)",
        ", identifier='nightly', after=1, calls=1)",
        ", after=3, calls=1)",
    ]
    assert [len(attempt.tasks.calls) for attempt in attempts] == [4, 1, 2, 3, 4]


def test_position_behind_a_retried_call():
    """An attempt that botocore retried in the first run counts as well."""
    for attempt in sweep("AccessDenied", seeds=["nightly"]):
        with attempt as tasks:
            tasks.inject("Throttling", operation="DescribeExportTasks", times=1)
            described(shared_client())
            described(shared_client())
    assert attempt.inject_line.endswith(", after=2, calls=1)")
    assert [call.error_code for call in attempt.tasks.calls] == [None, "AccessDenied"]


def test_most():
    """So many attempts are picked: the same ones for the same seed, in their order."""

    def picked(**options):
        found = sweep("documented", "common", seeds=["nightly"], **options)
        return named(attempts_of(found, lambda: cancel(shared_client())))

    every = picked()
    some = picked(most=5, seed=7)
    assert some == picked(most=5, seed=7)
    assert some != picked(most=5, seed=8)
    assert some == [name for name in every if name in some]
    assert len(some) == 5
    assert picked(most=1000) == every


def test_fakes_of_their_own():
    """Each attempt has seeds and options of its own, and begins anew."""
    found = sweep(
        "AccessDenied", seeds=iter([ExportTask("nightly"), "weekly"]), region="eu-west-1", timeline=Polls(in_progress=1)
    )
    for attempt in found:
        assert list(attempt.tasks) == ["nightly", "weekly"]
        with attempt as tasks:
            assert tasks is attempt.tasks
            tasks.seed("daily")
            cancel_nightly()
        assert tasks.region == "eu-west-1"
    assert attempt.number == 2


@pytest.mark.rds_export_clock("2026-03-01T02:00Z", limit=timedelta(hours=3))
def test_clock(rds_export_clock, rds_export_sweep):
    """Each attempt begins at the same time, with what was scheduled then, and may sleep as long as the limit says."""
    began, called = [], []
    rds_export_clock.call_later(3600, called.append, "before the sweep")
    for attempt in rds_export_sweep("Throttling", "late response", operation="DescribeExportTasks"):
        began.append(rds_export_clock.now)
        with attempt as tasks:
            rds_export_clock.call_later(1800, called.append, attempt.number)
            tasks.seed("nightly")
            time.sleep(7200)
            described(boto3.client("rds"))

    assert began == [datetime(2026, 3, 1, 2, tzinfo=timezone.utc)] * 3
    assert called == [0, "before the sweep", 1, "before the sweep", 2, "before the sweep"]


@pytest.mark.rds_export_clock(limit=timedelta(hours=3))
def test_endless_poll(rds_export_clock):
    """Code that sleeps too long in an attempt is stopped as it would be in a test of its own."""

    def scenario():
        try:
            described(shared_client())
        except ClientError:
            time.sleep(7200)
        time.sleep(7200)

    with pytest.raises(SleepLimitExceeded, match="slept 1 time, "):
        attempts_of(sweep("AccessDenied", seeds=["nightly"]), scenario)


def test_running_by_the_clock(rds_export_clock):
    """An export that has ended by the clock is not running, whether a client has seen that or not."""
    for attempt in sweep("AccessDenied", seeds=["nightly"]):
        with attempt:
            time.sleep(3600)
            assert attempt.running == 0
            described(shared_client())


def test_late_response(rds_export_clock):
    """A late response moves the clock; a client that does not wait so long makes a second attempt, which is in time."""
    moved = []
    for attempt in sweep(30, "late response", seeds=["nightly"]):
        before = rds_export_clock.now
        with attempt:
            described(shared_client())
        moved.append(int((rds_export_clock.now - before).total_seconds()))
    assert moved[:2] == [0, 30]
    assert moved[2] in {60, 61}


def test_running():
    """Exports of all regions count that are STARTING or IN_PROGRESS: now, and after the block as at its end."""
    for attempt in sweep("Throttling", seeds=["done", "left"]):
        assert attempt.running == 2
        assert not attempt.ended
        with attempt as tasks:
            tasks["done"].move_to("COMPLETE")
            tasks.in_region("eu-west-1").seed("abroad", status="STARTING")
            assert attempt.running == 2
            cancel(shared_client(), "left")
        assert attempt.ended
        assert attempt.running == (2 if attempt.call else 1)
        tasks["left"].move_to("FAILED")
        assert attempt.running == (2 if attempt.call else 1)


def test_raised():
    """The failure itself may leave the block; the attempt has it."""
    broken = RuntimeError("x")
    attempts = attempts_of(
        sweep("AccessDenied", "ReadTimeoutError", "ProxyErrorPage", "TruncatedResponse", broken, seeds=["nightly"])
    )

    names = ["ClientError", "ReadTimeoutError", "ClientError", "ResponseParserError", "RuntimeError"]
    assert [type(attempt.raised).__name__ for attempt in attempts] == ["NoneType", *names, *names]


def run_into(error, *given, **options):
    """Run a program that turns its first failure into *error*."""

    def scenario():
        try:
            cancel_nightly(attempts=1)
        except Exception:  # noqa: BLE001 - whatever was injected
            raise error from None

    return attempts_of(sweep(*given, seeds=["nightly"], **options), scenario)


@pytest.mark.parametrize("what", ["AccessDenied", "SSLError", "lost response", 600, RuntimeError("x")])
def test_other_exception(what):
    """Any other exception leaves the block, also another error of a client."""
    for error in (LookupError("mine"), ClientError({"Error": {"Code": "Other"}}, "Any")):
        with pytest.raises(type(error)) as caught:
            run_into(error, what)
        assert caught.value is error


def test_raises():
    """With raises=, these may leave the block, and nothing else."""
    attempts = run_into(LookupError("mine"), "AccessDenied", 600, raises=(LookupError, OSError))
    assert [type(attempt.raised) for attempt in attempts[1:]] == [LookupError] * 4
    with pytest.raises(KeyError):
        run_into(KeyError("mine"), "AccessDenied", raises=OSError)
    with pytest.raises(ClientError, match="AccessDenied"):
        attempts_of(sweep("AccessDenied", seeds=["nightly"], raises=()))


def test_failure_in_the_first_run():
    """In the first run every exception leaves the block."""
    with pytest.raises(ClientError, match="ExportTaskNotFound"):
        attempts_of(sweep("ExportTaskNotFound", raises=Exception))


def test_threads():
    """Calls of several threads fail in each of them, whatever their order."""
    identifiers = ["daily", "nightly", "weekly"]

    outcomes = []

    def scenario():
        outcomes.append(at_once(*(partial(cancel, shared_client(), name) for name in identifiers)))

    attempts = attempts_of(sweep("AccessDenied", seeds=identifiers), scenario)
    assert sorted(outcome.index("AccessDenied") for outcome in outcomes[1:]) == [0, 1, 2]
    assert [attempt.running for attempt in attempts] == [0, 1, 1, 1]


def test_coroutines(rds_export_clock, rds_export_sweep):
    """A loop inside a coroutine function is the same."""

    async def main():
        running = []
        for attempt in rds_export_sweep("AccessDenied", timeline=Polls()):
            with attempt:
                start(shared_client())
                while described(shared_client())["Status"] != "COMPLETE":  # noqa: ASYNC110
                    await asyncio.sleep(60)
            running.append(attempt.running)
        return running

    running = asyncio.run(main())
    assert running[:2] == [0, 0]
    assert running[2:] == [1] * (len(running) - 2)
    assert len(running) > 3


def test_moto(moto):
    """The calls that moto handles fail, too; moto is the user's own, and begins anew in the loop."""

    def program():
        rds = boto3.client("rds", "us-east-1")
        rds.create_db_instance(DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres")
        rds.create_db_snapshot(DBSnapshotIdentifier="manual", DBInstanceIdentifier="orders")
        rds.delete_db_snapshot(DBSnapshotIdentifier="manual")

    left = []
    for attempt in sweep("AccessDenied", "lost response", operation="DeleteDBSnapshot", raises=ClientError):
        with moto.mock_aws():
            with attempt:
                program()
            snapshots = boto3.client("rds", "us-east-1").describe_db_snapshots()["DBSnapshots"]
            left.append("manual" in {snapshot["DBSnapshotIdentifier"] for snapshot in snapshots})
    assert left == [False, True, False]


def test_injected_by_the_scenario():
    """What the scenario injects itself is used first in the first run, and need not be used after a failure."""

    def scenario():
        attempt.tasks.inject("AccessDenied", operation="CancelExportTask")
        described(shared_client())
        with pytest.raises(ClientError, match="AccessDenied"):
            cancel(shared_client())

    for attempt in sweep("ExpiredToken", operation="DescribeExportTasks", seeds=["nightly"]):
        with attempt:
            scenario()
    for attempt in sweep("ExpiredToken"):
        attempt.tasks.inject("AccessDenied")
        with pytest.raises(AssertionError, match="was injected into CancelExportTask and never used"), attempt:
            pass
        break


def test_request_behind_the_block(botocore_unchanged):
    """A request between the attempts is refused before it is sent, whatever is caught; afterwards all is as before."""
    for attempt in sweep("AccessDenied", seeds=["nightly"], raises=Exception):
        with attempt:
            cancel_nightly()
        with pytest.raises(UnhandledOperation, match="no attempt of the sweep is under way"):
            cancel_nightly()
        break


def test_unhandled_operation():
    """An operation without a handler fails the attempt, even if the program catches its error."""

    def scenario():
        try:
            cancel_nightly()
        except ClientError:
            with pytest.raises(UnhandledOperation):
                shared_client().describe_db_engine_versions()

    with pytest.raises(AssertionError, match="no handler for DescribeDBEngineVersions, called 1 time in us-east-1"):
        attempts_of(sweep("AccessDenied", seeds=["nightly"]), scenario)


def test_calls_that_differ():
    """A program that does not make the recorded call again cannot be swept."""
    times = iter([3, 3, 1])

    def scenario():
        for _ in range(next(times)):
            described(shared_client())

    with pytest.raises(AssertionError) as caught:
        attempts_of(sweep("AccessDenied", seeds=["nightly"]), scenario)
    assert str(caught.value) == (
        "the calls of the scenario differ from run to run. Call 2 of the first run was DescribeExportTasks of "
        "'nightly'; this run called DescribeExportTasks of 'nightly'. Let each run begin alike: with fixed "
        "identifiers and random seeds, with rds_export_clock, and with everything outside the fake made inside the loop"
    )


def test_exception_before_the_call():
    """An exception is not allowed if the call that was to fail did not come."""
    codes = iter([None, "AccessDenied"])

    def scenario():
        code = next(codes)
        if code:
            raise ClientError({"Error": {"Code": code}}, "Any")
        cancel_nightly()

    with pytest.raises(ClientError):
        attempts_of(sweep("AccessDenied", seeds=["nightly"]), scenario)


@pytest.mark.parametrize(
    ("given", "options", "text"),
    [
        (
            ["DBSnapshotNotFound"],
            {"operation": "CancelExportTask"},
            "CancelExportTask cannot fail with 'DBSnapshotNotFound' (StartExportTask can)",
        ),
        (
            [Failure("Mine", "StartExportTask")],
            {},
            (
                "<Failure Mine (common of StartExportTask, HTTP 400): ''> cannot be used: the first run called "
                "DescribeExportTasks, CancelExportTask"
            ),
        ),
        (
            [],
            {"operation": "StartExportTask"},
            (
                "a sweep needs a call of StartExportTask that can fail, but the first run called DescribeExportTasks "
                "of 'nightly', CancelExportTask of 'nightly'"
            ),
        ),
    ],
)
def test_what_no_call_can_have(given, options, text):
    """After the first run, a failure that no call can have is refused."""
    with raises_exactly(ValueError, text):
        attempts_of(sweep(*given, seeds=["nightly"], **options))


def test_no_call():
    """A program that calls nothing cannot be swept."""
    with raises_exactly(ValueError, "a sweep needs a call that can fail, but the first run called nothing"):
        attempts_of(sweep(), lambda: None)


def test_attempt_that_is_used_twice():
    """An attempt has one block."""
    first = next(iter(sweep(seeds=["nightly"])))
    with first:
        cancel_nightly()

    message = "<Attempt without a failure, to record the calls> was used already. Put all that the program does into"
    with pytest.raises(RuntimeError, match=message), first:
        pytest.fail("it began")  # pragma: no cover


def test_attempt_that_is_not_used():
    """A loop without the block is refused."""
    first = "<Attempt without a failure, to record the calls>"
    text = f"{first} was not used. Write 'with attempt as tasks:' around the program in the loop"
    with raises_exactly(RuntimeError, text):
        list(sweep())


A_FAILURE = "the name of a failure or of a kind, a Failure, an exception, or the delay of a late response"
THROTTLING = "unknown failure 'Throtling'. Did you mean 'Throttling' or 'ThrottlingException'?"
MOST = "most must be an int of at least 1, or None for every attempt, got 0"
RAISES = "raises must be an exception class, or a tuple of them, got"


@pytest.mark.parametrize(
    ("given", "options", "error", "text"),
    [
        ([None], {}, ValueError, f"a failure must be {A_FAILURE}, got None"),
        ([True], {}, ValueError, f"a failure must be {A_FAILURE}, got bool True"),
        (["Throtling"], {}, ValueError, THROTTLING),
        (["lost"], {}, ValueError, "unknown failure 'lost'. Did you mean 'lost response'?"),
        ([-5], {}, ValueError, "a delay must be a timedelta or a number of seconds, from 0 to 100 years, got -5"),
        ([0], {}, ValueError, "a delay must be longer than 0, got 0"),
        ([], {"most": 0}, ValueError, MOST),
        ([], {"seed": "x"}, ValueError, "seed must be an int, got str 'x'"),
        ([], {"raises": LookupError("x")}, TypeError, f"{RAISES} LookupError LookupError('x')"),
        ([], {"raises": (KeyError, int)}, TypeError, f"{RAISES} the class int"),
        ([], {"operation": "Cancel"}, ValueError, None),
        ([], {"operation": []}, ValueError, "operation must be the API name of an operation, or several, got []"),
        ([], {"seeds": None}, TypeError, "items must be a list of seeds, got None"),
        ([], {"seeds": "nightly"}, TypeError, "seed_all takes a list of seeds, got one seed. Write ['nightly']"),
        ([], {"page_size": 0}, ValueError, "page_size must be an int from 1 to 100, got 0"),
        ([], {"operatoin": "x"}, TypeError, "unknown argument 'operatoin'. Did you mean 'operation'?"),
        ([], {"pagesize": 1}, TypeError, "unknown argument 'pagesize'. Did you mean 'page_size'?"),
    ],
)
def test_refused_at_once(given, options, error, text):
    """What is not allowed is refused before the first run."""
    with pytest.raises(error) as caught:
        sweep(*given, **options)
    assert text is None or str(caught.value) == text


def test_reprs():
    """Everything has a repr of one line."""
    found = sweep("Throttling", 30, seeds=["nightly"])
    first, attempt, *_ = attempts_of(found)

    assert repr(found) == "<sweep with Throttling, 0:00:30>"
    assert repr(first) == "<Attempt without a failure, to record the calls>"
    assert repr(attempt) == "<Attempt 1 of 4: Throttling into DescribeExportTasks of 'nightly', call 1>"
    assert first.describe() == "sweep: the first run, without a failure"


def test_along_with_the_registry(rds_export_tasks, rds_export_client, rds_export_sweep):
    """A registry of the test itself sees nothing of the attempts; its client belongs to them meanwhile."""
    rds_export_tasks.seed("nightly")
    for attempt in rds_export_sweep("AccessDenied", seeds=["nightly"]):
        with attempt:
            cancel(rds_export_client)
    assert rds_export_tasks.calls == []
    assert rds_export_tasks["nightly"].status == "IN_PROGRESS"


class TestFixture:
    """The fixture, and the seeds of a class."""

    @pytest.fixture
    def rds_export_seed(self):
        """Return two seeds."""
        return iter(["daily", "weekly"])

    @pytest.mark.rds_export_tasks("nightly", region="eu-west-1")
    def test_seeds_and_options(self, rds_export_sweep):
        """Each attempt has the seeds of the fixture, then those and the options of the markers; a call changes both."""
        for attempt in rds_export_sweep("AccessDenied"):
            with attempt as tasks:
                cancel_nightly()
                assert (list(tasks), tasks.region) == (["daily", "weekly", "nightly"], "eu-west-1")
        first, *_ = attempts_of(
            rds_export_sweep(seeds=["nightly", "monthly"], region="us-west-2", most=1, raises=Exception)
        )
        assert (list(first.tasks), first.tasks.region) == (["nightly", "monthly"], "us-west-2")


def test_failure_that_a_receiver_lets_pass(rds_export_clock):
    """The injected failure may also leave a receiver of events."""
    for attempt in sweep("AccessDenied", operation="DescribeEvents"):
        with attempt as tasks:
            tasks.deliver_events(lambda event, context: shared_client().describe_events())
            tasks.seed("nightly").move_to("COMPLETE")
        assert len(tasks.deliveries) == 1
