"""A monitor with a part taken out: what it then lets through, and then stops, says what the part was for."""

from copy import replace

from septet.core.frozen import frozen
from septet.security.questions import Policies, Question, Verdict


@frozen
class ConstantLabels:
    """Policies that are told the same label, whatever a call holds."""

    policies: Policies
    label: int
    role: str = ""
    """Of the arguments in this role alone; empty: of every one."""
    tool: str = ""
    """For calls of this tool alone; empty: of every one."""

    def decide(self, question: Question) -> Verdict:
        """What the policies say to that."""
        labels = dict(question.context["labels"])
        if self.tool in {"", question.tool}:
            labels = {role: self.label if self.role in {"", role} else label for role, label in labels.items()}
        return self.policies.decide(replace(question, context={**question.context, "labels": labels}))

    def own(self, question: Question) -> Verdict:
        """What the tenant's own say."""
        return self.policies.own(question)


class PermitAll:
    """Policies that permit everything."""

    def decide(self, question: Question) -> Verdict:
        """Allow."""
        del question
        return Verdict(outcome="allow", reasons=("everything is permitted",), policies=("permit-all",))

    def own(self, question: Question) -> Verdict:
        """Allow."""
        return self.decide(question)
