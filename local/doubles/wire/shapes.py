"""Checks a JSON value against a shape of botocore: members, types, lengths, ranges, enums and patterns, naming the field."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_LONGEST_SHOWN = 60

type _Check = Callable[[Any, Any, str, list[str]], None]


def problems(value: Any, shape: Shape) -> list[str]:
    """List what is wrong with *value*, a sentence a field; empty when it fits. A null counts as absent, as on AWS."""
    found: list[str] = []
    _check(value, shape, "", found)
    return found


def _check(value: Any, shape: Shape, path: str, found: list[str]) -> None:
    if shape.type_name == "structure" and getattr(shape, "is_document_type", False):
        return
    _CHECKS[shape.type_name](value, shape, path, found)


def _structure(value: Any, shape: StructureShape, path: str, found: list[str]) -> None:
    if not isinstance(value, dict):
        found.append(_wrong_type(value, "an object", path))
        return
    members = shape.members
    present = {name: item for name, item in value.items() if item is not None}
    missing = [_join(path, name) for name in shape.required_members if name not in present]
    found.extend(f"Value null at '{name}' failed to satisfy constraint: Member must not be null" for name in missing)
    if getattr(shape, "is_tagged_union", False) and len(present) != 1:
        found.append(f"Value at '{path}' must have exactly one of these members: {', '.join(members)}")
    for name, item in present.items():
        if name in members:
            _check(item, members[name], _join(path, name), found)
        else:
            found.append(f"Unknown member '{_join(path, name)}'; known there: {', '.join(members)}")


def _list(value: Any, shape: ListShape, path: str, found: list[str]) -> None:
    if not isinstance(value, list):
        found.append(_wrong_type(value, "a list", path))
        return
    _length(len(value), shape, path, found)
    for index, item in enumerate(value):
        _check(item, shape.member, f"{path}.{index}", found)


def _map(value: Any, shape: MapShape, path: str, found: list[str]) -> None:
    if not isinstance(value, dict):
        found.append(_wrong_type(value, "an object", path))
        return
    _length(len(value), shape, path, found)
    for key, item in value.items():
        _check(key, shape.key, f"{path}.{key} (its name)", found)
        _check(item, shape.value, f"{path}.{key}", found)


def _string(value: Any, shape: Shape, path: str, found: list[str]) -> None:
    if not isinstance(value, str):
        found.append(_wrong_type(value, "a string", path))
        return
    _length(len(value), shape, path, found)
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        found.append(f"Value '{_short(value)}' at '{path}' failed to satisfy constraint: Member must satisfy enum value set: {allowed}")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        found.append(
            f"Value '{_short(value)}' at '{path}' failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern}"
        )


def _number(value: Any, shape: Shape, path: str, found: list[str]) -> None:
    whole = shape.type_name in {"integer", "long"}
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        found.append(_wrong_type(value, "a whole number" if whole else "a number", path))
        return
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        found.append(f"Value '{value}' at '{path}' failed to satisfy constraint: Member must have value greater than or equal to {low}")
    if high is not None and value > high:
        found.append(f"Value '{value}' at '{path}' failed to satisfy constraint: Member must have value less than or equal to {high}")


def _boolean(value: Any, _shape: Shape, path: str, found: list[str]) -> None:
    if not isinstance(value, bool):
        found.append(_wrong_type(value, "true or false", path))


def _blob(value: Any, shape: Shape, path: str, found: list[str]) -> None:
    if not isinstance(value, str):
        found.append(_wrong_type(value, "a base64 string", path))
    elif shape.metadata.get("min", 0) > len(value):
        found.append(f"Value at '{path}' failed to satisfy constraint: Member must not be empty")


_CHECKS: dict[str, _Check] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "character": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "blob": _blob,
}


def _length(length: int, shape: Shape, path: str, found: list[str]) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and length < low:
        found.append(f"Value at '{path}' failed to satisfy constraint: Member must have length greater than or equal to {low}")
    if high is not None and length > high:
        found.append(f"Value at '{path}' failed to satisfy constraint: Member must have length less than or equal to {high}")


def _wrong_type(value: Any, wanted: str, path: str) -> str:
    return f"Value at '{path or 'the body'}' must be {wanted}, not {type(value).__name__} {_short(repr(value))}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
