"""Tokens through API Gateway, its authorizer and the API; agents and the gateway by the alias that is invoked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.doubles import issuer
from septet.aws.account_table import AccountTable
from septet.aws.approvals import DynamoApprovals
from septet.aws.control import Control
from septet.aws.inquiries import DynamoInquiries
from septet.aws.ledger import DynamoLedger
from septet.aws.rows import DynamoRows
from septet.aws.runs import DynamoRuns
from septet.core.entries import ToolResult
from septet.core.journal import Branch, after, from_json
from septet.integration.run_ids import fresh
from septet.local.costs import MemoryCosts
from septet.local.ledger import DEFAULT
from septet.local.summaries import MemorySummaries
from tests.desk import Desk, until
from tests.suites.tenancy_question import question
from tests.suites.tenancy_world import now
from tests.tokens import ATTACKS, Forge, forge

if TYPE_CHECKING:
    from collections.abc import Iterator

GATEWAY = "septet-twin-step-gateway"


@pytest.fixture(scope="module")
def desk(twin: Any) -> Iterator[Desk]:
    with Desk(twin=twin) as found:
        yield found


@pytest.fixture(scope="module")
def attacker(twin: Any, desk: Desk) -> Forge:
    return forge(twin.home, f"{twin.doubles}/issuer", tenant=desk.tenant)


def status(desk: Desk, token: str) -> int:
    return desk.http.get("/v1/runs", headers={"Authorization": f"Bearer {token}"}).status_code


def test_what_the_attacks_are_made_of_opens_the_door(desk: Desk, attacker: Forge) -> None:
    assert status(desk, attacker.token()) == 200


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_the_token_gets_401(desk: Desk, attacker: Forge, name: str) -> None:
    assert status(desk, ATTACKS[name](attacker)) == 401


def test_a_new_key_is_taken_and_the_one_before_it_still_holds_while_it_is_published(desk: Desk, twin: Any) -> None:
    before = twin.token(tenant=desk.tenant, subject="boss", roles=["auditor"])
    assert status(desk, before) == 200
    issuer.rotate(twin.home)
    new = twin.token(tenant=desk.tenant, subject="boss", roles=["auditor"])
    until(lambda: status(desk, new) == 200 or None, seconds=30, what="the new key's being known, a cool-down after the last fetch")
    assert status(desk, before) == 200


def invoke(desk: Desk, by: str, event: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        desk.twin.client("lambda").invoke(FunctionName=f"{GATEWAY}{by}", Payload=json.dumps(event).encode())["Payload"].read()
    )
    return found


@pytest.fixture
def event(desk: Desk) -> dict[str, Any]:
    """A request for a refund in a run that nobody executes, which says that it comes from the agent for refunds."""
    client = desk.twin.client("dynamodb")
    run = fresh(now())
    runs, approvals = DynamoRuns(client, "septet-twin-runs"), DynamoApprovals(client, "septet-twin-approvals")
    inquiries, rows = DynamoInquiries(client, "septet-twin-inquiries"), DynamoRows(client, "septet-twin-rows")
    stores: dict[str, Any] = {"runs": runs, "approvals": approvals, "inquiries": inquiries, "rows": rows, "costs": MemoryCosts()}
    stores["summaries"] = MemorySummaries()
    question(desk.tenant, run, "A-1002", journal=desk.store, **stores, clock=now)
    DynamoLedger(AccountTable(client, "septet-twin-accounts"), Control(client, "septet-twin-control"), DEFAULT).open(
        Branch(tenant=desk.tenant, run=run), 1_000, now=now()
    )
    head = after(desk.journal(run))
    return {
        "branch": {"tenant": desk.tenant, "run": run, "path": "main"},
        "head": {"number": head.number, "hash": head.hash},
        "agent": "refunds",
        "turn": "refunds",
        "bundle": "b",
        "pins": {},
        "calls": [{"id": "c", "tool": "issue_refund", "arguments": {"order_id": "A-1002", "amount_cents": 100, "reason": "r"}}],
    }


@pytest.mark.parametrize("by", ["", ":live", ":$LATEST"])
def test_who_comes_by_no_agents_alias_is_refused_and_nothing_is_written(desk: Desk, event: dict[str, Any], by: str) -> None:
    before = len(desk.journal(event["branch"]["run"]))
    found = invoke(desk, by, event)
    assert (found["errorType"], "own alias" in found["errorMessage"]) == ("InputRejected", True)
    assert len(desk.journal(event["branch"]["run"])) == before


def test_who_comes_by_another_agents_alias_has_that_agents_tools(desk: Desk, event: dict[str, Any]) -> None:
    (written,) = invoke(desk, ":agent-triage", event)["entries"]
    entry = from_json(written)
    assert isinstance(entry.body, ToolResult)
    assert (entry.agent, entry.body.error) == ("triage", "InputRejected")
    assert "triage has no tool issue_refund" in entry.body.message


def test_an_alias_that_no_agent_has_does_not_exist(desk: Desk, event: dict[str, Any]) -> None:
    client = desk.twin.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName=f"{GATEWAY}:agent-nobody", Payload=json.dumps(event).encode())
