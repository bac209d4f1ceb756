"""The steps that work behind the API, each on its own: nothing else does their work in these tests."""

import json
from typing import Any

import pytest

from septet.aws.approvals import DynamoApprovals
from septet.security.approvals import Approval
from tests.desk import Desk, until

METHOD = "arn:aws:execute-api:us-east-1:000000000000:api/live/GET/v1/runs"


@pytest.fixture
def desk(twin: Any) -> Any:
    with Desk(twin=twin) as desk:
        yield desk


def _invoke(desk: Desk, step: str, event: dict[str, Any]) -> dict[str, Any]:
    answer = desk.twin.client("lambda").invoke(FunctionName=f"septet-twin-step-{step}:live", Payload=json.dumps(event))
    return {"error": answer.get("FunctionError"), "payload": json.loads(answer["Payload"].read())}


def test_close_run_closes_the_record_though_nobody_asks_the_api(desk: Desk) -> None:
    run = desk.start("What are your opening hours?")
    closed = until(lambda: found if (found := desk.item("runs", run=run))["status"] != "running" else None, what="the record's end")
    assert closed["status"] == "succeeded"
    assert closed["ended_at"] >= int(closed["created_at"].split("#")[0])


def test_deliver_decisions_wakes_the_execution_that_the_api_could_not(desk: Desk) -> None:
    run = desk.start("I want my money back for order A-1004.")
    question = desk.asked(run)
    approvals = DynamoApprovals(desk.twin.client("dynamodb"), "septet-twin-approvals")
    decided = approvals.decide(desk.tenant, question["id"], status="rejected", by="boss", reason="worn", at=1)
    assert isinstance(decided, Approval), "the decision is written, and its writer dies"
    assert desk.run(run)["status"] not in ("succeeded", "failed")
    assert _invoke(desk, "deliver_decisions", {})["error"] is None
    assert desk.ended(run)["status"] == "succeeded"
    assert desk.payments() == []


def test_authorize_lets_a_good_token_pass_and_no_other(desk: Desk) -> None:
    good = desk.token("boss", "approver")["Authorization"]
    passed = _invoke(desk, "authorize", {"type": "TOKEN", "authorizationToken": good, "methodArn": METHOD})["payload"]
    assert [statement["Effect"] for statement in passed["policyDocument"]["Statement"]] == ["Allow"]
    old = desk.twin.token(tenant=desk.tenant, subject="boss", roles=["approver"], seconds=-60)
    for bad in (f"Bearer {old}", good[:-3] + "AAA", "Bearer none"):
        refused = _invoke(desk, "authorize", {"type": "TOKEN", "authorizationToken": bad, "methodArn": METHOD})
        assert refused["error"]
        assert refused["payload"]["errorMessage"] == "Unauthorized"
