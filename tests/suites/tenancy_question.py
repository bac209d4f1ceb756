"""A run that nobody executes, whose agent asks a person: written behind the API, through the stores."""

from collections.abc import Callable

from septet.core.entries import ApprovalAsked, Request
from septet.core.journal import Branch, Head, Journal, Pen
from septet.core.runs import Run, Runs
from septet.security.approvals import Approval, Approvals, approval_id


def question(
    tenant: str, run: str, marker: str, *, journal: Journal, runs: Runs, approvals: Approvals, clock: Callable[[], int]
) -> tuple[str, str]:
    """Write record, request and question, with *marker* in all of them, and return the ids of run and approval."""
    now = clock()
    runs.create(Run(tenant=tenant, run=run, workflow="support", submitter="ann", digest=marker, created_at=now))
    arguments = {"order_id": marker, "amount_cents": 100}
    approval = Approval(
        tenant=tenant,
        approval=approval_id(tenant, run, "issue_refund", arguments),
        run=run,
        turn="t",
        tool="issue_refund",
        arguments=arguments,
        asked_by="refunds",
        asked_at=now,
        expires_at=now + 3_600_000,
        reasons=(marker,),
    )
    approvals.ask(approval)
    asked = ApprovalAsked(
        call="c",
        tool="issue_refund",
        arguments=arguments,
        approval=approval.approval,
        expires_at=approval.expires_at,
        reasons=approval.reasons,
    )
    pen = Pen(journal=journal, branch=Branch(tenant=tenant, run=run), clock=clock, head=Head(), agent="refunds", turn="t")
    pen.write(Request(workflow="support", input={"message": marker}, submitter="ann"))
    pen.write(asked)
    return run, approval.approval
