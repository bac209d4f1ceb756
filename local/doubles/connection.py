"""One client's connection: reads requests within bounds, writes answers, and can break off in the middle of one."""

import logging
from contextlib import closing
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from local.doubles.answer import ConnectionDropped
from local.doubles.exchange import HungUp, Request, Response, Streamed, json_response

if TYPE_CHECKING:
    from local.doubles.server import DoublesServer

_LOG = logging.getLogger(__name__)
_LONGEST_BODY = 25 * 1024 * 1024
_IDLE_SECONDS = 1800
"""Longer than a function's process is kept: a connection that ends from here is lost when its client sends a request in that moment."""
_OURS = {"127.0.0.1", "localhost", "[::1]"}
"""Hosts a client may have meant; a browser led here under another name is turned away."""


class Connection(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive. The server's application answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS

    def handle_one_request(self) -> None:
        """Answer one request; a client that goes away ends the connection and is no error."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _serve(self) -> None:
        server = cast("DoublesServer", self.server)
        body = self._body()
        if isinstance(body, Response):
            self.close_connection = True
            self._write(body)
            return
        path, _, query = self.path.partition("?")
        request = Request(
            method=self.command,
            path=path,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            body=body,
            authorization=self.headers.get("Authorization", ""),
            content_type=self.headers.get("Content-Type", ""),
            encoding=self.headers.get("Content-Encoding", "").lower(),
        )
        if server.application is None:
            raise TypeError("the server was not started with an application")
        answer = server.application(request)
        self.close_connection = self.close_connection or server.stopping.is_set()
        match answer:
            case Response():
                self._write(answer)
            case Streamed():
                self._stream(answer)
            case HungUp():
                self._hang_up(answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve  # noqa: N815 (the standard library looks for these names)

    def _body(self) -> bytes | Response:
        """Read the body, or say why it is not read."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host not in _OURS:
            return json_response(HTTPStatus.MISDIRECTED_REQUEST, {"message": f"this server is 127.0.0.1, not '{host}'"})
        if self.headers.get("Transfer-Encoding"):
            return json_response(HTTPStatus.LENGTH_REQUIRED, {"message": "send a Content-Length; chunked bodies are not read"})
        told = self.headers.get("Content-Length", "0")
        if not (told.isascii() and told.isdecimal()):
            return json_response(HTTPStatus.BAD_REQUEST, {"message": f"Content-Length is '{told}': give a whole number"})
        if int(told) > _LONGEST_BODY:
            return json_response(HTTPStatus.CONTENT_TOO_LARGE, {"message": f"the body has {told} bytes, over the limit of {_LONGEST_BODY}"})
        body = self.rfile.read(int(told))
        if len(body) < int(told):
            raise ConnectionResetError("the client went away in the middle of a body")
        return body

    def _write(self, answer: Response) -> None:
        body = b"" if self.command == "HEAD" else answer.body
        self.wfile.write(self._head(answer.status, {**answer.headers, "Content-Length": str(len(answer.body))}) + body)

    def _stream(self, answer: Streamed) -> None:
        self.wfile.write(self._head(HTTPStatus.OK, {**answer.headers, "Transfer-Encoding": "chunked"}))
        with closing(cast("Any", answer.parts)) as parts:
            try:
                for part in parts:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            except ConnectionDropped:
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def _hang_up(self, answer: HungUp) -> None:
        self.close_connection = True
        if answer.half_of is not None:
            whole = answer.half_of
            head = self._head(whole.status, {**whole.headers, "Content-Length": str(len(whole.body))})
            self.wfile.write(head + whole.body[: len(whole.body) // 2])
            cast("DoublesServer", self.server).stopping.wait(answer.pause)

    def _head(self, status: int, headers: dict[str, str]) -> bytes:
        connection = {"Connection": "close"} if self.close_connection else {}
        lines = [f"{name}: {value}" for name, value in {**headers, **connection}.items()]
        return "\r\n".join([f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *lines, "", ""]).encode("latin-1")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the standard library's name)
        """Keep the standard library's lines out of the log unless it is asked for everything."""
        _LOG.debug(format, *args)
