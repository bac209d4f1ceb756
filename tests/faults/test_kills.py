"""Processes killed for real, in the middle of a run."""

import os
import signal
from typing import Any

import pytest

from septet.core.entries import ModelCall, ModelReply, ToolResult
from septet.core.journal import verify
from tests.desk import Desk, plain, until

REFUND = "Please refund order A-1003, it arrived broken."


def test_a_killed_agent_goes_on_where_it_stopped(desk: Desk) -> None:
    _play(desk, _slow_refund(desk))
    run = desk.start(f"A slow refund for {desk.tenant}, please.", subject="customer-23")
    until(lambda: _asking(desk, run, "refunds"), seconds=150, what="the slow model call")
    os.kill(_busy(desk, "agent-refunds")["pid"], signal.SIGKILL)

    ended = desk.ended(run)
    assert ended["status"] == "succeeded"
    assert [payment["amount_cents"] for payment in desk.payments()] == [4990]
    assert verify(desk.journal(run)) == []
    asked = [call for call in _calls(desk, run) if call["agent"] == "refunds"]
    assert [call["step"] for call in asked].count(0) == 1, "a model call that was answered is not made again"
    assert [call["step"] for call in asked].count(1) == 2, "the one in flight is"


@pytest.mark.parametrize("victim", ["gateway", "tool"])
def test_a_refund_is_paid_once_when_its_payer_dies(desk: Desk, victim: str) -> None:
    warm = desk.ended(desk.start(REFUND, subject="customer-23"))
    assert warm["status"] == "succeeded"
    tools = [item["pid"] for item in _environments(desk) if item["function"].endswith("tool-issue_refund")]
    desk.restock()
    for pid in tools:
        os.kill(pid, signal.SIGSTOP)
    try:
        run = desk.start(REFUND, subject="customer-23")
        until(lambda: desk.effects(run) or None, what="the intent")
        if victim == "gateway":
            os.kill(_busy(desk, "step-gateway")["pid"], signal.SIGKILL)
    finally:
        for pid in tools:
            os.kill(pid, signal.SIGKILL if victim == "tool" else signal.SIGCONT)

    ended = desk.ended(run, seconds=120)
    assert ended["status"] == "succeeded"
    assert [payment["run"] for payment in desk.payments()].count(run) == 1
    assert desk.item("orders", order_id="A-1003")["refundable_cents"] == 0
    assert [effect["status"] for effect in desk.effects(run)] == ["done"]
    results = [entry.body for entry in desk.journal(run) if isinstance(entry.body, ToolResult) and entry.body.tool == "issue_refund"]
    assert [result.error for result in results] == [""]


def _environments(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = plain().get(f"{desk.twin.endpoint}/_septet/environments").json()
    return found


def _busy(desk: Desk, function: str) -> dict[str, Any]:
    return until(
        lambda: next((item for item in _environments(desk) if item["function"].endswith(function) and item["busy"]), None),
        what=f"a busy {function}",
    )


def _asking(desk: Desk, run: str, agent: str) -> bool | None:
    """Whether the agent's second model call is under way."""
    entries = [entry.body for entry in desk.journal(run) if entry.agent == agent]
    calls = sum(isinstance(body, ModelCall) for body in entries)
    return True if calls == 2 and sum(isinstance(body, ModelReply) for body in entries) == 1 else None


def _calls(desk: Desk, run: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = plain().get(f"{desk.twin.doubles}/calls", params={"run": run}).json()["calls"]
    return found


def _play(desk: Desk, scenario: str) -> None:
    answer = plain().put(f"{desk.twin.doubles}/scenarios/kills-{desk.tenant}", content=scenario)
    assert answer.is_success, answer.text


def _slow_refund(desk: Desk) -> str:
    return f"""
scenario: a slow refund for {desk.tenant}
when: {{contains: "{desk.tenant}"}}
agents:
  triage:
    - calls: [{{tool: answer, arguments: {{skill: refunds, confidence: 95, why: a refund}}}}]
  refunds:
    - calls: [{{tool: find_order, arguments: {{order_id: A-1003}}}}]
    - delay: 15
      calls: [{{tool: issue_refund, arguments: {{order_id: A-1003, amount_cents: 4990, reason: broken}}}}]
    - calls: [{{tool: answer, arguments: {{decision: paid, summary: Paid.}}}}]
  writer:
    - text: Done.
"""
