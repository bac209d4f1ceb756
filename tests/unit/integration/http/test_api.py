from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from septet.core.entries import Answer, Failure, ModelReply
from septet.core.errors import StoreUnavailable
from septet.core.journal import Branch, from_json, verify
from septet.core.money import Usage
from septet.integration.http.application import Api
from septet.integration.problems import Kind, Problem

EVE = "acme/eve/approver"
SUBMISSION = {"workflow": "support", "input": {"message": "where is order 1002?"}}
NO_RUN = "run-" + "0" * 26
NO_APPROVAL = "apr-" + "0" * 32


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.body
    assert body["status"] == status
    assert body["type"].startswith("urn:septet:problem:")
    assert body["title"]
    assert body["detail"]
    return body


def nothing_started(office: Any) -> bool:
    return bool(office.workflows.inputs == {} and office.runs.page("acme", limit=1).runs == ())


def test_a_run_is_submitted_and_can_be_found(client: Any) -> None:
    accepted = client.call("POST", "/v1/runs", send=SUBMISSION)
    assert accepted.status == 202
    run = accepted.body["id"]
    assert accepted.body == {
        "id": run,
        "workflow": "support",
        "status": "running",
        "links": {"self": f"/v1/runs/{run}", "journal": f"/v1/runs/{run}/journal"},
    }
    assert accepted.headers["Location"] == f"runs/{run}"
    for link in accepted.body["links"].values():
        assert client.call("GET", link).status == 200


def test_a_report_has_what_the_contract_names(client: Any, office: Any) -> None:
    run = office.start()
    reply = ModelReply(model="m", text="", calls=(), stop="end")
    office.write(run, reply, agent="triage", usage=Usage(input=10, output=2), cost=5)
    office.write(run, Answer(value={"text": "soon"}), agent="writer")
    assert client.call("GET", f"/v1/runs/{run}").body == {
        "id": run,
        "workflow": "support",
        "status": "running",
        "created_at": "2025-11-22T21:35:00.001Z",
        "ended_at": None,
        "submitter": "ann",
        "erased_at": None,
        "path": ["triage", "writer"],
        "answer": None,
        "failure": None,
        "model_calls": 1,
        "tool_calls": 0,
        "tokens": {"input": 10, "output": 2},
        "cost_microdollars": 5,
        "budget": {
            "limit_microdollars": 1_000_000,
            "spent_microdollars": 0,
            "reserved_microdollars": 0,
            "available_microdollars": 1_000_000,
        },
        "branches": ["main"],
        "approvals": [],
        "execution": f"arn:aws:states:local:000000000000:execution:support:{run}",
    }
    office.end(run)
    ended = client.call("GET", f"/v1/runs/{run}").body
    assert (ended["status"], ended["answer"], ended["ended_at"]) == ("succeeded", {"text": "soon"}, "2025-11-22T21:35:00.006Z")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("LoopDetected", {"class": "LoopDetected", "message": "why"}),
        ("ToolFailed", {"class": "ToolFailed", "message": "it broke"}),
        ("", {"class": "ToolFailed", "message": "it broke"}),
    ],
)
def test_a_failed_run_says_why_and_has_no_answer(client: Any, office: Any, error: str, expected: Any) -> None:
    run = office.start()
    office.write(run, Answer(value="half"), Failure(error="ToolFailed", message="it broke"))
    office.end(run, "failed", error=error, message="why")
    found = client.call("GET", f"/v1/runs/{run}").body
    assert (found["status"], found["answer"], found["failure"]) == ("failed", None, expected)


def test_a_failure_on_the_way_is_none_of_the_runs(client: Any, office: Any) -> None:
    run = office.start()
    office.write(run, Failure(error="ToolFailed", message="another agent takes over"))
    assert client.call("GET", f"/v1/runs/{run}").body["failure"] is None


def test_a_list_pages_and_filters(client: Any, office: Any) -> None:
    runs = [office.start() for _ in range(3)]
    first = client.call("GET", "/v1/runs", query={"limit": "2"}).body
    assert [run["id"] for run in first["runs"]] == runs[:0:-1]
    assert set(first["runs"][0]) == {"id", "workflow", "status", "created_at", "ended_at", "submitter", "erased_at"}
    second = client.call("GET", "/v1/runs", query={"limit": "2", "cursor": first["next"]}).body
    assert [run["id"] for run in second["runs"]] == [runs[0]]
    assert second["next"] is None
    assert client.call("GET", "/v1/runs", query={"status": "failed"}).body == {"runs": [], "next": None}


