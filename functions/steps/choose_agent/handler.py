"""Chooses the agent that works next: by the skill that somebody named with some confidence, or from a pool."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import journals, routing
from septet.core.journal import MAIN, Branch
from septet.entry.guard import guarded
from septet.orchestration.selecting import POOL, SKILL, Wish

routes = routing.declared(__file__)


@guarded
def handler(event: Mapping[str, Any], _: object) -> dict[str, str]:
    """Take ``{"tenant", "run", "skill", "confidence", "least"}`` or ``{"tenant", "run", "pool"}``, and maybe ``branch``; return ``{"to"}``.

    ``to`` is empty when nobody is chosen: the workflow goes its other way.
    """
    line = journals.line(Branch(tenant=event["tenant"], run=event["run"], path=event.get("branch") or MAIN))
    purpose = POOL if "pool" in event else SKILL
    more = {name: event[name] for name in ("confidence", "least") if name in event}
    wish = Wish(purpose=purpose, of=event.get(purpose, ""), **more)
    return {"to": routing.selector(routes()).select(line, wish, routing.stopped(event["tenant"]))}
