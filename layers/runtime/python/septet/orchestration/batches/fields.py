"""From a record of a file to the input of a run, as the workflow declares it."""

import json
from collections.abc import Mapping
from typing import Any

from septet.core.canonical import LEVELS
from septet.core.errors import InputRejected
from septet.core.files import MediaType
from septet.core.frozen import frozen
from septet.integration import inputs
from septet.integration.ports import Declaration
from septet.orchestration.batches.reading import Record

_PLACE = "input."


@frozen
class Mapped:
    """A record as an input; *wrong* says what is wrong with it, and names the field."""

    input: Mapping[str, Any]
    wrong: str = ""


@frozen
class Columns:
    """How records become inputs of a workflow."""

    declared: Declaration
    named: Mapping[str, str]
    """The column of each field; empty to take columns that are named as fields are."""
    media_type: MediaType

    def __post_init__(self) -> None:
        known = self.declared.input_schema.get("properties", {})
        if unknown := sorted(self.named.keys() - known.keys()):
            raise InputRejected(f"columns names the fields {', '.join(unknown)}, and the workflow has {', '.join(sorted(known))}")

    def check(self, header: Mapping[str, Any]) -> None:
        """Raise InputRejected when a record with these columns can never be an input."""
        if missing := sorted(set(self.named.values()) - header.keys()):
            raise InputRejected(f"columns names {', '.join(missing)}, and the file has no such column")
        known = self.declared.input_schema.get("properties", {})
        if not self.named and not known.keys() & header.keys():
            raise InputRejected(f"no column of the file is named as a field of the workflow: {', '.join(sorted(known))}; or give columns")

    def input(self, record: Record) -> Mapped:
        """What a run gets for *record*."""
        if record.wrong:
            return Mapped(input={}, wrong=record.wrong)
        given: dict[str, Any] = {}
        for field, schema in self.declared.input_schema.get("properties", {}).items():
            column = self.named.get(field, "" if self.named else field)
            if column not in record.values:
                continue
            value = record.values[column]
            if self.media_type == "text/csv":
                optional = field not in self.declared.input_schema.get("required", ())
                if value == "" and (optional or schema.get("type") != "string"):
                    continue
                value, wrong = _typed(value, schema)
                if wrong:
                    return Mapped(input={}, wrong=f"field {field}: {wrong}")
            given[field] = value
        return _checked(self.declared, given)


def _checked(declared: Declaration, given: Mapping[str, Any]) -> Mapped:
    try:
        found = inputs.problems(declared, given)
    except (ValueError, RecursionError):
        return Mapped(input={}, wrong="is no Unicode text, has numbers out of range, or is nested too deeply")
    if found:
        return Mapped(input={}, wrong=f"field {found[0].field.removeprefix(_PLACE)}: {found[0].message}")
    return Mapped(input=given)


def _typed(text: str, schema: Mapping[str, Any]) -> tuple[Any, str]:
    """*text* as the value that *schema* wants, or what is wrong with it. A text stays as it is where a text will do."""
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "string" in kinds:
        return text, ""
    try:
        value = json.loads(text, parse_constant=_never)
    except (ValueError, RecursionError):
        return None, f"must be {' or '.join(kinds)}, as JSON has it, with at most {LEVELS} levels"
    return value, ""


def _never(name: str) -> None:
    raise ValueError(name)