def test_a_journal_is_read_on_from_where_it_ended(client: Any, office: Any) -> None:
    run = office.start()
    office.write(run, Answer(value=1), agent="triage", cost=3)
    first = client.call("GET", f"/v1/runs/{run}/journal", query={"limit": "1"}).body
    assert first["entries"][0]["body"] == {"workflow": "support", "input": {"message": "where is it?"}, "submitter": "ann"}
    assert first["next"] == 0
    second = client.call("GET", f"/v1/runs/{run}/journal", query={"after": "0"}).body
    assert second["entries"] == [
        {
            "number": 1,
            "at": "2025-11-22T21:35:00.001Z",
            "type": "answer",
            "agent": "triage",
            "turn": "t-1",
            "body": {"value": 1},
            "cost_microdollars": 3,
        }
    ]
    assert second["next"] is None


@pytest.mark.parametrize(
    "text", ["x" * 900_000, "\u4e00" * 330_000, '"' * 500_000, "\u0001" * 150_000], ids=["ascii", "wide", "quoted", "control"]
)
@pytest.mark.parametrize("sealed", ["false", "true"])
def test_a_page_of_large_entries_stays_below_what_a_function_may_answer(client: Any, office: Any, text: str, sealed: str) -> None:
    run = office.start()
    office.write(run, *(Answer(value=text) for _ in range(14)))
    auditor = client.as_("acme/eve/auditor")
    found = []
    after = -1
    while after is not None:
        page = auditor.call("GET", f"/v1/runs/{run}/journal", query={"after": str(after), "sealed": sealed})
        sent = json.dumps({"body": json.dumps(page.body, ensure_ascii=False, separators=(",", ":"))}, ensure_ascii=False)
        assert len(sent.encode()) < 4_500_000
        found += [entry.get("number", entry.get("header", {}).get("number")) for entry in page.body["entries"]]
        after = page.body["next"]
    assert found == list(range(15))


def test_an_approval_is_listed_shown_and_decided(client: Any, office: Any) -> None:
    run = office.start()
    question = office.ask(run)
    listed = client.call("GET", "/v1/approvals", query={"status": "pending"}).body["approvals"]
    shown = client.call("GET", f"/v1/approvals/{question.approval}").body
    assert listed == [shown]
    assert shown == {
        "id": question.approval,
        "run": run,
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


@pytest.mark.parametrize(("sent", "attended"), [({}, True), ({"attended": True}, True), ({"attended": False}, False)])
def test_a_run_is_attended_unless_it_says_not(client: Any, office: Any, sent: dict[str, Any], *, attended: bool) -> None:
    run = client.call("POST", "/v1/runs", send={"workflow": "support", "input": {"message": "hi"}, **sent}).body["id"]
    assert office.runs.get("acme", run).attended is attended


def test_a_key_is_not_used_for_an_attended_run_and_one_that_is_not(client: Any) -> None:
    body = {"workflow": "support", "input": {"message": "hi"}}
    assert client.call("POST", "/v1/runs", send=body, headers={"Idempotency-Key": "k"}).status == 202
    problem(client.call("POST", "/v1/runs", send={**body, "attended": False}, headers={"Idempotency-Key": "k"}), 422)


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
    "path",
    [
        f"/v1/runs/{NO_RUN}",
        f"/v1/runs/{NO_RUN}/journal",
        f"/v1/approvals/{NO_APPROVAL}",
        "/v1/runs/x",
        "/v1/approvals/x",
        "/v1/runs/run-é",
        "/v1/runs/run-\x84",
    ],
)
def test_what_is_not_there_is_not_found(client: Any, path: str) -> None:
    problem(client.call("GET", path), 404)


