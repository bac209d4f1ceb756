"""The rule ``judge``: an agent that sees the answers, and not whose they are, says which stands.

Equal answers are one candidate. The candidates' names and their order follow from what they say alone, so neither tells who said it.
"""

from collections.abc import Mapping, Sequence
from copy import replace
from typing import Any

from septet.orchestration.resolving.candidates import Candidate, Group, Verdict, groups
from septet.orchestration.resolving.voting import vote

RULE = "the answer that the judge chose, who saw every answer once and not whose it is"
NONE = "no judge chose one of the candidates ({}), so the vote decides: {}"


def presented(candidates: Sequence[Candidate]) -> dict[str, Group]:
    """What a judge is shown, by the name under which it is shown: ``answer_1``, ``answer_2`` and so on."""
    blind = sorted(groups(candidates), key=lambda group: group.members[0].form)
    return {f"answer_{number}": group for number, group in enumerate(blind, 1)}


def judged(candidates: Sequence[Candidate], shown: Mapping[str, Sequence[str]], choice: Any) -> Verdict:
    """The answer that the judge's *choice* names, of those *shown*, by the name and with the branches that gave it.

    A choice that names none of them, or one that is no candidate any more, leaves the decision to the vote.
    """
    by_path = {one.path: one for one in candidates}
    there = [by_path[path] for path in (shown.get(choice, ()) if isinstance(choice, str) else ()) if path in by_path]
    if not there:
        fallen = vote(candidates)
        why = "nothing was to be judged" if not shown else "its answer names none"
        return replace(fallen, rationale={**fallen.rationale, "rule": NONE.format(why, fallen.rationale["rule"])})
    shown_to = {name: list(paths) for name, paths in shown.items()}
    rationale = {"rule": RULE, "choice": choice, "shown": shown_to, "agreed": len(there), "tied": False}
    return Verdict(winner=there[0].path, value=there[0].value, rationale=rationale)
