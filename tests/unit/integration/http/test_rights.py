"""Who may do what: every operation with every role. An operation without a row here fails."""

from __future__ import annotations

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


MATRIX: Mapping[str, tuple[Row, ...]] = {
    "submitRun": (
        Row(statuses=(403, 202, 202, 403, 202, 403, 202, 202), body={"workflow": "support", "input": {"message": "where is it?"}}),
    ),
    "listRuns": (Row(statuses=(403, 200, 200, 200, 200, 200, 200, 200)),),
    "getRun": (Row(statuses=(404, 200, 404, 200, 200, 200, 200, 404)),),
    "readJournal": (
        Row(statuses=(404, 200, 404, 200, 200, 200, 200, 404)),
        Row(statuses=(403, 200, 404, 403, 200, 200, 200, 404), query={"sealed": "true"}),
    ),
    "readRunSeals": (Row(statuses=(403, 200, 404, 403, 200, 200, 200, 404)),),
    "readSeals": (Row(statuses=(403, 403, 403, 403, 200, 200, 200, 200)),),
    "getSealKey": (Row(statuses=(403, 200, 200, 403, 200, 200, 200, 200)),),
    "readErasures": (Row(statuses=(403, 403, 403, 403, 200, 200, 200, 200)),),
    "erase": (Row(statuses=(403, 403, 403, 403, 403, 403, 200, 404), body={"of": "tenant", "subject": "acme"}),),
    "getBudget": (Row(statuses=(403, 200, 200, 200, 200, 200, 200, 200)),),
    "setBudget": (Row(statuses=(403, 403, 403, 403, 403, 403, 200, 200), body={"usual": "0.5"}),),
    "readBudgetHistory": (Row(statuses=(403, 403, 403, 403, 200, 200, 200, 200)),),
    "listApprovals": (Row(statuses=(403, 200, 200, 200, 200, 200, 200, 200)),),
    "getApproval": (Row(statuses=(404, 200, 404, 200, 200, 200, 200, 404)),),
    "decide": (Row(statuses=(403, 403, 403, 200, 403, 403, 200, 404), body={"decision": "approve", "reason": "as agreed"}),),
}
SEES = {"its submitter", "approver", "operator", "auditor", "admin"}
"""Who may be told of the run and of its approval."""


def test_every_operation_has_a_row_and_every_role_a_column() -> None:
    assert {operation.id for operation in OPERATIONS} == set(MATRIX), "write down who may do it, in MATRIX"
    assert set(WHO) >= ROLES
    assert all(len(row.statuses) == len(WHO) for rows in MATRIX.values() for row in rows)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("id_", MATRIX)
def test_the_status_is_the_one_in_the_row(office: Any, client: Any, id_: str, who: str) -> None:
    operation = next(operation for operation in OPERATIONS if operation.id == id_)
    run = office.start()
    approval = office.ask(run).approval
    for row in MATRIX[id_]:
        path = operation.path.format(run=run, approval=approval)
        sent = {} if row.body is None else {"send": row.body}
        answer = client.as_(WHO[who]).call(operation.method, path, query=row.query, **sent)
        assert answer.status == row.statuses[list(WHO).index(who)], answer.body
        if who not in SEES:
            unasked = {one for one in (run, approval, "issue_refund", "A-1002") if one not in path}
            assert not [one for one in unasked if one in str(answer.body)]
