"""Who may do what: every operation with every role. An operation without a row here fails."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from septet.integration.http.operations import OPERATIONS
from septet.integration.ports import ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

WHO = {
    "no role": "acme/eve/",
    "its submitter": "acme/ann/submitter",
    "submitter": "acme/eve/submitter",
    "approver": "acme/eve/approver",
    "operator": "acme/eve/operator",
    "auditor": "acme/eve/auditor",
    "admin": "acme/eve/admin",
    "stranger": "other/ann/admin,approver,auditor,operator,submitter",
}
"""Whose run it is, each other role by itself, and somebody of another tenant with all of them."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One request, and the status it gets, in the order of ``WHO``."""

    statuses: tuple[int, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


OFFER = {"name": "claims.csv", "media_type": "text/csv", "bytes": 8, "sha256": "ab" * 32}
MATRIX: Mapping[str, tuple[Row, ...]] = {
    "submitRun": (
        Row(statuses=(403, 202, 202, 403, 202, 403, 202, 202), body={"workflow": "support", "input": {"message": "where is it?"}}),
    ),
    "listRuns": (
        Row(statuses=(403, 200, 200, 200, 200, 200, 200, 200)),
        Row(statuses=(403, 200, 200, 200, 200, 200, 200, 200), query={"workflow": "support", "from": "2026-11-01"}),
        Row(statuses=(403, 403, 403, 403, 403, 403, 403, 403), query={"status": "running", "everybody": "true"}),
    ),
    "getRun": (Row(statuses=(404, 200, 404, 200, 200, 200, 200, 404)),),
    "readJournal": (
        Row(statuses=(404, 200, 404, 200, 200, 200, 200, 404)),
        Row(statuses=(403, 200, 404, 403, 200, 200, 200, 404), query={"sealed": "true"}),
    ),
    "explainRun": (Row(statuses=(404, 200, 404, 200, 200, 200, 200, 404)),),
    "readRunSeals": (Row(statuses=(403, 200, 404, 403, 200, 200, 200, 404)),),
    "readSeals": (Row(statuses=(403, 403, 403, 403, 200, 200, 200, 200)),),
    "getSealKey": (Row(statuses=(403, 200, 200, 403, 200, 200, 200, 200)),),
    "readErasures": (Row(statuses=(403, 403, 403, 403, 200, 200, 200, 200)),),
    "erase": (Row(statuses=(403, 403, 403, 403, 403, 403, 200, 404), body={"of": "tenant", "subject": "acme"}),),
    "getBudget": (Row(statuses=(403, 200, 200, 200, 200, 200, 200, 200)),),
    "setBudget": (Row(statuses=(403, 403, 403, 403, 403, 403, 200, 200), body={"usual": "0.5"}),),
    "readBudgetHistory": (Row(statuses=(403, 403, 403, 403, 200, 200, 200, 200)),),
    "getCosts": (
        Row(statuses=(403, 403, 403, 403, 200, 200, 200, 200)),
        Row(statuses=(403, 403, 403, 403, 403, 403, 403, 403), query={"by": "tenant"}),
    ),
    "getFailures": (Row(statuses=(403, 200, 200, 200, 200, 200, 200, 200)),),
    "orderReplay": (
        Row(statuses=(403, 403, 403, 403, 202, 403, 202, 202), body={"since": "2026-11-01"}),
        Row(statuses=(403, 403, 403, 403, 403, 403, 403, 403), body={"tenant": "third"}),
    ),
    "getReplay": (Row(statuses=(403, 403, 403, 403, 200, 403, 200, 404)),),
    "resumeReplay": (Row(statuses=(403, 403, 403, 403, 202, 403, 202, 404)),),
    "listApprovals": (Row(statuses=(403, 200, 200, 200, 200, 200, 200, 200)),),
    "getApproval": (Row(statuses=(404, 200, 404, 200, 200, 200, 200, 404)),),
    "decide": (Row(statuses=(403, 403, 403, 200, 403, 403, 200, 404), body={"decision": "approve", "reason": "as agreed"}),),
    "listInquiries": (Row(statuses=(403, 403, 403, 403, 200, 200, 200, 200)),),
    "getInquiry": (Row(statuses=(403, 403, 403, 403, 200, 200, 200, 404)),),
    "answerInquiry": (Row(statuses=(403, 403, 403, 403, 200, 403, 200, 404), body={"answer": {"days": 3}}),),
    "stopRun": (Row(statuses=(404, 202, 404, 403, 202, 403, 202, 404), body={"reason": "enough"}),),
    "stop": (
        Row(statuses=(403, 403, 403, 403, 202, 403, 202, 202), body={"scope": "agent", "name": "refunds", "reason": "enough"}),
        Row(statuses=(403, 403, 403, 403, 403, 403, 403, 403), body={"scope": "platform", "reason": "enough"}),
        Row(statuses=(403, 403, 403, 403, 202, 403, 202, 202), body={"scope": "tenant", "reason": "enough"}),
    ),
    "listStops": (Row(statuses=(403, 403, 403, 200, 200, 200, 200, 200)),),
    "getStop": (Row(statuses=(404, 200, 404, 200, 200, 200, 200, 404)),),
    "liftStop": (Row(statuses=(404, 409, 404, 409, 409, 409, 409, 404)),),
    "beginSession": (Row(statuses=(403, 201, 201, 403, 201, 403, 201, 201), body={"workflow": "support"}),),
    "say": (Row(statuses=(403, 202, 404, 403, 404, 403, 404, 404), body={"input": {"message": "where is it?"}}),),
    "getSession": (Row(statuses=(404, 200, 404, 200, 200, 200, 200, 404)),),
    "closeSession": (Row(statuses=(403, 200, 404, 403, 404, 403, 404, 404)),),
    "deleteSession": (Row(statuses=(403, 200, 404, 403, 404, 403, 404, 404)),),
    "restartRun": (Row(statuses=(403, 409, 404, 403, 409, 403, 409, 404), body={}),),
    "forkRun": (
        Row(statuses=(403, 202, 404, 403, 202, 403, 202, 404), body={"at": 0}),
        Row(statuses=(403, 403, 404, 403, 202, 403, 202, 404), body={"at": 0, "agents": {"refunds": {"prompt": "Be brief."}}}),
    ),
    "cancelRun": (Row(statuses=(403, 409, 404, 403, 409, 403, 409, 404), body={"reason": "the customer left"}),),
    "offerFile": (Row(statuses=(403, 201, 201, 403, 201, 403, 201, 201), body=OFFER),),
    "getFile": (Row(statuses=(403, 200, 404, 404, 200, 200, 200, 404)),),
    "readRows": (Row(statuses=(404, 200, 404, 200, 200, 200, 200, 404)),),
}
RESPONDER = {"listInquiries": 200, "getInquiry": 200, "answerInquiry": 200}
"""What somebody outside may do who answers questions; everything else is refused."""
SEES = {"its submitter", "approver", "operator", "auditor", "admin"}
"""Who may be told of the run and of its approval."""


def test_every_operation_has_a_row_and_every_role_a_column() -> None:
    assert {operation.id for operation in OPERATIONS} == set(MATRIX), "write down who may do it, in MATRIX"
    assert {*WHO, "responder"} >= ROLES
    assert all(len(row.statuses) == len(WHO) for rows in MATRIX.values() for row in rows)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("id_", MATRIX)
def test_the_status_is_the_one_in_the_row(office: Any, client: Any, id_: str, who: str) -> None:
    operation = next(operation for operation in OPERATIONS if operation.id == id_)
    run = office.start()
    approval, inquiry = office.ask(run).approval, office.inquire(run).inquiry
    for row in MATRIX[id_]:
        stop, file = office.stop(office.start()), office.batch(run)
        path = operation.path.format(
            run=run, approval=approval, inquiry=inquiry, stop=stop, file=file, session=office.session(), replay=office.replay()
        )
        sent = {} if row.body is None else {"send": row.body}
        answer = client.as_(WHO[who]).call(operation.method, path, query=row.query, **sent)
        assert answer.status == row.statuses[list(WHO).index(who)], answer.body
        if who not in SEES:
            unasked = {one for one in (run, approval, "issue_refund", "A-1002") if one not in path}
            assert not [one for one in unasked if one in str(answer.body)]


@pytest.mark.parametrize("id_", [operation.id for operation in OPERATIONS])
def test_a_responder_answers_inquiries_and_may_do_nothing_else(office: Any, client: Any, id_: str) -> None:
    operation = next(operation for operation in OPERATIONS if operation.id == id_)
    run = office.start()
    ids = re.findall(r"{(\w+)}", operation.path)
    known = {"run": run, "approval": office.ask(run).approval, "inquiry": office.inquire(run).inquiry}
    path = operation.path.format(**{name: known.get(name, "none") for name in ids})
    body = MATRIX[id_][0].body
    answer = client.as_("acme/supplier-7/responder").call(operation.method, path, **({} if body is None else {"send": body}))
    assert answer.status in ({RESPONDER[id_]} if id_ in RESPONDER else {403, 404}), answer.body
    if id_ not in RESPONDER:
        assert "issue_refund" not in str(answer.body)
