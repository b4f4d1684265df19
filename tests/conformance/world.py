"""What the conformance checks run against: a client of RDS, a source that can be exported, and where to export it."""

import uuid
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

UNFINISHED = ("STARTING", "IN_PROGRESS", "CANCELING")
_PATIENCE = 80
"""How many times to ask whether a canceled export has ended; with 30 seconds between, 40 minutes."""


@dataclass
class World:
    """One target. The checks run in their order, and share what has been done."""

    source_arn: str
    bucket: str
    role: str
    key: str
    pause: Any
    """What to do between two polls: a function."""
    endpoint_url: str | None = None
    seen: dict = field(default_factory=dict)

    def __post_init__(self):
        self.prefix = f"conformance-{uuid.uuid4().hex[:8]}"
        self.main = f"{self.prefix}-Main"
        self.region = self.source_arn.split(":")[3]
        self.rds = self.client(self.region)
        self.started = []

    def client(self, region):
        """Return a client that sends what the service model does not allow, too."""
        config = Config(parameter_validation=False, retries={"mode": "standard", "max_attempts": 5})
        return boto3.session.Session().client("rds", region_name=region, endpoint_url=self.endpoint_url, config=config)

    def arn(self, resource):
        """Return the ARN of another source next to the one that can be exported."""
        return ":".join([*self.source_arn.split(":")[:5], resource])

    def start(self, identifier=None, *, without=(), **parameters):
        """Call StartExportTask; remember what was started, to cancel it."""
        identifier = f"{self.prefix}-{len(self.started)}" if identifier is None else identifier
        given = {
            "ExportTaskIdentifier": identifier,
            "SourceArn": self.source_arn,
            "S3BucketName": self.bucket,
            "IamRoleArn": self.role,
            "KmsKeyId": self.key,
            **parameters,
        }
        response = self.rds.start_export_task(**{name: given[name] for name in given if name not in without})
        self.started.append(identifier)
        return response

    def listed(self, **parameters):
        """Return the tasks that DescribeExportTasks lists on all pages."""
        pages = self.rds.get_paginator("describe_export_tasks").paginate(**parameters)
        return [task for page in pages for task in page["ExportTasks"]]

    def describe(self, **parameters):
        """Return those of this run."""
        return [task for task in self.listed(**parameters) if task["ExportTaskIdentifier"].startswith(self.prefix)]

    def task(self, identifier=None):
        """Return one task, by default the main one."""
        (task,) = self.describe(ExportTaskIdentifier=identifier or self.main)
        return task

    def finds(self, **parameters):
        """Return whether DescribeExportTasks lists the main task."""
        return self.main in [task["ExportTaskIdentifier"] for task in self.describe(**parameters)]

    def filtered(self, **filters):
        """Return whether the main task matches the filters."""
        return self.finds(Filters=[{"Name": name.replace("_", "-"), "Values": filters[name]} for name in filters])

    def cancel(self, identifier=None, **parameters):
        """Call CancelExportTask, by default for the main task."""
        return self.rds.cancel_export_task(**{"ExportTaskIdentifier": identifier or self.main, **parameters})

    def send(self, action, *, version="2014-10-31", **query):
        """Send a query that botocore would not, and return the response."""

        def replace(params, **_):
            params["body"] = {"Action": action, "Version": version, **query}

        self.rds.meta.events.register("before-call.rds", replace)
        try:
            return self.rds.describe_events()
        finally:
            self.rds.meta.events.unregister("before-call.rds", replace)

    def once(self, name, function):
        """Return what a function returned, or raise what it raised, the first time that it was called."""
        if name not in self.seen:
            try:
                self.seen[name] = function(), None
            except Exception as error:  # noqa: BLE001 - a target in this process raises anything
                self.seen[name] = None, error
        result, error = self.seen[name]
        if error is not None:
            raise error
        return result

    def started_main(self):
        """Start the main export, once, when nothing else runs; return the response."""
        return self.once("start", self._start_main)

    def _start_main(self):
        self.clean_up()
        return self.start(self.main)

    def canceled_main(self):
        """Cancel the main export, once, and return the response."""
        self.started_main()
        return self.once("cancel", self.cancel)

    def ended_main(self):
        """Return the main export after its end."""
        self.canceled_main()
        return self.once("end", lambda: self.wait(self.main))

    def wait(self, identifier):
        """Return a task as soon as it has ended, or as it is when patience ends."""
        for _ in range(_PATIENCE):
            task = self.task(identifier)
            if task["Status"] not in UNFINISHED:
                break
            self.pause()
        return task

    def clean_up(self):
        """Cancel whatever is running of what was started, and wait for its end."""
        for identifier in self.started:
            try:
                if self.task(identifier)["Status"] in UNFINISHED[:2]:
                    self.cancel(identifier)
                self.wait(identifier)
            except Exception:  # noqa: BLE001
                continue  # the checks say what is wrong with it
