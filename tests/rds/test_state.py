"""Whatever is done to an account, in whatever order, it follows the rules of Amazon RDS."""

import copy
import itertools
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier

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
    precondition,
    rule,
    run_state_machine_as_test,
)

from helpers.account_rules import PAGE_SIZE, ExpectedAccount, ExpectedInjection
from helpers.aws import ACCOUNT, STATUSES
from helpers.clients import shared_client
from helpers.errors import raises_exactly
from helpers.exported import MemoryS3
from helpers.rules import ANY, DEFAULT_TIMELINE, ENDS, MOVES, ExpectedSource, ExpectedTask, ExpectedTimeline
from pytest_rds_export import Failure, Polls, Stuck, Timeline, fake_rds_export

DEFAULT_REGION, OTHER_REGION = REGIONS = ("us-east-1", "eu-west-1")
SOURCES = ("snapshot:orders", "cluster-snapshot:orders", "cluster:orders")
HINTS = {
    "STARTING": "It can become 'IN_PROGRESS', 'CANCELING', 'CANCELED', 'COMPLETE' or 'FAILED'",
    "IN_PROGRESS": "It can become 'CANCELING', 'CANCELED', 'COMPLETE' or 'FAILED'",
    "CANCELING": "It can become 'CANCELED', 'COMPLETE' or 'FAILED'",
    "CANCELED": "It has ended",
    "COMPLETE": "It has ended",
    "FAILED": "It has ended",
}
LOST_RACE = "InvalidExportTaskStateFault"

identifiers = st.sampled_from([f"task-{number}" for number in range(8)])
regions = st.sampled_from(REGIONS)
sources = st.sampled_from(SOURCES)
statuses = st.sampled_from(STATUSES)

ends = {"outcome": st.sampled_from(ENDS), "cancel_outcome": st.sampled_from(ENDS)}
lengths = st.sampled_from([0, 1, 60_000]) | st.integers(0, 900_000)
counts = st.integers(0, 3)
timelines = st.one_of(
    st.just(DEFAULT_TIMELINE),
    st.builds(ExpectedTimeline, st.just("clock"), lengths, lengths, lengths, **ends),
    st.builds(ExpectedTimeline, st.just("polls"), counts, counts, counts, **ends),
    st.just(ExpectedTimeline("never")),
)
times_passing = st.one_of(
    st.timedeltas(timedelta(0), timedelta(minutes=12)),
    st.timedeltas(timedelta(0), timedelta(hours=2)),
    st.timedeltas(timedelta(0), timedelta(days=15)),
).map(lambda length: length - timedelta(microseconds=length.microseconds % 1000))


def calls_to(operation, **parameters):
    """Draw a call: the operation and its parameters; those that are None are left out."""
    return st.fixed_dictionaries(parameters).map(
        lambda drawn: (operation, {name: value for name, value in drawn.items() if value is not None})
    )


starts = calls_to(
    "StartExportTask",
    ExportTaskIdentifier=identifiers,
    SourceArn=sources,
    S3BucketName=st.sampled_from(["exports", "exports", "exports", "missing"]),
    S3Prefix=st.sampled_from([None, "rds", "rds/"]),
    IamRoleArn=st.just("rds-export"),
    KmsKeyId=st.just("1234abcd"),
)
cancels = calls_to("CancelExportTask", ExportTaskIdentifier=identifiers)
descriptions = calls_to("DescribeExportTasks", ExportTaskIdentifier=identifiers)
status_filters = st.sets(statuses, min_size=1).map(
    lambda values: [{"Name": "status", "Values": sorted(value.lower() for value in values)}]
)
lists = calls_to("DescribeExportTasks", SourceArn=st.none() | sources, Filters=st.none() | status_filters)
minutes = st.sampled_from([None, -15 * 24 * 60, -60, -10, 0, 10])
event_lists = calls_to(
    "DescribeEvents",
    SourceType=st.sampled_from([None, "db-snapshot", "db-cluster-snapshot", "db-cluster"]),
    SourceIdentifier=st.sampled_from([None, None, None, "orders"]),
    StartTime=minutes,
    EndTime=minutes,
    Duration=st.sampled_from([None, 5, 600, 20 * 24 * 60]),
)


