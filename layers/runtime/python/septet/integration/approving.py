"""Approvals as people meet them: listed, read, and decided on."""

import base64
import logging
import re
from collections.abc import Iterator
from copy import replace
from functools import cache
from itertools import islice

from septet.core.runs import Run
from septet.integration.inputs import misfits
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem, Wrong
from septet.integration.rights import OVERSEERS, READERS, require, sees
from septet.integration.voting import Decision, approved, holds
from septet.security.approvals import Approval, Status, Vote, deciders
from septet.security.delivery import deliver

TRIES = 50
"""Of writing one decision while others write theirs."""
_POSITION = re.compile(r"([0-9]{1,15})#([a-z0-9-]{1,100})")
_log = logging.getLogger(__name__)


def open_at(approval: Approval, now: int) -> bool:
    """Whether a person can still decide."""
    return approval.status == "pending" and now < approval.expires_at


def status_at(approval: Approval, now: int) -> Status:
    """The status a person is shown: a question whose time has passed is expired, also before anybody wrote that down."""
    return "expired" if approval.status == "pending" and not open_at(approval, now) else approval.status


def shown(approval: Approval, run: Run) -> Approval:
    """*approval* as people see it: one that is pending in a *run* which is cancelled or has ended has expired, for nothing comes of it.

    Nothing is written: should the run be restarted, it may be pending once more.
    """
    over = run.status != "running" or run.cancelled_by
    return replace(approval, status="expired") if over and approval.status == "pending" else approval


def listed(principal: Principal, ports: Ports, *, limit: int, status: str | None = None, cursor: str | None = None) -> tuple[Approval, ...]:
    """At most *limit* approvals that the principal sees, newest question first, those after *cursor*.

    Raises Problem: ``FORBIDDEN`` without a role, ``NOT_FOUND`` for a cursor that leads nowhere.
    """
    require(principal, READERS, "list approvals")
    before = None if cursor is None else _decoded(cursor)
    stored = None if status == "expired" else status
    found = _visible(principal, ports, stored, status)
    return tuple(islice((one for one in found if before is None or (one.asked_at, one.approval) < before), limit))


def cursor_at(approval: Approval) -> str:
    """The cursor that leads to what is listed after *approval*. It carries no tenant: it reaches nothing beyond the tenant that lists."""
    return base64.urlsafe_b64encode(f"{approval.asked_at}#{approval.approval}".encode()).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[int, str]:
    try:
        found = _POSITION.fullmatch(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode())
    except ValueError:
        found = None
    if found is None:
        wrong = Wrong(field="cursor", message="is not one this API made: take it from next of the page before")
        raise Problem(Kind.NOT_FOUND, "there is no page at this cursor", wrong)
    return int(found[1]), found[2]


def _visible(principal: Principal, ports: Ports, stored: str | None, status: str | None) -> Iterator[Approval]:
    now = ports.clock()

    @cache
    def run(run_id: str) -> Run | None:
        return ports.runs.get(principal.tenant, run_id)

    for approval in ports.approvals.listed(principal.tenant, status=stored):
        asking = run(approval.run)
        if asking and sees(principal, asking) and status in (None, status_at(seen := shown(approval, asking), now)):
            yield seen


def found(approval_id: str, principal: Principal, ports: Ports) -> Approval:
    """The approval. Raises Problem ``NOT_FOUND`` also for one that is none of the principal's business."""
    return shown(*_with_run(approval_id, principal, ports))


def _with_run(approval_id: str, principal: Principal, ports: Ports) -> tuple[Approval, Run]:
    approval = ports.approvals.get(principal.tenant, approval_id)
    run = ports.runs.get(principal.tenant, approval.run) if approval else None
    if approval is None or run is None or not sees(principal, run):
        raise Problem(Kind.NOT_FOUND, f"there is no approval {approval_id}")
    return approval, run


