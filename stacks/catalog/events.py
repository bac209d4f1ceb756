"""``policies/events.toml``: which event starts which workflow, for whom, and which of its fields are the input."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stacks.catalog.declarations import Json, Workflow
from stacks.catalog.fields import Fields, toml
from stacks.catalog.problems import Problems, known
from stacks.catalog.schema import SOURCE, properties

FILE = "policies/events.toml"
ROLES = ("submitter", "operator", "admin")
_PATH = re.compile(r"detail(\.[A-Za-z_][A-Za-z0-9_-]*)+")
_TENANT = re.compile(r"[A-Za-z0-9_-]{1,64}")


def events(root: Path, workflows: Mapping[str, Workflow], problems: Problems) -> dict[str, Json]:
    """The events by name; none without the file."""
    fields = toml(root / FILE, FILE, problems) if (root / FILE).exists() else None
    if fields is None:
        return {}
    found = {name: _event(table, workflows) for name, table in fields.each().items()}
    seen: dict[tuple[str, str], str] = {}
    for name, event in found.items():
        other = seen.setdefault((event["source"], event["detail_type"]), name)
        if other != name:
            problems.add(FILE, name, f"has the source and detail_type of {other}: one event starts one workflow")
    return found


def _event(fields: Fields, workflows: Mapping[str, Workflow]) -> Json:
    paths = fields.within("input")
    read: dict[str, Any] = {
        "source": fields.text("source"),
        "detail_type": fields.text("detail_type"),
        "workflow": fields.choice("workflow", workflows),
        "tenant": fields.text("tenant"),
        "principal": fields.text("principal"),
        "roles": list(fields.names("roles", required=True)),
        "attended": fields.flag("attended"),
        "input": {name: paths.text(name) for name in paths.values},
    }
    if read["source"].startswith("aws."):
        fields.wrong("source", f"is {read['source']!r}: only AWS sends events of a source that begins with aws.")
    if read["tenant"] and not _TENANT.fullmatch(read["tenant"]):
        fields.wrong("tenant", f"is {read['tenant']!r}: give a tenant's name; it is never taken from the event")
    for role in read["roles"]:
        if role not in ROLES:
            fields.wrong("roles", f"names {role!r}: give some of {known(ROLES)}")
    _check_input(fields, read["input"], workflows.get(read["workflow"]))
    fields.done()
    return read


def _check_input(fields: Fields, given: Mapping[str, str], workflow: Workflow | None) -> None:
    """Note what the workflow does not take, or lacks. Nothing in an event is the principal's own instruction."""
    for name, path in given.items():
        if path and not _PATH.fullmatch(path):
            fields.wrong(f"input.{name}", f"is {path!r}: give a path into the event, as detail.order.id")
    if workflow is None:
        return
    taken = properties(workflow.input_schema)
    for name in given:
        if name not in taken:
            fields.wrong(f"input.{name}", f"is no field of the input of {workflow.name}, which has {known(taken)}")
        elif taken[name].get(SOURCE) == "trusted":
            fields.wrong(f"input.{name}", f"is trusted in {workflow.name}, and an event is a text from outside: mark it external there")
    for name in workflow.input_schema.get("required", ()):
        if name not in given:
            fields.wrong("input", f"lacks {name!r}, which {workflow.name} requires")