@pytest.mark.parametrize("who", ["other/ann/admin", "acme/bob/submitter", "acme/ann/"])
def test_another_tenants_run_and_another_submitters_look_like_none(client: Any, office: Any, who: Any) -> None:
    question = office.ask(office.start())
    for path in (f"/v1/runs/{question.run}", f"/v1/runs/{question.run}/journal", f"/v1/approvals/{question.approval}"):
        there = problem(client.as_(who).call("GET", path), 404)
        not_there = problem(client.as_(who).call("GET", path.replace(question.run, NO_RUN).replace(question.approval, NO_APPROVAL)), 404)
        assert there["detail"].split(" run-")[0].split(" apr-")[0] == not_there["detail"].split(" run-")[0].split(" apr-")[0]


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/runs", "/v1/run", "/v1/runs/a/b/c", "/v1/openapi.yaml", "//v1/runs", "/v1/runs\n", "/v1/runs/"]
)
def test_a_path_with_nothing_at_it_is_a_problem(client: Any, path: str) -> None:
    problem(client.call("GET", path), 404)


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/v1/runs", "GET, POST"),
        (f"/v1/runs/{NO_RUN}", "GET"),
        (f"/v1/runs/{NO_RUN}/journal", "GET"),
        ("/v1/approvals", "GET"),
        (f"/v1/approvals/{NO_APPROVAL}", "GET, POST"),
        ("/v1/openapi.json", "GET"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(client: Any, path: str, allow: str) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY"} - set(allow.split(", ")):
        answer = client.call(method, path)
        problem(answer, 405)
        assert set(answer.headers["Allow"].split(", ")) == set(allow.split(", "))


@pytest.mark.parametrize(
    "path", ["/v1/runs", f"/v1/runs/{NO_RUN}", f"/v1/runs/{NO_RUN}/journal", "/v1/approvals", f"/v1/approvals/{NO_APPROVAL}"]
)
@pytest.mark.parametrize("header", [None, "", "acme/ann/admin", "Basic acme/ann/admin", "Bearer", "Bearer nonsense"])
def test_without_a_token_nothing_is_told(client: Any, path: str, header: str | None) -> None:
    answer = client.as_("").call("GET", path, headers={} if header is None else {"authorization": header})
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_a_token_nothing_is_done(client: Any, office: Any) -> None:
    problem(client.as_("").call("POST", "/v1/runs", send=SUBMISSION), 401)
    assert nothing_started(office)


def test_two_tokens_are_none(client: Any) -> None:
    problem(client.as_("").call("GET", "/v1/runs", headers={"Authorization": ["Bearer acme/ann/admin", "Bearer acme/bob/admin"]}), 400)


def test_while_tokens_cannot_be_checked_nothing_is_allowed(client: Any, office: Any) -> None:
    def unreachable(_: str) -> None:
        raise Problem(Kind.UNAVAILABLE, "later")

    client.api._ports.identity.principal = unreachable
    problem(client.call("POST", "/v1/runs", send=SUBMISSION), 503)
    assert nothing_started(office)


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        pytest.param({"body": "{", "headers": JSON}, 400, "body", id="not JSON"),
        pytest.param({"body": "", "headers": JSON}, 400, "body", id="empty"),
        pytest.param({"body": None, "headers": JSON}, 400, "body", id="none"),
        pytest.param({"body": '{"workflow": NaN}', "headers": JSON}, 400, "body", id="NaN"),
        pytest.param({"body": '{"workflow": Infinity}', "headers": JSON}, 400, "body", id="Infinity"),
        pytest.param({"body": '{"workflow": 1e999}', "headers": JSON}, 400, "body", id="too large a number"),
        pytest.param({"body": '{"workflow": ' + "1" * 5000 + "}", "headers": JSON}, 400, "body", id="too long a number"),
        pytest.param({"body": '{"workflow": "support", "workflow": "x", "input": {}}', "headers": JSON}, 400, "body", id="name twice"),
        pytest.param({"body": '{"workflow": "\\ud800", "input": {}}', "headers": JSON}, 400, "body", id="half a character"),
        pytest.param({"body": "[" * 100_000, "headers": JSON}, 400, "body", id="deep and broken"),
        pytest.param(
            {"body": '{"workflow": "support", "input": {"message": ' + "[" * 80 + "]" * 80 + "}}", "headers": JSON}, 400, "body", id="deep"
        ),
        pytest.param({"body": "[" * 5000 + "]" * 5000, "headers": JSON}, 400, "body", id="very deep"),
        pytest.param(
            {"body": base64.b64encode(b'{"workflow": "\xff"}').decode(), "isBase64Encoded": True, "headers": JSON},
            400,
            "body",
            id="not UTF-8",
        ),
        pytest.param({"body": "***", "isBase64Encoded": True, "headers": JSON}, 400, "body", id="not base64"),
        pytest.param(
            {"body": "*".join(base64.b64encode(json.dumps(SUBMISSION).encode()).decode()), "isBase64Encoded": True, "headers": JSON},
            400,
            "body",
            id="nearly base64",
        ),
        pytest.param({"body": "\ud800", "headers": JSON}, 400, "body", id="not text"),
        pytest.param({"body": " " * 1_000_001, "headers": JSON}, 413, "body", id="too large"),
        pytest.param({"body": "é" * 500_001, "headers": JSON}, 413, "body", id="too large in bytes"),
        pytest.param(
            {"body": base64.b64encode(b" " * 1_000_001).decode(), "isBase64Encoded": True, "headers": JSON},
            413,
            "body",
            id="too large, encoded",
        ),
        pytest.param({"body": json.dumps(SUBMISSION)}, 415, "Content-Type", id="no type"),
        pytest.param({"body": json.dumps(SUBMISSION), "headers": {"Content-Type": "text/plain"}}, 415, "Content-Type", id="text"),
        pytest.param(
            {"body": "workflow=support", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 415, "Content-Type", id="form"
        ),
        pytest.param({"body": "{}", "headers": {"Content-Type": "application/jsonx"}}, 415, "Content-Type", id="nearly JSON"),
        pytest.param({"body": "{}", "headers": {"Content-Type": "application/json; charset=latin-1"}}, 415, "Content-Type", id="charset"),
        pytest.param({"send": {}}, 422, "workflow", id="no field"),
        pytest.param({"send": {"workflow": "support"}}, 422, "input", id="no input"),
        pytest.param({"send": {**SUBMISSION, "tenant": "other"}}, 422, "tenant", id="unknown field"),
        pytest.param({"send": {**SUBMISSION, "workflow": 1}}, 422, "workflow", id="workflow no text"),
        pytest.param({"send": {**SUBMISSION, "workflow": "nothing"}}, 422, "workflow", id="unknown workflow"),
        pytest.param({"send": {**SUBMISSION, "input": []}}, 422, "input", id="input a list"),
        pytest.param({"send": {**SUBMISSION, "input": "text"}}, 422, "input", id="input a text"),
        pytest.param({"send": {**SUBMISSION, "input": None}}, 422, "input", id="input null"),
        pytest.param({"send": {**SUBMISSION, "input": {"message": 5}}}, 422, "input.message", id="message a number"),
        pytest.param({"send": {**SUBMISSION, "input": {"message": "m", "x": 1}}}, 422, "input.x", id="unknown field of the input"),
        pytest.param({"send": [SUBMISSION]}, 422, "body", id="a list of one"),
        pytest.param({"send": "text"}, 422, "body", id="a text"),
        pytest.param({"send": None}, 422, "body", id="null"),
        pytest.param({"send": SUBMISSION, "query": {"dry": "1"}}, 422, "dry", id="unknown parameter"),
        pytest.param({"send": SUBMISSION, "headers": {"Idempotency-Key": ""}}, 422, "Idempotency-Key", id="empty key"),
        pytest.param({"send": SUBMISSION, "headers": {"idempotency-key": "x" * 256}}, 422, "Idempotency-Key", id="long key"),
        pytest.param({"send": SUBMISSION, "headers": {"Idempotency-Key": ["a", "b"]}}, 400, "Idempotency-Key", id="two keys"),
        pytest.param({"send": SUBMISSION, "headers": {"Idempotency-Key": ["a", "a"]}}, 400, "Idempotency-Key", id="a key twice"),
    ],
)
def test_a_bad_submission_is_a_problem_that_names_the_field_and_starts_nothing(
    client: Any, office: Any, sent: Any, status: int, field: str
) -> None:
    answer = client.call("POST", "/v1/runs", **sent)
    problem(answer, status)
    assert field in answer.fields
    assert all(error["message"] for error in answer.body["errors"])
    assert nothing_started(office)


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"', "application/json;"]
)
def test_json_in_utf_8_is_taken(client: Any, content_type: str) -> None:
    assert client.call("POST", "/v1/runs", body=json.dumps(SUBMISSION), headers={"content-type": content_type}).status == 202


