"""What the API can do about approvals."""

from typing import Literal

from septet.integration import approving
from septet.integration.http import approval_models as models
from septet.integration.http import views
from septet.integration.http.operation import Call, Operation, Reply
from septet.integration.http.pages import fitting
from septet.integration.ports import Ports
from septet.integration.voting import Decision


def _approvals(call: Call, ports: Ports) -> Reply:
    query: models.ApprovalsQuery = call.query
    found = approving.listed(call.principal, ports, limit=query.limit + 1, status=query.status, cursor=query.cursor)
    now = ports.clock()
    shown = fitting(views.approval(one, now) for one in found[: query.limit])
    more = approving.cursor_at(found[len(shown) - 1]) if len(shown) < len(found) else None
    return Reply(answer=models.ApprovalPage(approvals=shown, next=more))


def _approval(call: Call, ports: Ports) -> Reply:
    return Reply(answer=views.approval(approving.found(call.name, call.principal, ports), ports.clock()))


def _decide(call: Call, ports: Ports) -> Reply:
    said: models.Decision = call.body
    status: Literal["approved", "rejected"] = "approved" if said.decision == "approve" else "rejected"
    arguments = said.arguments if "arguments" in said.model_fields_set else None
    decision = Decision(approval=call.name, status=status, reason=said.reason, arguments=arguments, call=said.call)
    return Reply(answer=views.approval(approving.decide(decision, call.principal, ports), ports.clock()))


OPERATIONS = (
    Operation(
        id="listApprovals",
        method="GET",
        path="/v1/approvals",
        summary="List approvals, newest question first",
        act=_approvals,
        answer=models.ApprovalPage,
        query=models.ApprovalsQuery,
    ),
    Operation(
        id="getApproval",
        method="GET",
        path="/v1/approvals/{approval}",
        summary="See a question and what is behind it",
        act=_approval,
        answer=models.Approval,
    ),
    Operation(
        id="decide",
        method="POST",
        path="/v1/approvals/{approval}",
        summary="Approve, as it is or with other arguments, or reject",
        act=_decide,
        answer=models.Approval,
        body=models.Decision,
        conflicts="It was decided otherwise, waits for other people, is another call by now, has expired, or its run has ended",
    ),
)
