"""The API against its own description, over loopback HTTP: broad, for it is fast. The twin's test goes through the gateway."""

from __future__ import annotations

import base64
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from tests import schema_runs
from tests.unit.integration.http.conftest import CONTEXT, event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from septet.integration.http.application import Api


class Gateway:
    """A double of API Gateway: a WSGI application that makes a proxy event of a request, bodies in base64 as for binary types."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers = {name[5:].replace("_", "-").title(): [value] for name, value in environ.items() if name.startswith("HTTP_")}
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = [environ["CONTENT_TYPE"]]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = self._api(
            event(
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"].encode("latin-1").decode(errors="replace"),
                headers=headers,
                query=parse_qs(environ["QUERY_STRING"], keep_blank_values=True),
                body=base64.b64encode(body).decode(),
                isBase64Encoded=True,
            ),
            CONTEXT,
        )
        told = [(name, value) for name, values in answer["multiValueHeaders"].items() for value in values]
        start_response(f"{answer['statusCode']} told", told)
        return [answer["body"].encode()]


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def base(client: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, Gateway(client.api), handler_class=Quiet)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.timeout(400)  # forty examples of each operation, on a machine that has other work as well
def test_what_the_document_says_is_what_is_done(base: str, office: Any, tmp_path: Path) -> None:
    office.ask(office.start())
    done = schema_runs.run(base, "acme/ann/admin", folder=tmp_path, examples=40)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
