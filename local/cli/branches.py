"""Work in parallel branches, told in lines: into how many, and what they came to."""

from collections.abc import Mapping
from typing import Any

from local.cli.api import Document
from local.cli.plain import counted, word
from septet.core.money import dollars

_VALUES = 60
"""Characters of a value that are shown."""


def parted(body: Document) -> str:
    """What was parted, and with how much money each branch works."""
    paths = body["paths"]
    names = paths[0] if len(paths) == 1 else f"{paths[0]} to {paths[-1]}"
    return f"the work into {counted(len(paths), 'branch', 'branches')}, {names}, with {dollars(body['share'])} each"


def resolved(body: Document) -> str:
    """Who answered, who is missing and why, whose answer stands, and what is contradicted."""
    missing = body["missing"] if isinstance(body["missing"], Mapping) else {}
    said = [f"{len(body['paths']) - len(missing)} of {counted(len(body['paths']), 'branch', 'branches')} by {body['method']}"]
    said += [f"{branch} is missing: {error}" for branch, error in missing.items()]
    said += [f"{body['winner']} stands"] if body["winner"] else []
    conflicts = body["value"].get("conflicts", []) if isinstance(body["value"], Mapping) else []
    said += [_conflict(conflict) for conflict in conflicts if isinstance(conflict, Mapping) and "values" in conflict]
    return "; ".join(said)


def _conflict(conflict: Mapping[str, Any]) -> str:
    ways = [f"{word(way['value'])[:_VALUES]} ({', '.join(way['by'])})" for way in conflict["values"]]
    return f"{conflict['key']} is contradicted: {' or '.join(ways)}"
