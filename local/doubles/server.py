"""The loopback HTTP server: threads, keep-alive, bounds, and the raw control of a connection that a dropped one needs.

The standard library's threading server, because it hands over the socket: no framework lets an answer end in the middle.
"""

import logging
import socket
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from threading import Condition, Event, Thread
from time import monotonic
from typing import Any, Self

from local.doubles.connection import Connection
from local.doubles.exchange import Answer, Request

_LOG = logging.getLogger(__name__)
_MOST_CONNECTIONS = 512
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_GRACE = 5.0
"""Seconds that answers under way get when the server stops."""

type Application = Callable[[Request], Answer]


class DoublesServer(ThreadingHTTPServer):
    """Serves an application on 127.0.0.1. Use it as a context manager, or `start` and `stop` it once."""

    daemon_threads = True
    block_on_close = False  # `stop` waits itself, and not for ever
    request_queue_size = 128

    def __init__(self, *, port: int, most_connections: int = _MOST_CONNECTIONS) -> None:
        """Bind to *port* (0: any free one); OSError when it is busy. Nothing is served before `start`."""
        super().__init__(("127.0.0.1", port), Connection)
        self.stopping = Event()
        self.application: Application | None = None
        self._most = most_connections
        self._open: set[socket.socket] = set()
        self._changed = Condition()
        self._accepting = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="doubles", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self.server_address[1])

    def start(self, application: Application) -> Self:
        """Serve *application* from now on."""
        self.application = application
        self._accepting.start()
        return self

    def stop(self) -> None:
        """Accept nothing more, wake what waits, let answers under way finish for a few seconds, then close what is left."""
        self.stopping.set()
        if self._accepting.is_alive():
            self.shutdown()
            self._accepting.join()
        self.server_close()
        self._close_connections(socket.SHUT_RD)
        end = monotonic() + _GRACE
        with self._changed:
            while self._open and (left := end - monotonic()) > 0:
                self._changed.wait(left)
        self._close_connections(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread, or turn it away when there are too many."""
        with self._changed:
            full = len(self._open) >= self._most
            if not full:
                self._open.add(request)
        if full:
            _LOG.warning("%d connections are open: turning one away", self._most)
            request.sendall(_FULL)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and forget it."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 (the standard library's signature)
        """Log what a connection's thread died of, in our log rather than bare on standard error."""
        _LOG.exception("a connection failed: a fault of the doubles")

    def _close_connections(self, how: int) -> None:
        with self._changed:
            for connection in self._open:
                try:
                    connection.shutdown(how)
                except OSError:
                    _LOG.debug("a connection had gone by itself")
