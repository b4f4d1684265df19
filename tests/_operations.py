"""The three operations as a user of boto3 calls them, and clients to call them with."""

import io

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from _aws import start

CALLS = {
    "CancelExportTask": lambda client: client.cancel_export_task(ExportTaskIdentifier="nightly"),
    "StartExportTask": start,
    "DescribeExportTasks": lambda client: client.describe_export_tasks(),
}
# One for all, since each session reads the service model anew.
_session = boto3.session.Session("key", "secret")


def send(client, operation):
    """Call one of the three operations, about the task ``nightly``."""
    return CALLS[operation](client)


def client_with(service="rds", **retries):
    """A client of its own, with the given settings of botocore's retries."""
    return _session.client(service, region_name="us-east-1", config=Config(retries=retries))


class _Body(io.BytesIO):
    def stream(self):
        yield self.read()


def http_answer(request, status, body):
    """What a ``before-send`` handler returns to answer *request*."""
    return AWSResponse(request.url, status, {}, _Body(body))
