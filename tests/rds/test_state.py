"""Whatever is done to an account, in whatever order, it follows the rules of Amazon RDS."""

import copy
import itertools
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Event

import freezegun
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from freezegun.config import DEFAULT_IGNORE_LIST
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from helpers.account_rules import PAGE_SIZE, ExpectedAccount, ExpectedInjection
from helpers.aws import ACCOUNT
from helpers.clients import shared_client
from helpers.drawn import (
    OPERATIONS,
    REGIONS,
    calls_at_once,
    cancels,
    descriptions,
    event_lists,
    identifiers,
    lengths,
    lists,
    numbers,
    regions,
    sources,
    starts,
    statuses,
    timelines,
    times_passing,
)
from helpers.errors import raises_exactly
from helpers.exported import MemoryS3
from helpers.rules import MOVES, ExpectedSource, ExpectedTask
from pytest_rds_export import Failure, Polls, Stuck, Timeline, fake_rds_export

DEFAULT_REGION, OTHER_REGION = REGIONS
HINTS = {
    "STARTING": "It can become 'IN_PROGRESS', 'CANCELING', 'CANCELED', 'COMPLETE' or 'FAILED'",
    "IN_PROGRESS": "It can become 'CANCELING', 'CANCELED', 'COMPLETE' or 'FAILED'",
    "CANCELING": "It can become 'CANCELED', 'COMPLETE' or 'FAILED'",
    "CANCELED": "It has ended",
    "COMPLETE": "It has ended",
    "FAILED": "It has ended",
}
MOST_INJECTIONS = 5
LOST_RACE = "InvalidExportTaskStateFault"


def to_timeline(expected):
    """Return the timeline of the package that a rule describes."""
    ends = {"outcome": expected.outcome, "cancel_outcome": expected.cancel_outcome}
    phases = [expected.starting, expected.in_progress, expected.canceling]
    names = ("starting", "in_progress", "canceling")
    if expected.by == "clock":
        return Timeline(**dict(zip(names, (timedelta(milliseconds=phase) for phase in phases), strict=True)), **ends)
    return Polls(**dict(zip(names, phases, strict=True)), **ends) if expected.by == "polls" else Stuck()


def pick(items, number):
    """Return one of the items; None if there are none."""
    return list(items)[number % len(items)] if items else None


def arn_of(region, source):
    """Return the ARN of a source in a region."""
    return f"arn:aws:rds:{region}:{ACCOUNT}:{source}"