def to_timeline(expected):
    """Return the timeline of the package that a rule describes."""
    ends = {"outcome": expected.outcome, "cancel_outcome": expected.cancel_outcome}
    phases = [expected.starting, expected.in_progress, expected.canceling]
    names = ("starting", "in_progress", "canceling")
    if expected.by == "clock":
        return Timeline(**dict(zip(names, (timedelta(milliseconds=phase) for phase in phases), strict=True)), **ends)
    return Polls(**dict(zip(names, phases, strict=True)), **ends) if expected.by == "polls" else Stuck()


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
                assert difference(expected, response) is None
                marker, start = response.get("Marker"), expected.marker if all_pages else None
            if expected.codes:
                return
            parameters = {**parameters, "Marker": marker}
        assert records == sorted(records, key=lambda event: event["Date"])
        assert sorted(records, key=str) == sorted(expected_records, key=str)

    @rule(region=regions, call=starts)
    def start(self, region, call):
        """Call StartExportTask."""
        self.respond(region, call)

    @rule(region=regions, call=cancels)
    def cancel(self, region, call):
        """Call CancelExportTask."""
        self.respond(region, call)

    @rule(region=regions, call=descriptions)
    def describe_one(self, region, call):
        """Call DescribeExportTasks with an identifier."""
        self.respond(region, call)

    @rule(region=regions, call=lists, all_pages=st.booleans())
    def describe_all(self, region, call, all_pages):
        """Call DescribeExportTasks for all tasks or some of them: one page, or page by page."""
        self.respond(region, call, all_pages=all_pages)

    @rule(region=regions, call=event_lists)
    def describe_events(self, region, call):
        """Call DescribeEvents, page by page."""
        self.respond(region, call)

    @rule(calls=st.lists(st.tuples(regions, starts | cancels | descriptions | lists), min_size=2, max_size=3))
    def call_at_once(self, calls):
        """Call from several threads at once: the responses and the account are as if one had come after the other."""
        requests = [(region, call[0], self.in_region(region, call)) for region, call in calls]
        barrier = Barrier(len(requests))

        def send(request):
            barrier.wait()
            return self.send(*request)

        with threads_that_switch_often(), ThreadPoolExecutor(len(requests)) as pool:
            responses = list(pool.map(send, requests))
        state, differences = self.state(), []
        for order in itertools.permutations(range(len(requests))):
            expected = copy.deepcopy(self.expected)
            found = [difference(expected.respond(*requests[i], self.now), responses[i]) for i in order]
            found.append(None if self.state(expected) == state else f"{self.state(expected)} is not {state}")
            if not any(found):
                break
            differences.append((order, found))
        assert not any(found), differences
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

    @precondition(lambda self: any(self.expected.tasks.values()))
    @rule(status=statuses, data=st.data())
    def move(self, status, data):
        """Move a task to a status, or be refused because it cannot."""
        found = [(region, identifier) for region in REGIONS for identifier in sorted(self.expected.tasks[region])]
        region, identifier = data.draw(st.sampled_from(found))
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

    @precondition(lambda self: self.live_sources)
    @rule(status=st.sampled_from(["available", "deleting"]), data=st.data())
    def move_source(self, status, data):
        """Move a source to a status."""
        arn = data.draw(st.sampled_from(sorted(self.live_sources)))
        self.live_sources[arn].move_to(status)
        self.expected.sources[arn.split(":")[3]][arn].move(status)

    @precondition(lambda self: sum(waiting.waits for waiting in self.expected.injections) < 3)
    @rule(
        operation=st.sampled_from(["StartExportTask", "CancelExportTask", "DescribeExportTasks", "DescribeEvents"]),
        region=regions,
        identifier=st.none() | identifiers,
        times=st.sampled_from([1, 2, None]),
        after=st.integers(0, 2),
        applied=st.booleans(),
        late=st.booleans(),
    )
    def inject(self, operation, region, identifier, times, after, applied, late):
        """Inject a failure, of a cancel also one that comes too late; or be refused because it would not be used."""
        code = LOST_RACE if late and operation == "CancelExportTask" else "AccessDenied"
        text = f"failure {len(self.injections)}"
        injection = ExpectedInjection(operation, identifier, code, text, times, after, applied)
        options = {"operation": operation, "identifier": identifier, "times": times, "after": after}
        failure = Failure(code, http_status=403, message=text)
        if any(earlier.hides(injection) for earlier in self.expected.injections):
            try:
                self.registries[region].inject(failure, applied=applied, **options)
            except ValueError as error:
                assert "would never be used" in str(error)
            else:
                raise AssertionError(f"{injection} is never used")
        else:
            self.injections.append(self.registries[region].inject(failure, applied=applied, **options))
            self.expected.injections.append(injection)

    @precondition(lambda self: any(waiting.waits for waiting in self.expected.injections))
    @rule(data=st.data())
    def end_injection(self, data):
        """End an injection, as a context manager does at its exit."""
        waiting = [number for number, injection in enumerate(self.expected.injections) if injection.waits]
        number = data.draw(st.sampled_from(waiting))
        self.injections[number].__exit__(None, None, None)
        self.expected.injections[number].left = 0

    @rule(count=st.integers(1, 3))
    def write_files(self, count):
        """Write the files from now on, and those of the exports that are there, to an empty S3."""
        self.expected.tables = [f"shop.table_{number}" for number in range(count)]
        self.s3 = MemoryS3(*(f"exports-{region}" for region in REGIONS))
        self.registries[OTHER_REGION].write_files(self.s3, tables=self.expected.tables)

    @rule(length=times_passing)
    def let_time_pass(self, length):
        """Move the clock. The files are then up to date, whoever reads the tasks."""
        self.clock.tick(length)
        self.expected.settle(self.now)
        self.check_files()

    @rule(length=times_passing)
    def move_back(self, length):
        """Move the clock back, which undoes nothing that has been seen."""
        self.read()
        self.clock.tick(-length)

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
        """Return what the registries show of each region, or should show."""
        if expected is not None:
            return {region: expected.state(region) for region in REGIONS}
        return {region: self.registry_state(region) for region in REGIONS}

    def registry_state(self, region):
        """Return what a registry shows."""
        registry = self.registries[region]
        events = registry.events
        assert events == sorted(events, key=lambda event: event.date)
        assert all(event.task is registry[event.task.identifier] for event in events)
        return {
            "tasks": [(name, task.status, task.percent_progress) for name, task in registry.items()],
            "events": sorted((event.date, event.event_id, event.source_arn) for event in events),
            "sources": {
                arn: (source.status, getattr(source, "percent_progress", None))
                for arn, source in self.live_sources.items()
                if source.region == region
            },
        }

    @invariant()
    def each_call_is_recorded(self):
        """The calls are recorded in their order."""
        type(self).steps += 1
        if hasattr(self, "fake"):
            calls = self.registries[DEFAULT_REGION].calls
            assert len(calls) == len(self.called)
            assert [(call.operation, call.region) for call in calls[-3:]] == self.called[-3:]


def difference(expected, response):
    """Return how a response differs from what is expected; None if it does not."""
    if expected.codes:
        code, message = response.get("Code"), response.get("Message")
        is_expected = code in expected.codes and expected.message in {None, message}
        return None if is_expected else f"{response} is not {expected}"
    records = response.get("ExportTasks", [response])
    if len(records) != len(expected.records) or ("Marker" in response) != (expected.marker is not None):
        return f"{response} is not {expected}"
    for record, fields in zip(records, expected.records, strict=True):
        if set(record) != set(fields) or any(record[name] != fields[name] for name in fields if fields[name] is not ANY):
            return f"{record} is not {fields}"
    return None


@pytest.fixture
def clock(monkeypatch, request):
    """The frozen clock, which Hypothesis does not use for its own time limits."""
    monkeypatch.setattr(freezegun.config.settings, "default_ignore_list", [*DEFAULT_IGNORE_LIST, "hypothesis"])
    return request.getfixturevalue("rds_export_clock")


def test_account_follows_the_rules(monkeypatch, clock):
    """After any sequence of operations, the account is as the rules of Amazon RDS say."""
    monkeypatch.setattr(Account, "clock", clock)
    run_state_machine_as_test(Account)
