"""Whatever is done to an account, in whatever order, it follows the rules of Amazon RDS."""

import copy
import functools
import itertools
from datetime import timedelta
from operator import itemgetter

import freezegun
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from freezegun.config import DEFAULT_IGNORE_LIST
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from helpers import drawn
from helpers.account_rules import PAGE_SIZE, ExpectedAccount, ExpectedInjection, ExpectedReceiver
from helpers.aws import ACCOUNT
from helpers.clients import shared_client
from helpers.drawn import OPERATIONS, REGIONS, to_snapshot_timeline, to_timeline
from helpers.errors import raises_exactly
from helpers.exported import BusyS3, MemoryS3
from helpers.rules import ENDS, MOVES, ExpectedTask, refused_move
from helpers.snapshot_rules import NEVER, ExpectedSnapshotTimeline, ExpectedSource
from helpers.threads import at_once
from pytest_rds_export import Failure, fake_rds_export

DEFAULT_REGION, OTHER_REGION = REGIONS
MOST_INJECTIONS = 5
MOST_RECEIVERS = 3
KIND_OF_COPY = {"CopyDBSnapshot": "snapshot", "CopyDBClusterSnapshot": "cluster-snapshot"}
CREATED = ("RDS-EVENT-0042", "RDS-EVENT-0075", "RDS-EVENT-0091", "RDS-EVENT-0169")
LOST_RACE = "InvalidExportTaskStateFault"


def pick(items, number):
    """Return one of the items; None if there are none."""
    return list(items)[number % len(items)] if items else None


def arn_of(region, source):
    """Return the ARN of a source in a region."""
    return f"arn:aws:rds:{region}:{ACCOUNT}:{source}"