def test_a_body_may_come_in_base64(client: Any) -> None:
    body = base64.b64encode(json.dumps(SUBMISSION).encode()).decode()
    assert client.call("POST", "/v1/runs", body=body, isBase64Encoded=True, headers=JSON).status == 202


def test_a_body_of_exactly_the_limit_is_read(client: Any) -> None:
    body = json.dumps(SUBMISSION)
    assert client.call("POST", "/v1/runs", body=body + " " * (1_000_000 - len(body)), headers=JSON).status == 202


def test_a_key_makes_two_submissions_one(client: Any, office: Any) -> None:
    sent = {"send": SUBMISSION, "headers": {"idempotency-key": "k"}}
    assert client.call("POST", "/v1/runs", **sent).body == client.call("POST", "/v1/runs", **sent).body
    assert len(office.workflows.inputs) == 1
    answer = client.call("POST", "/v1/runs", send={**SUBMISSION, "input": {"message": "another"}}, headers={"Idempotency-Key": "k"})
    problem(answer, 422)
    assert answer.fields == ["Idempotency-Key"]


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


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/v1/runs", {"limit": "0"}, "limit"),
        ("/v1/runs", {"limit": "101"}, "limit"),
        ("/v1/runs", {"limit": "-1"}, "limit"),
        ("/v1/runs", {"limit": "ten"}, "limit"),
        ("/v1/runs", {"limit": "1.0"}, "limit"),
        ("/v1/runs", {"limit": "1_0"}, "limit"),
        ("/v1/runs", {"limit": " 1"}, "limit"),
        ("/v1/runs", {"limit": "007"}, "limit"),
        ("/v1/runs", {"limit": "٣"}, "limit"),
        ("/v1/runs", {"limit": ""}, "limit"),
        ("/v1/runs", {"limit": "9" * 5000}, "limit"),
        ("/v1/runs", {"limit": ["1", "2"]}, "limit"),
        ("/v1/runs", {"status": "lost"}, "status"),
        ("/v1/runs", {"status": "Running"}, "status"),
        ("/v1/runs", {"cursor": ""}, "cursor"),
        ("/v1/runs", {"cursor": "x" * 501}, "cursor"),
        ("/v1/runs", {"submitter": "bob"}, "submitter"),
        ("/v1/approvals", {"status": "open"}, "status"),
        ("/v1/approvals", {"limit": "1e1"}, "limit"),
        (f"/v1/runs/{NO_RUN}/journal", {"after": "-2"}, "after"),
        (f"/v1/runs/{NO_RUN}/journal", {"after": "1000000001"}, "after"),
        (f"/v1/runs/{NO_RUN}/journal", {"limit": "101"}, "limit"),
        (f"/v1/runs/{NO_RUN}", {"x": "1"}, "x"),
    ],
)
def test_a_parameter_out_of_bounds_is_named(client: Any, path: str, query: dict[str, Any], field: str) -> None:
    answer = client.call("GET", path, query=query)
    problem(answer, 422)
    assert field in answer.fields


