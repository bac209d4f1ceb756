"""The runs that are killed and doubled: what is asked, what the scripted models answer, and how each must end."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.desk import plain


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run of the support workflow, by its script."""

    name: str
    title: str
    message: str
    subject: str
    script: Mapping[str, Sequence[Mapping[str, Any]]]
    """What each agent's model answers, step by step."""
    answer: str
    """What the customer must read in the end."""
    path: tuple[str, ...]
    """The agents, in order."""
    refunds: Mapping[str, int]
    """Cents paid, by order."""
    approved: str = ""
    """The order whose refund a person has to approve; empty when nobody has to."""
    killed: tuple[str, ...] | None = None
    """Functions whose boundaries are tried, in the words of `Boundary.who`; None for all."""

    @property
    def calls(self) -> dict[tuple[str, int], int]:
        """How often each agent's step must ask the model."""
        return {(agent, step): 1 for agent in self.path for step in range(len(self.script[agent]))}

    def play(self, doubles: str) -> None:
        """Give the model server the script."""
        scenario = {"scenario": self.title, "when": {"contains": self.message}, "agents": self.script}
        plain().put(f"{doubles}/scenarios/faults-{self.name}", content=json.dumps(scenario)).raise_for_status()


def _call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"tool": tool, "arguments": arguments}]}


REFUND = Case(
    name="refund",
    title="A refund by the support workflow",
    message="The fault matrix asks for a refund of A-1003.",
    subject="customer-23",
    script={
        "triage": [_call("answer", skill="refunds", confidence=95, why="a refund")],
        "refunds": [
            {"calls": [{"tool": tool, "arguments": {"order_id": "A-1003"}} for tool in ("find_order", "refund_policy")]},
            _call("issue_refund", order_id="A-1003", amount_cents=4990, reason="broken"),
            _call("answer", decision="paid", order_id="A-1003", amount_cents=4990, summary="Refund ${issue_refund.refund} was issued."),
        ],
        "writer": [{"text": "Your refund is on its way."}],
    },
    answer="Your refund is on its way.",
    path=("triage", "refunds", "writer"),
    refunds={"A-1003": 4990},
)

APPROVED = Case(
    name="approved",
    title="A refund that a person approves",
    message="The fault matrix asks for a refund of A-1002.",
    subject="customer-17",
    script={
        "triage": [_call("answer", skill="refunds", confidence=95, why="a refund")],
        "refunds": [
            _call("find_order", order_id="A-1002"),
            _call("issue_refund", order_id="A-1002", amount_cents=12900, reason="returned"),
            _call("answer", decision="paid", order_id="A-1002", amount_cents=12900, summary="Refund ${issue_refund.refund} was issued."),
        ],
        "writer": [{"text": "Your money is on its way."}],
    },
    answer="Your money is on its way.",
    path=("triage", "refunds", "writer"),
    refunds={"A-1002": 12900},
    approved="A-1002",
    killed=("ask_person", "api"),
)

GENERAL = Case(
    name="general",
    title="A question that triage is not sure about",
    message="The fault matrix asks what it should ask.",
    subject="customer-17",
    script={
        "triage": [_call("answer", skill="general", confidence=10, why="a guess")],
        "generalist": [_call("answer", understood=False, summary="Nobody knows what is asked.")],
        "writer": [{"text": "What do you mean?"}],
    },
    answer="What do you mean?",
    path=("triage", "generalist", "writer"),
    refunds={},
)

STEPS = 12
TWELVE = Case(
    name="twelve",
    title="A turn of twelve steps",
    message="The fault matrix looks eleven orders up.",
    subject="customer-17",
    script={
        "triage": [_call("answer", skill="orders", confidence=95, why="a question")],
        "orders": [
            *(_call("find_order", order_id=f"A-10{number:02}") for number in range(1, STEPS)),
            _call("answer", found=True, summary="Eleven were looked up."),
        ],
        "writer": [{"text": "We looked at all of them."}],
    },
    answer="We looked at all of them.",
    path=("triage", "orders", "writer"),
    refunds={},
    killed=("orders", "gateway", "find_order"),
)
