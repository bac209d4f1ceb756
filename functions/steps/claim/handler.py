"""Says that a branch has a good answer: the first to do so wins, and the others are stopped."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from septet.bootstrap import branches
from septet.core.journal import Branch
from septet.entry.guard import guarded
from septet.orchestration.claiming import Claiming
from septet.orchestration.ends import Sought


@guarded
def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
    """Take ``{"tenant", "run", "step", "branch"}``; return ``{"won", "good"}``.

    Besides, ``field`` may name what an answer must have, or ``by`` what it must have besides the rest, and ``least`` how sure its agent
    must be by the field ``confidence``.
    """
    claiming = Claiming(
        step=event["step"],
        branch=event["branch"],
        least=event.get("least", 0),
        sought=Sought(**{name: event[name] for name in ("field", "by", "confidence") if name in event}),
    )
    return asdict(branches.claimer().claim(Branch(tenant=event["tenant"], run=event["run"]), claiming))
