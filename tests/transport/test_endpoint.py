"""rds_export_endpoint: the same service for other processes, and a clean stop."""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from helpers.loopback import CANCEL, code, connected, exchanged, post, query, request, response_to, send, served, until
from helpers.reports import problem
from pytest_rds_export import ExportTask, Failure, Polls, Stuck

pytestmark = pytest.mark.loopback

DESCRIBE = query("DescribeExportTasks", ExportTaskIdentifier="nightly")
CHILD = """
import boto3, json, time
time.sleep = lambda seconds: None
client = boto3.client("rds")
print(json.dumps([client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"], client.meta.endpoint_url]))
"""


def test_child_process(rds_export_tasks, rds_export_endpoint):
    """A child process uses the registry of the test without any setup."""
    rds_export_tasks.seed("nightly", percent_progress=42, timeline=Stuck())
    rds_export_tasks.inject("Throttling", operation="CancelExportTask", times=1)

    child = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, check=True)

    assert json.loads(child.stdout) == ["CANCELING", rds_export_endpoint]
    assert rds_export_tasks["nightly"].status == "CANCELING"
    (call,) = rds_export_tasks.calls_to("CancelExportTask")
    assert (call.attempts, call.http_status, call.error_code) == (2, 200, None)
    assert call.parameters == {"ExportTaskIdentifier": "nightly"}
    assert call.response["PercentProgress"] == 42


def test_deliveries(rds_export_tasks, rds_export_endpoint):
    """An event that a request causes is delivered before the response is sent; what a receiver raises has no effect."""
    rds_export_tasks.deliver_events(lambda event, context: event["detail"]["Missing"])
    rds_export_tasks.seed("nightly", timeline=Polls(in_progress=0))

    assert post(rds_export_endpoint, DESCRIBE)[0] == 200

    (delivery,) = rds_export_tasks.deliveries
    assert repr(delivery.error) == "KeyError('Missing')"
    rds_export_tasks.deliveries.clear()


def test_environment(monkeypatch, request):
    """The environment has the URL, excludes it from any proxy, and does not tell clients to ignore it."""
    monkeypatch.setenv("NO_PROXY", "internal.example")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")

    url = request.getfixturevalue("rds_export_endpoint")

    assert os.environ["AWS_ENDPOINT_URL_RDS"] == url
    assert (os.environ["NO_PROXY"], os.environ["no_proxy"]) == ("internal.example,127.0.0.1", "127.0.0.1")
    assert "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" not in os.environ


@pytest.mark.parametrize(
    ("ids", "attempts"),
    [(["one"] * 12, [12]), (["one", "one", "two"], [2, 1]), ([None, None], [1, 1])],
    ids=["one", "two", "none"],
)
def test_attempts(ids, attempts, rds_export_tasks, rds_export_endpoint):
    """Requests with the same invocation id are attempts of one call, those without one are calls of their own."""
    rds_export_tasks.inject("ServiceUnavailable")

    for number, name in enumerate(ids, 1):
        headers = {} if name is None else {"amz_sdk_invocation_id": name}
        assert post(rds_export_endpoint, amz_sdk_request=f"attempt={number}; max=12", **headers)[0] == 503

    assert [call.attempts for call in rds_export_tasks.calls] == attempts


def test_region_of_a_request(rds_export_tasks, rds_export_endpoint):
    """A signed request goes to the region of its signature, whatever that is, an unsigned one to the default region."""
    rds_export_tasks.seed_all([ExportTask("nightly", region="eu-west-1")])
    scope = "AWS4-HMAC-SHA256 Credential=testing/20260301/{}/rds/aws4_request, SignedHeaders=host, Signature=0"

    assert code(post(rds_export_endpoint, DESCRIBE)[2]) == "ExportTaskNotFound"
    assert post(rds_export_endpoint, DESCRIBE, Authorization=scope.format("eu-west-1"))[0] == 200
    assert post(rds_export_endpoint, DESCRIBE, Authorization=scope.format("x"))[0] == 404
    assert [call.region for call in rds_export_tasks.calls] == ["us-east-1", "eu-west-1", "x"]


