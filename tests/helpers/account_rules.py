"""What an account with several regions responds to calls, written separately from the package, to compare it with."""

from dataclasses import dataclass, field
from datetime import timedelta

from helpers.rules import ANY, ExpectedTask, ExpectedTimeline, kind_of

PAGE_SIZE = 2
NOT_FOUND = {
    "snapshot": "DBSnapshotNotFound",
    "cluster-snapshot": "DBClusterSnapshotNotFoundFault",
    "cluster": "DBClusterNotFoundFault",
}


@dataclass
class ExpectedResponse:
    """A response: one of the *codes* of errors, with *message* if it was injected, or *records* and other fields."""

    codes: frozenset = frozenset()
    message: str | None = None
    records: list = field(default_factory=list)
    marker: tuple | None = None

    def difference(self, response):
        """Return how an error or a response differs from what is expected; None if it does not."""
        if self.codes:
            is_expected = response.get("Code") in self.codes and self.message in {None, response.get("Message")}
        else:
            records = response.get("ExportTasks", [response])
            is_expected = len(records) == len(self.records) and ("Marker" in response) == (self.marker is not None)
            is_expected &= all(map(_has_fields, records, self.records))
        return None if is_expected else f"{response} is not {self}"


def _has_fields(record, fields):
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
class ExpectedAccount:
    """An account: tasks and sources by region, injected failures, and the tables of ``write_files``."""

    limit: int
    limit_scope: str
    describe_unknown: str
    timeline: ExpectedTimeline
    tasks: dict
    sources: dict
    injections: list = field(default_factory=list)
    tables: list | None = None

    def settle(self, now):
        """Advance everything to the time *now*."""
        for region in self.tasks:
            for item in (*self.tasks[region].values(), *self.sources[region].values()):
                item.settle(now)

    def respond(self, region, operation, parameters, now, *, start=0):
        """Return the response to an attempt; *start* is the marker of a page."""
        identifier = parameters.get("ExportTaskIdentifier")
        respond = {
            "StartExportTask": self._start,
            "CancelExportTask": self._cancel,
            "DescribeExportTasks": self._describe_tasks,
            "DescribeEvents": self._describe_events,
        }[operation]
        injection = self._take(operation, identifier)
        if injection is None:
            response = respond(region, parameters, now, start)
        else:
            task = self.tasks[region].get(identifier)
            if injection.applied:
                respond(region, parameters, now, start)
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
        if sources and source is None:
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
            size=100 if source is None else source.size,
            prefix=parameters.get("S3Prefix", ""),
            snapshot_time=now - timedelta(hours=1) if source is None else source.created,
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
        return ExpectedResponse(records=[task.fields() for task in page], marker=marker)

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
        events = [event for _, event in self.events(region) if start <= event["Date"] <= end]
        return ExpectedResponse(records=[event for event in events if wanted.items() <= event.items()])

    def events(self, region):
        """Return ID and fields of the events of a region."""
        tasks = [task.event for task in self.tasks[region].values() if task.has_event]
        sources = [source for source in self.sources[region].values() if source.available is not None]
        return tasks + [event for source in sources for event in source.events]

    def keys(self):
        """Return the keys of all files, sorted."""
        tasks = [task for each in self.tasks.values() for task in each.values()]
        return sorted(f"{task.bucket}/{key}" for task in tasks for key in task.keys(self.tables or ()))

    def state(self, region):
        """Return tasks, events and sources of a region; events of one time come in any order."""
        return (
            [(task.identifier, task.status, task.percent) for task in self.tasks[region].values()],
            sorted((event["Date"], event_id, event["SourceArn"]) for event_id, event in self.events(region)),
            {arn: (source.status, source.progress) for arn, source in self.sources[region].items()},
        )
