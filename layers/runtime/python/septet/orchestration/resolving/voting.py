"""The rules ``vote`` and ``weighted``: answers that say the same stand together, and the strongest group's answer stands."""

from collections.abc import Callable, Sequence
from typing import Any

from septet.orchestration.resolving.candidates import SURE, Candidate, Group, Verdict, groups

VOTE = "the answer that most branches give; of equally many, the one whose first branch comes first"
WEIGHTED = (
    "the answer whose branches are surest in sum (each from 0 to 1, others count 0); of equally sure ones, the one that more give; "
    "of equally many, the one whose first branch comes first"
)
_Score = Callable[[Group], tuple[int, ...]]


def vote(candidates: Sequence[Candidate]) -> Verdict:
    """The answer that most of *candidates*, of which there is at least one, give."""
    return _strongest(candidates, VOTE, lambda group: (len(group.members),))


def weigh(candidates: Sequence[Candidate]) -> Verdict:
    """The answer of which *candidates*, of which there is at least one, are surest together."""
    return _strongest(candidates, WEIGHTED, lambda group: (group.weight, len(group.members)))


def _strongest(candidates: Sequence[Candidate], rule: str, score: _Score) -> Verdict:
    """The strongest group's answer, in the words of its first branch."""
    found = groups(candidates)
    best = max(map(score, found))
    strongest = [group for group in found if score(group) == best]
    first = strongest[0].members[0]
    rationale = {"rule": rule, "groups": told(found), "agreed": len(strongest[0].members), "tied": len(strongest) > 1}
    return Verdict(winner=first.path, value=first.value, rationale=rationale)


def told(found: Sequence[Group]) -> list[dict[str, Any]]:
    """The groups as a person checks them: who says the same, how many, how sure; and the form that their answers have in common."""
    return [
        {"by": group.paths, "votes": len(group.members), "sure": group.weight / SURE, "form": group.members[0].form[:16]} for group in found
    ]