def decide(decision: Decision, principal: Principal, ports: Ports) -> Approval:
    """Write the decision, then tell the execution that waits. When telling fails, the outbox tells it later.

    The approval stays pending while others have to approve as well. Repeating one's own decision is no error once it is settled.
    Raises Problem: ``FORBIDDEN`` without a role that this approval names, or for a run that one submitted or forked, ``NOT_FOUND``,
    ``INVALID`` for arguments that the tool does not take, ``CONFLICT`` when it was decided otherwise, one has approved already and others
    have to, the call is another than one saw, it has expired, or its run is cancelled or has ended.
    """
    asked = ports.approvals.get(principal.tenant, decision.approval)
    require(principal, OVERSEERS & deciders(asked, ports.clock()) if asked else OVERSEERS, "decide on this approval")
    approval, run = _with_run(decision.approval, principal, ports)
    if decision.status == "approved" and principal.subject in (run.submitter, run.forked_by):
        did = "submitted" if run.submitter == principal.subject else "forked"
        roles = ", ".join(sorted(deciders(approval, ports.clock())))
        raise Problem(Kind.FORBIDDEN, f"you {did} this run: another person with one of these roles has to approve: {roles}")
    if approval.status == "pending":
        if run.status != "running":
            raise Problem(Kind.CONFLICT, f"the run has ended ({run.status}): there is nothing left to decide")
        if run.cancelled_by:
            raise Problem(Kind.CONFLICT, f"{run.cancelled_by} had the run cancelled: there is nothing left to decide")
        approval = _written(decision, approval, principal.subject, ports)
    if not holds(decision, approval, principal.subject):
        raise _conflict(approval)
    _tell(approval, ports)
    return approval


def _written(decision: Decision, standing: Approval, subject: str, ports: Ports) -> Approval:
    """What stands after writing the decision: it, or what somebody else settled first. A vote that came meanwhile counts before it."""
    for _ in range(TRIES):
        now = ports.clock()
        if not open_at(standing, now):
            return replace(standing, status=status_at(standing, now))
        status, votes = _ruling(decision, standing, subject, ports)
        tenant, name, reason = standing.tenant, standing.approval, decision.reason
        if written := ports.approvals.decide(tenant, name, status=status, by=subject, reason=reason, at=now, votes=votes):
            return written
        standing = ports.approvals.get(tenant, name) or replace(standing, status="expired")
    raise Problem(Kind.CONFLICT, "others are deciding on it at the same moment: look at it again, and repeat")


def _ruling(decision: Decision, standing: Approval, subject: str, ports: Ports) -> tuple[Status, tuple[Vote, ...]]:
    """What the decision makes of the question. A rejection settles it, whatever the votes are."""
    if decision.status == "rejected":
        return "rejected", ()
    after = approved(decision, standing, subject, ports.clock())
    _check(after, ports)
    return after.status, after.votes


def _check(after: Approval, ports: Ports) -> None:
    """Raise Problem ``INVALID``, naming the fields, where the newest vote changed the call to one that its tool does not take.

    The gateway decides by everything else. A tool that is not known here is left to it altogether.
    """
    changed, schema = after.votes[-1].arguments, ports.schemas.get(after.tool)
    if changed is None or schema is None:
        return
    if wrong := misfits(schema, changed, "arguments"):
        raise Problem(Kind.INVALID, f"{after.tool} does not take these arguments: {wrong[0].field} {wrong[0].message}", *wrong)


def _conflict(approval: Approval) -> Problem:
    if approval.status == "expired":
        return Problem(Kind.CONFLICT, "the approval has expired: nobody can decide on it any more; submit the run again")
    return Problem(Kind.CONFLICT, f"the approval was {approval.status} already, and a decision stands")


def _tell(approval: Approval, ports: Ports) -> None:
    try:
        if not approval.delivered:
            deliver(approval, ports.approvals, ports.executions)
    except Exception as error:  # noqa: BLE001 -- the decision is written; the outbox delivers it, whatever failed here
        _log.warning("approval %s is not delivered yet: %s", approval.approval, type(error).__name__)
