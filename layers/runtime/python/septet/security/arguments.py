"""Arguments against a tool's schema."""

from collections.abc import Callable
from typing import Any

import fastjsonschema

from septet.core.canonical import unfit
from septet.security.manifests import Manifest

MAX_BYTES = 64 * 1024
"""Arguments of one call as JSON."""
MESSAGE_CHARACTERS = 300
"""Of what is wrong that are told: it may name fields that the model made up."""


class Schemas:
    """The schemas of one set of tools, each compiled when it is first needed."""

    def __init__(self) -> None:
        self._compiled: dict[str, Callable[[Any], Any]] = {}

    def problem(self, manifest: Manifest, arguments: Any) -> str:
        """What is wrong with *arguments* for the tool, naming the field; empty when nothing is."""
        if wrong := unfit(arguments, MAX_BYTES):
            return f"arguments are {wrong}"
        if not isinstance(arguments, dict):
            return f"arguments must be an object, not {type(arguments).__name__}"
        try:
            self._validator(manifest)(arguments)
        except fastjsonschema.JsonSchemaValueException as error:
            return str(error.message).replace("data.", "").replace("data ", "arguments ", 1)[:MESSAGE_CHARACTERS]
        except ArithmeticError:  # such as a multiple of a fraction that no float can hold
            return "a number in the arguments is out of range"
        except RecursionError:
            return "arguments are nested too deeply"
        return ""

    def _validator(self, manifest: Manifest) -> Callable[[Any], Any]:
        if manifest.name not in self._compiled:
            self._compiled[manifest.name] = fastjsonschema.compile(dict(manifest.input_schema), use_default=False, use_formats=False)
        return self._compiled[manifest.name]