@contextmanager
def threads_that_switch_often():
    """Let the interpreter switch between threads as often as it can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


class Account(RuleBasedStateMachine):
    """An account with two regions, and what the rules expect of it."""

    clock = None
    steps = 0

    @initialize(
        limit=st.sampled_from([2, 5]),
        scope=st.sampled_from(["region", "account"]),
        unknown=st.sampled_from(["error", "empty"]),
        timeline=timelines,
        tables=st.none() | st.integers(1, 3),
    )
    def open(self, limit, scope, unknown, timeline, tables):
        """Enter the fake with its options."""
        self.clock.move_to("2026-01-01T00:00Z")
        self.fake = fake_rds_export(
            concurrent_limit=limit,
            concurrent_limit_scope=scope,
            describe_unknown=unknown,
            page_size=PAGE_SIZE,
            timeline=to_timeline(timeline),
            assert_all_injected=False,
        )
        default = self.fake.__enter__()
        self.registries = {region: default.in_region(region) for region in REGIONS}
        by_region = {region: {} for region in REGIONS}
        self.expected = ExpectedAccount(limit, scope, unknown, timeline, by_region, copy.deepcopy(by_region))
        self.called, self.injections, self.live_sources, self.s3 = [], [], {}, None
        if tables is not None:
            self.write_files(tables)

    def teardown(self):
        """Leave the fake."""
        if hasattr(self, "fake"):
            self.fake.__exit__(None, None, None)

    @property
    def now(self):
        """The time of the frozen clock."""
        return self.clock.now

    def in_region(self, region, call):
        """Return the parameters of a drawn call in a region, at this time."""
        parameters = dict(call[1])
        if isinstance(number := parameters.get("ExportTaskIdentifier"), int):
            parameters["ExportTaskIdentifier"] = pick(self.expected.tasks[region], number) or "task-0"
        if "SourceArn" in parameters:
            parameters["SourceArn"] = arn_of(region, parameters["SourceArn"])
        if "S3BucketName" in parameters and (self.s3 is None or parameters["S3BucketName"] != "missing"):
            parameters["S3BucketName"] = f"exports-{region}"
        for name in ("StartTime", "EndTime"):
            if name in parameters:
                parameters[name] = self.now + timedelta(minutes=parameters[name])
        return parameters

    def send(self, region, operation, parameters):
        """Send a request; return the error, or the response without metadata."""
        try:
            response = getattr(shared_client(region), xform_name(operation))(**parameters)
        except ClientError as error:
            return error.response["Error"]
        del response["ResponseMetadata"]
        return response

    def respond(self, region, call, *, all_pages=False):
        """Send a request and check the response, and those of its further pages if they are wanted."""
        operation, parameters = call[0], self.in_region(region, call)
        start, expected_records, records = 0, [], []
        while start is not None:
            expected = self.expected.respond(region, operation, parameters, self.now, start=start)
            self.called.append((operation, region))
            response = self.send(region, operation, parameters)
            if operation == "DescribeEvents" and not expected.codes:
                marker, page = response.get("Marker"), response["Events"]
                assert len(page) == PAGE_SIZE if marker else len(page) <= PAGE_SIZE
                expected_records, start = expected.records, 0 if marker else None
                records += page
            else:
                assert expected.difference(response) is None
                marker, start = response.get("Marker"), expected.marker if all_pages else None
            if expected.codes:
                return
            parameters = {**parameters, "Marker": marker}
        assert records == sorted(records, key=lambda event: event["Date"])
        assert sorted(records, key=str) == sorted(expected_records, key=str)

    @rule(region=regions, call=starts())
    def start(self, region, call):
        """Call StartExportTask."""
        self.respond(region, call)

    @rule(region=regions, call=cancels())
    def cancel(self, region, call):
        """Call CancelExportTask."""
        self.respond(region, call)

    @rule(region=regions, call=descriptions())
    def describe_one(self, region, call):
        """Call DescribeExportTasks with an identifier."""
        self.respond(region, call)

    @rule(region=regions, call=lists(), all_pages=st.booleans())
    def describe_all(self, region, call, all_pages):
        """Call DescribeExportTasks for all tasks or some of them: one page, or page by page."""
        self.respond(region, call, all_pages=all_pages)

    @rule(region=regions, call=event_lists())
    def describe_events(self, region, call):
        """Call DescribeEvents, page by page."""
        self.respond(region, call)

    @rule(calls=calls_at_once())
    def call_at_once(self, calls):
        """Call from several threads while another one reads: the result is as if one call had come after the other."""
        requests = [(region, call[0], self.in_region(region, call)) for region, call in calls]
        barrier = Barrier(len(requests) + 1)
        done = Event()

        def send(request):
            barrier.wait()
            return self.send(*request)

        def read():
            barrier.wait()
            while not done.is_set():
                assert self.registries[DEFAULT_REGION].events is not None

        with threads_that_switch_often(), ThreadPoolExecutor(len(requests) + 1) as pool:
            reading = pool.submit(read)
            responses = list(pool.map(send, requests))
            done.set()
            reading.result()
        state, differences = self.state(), []
        for order in itertools.permutations(range(len(requests))):
            expected = copy.deepcopy(self.expected)
            found = [expected.respond(*requests[i], self.now).difference(responses[i]) for i in order]
            found += [
                f"{shown} is not {due}" for shown, due in zip(state, self.state(expected), strict=True) if shown != due
            ]
            if not any(found):
                break
            differences.append((order, found))
        assert not any(found), f"{requests} had {responses}, which no order explains: {differences}"
        self.expected = expected
        calls = self.registries[DEFAULT_REGION].calls[len(self.called) :]
        assert sorted((call.operation, call.region) for call in calls) == sorted((r[1], r[0]) for r in requests)
        self.called += [(call.operation, call.region) for call in calls]

    @rule(
        identifier=identifiers,
        region=regions,
        source=sources,
        status=statuses,
        percent=st.integers(0, 100),
        timeline=st.none() | timelines,
        default=st.booleans(),
    )
    def seed(self, identifier, region, source, status, percent, timeline, default):
        """Seed a task, also through the default registry, or be refused because its identifier is in use."""
        arn, bucket = arn_of(region, source), f"exports-{region}"
        fields = {} if status in {"STARTING", "COMPLETE"} else {"percent_progress": percent}
        tasks = self.expected.tasks[region]

        def seed():
            self.registries[DEFAULT_REGION if default else region].seed(
                identifier,
                status=status,
                source_arn=arn,
                s3_bucket=bucket,
                timeline=None if timeline is None else to_timeline(timeline),
                **fields,
            )

        if identifier in tasks:
            text = (
                f"export task '{identifier}' exists already in {region}. Seed each identifier once; "
                f"registry['{identifier}'] is the task"
            )
            with raises_exactly(ValueError, text):
                seed()
        else:
            seed()
            options = {"timeline": timeline or self.expected.timeline, "percent": fields.get("percent_progress", 0)}
            tasks[identifier] = ExpectedTask.seeded(identifier, arn, bucket, status, self.now, **options)
            self.expected.settle(self.now)

    @rule(region=regions, number=numbers, status=statuses)
    def move(self, region, number, status):
        """Move a task to a status, or be refused because it cannot."""
        identifier = pick(self.expected.tasks[region], number)
        if identifier is None:
            return
        live, task = self.registries[region][identifier], self.expected.tasks[region][identifier]
        if status in MOVES[task.status]:
            live.move_to(status)
            task.enter(status, self.now)
            self.expected.settle(self.now)
        else:
            text = f"export task '{identifier}' is {task.status} and cannot become {status}. {HINTS[task.status]}"
            with raises_exactly(ValueError, text):
                live.move_to(status)

    @rule(
        region=regions,
        source=sources,
        status=st.sampled_from(["available", "creating", "creating"]),
        after=st.none() | lengths,
        size=st.sampled_from([7, 100]),
    )
    def seed_source(self, region, source, status, after, size):
        """Seed a snapshot or cluster, or be refused because it exists already."""
        arn, after = arn_of(region, source), None if status == "available" else after
        length = None if after is None else timedelta(milliseconds=after)
        options = {"status": status, "available_after": length, "allocated_storage": size}
        if arn in self.expected.sources[region]:
            with raises_exactly(ValueError, f"'{arn}' exists already. Seed each source once"):
                self.registries[region].seed_snapshot(arn, **options)
        else:
            self.live_sources[arn] = self.registries[region].seed_snapshot(arn, **options)
            self.expected.sources[region][arn] = ExpectedSource(arn, status, self.now, after, size)
            self.expected.settle(self.now)

    @rule(number=numbers, status=st.sampled_from(["available", "deleting"]))
    def move_source(self, number, status):
        """Move a source to a status."""
        if arn := pick(self.live_sources, number):
            self.live_sources[arn].move_to(status)
            self.expected.sources[arn.split(":")[3]][arn].move(status)

    @rule(
        operation=st.sampled_from(OPERATIONS),
        region=regions,
        identifier=st.none() | identifiers,
        times=st.sampled_from([1, 2, None]),
        after=st.integers(0, 2),
        applied=st.booleans(),
        late=st.booleans(),
    )
    def inject(self, operation, region, identifier, times, after, applied, late):
        """Inject a failure, of a cancel also one that comes too late; or be refused because it would not be used."""
        if sum(waiting.waits for waiting in self.expected.injections) == MOST_INJECTIONS:
            return
        code = LOST_RACE if late and operation == "CancelExportTask" else "AccessDenied"
        text = f"failure {len(self.injections)}"
        injection = ExpectedInjection(operation, identifier, code, text, times, after, applied)
        options = {"operation": operation, "identifier": identifier, "times": times, "after": after}
        failure = Failure(code, http_status=403, message=text)
        if any(earlier.hides(injection) for earlier in self.expected.injections):
            with pytest.raises(ValueError, match="would never be used"):
                self.registries[region].inject(failure, applied=applied, **options)
        else:
            self.injections.append(self.registries[region].inject(failure, applied=applied, **options))
            self.expected.injections.append(injection)

    @rule(number=numbers)
    def end_injection(self, number):
        """End an injection, as a context manager does at its exit."""
        waiting = [position for position, injection in enumerate(self.expected.injections) if injection.waits]
        if waiting:
            position = pick(waiting, number)
            self.injections[position].__exit__(None, None, None)
            self.expected.injections[position].left = 0

    @rule(count=st.integers(1, 3))
    def write_files(self, count):
        """Write the files from now on, and those of the exports that are there, to an empty S3."""
        self.expected.tables = [f"shop.table_{number}" for number in range(count)]
        self.s3 = MemoryS3(*(f"exports-{region}" for region in REGIONS))
        self.registries[OTHER_REGION].write_files(self.s3, tables=self.expected.tables)

    @rule(length=times_passing)
    def move_clock(self, length):
        """Move the clock: the files are then up to date, whoever reads the tasks. Back, it undoes nothing seen."""
        if length < timedelta(0):
            self.read()
        self.clock.tick(length)
        self.expected.settle(self.now)
        self.check_files()

    @rule()
    def read(self):
        """Read everything."""
        assert self.state() == self.state(self.expected)
        self.check_files()

    def check_files(self):
        """Check that the files are those that the rules say, each written once and export_info last."""
        if self.s3 is not None:
            assert sorted(self.s3.keys) == self.expected.keys()
            for position, key in enumerate(self.s3.keys):
                if key.rpartition("/")[2].startswith("export_info_"):
                    folder = key.rpartition("/")[0]
                    assert not any(later.startswith(f"{folder}/") for later in self.s3.keys[position + 1 :])

    def state(self, expected=None):
        """Return what the registries show, or should show: for each region its tasks, events and sources."""
        states = [self.registry_state(region) if expected is None else expected.state(region) for region in REGIONS]
        return [part for state in states for part in state]

    def registry_state(self, region):
        """Return what a registry shows."""
        registry = self.registries[region]
        events = registry.events
        assert events == sorted(events, key=lambda event: event.date)
        assert all(event.task is registry[event.task.identifier] for event in events)
        sources = {arn: source for arn, source in self.live_sources.items() if source.region == region}
        return (
            [(name, task.status, task.percent_progress) for name, task in registry.items()],
            sorted((event.date, event.event_id, event.source_arn) for event in events),
            {arn: (source.status, getattr(source, "percent_progress", None)) for arn, source in sources.items()},
        )

    @invariant()
    def each_call_is_recorded(self):
        """The calls are recorded in their order."""
        type(self).steps += 1
        if hasattr(self, "fake"):
            calls = self.registries[DEFAULT_REGION].calls
            assert len(calls) == len(self.called)
            assert [(call.operation, call.region) for call in calls[-3:]] == self.called[-3:]


@pytest.fixture
def clock(monkeypatch, request):
    """The frozen clock, which Hypothesis does not use for its own time limits."""
    monkeypatch.setattr(freezegun.config.settings, "default_ignore_list", [*DEFAULT_IGNORE_LIST, "hypothesis"])
    return request.getfixturevalue("rds_export_clock")


def test_account_follows_the_rules(monkeypatch, clock):
    """After any sequence of operations, the account is as the rules of Amazon RDS say."""
    monkeypatch.setattr(Account, "clock", clock)
    run_state_machine_as_test(Account)
