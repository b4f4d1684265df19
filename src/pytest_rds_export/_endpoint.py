"""The same service on a loopback HTTP port, for other processes."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from . import _failures, _wire
from ._exchange import Exchange
from ._failures import Failure, Fault
from ._registry import ExportTaskRegistry

_LARGEST_BODY = 16 * 1024 * 1024
_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/([a-z0-9-]+)/rds/aws4_request")
_FIRST = re.compile(r"\battempt=1\b")


@contextmanager
def endpoint(registry: ExportTaskRegistry) -> Iterator[str]:
    """Serve *registry* on an ephemeral loopback port; gives the URL. Afterwards no thread and no socket is left."""
    server = _Server(registry)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="rds-export-endpoint")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, registry: ExportTaskRegistry) -> None:
        self.registry = registry
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that went away is no news."""

    def close(self) -> None:
        """Wake and end every connection, then wait for their threads."""
        with self._lock:
            waiting = list(self._open)
        for connection in waiting:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        """Answer a request of the query protocol."""
        body = self._body()
        if body is None:
            return
        registry = self.server.registry
        try:
            if self.path.split("?")[0] != "/":
                raise _failures.fault("InvalidAction", f"There is no service at {self.path}.", 404)
            exchange = Exchange(
                registry,
                body,
                operation=None,
                region=self._region(),
                invocation=self.headers.get("amz-sdk-invocation-id"),
                first=_FIRST.search(self.headers.get("amz-sdk-request", "attempt=1")) is not None,
            )
        except Fault as fault:
            self._send(_wire.write_failure(fault.failure, "", registry._now()))
            return
        response = self._answer(exchange)
        if response is None:
            self.close_connection = True
        else:
            self._send(response)

    def _region(self) -> str | None:
        """The region that the request is signed for; None for an unsigned one."""
        scope = _SCOPE.search(self.headers.get("Authorization", ""))
        return scope[1] if scope else None

    def _answer(self, exchange: Exchange) -> _wire.Response | None:
        """The answer; None to close the connection without one."""
        name = exchange.call.operation
        try:
            result = exchange.answer()
            if result is not None:
                return exchange.succeed(result)
            raise Fault(Failure("UnansweredOperation", name, message=str(exchange.unanswered(in_process=False))))
        except Fault as fault:
            response = exchange.fail(fault.failure)
            if response is None and fault.failure.name == "ReadTimeoutError":
                self._hold()
            return response
        except Exception as error:  # noqa: BLE001
            exchange.broke(error)
            return None

    def _hold(self) -> None:
        """Hold the answer back until the client gives up or the server stops."""
        self.connection.recv(1)

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdecimal():
            self.send_error(400 if length else 411)
            return None
        if len(length) > 12 or int(length) > _LARGEST_BODY:
            self.send_error(413)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer a malformed HTTP request with AWS's error document."""
        self.close_connection = True
        status = code if 400 <= code < 500 else 400
        text = message or self.responses.get(code, ("Bad Request",))[0]
        failure = Failure("MalformedHttpRequest", http_status=status, message=text)
        self._send(_wire.write_failure(failure, "", self.server.registry._now()))

    def _refuse(self) -> None:
        self.send_error(405, f"RDS is asked with POST, not {self.command}.")

    do_GET = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _refuse  # noqa: N815

    def _send(self, response: _wire.Response) -> None:
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
        """Nothing: the calls are in the registry."""
