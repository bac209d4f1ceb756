"""Approvals as people meet them: listed, read, and decided on."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Literal

from septet.core.runs import Run
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem
from septet.integration.rights import DECIDERS, READERS, require, sees
from septet.security.approvals import Approval, Status, deliver

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What a person says."""

    approval: str
    status: Literal["approved", "rejected"]
    reason: str = ""


def open_at(approval: Approval, now: int) -> bool:
    """Whether a person can still decide."""
    return approval.status == "pending" and now < approval.expires_at


def status_at(approval: Approval, now: int) -> Status:
    """The status a person is shown: a question whose time has passed is expired, also before anybody wrote that down."""
    return "expired" if approval.status == "pending" and not open_at(approval, now) else approval.status


def listed(principal: Principal, ports: Ports, *, limit: int, status: str | None = None) -> tuple[Approval, ...]:
    """At most *limit* approvals that the principal sees, newest question first."""
    require(principal, READERS, "list approvals")
    stored = None if status == "expired" else status
    return tuple(islice(_visible(principal, ports, stored, status), limit))


def _visible(principal: Principal, ports: Ports, stored: str | None, status: str | None) -> Iterator[Approval]:
    now = ports.clock()

    @cache
    def run(run_id: str) -> Run | None:
        return ports.runs.get(principal.tenant, run_id)

    for approval in ports.approvals.listed(principal.tenant, status=stored):
        asking = run(approval.run)
        if asking and sees(principal, asking) and status in (None, status_at(approval, now)):
            yield approval


def found(approval_id: str, principal: Principal, ports: Ports) -> Approval:
    """The approval. Raises Problem ``NOT_FOUND`` also for one that is none of the principal's business."""
    approval, _ = _with_run(approval_id, principal, ports)
    return approval


def _with_run(approval_id: str, principal: Principal, ports: Ports) -> tuple[Approval, Run]:
    approval = ports.approvals.get(principal.tenant, approval_id)
    run = ports.runs.get(principal.tenant, approval.run) if approval else None
    if approval is None or run is None or not sees(principal, run):
        raise Problem(Kind.NOT_FOUND, f"there is no approval {approval_id}")
    return approval, run


def decide(decision: Decision, principal: Principal, ports: Ports) -> Approval:
    """Write the decision, then tell the execution that waits. When telling fails, the outbox tells it later.

    Repeating one's own decision is no error. Raises Problem: ``FORBIDDEN`` without a role or for one's own run, ``NOT_FOUND``,
    ``CONFLICT`` when it was decided otherwise, has expired, or its run has ended.
    """
    require(principal, DECIDERS, "decide on an approval")
    approval, run = _with_run(decision.approval, principal, ports)
    if decision.status == "approved" and run.submitter == principal.subject:
        raise Problem(Kind.FORBIDDEN, "you submitted this run: another person with the role approver or admin has to approve")
    if approval.status == "pending":
        approval = _written(decision, approval, run, principal, ports)
    if (approval.status, approval.decided_by) != (decision.status, principal.subject):
        raise _conflict(approval)
    _tell(approval, ports)
    return approval


def _written(decision: Decision, approval: Approval, run: Run, principal: Principal, ports: Ports) -> Approval:
    """What stands after trying to write the decision: it, or what somebody else wrote first."""
    if run.status != "running":
        raise Problem(Kind.CONFLICT, f"the run has ended ({run.status}): there is nothing left to decide")
    now = ports.clock()
    tenant, name = approval.tenant, approval.approval
    decided = ports.approvals.decide(tenant, name, status=decision.status, by=principal.subject, reason=decision.reason, at=now)
    return decided or ports.approvals.get(tenant, name) or approval


def _conflict(approval: Approval) -> Problem:
    if approval.status in ("pending", "expired"):
        return Problem(Kind.CONFLICT, "the approval has expired: nobody can decide on it any more; submit the run again")
    return Problem(Kind.CONFLICT, f"the approval was {approval.status} already, and a decision stands")


def _tell(approval: Approval, ports: Ports) -> None:
    try:
        if not approval.delivered:
            deliver(approval, ports.approvals, ports.executions)
    except Exception as error:  # noqa: BLE001 -- the decision is written; the outbox delivers it, whatever failed here
        _log.warning("approval %s is not delivered yet: %s", approval.approval, type(error).__name__)
