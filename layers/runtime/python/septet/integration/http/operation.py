"""What an operation of the API is: a row of the table that the router serves and the document describes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel

from septet.core.traces import Context
from septet.integration.http import models
from septet.integration.ports import Ports, Principal


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request whose sender is known and whose parts are read."""

    principal: Principal
    name: str
    """The id in the path; empty where there is none."""
    query: Any
    """Of the operation's query model."""
    body: Any
    """Of the operation's body model."""
    key: str | None
    """The idempotency key, where the operation takes one."""
    left: Callable[[], int]
    """Milliseconds that the function may still take to answer."""
    trace: Context | None = None
    """The trace that the request belongs to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What is answered."""

    answer: BaseModel
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One thing the API can do."""

    id: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    """With one id in braces, which names a pattern in ``operations.PATTERNS``, or without."""
    summary: str
    act: Callable[[Call, Ports], Reply]
    answer: type[BaseModel]
    status: HTTPStatus = HTTPStatus.OK
    query: type[BaseModel] = models.Strict
    body: type[BaseModel] | None = None
    keyed: bool = False
    """Takes an idempotency key."""
    location: str = ""
    """What the header Location of the answer leads to; empty when there is none."""
    conflicts: str = ""
    """When the answer is 409; empty when it never is."""
    exhausts: str = ""
    """When the answer is 429; empty when it never is, but for API Gateway's own."""
