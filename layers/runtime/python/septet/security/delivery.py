"""Telling others about approvals: decisions to the executions that wait for them, overdue questions to operators."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from septet.core.journal import Clock
from septet.core.runs import Runs
from septet.security.approvals import Approval, Approvals

SECONDS = 40
"""What emptying the outbox may take: less than the function's time limit, so that what failed is told."""
_MINUTE = 60_000


class Executions(Protocol):
    """The running state machines, as far as a decision concerns them."""

    def wake(self, token: str, output: Mapping[str, Any]) -> bool:
        """Let the execution that waits with *token* go on with *output*; False when it no longer waits."""
        ...

    def fail(self, token: str, *, error: str, cause: str) -> bool:
        """Let what waits with *token* end in the class *error*; False when it no longer waits."""
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

    def tell(approval: Approval) -> bool:
        if deliver(approval, approvals, executions):
            return True
        if not approval.token and approval.expires_at <= now:
            approvals.delivered(approval.tenant, approval.approval)
        return False

    return emptied(approvals.undelivered(newest=now // _MINUTE % 2 == 1), tell, clock, what="decisions")


def emptied[T](outbox: Iterable[T], tell: Callable[[T], bool], clock: Clock, *, what: str) -> int:
    """Have each in *outbox* told, as far as time goes, and return of how many *tell* says that somebody was.

    Raises ExceptionGroup after the others were told, when some could not be; they stay.
    """
    until = clock() + SECONDS * 1000
    told, failures = 0, []
    for one in outbox:
        if clock() >= until:
            break
        try:
            told += tell(one)
        except Exception as error:  # noqa: BLE001 -- one that cannot be told must not keep the others waiting
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} {what} could not be delivered; they stay in the outbox", failures)
    return told


def overdue(approvals: Approvals, runs: Runs, now: int) -> Iterator[Approval]:
    """Questions whose time to escalate has come, each once: whoever takes the next one has told operators of the one before.

    Of a run that is cancelled or has ended nobody is told: there is nothing left to decide.
    """
    for approval in approvals.escalating(now):
        run = runs.get(approval.tenant, approval.run)
        if now < approval.expires_at and run and run.status == "running" and not run.cancelled_by:
            yield approval
        approvals.escalate(approval.tenant, approval.approval)
