"""A web page in the developer's browser cannot use the endpoint of a running test."""

import pytest

from helpers.loopback import CANCEL, code, exchanged, request, response_to

pytestmark = pytest.mark.loopback

OTHER_HOSTS = [["evil.example:PORT"], ["localhost"], ["127.0.0.1:1"], ["localhost.evil.example:PORT"], [""], []]
each_method = pytest.mark.parametrize("method", ["GET", "POST"])


def ask(url, method, *headers, hosts=("localhost:PORT",)):
    """Cancel ``nightly`` with these headers, and return the status and the message of the response."""
    body, target = (CANCEL, "/") if method == "POST" else (b"", f"/?{CANCEL.decode()}")
    status, _, text = response_to(url, request(body, *headers, line=f"{method} {target} HTTP/1.1", hosts=hosts))
    if status == 200:
        return status, None
    assert code(text) == "MalformedHttpRequest"
    message = text.partition("<Message>")[2].partition("</Message>")[0]
    return status, message.replace(url.rpartition(":")[2], "PORT")


@each_method
@pytest.mark.parametrize("hosts", [*OTHER_HOSTS, ["localhost:PORT", "localhost:PORT"]], ids=" and ".join)
def test_other_host(method, hosts, rds_export_tasks, rds_export_endpoint):
    """A request to another host or port, as after DNS rebinding, to none or to two, is refused."""
    message = f"The Host header must be '127.0.0.1:PORT' or 'localhost:PORT', got {', '.join(hosts) or 'none'}."
    assert ask(rds_export_endpoint, method, hosts=hosts) == (403, message)
    assert rds_export_tasks.calls == []


@pytest.mark.parametrize("host", ["127.0.0.1:PORT", "localhost:PORT", "LOCALHOST:PORT"])
def test_own_host(host, rds_export_tasks, rds_export_endpoint):
    """The names of the loopback address are accepted with the port."""
    rds_export_tasks.seed("nightly")
    assert ask(rds_export_endpoint, "POST", hosts=[host]) == (200, None)


@each_method
@pytest.mark.parametrize(
    "header",
    [
        *(f"Origin: {value}" for value in ("https://evil.example", "http://localhost:3000", "null", "")),
        *(f"Sec-Fetch-Site: {value}" for value in ("cross-site", "same-site", "same-origin")),
    ],
)
def test_web_page(method, header, rds_export_tasks, rds_export_endpoint):
    """A request with an Origin is refused, and one of an image or a link, which has a Sec-Fetch-Site."""
    message = f"Web pages cannot use this endpoint, and the header {header} is that of a web page."
    assert ask(rds_export_endpoint, method, header) == (403, message)
    assert rds_export_tasks.calls == []


def test_typed_address(rds_export_tasks, rds_export_endpoint):
    """A presigned URL that a person pastes into a browser works."""
    rds_export_tasks.seed("nightly")
    assert ask(rds_export_endpoint, "GET", "Sec-Fetch-Site: none") == (200, None)


def test_refused_connection_is_closed(rds_export_tasks, rds_export_endpoint):
    """A refused request closes the connection, so that nothing after it is read."""
    sent = request(CANCEL, "Origin: null") + request(CANCEL)
    assert exchanged(rds_export_endpoint, sent).count(b"HTTP/1.1 ") == 1
    assert rds_export_tasks.calls == []