class Account(RuleBasedStateMachine):
    """An account with two regions, and what the rules expect of it."""

    clock = None
    moto = False
    steps = 0

    @initialize(
        limit=st.sampled_from([2, 5]),
        scope=st.sampled_from(["region", "account"]),
        unknown=st.sampled_from(["error", "empty"]),
        timeline=drawn.timelines,
        snapshot_timeline=drawn.snapshot_timelines,
        tables=st.none() | st.integers(1, 3),
        store=drawn.stores,
    )
    def open(self, limit, scope, unknown, timeline, snapshot_timeline, tables, store):
        """Enter the fake with its options."""
        self.clock.move_to("2026-01-01T00:00Z")
        self.fake = fake_rds_export(
            concurrent_limit=limit,
            concurrent_limit_scope=scope,
            describe_unknown=unknown,
            page_size=PAGE_SIZE,
            timeline=to_timeline(timeline),
            snapshot_timeline=to_snapshot_timeline(snapshot_timeline),
            snapshots="fake",
            assert_all_injected=False,
        )
        default = self.fake.__enter__()
        self.registries = {region: default.in_region(region) for region in REGIONS}
        self.expected = ExpectedAccount(limit, scope, unknown, timeline, snapshot_timeline, REGIONS, moto=self.moto)
        self.called, self.injections, self.live_sources, self.s3 = [], [], {}, None
        self.received, self.seen_by_store, self.acting, self.is_setting_up = [], [], False, False
        if tables is not None:
            self.write_files(tables, store)

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
        for name, value in parameters.items():
            if isinstance(value, int) and name.startswith("DB"):
                kind = "cluster-snapshot" if "Cluster" in name else "snapshot"
                found = [source.name for source in self.expected.sources[region].values() if source.kind == kind]
                parameters[name] = pick(found, value) or "orders"
            if name.startswith("SourceDB") and isinstance(value, tuple):
                parameters[name] = arn_of(value[0], f"{KIND_OF_COPY[call[0]]}:{value[1]}")
        if self.store_sleeps:
            parameters.pop("Filters", None)  # meanwhile tasks change, so that it is not said which match
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
            began, response = self.now, self.send(region, operation, parameters)
            if self.now > began and "ExportTasks" in response and self.store_sleeps:
                self.notice()  # and the tasks have changed meanwhile
                marker, start = response.get("Marker"), expected.marker if all_pages else None
            elif operation == "DescribeEvents" and not expected.codes:
                marker, page = response.get("Marker"), response["Events"]
                assert len(page) == PAGE_SIZE if marker else len(page) <= PAGE_SIZE
                expected_records, start = expected.records, 0 if marker else None
                records += page
            else:
                assert expected.difference(response) is None
                marker, start = response.get("Marker"), expected.marker if all_pages else None
            if expected.codes:
                break
            parameters = {**parameters, "Marker": marker}
        assert records == sorted(records, key=lambda event: event["Date"])
        in_order = itemgetter("Date", "SourceArn", "Message")  # at one time in any order
        if not expected.codes:  # otherwise a page is missing
            assert sorted(records, key=in_order) == sorted(expected_records, key=in_order)
        self.notice()

    @rule(region=drawn.regions, call=drawn.starts())
    def start(self, region, call):
        """Call StartExportTask."""
        self.respond(region, call)

    @rule(region=drawn.regions, call=drawn.cancels())
    def cancel(self, region, call):
        """Call CancelExportTask."""
        self.respond(region, call)

    @rule(region=drawn.regions, call=drawn.descriptions())
    def describe_one(self, region, call):
        """Call DescribeExportTasks with an identifier."""
        self.respond(region, call)

    @rule(region=drawn.regions, call=drawn.lists(), all_pages=st.booleans())
    def describe_all(self, region, call, all_pages):
        """Call DescribeExportTasks for all tasks or some of them: one page, or page by page."""
        self.respond(region, call, all_pages=all_pages)

    @rule(region=drawn.regions, call=drawn.event_lists())
    def describe_events(self, region, call):
        """Call DescribeEvents, page by page."""
        self.respond(region, call)

    @rule(region=drawn.regions, call=drawn.snapshot_changes())
    def change_snapshot(self, region, call):
        """Create, copy or delete a snapshot."""
        self.respond(region, call)

    @rule(region=drawn.regions, call=drawn.snapshot_lists(), all_pages=st.booleans())
    def describe_snapshots(self, region, call, all_pages):
        """Describe snapshots: one page, or page by page."""
        self.respond(region, call, all_pages=all_pages)

    @rule(
        region=drawn.regions,
        call=st.one_of(
            *(drawn.starts(), drawn.cancels(), drawn.cancels(), drawn.lists(), drawn.event_lists()),
            *(drawn.snapshot_changes(), drawn.snapshot_lists()),
        ),
        applied=st.booleans(),
    )
    def fail(self, region, call, applied):
        """Inject a failure into the next call. Of a cancel it says, without *applied*, that it comes too late."""
        self.inject(call[0], region, None, 1, 0, applied, late=not applied)
        self.respond(region, call)

    # While files are stored, every other call sees the task as it was: then no order of whole calls explains them.
    @precondition(lambda self: self.s3 is None and not self.acting)
    @rule(calls=drawn.calls_at_once(), failing=st.booleans(), applied=st.booleans())
    def call_at_once(self, calls, failing, applied):
        """Call from several threads while another one reads: the result is as if one call had come after the other."""
        if failing:
            self.inject(calls[0][1][0], DEFAULT_REGION, None, 1, 0, applied, late=not applied)
        requests = [(region, call[0], self.in_region(region, call)) for region, call in calls]
        senders = [functools.partial(self.send, *request) for request in requests]
        reader = lambda: [self.registries[region].events for region in REGIONS * 10]  # noqa: E731
        responses = at_once(*senders, reader, reader)[: len(requests)]
        state, explaining, differences = self.state(), [], []
        for order in itertools.permutations(range(len(requests))):
            expected = copy.deepcopy(self.expected)
            found = [expected.respond(*requests[i], self.now).difference(responses[i]) for i in order]
            found += [
                f"{shown} is not {due}" for shown, due in zip(state, self.state(expected), strict=True) if shown != due
            ]
            if any(found):
                differences.append((order, found))
            else:
                explaining.append(expected)
        assert explaining, f"{requests} had {responses}, which no order explains: {differences}"
        self.expected = explaining[0]
        self.end_unknown(explaining)
        calls = self.registries[DEFAULT_REGION].calls[len(self.called) :]
        assert sorted((call.operation, call.region) for call in calls) == sorted((r[1], r[0]) for r in requests)
        self.called += [(call.operation, call.region) for call in calls]

    def end_unknown(self, explaining):
        """End the tasks of which nothing says how often they were shown, because a response was lost."""
        for region in REGIONS:
            for name, task in self.expected.tasks[region].items():
                if MOVES[task.status] and any(other.tasks[region][name] != task for other in explaining):
                    self.registries[region][name].move_to("COMPLETE")
                    task.enter("COMPLETE", self.now)
            for arn, source in self.expected.sources[region].items():
                if any(other.sources[region][arn] != source for other in explaining):
                    self.registries[region].snapshots[arn].move_to("failed")
                    source.move("failed", self.now)
        self.expected.settle(self.now)

    @rule(
        identifier=drawn.identifiers,
        region=drawn.regions,
        source=drawn.sources,
        status=drawn.seeded_statuses,
        percent=st.integers(0, 100),
        timeline=st.none() | drawn.timelines,
        default=st.booleans(),
    )
    def seed(self, identifier, region, source, status, percent, timeline, default):
        """Seed a task, also through the default registry, or be refused because its identifier is in use."""
        arn, bucket = arn_of(region, source), f"exports-{region}"
        fields = {} if status == "COMPLETE" else {"percent_progress": percent}
        tasks, now = self.expected.tasks[region], self.now

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
            tasks[identifier] = ExpectedTask.seeded(identifier, arn, bucket, status, now, **options)
            self.notice()

    @rule(region=drawn.regions, number=drawn.numbers, status=drawn.statuses)
    def move(self, region, number, status):
        """Move a task to a status, or be refused because it cannot."""
        identifier = pick(self.expected.tasks[region], number)
        if identifier is None:
            return
        live, task = self.registries[region][identifier], self.expected.tasks[region][identifier]
        if status in MOVES[task.status]:
            task.enter(status, self.now)
            self.expected.settle(self.now)  # before: a receiver may start an export
            live.move_to(status)
            self.notice()
        else:
            with raises_exactly(ValueError, refused_move(identifier, task.status, status)):
                live.move_to(status)

    @rule(
        region=drawn.regions,
        source=drawn.sources,
        status=st.sampled_from(["available", "creating", "creating", "copying", "failed", "deleting"]),
        after=st.none() | drawn.lengths,
        timeline=st.none() | drawn.snapshot_timelines,
        size=st.sampled_from([7, 100]),
        moved=st.sampled_from([None, "available", "deleting", "deleted", "failed"]),
    )
    def seed_source(self, region, source, status, after, timeline, size, moved):
        """Seed a snapshot or cluster; one that exists already can be moved, not seeded."""
        arn, existing = arn_of(region, source), self.expected.sources[region]
        is_cluster = source.startswith("cluster:")
        if is_cluster:
            status, moved = status if status in {"available", "creating"} else "available", moved and "available"
        if arn in existing and moved is not None:
            live = self.live_sources[arn] if is_cluster else self.registries[region].snapshots[arn]
            if moved in {"deleting", "deleted"}:
                self.expected.cancel_copies(existing[arn], self.now)
            existing[arn].move(moved, self.now)
            self.expected.settle(self.now)
            live.move_to(moved)
            self.notice()
            return
        after = after if status in {"creating", "copying"} and timeline is None else None
        length = None if after is None else timedelta(milliseconds=after)
        options = {"status": status, "available_after": length, "allocated_storage": size}
        if timeline is not None:
            options["timeline"] = to_snapshot_timeline(timeline)
        if arn in existing:
            with raises_exactly(ValueError, f"'{arn}' exists already. Seed each source once"):
                self.registries[region].seed_snapshot(arn, **options)
            return
        default = self.expected.snapshot_timeline
        if after is not None:
            deleting = default.deleting if default.by == "clock" and not is_cluster else 0
            default = ExpectedSnapshotTimeline("clock", after, after, deleting)
        elif is_cluster:
            default = NEVER
        self.live_sources[arn] = self.registries[region].seed_snapshot(arn, **options)
        parent = source.partition(":")[2].removeprefix("rds:").partition("-")[0]
        expected = ExpectedSource(arn, status, self.now, timeline or default, size, parent)
        expected.held = status == "deleting" and timeline is None
        self.expected.add_source(region, expected)
        self.notice()

    @rule(region=drawn.regions, cluster=st.booleans(), available=st.booleans(), size=st.sampled_from([None, 7]))
    def seed_database(self, region, cluster, available, size):
        """Seed an instance or a cluster, or stop or start it."""
        arn = arn_of(region, f"{'cluster' if cluster else 'db'}:orders")
        status = "available" if available else "stopped"
        if arn in self.expected.sources[region]:
            self.live_sources[arn].move_to(status)
            self.expected.sources[region][arn].move(status, self.now)
        else:
            sizes = {} if size is None else {"allocated_storage": size}
            registry = self.registries[region]
            self.live_sources[arn] = registry.seed_database("Orders", cluster=cluster, status=status, **sizes)
            source = ExpectedSource(arn, status, self.now, size=size or (1 if cluster else 100))
            self.expected.add_source(region, source)

    @rule(region=drawn.regions, source=drawn.sources)
    def remove(self, region, source):
        """Let a snapshot disappear, which has no event."""
        if self.expected.sources[region].get(arn := arn_of(region, source)) is None:
            return
        live = self.live_sources[arn] if source.startswith("cluster:") else self.registries[region].snapshots[arn]
        live.remove()
        del self.expected.sources[region][arn]

    @rule(
        region=drawn.regions,
        pattern=st.sampled_from(drawn.PATTERNS),
        delay=st.sampled_from([0, 0, 90_000, 3_600_000]),
        times=st.sampled_from([1, 1, 2]),
        acts=st.booleans(),
    )
    def deliver_events(self, region, pattern, delay, times, acts):
        """Deliver events from now on. Some receivers export each snapshot as soon as they know that it is there."""
        if len(self.expected.receivers) == MOST_RECEIVERS:
            return
        if isinstance(self.s3, BusyS3):  # an export ends later than the rules say, when its files are stored
            delay, acts = 0, False
        number, self.acting = len(self.expected.receivers), self.acting or acts

        def receive(event, context):
            detail = event["detail"]
            self.received.append((self.now, number, detail["EventID"], detail["SourceArn"]))
            if acts and detail["EventID"] in CREATED:
                self.export(event["region"], detail["SourceArn"])

        length = timedelta(milliseconds=delay)
        self.registries[region].deliver_events(receive, pattern=pattern[0], delay=length, times=times)
        self.expected.receivers.append(ExpectedReceiver(pattern[1], delay, times))

    def export(self, region, arn):
        """Start an export, as a receiver does."""
        self.expected.settle(self.now)
        call = ("StartExportTask", {"ExportTaskIdentifier": f"auto-{len(self.called)}", "S3BucketName": "exports"})
        fixed = {"IamRoleArn": "rds-export", "KmsKeyId": "1234abcd", "SourceArn": arn.split(":", 5)[5]}
        self.respond(region, (call[0], {**call[1], **fixed}))

    @rule(
        operation=st.sampled_from(OPERATIONS),
        region=drawn.regions,
        identifier=st.none() | drawn.identifiers,
        times=st.sampled_from([1, 2, None]),
        after=st.integers(0, 2),
        applied=st.booleans(),
        late=st.booleans(),
    )
    def inject(self, operation, region, identifier, times, after, applied, late):
        """Inject a failure, of a cancel also one that comes too late; or be refused because it would not be used."""
        if sum(waiting.waits for waiting in self.expected.injections) == MOST_INJECTIONS:
            self.end_oldest_injection()
        code = LOST_RACE if late and operation == "CancelExportTask" else "AccessDenied"
        identifier = identifier if "ExportTask" in operation else None  # others have no ExportTaskIdentifier
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

    def end_oldest_injection(self):
        """End an injection, as a context manager does at its exit."""
        position = next(position for position, waiting in enumerate(self.expected.injections) if waiting.waits)
        self.injections[position].__exit__(None, None, None)
        self.expected.injections[position].left = 0

    @rule(count=st.integers(1, 3), store=drawn.stores)
    def write_files(self, count, store):
        """Write the files from now on, and those of the exports that are there, to an empty S3.

        It may be one that looks at the account meanwhile, also from a thread that it waits for, and one that sleeps.
        """
        self.notice()
        buckets = [f"exports-{region}" for region in REGIONS]
        self.expected.tables = [f"shop.table_{number}" for number in range(count)]
        if store == "quick" or self.acting or any(receiver.delay for receiver in self.expected.receivers):
            self.s3 = MemoryS3(*buckets)
        else:
            self.s3 = BusyS3(*buckets, look=self.look, sleeps=store == "sleeps")
        self.is_setting_up = True
        self.registries[OTHER_REGION].write_files(self.s3, tables=self.expected.tables)
        self.is_setting_up = False
        self.notice()

    @property
    def store_sleeps(self):
        """Whether the store of the files sleeps."""
        return getattr(self.s3, "sleeps", False)

    def look(self, bucket, key):
        """Read everything while a file is stored: the task has not ended, as far as anybody can see."""
        for region, registry in self.registries.items():
            found, events = {name: task.status for name, task in registry.items()}, registry.events
            name = next(part for part in key.split("/") if part not in {"", "rds"})
            if bucket == f"exports-{region}" and not self.is_setting_up and found.get(name) in ENDS:
                self.seen_by_store.append((name, found[name], events))

    def notice(self):
        """Read events until nothing follows any more: a receiver has exported something, a store has slept."""
        before = None
        while before != (before := (self.now, len(self.received), len(self.called))):
            for registry in self.registries.values():
                _ = registry.events
        self.expected.settle(self.now)

    @rule(length=drawn.short_times)
    def let_minutes_pass(self, length):
        """Move the clock by some minutes. The files are then up to date, whoever reads the tasks."""
        self.clock.tick(length)
        if self.store_sleeps:
            self.notice()
        self.expected.settle(self.now)
        self.check_files()

    @rule(length=drawn.long_times)
    def let_days_pass(self, length):
        """Move the clock by hours or days."""
        self.let_minutes_pass(length)

    @rule(length=drawn.short_times)
    def move_back(self, length):
        """Move the clock back, which undoes nothing that was seen."""
        self.read()
        self.clock.tick(-length)
        self.read()

    @rule()
    def read(self):
        """Read everything."""
        self.notice()
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
        assert all(event.task is registry[event.task.identifier] for event in events if event.source is None)
        own = [event for event in events if event.task is None and event.source_type != "db-instance"]
        assert all(event.source.arn == event.source_arn for event in own)
        snapshots = list(registry.snapshots.values())
        is_other = lambda source: source.region == region and source.arn.split(":")[5] in {"cluster", "db"}  # noqa: E731
        expected = self.expected.sources[region]
        others = [source for arn, source in self.live_sources.items() if is_other(source) and arn in expected]
        return (
            [(name, task.status, task.percent_progress) for name, task in registry.items()],
            sorted((event.date, event.event_id, event.source_arn) for event in events),
            [source.arn for source in snapshots],
            {
                source.arn: (source.status, getattr(source, "percent_progress", None))
                for source in (*snapshots, *others)
            },
        )

    @invariant()
    def each_event_is_delivered(self):
        """Each receiver has each event that happened since, at its time, in order; a look finds no ended task."""
        if not hasattr(self, "fake"):
            return
        assert not self.seen_by_store
        assert not any(delivery.error for delivery in self.registries[DEFAULT_REGION].deliveries)
        received, self.received[:] = list(self.received), []
        assert [entry[0] for entry in received] == sorted(entry[0] for entry in received)
        expected = self.expected.on_their_way
        for when, *what in received:
            due = [found for found in expected if [found.receiver, found.event_id, found.arn] == what]
            assert due, f"{what} at {when} was not expected: {expected}"
            delivery = min(due)
            is_on_time = delivery.due == when or (self.store_sleeps and delivery.due < when)
            assert is_on_time, f"{what} at {when}, not at {delivery}"
            expected.remove(delivery)
        # What has just become due may not have been noticed yet, but it is when the clock moves or somebody reads.
        assert not [delivery for delivery in expected if delivery.due < self.now]

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


@pytest.mark.rds_export_clock(limit=timedelta(days=10_000))
def test_account_follows_the_rules(monkeypatch, clock):
    """After any sequence of operations, the account is as the rules of Amazon RDS say."""
    monkeypatch.setattr(Account, "clock", clock)
    run_state_machine_as_test(Account)


@pytest.mark.rds_export_clock(limit=timedelta(days=10_000))
def test_account_alongside_moto(monkeypatch, clock):
    """It is the same alongside moto, whose account is empty, so that other clusters do not exist."""
    moto = pytest.importorskip("moto")
    monkeypatch.setattr(Account, "clock", clock)
    monkeypatch.setattr(Account, "moto", True)
    with moto.mock_aws():
        few = max(5, settings.default.max_examples // 10)
        run_state_machine_as_test(Account, settings=settings(max_examples=few))
