"""Cancelling a run: it does nothing new, undoes what it did, and ends. To stop one is another thing: nothing is undone then."""

from septet.core.runs import Run
from septet.core.waits import Wait
from septet.integration.delivering import deliver
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem
from septet.integration.rights import SUBMITTERS, require, sees


def cancel(run: str, reason: str, principal: Principal, ports: Ports) -> Run:
    """Note that the run is cancelled, and wake it where it waits; one that works finds it before its next effect, or its next inquiry.

    Whoever gets no answer repeats it: the first who said so stands. Raises Problem: ``FORBIDDEN`` without a role, ``NOT_FOUND``,
    ``CONFLICT`` when the workflow declares no way to undo what it did, or the run has ended, or ends and keeps what it did, or is
    being restarted and nobody has let it in yet.
    """
    require(principal, SUBMITTERS, "cancel a run")
    found = ports.runs.get(principal.tenant, run)
    if found is None or not sees(principal, found):
        raise Problem(Kind.NOT_FOUND, f"there is no run {run}")
    declared = ports.declared.get(found.workflow)
    if declared is None or not declared.undoes:
        raise Problem(Kind.CONFLICT, f"the workflow {found.workflow} declares no way to undo what it did: stop the run instead")
    standing = ports.runs.cancel(principal.tenant, run, by=principal.subject, reason=reason)
    if standing is None:
        raise Problem(Kind.CONFLICT, _over(ports.runs.get(principal.tenant, run) or found))
    for wait in ports.waits.of(standing.tenant, standing.run):
        _wake(wait, standing, ports)
    return standing


def _over(run: Run) -> str:
    """Why *run* cannot be cancelled any more."""
    if run.status != "running":
        return f"the run has ended ({run.status}): there is nothing left to cancel"
    if run.kept:
        return "the run has ended its work and keeps what it did: there is nothing left to cancel"
    return "the run is being restarted, and may be refused yet: cancel it again when it runs"


def _wake(wait: Wait, run: Run, ports: Ports) -> None:
    """Let an execution of *run* go on that waits. Where a person was to decide, its agent asks the gateway again, which refuses now."""
    kind, _, which = wait.what.partition("/")
    if kind == "approval":
        ports.executions.wake(wait.token, {"approval": which, "status": "cancelled"})
    elif kind == "inquiry":
        standing = ports.inquiries.get(run.tenant, which)
        if standing is None or standing.afterwards:
            return
        end = ports.inquiries.end(run.tenant, which, outcome="cancelled", at=ports.clock(), by=run.cancelled_by)
        deliver(end or ports.inquiries.get(run.tenant, which) or standing, ports.inquiries, ports.waits, ports.executions)