@pytest.mark.parametrize(
    ("failure", "applied", "status"),
    [
        ("ConnectTimeoutError", False, "IN_PROGRESS"),
        ("EndpointConnectionError", False, "IN_PROGRESS"),
        ("ConnectionClosedError", False, "IN_PROGRESS"),
        ("ConnectionClosedError", True, "CANCELING"),
        ("SSLError", False, "IN_PROGRESS"),
        (OSError("no route"), False, "IN_PROGRESS"),
    ],
)
def test_lost_connection(failure, applied, status, rds_export_tasks, rds_export_endpoint):
    """A connection failure, or an exception, closes the connection without a response, if applied after the effect."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject(failure, operation="CancelExportTask", times=1, applied=applied)
    with connected(rds_export_endpoint) as connection:
        send(connection, request(CANCEL))
        assert connection.recv(1) == b""
    name = failure if isinstance(failure, str) else "OSError"
    assert (rds_export_tasks.calls[0].http_status, rds_export_tasks.calls[0].error_code) == (None, name)
    assert rds_export_tasks["nightly"].status == status


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Failure("Whatever", http_status=429), "429 Too Many Requests"),
        (Failure("Whatever", http_status=599), "599 "),
        ("TruncatedResponse", "200 OK"),
        ("ProxyErrorPage", "502 Bad Gateway"),
    ],
    ids=["429", "599", "truncated", "proxy"],
)
def test_status(failure, status, rds_export_tasks, rds_export_endpoint):
    """A failure has its status, with the phrase of HTTP if there is one."""
    rds_export_tasks.inject(failure, operation="CancelExportTask")

    _, head, body = response_to(rds_export_endpoint, request(CANCEL))

    assert head.startswith(f"HTTP/1.1 {status}\r\n")
    assert f"\r\nContent-Length: {len(body)}" in head


def test_read_timeout(rds_export_tasks, rds_export_endpoint):
    """A response that is held back ends when the client disconnects."""
    rds_export_tasks.inject("ReadTimeoutError", operation="CancelExportTask", times=1)
    assert exchanged(rds_export_endpoint, request(CANCEL)) == b""
    assert rds_export_tasks.calls[0].error_code == "ReadTimeoutError"


def test_request_after_a_read_timeout(rds_export_tasks, rds_export_endpoint):
    """A client that sends another request while its response is held back loses the connection."""
    rds_export_tasks.inject("ReadTimeoutError", operation="CancelExportTask", times=1)
    with connected(rds_export_endpoint) as connection:
        send(connection, request(CANCEL))
        until(lambda: rds_export_tasks.calls and rds_export_tasks.calls[0].error_code == "ReadTimeoutError")
        send(connection, b"P")
        assert connection.recv(1) == b""


def test_no_handler(rds_export_tasks, rds_export_endpoint):
    """An operation without a handler is refused, and recorded for the check at the end of the test."""
    status, _, text = post(rds_export_endpoint, query("DescribeDBInstances"))

    assert (status, code(text)) == (400, "UnhandledOperation")
    # Without moto and handlers, which are of no use to another process.
    assert "<Message>no handler for DescribeDBInstances, so nothing was sent. These have handlers: " in text
    assert "  - give it a response: rds_export_tasks.stub('DescribeDBInstances', {...})</Message>" in text
    assert problem().startswith("no handler for DescribeDBInstances, called 1 time in us-east-1. Do one of these:\n")
    rds_export_tasks.unhandled.clear()


@pytest.mark.parametrize("first", ["rds_export_clock", "rds_export_endpoint"])
def test_frozen_clock(first, request, rds_export_tasks):
    """The endpoint responds with the state and the date at the frozen time."""
    request.getfixturevalue(first)
    clock, url = request.getfixturevalue("rds_export_clock"), request.getfixturevalue("rds_export_endpoint")
    rds_export_tasks.seed("nightly", status="STARTING")
    clock.tick(minutes=22, seconds=30)
    assert "<PercentProgress>50</PercentProgress>" in post(url, DESCRIBE)[2]
    clock.tick(days=1)
    _, headers, text = post(url, DESCRIBE)
    assert "<Status>COMPLETE</Status>" in text
    assert headers["Date"] == "Fri, 02 Jan 2026 00:22:30 GMT"
    assert rds_export_tasks["nightly"].task_end_time == clock.now - timedelta(days=1) + timedelta(minutes=2.5)


def open_files():
    """The numbers of the files that the process has open."""
    return sorted(path.name for path in Path("/dev/fd").iterdir())


@pytest.fixture
def nothing_left():
    """Threads and open files are afterwards what they were before."""
    before = set(threading.enumerate()), open_files()
    yield
    assert (set(threading.enumerate()), open_files()) == before


def is_gone(url):
    """Return whether nothing listens there any more."""
    try:
        connected(url).close()
    except ConnectionRefusedError:
        return True
    return False


def test_error_stops_it(nothing_left):
    """Nothing listens on the port after an error in the block."""
    with pytest.raises(ZeroDivisionError), served() as (_registry, url):
        raise ZeroDivisionError
    assert is_gone(url)


@pytest.mark.parametrize("sent", [b"", b"POST / HTT", request(b"Action=")[:-3], request(CANCEL)])
def test_stop_ends_open_connections(sent, nothing_left):
    """The stop closes the port and ends open connections, in whatever state they are."""
    with served("nightly") as (_registry, url):
        connection = connected(url)
        send(connection, sent)
        if sent == request(CANCEL):  # it has its response, and is idle now
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        else:
            post(url)  # the server has accepted the earlier one by then
    assert is_gone(url)
    with closing(connection):
        assert connection.recv(1) == b""


def test_stop_ends_a_held_response(nothing_left):
    """The stop ends a response that is held back; other requests get theirs before."""
    with served() as (registry, url):
        registry.inject("ReadTimeoutError", operation="CancelExportTask")
        connection = connected(url)
        send(connection, request(CANCEL))
        until(lambda: registry.calls and registry.calls[0].error_code == "ReadTimeoutError")
        assert post(url, DESCRIBE)[0] == 404  # others get a response meanwhile
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        connection.setblocking(True)
    with closing(connection):
        assert connection.recv(1) == b""


def test_disconnected_client(nothing_left):
    """A client that disconnected does not disturb the stop."""
    entered = threading.Event()

    def respond(parameters):
        entered.set()
        until(lambda: is_gone(url))
        return {}

    with served() as (registry, url):
        registry.stub("DescribeDBInstances", respond)
        connection = connected(url)
        send(connection, request(query("DescribeDBInstances")))
        assert entered.wait(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
