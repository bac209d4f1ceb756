"""How a body is spelt as JSON, and read again."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, get_args

from septet.core.canonical import quoted, text
from septet.core.entries import Body, ModelReply, ToolCall

VERSION = 1
"""Version of the bodies' JSON form, written with each."""
_KINDS: dict[str, type[Body]] = {kind.type: kind for kind in get_args(Body)}
_HOLES: dict[Any, str] = {
    str: "{quoted(body.%s)}",
    int: "{body.%s:d}",
    bool: "{'true' if body.%s else 'false'}",
    tuple[str, ...]: "{texts(body.%s)}",
    tuple[ToolCall, ...]: "{calls(body.%s)}",
}
"""How a value of a type is spelt; the others are JSON."""
_TUPLES: dict[str, Callable[[Any], Any]] = {
    "calls": lambda value: tuple(ToolCall(**call) for call in value),
    "reasons": tuple,
    "runs": tuple,
    "paths": tuple,
    "turns": tuple,
}
_LISTS = frozenset({"reasons", "runs", "paths", "turns"})
"""Fields that are tuples of texts."""


def encode(body: Body) -> dict[str, Any]:
    """*body* as JSON types, with its type and version."""
    value: dict[str, Any] = {name: getattr(body, name) for name in type(body).__annotations__ if name != "type"}
    if isinstance(body, ModelReply):
        value["calls"] = [{"arguments": call.arguments, "id": call.id, "tool": call.tool} for call in body.calls]
    else:
        value |= {name: list(value[name]) for name in _LISTS & value.keys()}
    return {**value, "type": body.type, "version": VERSION}


def spelling(body: Body) -> str:
    """``encode(body)`` in canonical form, for a fraction of what it costs to make it, sort it and spell it: a body's fields are known."""
    kind: Any = type(body)
    return _speller(kind)(body)


@cache
def _speller(kind: Any) -> Callable[[Body], str]:
    """What spells a *kind* of body, compiled when the first is written: the keys in order, and a hole for each value."""
    values = {name: _HOLES.get(declared, "{text(body.%s)}") % name for name, declared in kind.__annotations__.items() if name != "type"}
    values |= {"type": quoted(kind.type), "version": str(VERSION)}
    pairs = ",".join(f'"{name}":{values[name]}' for name in sorted(values))
    speller: Callable[[Body], str] = eval(f"lambda body: f'{{{{{pairs}}}}}'", _SPELLERS)  # noqa: S307 -- our names
    return speller


def _texts(values: tuple[str, ...]) -> str:
    return f"[{','.join([quoted(value) for value in values])}]"


def _calls(calls: tuple[ToolCall, ...]) -> str:
    each = [f'{{"arguments":{text(call.arguments)},"id":{quoted(call.id)},"tool":{quoted(call.tool)}}}' for call in calls]
    return f"[{','.join(each)}]"


_SPELLERS = {"quoted": quoted, "text": text, "texts": _texts, "calls": _calls}


def decode(value: Mapping[str, Any]) -> Body:
    """The body that ``encode`` made *value* of. Raises ValueError for an unknown type, version or field, or one of another shape."""
    name, version = value.get("type"), value.get("version")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None or version != VERSION:
        raise ValueError(f"no entry type {name!r} in version {version!r}")
    rest = ((field, item) for field, item in value.items() if field not in ("type", "version"))
    try:
        body = kind(**{field: _TUPLES[field](item) if field in _TUPLES else item for field, item in rest})
    except TypeError as error:
        raise ValueError(f"entry of type {kind.type!r}: {error}") from error
    for field, declared in _plain(kind.type):
        if type(getattr(body, field)) is not declared:
            raise ValueError(f"entry of type {kind.type!r}: {field} is no {declared.__name__}")
    return body


@cache
def _plain(name: str) -> tuple[tuple[str, type], ...]:
    """The fields of a type of body that hold a text, a number or a truth, and which."""
    declared = _KINDS[name].__annotations__
    return tuple((field, kind) for field, kind in declared.items() if field != "type" and kind in (str, int, bool))
