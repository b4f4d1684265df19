"""The endpoint responds to a query string as it does to a body: presigned URLs work."""

import re
from urllib.request import Request, urlopen

import boto3
import pytest

from helpers.loopback import CANCEL, code, exchanged, query, request, response_to

pytestmark = pytest.mark.loopback


def presigned(url, operation, region="us-east-1", method="GET", **parameters):
    """Return a presigned URL of the endpoint, as boto3 makes it."""
    client = boto3.client("rds", region, endpoint_url=url)
    return client.generate_presigned_url(operation, parameters, HttpMethod=method)


def fetched(url, method="GET"):
    """Return the response to a request without a body."""
    with urlopen(Request(url, method=method)) as response:
        return response.read().decode()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_presigned_url(method, rds_export_tasks, rds_export_endpoint):
    """A presigned URL of boto3 works with GET, and with POST, which boto3 signs for by default."""
    rds_export_tasks.seed("nightly", status="COMPLETE")
    rds_export_tasks.seed("weekly", status="STARTING")
    parameters = {"Filters": [{"Name": "status", "Values": ["starting", "in_progress"]}]}

    text = fetched(presigned(rds_export_endpoint, "describe_export_tasks", method=method, **parameters), method)

    assert re.findall("<ExportTaskIdentifier>(.*?)</ExportTaskIdentifier>", text) == ["weekly"]
    (call,) = rds_export_tasks.calls
    assert (call.operation, call.parameters, call.http_status) == ("DescribeExportTasks", parameters, 200)


def test_parts_of_a_presigned_url(rds_export_tasks, rds_export_endpoint):
    """A presigned URL goes to the region that it is signed for; spaces, plus signs and other letters arrive as is."""
    rds_export_tasks.stub("DescribeDBInstances", {})
    parameters = {"DBInstanceIdentifier": "a b+c/ü?=&"}

    fetched(presigned(rds_export_endpoint, "describe_db_instances", "eu-west-1", **parameters))

    (call,) = rds_export_tasks.calls
    assert (call.region, call.http_status, call.parameters) == ("eu-west-1", 200, parameters)


@pytest.mark.parametrize(
    ("target", "status", "expected"),
    [
        ("/", 400, "MissingAction"),
        ("/?Action", 404, "MalformedQueryString"),
        ("/?Action=\xff", 404, "MalformedQueryString"),
        ("/tasks?Action=CancelExportTask", 404, "InvalidAction"),
    ],
)
def test_query_string_gets_an_error_of_aws(target, status, expected, rds_export_endpoint):
    """A query string that is not valid gets the error that such a body gets."""
    sent = request(b"", line=f"GET {target} HTTP/1.1").decode().encode("latin-1")
    found, _, body = response_to(rds_export_endpoint, sent)
    assert (found, code(body)) == (status, expected)


def test_keep_alive(rds_export_tasks, rds_export_endpoint):
    """A connection stays open for the next request, also after a GET, which may lack a Content-Length."""
    rds_export_tasks.seed("nightly")
    describe = query("DescribeExportTasks").decode()
    get = f"GET /?{describe} HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n".encode()
    assert exchanged(rds_export_endpoint, get + request(CANCEL) + get).count(b"HTTP/1.1 200 OK\r\n") == 3
