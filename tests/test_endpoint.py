"""rds_export_endpoint: the same service for other processes, and a clean stop."""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from _loopback import CANCEL, code, connected, exchanged, post, query, request, served, until
from pytest_rds_export import ExportTask

pytestmark = pytest.mark.loopback

DESCRIBE = query("DescribeExportTasks", ExportTaskIdentifier="nightly")
CHILD = """
import boto3, json, time
time.sleep = lambda seconds: None
client = boto3.client("rds")
print(json.dumps([client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"], client.meta.endpoint_url]))
"""


def test_a_child_process_needs_nothing(rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.seed("nightly", percent_progress=42)
    rds_export_tasks.inject("Throttling", operation="CancelExportTask", times=1)

    child = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, check=True)

    assert json.loads(child.stdout) == ["CANCELING", rds_export_endpoint]
    assert rds_export_tasks["nightly"].status == "CANCELING"
    (call,) = rds_export_tasks.calls_to("CancelExportTask")
    assert (call.attempts, call.http_status, call.error_code) == (2, 200, None)
    assert call.parameters == {"ExportTaskIdentifier": "nightly"}
    assert call.response["PercentProgress"] == 42


def test_the_environment_tells_a_child_where_to_go_past_any_proxy(rds_export_endpoint):
    assert os.environ["AWS_ENDPOINT_URL_RDS"] == rds_export_endpoint
    assert "127.0.0.1" in os.environ["NO_PROXY"].split(",")


def test_an_answer_has_aws_s_headers(rds_export_tasks, rds_export_clock, rds_export_endpoint):
    rds_export_tasks.seed("nightly")
    status, headers, text = post(rds_export_endpoint)
    assert (status, headers["Content-Type"]) == (200, "text/xml")
    assert f"<RequestId>{headers['x-amzn-RequestId']}</RequestId>" in text
    assert headers["Date"] == "Thu, 01 Jan 2026 00:00:00 GMT"


