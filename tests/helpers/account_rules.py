"""What an account with several regions responds to calls, written separately from the package, to compare it with."""

import functools
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from helpers.aws import ACCOUNT
from helpers.rules import ANY, ExpectedTask, ExpectedTimeline, kind_of
from helpers.snapshot_rules import (
    CLUSTER,
    DB,
    KINDS,
    ExpectedEvent,
    ExpectedSnapshotTimeline,
    ExpectedSource,
    truncated,
)

PAGE_SIZE = 2
IDENTIFIER = re.compile("[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")
NOT_FOUND = {
    "snapshot": "DBSnapshotNotFound",
    "cluster-snapshot": "DBClusterSnapshotNotFoundFault",
    "cluster": "DBClusterNotFoundFault",
}


@dataclass
class ExpectedResponse:
    """A response: one of the *codes* of errors, with *message* if it was injected, or *records* and other fields.

    The records are below *name*; they have exactly the fields of the rules, unless they are *partial*.
    """

    codes: frozenset = frozenset()
    message: str | None = None
    records: list = field(default_factory=list)
    marker: object = None
    name: str | None = None
    partial: bool = False

    def difference(self, response):
        """Return how an error or a response differs from what is expected; None if it does not."""
        if self.codes:
            is_expected = response.get("Code") in self.codes and self.message in {None, response.get("Message")}
        else:
            found = response if self.name is None else response.get(self.name, [])
            records = found if isinstance(found, list) else [found]
            is_expected = len(records) == len(self.records) and ("Marker" in response) == (self.marker is not None)
            is_expected = is_expected and "Code" not in response
            is_expected = is_expected and all(map(self._has_fields, records, self.records))
        return None if is_expected else f"{response} is not {self}"

    def _has_fields(self, record, fields):
        if self.partial:
            return all(record.get(name) == value for name, value in fields.items())
        return set(record) == set(fields) and all(value in (ANY, record[name]) for name, value in fields.items())


@dataclass
class ExpectedInjection:
    """A failure for *left* more attempts, every one if that is None, after *passing* more."""

    operation: str
    identifier: str | None
    code: str
    message: str
    left: int | None
    passing: int
    applied: bool

    @property
    def waits(self):
        """Whether another attempt may fail with it."""
        return self.left != 0

    def is_for(self, operation, identifier):
        """Whether it is meant for such a call."""
        return self.waits and self.operation == operation and self.identifier in {None, identifier}

    def hides(self, later):
        """Whether it takes every attempt that a later one is for."""
        everything = self.left is None and self.identifier in {None, later.identifier}
        return everything and self.operation == later.operation and self.passing <= later.passing


@dataclass
class ExpectedReceiver:
    """A receiver of events: which IDs get through, by which end, how late in milliseconds, and how often."""

    ids: tuple
    delay: int
    times: int


@dataclass(order=True)
class ExpectedDelivery:
    """An event on its way to a receiver."""

    due: datetime
    date: datetime
    receiver: int
    event_id: str
    arn: str


