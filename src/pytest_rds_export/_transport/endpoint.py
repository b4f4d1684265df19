"""The same service on a loopback HTTP port, for other processes."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote
from weakref import WeakSet

from botocore.exceptions import ReadTimeoutError

from .. import _clock
from .._failures import Failure
from .._messages import format_choices
from .._protocol import serializer
from .._rds.account import Account
from .._rds.dispatch import UnhandledOperation
from .exchange import HttpRequest, respond, run

_LARGEST_BODY = 16 * 1024 * 1024
_SIGNED_REGION = re.compile(r"Credential=[^/,\s]+/\d{8}/([^/,\s]+)/rds/aws4_request")


class Serving:
    """The server of an account, while it runs."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._server: _Server | None = None

    def begin(self) -> str:
        """Begin to serve the account on an ephemeral loopback port, and return the URL."""
        self._server = server = _Server(self._account)
        server.thread.start()
        return f"http://{server.hosts[0]}"

    def end(self) -> None:
        """End it; afterwards no thread and no socket is left. It may be called again."""
        if self._server is not None:
            self._server.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, account: Account) -> None:
        self.account = account
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="rds-export-endpoint")
        self._connections: WeakSet[socket.socket] = WeakSet()
        # The last line, because it binds the socket: one that is interrupted after it would leave the socket open.
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def hosts(self) -> list[str]:
        """The values of the Host header that are accepted."""
        return [f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore it: clients may disconnect at any time."""

    def close(self) -> None:
        """End every connection and wait for all threads."""
        if self.thread.ident is not None:  # otherwise it has not been started, and ``shutdown`` would wait for it
            self.shutdown()
            self.thread.join()
        for connection in list(self._connections):
            with suppress(OSError):  # it has ended already
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        """Respond to a request of the query protocol: the body or, as in a presigned URL, the query string."""
        body = self._body()
        if body is None:
            return
        if problem := self._find_problem():
            self.send_error(403, problem)
            return
        path, _, query = self.path.partition("?")
        if path != "/":
            self._send_failure(Failure("InvalidAction", http_status=404, message=f"There is no service at {path}."))
            return
        signature = self.headers.get("Authorization") or unquote(query)  # a presigned URL has it in its query string
        signed = _SIGNED_REGION.search(signature)
        http = HttpRequest(
            body or query.encode("latin-1"),
            self.headers,
            self.path,
            region=signed[1] if signed else None,
            invocation_id=self.headers.get("amz-sdk-invocation-id"),
        )
        try:
            self._send(run(respond(self.server.account, http, None)))
        except UnhandledOperation as error:
            self._send_failure(Failure("UnhandledOperation", message=str(error)))
        except ReadTimeoutError:
            self.connection.recv(1)  # until the client or the server ends the connection
            self.close_connection = True
        except Exception:  # noqa: BLE001 - a failure that has no response, or whatever a stub raised
            self.close_connection = True

    do_GET = do_POST  # noqa: N815

    def _find_problem(self) -> str | None:
        """Return why the request is refused if it may come from a web page, which must not change a running test."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            # The page's own name may resolve to the loopback address (DNS rebinding), but browsers send that name.
            return f"The Host header must be {format_choices(self.server.hosts)}, got {', '.join(hosts) or 'none'}."
        for name in ("Origin", "Sec-Fetch-Site"):  # an image or a link of a page has no Origin, only the second
            value = self.headers.get(name)
            if value is not None and (name, value) != ("Sec-Fetch-Site", "none"):  # an address that a person typed
                return f"Web pages cannot use this endpoint, and the header {name}: {value} is that of a web page."
        return None

    def _body(self) -> bytes | None:
        may_lack_length = self.command == "GET" and "Transfer-Encoding" not in self.headers
        length = self.headers.get("Content-Length", "0" if may_lack_length else "")
        if not length.isascii() or not length.isdecimal():
            self.send_error(400 if length else 411)
        elif len(length) > 12 or int(length) > _LARGEST_BODY:
            self.send_error(413)
        elif len(body := self.rfile.read(int(length))) == int(length):
            return body
        return None

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Respond to a malformed HTTP request with AWS's error document."""
        self.close_connection = True
        status = code if code < 500 else 400
        text = message or self.responses[code][0]
        self._send_failure(Failure("MalformedHttpRequest", http_status=status, message=text))

    def _refuse(self) -> None:
        self.send_error(405, f"Send requests to RDS with GET or POST, not {self.command}.")

    do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _refuse  # noqa: N815

    def _send_failure(self, failure: Failure) -> None:
        self._send(serializer.serialize_failure(failure, "", _clock.now()))

    def _send(self, response: serializer.Response) -> None:
        reason = self.responses.get(response.status, ("",))[0]
        head = [
            f"HTTP/1.1 {response.status} {reason}",
            *(f"{name}: {value}" for name, value in response.headers.items()),
        ]
        if self.close_connection:
            head.append("Connection: close")
        body = b"" if self.command == "HEAD" else response.body
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing: the calls are in the registry."""
