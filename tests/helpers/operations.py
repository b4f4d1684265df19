"""Calls of the three operations with boto3, and clients for them."""

import io

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from helpers.aws import start

CALLS = {
    "CancelExportTask": lambda client: client.cancel_export_task(ExportTaskIdentifier="nightly"),
    "StartExportTask": start,
    "DescribeExportTasks": lambda client: client.describe_export_tasks(),
}
# One session for all clients, because each session loads the service model again.
_session = boto3.session.Session("key", "secret")


def send(client, operation):
    """Call one of the three operations for the task ``nightly``."""
    return CALLS[operation](client)


def client_with(service="rds", **retries):
    """Return a new client with these retry settings of botocore."""
    return _session.client(service, region_name="us-east-1", config=Config(retries=retries))


class _Body(io.BytesIO):
    def stream(self):
        yield self.read()


def http_answer(request, status, body):
    """Return the response to *request* that a ``before-send`` handler returns."""
    return AWSResponse(request.url, status, {}, _Body(body))
