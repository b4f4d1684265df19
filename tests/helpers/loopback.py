"""Raw HTTP requests to the endpoint."""

import http.client
import re
import socket
import threading
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

from pytest_rds_export import fake_rds_export
from pytest_rds_export._fake import serve
from pytest_rds_export._live.account_view import account_of

VERSION = "2014-10-31"


def query(action, **parameters):
    """Return the body of a request in the query protocol."""
    return urlencode({"Action": action, "Version": VERSION, **parameters}).encode()


CANCEL = query("CancelExportTask", ExportTaskIdentifier="nightly")


def connected(url):
    """Return a socket that is connected to the endpoint."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port))


def request(body, *headers, line="POST / HTTP/1.1"):
    """Return the bytes of a request; ``send`` fills in the port."""
    head = [line, "Host: localhost:PORT", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def send(connection, sent):
    """Send these bytes, with the port of the endpoint for ``PORT``."""
    connection.sendall(sent.replace(b":PORT\r\n", f":{connection.getpeername()[1]}\r\n".encode()))


def exchanged(url, sent):
    """Send these bytes and return everything that is received until the connection closes."""
    with connected(url) as connection:
        try:
            send(connection, sent)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionError:
            return b""


def post(url, body=CANCEL, **headers):
    """Send a request in the query protocol and return the status, headers and body of the response."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", "/", body, names)
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def code(text):
    """Return the code in AWS's error document."""
    (found,) = re.findall("<Code>(.*?)</Code>", text)
    return found


def until(condition):
    """Wait until another thread has made *condition* true."""
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("the condition did not become true")


@contextmanager
def served(*seeds, **options):
    """Serve a registry with these seeds; yields the registry and the URL."""
    with fake_rds_export(*seeds, **options) as registry, serve(account_of(registry)) as url:
        yield registry, url
