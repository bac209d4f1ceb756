"""Shadow mode: policies decide and say what they would do, and stop nothing. For trying policies, where nothing is at stake.

It softens verdicts of policies and nothing else: schemas, grants, stops, pins, roles and the once of an effect are no verdicts. Nor does
it soften what is ``binding``: a policy marked ``@enforced``, and policies that could not decide.
"""

from septet.core.frozen import frozen
from septet.security.questions import Policies, Question, Verdict

ENFORCE, SHADOW = "enforce", "shadow"
_WOULD = {"deny": "would be denied", "ask": "would be asked about"}


@frozen
class Shadow:
    """*policies* as they are to be seen, not felt."""

    policies: Policies

    def decide(self, question: Question) -> Verdict:
        """What the policies say, allowed and told as ``shadow: …`` where they would stop the call. Never raises."""
        return shadowed(self.policies.decide(question))

    def own(self, question: Question) -> Verdict:
        """As ``decide``, by the tenant's own policies."""
        return shadowed(self.policies.own(question))


def shadowed(verdict: Verdict) -> Verdict:
    """*verdict* in shadow mode: an allowance that says what would have been."""
    if verdict.outcome == "allow" or verdict.binding:
        return verdict
    reasons = tuple(f"shadow: {_WOULD[verdict.outcome]}: {reason}" for reason in verdict.reasons)
    return Verdict(outcome="allow", reasons=reasons, policies=verdict.policies)
