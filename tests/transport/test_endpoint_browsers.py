"""A web page in the developer's browser cannot use the endpoint of a running test."""

import http.client
import re
from urllib.parse import urlsplit

import pytest

from helpers.loopback import CANCEL, code, exchanged, request

pytestmark = pytest.mark.loopback


@pytest.fixture
def ask(rds_export_tasks, rds_export_endpoint):
    """Return a function that cancels ``nightly`` with these headers and returns the status and the message."""
    rds_export_tasks.seed("nightly")

    def ask(headers, method="POST", host=None):
        connection = http.client.HTTPConnection(urlsplit(rds_export_endpoint).netloc)
        path, body = ("/", CANCEL) if method == "POST" else (f"/?{CANCEL.decode()}", None)
        if host is not None:
            headers = {**headers, "Host": host.replace("PORT", str(connection.port))}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status == 200:
            return 200, None
        assert code(text) == "MalformedHttpRequest"
        (message,) = re.findall("<Message>(.*)</Message>", text)
        return response.status, message.replace(str(connection.port), "PORT")

    return ask


def is_refused(outcome, message, registry):
    """Return whether the request was refused with this message, before it had any effect."""
    return outcome == (403, message) and registry.calls == [] and registry["nightly"].status == "IN_PROGRESS"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("host", ["evil.example:PORT", "localhost", "127.0.0.1:1", "localhost.evil.example:PORT", ""])
def test_other_host(method, host, ask, rds_export_tasks):
    """A request to another host or port, as after DNS rebinding, is refused."""
    message = f"The Host header must be '127.0.0.1:PORT' or 'localhost:PORT', got {host or 'none'}."
    assert is_refused(ask({}, method, host), message, rds_export_tasks)


@pytest.mark.parametrize(
    ("head", "got"),
    [
        (b"POST / HTTP/1.0\r\n", "none"),
        (b"POST / HTTP/1.1\r\nHost: localhost:PORT\r\nHost: localhost:PORT\r\n", "localhost:PORT, localhost:PORT"),
    ],
    ids=["none", "two"],
)
def test_not_exactly_one_host(head, got, rds_export_tasks, rds_export_endpoint):
    """A request without a Host header, or with two, is refused."""
    sent = head + b"Content-Length: %d\r\n\r\n" % len(CANCEL) + CANCEL
    received = exchanged(rds_export_endpoint, sent).decode()
    assert received.startswith("HTTP/1.1 403 Forbidden\r\n")
    assert f", got {got.replace('PORT', rds_export_endpoint.rpartition(':')[2])}.</Message>" in received
    assert rds_export_tasks.calls == []


@pytest.mark.parametrize("host", ["127.0.0.1:PORT", "localhost:PORT", "LOCALHOST:PORT"])
def test_own_host(host, ask):
    """The names of the loopback address are accepted with the port."""
    assert ask({}, "POST", host) == (200, None)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null", ""])
def test_origin(method, origin, ask, rds_export_tasks):
    """A request with an Origin header is refused, whatever its value."""
    message = f"Web pages cannot use this endpoint, and the header Origin: {origin} is that of a web page."
    assert is_refused(ask({"Origin": origin}, method), message, rds_export_tasks)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin"])
def test_image_or_link_of_a_page(site, ask, rds_export_tasks):
    """A GET of a page's image or link, which has no Origin, is refused for its Sec-Fetch-Site."""
    message = f"Web pages cannot use this endpoint, and the header Sec-Fetch-Site: {site} is that of a web page."
    assert is_refused(ask({"Sec-Fetch-Site": site}, "GET"), message, rds_export_tasks)


def test_typed_address(ask):
    """A presigned URL that a person pastes into a browser works."""
    assert ask({"Sec-Fetch-Site": "none"}, "GET") == (200, None)


def test_refused_connection_is_closed(rds_export_tasks, rds_export_endpoint):
    """A refused request closes the connection, so that nothing after it is read."""
    rds_export_tasks.seed("nightly")
    sent = request(CANCEL, "Origin: null") + request(CANCEL)
    assert exchanged(rds_export_endpoint, sent).count(b"HTTP/1.1 ") == 1
    assert rds_export_tasks.calls == []
