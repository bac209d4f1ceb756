"""Opens a branch in which a judge sees the answers of the others, and not whose they are."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from septet.bootstrap import branches
from septet.core.journal import Branch
from septet.entry.guard import guarded
from septet.orchestration.comparing import Comparing
from septet.orchestration.ends import Sought


@guarded
def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
    """Take ``{"tenant", "run", "step", "percent"}``; return ``{"branch", "answers"}``: no branch when all answers say the same.

    Besides, ``field`` may name what of the answers is shown; without it that is all but the field ``confidence``, which may be named.
    ``by`` may name the field by which two of them say the same.
    """
    sought = Sought(**{name: event[name] for name in ("field", "by", "confidence") if name in event})
    comparing = Comparing(step=event["step"], percent=event["percent"], sought=sought)
    return asdict(branches.comparer().compare(Branch(tenant=event["tenant"], run=event["run"]), comparing))
