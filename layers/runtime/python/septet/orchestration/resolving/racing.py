"""The rule ``first``: the first good answer stands, and the other branches are stopped."""

from collections.abc import Sequence

from septet.orchestration.resolving.candidates import Candidate, Verdict, ordered

CLAIMED = "the first good answer: its branch was the first to say so in the branch main"
UNCLAIMED = "no branch said in time that its answer is good: of the answers there are, that of the first branch"


def earliest(candidates: Sequence[Candidate], claimed: str) -> Verdict:
    """The answer of the branch *claimed*; of the first branch, where none is or it has no answer any more."""
    found = ordered(candidates)
    winner = next((one for one in found if one.path == claimed), None)
    stands = winner or found[0]
    rationale = {"rule": CLAIMED if winner else UNCLAIMED, "claimed": claimed, "answered": [one.path for one in found]}
    return Verdict(winner=stands.path, value=stands.value, rationale=rationale)
