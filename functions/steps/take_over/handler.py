"""Says which agent goes on with the work of one that failed, as its folder declares."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import journals, routing
from septet.core.journal import MAIN, Branch
from septet.entry.guard import guarded
from septet.orchestration.taking_over import take_over

routes = routing.declared(__file__)


@guarded
def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
    """Take ``{"tenant", "run", "agent", "error"}``, and maybe ``branch``; return ``{"to", "person"}``.

    ``to`` is empty when nobody goes on; ``person`` says whether somebody has to look first, because an effect may have happened.
    """
    line = journals.line(Branch(tenant=event["tenant"], run=event["run"], path=event.get("branch") or MAIN))
    stopped = routing.stopped(event["tenant"])
    found = take_over(line, routes().workers, stopped, agent=event["agent"], error=event["error"])
    return {"to": found.to, "person": found.person}
