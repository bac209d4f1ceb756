"""What an API Gateway proxy event holds, read strictly: nothing is guessed, and nothing is taken twice."""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from septet.core.canonical import canonical
from septet.core.traces import Context, from_header, from_traceparent
from septet.integration.problems import Kind, Problem, Wrong

MAX_BYTES = 1_000_000
"""Of a body."""
MAX_DEPTH = 64
"""Of objects and arrays within each other."""
PROBLEMS = 20
"""As many are told at once."""
NAME_CHARACTERS = 100
"""Of a field's name that are told back."""
Event = Mapping[str, Any]
"""A REST API's Lambda proxy event, as API Gateway sends it."""


def header(event: Event, name: str) -> str | None:
    """The one value of a header; None when it was not sent. Raises Problem ``MALFORMED`` when it was sent twice."""
    values = [
        value
        for sent, several in _several(event, "multiValueHeaders", "headers").items()
        if sent.lower() == name.lower()
        for value in several
    ]
    if len(values) > 1:
        raise Problem(Kind.MALFORMED, f"the header {name} was sent twice", Wrong(field=name, message="send it once"))
    return values[0] if values else None


def trace(event: Event) -> Context | None:
    """The trace that the caller says the request belongs to, or else the gateway; None where neither does so in one sentence."""
    try:
        named = from_traceparent(header(event, "traceparent") or "")
        return named or from_header(header(event, "X-Amzn-Trace-Id") or "")
    except Problem:  # a header that was sent twice: whoever traces badly is answered all the same
        return None


def query(event: Event) -> dict[str, str]:
    """The query's parameters. Raises Problem ``INVALID`` for one that is given twice."""
    given = _several(event, "multiValueQueryStringParameters", "queryStringParameters")
    if twice := [name for name, values in given.items() if len(values) > 1]:
        raise _problem(Wrong(field=name, message="is given more than once") for name in twice)
    return {name: values[0] for name, values in given.items() if values}


def _several(event: Event, many: str, one: str) -> dict[str, list[str]]:
    """Names and values where a name may have several; an older gateway tells only the last of each."""
    return dict(event.get(many) or {}) or {name: [value] for name, value in (event.get(one) or {}).items()}


def body(event: Event) -> Any:
    """The JSON value of the body. Raises Problem ``UNSUPPORTED_TYPE``, ``TOO_LARGE`` or ``MALFORMED``."""
    _check_type(header(event, "Content-Type"))
    raw = _bytes(event)
    if len(raw) > MAX_BYTES:
        raise Problem(
            Kind.TOO_LARGE, f"the body has {len(raw)} bytes: send {MAX_BYTES} at most", Wrong(field="body", message="is too large")
        )
    try:
        return _json(raw.decode())
    except UnicodeDecodeError as error:
        raise _malformed("is not UTF-8: send JSON in UTF-8") from error
    except RecursionError as error:
        raise _malformed(f"is nested more than {MAX_DEPTH} deep") from error
    except ValueError as error:
        raise _malformed(f"is not JSON: {error}") from error


def _check_type(content_type: str | None) -> None:
    kind, _, parameters = (content_type or "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() != "application/json" or charset not in ("", "utf-8"):
        message = "must be application/json in UTF-8"
        raise Problem(Kind.UNSUPPORTED_TYPE, f"Content-Type {message}", Wrong(field="Content-Type", message=message))


def _bytes(event: Event) -> bytes:
    text = event.get("body") or ""
    try:
        return base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except ValueError as error:
        raise _malformed("does not have the encoding it is said to have") from error


def _json(text: str) -> Any:
    value = json.loads(text, object_pairs_hook=_unique)
    _check_depth(value)
    canonical(value)  # a ValueError for what no store takes: half a surrogate pair, NaN, a number too large
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a name twice")
    return found


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inside = [item for item in level if isinstance(item, dict | list)]
        level = [member for item in inside for member in (item.values() if isinstance(item, dict) else item)]
        if not level:
            return
    raise ValueError(f"it is nested more than {MAX_DEPTH} deep")


def read[M: BaseModel](model: type[M], given: Any) -> M:
    """*given* as *model*. Raises Problem ``INVALID`` naming every field that is wrong."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        known = ", ".join(field.alias or name for name, field in model.model_fields.items()) or "none"
        raise _problem(_wrong(item["loc"], item["type"], item["msg"], known) for item in error.errors(include_url=False)) from None


def _wrong(place: tuple[int | str, ...], kind: str, message: str, known: str) -> Wrong:
    told = {"missing": "is missing", "extra_forbidden": f"is not known; known are: {known}"}.get(
        kind, message.replace("Input should", "must", 1)
    )
    return Wrong(field=".".join(map(str, place))[:NAME_CHARACTERS] or "body", message=told)


def _problem(errors: Iterable[Wrong]) -> Problem:
    found = tuple(errors)[:PROBLEMS]
    return Problem(Kind.INVALID, "; ".join(f"{error.field}: {error.message}" for error in found[:3]), *found)


def _malformed(message: str) -> Problem:
    return Problem(Kind.MALFORMED, f"the body {message}", Wrong(field="body", message=message))
