"""The choices that a tool's schema offers."""

from collections.abc import Iterator, Mapping
from typing import Any


def choices_at(schema: Mapping[str, Any], path: str) -> Iterator[list[Any]]:
    """The lists of choices that a schema has for the value at *path*."""
    found: list[Any] = [schema]
    for step in path.replace("[]", ".[]").split("."):
        inner = [deeper for at in found for deeper in _opened(schema, at)]
        found = [at.get("items", {}) if step == "[]" else at.get("properties", {}).get(step, {}) for at in inner]
    for at in (deeper for one in found for deeper in _opened(schema, one)):
        if "enum" in at:
            yield at["enum"]
        if "const" in at:
            yield [at["const"]]


def _opened(schema: Mapping[str, Any], at: Any) -> list[Mapping[str, Any]]:
    """What *at* says, with its references and alternatives."""
    if not isinstance(at, Mapping):
        return []
    reference = at.get("$ref", "")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        return _opened({}, schema.get("$defs", {}).get(reference[8:], {}))
    return [at, *(deeper for one in at.get("anyOf", []) for deeper in _opened(schema, one))]
