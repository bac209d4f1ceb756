"""A run's input against what its workflow declares, and a call's changed arguments against what its tool does."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from fastjsonschema import JsonSchemaValueException

from septet.core.canonical import canonical
from septet.core.labels import labelled
from septet.core.schemas import compiled
from septet.integration.ports import Declaration
from septet.integration.problems import Wrong
from septet.security import screening

SOURCE = "x-septet-source"
"""The keyword that says whose words a property holds."""
PROBLEMS = 20
"""As many are told at once."""
NAME_CHARACTERS = 100
"""Of an unknown field's name that are told back."""


def problems(declared: Declaration, given: Mapping[str, Any]) -> tuple[Wrong, ...]:
    """What about *given* the workflow does not accept, or no text may hold, at most ``PROBLEMS``; empty when it is fine."""
    if found := misfits(declared.input_schema, given, "input"):
        return found
    screened = screening.problems(given, labels(declared, given))
    return tuple(islice((Wrong(field=field, message=message) for field, message in screened), PROBLEMS))


def misfits(schema: Mapping[str, Any], given: Mapping[str, Any], root: str) -> tuple[Wrong, ...]:
    """What about *given*, which is sent as the field *root*, is not as *schema* has it, at most ``PROBLEMS``."""
    found = (wrong for error in compiled(canonical(schema), every=True).errors(given) for wrong in _wrongs(error, root))
    return tuple(islice(found, PROBLEMS))


def labels(declared: Declaration, given: Mapping[str, Any]) -> dict[str, str]:
    """Where each field of *given* comes from, as declared; ``external``, the worst case, where nothing is."""
    properties = declared.input_schema.get("properties", {})
    said = {name: field[SOURCE] for name, field in properties.items() if isinstance(field, dict) and SOURCE in field}
    return labelled(given, said, "external")


def _wrongs(error: JsonSchemaValueException, root: str) -> Iterator[Wrong]:
    """What *error* says, one a field."""
    name = error.name or "data"
    field = root + name.removeprefix("data")
    match error.rule:
        case "required":
            missing = [name for name in error.rule_definition if name not in error.value]
            yield from (Wrong(field=f"{field}.{name}", message="is missing") for name in missing)
        case "additionalProperties":
            known = error.definition.get("properties", {})
            unknown = [name for name in error.value if name not in known]
            told = f"is not known; known are: {', '.join(sorted(known)) or 'none'}"
            yield from (Wrong(field=f"{field}.{name[:NAME_CHARACTERS]}", message=told) for name in unknown)
        case _:
            yield Wrong(field=field, message=error.message.removeprefix(name).strip())
