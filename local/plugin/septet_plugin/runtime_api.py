"""The Lambda Runtime API (version 2018-06-01) of one execution environment, over loopback.

Paths, headers and statuses follow "Using the Lambda runtime API for custom runtimes" in AWS's developer guide and its OpenAPI file.
"""

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Final

from septet_plugin import answers
from septet_plugin.session import ClosedError, Event, RefusedError, Result, Session

_ROOT: Final = "/2018-06-01/runtime"
_ANSWER: Final = re.compile(rf"{_ROOT}/invocation/(?P<id>[^/]+)/(?P<kind>response|error)")
_CHUNK: Final = 1 << 20


class RuntimeApi:
    """Serves one environment's sessions, one after the other, on a port of its own."""

    def __init__(self) -> None:
        self._session = Session()
        self._stopped = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        """Host and port, as the runtime's client wants them."""
        threading.Thread(target=self._accept, name=f"runtime-api-{self.address}", daemon=True).start()

    def begin(self) -> Session:
        """Start answering for a fresh process; its session is the return value, the former one is closed."""
        self._session.close()
        self._session = Session()
        return self._session

    def stop(self) -> None:
        """Close the port. Connections end with their process or when their session closes."""
        self._stopped = True
        self._session.close()
        try:
            # The accepting thread sleeps in the kernel: a connection of our own is what wakes it on every system.
            socket.create_connection(self._listener.getsockname(), timeout=1).close()
        except OSError:
            self._listener.close()

    def _accept(self) -> None:
        with self._listener:
            while True:
                try:
                    connection, _ = self._listener.accept()
                except OSError:
                    return
                if self._stopped:
                    connection.close()
                    return
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        session = self._session  # a connection belongs to one process, hence to one session
        with connection:
            try:
                _Exchange(connection, session)
            except (OSError, ValueError):
                return  # the process went in the middle of a request, or sent no HTTP; its watcher tells the session


class _Exchange(BaseHTTPRequestHandler):
    """One connection of a runtime process."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body of an answer leave in one packet

    def __init__(self, connection: socket.socket, session: Session) -> None:
        self._session = session
        super().__init__(connection, ("127.0.0.1", 0), None)  # type: ignore[arg-type] # no socketserver behind it

    def log_message(self, *_: object) -> None:
        """Say nothing: the twin's log is for what goes wrong."""

    def do_GET(self) -> None:
        """Answer the runtime's request for an event."""
        self._guarded(self._get)

    def do_POST(self) -> None:
        """Take a result, an error, or the report of a failed initialisation."""
        self._guarded(self._post)

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except RefusedError as refused:
            self._reply(refused.status, {"errorMessage": refused.message, "errorType": refused.error_type})
        except ClosedError:
            self.close_connection = True

    def _get(self) -> None:
        if self.path != f"{_ROOT}/invocation/next":
            raise RefusedError(HTTPStatus.NOT_FOUND, "NotFound", f"No such path: {self.path}")
        event = self._session.next()
        self._send(HTTPStatus.OK, event.payload, _headers(event))

    def _post(self) -> None:
        body, size = self._body()
        if self.path == f"{_ROOT}/init/error":
            self._session.fail_init(self._error(body))
        elif match := _ANSWER.fullmatch(self.path):
            is_error = match["kind"] == "error"
            self._session.respond(match["id"], Result(body=self._error(body) if is_error else body, is_error=is_error), size)
        else:
            raise RefusedError(HTTPStatus.NOT_FOUND, "NotFound", f"No such path: {self.path}")
        self._reply(HTTPStatus.ACCEPTED, {"status": "OK"})

    def _error(self, body: bytes) -> bytes:
        # Without a readable body Lambda builds the error from this header (note at the top of the OpenAPI file).
        return body or answers.document(self.headers.get("Lambda-Runtime-Function-Error-Type", "Runtime.Unknown"), "")

    def _body(self) -> tuple[bytes, int]:
        """Read the request's body: what of it may count as a response, and its whole size."""
        kept, size = bytearray(), 0
        for piece in self._chunked() if "chunked" in self.headers.get("Transfer-Encoding", "").lower() else self._measured():
            size += len(piece)
            if len(kept) <= answers.RESPONSE_LIMIT:
                kept += piece
        return bytes(kept), size

    def _measured(self) -> Iterator[bytes]:
        left = int(self.headers.get("Content-Length") or 0)
        while left and (piece := self.rfile.read(min(left, _CHUNK))):
            left -= len(piece)
            yield piece

    def _chunked(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _reply(self, status: HTTPStatus, content: dict[str, str]) -> None:
        self._send(status, json.dumps(content).encode(), {})

    def _send(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _headers(event: Event) -> dict[str, str]:
    named = {
        "Lambda-Runtime-Aws-Request-Id": event.request_id,
        "Lambda-Runtime-Deadline-Ms": str(event.deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": event.function_arn,
        "Lambda-Runtime-Trace-Id": event.trace_id,
        "Lambda-Runtime-Client-Context": event.client_context,
        "Lambda-Runtime-Cognito-Identity": event.cognito_identity,
    }
    return {name: value for name, value in named.items() if value}
