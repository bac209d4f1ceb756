"""What is left of a question whose run's content was erased: who was asked about which tool, and who said what when."""

from copy import replace

from septet.security.approvals import Approval, Vote

QUOTING = ("arguments", "reasons", "evidence", "votes", "reason", "refused")
"""Fields of an approval that quote what people, models or tools said. Its id stays: a digest of the arguments, which no salt protects."""


def blank(approval: Approval) -> Approval:
    """*approval* without content."""
    votes = tuple(Vote(by=vote.by, at=vote.at) for vote in approval.votes)
    return replace(approval, arguments=None, reasons=(), evidence=(), votes=votes, reason="", refused="")
