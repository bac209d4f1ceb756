"""Questions to policies, from the most harmless: nothing in it stops a call."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from septet.security.cedar import CedarPolicies
from septet.security.manifests import ROLES
from septet.security.questions import Question

FOLDER = Path(__file__).parents[3] / "policies"
SCHEMA = (FOLDER / "schema.cedarschema").read_text()
SHIPPED = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.cedar"))}

_HARMLESS: Mapping[str, Any] = {
    "attended": True,
    "labels": dict.fromkeys(ROLES, 0),
    "records": {"picked": True, "owned": True, "own": False, "foreign": False, "ambiguous": False},
    "amount": {"valid": True, "bounded": True, "over": False, "above_limit": False},
    "session": {"secret": False, "worst": 0, "parted": False},
    "secret": False,
    "plan": {"committed": False, "member": False},
    "request": {"trusted": True, "asked": True, "beside": True, "used": False},
    "history": {"calls": 0, "sum": 0, "idle_ms": -1, "before": []},
    "detections": [],
    "egress": {"allowed": True},
    "roles": ["submitter"],
}


def context(**facts: Any) -> dict[str, Any]:
    """The harmless context with some facts changed: ``records={"foreign": True}`` changes one of the records'."""
    found = deepcopy(dict(_HARMLESS))
    for name, value in facts.items():
        found[name] = {**found[name], **value} if isinstance(value, Mapping) else value
    return found


def question(effect: str, *, agent: str = "clerk", tool: str = "some_tool", tenant: str = "acme", **facts: Any) -> Question:
    return Question(agent=agent, tool=tool, effect=effect, tenant=tenant, context=context(**facts))


def policies(*own: str, tenants: Mapping[str, str] | None = None) -> CedarPolicies:
    """Those that are shipped, a deployment's *own*, and tenants'."""
    return CedarPolicies(SHIPPED | {f"own/{number}": text for number, text in enumerate(own)}, SCHEMA, tenants)
