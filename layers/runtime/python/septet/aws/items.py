"""DynamoDB's attribute values, for the few types our items hold. JSON goes into one string attribute each."""

import json
from collections.abc import Mapping
from typing import Any

Item = dict[str, dict[str, Any]]


def item(values: Mapping[str, Any]) -> Item:
    """*values* (str, int, bool; None is left out) as an item. Raises TypeError for any other type."""
    return {name: attribute(value) for name, value in values.items() if value is not None}


def attribute(value: str | bool | int) -> dict[str, Any]:  # noqa: FBT001 -- a value to convert, not a switch
    """One attribute value."""
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
    raise TypeError(f"no attribute for {type(value).__name__}")


def values(found: Item) -> dict[str, Any]:
    """What ``item`` was given."""
    return {name: _value(held) for name, held in found.items()}


def _value(held: Mapping[str, Any]) -> Any:
    ((kind, value),) = held.items()
    return int(value) if kind == "N" else value


def dumps(value: Any) -> str:
    """*value* (JSON types) as text for an attribute."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def loads(text: str) -> Any:
    """What ``dumps`` was given."""
    return json.loads(text)
