"""What of a call's evidence a person is shown: the beginning of what is long."""

from collections.abc import Iterable, Mapping
from typing import Any

from septet.core.canonical import text

FIELD_BYTES = 2048
"""Of a value that a person is shown."""
EVIDENCE_BYTES = 64 * 1024
"""Of all values that a person is shown beside the call: a question is stored in one item."""


def shown(found: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """What is *found* behind a call, with a long value, or a long field of a record, shown by its beginning, which says so."""
    said: list[Mapping[str, Any]] = []
    left = EVIDENCE_BYTES
    for item in found:
        one = {"name": item["name"], "value": _fields(item["value"]), "source": item["source"]}
        left -= len(text(one).encode())
        if left < 0:
            return (*said, {"name": "more", "value": "there is more than can be shown here", "source": "the run's journal has all of it"})
        said.append(one)
    return tuple(said)


def _fields(value: Any) -> Any:
    return {name: _value(item) for name, item in value.items()} if isinstance(value, Mapping) else _value(value)


def _value(value: Any) -> Any:
    spelt = value if isinstance(value, str) else text(value)
    whole = spelt.encode()
    if len(whole) <= FIELD_BYTES:
        return value
    return f"{whole[:FIELD_BYTES].decode(errors='ignore')}… (shortened: {len(whole)} bytes)"
