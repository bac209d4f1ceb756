"""Asking people about a call: what the gateway writes of it, and with which arguments the call is made once they have decided.

How the gateway uses it, for a call that the monitor wants a person to decide on::

    asker = Asker(approvals=approvals, clock=clock)
    occasion = Occasion(branch=branch, turn=turn, agent=agent, attended=run.attended, asked=known.asked.get((turn, call.id), 0))
    asked = asker.ask(call, manifest, decision, occasion, judge=judge)
    # write asked.bodies, in order; then, unless asked.arguments is None, the intent with them and asked.reasons

``judge(arguments)`` checks arguments that an approver changed by the tool's schema and labels and decides them afresh; a schema's
problem is a denial with the problem as its reason. It is called only for those. A denial still denies; a question is answered, for
the approvers saw exactly these arguments. The intent carries the arguments that the call is made with: whoever goes on from a
journaled intent takes them from it, not from the model's call.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from septet.core.entries import ApprovalAsked, ApprovalEdited, ApprovalGiven, Body, ToolCall, ToolResult
from septet.core.frozen import frozen
from septet.core.journal import Branch, Clock
from septet.security.approvals import Approval, Approvals, approval_id
from septet.security.effects import effect_key
from septet.security.labels import Label
from septet.security.manifests import Manifest
from septet.security.showing import shown

REFUSED_CHARACTERS = 1000
"""Of why an approved call was not made."""


class Judgement(Protocol):
    """What the monitor says of a call."""

    @property
    def outcome(self) -> str:
        """``allow``, ``ask`` or ``deny``."""
        ...

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why."""
        ...

    @property
    def evidence(self) -> tuple[Mapping[str, Any], ...]:
        """What it looked at: ``{"name", "value", "source"}`` each."""
        ...

    @property
    def labels(self) -> Mapping[str, Label]:
        """Where each argument comes from, by path."""
        ...


Judge = Callable[[Any], Judgement]
"""What the monitor says of the call with other arguments."""
_Use = Callable[[Any], str]


@frozen
class Occasion:
    """Where a call comes up."""

    branch: Branch
    turn: str
    agent: str
    submitter: str = ""
    """Of the run."""
    workflow: str = ""
    """Of the run."""
    attended: bool
    """Whether anybody answers a question of this run's."""
    attempt: int = 0
    """Of the run."""
    asked: int
    """When the question of this call ends that the branch's journal has; 0 when it has none."""


@frozen
class Asked:
    """What comes of asking."""

    bodies: tuple[Body, ...]
    """To write, in order."""
    arguments: Any = None
    """To make the call with, which may not be those it came with; None: it is not made, or not yet."""
    reasons: tuple[str, ...] = ()
    """Why the call is made."""


