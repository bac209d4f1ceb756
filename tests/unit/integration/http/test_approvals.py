"""Approvals over the API: listed, shown, decided."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.integration.http.answered import EVE, problem


def test_an_approval_is_listed_shown_and_decided(client: Any, office: Any) -> None:
    run = office.start()
    question = office.ask(run)
    listed = client.call("GET", "/v1/approvals", query={"status": "pending"}).body["approvals"]
    shown = client.call("GET", f"/v1/approvals/{question.approval}").body
    assert listed == [shown]
    assert shown == {
        "id": question.approval,
        "run": run,
        "branch": "main",
        "tool": "issue_refund",
        "arguments": {"order_id": "1002", "amount": 9000},
        "reasons": ["amount is above 5000"],
        "asked_by": "refunds",
        "on_behalf_of": None,
        "workflow": None,
        "asked_at": "2025-11-22T21:35:00.001Z",
        "expires_at": "2025-11-22T21:45:00.001Z",
        "labels": {},
        "call": question.approval,
        "edited": None,
        "edited_by": None,
        "roles": ["admin", "approver"],
        "approvers": 1,
        "approved_by": [],
        "votes": [],
        "escalates_at": None,
        "escalate_to": [],
        "escalated": False,
        "used_at": None,
        "refused": None,
        "status": "pending",
        "decided_by": None,
        "decided_at": None,
        "reason": None,
        "evidence": [{"name": "order 1002", "value": {"paid": 9000}, "source": "find_order, entry 4"}],
    }
    assert client.call("GET", f"/v1/runs/{run}").body["approvals"] == [question.approval]

    decided = client.as_(EVE).call("POST", f"/v1/approvals/{question.approval}", send={"decision": "approve", "reason": "loyal"})
    assert decided.status == 200
    at = "2025-11-22T21:35:00.001Z"
    expected: dict[str, Any] = {"status": "approved", "decided_by": "eve", "decided_at": at, "reason": "loyal", "approved_by": ["eve"]}
    expected |= {"votes": [{"by": "eve", "at": at, "reason": "loyal", "arguments": None, "counts": True}]}
    assert decided.body == {**shown, **expected}
    assert client.as_(EVE).call("POST", f"/v1/approvals/{question.approval}", send={"decision": "approve"}).body == decided.body


def test_a_call_of_another_form_is_refused_in_a_sentence(client: Any, office: Any) -> None:
    question = office.ask(office.start())
    sent = {"decision": "approve", "call": "call-1"}
    (wrong,) = problem(client.as_(EVE).call("POST", f"/v1/approvals/{question.approval}", send=sent), 422)["errors"]
    assert wrong["message"] == "is not the id of a call: take the approval's `call`, which is apr- and 32 hexadecimal digits"


@pytest.mark.parametrize("used", [None, 1])
def test_why_an_approved_call_was_not_used_is_told_unless_it_was(client: Any, office: Any, used: Any) -> None:
    question = office.ask(office.start())
    office.approvals._approvals["acme", question.approval] = replace(question, status="approved", refused="denied: no", used_at=used)
    assert client.call("GET", f"/v1/approvals/{question.approval}").body["refused"] == (None if used else "denied: no")


def test_a_call_is_approved_with_other_arguments_and_by_what_was_seen(client: Any, office: Any) -> None:
    question = office.ask(office.start())
    office.approvals._approvals["acme", question.approval] = replace(question, approvers=2)
    path, less = f"/v1/approvals/{question.approval}", {"order_id": "1002", "amount": 4000}
    changed = client.as_(EVE).call("POST", path, send={"decision": "approve", "arguments": less, "reason": "half"}).body
    assert (changed["status"], changed["arguments"]["amount"], changed["edited"], changed["edited_by"]) == ("pending", 9000, less, "eve")
    assert (changed["approved_by"], changed["approvers"], changed["votes"][0]["arguments"]) == (["eve"], 2, less)
    blind = client.as_("acme/zoe/admin").call("POST", path, send={"decision": "approve"})
    assert problem(blind, 409)["errors"][0]["field"] == "call"
    done = client.as_("acme/zoe/admin").call("POST", path, send={"decision": "approve", "call": changed["call"]}).body
    assert (done["status"], done["approved_by"], done["decided_by"]) == ("approved", ["eve", "zoe"], "zoe")


def test_what_escalated_says_so_and_who_may_decide_now(client: Any, office: Any) -> None:
    question = office.ask(office.start())
    escalates = replace(question, escalates_at=office.clock() + 1, escalate_to=("auditor",))
    office.approvals._approvals["acme", question.approval] = escalates

    def shown() -> tuple[bool, list[str]]:
        (one,) = client.call("GET", "/v1/approvals").body["approvals"]
        return one["escalated"], one["roles"]

    assert shown() == (False, ["admin", "approver"])
    office.clock.now += 1
    assert shown() == (True, ["admin", "approver", "auditor"])


def test_the_body_cannot_say_who_decides(client: Any, office: Any) -> None:
    question = office.ask(office.start())
    sent = {"decision": "approve", "roles": ["approver"], "by": "eve"}
    problem(client.as_("acme/max/operator").call("POST", f"/v1/approvals/{question.approval}", send=sent), 422)
    problem(client.as_("acme/max/operator").call("POST", f"/v1/approvals/{question.approval}", send={"decision": "approve"}), 403)


def test_approvals_are_paged_by_number(client: Any, office: Any) -> None:
    asked = [office.ask(office.start()).approval for _ in range(5)]
    seen, query = [], {"limit": "2"}
    for left in (2, 2, 1):
        page = client.call("GET", "/v1/approvals", query=query).body
        assert len(page["approvals"]) == left
        seen += [one["id"] for one in page["approvals"]]
        query["cursor"] = page["next"]
    assert page["next"] is None
    assert seen == asked[::-1]


def test_a_page_of_approvals_has_no_more_bytes_than_an_answer_may_and_says_where_to_go_on(client: Any, office: Any) -> None:
    asked = []
    for _ in range(100):
        question = office.ask(office.start(budget=1))
        office.approvals._approvals["acme", question.approval] = replace(question, arguments={"reason": "x" * 65_000})
        asked.append(question.approval)
    page = client.call("GET", "/v1/approvals", query={"limit": "100"}).body
    assert len(json.dumps(json.dumps(page))) < 5_000_000
    assert 50 < len(page["approvals"]) < 100
    rest = client.call("GET", "/v1/approvals", query={"limit": "100", "cursor": page["next"]}).body
    assert [one["id"] for one in page["approvals"] + rest["approvals"]] == asked[::-1]
    assert rest["next"] is None


@pytest.mark.parametrize("cursor", ["x", "é", "YQ", "LTEjYXByLTE"])
def test_a_cursor_of_approvals_that_this_did_not_make_leads_nowhere(client: Any, cursor: str) -> None:
    assert problem(client.call("GET", "/v1/approvals", query={"cursor": cursor}), 404)["errors"][0]["field"] == "cursor"


def test_the_waiting_executions_token_never_leaves(client: Any, office: Any) -> None:
    question = office.ask(office.start(), token="sesame")
    for path in ("/v1/approvals", f"/v1/approvals/{question.approval}", f"/v1/runs/{question.run}", f"/v1/runs/{question.run}/journal"):
        assert "sesame" not in json.dumps(client.call("GET", path).body)


@pytest.mark.parametrize(
    ("prepare", "who", "status"),
    [
        ("decided", EVE, 409),
        ("expired", EVE, 409),
        ("pending", "acme/max/operator", 403),
        ("pending", "acme/ann/submitter,approver", 403),
        ("pending", "other/eve/approver", 404),
        ("pending", "acme/bob/submitter", 403),
    ],
)
def test_a_decision_that_may_not_be_is_a_problem_and_changes_nothing(client: Any, office: Any, prepare: str, who: Any, status: int) -> None:
    question = office.ask(office.start(), seconds=10)
    if prepare == "decided":
        client.as_("acme/zoe/admin").call("POST", f"/v1/approvals/{question.approval}", send={"decision": "reject"})
    elif prepare == "expired":
        office.clock.now += 10_000
    before = office.approvals.get("acme", question.approval)
    problem(client.as_(who).call("POST", f"/v1/approvals/{question.approval}", send={"decision": "approve"}), status)
    assert office.approvals.get("acme", question.approval) == before


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "decision"),
        ({"decision": "maybe"}, "decision"),
        ({"decision": True}, "decision"),
        ({"decision": "approve", "reason": 1}, "reason"),
        ({"decision": "approve", "reason": None}, "reason"),
        ({"decision": "approve", "reason": "x" * 2001}, "reason"),
        ({"decision": "approve", "amount": 1}, "amount"),
        ({"decision": "approve", "call": "apr-1"}, "call"),
        ({"decision": "approve", "arguments": [1]}, "arguments"),
        ({"decision": "reject", "arguments": {"amount": 1}}, "arguments"),
    ],
)
def test_a_bad_decision_names_the_field_and_decides_nothing(client: Any, office: Any, sent: Any, field: str) -> None:
    question = office.ask(office.start())
    answer = client.as_(EVE).call("POST", f"/v1/approvals/{question.approval}", send=sent)
    problem(answer, 422)
    assert field in answer.fields
    assert office.approvals.get("acme", question.approval).status == "pending"
