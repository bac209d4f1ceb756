"""Arguments against a tool's schema."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import fastjsonschema

from septet.core.canonical import canonical
from septet.security.manifests import Manifest

MAX_BYTES = 64 * 1024
"""Arguments of one call as JSON."""


@lru_cache(maxsize=256)
def _validator(schema: bytes) -> Callable[[Any], Any]:
    return fastjsonschema.compile(json.loads(schema), use_default=False, use_formats=False)


def problem(manifest: Manifest, arguments: Any) -> str:
    """What is wrong with *arguments* for the tool, naming the field; empty when nothing is."""
    try:
        size = len(canonical(arguments))
    except (TypeError, ValueError) as error:
        return f"arguments must be JSON: {error}"
    if size > MAX_BYTES:
        return f"arguments are {size} bytes, more than {MAX_BYTES}"
    if not isinstance(arguments, dict):
        return f"arguments must be an object, not {type(arguments).__name__}"
    try:
        _validator(canonical(manifest.input_schema))(arguments)
    except fastjsonschema.JsonSchemaValueException as error:
        return str(error.message).replace("data.", "").replace("data ", "arguments ", 1)
    return ""
