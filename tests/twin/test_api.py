"""The HTTP API through the gateway, the function, DynamoDB and Step Functions: bad input, tenancy, keys, decisions."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from septet.aws.approvals import DynamoApprovals
from septet.aws.runs import DynamoRuns
from septet.core.journal import from_json, verify
from septet.core.runs import Run
from septet.security.approvals import Approval, approval_id
from tests.desk import Desk, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from septet.security.approvals import Status

SUBMISSION = {"workflow": "support", "input": {"message": "Where is my order A-1001?"}}
JSON = {"Content-Type": "application/json"}
NO_RUN = "run-" + "0" * 26
NO_APPROVAL = "apr-" + "0" * 32


@pytest.fixture
def desk(twin: Any) -> Iterator[Desk]:
    found = Desk(twin=twin)
    yield found
    found.http.close()


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert found["detail"]
    return found


def fields(found: dict[str, Any]) -> list[str]:
    return [error["field"] for error in found["errors"]]


def nothing_started(desk: Desk) -> bool:
    answer = desk.http.get("/v1/runs", headers=desk.token("boss", "auditor"))
    assert answer.status_code == 200, answer.text
    return bool(answer.json() == {"runs": [], "next": None})


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        pytest.param({"content": b"{", "headers": JSON}, 400, "body", id="not JSON"),
        pytest.param({"content": b"", "headers": JSON}, 400, "body", id="nothing"),
        pytest.param(
            {"content": b'{"workflow": "support", "input": {"message": "\xff\xfe"}}', "headers": JSON}, 400, "body", id="not UTF-8"
        ),
        pytest.param({"content": b'{"workflow": "\\ud800", "input": {}}', "headers": JSON}, 400, "body", id="half a character"),
        pytest.param({"content": b" " * 1_000_001, "headers": JSON}, 413, "body", id="over 1 MB"),
        pytest.param(
            {"content": b"workflow=support", "headers": {"Content-Type": "text/plain"}}, 415, "Content-Type", id="not sent as JSON"
        ),
        pytest.param({"json": {**SUBMISSION, "workflow": "nothing"}}, 422, "workflow", id="unknown workflow"),
        pytest.param({"json": {**SUBMISSION, "input": "text"}}, 422, "input", id="input a text"),
        pytest.param({"json": {**SUBMISSION, "input": {"message": 5}}}, 422, "input.message", id="message a number"),
        pytest.param(
            {"json": {**SUBMISSION, "input": {"message": "m", "tenant": "other"}}}, 422, "input.tenant", id="unknown field of the input"
        ),
        pytest.param({"json": {**SUBMISSION, "tenant": "other"}}, 422, "tenant", id="unknown field"),
        pytest.param({"json": SUBMISSION, "params": {"dry": "1"}}, 422, "dry", id="unknown parameter"),
        pytest.param({"json": SUBMISSION, "headers": {"Idempotency-Key": "two words"}}, 422, "Idempotency-Key", id="key with a space"),
    ],
)
def test_a_bad_submission_is_a_problem_that_names_the_field_and_starts_nothing(desk: Desk, sent: Any, status: int, field: str) -> None:
    headers = desk.token("customer-17", "submitter") | sent.pop("headers", {})
    found = problem(desk.http.post("/v1/runs", headers=headers, **sent), status)
    assert field in fields(found)
    assert nothing_started(desk)


def foreign_token(desk: Desk, **changes: Any) -> str:
    """As the twin's issuer would make it, and signed by somebody else under the issuer's own key id."""
    rightful = desk.token("customer-17", "submitter")["Authorization"].removeprefix("Bearer ")
    claims = {**jwt.decode(rightful, options={"verify_signature": False}), **changes}
    key_id = jwt.get_unverified_header(rightful)["kid"]
    return jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"kid": key_id})


def promoted_token(desk: Desk) -> str:
    """A rightful token whose claims were changed after it was signed."""
    head, body, signature = desk.token("customer-17", "submitter")["Authorization"].removeprefix("Bearer ").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "roles": ["admin"]}).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


@pytest.mark.parametrize("kind", ["missing", "nonsense", "foreign", "changed", "expired", "unsigned"])
def test_without_a_valid_token_nothing_is_done_and_nothing_told(desk: Desk, kind: str) -> None:
    made: dict[str, Callable[[], str | None]] = {
        "missing": lambda: None,
        "nonsense": lambda: "a.b.c",
        "foreign": lambda: foreign_token(desk),
        "changed": lambda: promoted_token(desk),
        "expired": lambda: desk.twin.token(tenant=desk.tenant, subject="customer-17", roles=["submitter"], seconds=-60),
        "unsigned": lambda: foreign_token(desk).rpartition(".")[0] + ".",
    }
    token = made[kind]()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for path in ("/v1/runs", f"/v1/runs/{NO_RUN}", "/v1/approvals", f"/v1/approvals/{NO_APPROVAL}"):
        assert fields(problem(desk.http.get(path, headers=headers), 401)) == ["Authorization"]
    problem(desk.http.post("/v1/runs", json=SUBMISSION, headers=headers), 401)
    assert nothing_started(desk)


@pytest.mark.parametrize("role", ["approver", "auditor"])
def test_a_role_that_may_not_submit_starts_nothing(desk: Desk, role: str) -> None:
    assert "submitter" in problem(desk.http.post("/v1/runs", json=SUBMISSION, headers=desk.token("eve", role)), 403)["detail"]
    assert nothing_started(desk)


def test_what_is_not_there_or_not_done_is_a_problem(desk: Desk) -> None:
    headers = desk.token("boss", "admin")
    for path in ("/v1", "/v1/run", f"/v1/runs/{NO_RUN}", f"/v1/runs/{NO_RUN}/journal", f"/v1/approvals/{NO_APPROVAL}", "/v1/runs/x"):
        problem(desk.http.get(path, headers=headers), 404)
    for method in ("PUT", "PATCH", "DELETE"):
        answer = desk.http.request(method, "/v1/runs", headers=headers)
        problem(answer, 405)
        assert answer.headers["Allow"] == "POST, GET"


@pytest.mark.parametrize("position", ["abc", "%%%", [], {}, ["", ""], ["a", "b"], [1, 2], ["run-1", None], ["a", "b", "c"], "x" * 300])
def test_a_cursor_of_ones_own_making_breaks_nothing(desk: Desk, position: Any) -> None:
    cursor = position if isinstance(position, str) else base64.urlsafe_b64encode(json.dumps(position).encode()).decode()
    answer = desk.http.get("/v1/runs", params={"cursor": cursor}, headers=desk.token("boss", "admin"))
    assert answer.status_code in (200, 404), answer.text


def test_nobody_sees_another_tenants_run_nor_another_submitters(desk: Desk, twin: Any) -> None:
    run = desk.start("Where is my order A-1001?")
    other = Desk(twin=twin)
    strangers = [other.token("boss", "admin"), other.token("customer-17", "submitter"), desk.token("customer-18", "submitter")]
    for headers in strangers:
        for path in (f"/v1/runs/{run}", f"/v1/runs/{run}/journal"):
            problem(desk.http.get(path, headers=headers), 404)
        assert desk.http.get("/v1/runs", headers=headers).json() == {"runs": [], "next": None}
    for headers in (desk.token("customer-17", "submitter"), desk.token("eve", "auditor")):
        assert [one["id"] for one in desk.http.get("/v1/runs", headers=headers).json()["runs"]] == [run]
    other.http.close()
    desk.ended(run)


def test_a_key_starts_one_run_however_often_and_at_once_it_is_sent(desk: Desk) -> None:
    headers = desk.token("customer-17", "submitter") | {"Idempotency-Key": "one"}

    def post(_: int) -> httpx.Response:
        return httpx.post(f"{desk.http.base_url}v1/runs".replace("//v1", "/v1"), json=SUBMISSION, headers=headers, timeout=30)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(post, range(4)))
    assert [answer.status_code for answer in answers] == [202] * 4
    (run,) = {answer.json()["id"] for answer in answers}
    found = desk.ended(run)
    machine = found["execution"].rpartition(":")[0].replace(":execution:", ":stateMachine:")
    started = desk.twin.client("stepfunctions").list_executions(stateMachineArn=machine, maxResults=1000)["executions"]
    assert [one["name"] for one in started].count(run) == 1
    assert desk.http.post("/v1/runs", json=SUBMISSION, headers=headers).json()["id"] == run
    another = desk.http.post("/v1/runs", json={**SUBMISSION, "input": {"message": "another"}}, headers=headers)
    assert fields(problem(another, 422)) == ["Idempotency-Key"]


def test_links_lead_to_the_run_and_its_journal_comes_in_pages(desk: Desk) -> None:
    answer = desk.http.post("/v1/runs", json=SUBMISSION, headers=desk.token("customer-17", "submitter"))
    accepted = answer.json()
    assert str(answer.url.join(answer.headers["Location"])).endswith(accepted["links"]["self"])
    desk.ended(accepted["id"])
    headers = desk.token("customer-17", "submitter")
    assert desk.http.get(answer.url.join(answer.headers["Location"]), headers=headers).json()["id"] == accepted["id"]
    numbers: list[int] = []
    after = -1
    while after is not None:
        page = desk.http.get(accepted["links"]["journal"], params={"after": after, "limit": 3}, headers=headers).json()
        numbers += [entry["number"] for entry in page["entries"]]
        after = page["next"]
    assert numbers == list(range(len(desk.journal(accepted["id"]))))


def test_a_large_request_and_a_key_of_255_characters_are_taken(desk: Desk) -> None:
    headers = desk.token("customer-17", "submitter") | {"Idempotency-Key": "k" * 255}
    body = {"workflow": "support", "input": {"message": "ä" * 8000}}
    answer = desk.http.post("/v1/runs", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    assert desk.journal(answer.json()["id"])[0].body.input == body["input"]  # type: ignore[union-attr]  # entry 0 is the request


@pytest.fixture
def question(desk: Desk) -> Approval:
    """A question in a run that nobody executes, written behind the API: for what needs no agent."""
    return asked(desk, seconds=600)


def asked(desk: Desk, *, seconds: int) -> Approval:
    now = time.time_ns() // 1_000_000
    client = desk.twin.client("dynamodb")
    run = Run(tenant=desk.tenant, run=NO_RUN, workflow="support", submitter="customer-17", digest="d", created_at=now)
    DynamoRuns(client, "septet-twin-runs").create(run)
    arguments = {"order_id": "A-1002", "amount_cents": 12900}
    question = Approval(
        tenant=desk.tenant,
        approval=approval_id(desk.tenant, NO_RUN, "issue_refund", arguments),
        run=NO_RUN,
        turn="t",
        tool="issue_refund",
        arguments=arguments,
        asked_by="refunds",
        asked_at=now,
        expires_at=now + seconds * 1000,
    )
    return DynamoApprovals(client, "septet-twin-approvals").ask(question)


def stands(desk: Desk, question: Approval) -> Status:
    found = DynamoApprovals(desk.twin.client("dynamodb"), "septet-twin-approvals").get(desk.tenant, question.approval)
    assert found
    return found.status


def test_a_decision_is_taken_once(desk: Desk, question: Approval) -> None:
    first = desk.decide(question.approval, "approve", subject="boss")
    assert first.status_code == 200, first.text
    assert (first.json()["status"], first.json()["decided_by"]) == ("approved", "boss")
    assert desk.decide(question.approval, "approve", subject="boss").json() == first.json()
    for decision, subject in (("reject", "boss"), ("approve", "chief"), ("reject", "chief")):
        assert "approved already" in problem(desk.decide(question.approval, decision, subject=subject), 409)["detail"]
    assert stands(desk, question) == "approved"


@pytest.mark.parametrize(
    ("subject", "roles", "status"),
    [
        ("max", ["operator"], 403),
        ("max", ["auditor"], 403),
        ("customer-17", ["submitter"], 403),
        ("customer-17", ["submitter", "approver"], 403),
    ],
)
def test_who_may_not_decide_changes_nothing(desk: Desk, question: Approval, subject: str, roles: list[str], status: int) -> None:
    answer = desk.http.post(f"/v1/approvals/{question.approval}", json={"decision": "approve"}, headers=desk.token(subject, *roles))
    assert "approver" in problem(answer, status)["detail"]
    assert stands(desk, question) == "pending"


def test_another_tenants_approval_is_not_there(desk: Desk, question: Approval, twin: Any) -> None:
    other = Desk(twin=twin)
    problem(other.http.get(f"/v1/approvals/{question.approval}", headers=other.token("boss", "admin")), 404)
    problem(other.decide(question.approval, "approve"), 404)
    assert other.http.get("/v1/approvals", headers=other.token("boss", "admin")).json() == {"approvals": [], "next": None}
    other.http.close()
    assert stands(desk, question) == "pending"


def test_after_its_time_nobody_decides(desk: Desk) -> None:
    question = asked(desk, seconds=-1)
    assert "expired" in problem(desk.decide(question.approval, "approve"), 409)["detail"]
    shown = desk.http.get("/v1/approvals", params={"status": "expired"}, headers=desk.token("boss", "auditor")).json()["approvals"]
    assert [one["id"] for one in shown] == [question.approval]


@pytest.mark.parametrize("sent", [{}, {"decision": "maybe"}, {"decision": "approve", "amount": 1}, {"decision": "approve", "reason": 7}])
def test_a_bad_decision_names_the_field_and_decides_nothing(desk: Desk, question: Approval, sent: dict[str, Any]) -> None:
    answer = desk.http.post(f"/v1/approvals/{question.approval}", json=sent, headers=desk.token("boss", "approver"))
    assert fields(problem(answer, 422))
    assert stands(desk, question) == "pending"


def test_a_run_whose_end_was_not_told_is_closed_when_it_is_looked_at(desk: Desk) -> None:
    run = desk.start("Where is my order A-1001?")
    desk.ended(run)
    table, key = "septet-twin-runs", {"tenant": {"S": desk.tenant}, "run": {"S": run}}
    desk.twin.client("dynamodb").update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET #status = :running REMOVE ended_at",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":running": {"S": "running"}},
    )
    found = desk.run(run)
    assert found["status"] == "succeeded"
    assert found["ended_at"] >= found["created_at"]
    assert desk.item("runs", run=run)["status"] == "succeeded"


def test_when_the_day_is_used_up_a_run_is_refused_until_there_is_money_and_its_key_starts_it_then(desk: Desk) -> None:
    boss, customer = desk.token("boss", "admin"), desk.token("customer-17", "submitter")
    limits = desk.http.put("/v1/budget", json={"day": "0.5", "run": "0.5", "usual": "0.25"}, headers=boss)
    assert limits.status_code == 200, limits.text
    runs = [desk.start(f"I want my money back for order {order}.") for order in ("A-1002", "A-1004")]
    asked = [desk.asked(run)["id"] for run in runs]  # they keep what they have reserved until they are answered
    keyed = customer | {"Idempotency-Key": "third"}
    answers = [desk.http.post("/v1/runs", json=SUBMISSION, headers=keyed) for _ in range(2)]
    for answer in answers:
        assert problem(answer, 429)["type"] == "urn:septet:problem:exhausted"
        assert 0 < int(answer.headers["Retry-After"]) <= 86_400
    (refused,) = desk.http.get("/v1/runs", params={"status": "refused"}, headers=boss).json()["runs"]
    raised = desk.http.put("/v1/budget", json={"day": "20"}, headers=boss)
    assert raised.status_code == 200, raised.text
    started = desk.http.post("/v1/runs", json=SUBMISSION, headers=keyed)
    assert started.json()["id"] == refused["id"]
    assert [desk.decide(approval, "reject").status_code for approval in asked] == [200, 200]
    assert [desk.ended(run)["status"] for run in (*runs, refused["id"])] == ["succeeded"] * 3


def test_a_run_shows_its_budget_and_when_it_has_ended_the_rest_is_back_in_its_tenants_day(desk: Desk) -> None:
    customer, boss = desk.token("customer-17", "submitter"), desk.token("boss", "operator")
    answer = desk.http.post("/v1/runs", json={**SUBMISSION, "budget": "0.75"}, headers=customer)
    run = answer.json()["id"]
    found = desk.ended(run)
    assert found["budget"]["limit_microdollars"] == 750_000
    today = until(
        lambda: held if not (held := desk.http.get("/v1/budget", headers=boss).json()["today"])["reserved_microdollars"] else None
    )
    budget = desk.run(run)["budget"]
    assert budget["spent_microdollars"] == today["spent_microdollars"] == found["cost_microdollars"] > 0
    assert (budget["reserved_microdollars"], budget["available_microdollars"]) == (0, 0)
    assert today["available_microdollars"] == today["limit_microdollars"] - today["spent_microdollars"]


def test_a_budget_above_the_tenants_limit_is_refused_and_another_budget_needs_another_key(desk: Desk) -> None:
    headers = desk.token("customer-17", "submitter") | {"Idempotency-Key": "one"}
    assert fields(problem(desk.http.post("/v1/runs", json={**SUBMISSION, "budget": "1000000"}, headers=headers), 422)) == ["budget"]
    assert nothing_started(desk)
    run = desk.http.post("/v1/runs", json={**SUBMISSION, "budget": "0.25"}, headers=headers).json()["id"]
    assert fields(problem(desk.http.post("/v1/runs", json={**SUBMISSION, "budget": "0.26"}, headers=headers), 422)) == ["Idempotency-Key"]
    desk.ended(run)


def test_limits_are_journaled_and_another_tenant_keeps_its_own(desk: Desk, twin: Any) -> None:
    boss = desk.token("boss", "admin")
    before = desk.http.get("/v1/budget", headers=boss).json()["limits"]["day_microdollars"]
    desk.http.put("/v1/budget", json={"day": "20"}, headers=boss)
    (entry,) = desk.http.get("/v1/budget/history", headers=desk.token("eve", "auditor")).json()["entries"]
    assert entry["body"] == {"name": "day", "before": before, "after": 20_000_000, "by": "boss"}
    with Desk(twin=twin) as other:
        assert other.http.get("/v1/budget", headers=other.token("boss", "admin")).json()["limits"]["day_microdollars"] == before
        assert other.http.get("/v1/budget/history", headers=other.token("eve", "auditor")).json()["entries"] == []
    problem(desk.http.put("/v1/budget", json={"day": "30"}, headers=desk.token("max", "operator")), 403)


def test_a_large_body_lies_encrypted_under_its_digest_and_when_it_is_erased_the_rest_is_still_shown(desk: Desk) -> None:
    answer = desk.http.post(
        "/v1/runs", json={"workflow": "support", "input": {"message": "ä" * 8000}}, headers=desk.token("customer-17", "submitter")
    )
    run = answer.json()["id"]
    desk.ended(run)
    s3, bucket = desk.twin.client("s3"), "septet-twin-bodies-000000000000-us-east-1"
    place = f"{desk.tenant}/{run}/{desk.journal(run)[0].digest}"
    assert s3.head_object(Bucket=bucket, Key=place)["ServerSideEncryption"] == "aws:kms"
    s3.delete_object(Bucket=bucket, Key=place)
    auditor = desk.token("eve", "auditor")
    entries = desk.http.get(f"/v1/runs/{run}/journal", headers=auditor).json()["entries"]
    assert [entry["type"] for entry in entries[:2]] == ["erased", "model_call"]
    sealed = desk.http.get(f"/v1/runs/{run}/journal", params={"sealed": "true"}, headers=auditor).json()["entries"]
    assert verify(from_json(one) for one in sealed) == ["the body of entry 0 is gone"]
    assert desk.run(run)["degraded"], "nobody was scripted to answer"