def test_sends_with_one_invocation_id_are_attempts_of_one_call(rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("ServiceUnavailable", times=1)

    first = post(rds_export_endpoint, amz_sdk_invocation_id="one", amz_sdk_request="attempt=1")
    second = post(rds_export_endpoint, amz_sdk_invocation_id="one", amz_sdk_request="attempt=2; max=3")
    other = post(rds_export_endpoint, DESCRIBE, amz_sdk_invocation_id="two", amz_sdk_request="attempt=1")

    assert [status for status, _, _ in (first, second, other)] == [503, 200, 200]
    assert [call.attempts for call in rds_export_tasks.calls] == [2, 1]


def test_a_call_may_have_ten_attempts_and_more(rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.inject("ServiceUnavailable")

    for attempt in range(1, 13):
        post(rds_export_endpoint, amz_sdk_invocation_id="one", amz_sdk_request=f"attempt={attempt}; max=12")

    assert [call.attempts for call in rds_export_tasks.calls] == [12]


def test_sends_without_an_invocation_id_are_calls_of_their_own(rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.inject("ServiceUnavailable", times=2)

    for attempt in (1, 2):
        post(rds_export_endpoint, amz_sdk_request=f"attempt={attempt}; max=3")

    assert [call.attempts for call in rds_export_tasks.calls] == [1, 1]


def test_a_signed_request_goes_to_the_region_of_its_signature_an_unsigned_one_home(
    rds_export_tasks, rds_export_endpoint
):
    rds_export_tasks.seed_all([ExportTask("nightly", region="eu-west-1")])
    scope = "AWS4-HMAC-SHA256 Credential=testing/20260301/{}/rds/aws4_request, SignedHeaders=host, Signature=0"

    assert code(post(rds_export_endpoint, DESCRIBE)[2]) == "ExportTaskNotFound"
    assert post(rds_export_endpoint, DESCRIBE, Authorization=scope.format("eu-west-1"))[0] == 200
    assert [call.region for call in rds_export_tasks.calls] == ["us-east-1", "eu-west-1"]


def test_a_connection_is_kept_for_the_next_request(rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.seed("nightly")
    answers = exchanged(rds_export_endpoint, request(CANCEL) + request(DESCRIBE))
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 2


@pytest.mark.parametrize(
    "name", ["ConnectTimeoutError", "EndpointConnectionError", "ConnectionClosedError", "SSLError"]
)
def test_a_lost_connection_is_closed_without_an_answer(name, rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.seed("nightly")
    with rds_export_tasks.inject(name, operation="CancelExportTask", times=1):
        assert exchanged(rds_export_endpoint, request(CANCEL)) == b""
    assert (rds_export_tasks.calls[0].http_status, rds_export_tasks.calls[0].error_code) == (None, name)
    assert rds_export_tasks["nightly"].status == "IN_PROGRESS"


def test_a_lost_answer_has_taken_effect(rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("ConnectionClosedError", operation="CancelExportTask", times=1, applied=True)
    assert exchanged(rds_export_endpoint, request(CANCEL)) == b""
    assert rds_export_tasks["nightly"].status == "CANCELING"


def test_a_truncated_answer_breaks_off(rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.inject("TruncatedResponse", operation="CancelExportTask")
    status, headers, text = post(rds_export_endpoint)
    assert (status, headers["Content-Length"]) == (200, str(len(text)))
    assert text.startswith("<CancelExportTaskResponse ")
    assert not text.endswith("</CancelExportTaskResponse>")


def test_a_proxy_s_page_is_html(rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.inject("ProxyErrorPage", operation="CancelExportTask")
    status, headers, text = post(rds_export_endpoint)
    assert (status, headers["Content-Type"]) == (502, "text/html")
    assert text.startswith("<html>")


def test_an_exception_that_was_injected_closes_the_connection(rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.inject(OSError("no route"), operation="CancelExportTask")
    assert exchanged(rds_export_endpoint, request(CANCEL)) == b""
    assert rds_export_tasks.calls[0].error_code == "OSError"


def test_a_held_answer_ends_when_the_client_gives_up(rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.inject("ReadTimeoutError", operation="CancelExportTask", times=1)
    assert exchanged(rds_export_endpoint, request(CANCEL)) == b""
    assert rds_export_tasks.calls[0].error_code == "ReadTimeoutError"


def test_a_stub_answers_another_operation(rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.stub("DescribeDBInstances", {"DBInstances": [{"DBInstanceIdentifier": "orders"}]})
    status, _, text = post(rds_export_endpoint, query("DescribeDBInstances"))
    assert status == 200
    assert "<DBInstanceIdentifier>orders</DBInstanceIdentifier>" in text


def test_what_nobody_answers_is_refused_and_listed_at_the_end(pytester):
    pytester.makepyfile(
        """
        from urllib.error import HTTPError
        from urllib.request import urlopen
        import pytest

        def test_it(rds_export_endpoint):
            with pytest.raises(HTTPError) as caught:
                urlopen(rds_export_endpoint, b"Action=DescribeDBInstances&Version=2014-10-31")
            with caught.value as answer:
                assert answer.code == 400
                text = answer.read().decode()
            assert "<Code>UnansweredOperation</Code>" in text
            assert ". Ways out: rds_export_tasks.stub('DescribeDBInstances', response)</Message>" in text
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["DescribeDBInstances was called in us-east-1 and nobody answered; *"])


def test_of_many_cancels_at_once_one_succeeds(rds_export_tasks, rds_export_endpoint):
    rds_export_tasks.seed("nightly")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(rds_export_endpoint), range(16)))
    assert sorted(status for status, _, _ in answers) == [200] + [400] * 15
    assert {code(text) for status, _, text in answers if status == 400} == {"InvalidExportTaskStateFault"}


@pytest.mark.parametrize("first", ["rds_export_clock", "rds_export_endpoint"])
def test_a_frozen_clock_does_not_break_it(first, request, rds_export_tasks):
    request.getfixturevalue(first)
    clock, url = request.getfixturevalue("rds_export_clock"), request.getfixturevalue("rds_export_endpoint")
    rds_export_tasks.seed("nightly", status="STARTING")
    clock.tick(minutes=12, seconds=30)
    assert "<PercentProgress>50</PercentProgress>" in post(url, DESCRIBE)[2]
    clock.tick(days=1)
    assert "<Status>COMPLETE</Status>" in post(url, DESCRIBE)[2]
    assert rds_export_tasks["nightly"].task_end_time == clock.now - timedelta(days=1) + timedelta(minutes=2.5)


def open_files():
    return sorted(path.name for path in Path("/dev/fd").iterdir())


@pytest.fixture
def nothing_left():
    """Threads and open files are afterwards what they were before."""
    before = set(threading.enumerate()), open_files()
    yield
    assert (set(threading.enumerate()), open_files()) == before


def is_gone(url):
    """Whether nobody listens there any more."""
    try:
        connected(url).close()
    except ConnectionRefusedError:
        return True
    return False


def test_after_a_clean_stop_the_port_is_closed(nothing_left):
    with served("nightly") as (_registry, url):
        assert post(url)[0] == 200
    assert is_gone(url)


def test_an_error_of_the_test_stops_it_too(nothing_left):
    with pytest.raises(ZeroDivisionError), served() as (_registry, url):
        raise ZeroDivisionError
    assert is_gone(url)


@pytest.mark.parametrize("sent", [b"", b"POST / HTT", request(b"Action=")[:-3], request(CANCEL)])
def test_an_open_connection_is_ended_by_the_stop(sent, nothing_left):
    with served("nightly") as (_registry, url):
        connection = connected(url)
        connection.sendall(sent)
        if sent == request(CANCEL):  # answered, and now idle
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        else:
            post(url)  # the server has got as far as to accept the earlier one
    with closing(connection):
        assert connection.recv(1) == b""


def test_a_held_answer_is_ended_by_the_stop(nothing_left):
    with served() as (registry, url):
        registry.inject("ReadTimeoutError", operation="CancelExportTask")
        connection = connected(url)
        connection.sendall(request(CANCEL))
        until(lambda: registry.calls and registry.calls[0].error_code == "ReadTimeoutError")
        assert post(url, DESCRIBE)[0] == 404  # others are answered meanwhile
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        connection.setblocking(True)
    with closing(connection):
        assert connection.recv(1) == b""


def test_a_client_that_broke_off_does_not_disturb_the_stop(nothing_left):
    entered = threading.Event()

    def answer(parameters):
        entered.set()
        until(lambda: is_gone(url))
        return {}

    with served() as (registry, url):
        registry.stub("DescribeDBInstances", answer)
        connection = connected(url)
        connection.sendall(request(query("DescribeDBInstances")))
        assert entered.wait(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
