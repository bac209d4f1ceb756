"""Arguments against a tool's schema."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import fastjsonschema

from septet.core.canonical import canonical, unfit
from septet.security.manifests import Manifest

MAX_BYTES = 64 * 1024
"""Arguments of one call as JSON."""
MESSAGE_CHARACTERS = 300
"""Of what is wrong that are told: it may name fields that the model made up."""


@lru_cache(maxsize=256)
def _validator(schema: bytes) -> Callable[[Any], Any]:
    return fastjsonschema.compile(json.loads(schema), use_default=False, use_formats=False)


def problem(manifest: Manifest, arguments: Any) -> str:
    """What is wrong with *arguments* for the tool, naming the field; empty when nothing is."""
    if wrong := unfit(arguments, MAX_BYTES):
        return f"arguments are {wrong}"
    if not isinstance(arguments, dict):
        return f"arguments must be an object, not {type(arguments).__name__}"
    try:
        _validator(canonical(manifest.input_schema))(arguments)
    except fastjsonschema.JsonSchemaValueException as error:
        return str(error.message).replace("data.", "").replace("data ", "arguments ", 1)[:MESSAGE_CHARACTERS]
    return ""
