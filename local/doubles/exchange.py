"""One HTTP exchange, apart from any server: a request, and the ways to answer it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Request:
    """What came in. The path is as sent, still percent-encoded, without its query."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    authorization: str = ""
    """The header; whose signature it is. Nobody checks it."""
    content_type: str = ""
    """The header."""
    encoding: str = ""
    """The header Content-Encoding."""


@dataclass(frozen=True, kw_only=True)
class Response:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Streamed:
    """A 200 answer in parts; when the iterator raises ConnectionDropped, the connection ends in the middle."""

    headers: dict[str, str]
    parts: Iterator[bytes]


@dataclass(frozen=True, kw_only=True)
class HungUp:
    """No answer, or the first half of one: the connection is closed."""

    half_of: Response | None = None
    pause: float = 0
    """Seconds of silence before the end."""


type Answer = Response | Streamed | HungUp


def json_response(status: int, body: dict[str, Any]) -> Response:
    """Answer with JSON, indented for the person who reads it with curl."""
    return Response(status=status, headers={"Content-Type": "application/json"}, body=json.dumps(body, indent=1).encode() + b"\n")
