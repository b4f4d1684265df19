"""HTTP as it goes over the loopback interface, byte by byte."""

import http.client
import re
import socket
import threading
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

from pytest_rds_export._fake import activate
from pytest_rds_export._rds.account import Account
from pytest_rds_export._rds.options import Options
from pytest_rds_export._rds.registry import ExportTaskRegistry
from pytest_rds_export._transport.endpoint import endpoint

VERSION = "2014-10-31"


def query(action, **parameters):
    """The body of a request of the query protocol."""
    return urlencode({"Action": action, "Version": VERSION, **parameters}).encode()


CANCEL = query("CancelExportTask", ExportTaskIdentifier="nightly")


def connected(url):
    """A socket that is connected to the endpoint."""
    where = urlsplit(url)
    return socket.create_connection((where.hostname, where.port))


def request(body, *headers, line="POST / HTTP/1.1"):
    """The bytes of a request."""
    head = [line, "Host: localhost", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def exchanged(url, sent):
    """All that comes back for these bytes, up to the end of the connection."""
    with connected(url) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionError:
            return b""


def post(url, body=CANCEL, **headers):
    """The status, headers and text of the answer to a request of the query protocol."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", "/", body, names)
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def code(text):
    """The code of AWS's error document."""
    (found,) = re.findall("<Code>(.*?)</Code>", text)
    return found


def until(condition):
    """Wait for what another thread is about to do."""
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it never came to pass")


@contextmanager
def served(*seeds, **options):
    """A registry with these seeds, and the URL where it is served."""
    account = Account(Options.of(options))
    registry = ExportTaskRegistry.of(account.region())
    registry.seed_all(seeds)
    with activate(account), endpoint(account) as url:
        yield registry, url
