"""Both versions of the AWS CLI with the endpoint. A version that is not installed is skipped."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_rds_export import SnapshotPolls, fake_rds_export

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif("RDS_EXPORT_CLIENTS" not in os.environ, reason="on request: tox run -e clients"),
]


class Cli(NamedTuple):
    """An installed AWS CLI, and the endpoint for it."""

    path: str
    version: tuple
    url: str

    def __call__(self, operation, *arguments, options=None, fails=False):
        """Run an RDS operation and return its parsed JSON, None if it prints nothing, or its error if it *fails*."""
        options = ["--endpoint-url", self.url] if options is None else options
        command = [self.path, "rds", operation, *arguments, *options, "--output", "json"]
        # A request to any other address goes to a proxy that does not exist.
        environment = {**os.environ, "AWS_PAGER": "", "HTTPS_PROXY": "http://127.0.0.1:1"}
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert bool(run.returncode) is fails, run.stderr
        return run.stderr if fails else json.loads(run.stdout or "null")


@pytest.fixture(scope="session")
def installed():
    """Return the first AWS CLI of each major version on the PATH."""
    found = {}
    for path in (Path(folder, "aws") for folder in os.get_exec_path()):
        if os.access(path, os.X_OK):
            text = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
            version = re.match(r"aws-cli/(\d+)\.(\d+)\.(\d+)", text)
            if version:
                numbers = tuple(map(int, version.groups()))
                found.setdefault(numbers[0], (str(path), numbers))
    return found


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def aws(request, installed, rds_export_endpoint):
    """The AWS CLI, with the endpoint."""
    if request.param not in installed:
        pytest.skip(f"no AWS CLI of version {request.param} on the PATH")
    return Cli(*installed[request.param], rds_export_endpoint)


def test_whole_export(aws, rds_export_tasks, tmp_path):
    """An export is started, cancelled and described, its JSON can be seeded, and the event of its end is listed."""
    started = aws(
        "start-export-task",
        "--export-task-identifier=nightly",
        "--source-arn=arn:aws:rds:us-east-1:123456789012:snapshot:orders",
        "--s3-bucket-name=backups",
        "--iam-role-arn=arn:aws:iam::123456789012:role/rds-export",
        "--kms-key-id=alias/exports",
        "--export-only=orders.public",
    )
    assert (started["Status"], started["ExportOnly"]) == ("STARTING", ["orders.public"])
    assert aws("cancel-export-task", "--export-task-identifier=nightly")["Status"] == "CANCELING"

    described = aws("describe-export-tasks", "--export-task-identifier=nightly")

    assert [task["Status"] for task in described["ExportTasks"]] == ["CANCELING"]
    file = tmp_path / "export-tasks.json"
    file.write_text(json.dumps(described))
    with fake_rds_export(file) as registry:
        assert registry["nightly"] == rds_export_tasks["nightly"]

    rds_export_tasks["nightly"].move_to("CANCELED")
    (event,) = aws("describe-events", "--source-type=db-snapshot", "--source-identifier=orders")["Events"]
    assert (event["Message"], event["SourceArn"]) == ("Export task canceled", rds_export_tasks["nightly"].source_arn)


@pytest.mark.rds_export_tasks(snapshot_timeline=SnapshotPolls(creating=1))
def test_wait_for_a_snapshot(aws, rds_export_tasks):
    """Under polls, the CLI's wait ends: here with the second poll, 30 real seconds after the first."""
    created = aws("create-db-snapshot", "--db-snapshot-identifier=nightly", "--db-instance-identifier=orders")
    assert created["DBSnapshot"]["Status"] == "creating"

    assert aws("wait", "db-snapshot-available", "--db-snapshot-identifier=nightly") is None

    assert rds_export_tasks.snapshots["nightly"].status == "available"
    assert len(rds_export_tasks.calls_to("DescribeDBSnapshots")) == 2
    assert aws("delete-db-snapshot", "--db-snapshot-identifier=nightly")["DBSnapshot"]["Status"] == "deleted"
    aws("wait", "db-snapshot-deleted", "--db-snapshot-identifier=nightly")


@pytest.mark.rds_export_tasks(page_size=20)
def test_filters_and_pages(aws, rds_export_tasks):
    """Filters apply, and all pages are read."""
    rds_export_tasks.seed_all(f"export-{number}" for number in range(45))
    rds_export_tasks.seed("done", status="COMPLETE")

    described = aws("describe-export-tasks", "--filters", "Name=status,Values=in_progress,starting")

    assert [task["ExportTaskIdentifier"] for task in described["ExportTasks"]] == [f"export-{i}" for i in range(45)]
    assert len(rds_export_tasks.calls) == 3


def test_retry(aws, rds_export_tasks):
    """A throttled call is retried and succeeds."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("Throttling", times=1)

    assert aws("cancel-export-task", "--export-task-identifier=nightly")["Status"] == "CANCELING"

    # Debian's old AWS CLI sends no invocation id, so each attempt is a separate call.
    assert sum(call.attempts for call in rds_export_tasks.calls) == 2
    assert rds_export_tasks.calls[-1].http_status == 200


def test_errors(aws, rds_export_tasks):
    """A fault has its code; an operation without a handler fails and is not retried."""
    message = aws("cancel-export-task", "--export-task-identifier=unknown", fails=True)
    assert "An error occurred (ExportTaskNotFound) when calling the CancelExportTask operation: " in message
    message = aws("describe-db-instances", fails=True)
    assert "An error occurred (UnhandledOperation) when calling the DescribeDBInstances operation: " in message
    assert [call.attempts for call in rds_export_tasks.unhandled] == [1]
    rds_export_tasks.unhandled.clear()


@pytest.mark.rds_export_tasks(region="eu-west-1")
def test_environment(aws, rds_export_tasks):
    """The CLI finds the endpoint in the environment."""
    if (2,) <= aws.version < (2, 13):
        pytest.skip("AWS CLI v2 reads AWS_ENDPOINT_URL_RDS from 2.13 on; this is {}.{}.{}".format(*aws.version))
    assert aws("describe-export-tasks", options=[]) == {"ExportTasks": []}
    assert len(rds_export_tasks.calls) == 1
