"""Parts a run into branches, one for each question that an agent's answer holds."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import branches
from septet.core.journal import Branch
from septet.entry.guard import guarded
from septet.orchestration.parting import Parting


@guarded
def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
    """Take ``{"tenant", "run", "step", "agent", "field", "most", "percent"}``; return the branches, for a Map, and how many there are.

    ``agent`` may be left out: the run's request then holds the questions in ``field``. ``words`` may name fields of the request that hold
    short words; they are returned as ``words``, for the workflow to go one way or another.
    """
    asked: dict[str, Any] = {name: event.get(name) for name in ("step", "field", "most", "percent")}
    parting = Parting(agent=event.get("agent") or "", **asked)
    main = Branch(tenant=event["tenant"], run=event["run"])
    paths = branches.parter().part(main, parting)
    told = {"words": branches.parter().words(main, event["words"])} if "words" in event else {}
    return {"branches": [{"branch": path, "number": number} for number, path in enumerate(paths)], "count": len(paths)} | told
