"""Makes one answer of what agents in parallel branches found."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import branches
from septet.core.journal import Branch
from septet.entry.guard import guarded
from septet.orchestration.ends import Sought
from septet.orchestration.resolution import Resolving
from septet.orchestration.resolving.gathering import Keys


@guarded
def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
    """Take ``{"tenant", "run", "step", "method"}``; return ``{"winner", "answered", "missing", "agreed", "tied", "conflicts"}``.

    Besides, ``field`` may name what of the answers is decided on, and ``by`` the field by which two of them say the same; ``confidence``
    the field that says how sure an agent is, ``choice`` the judge's choice, ``key`` and ``value`` what findings are compared by (they have
    the names of the parameters unless given). With ``leave_ties`` a tie is only told, as ``tied``, and nothing stands yet.
    """
    resolving = Resolving(
        step=event["step"],
        method=event["method"],
        sought=Sought(**{name: event[name] for name in ("field", "by", "confidence") if name in event}),
        keys=Keys(**{name: event[name] for name in ("key", "value") if name in event}),
        **{name: event[name] for name in ("choice", "leave_ties") if name in event},
    )
    return branches.resolver().resolve(Branch(tenant=event["tenant"], run=event["run"]), resolving)
