"""Arguments against a tool's schema."""

from typing import Any

from septet.core.canonical import unfit
from septet.core.schemas import Schema
from septet.security.manifests import Manifest

MAX_BYTES = 64 * 1024
"""Arguments of one call as JSON."""


class Schemas:
    """The schemas of one set of tools, each compiled when it is first needed."""

    def __init__(self) -> None:
        self._compiled: dict[str, Schema] = {}

    def problem(self, manifest: Manifest, arguments: Any) -> str:
        """What is wrong with *arguments* for the tool, naming the field; empty when nothing is."""
        if wrong := unfit(arguments, MAX_BYTES):
            return f"arguments are {wrong}"
        if not isinstance(arguments, dict):
            return f"arguments must be an object, not {type(arguments).__name__}"
        if manifest.name not in self._compiled:
            self._compiled[manifest.name] = Schema(manifest.input_schema)
        return self._compiled[manifest.name].problem(arguments, "arguments")
