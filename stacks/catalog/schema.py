"""JSON Schemas as declarations may use them: checked for typos before a model or the gateway ever sees them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stacks.catalog.fields import Fields
from stacks.catalog.problems import known, nearest

_TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
_SCHEMAS_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions"})
_SCHEMAS = frozenset({"items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"})
_LISTS_OF_SCHEMAS = frozenset({"anyOf", "allOf", "oneOf"})
_COUNTS = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_OTHERS = frozenset({"type", "required", "enum", "const", "pattern", "format", "uniqueItems", "default"})
_PROSE = frozenset({"$schema", "$id", "$ref", "title", "description", "examples"})
_KEYWORDS = _SCHEMAS_BY_NAME | _SCHEMAS | _LISTS_OF_SCHEMAS | _COUNTS | _NUMBERS | _OTHERS | _PROSE

SOURCE = "x-septet-source"
"""Says of a workflow's input field whether it is the principal's own instruction."""

ROUTING = "x-septet-routing"
"""Says of a field of an agent's answer that a state machine may choose by it."""


def check_object(fields: Fields, key: str, schema: Any, *, extra: frozenset[str] = frozenset()) -> None:
    """Note what is wrong with *schema*, which must describe an object without unknown properties; *extra* keywords are allowed in it."""
    if not isinstance(schema, dict):
        fields.wrong(key, "is no JSON object: give a JSON Schema")
        return
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        fields.wrong(key, 'must have type "object" and additionalProperties false, so that an unknown field is refused')
    for where, sentence in _faults(schema, key, _KEYWORDS | extra):
        fields.wrong(where, sentence)


def check_routing(fields: Fields, key: str, schema: Any) -> None:
    """Note the properties marked for routing, however deep, that are no enum, boolean or bounded number: free text must choose nothing."""
    if isinstance(schema, dict):
        bounded = schema.get("type") in ("integer", "number") and {"minimum", "maximum"} <= schema.keys()
        if schema.get(ROUTING) and schema.get("type") != "boolean" and "enum" not in schema and not bounded:
            what = "an enum, a boolean, or a number with minimum and maximum"
            fields.wrong(key, f'is marked {ROUTING}, so it must be {what}: add "enum", or remove the mark')
        for name, inner in schema.items():
            check_routing(fields, f"{key}.{name}", inner)
    elif isinstance(schema, list):
        for inner in schema:
            check_routing(fields, key, inner)


def _faults(schema: Any, where: str, keywords: frozenset[str]) -> Iterator[tuple[str, str]]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        yield where, f"is {schema!r}: give a JSON Schema"
        return
    for key, value in schema.items():
        here = f"{where}.{key}"
        if key not in keywords:
            yield here, f"is no keyword of JSON Schema that is used here{nearest(key, keywords)}: remove it"
        elif key in _SCHEMAS_BY_NAME:
            yield from _faults_by_name(value, here, keywords)
        elif key in _SCHEMAS:
            yield from _faults(value, here, keywords)
        elif key in _LISTS_OF_SCHEMAS:
            if not (isinstance(value, list) and value):
                yield here, "must be a list with at least one schema"
                continue
            for item in value:
                yield from _faults(item, here, keywords)
        else:
            yield from _faults_of_value(schema, key, value, here)


def _faults_by_name(value: Any, where: str, keywords: frozenset[str]) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield where, "is no table of schemas by name"
        return
    for name, item in value.items():
        yield from _faults(item, f"{where}.{name}", keywords)


def _faults_of_value(schema: dict[str, Any], key: str, value: Any, where: str) -> Iterator[tuple[str, str]]:
    types = value if isinstance(value, list) else [value]
    if key == "type" and not (types and all(isinstance(item, str) and item in _TYPES for item in types)):
        yield where, f"is {value!r}: give one of {known(_TYPES)}"
    elif key == "required":
        missing = [item for item in types if not isinstance(item, str) or item not in properties(schema)]
        if not isinstance(value, list) or missing:
            yield where, f"requires {missing or value!r}, which properties does not have"
    elif key == "enum" and not (isinstance(value, list) and value):
        yield where, "must be a list with at least one value"
    elif key in _COUNTS and not (type(value) is int and value >= 0):
        yield where, f"is {value!r}: give a whole number"
    elif key in _NUMBERS and (type(value) not in {int, float} or (key == "multipleOf" and value <= 0)):
        yield where, f"is {value!r}: give a number{' above 0' if key == 'multipleOf' else ''}"
    elif key == "pattern" and not _is_pattern(value):
        yield where, f"is {value!r}: give a regular expression"


def properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schemas of an object's properties; none where they are no table, which `check_object` notes."""
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _is_pattern(value: Any) -> bool:
    try:
        re.compile(value)
    except (TypeError, re.error, OverflowError, RecursionError):
        return False
    return True
