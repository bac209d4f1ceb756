"""A server on this machine that answers as a test says, byte by byte if need be."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass(kw_only=True)
class Served:
    """What came in, and where."""

    url: str
    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    over: Event = field(default_factory=Event)
    """Set when the test is over: whoever answers for ever stops then."""


type Answer = Callable[[BaseHTTPRequestHandler, Served], None]


def answering(body: bytes, *, status: int = 200, length: int | None = None, kind: str = "application/json") -> Answer:
    """Answer with *body*; *length* may promise another one."""

    def act(handler: BaseHTTPRequestHandler, _: Served) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)

    return act


def endless(piece: bytes, *, pause: float = 0.0) -> Answer:
    """Answer without an end, a *piece* at a time."""

    def act(handler: BaseHTTPRequestHandler, served: Served) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not served.over.wait(pause):
            handler.wfile.write(piece)
            handler.wfile.flush()

    return act


def silent(_: BaseHTTPRequestHandler, served: Served) -> None:
    """Answer nothing."""
    served.over.wait(30)


def hanging_up(handler: BaseHTTPRequestHandler, _: Served) -> None:
    """End the connection without a word."""
    handler.close_connection = True


@contextmanager
def serving(answer: Answer) -> Iterator[Served]:
    """A server that answers every POST so."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            served.paths.append(self.path)
            served.headers.append({name.lower(): value for name, value in self.headers.items()})
            served.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            try:
                answer(self, served)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Served(url=f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
