"""Telling others about approvals: decisions to the executions that wait for them, overdue questions to operators."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from septet.core.journal import Clock
from septet.security.approvals import Approval, Approvals

SECONDS = 40
"""What emptying the outbox may take: less than the function's time limit, so that what failed is told."""
_MINUTE = 60_000


class Executions(Protocol):
    """The running state machines, as far as a decision concerns them."""

    def wake(self, token: str, output: Mapping[str, Any]) -> bool:
        """Let the execution that waits with *token* go on with *output*; False when it no longer waits."""
        ...


def deliver(approval: Approval, approvals: Approvals, executions: Executions) -> bool:
    """Tell the waiting execution what was decided; False when nobody waits yet. Safe to repeat: an execution wakes once."""
    if approval.status == "pending" or not approval.token:
        return False
    executions.wake(approval.token, {"approval": approval.approval, "status": approval.status})
    approvals.delivered(approval.tenant, approval.approval)
    return True


def redeliver(approvals: Approvals, executions: Executions, clock: Clock) -> int:
    """Empty the outbox as far as somebody waits, and return how many executions were told.

    All of it is gone through, from the oldest decision in one minute and from the newest in the next: should telling some take all the
    time there is, they do not keep those behind them from being told. A decision that nobody ever waited for is dropped when its
    question would have expired. Raises ExceptionGroup after the others were told, when some could not be.
    """
    now = clock()
    told, failures = 0, []
    for approval in approvals.undelivered(newest=now // _MINUTE % 2 == 1):
        if clock() >= now + SECONDS * 1000:
            break
        try:
            if deliver(approval, approvals, executions):
                told += 1
            elif not approval.token and approval.expires_at <= now:
                approvals.delivered(approval.tenant, approval.approval)
        except Exception as error:  # noqa: BLE001 -- one that cannot be told must not keep the others waiting
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} decisions could not be delivered; they stay in the outbox", failures)
    return told


def overdue(approvals: Approvals, now: int) -> Iterator[Approval]:
    """Questions whose time to escalate has come, each once: whoever takes the next one has told operators of the one before."""
    for approval in approvals.escalating(now):
        if now < approval.expires_at:
            yield approval
        approvals.escalate(approval.tenant, approval.approval)