@frozen
class Asker:
    """Puts questions to people and takes their answers."""

    approvals: Approvals
    clock: Clock

    def ask(self, call: ToolCall, manifest: Manifest, decision: Judgement, occasion: Occasion, judge: Callable[[Any], Judgement]) -> Asked:
        """Ask about *call*, or act on what was decided. What the stores raise is raised, and nothing is made then."""
        if not occasion.attended:
            return _denied(call, f"nobody attends this run, so what a person would be asked is denied: {'; '.join(decision.reasons)}")
        now = self.clock()
        question = _question(call, manifest, decision, occasion, now)
        standing = self._settled(self.approvals.ask(question), now)
        if standing.status == "expired" and standing.attempt < occasion.attempt:
            standing = self.approvals.ask(question)
        if standing.status == "pending":
            return Asked(bodies=() if occasion.asked == standing.expires_at else (_asked(call, standing),))
        if standing.status == "approved":
            return self._approved(call, decision.reasons, partial(_use, call, manifest, occasion), standing, judge)
        told = standing.reason or "nobody decided in time"
        error = "ApprovalExpired" if standing.status == "expired" else "PolicyDenied"
        return Asked(bodies=(_given(call, standing), _refused(call, error, f"{standing.status}: {told}")))

    def refused(self, call: ToolCall, branch: Branch, why: str) -> None:
        """A call that was asked about is refused without a word of any person's: its approval, if there is one, says so."""
        self._refused(branch.tenant, approval_id(branch.tenant, branch.run, call.tool, call.arguments, branch.path), f"denied: {why}")

    def _refused(self, tenant: str, approval: str, why: str) -> None:
        self.approvals.refuse(tenant, approval, why=why[:REFUSED_CHARACTERS])

    def _settled(self, standing: Approval, now: int) -> Approval:
        """*standing*, expired if its time has come; a decision that was written first wins."""
        if standing.status != "pending" or now < standing.expires_at:
            return standing
        tenant, approval = standing.tenant, standing.approval
        expired = self.approvals.decide(tenant, approval, status="expired", by="", reason="", at=now)
        return expired or self.approvals.get(tenant, approval) or standing

    def _approved(self, call: ToolCall, asked: tuple[str, ...], use: _Use, standing: Approval, judge: Judge) -> Asked:
        arguments = call.arguments if standing.edited is None else standing.edited
        bodies: tuple[Body, ...] = (_given(call, standing),)
        reasons: tuple[str, ...] = ()
        if editor := standing.edited_by:
            bodies = (ApprovalEdited(call=call.id, approval=standing.approval, arguments=arguments, by=editor), *bodies)
            fresh = judge(arguments)
            if fresh.outcome == "deny":
                told = f"as {editor} changed it: {'; '.join(fresh.reasons)}"
                self._refused(standing.tenant, standing.approval, f"denied: {told}")
                return _denied(call, told, *bodies)
            asked = fresh.reasons if fresh.outcome == "ask" else standing.reasons
            reasons = (*(fresh.reasons if fresh.outcome == "allow" else ()), f"changed by {editor}")
        if self.approvals.use(standing.tenant, standing.approval, use=use(arguments), at=self.clock()) is None:
            return _denied(call, "a person approved one such call, and it was made: the approval is used up", *bodies)
        approved = f"approved by {_people(standing)} (asked because: {'; '.join(asked)})"
        return Asked(bodies=bodies, arguments=arguments, reasons=(*reasons, approved))


def _use(call: ToolCall, manifest: Manifest, occasion: Occasion, arguments: Any) -> str:
    """What an approval is good for: one effect, whoever goes on with it (docs/decisions/0007); without an effect, one call."""
    if manifest.repeat == "none":
        return f"{occasion.branch.path}/{occasion.turn}/{call.id}"
    return effect_key(manifest, occasion.branch.run, arguments)


def _question(call: ToolCall, manifest: Manifest, decision: Judgement, occasion: Occasion, now: int) -> Approval:
    tenant, run, path, asking = occasion.branch.tenant, occasion.branch.run, occasion.branch.path, manifest.approval
    return Approval(
        tenant=tenant,
        approval=approval_id(tenant, run, call.tool, call.arguments, path),
        run=run,
        path=path,
        turn=occasion.turn,
        attempt=occasion.attempt,
        tool=call.tool,
        arguments=call.arguments,
        asked_by=occasion.agent,
        submitter=occasion.submitter,
        workflow=occasion.workflow,
        asked_at=now,
        expires_at=now + asking.seconds * 1000,
        reasons=decision.reasons,
        evidence=shown(decision.evidence),
        labels={path: label.name.lower() for path, label in decision.labels.items()},
        roles=asking.roles,
        approvers=asking.approvers,
        escalates_at=now + asking.escalate_after * 1000 if asking.escalate_after else None,
        escalate_to=asking.escalate_to,
    )


def _asked(call: ToolCall, standing: Approval) -> ApprovalAsked:
    return ApprovalAsked(
        call=call.id,
        tool=call.tool,
        arguments=call.arguments,
        approval=standing.approval,
        expires_at=standing.expires_at,
        reasons=standing.reasons,
    )


def _given(call: ToolCall, standing: Approval) -> ApprovalGiven:
    by = _people(standing) if standing.status == "approved" else standing.decided_by
    return ApprovalGiven(call=call.id, approval=standing.approval, decision=standing.status, by=by, reason=standing.reason)


def _people(standing: Approval) -> str:
    """Who approved; a record without votes is of one person's decision."""
    return ", ".join(standing.approved_by) or standing.decided_by


def _denied(call: ToolCall, message: str, *before: Body) -> Asked:
    return Asked(bodies=(*before, _refused(call, "PolicyDenied", message)))


def _refused(call: ToolCall, error: str, message: str) -> ToolResult:
    return ToolResult(call=call.id, tool=call.tool, error=error, message=message)
