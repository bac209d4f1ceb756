"""One person's decision on a question that others may have to decide on as well: whether it counts, and for which call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from septet.core.canonical import canonical, unfit, whole
from septet.integration.problems import Kind, Problem, Wrong, invalid
from septet.security.approvals import VOTES_BYTES, Approval, Vote, with_vote

EDIT_BYTES = 64 * 1024
"""Of arguments that somebody changed, as JSON: no tool takes more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What a person says."""

    approval: str
    status: Literal["approved", "rejected"]
    reason: str = ""
    arguments: Mapping[str, Any] | None = None
    """With which the call is approved; None: as it stands."""
    call: str = ""
    """The call that the person saw; needed once somebody has changed its arguments."""


def approved(decision: Decision, standing: Approval, subject: str, now: int) -> Approval:
    """*standing* with this person's yes, to the call as it stands or, with other arguments, to another, which restarts the count.

    Raises Problem: ``CONFLICT`` when the person saw another call or has approved this one before, ``INVALID`` for arguments that no
    tool can take.
    """
    if decision.call not in ("", standing.call):
        raise Problem(Kind.CONFLICT, "the call is not the one you saw, somebody has changed its arguments: look at it again")
    if decision.arguments is not None and not approves(decision.arguments, standing):
        return _edited(decision, decision.arguments, standing, subject, now)
    if subject in standing.approved_by:
        count = f"{len(standing.approved_by)} of {standing.approvers}"
        raise Problem(Kind.CONFLICT, f"you have approved this call already ({count}): it waits for another person")
    if standing.edited is not None and decision.arguments is None and not decision.call:
        detail = f"{standing.edited_by} changed the arguments: look at the call, and approve it by its `call`"
        raise Problem(Kind.CONFLICT, detail, Wrong(field="call", message="is missing"))
    return with_vote(standing, Vote(by=subject, at=now, reason=decision.reason))


def _edited(decision: Decision, wanted: Mapping[str, Any], standing: Approval, subject: str, now: int) -> Approval:
    if wrong := unfit(wanted, EDIT_BYTES):
        raise invalid("arguments", f"are {wrong}: no tool takes them")
    after = with_vote(standing, Vote(by=subject, at=now, reason=decision.reason, arguments=whole(wanted)))
    if sum(len(canonical([vote.by, vote.reason, vote.arguments])) for vote in after.votes) > VOTES_BYTES:
        raise Problem(Kind.CONFLICT, "the arguments were changed too often to keep count: approve the call as it stands, or reject it")
    return after


def approves(arguments: Mapping[str, Any], standing: Approval) -> bool:
    """Whether *arguments* are those of the call as it stands."""
    current = standing.arguments if standing.edited is None else standing.edited
    return not unfit(arguments, EDIT_BYTES) and canonical(whole(arguments)) == canonical(current)


def holds(decision: Decision, standing: Approval, subject: str) -> bool:
    """Whether *decision* is part of what stands; *standing* is settled, or pending with this very decision in it."""
    if decision.status == "rejected" or standing.status in ("rejected", "expired"):
        return (standing.status, standing.decided_by) == (decision.status, subject)
    by = standing.approved_by or (standing.decided_by,)
    if decision.arguments is not None:  # the call that was seen is another one then
        return subject in by and approves(decision.arguments, standing)
    return subject in by and decision.call in ("", standing.call)
