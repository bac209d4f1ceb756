"""IAM policies as files: checked for shape and holes. What they grant is for wildcards.py and the synth's tests."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from stacks.catalog.declarations import Json
from stacks.catalog.files import names, read_json
from stacks.catalog.problems import Problems, known, nearest
from stacks.constructs.names import BOUNDARIES, BUSINESS_TABLES, PLATFORM_TABLES, holes, pascal

VALUES = frozenset({"Environment", "Partition", "Region", "Account"})
LISTS = frozenset({"StateMachines", "Executions", "MapExecutions", "MapRuns", "ToolFunctions", "Models"})
"""Holes that stand for several ARNs: each is an item of its own in a Resource list."""

_BUSINESS = frozenset(f"{pascal('', table)}Table" for table in BUSINESS_TABLES)
_PLATFORM = frozenset(f"{pascal('', table)}Table" for table in PLATFORM_TABLES)

TOOL = VALUES | _BUSINESS
"""Holes for a tool: business data, never the platform's own tables."""
STEP = (
    TOOL
    | _PLATFORM
    | {
        "BodiesBucket",
        "BodiesKey",
        "SealsBucket",
        "SealsKey",
        "IdKey",
        "EventsQueue",
        "EventsDead",
        "ProjectionDead",
        "ReplaysQueue",
        "Bus",
    }
    | {"JournalStream", "RunsStream"}
    | {"StateMachines", "Executions", "MapExecutions", "MapRuns", "ToolFunctions"}
)
"""Holes for a step."""
BOUNDARY = STEP | {"Models"}
"""Holes for a boundary."""

_EMPTY = '{"Version": "2012-10-17", "Statement": []} when it needs nothing'
_RESOURCES = frozenset({"Resource", "NotResource"})
_KEYS = frozenset({"Sid", "Effect", "Action", "Condition"}) | _RESOURCES


def policy(root: Path, file: str, allowed: Collection[str], problems: Problems) -> Json:
    """The IAM document in *file*; an empty one, with the problem noted, when it is not usable. It may use the holes *allowed*."""
    document = read_json(root / file, file, problems, what=_EMPTY)
    if document is None:
        return {"Version": "2012-10-17", "Statement": []}
    statements = document.get("Statement")
    if document.keys() - {"Version", "Statement"} or document.get("Version") != "2012-10-17" or not isinstance(statements, list):
        problems.add(file, "", 'must be {"Version": "2012-10-17", "Statement": [...]} and nothing else')
        return {"Version": "2012-10-17", "Statement": []}
    for number, statement in enumerate(statements):
        _check(statement, file, f"Statement[{number}]", allowed, problems)
    return document


def boundaries(root: Path, problems: Problems) -> dict[str, Json]:
    """The permissions boundaries, by name; a file that is none of them is noted, for nothing would read it."""
    wanted = sorted(set(BOUNDARIES.values()))
    for path in sorted((root / "policies" / "boundaries").glob("*")):
        if path.name not in {f"{name}.json" for name in wanted}:
            problems.add(f"policies/boundaries/{path.name}", "", f"bounds no kind of role: there is {known(wanted)}")
    return {name: policy(root, f"policies/boundaries/{name}.json", BOUNDARY, problems) for name in wanted}


def _check(statement: Any, file: str, where: str, allowed: Collection[str], problems: Problems) -> None:
    if not isinstance(statement, dict) or not statement.keys() >= {"Effect", "Action"} or len(statement.keys() & _RESOURCES) != 1:
        problems.add(file, where, "must be an object with Effect, Action and Resource")
        return
    if "NotResource" in statement and statement["Effect"] != "Deny":
        problems.add(file, f"{where}.NotResource", "allows whatever is not named: name what is allowed in Resource")
    for key in statement.keys() - _KEYS:
        problems.add(file, f"{where}.{key}", f"is not used here: say what is allowed with {known(_KEYS)}")
    if statement["Effect"] not in ("Allow", "Deny"):
        problems.add(file, f"{where}.Effect", f"is {statement['Effect']!r}: give Allow or Deny")
    for key in ("Action", *sorted(statement.keys() & _RESOURCES)):
        value = statement[key]
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not items or not all(isinstance(item, str) and item for item in items):
            problems.add(file, f"{where}.{key}", "must be a text, or a list of at least one")
            continue
        for item in items:
            _check_holes(item, file, f"{where}.{key}", allowed, problems)


def _check_holes(text: str, file: str, where: str, allowed: Collection[str], problems: Problems) -> None:
    for name in sorted(holes(text)):
        if name not in allowed:
            problems.add(file, where, f"asks for ${{{name}}}{nearest(name, allowed)}: it may ask for {known(allowed)}")
        elif name in LISTS and text != f"${{{name}}}":
            problems.add(file, where, f"writes {text!r}: ${{{name}}} stands for several ARNs and must be an item of its own")


def orphans(root: Path, group: str, problems: Problems) -> None:
    """Note the policies of ``policies/<group>/`` that belong to no folder."""
    found = names(root, group)
    for path in sorted((root / "policies" / group).glob("*")):
        if path.is_file() and not path.name.startswith(".") and (path.suffix != ".json" or path.stem not in found):
            folder = f"functions/{group}/{path.stem}/"
            problems.add(f"policies/{group}/{path.name}", "", f"belongs to no folder {folder}: add the folder, or remove the policy")