def test_a_thousand_unknown_parameters_are_not_all_told_back(client: Any) -> None:
    answer = client.call("GET", "/v1/runs", query={f"p{number}" * 500: "1" for number in range(1000)})
    problem(answer, 422)
    assert len(answer.body["errors"]) == 20
    assert len(json.dumps(answer.body)) < 10_000


def test_a_body_that_is_not_utf_8_is_told_so(client: Any) -> None:
    body = base64.b64encode(b'{"workflow": "\xff"}').decode()
    assert "UTF-8" in client.call("POST", "/v1/runs", body=body, isBase64Encoded=True, headers=JSON).body["detail"]


def test_what_can_be_no_id_is_not_looked_up(client: Any) -> None:
    for port in ("runs", "approvals"):
        object.__setattr__(client.api._ports, port, Broken())
    for path in ("/v1/runs/run-1", "/v1/runs/run-1/journal", "/v1/approvals/apr-1"):
        problem(client.call("GET", path), 404)


class Broken:
    """A port that fails with content in its message."""

    def __getattr__(self, _: str) -> Any:
        def call(*_: Any, **__: Any) -> None:
            raise ValueError("the customer wrote: my card is 4111")

        return call


def test_what_breaks_inside_is_logged_without_content_and_told_without_details(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    broken = client.api
    object.__setattr__(broken._ports, "runs", Broken())
    answer = client.call("POST", "/v1/runs", send=SUBMISSION)
    body = problem(answer, 500)
    assert "request-1" in body["detail"]
    assert body["instance"] == "urn:septet:request:request-1"
    logged = client.log.getvalue()
    assert '"error":"ValueError"' in logged
    assert "request-1" in logged
    assert "submitting.py" in logged
    assert "4111" not in logged + caplog.text + json.dumps(answer.body)
    assert "where is order" not in logged


def test_no_content_reaches_the_log(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    client.call("POST", "/v1/runs", send={**SUBMISSION, "input": {"message": "my card is 4111"}}, headers={"Idempotency-Key": "key-4111"})
    client.call("POST", "/v1/runs", send={"workflow": "4111", "4111": 1})
    client.call("GET", "/v1/runs/4111", query={"4111": "4111"})
    client.call("GET", "/4111")
    logged = client.log.getvalue() + caplog.text
    assert '"operation":"submitRun"' in logged
    assert "4111" not in logged


@pytest.mark.parametrize("sent", [{}, {"httpMethod": "GET"}, {"path": "/v1/runs"}, {"httpMethod": None, "path": None}, {"Records": []}])
def test_an_event_that_no_gateway_sends_gets_an_answer(client: Any, sent: Any) -> None:
    problem(client.raw(sent), 500)


def test_older_gateways_events_without_multiple_values_are_read(client: Any, office: Any) -> None:
    office.start()
    sent = {
        "httpMethod": "GET",
        "path": "/v1/runs",
        "headers": {"authorization": "Bearer acme/ann/submitter"},
        "queryStringParameters": {"limit": "1"},
        "requestContext": {},
    }
    assert len(client.raw(sent).body["runs"]) == 1


@pytest.mark.parametrize(
    ("limit", "told"),
    [("0", "must be greater than or equal to 1"), ("x", "must be a valid integer"), ("101", "must be less than or equal")],
)
def test_a_limit_that_is_none_is_told_what_would_be_right(client: Any, limit: str, told: str) -> None:
    (error,) = problem(client.call("GET", "/v1/runs", query={"limit": limit}), 422)["errors"]
    assert error["field"] == "limit"
    assert error["message"].startswith(told)


class TestBudget:
    def test_a_submission_may_ask_for_its_budget(self, client: Any) -> None:
        run = client.call("POST", "/v1/runs", send={**SUBMISSION, "budget": "0.25"}).body["id"]
        shown = client.call("GET", f"/v1/runs/{run}").body["budget"]
        assert (shown["limit_microdollars"], shown["available_microdollars"]) == (250_000, 250_000)

    @pytest.mark.parametrize("budget", ["0", "0.0", "-1", "1e3", "0.0000001", "", "1.", ".5", "01", "٣", 1, 0.25, None, "5.000001"])
    def test_a_budget_that_is_none_or_too_large_is_refused_by_name(self, client: Any, office: Any, budget: Any) -> None:
        answer = client.call("POST", "/v1/runs", send={**SUBMISSION, "budget": budget})
        told = problem(answer, 422)["errors"][0]["message"]
        assert "at most" in told
        assert budget == "5.000001" or told.startswith('must be dollars as decimal text, e.g. "0.25"')
        assert answer.fields == ["budget"]
        assert nothing_started(office)

    def test_a_tenant_without_money_is_told_when_there_is_some_again(self, client: Any, office: Any) -> None:
        for _ in range(10):
            office.start(budget=5_000_000)
        answer = client.call("POST", "/v1/runs", send=SUBMISSION)
        assert problem(answer, 429)["type"] == "urn:septet:problem:exhausted"
        assert answer.headers["Retry-After"] == "8700"
        (refused,) = client.call("GET", "/v1/runs", query={"status": "refused"}).body["runs"]
        shown = client.call("GET", f"/v1/runs/{refused['id']}").body
        assert (shown["status"], shown["failure"]["class"], shown["budget"]) == ("refused", "BudgetExhausted", None)

    def test_limits_are_read_changed_and_the_change_is_in_the_history(self, client: Any) -> None:
        root, auditor = client.as_("acme/root/admin"), client.as_("acme/eve/auditor")
        before = client.call("GET", "/v1/budget").body
        assert before == {
            "limits": {"day_microdollars": 50_000_000, "run_microdollars": 5_000_000, "usual_microdollars": 1_000_000},
            "today": {
                "date": "2025-11-22",
                "limit_microdollars": 50_000_000,
                "spent_microdollars": 0,
                "reserved_microdollars": 0,
                "available_microdollars": 50_000_000,
            },
        }
        changed = root.call("PUT", "/v1/budget", send={"day": "20"})
        assert (changed.status, changed.body["limits"]["day_microdollars"]) == (200, 20_000_000)
        assert client.call("GET", "/v1/budget").body == changed.body
        (entry,) = auditor.call("GET", "/v1/budget/history").body["entries"]
        assert (entry["type"], entry["body"]) == ("limit_set", {"name": "day", "before": 50_000_000, "after": 20_000_000, "by": "root"})

    @pytest.mark.parametrize("role", ["submitter", "approver", "operator", "auditor"])
    def test_only_an_administrator_changes_limits(self, client: Any, role: str) -> None:
        assert "admin" in problem(client.as_(f"acme/x/{role}").call("PUT", "/v1/budget", send={"day": "20"}), 403)["detail"]

    @pytest.mark.parametrize("role", ["submitter", "approver"])
    def test_the_history_is_for_those_who_oversee_money(self, client: Any, role: str) -> None:
        problem(client.as_(f"acme/x/{role}").call("GET", "/v1/budget/history"), 403)

    @pytest.mark.parametrize(
        ("sent", "field"), [({}, "body"), ({"day": "0"}, "day"), ({"day": 20}, "day"), ({"week": "20"}, "week"), ({"usual": "6"}, "usual")]
    )
    def test_a_change_that_cannot_be_is_refused_by_name(self, client: Any, sent: Any, field: str) -> None:
        answer = client.as_("acme/root/admin").call("PUT", "/v1/budget", send=sent)
        problem(answer, 422)
        assert answer.fields == [field]


class TestSealed:
    def test_entries_as_they_are_stored_can_be_verified(self, client: Any, office: Any) -> None:
        run = office.start(message="Grüße 👋")
        office.write(run, Answer(value={"x": [0.1, 1e16, 1.0, -0.0, 10**20, None, True]}), cost=7)
        found = [from_json(one) for one in client.call("GET", f"/v1/runs/{run}/journal", query={"sealed": "true"}).body["entries"]]
        assert found == list(office.journal.read(Branch(tenant="acme", run=run)))
        assert verify(found) == []

    @pytest.mark.parametrize(("token", "status"), [("acme/eve/auditor", 200), ("acme/ann/submitter", 200), ("acme/eve/approver", 403)])
    def test_only_who_may_verify_reads_them(self, client: Any, office: Any, token: str, status: int) -> None:
        run = office.start()
        assert client.as_(token).call("GET", f"/v1/runs/{run}/journal", query={"sealed": "true"}).status == status

    def test_another_submitters_are_not_there(self, client: Any, office: Any) -> None:
        run = office.start()
        problem(client.as_("acme/bob/submitter").call("GET", f"/v1/runs/{run}/journal", query={"sealed": "true"}), 404)

    def test_each_branch_is_read_by_its_name(self, client: Any, office: Any) -> None:
        run = office.start()
        assert client.call("GET", f"/v1/runs/{run}/journal", query={"branch": "specialist"}).body == {"entries": [], "next": None}
        assert len(client.call("GET", f"/v1/runs/{run}/journal", query={"branch": "main"}).body["entries"]) == 1

    @pytest.mark.parametrize("query", [{"sealed": "1"}, {"sealed": "True"}, {"branch": "a/b"}, {"branch": "a#b"}, {"branch": ""}])
    def test_anything_else_is_refused(self, client: Any, office: Any, query: dict[str, str]) -> None:
        answer = client.call("GET", f"/v1/runs/{office.start()}/journal", query=query)
        problem(answer, 422)
        assert answer.fields == list(query)


class Unreachable:
    """A store that does not answer."""

    def __getattr__(self, name: str) -> Any:
        raise StoreUnavailable("the journal could not be reached: Query ended in ThrottlingException")


def test_a_store_that_does_not_answer_is_not_the_callers_fault(client: Any, office: Any) -> None:
    run = office.start()
    lost = replace(client, api=Api(replace(office.ports, journal=Unreachable()), Logger(service="lost", stream=io.StringIO())))
    assert "try again" in problem(lost.call("GET", f"/v1/runs/{run}"), 503)["detail"]
