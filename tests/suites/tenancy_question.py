"""A run that nobody executes, which asks people inside and outside and has rows: written behind the API, through the stores."""

from collections.abc import Callable
from datetime import UTC, datetime

from septet.core.costs import Costs, Line, Spent
from septet.core.entries import ApprovalAsked, Request
from septet.core.inquiries import Inquiries, Inquiry, inquiry_id
from septet.core.journal import Branch, Head, Journal, Pen
from septet.core.rows import Plan, Row, Rows
from septet.core.runs import Run, Runs
from septet.core.summaries import Part, Summaries, Summary
from septet.security.approvals import Approval, Approvals, approval_id


def question(
    tenant: str,
    run: str,
    marker: str,
    *,
    journal: Journal,
    runs: Runs,
    approvals: Approvals,
    inquiries: Inquiries,
    rows: Rows,
    costs: Costs,
    summaries: Summaries,
    clock: Callable[[], int],
) -> tuple[str, str, str]:
    """Write record, request, questions and rows, with *marker* in all of them, and return the ids of run, approval and inquiry."""
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
    rows.keep(tenant, run, Plan(rows=1, tolerated=0))
    rows.put(tenant, run, [Row(number=1, status="rejected", message=marker)])
    day = datetime.fromtimestamp(now // 1000, UTC).date().isoformat()
    costs.put(Spent(tenant=tenant, run=run, path="main", day=day, workflow=marker, lines=(Line(agent=marker, model=marker, cost=1),)))
    parts = {"main": Part(agents=(marker,), failing=marker)}
    ended = Summary(
        tenant=tenant, run=run, workflow=marker, submitter="ann", status="failed", created=now, ended=now, kind="tool", parts=parts
    )
    summaries.put(ended)
    return run, approval.approval, _inquiry(tenant, run, marker, inquiries, now)


def _inquiry(tenant: str, run: str, marker: str, inquiries: Inquiries, now: int) -> str:
    inquiry = Inquiry(
        tenant=tenant,
        inquiry=inquiry_id(tenant, run, "main", "ask"),
        run=run,
        name="delivery_date",
        to="supplier",
        roles=("responder", "operator"),
        question={"text": marker},
        answer_schema={"type": "object"},
        asked_at=now,
        expires_at=now + 3_600_000,
    )
    return inquiries.ask(inquiry).inquiry