@dataclass
class ExpectedAccount:
    """An account: tasks, sources and events by region, injected failures, receivers, and the tables of its files."""

    limit: int
    limit_scope: str
    describe_unknown: str
    timeline: ExpectedTimeline
    snapshot_timeline: ExpectedSnapshotTimeline
    regions: tuple
    moto: bool = False
    injections: list = field(default_factory=list)
    tables: list | None = None
    receivers: list = field(default_factory=list)
    on_their_way: list = field(default_factory=list)

    def __post_init__(self):
        self.tasks = {region: {} for region in self.regions}
        self.sources = {region: {} for region in self.regions}
        self.events = {region: [] for region in self.regions}
        self._known = {region: set() for region in self.regions}

    def add_source(self, region, source):
        """Add a source: from then on, others do not exist."""
        self.sources[region][source.arn] = source
        self._known[region].add(source.kind)

    def _knows_sources(self, region):
        return bool(self._known[region] - {"db"})

    def _knows_databases(self, region):
        return bool(self._known[region] & {"db", "cluster"})

    def settle(self, now):
        """Advance everything to the time *now*, and note what has happened."""
        for region in self.regions:
            for item in (*self.tasks[region].values(), *self.sources[region].values()):
                item.settle(now)
            self._note(region)

    def _note(self, region):
        sources = self.sources[region]
        for item in (*self.tasks[region].values(), *sources.values()):
            for event in item.happened:
                self.events[region].append(event)
                self._deliver(event)
            item.happened.clear()
        for arn in [arn for arn, source in sources.items() if source.status == "deleted"]:
            del sources[arn]

    def _deliver(self, event: ExpectedEvent):
        for number, receiver in enumerate(self.receivers):
            if event.event_id.endswith(receiver.ids):
                due = event.at + timedelta(milliseconds=receiver.delay)
                arn, date = event.fields["SourceArn"], event.fields["Date"]
                self.on_their_way += [ExpectedDelivery(due, date, number, event.event_id, arn)] * receiver.times

    def respond(self, region, operation, parameters, now, *, start=0):
        """Return the response to an attempt; *start* is the marker of a page."""
        identifier = parameters.get("ExportTaskIdentifier")
        respond = {
            "StartExportTask": self._start,
            "CancelExportTask": self._cancel,
            "DescribeExportTasks": self._describe_tasks,
            "DescribeEvents": self._describe_events,
        }
        for kind in KINDS:
            respond[f"Create{kind.shape}"] = functools.partial(self._create, kind)
            respond[f"Copy{kind.shape}"] = functools.partial(self._copy, kind)
            respond[f"Delete{kind.shape}"] = functools.partial(self._delete, kind)
            respond[f"Describe{kind.shape}s"] = functools.partial(self._describe_snapshots, kind)
        injection = self._take(operation, identifier)
        if injection is None:
            response = respond[operation](region, parameters, now, start)
        else:
            task = self.tasks[region].get(identifier)
            if injection.applied:
                respond[operation](region, parameters, now, start)
            elif injection.code == "InvalidExportTaskStateFault" and task is not None and task.runs:
                task.enter("COMPLETE", now)
            response = ExpectedResponse(frozenset({injection.code}), injection.message)
        self.settle(now)
        return response

    def _take(self, operation, identifier):
        for injection in self.injections:
            if injection.is_for(operation, identifier):
                if injection.passing:
                    injection.passing -= 1
                    continue
                if injection.left is not None:
                    injection.left -= 1
                return injection
        return None

    def _start(self, region, parameters, now, _start):
        identifier, arn = parameters["ExportTaskIdentifier"], parameters["SourceArn"]
        tasks, sources = self.tasks[region], self.sources[region]
        codes = set()
        if identifier in tasks:
            codes.add("ExportTaskAlreadyExists")
        source = sources.get(arn)
        # Snapshots are not moto's here, clusters are.
        if source is None and (self._knows_sources(region) or (self.moto and kind_of(arn) == "cluster")):
            codes.add(NOT_FOUND[kind_of(arn)])
        if source is not None and source.status != "available":
            codes.add("InvalidExportSourceState")
        if self.tables is not None and parameters["S3BucketName"] == "missing":
            codes.add("InvalidS3BucketFault")
        scope = self.tasks.values() if self.limit_scope == "account" else [tasks]
        if sum(task.runs for each in scope for task in each.values()) >= self.limit:
            codes.add("ExportTaskLimitReachedFault")
        if any(task.runs and task.source == arn for task in tasks.values()):
            codes.add("ExportTaskAlreadyExists")
        if codes:
            return ExpectedResponse(frozenset(codes))
        task = tasks[identifier] = ExpectedTask(
            identifier,
            arn,
            parameters["S3BucketName"],
            "STARTING",
            now,
            self.timeline,
            size=100 if source is None else source.size or 100,
            prefix=parameters.get("S3Prefix", ""),
            snapshot_time=now - timedelta(hours=1) if source is None else truncated(source.created),
        )
        given = ("S3Prefix",) if "S3Prefix" in parameters else ()
        return ExpectedResponse(records=[task.fields(given=given)])

    def _cancel(self, region, parameters, now, _start):
        task = self.tasks[region].get(parameters["ExportTaskIdentifier"])
        if task is None:
            return ExpectedResponse(frozenset({"ExportTaskNotFound"}))
        if not task.runs:
            return ExpectedResponse(frozenset({"InvalidExportTaskStateFault"}))
        task.enter("CANCELING", now)
        return ExpectedResponse(records=[task.fields()])

    def _describe_tasks(self, region, parameters, now, start):
        """Show a page. Tasks that follow polls advance up to the first one that the page has no room for.

        The first page has the unfinished tasks first, the others after them; the later pages keep that order.
        """
        self.settle(now)
        known = self.tasks[region]
        start, order = start or (0, sorted(known, key=lambda name: known[name].ended is not None))
        tasks = [known[name] for name in order]
        if "ExportTaskIdentifier" in parameters:
            tasks = [task for task in tasks if task.identifier == parameters["ExportTaskIdentifier"]]
            if not tasks and self.describe_unknown == "error":
                return ExpectedResponse(frozenset({"ExportTaskNotFound"}))
        page, marker = [], None
        for position in range(start, len(tasks)):
            task = tasks[position]
            task.poll(now)
            if self._matches(task, parameters):
                if len(page) == PAGE_SIZE:
                    marker = position, order
                    break
                page.append(task)
        for task in page:
            task.shown += 1
        return ExpectedResponse(records=[task.fields() for task in page], marker=marker, name="ExportTasks")

    @staticmethod
    def _matches(task, parameters):
        values = {"status": task.status.lower(), "source-arn": task.source}
        filters = all(values[given["Name"]] in given["Values"] for given in parameters.get("Filters", ()))
        return filters and parameters.get("SourceArn") in {None, task.source}

    def _describe_events(self, region, parameters, now, _start):
        """Return all events, which the caller compares with all pages: the order at one time is not known."""
        duration = timedelta(minutes=parameters.get("Duration", 60))
        start, end = parameters.get("StartTime"), parameters.get("EndTime")
        if end is None:
            end = now if start is None or "Duration" not in parameters else start + duration
        if start is None:
            start = end - duration
        if "SourceIdentifier" in parameters and "SourceType" not in parameters:
            return ExpectedResponse(frozenset({"InvalidParameterCombination"}))
        wanted = {name: parameters[name] for name in ("SourceType", "SourceIdentifier") if name in parameters}
        start = max(start, now - timedelta(days=14))
        self.settle(now)
        events = [event.fields for event in self.events[region] if start <= event.fields["Date"] <= end]
        return ExpectedResponse(records=[event for event in events if wanted.items() <= event.items()])

    def _create(self, kind, region, parameters, now, _start):
        name, database = parameters[f"{kind.shape}Identifier"], parameters[f"{kind.parent}Identifier"].lower()
        codes = self._new_name_codes(kind, region, name)
        found = self.sources[region].get(_arn(region, kind.database, database))
        if found is None and self._knows_databases(region):
            codes.add(kind.database_not_found)
        if found is not None and found.status != "available":
            codes.add(kind.database_state)
        if codes:
            return ExpectedResponse(frozenset(codes))
        size = found.size if found is not None else 100 if kind is DB else 1
        arn = _arn(region, kind.resource_type, name.lower())
        source = ExpectedSource(arn, "creating", now, self.snapshot_timeline, size, database)
        return self._begin(kind, region, source)

    def _copy(self, kind, region, parameters, now, _start):
        given, name = parameters[f"Source{kind.shape}Identifier"], parameters[f"Target{kind.shape}Identifier"]
        codes = self._new_name_codes(kind, region, name)
        arn = given if given.startswith("arn:") else _arn(region, kind.resource_type, given.lower())
        copied = self.sources[arn.split(":")[3]].get(arn)
        if copied is None:
            codes.add(kind.not_found)
        elif copied.status != "available":
            codes.add(kind.state)
        if codes:
            return ExpectedResponse(frozenset(codes))
        source = ExpectedSource(
            _arn(region, kind.resource_type, name.lower()),
            "creating" if kind is DB else "copying",
            now,
            self.snapshot_timeline,
            copied.size,
            copied.parent,
            copied.arn,
            now if kind is DB else copied.created,
        )
        return self._begin(kind, region, source)

    def _new_name_codes(self, kind, region, name):
        if not IDENTIFIER.fullmatch(name):
            return {"InvalidParameterValue"}
        return {kind.exists} if _arn(region, kind.resource_type, name.lower()) in self.sources[region] else set()

    def _begin(self, kind, region, source):
        source.begin()
        self.add_source(region, source)
        return ExpectedResponse(records=[source.fields()], name=kind.shape, partial=True)

    def _delete(self, kind, region, parameters, now, _start):
        name = parameters[f"{kind.shape}Identifier"]
        if not IDENTIFIER.fullmatch(name):
            return ExpectedResponse(frozenset({"InvalidParameterValue"}))
        source = self.sources[region].get(_arn(region, kind.resource_type, name.lower()))
        if source is None:
            return ExpectedResponse(frozenset({kind.not_found}))
        before = source.fields()
        if source.stage == "copying":
            source.enter("deleted", now, now)
        elif source.status in {"available", "failed"}:
            self.cancel_copies(source, now)
            source.held = False
            source.enter("deleting", now, now)
            source.settle(now)
            source.poll(now)
        else:
            return ExpectedResponse(frozenset({kind.state}))
        fields = before if kind is CLUSTER and source.status == "deleted" else source.fields()
        return ExpectedResponse(records=[fields], name=kind.shape, partial=True)

    def cancel_copies(self, source, now):
        """End the copies of a source that is deleted, which have not ended yet."""
        for region in self.regions:
            for copy in self.sources[region].values():
                if copy.copied_from == source.arn and copy.stage == "copying":
                    copy.enter("deleted", now, now)

    def _describe_snapshots(self, kind, region, parameters, now, start):
        """Show a page. All snapshots of the kind that follow polls advance."""
        for source in self.sources[region].values():
            if source.kind == kind.resource_type:
                source.poll(now)
        self._note(region)
        snapshots = [source for source in self.sources[region].values() if source.kind == kind.resource_type]
        type_ = parameters.get("SnapshotType")
        name = parameters.get(f"{kind.shape}Identifier")
        if name is not None:
            snapshots = [
                source
                for source in snapshots
                if name.lower() in {source.name, source.arn} and (source.type == "manual" or type_ is not None)
            ]
            if not snapshots:
                return ExpectedResponse(frozenset({kind.not_found}))
        parent = parameters.get(f"{kind.parent}Identifier")
        passed = set(start or ())
        shown = [s for s in snapshots if type_ in {None, s.type} and parent in {None, s.parent} and s.arn not in passed]
        page, rest = shown[:PAGE_SIZE], shown[PAGE_SIZE:]
        for source in page:
            source.shown += 1
        records, marker = [source.fields() for source in page], None
        if rest:
            arns = list(self.sources[region])
            marker = passed | set(arns[: arns.index(rest[0].arn)])
        return ExpectedResponse(records=records, marker=marker, name=f"{kind.shape}s", partial=True)

    def keys(self):
        """Return the keys of all files, sorted."""
        tasks = [task for each in self.tasks.values() for task in each.values()]
        return sorted(f"{task.bucket}/{key}" for task in tasks for key in task.keys(self.tables or ()))

    def state(self, region):
        """Return tasks, events, snapshots in order, and sources of a region; events of one time come in any order."""
        sources = self.sources[region].values()
        return (
            [(task.identifier, task.status, task.percent) for task in self.tasks[region].values()],
            sorted((event.fields["Date"], event.event_id, event.fields["SourceArn"]) for event in self.events[region]),
            [source.arn for source in sources if source.is_snapshot],
            {source.arn: (source.status, source.percent) for source in sources},
        )


def _arn(region, resource_type, name):
    return f"arn:aws:rds:{region}:{ACCOUNT}:{resource_type}:{name}"
