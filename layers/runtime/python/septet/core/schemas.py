"""JSON Schemas, compiled, and what about a value is not as one has it. Whoever starts cold loads this when there is a value."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import fastjsonschema
from fastjsonschema import JsonSchemaValueException, JsonSchemaValuesException

MESSAGE_CHARACTERS = 300
"""Of a problem that are told: it may name fields that a model or a caller made up."""


class Schema:
    """One schema; no defaults are filled in, and formats are not looked at."""

    def __init__(self, schema: Mapping[str, Any], *, every: bool = False) -> None:
        """*every* error is looked for, or only the first."""
        self._validate = fastjsonschema.compile(dict(schema), use_default=False, use_formats=False, fast_fail=not every)

    def errors(self, value: Any) -> Sequence[JsonSchemaValueException]:
        """What is wrong with *value*, which the messages call ``data``; empty when nothing is. Any value has an answer."""
        try:
            self._validate(value)
        except JsonSchemaValuesException as found:
            errors: Sequence[JsonSchemaValueException] = found.errors
            return errors
        except JsonSchemaValueException as error:
            return (error,)
        except ArithmeticError:  # such as a multiple of a fraction that no float can hold
            return (JsonSchemaValueException("data must have no number out of range", name="data"),)
        except RecursionError:
            return (JsonSchemaValueException("data must not be nested so deeply", name="data"),)
        return ()

    def problem(self, value: Any, what: str) -> str:
        """The first thing that is wrong with *value*, as a sentence about *what*, naming the field; empty when nothing is."""
        errors = self.errors(value)
        return str(errors[0].message).replace("data.", "").replace("data ", f"{what} ", 1)[:MESSAGE_CHARACTERS] if errors else ""


@lru_cache(maxsize=64)
def compiled(schema: bytes, *, every: bool = False) -> Schema:
    """The schema whose canonical JSON is *schema*."""
    return Schema(json.loads(schema), every=every)
