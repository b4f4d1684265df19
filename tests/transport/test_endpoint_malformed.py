"""A request that is not valid gets AWS's error document with a 4xx or a closed connection; the server continues."""

import random
import re
import xml.etree.ElementTree as ET
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.loopback import CANCEL, code, exchanged, post, query, request, response_to, served

pytestmark = pytest.mark.loopback

NOISE = random.Random(1).randbytes(1024 * 1024)
SIGNED_FOR_X = "Authorization: Credential=testing/20260301/x/rds/aws4_request"
HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\n"

REFUSED = {
    "PUT": (request(CANCEL, line="PUT / HTTP/1.1"), 405),
    "unknown method": (request(CANCEL, line="BREW / HTTP/1.1"), 400),
    "HTTP/0.9 with POST": (b"POST /\r\n\r\n", 400),
    "HTTP/9.9": (request(CANCEL, line="POST / HTTP/9.9"), 400),
    "no HTTP version": (request(CANCEL, line="POST / FTP"), 400),
    "half a line": (b"POST / HT", 400),
    "half a head": (HEAD, 411),
    "not HTTP": (b"nonsense\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "long line": (b"POST /" + b"x" * 70000 + b" HTTP/1.1\r\n\r\n", 414),
    "long header": (HEAD + b"X: " + b"x" * 70000 + b"\r\n\r\n", 431),
    "too many headers": (HEAD + b"X: x\r\n" * 200 + b"\r\n", 431),
    "no length": (HEAD + b"\r\n", 411),
    "empty length": (HEAD + b"Content-Length:\r\n\r\n", 411),
    "chunked": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nActio\r\n0\r\n\r\n", 411),
    "chunked GET": (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    "negative length": (HEAD + b"Content-Length: -1\r\n\r\n", 400),
    "length in words": (HEAD + b"Content-Length: all\r\n\r\n", 400),
    "length in Arabic digits": (HEAD + "Content-Length: ٣\r\n\r\n".encode(), 400),
    "huge length": (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
    "huge length after zeros": (HEAD + b"Content-Length: 000000000000" + b"9" * 14 + b"\r\n\r\n", 413),
    "twelve digits": (HEAD + b"Content-Length: 999999999999\r\n\r\n", 413),
    "length over 16 MiB": (HEAD + b"Content-Length: 16777217\r\n\r\n", 413),
}

# Those of the endpoint itself, and the phrases of the status that http.server refuses requests with.
MESSAGES = {
    405: "Send requests to RDS with GET or POST, not PUT.</Message>",
    **{status: f"{HTTPStatus(status).phrase}</Message>" for status in (411, 413, 414)},
}

CLOSED = {
    "nothing": b"",
    "half a body": request(CANCEL)[:-5],
    "no body of 16 MiB": HEAD + b"Content-Length: 16777216\r\n\r\n",
    "empty lines": b"\r\n\r\n",
}

BODIES = {
    "noise": (NOISE, "MalformedQueryString", 404),
    "nothing": (b"", "MissingAction", 400),
    "markup in Action": (query("<&>\x00"), "InvalidAction", 400),
    "long number": (query("DescribeExportTasks", MaxRecords="9" * 5000), "InvalidParameterValue", 400),
    "deep name": (query("DescribeExportTasks", **{"Marker" + ".x" * 50000: 1}), "InvalidParameterValue", 400),
}


@pytest.fixture
def url(rds_export_tasks, rds_export_endpoint):
    """Yield the endpoint's URL; after the test, check that it still works."""
    rds_export_tasks.seed("nightly")
    yield rds_export_endpoint
    status, _, text = post(rds_export_endpoint)
    assert (status, re.findall("<Status>(.*)</Status>", text)) == (200, ["CANCELING"])


def assert_error_document(text):
    """Assert that a text is AWS's error document, and blames the sender."""
    root = ET.fromstring(text)
    namespace = "{http://rds.amazonaws.com/doc/2014-10-31/}"
    assert [child.tag.removeprefix(namespace) for child in root] == ["Error", "RequestId"]
    assert [child.tag.removeprefix(namespace) for child in root[0]] == ["Type", "Code", "Message"]
    assert root[0][0].text == "Sender"
    assert "Traceback" not in text


def test_http_0_9(url):
    """A request of HTTP/0.9, which has no headers, is refused or, from Python 3.14 on, gets no response."""
    received = exchanged(url, b"GET /\r\n\r\n")
    assert (received[:13] or b"HTTP/1.1 403 ") == b"HTTP/1.1 403 "


@pytest.mark.parametrize("case", REFUSED)
def test_http(case, url):
    """A request that is not valid HTTP, or not a POST with a length, is refused and the connection closed."""
    sent, status = REFUSED[case]
    found, head, body = response_to(url, sent)
    assert found == status
    assert head.endswith("Connection: close")
    assert_error_document(body)
    assert f"<Message>{MESSAGES.get(status, '')}" in body


def test_head(url):
    """A HEAD request is refused without a body."""
    status, _, body = response_to(url, request(b"", line="HEAD / HTTP/1.1"))
    assert (status, body) == (405, "")


@pytest.mark.parametrize("case", CLOSED)
def test_incomplete(case, url):
    """A request that breaks off closes the connection without a response."""
    assert exchanged(url, CLOSED[case]) == b""


@pytest.mark.parametrize("case", BODIES)
def test_body(case, url):
    """A body that is not valid gets the error that AWS returns."""
    body, expected, expected_status = BODIES[case]
    status, headers, text = post(url, body)
    assert (status, code(text)) == (expected_status, expected)
    assert headers["Content-Type"] == "text/xml"
    assert_error_document(text)


@pytest.mark.parametrize("path", ["/tasks", "/tasks?x=/", "*", "http://localhost/"])
def test_path(path, url):
    """A path other than the root is refused."""
    status, _, body = response_to(url, request(CANCEL, line=f"POST {path} HTTP/1.1"))
    assert (status, code(body)) == (404, "InvalidAction")
    assert f"<Message>There is no service at {path.partition('?')[0]}.</Message>" in body


names = st.sampled_from(
    ["Action", "Version", "Filters", "Filters.Filter.1.Name", "MaxRecords", "Marker", "=", "a.b", ""]
)
values = st.one_of(st.sampled_from(["CancelExportTask", "DescribeExportTasks", "2014-10-31", "%", "<"]), st.text())
queries = st.lists(st.tuples(names, values)).map(
    lambda pairs: "&".join(f"{n}={v}" for n, v in pairs).encode("utf-8", "replace")
)


def test_any_request():
    """No request gets a 5xx or stops the server."""
    with served("nightly", assert_all_handled=False) as (_registry, url):

        @given(st.one_of(queries.map(request), queries.map(lambda q: request(q, SIGNED_FOR_X)), st.binary()))
        def check(sent):
            response = exchanged(url, sent)
            assert response == b"" or re.match(rb"HTTP/1\.1 (200|4\d\d) ", response)

        check()
        assert post(url)[0] == 200
