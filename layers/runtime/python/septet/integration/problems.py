"""Why a request is not done, as RFC 9457 tells it: a problem names the field and the fix."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any

PREFIX = "urn:septet:problem:"
"""Before each kind's name, in a problem's ``type``."""


class Kind(Enum):
    """The problems there are, with their HTTP status; where two have the same, the second says what else it is about."""

    MALFORMED = HTTPStatus.BAD_REQUEST
    UNAUTHENTICATED = HTTPStatus.UNAUTHORIZED
    FORBIDDEN = HTTPStatus.FORBIDDEN
    NOT_FOUND = HTTPStatus.NOT_FOUND
    METHOD_NOT_ALLOWED = HTTPStatus.METHOD_NOT_ALLOWED
    CONFLICT = HTTPStatus.CONFLICT
    TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    UNSUPPORTED_TYPE = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    INVALID = HTTPStatus.UNPROCESSABLE_ENTITY
    EXHAUSTED = HTTPStatus.TOO_MANY_REQUESTS
    OVERLOADED = HTTPStatus.TOO_MANY_REQUESTS, "of runs at once"
    BROKEN = HTTPStatus.INTERNAL_SERVER_ERROR
    UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, status: HTTPStatus, _: str = "") -> None:
        self.status = status

    @property
    def type(self) -> str:
        """The URI that programs tell problems apart by."""
        return PREFIX + self.name.lower().replace("_", "-")

    @property
    def title(self) -> str:
        """The same for every problem of this kind."""
        return self.name.capitalize().replace("_", " ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrong:
    """One thing to put right."""

    field: str
    """Where: a path into the body (``input.message``), or the name of a parameter or header."""
    message: str
    """What is wrong, and what would be right."""


class Problem(Exception):  # noqa: N818 -- the word of RFC 9457
    """A request is answered with this instead of being done."""

    def __init__(self, kind: Kind, detail: str, *errors: Wrong, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after
        """Seconds after which the same request may be done; None when that is not known."""

    def document(self) -> Mapping[str, Any]:
        """The problem as ``application/problem+json``."""
        document: dict[str, Any] = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status.value,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [{"field": error.field, "message": error.message} for error in self.errors]
        return document


def invalid(field: str, message: str) -> Problem:
    """The problem of one well-formed value that is not acceptable."""
    return Problem(Kind.INVALID, f"{field}: {message}", Wrong(field=field, message=message))
