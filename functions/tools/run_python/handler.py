"""Runs Python that a model wrote, where it can reach nothing: an interpreter without files and sockets, by a role without rights."""

from collections.abc import Mapping
from typing import Any

from septet.endpoints.monty import Bounds, run
from septet.entry.tool import Context, serve


def run_python(arguments: Mapping[str, Any], _: Context) -> dict[str, Any]:
    """Return what the code comes to, and what it printed."""
    return run(arguments["code"], arguments.get("inputs", {}), Bounds())


handler = serve(run_python)
