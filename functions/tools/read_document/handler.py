"""Reads one document of the tenant's library. Whatever it says is data from outside: no field of the result is declared better."""

from collections.abc import Callable, Mapping
from typing import Any

from septet.bootstrap import tools
from septet.entry.tool import Context, serve
from septet.integration.documents import Documents, shown


def read_document(
    arguments: Mapping[str, Any], context: Context, *, documents: Callable[[], Documents] = tools.documents
) -> dict[str, Any]:
    """Return the document, or ``{"found": False}``."""
    return shown(documents().read(context.tenant, arguments["id"]))


handler = serve(read_document)
