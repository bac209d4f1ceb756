"""Whether an answer fits the type its agent declares."""

from collections.abc import Mapping
from typing import Any

from septet.core.canonical import canonical


def problem(schema: Mapping[str, Any], value: Any) -> str:
    """What is wrong with *value* for the JSON Schema *schema*, naming the field; empty when nothing is."""
    from septet.core.schemas import compiled  # noqa: PLC0415 -- what it loads is heavy, and only an answer needs it

    return compiled(canonical(schema)).problem(value, "the answer")


def routing(schema: Mapping[str, Any] | None, value: Any) -> dict[str, Any]:
    """The fields of *value* that a state machine may route on: its schema marks them ``x-septet-routing``. No other enters a payload."""
    if schema is None or not isinstance(value, Mapping):
        return {}
    marked = (name for name, field in schema.get("properties", {}).items() if field.get("x-septet-routing"))
    return {name: value[name] for name in marked if name in value}
