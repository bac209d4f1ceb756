"""``policies/wildcards.toml``: the only wildcards that a policy file may allow. The tests hold generated policies against it too."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.catalog.declarations import Json
from stacks.catalog.fields import Fields, toml
from stacks.catalog.problems import Problems

FILE = "policies/wildcards.toml"
_WILD = re.compile(r"[*?]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wildcard:
    """One entry: resources that need a wildcard for these actions, their holes unfilled."""

    resource: re.Pattern[str]
    actions: frozenset[str]


def wildcards(root: Path, problems: Problems) -> list[Wildcard]:
    """The entries. Each carries its reason; one without is noted."""
    fields = toml(root / FILE, FILE, problems)
    if fields is None:
        return []
    found = [_wildcard(table) for table in fields.tables("allowed")]
    fields.done()
    return found


def _wildcard(fields: Fields) -> Wildcard:
    resource = fields.text("resource")
    fields.text("reason")
    actions = fields.names("actions", required=True)
    fields.done()
    return Wildcard(resource=re.compile(re.sub(r"<\w+>", "[a-z0-9_]+", re.escape(resource))), actions=frozenset(actions))


def check(policies: Mapping[str, Json], entries: list[Wildcard], problems: Problems) -> None:
    """Note what *policies*, by file, allow with a wildcard that none of *entries* gives a reason for."""
    for file, policy in policies.items():
        for number, statement in enumerate(policy["Statement"]):
            if isinstance(statement, dict) and statement.get("Effect") == "Allow":
                for key, sentence in _faults(statement, entries):
                    problems.add(file, f"Statement[{number}].{key}", sentence)


def _faults(statement: Json, entries: list[Wildcard]) -> Iterator[tuple[str, str]]:
    actions = _texts(statement.get("Action"))
    for action in actions:
        if _WILD.search(action):
            yield "Action", f"allows {action!r}: name each action, as dynamodb:GetItem"
    for resource in _texts(statement.get("Resource")):
        fits = [entry.actions for entry in entries if entry.resource.fullmatch(resource)]
        for action in actions if _WILD.search(resource) else []:
            if not _WILD.search(action) and not any(action in allowed for allowed in fits):
                yield "Resource", f"allows {action} on {resource!r}: name the resource, as ${{OrdersTable}}, or give the reason in {FILE}"


def _texts(value: Any) -> list[str]:
    """The texts of an IAM value, which is one or a list; anything else is noted elsewhere."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
