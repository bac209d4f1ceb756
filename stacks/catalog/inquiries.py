"""``policies/inquiries.toml``: what workflows ask somebody outside, who may answer, what an answer is, and how long there is time."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stacks.catalog.declarations import Agent, Json, Workflow
from stacks.catalog.fields import Fields, toml
from stacks.catalog.flow import states
from stacks.catalog.problems import Problems, known, nearest
from stacks.catalog.schema import ROUTING, check_object, check_routing, properties

FILE = "policies/inquiries.toml"
ROLES = ("responder", "operator")
"""Roles that may be named to answer; an admin always may."""
_ASKS = "${StepInquire}"
_MONTH = 31 * 24 * 3600
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def inquiries(root: Path, agents: Mapping[str, Agent], problems: Problems) -> dict[str, Json]:
    """The inquiries by name; none without the file."""
    fields = toml(root / FILE, FILE, problems) if (root / FILE).exists() else None
    return {name: _inquiry(name, table, agents) for name, table in fields.each().items()} if fields else {}


def _inquiry(name: str, fields: Fields, agents: Mapping[str, Agent]) -> Json:
    read: dict[str, Any] = {
        "to": fields.text("to"),
        "roles": list(fields.names("roles", required=True)),
        "seconds": fields.whole("seconds", 60, _MONTH),
        "question": fields.text("question"),
        "about": _about(fields.within("about"), agents),
        "answer": fields.table("answer", required=True),
    }
    if not _NAME.fullmatch(name):
        fields.wrong("", "is no name: give a word in small letters, digits and _")
    for role in read["roles"]:
        if role not in ROLES:
            fields.wrong("roles", f"names {role!r}{nearest(role, ROLES)}: give some of {known(ROLES)}")
    if read["answer"]:
        check_object(fields, "answer", read["answer"], extra=frozenset({ROUTING}))
        check_routing(fields, "answer", read["answer"])
    fields.done()
    return read


def _about(fields: Fields, agents: Mapping[str, Agent]) -> Json:
    """What the question is about: a field of an agent's answer, what was not undone, or effects of which nobody knows."""
    for whole in ("not_undone", "effect_unknown"):
        if fields.flag(whole):
            fields.done()
            return {whole: True}
    agent, field = fields.choice("agent", agents), fields.text("field")
    schema = agents[agent].answer_schema if agent in agents else None
    if agent in agents and field not in properties(schema or {}):
        fields.wrong("field", f"is {field!r}, and the answer of {agent} has {known(properties(schema or {}))}")
    fields.done()
    return {"agent": agent, "field": field}


def check(workflows: Mapping[str, Workflow], found: Mapping[str, Json], problems: Problems) -> None:
    """Note states that ask or hear what is not declared, or stop waiting before the question is over; and questions that none asks."""
    used: set[str] = set()
    for name, workflow in workflows.items():
        for place, payload, seconds in _asked(json.loads(workflow.definition)):
            asked = str(payload.get("inquiry"))
            used.add(asked)
            file = f"state_machines/{name}.asl.json"
            if asked not in found:
                problems.add(file, place, f"asks {asked!r}{nearest(asked, found)}: {FILE} declares {known(found)}")
            elif type(seconds) is int and seconds < found[asked]["seconds"]:
                longest = found[asked]["seconds"]
                problems.add(file, place, f"waits {seconds} seconds for an answer that may come within {longest}: give TimeoutSeconds more")
    for name in found.keys() - used:
        problems.add(FILE, name, "is asked by no state machine: ask it with ${StepInquire}, or remove it")


def _asked(machine: Json) -> Iterator[tuple[str, Json, Any]]:
    """The states that ask: the name, the payload, and the seconds they wait."""
    for name, state in states(machine):
        arguments = state.get("Arguments")
        if isinstance(arguments, Mapping) and arguments.get("FunctionName") == _ASKS:
            payload = arguments.get("Payload")
            yield name, payload if isinstance(payload, Mapping) else {}, state.get("TimeoutSeconds")
