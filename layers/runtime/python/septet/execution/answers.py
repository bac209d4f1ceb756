"""Whether an answer fits the type its agent declares."""

from collections.abc import Mapping
from typing import Any

from septet.core.canonical import canonical

MESSAGE_CHARACTERS = 300
"""Of what is wrong that are told: it may name fields that the model made up."""
_compiled: dict[bytes, Any] = {}


def problem(schema: Mapping[str, Any], value: Any) -> str:
    """What is wrong with *value* for the JSON Schema *schema*, naming the field; empty when nothing is."""
    import fastjsonschema  # noqa: PLC0415 -- loaded only when an answer is checked, to keep it off the cold path

    key = canonical(schema)
    if key not in _compiled:
        _compiled[key] = fastjsonschema.compile(dict(schema), use_default=False, use_formats=False)
    try:
        _compiled[key](value)
    except fastjsonschema.JsonSchemaValueException as error:
        return str(error.message).replace("data.", "").replace("data ", "the answer ", 1)[:MESSAGE_CHARACTERS]
    except ArithmeticError:  # such as a multiple of a fraction that no float can hold
        return "a number in the answer is out of range"
    except RecursionError:
        return "the answer is nested too deeply"
    return ""


def routing(schema: Mapping[str, Any] | None, value: Any) -> dict[str, Any]:
    """The fields of *value* that a state machine may route on: its schema marks them ``x-septet-routing``. No other enters a payload."""
    if schema is None or not isinstance(value, Mapping):
        return {}
    marked = (name for name, field in schema.get("properties", {}).items() if field.get("x-septet-routing"))
    return {name: value[name] for name in marked if name in value}
