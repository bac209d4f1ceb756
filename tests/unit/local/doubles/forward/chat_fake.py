"""A fake of an OpenAI-compatible chat server: it answers over HTTP what a test lays out, and keeps what it was asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass(kw_only=True)
class ChatFake:
    """Set the answer, then ask."""

    url: str
    status: int = 200
    body: Any = None
    """JSON, or text that is sent as it is."""
    chunks: list[Any] | None = None
    """Server-sent events instead of a body; a trailing None hangs up instead of `[DONE]`."""
    models: list[str] = field(default_factory=lambda: ["only-model"])
    silent: bool = False
    """Never answer."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    released: Event = field(default_factory=Event)


@contextmanager
def chat_fake() -> Iterator[ChatFake]:
    """Serve a fake until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    fake = ChatFake(url=f"http://127.0.0.1:{server.server_address[1]}/v1")
    server.RequestHandlerClass = _handler(fake)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        fake.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(fake: ChatFake) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, "application/json", json.dumps({"data": [{"id": name} for name in fake.models]}))

        def do_POST(self) -> None:
            fake.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            fake.headers = dict(self.headers)
            if fake.silent:
                fake.released.wait(30)
            elif fake.chunks is None or fake.status != 200:
                text = fake.body if isinstance(fake.body, str) else json.dumps(fake.body)
                self._send(fake.status, "application/json", text)
            else:
                events = [": a comment\n\n", *(f"data: {json.dumps(chunk)}\n\n" for chunk in fake.chunks if chunk is not None)]
                whole = "".join(events)
                if fake.chunks[-1:] == [None]:
                    self._send(200, "text/event-stream", whole, longer=1)
                else:
                    self._send(200, "text/event-stream", f"{whole}data: [DONE]\n\n")

        def _send(self, status: int, kind: str, text: str, longer: int = 0) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode()) + longer))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    return Handler
