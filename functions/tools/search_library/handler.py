"""Searches the tenant's library. Whatever a document says is data from outside: no field of the result is declared better."""

from collections.abc import Callable, Mapping
from typing import Any

from septet.bootstrap import tools
from septet.entry.tool import Context, serve

USUAL = 8
"""Documents that are returned when nothing is said."""


def search_library(arguments: Mapping[str, Any], context: Context, *, library: Callable[[], Any] = tools.library) -> dict[str, Any]:
    """Return the documents that fit best."""
    found: dict[str, Any] = library().search(context.tenant, arguments["query"], arguments.get("limit", USUAL))
    return found


handler = serve(search_library)
