"""Ways through each workflow: between them they come to every state that calls something. The first that comes to it is tried."""

from collections.abc import Mapping
from typing import Any

from tests.faults.given import ASSESSED, CAUSEWAY, CLAIM, CONTRADICTED, file, library, supplies
from tests.faults.route import Route, failing

SUPPORT = (
    Route(name="a question", workflow="support", input={"message": "Where is my order A-1001?"}),
    Route(name="a refund that a person approves", workflow="support", input={"message": "I want my money back for order A-1002."}),
    Route(
        name="a refund that another agent takes over",
        workflow="support",
        input={"message": "Please refund order A-1003, it arrived broken."},
        subject="customer-23",
    ),
    Route(name="a message that nobody can sort", workflow="support", input={"message": "It is not as I thought, A-1001 I mean."}),
    Route(
        name="a desk that fails one after the other",
        workflow="support",
        input={"message": "I cannot say what is wrong with A-1003."},
        subject="customer-23",
    ),
    Route(
        name="a refund that the other agent asks a person about",
        workflow="support",
        input={"message": "I want my money back for order A-1002."},
        fail=(failing("agent-refunds", "ModelRefused"),),
    ),
    Route(
        name="a refund that may have been paid",
        workflow="support",
        input={"message": "Please refund order A-1003, it arrived broken."},
        subject="customer-23",
        fail=(failing("agent-refunds", "EffectUnknown"),),
        answers={"effect_unknown": {"happened": False, "remark": "Our bank has seen nothing."}},
    ),
    Route(
        name="a refund that nobody can finish",
        workflow="support",
        input={"message": "I want my money back for order A-1002."},
        fail=(failing("agent-refunds", "ModelRefused"), failing("agent-refunds_fallback", "ModelRefused")),
    ),
)

RESEARCH = (
    Route(
        name="specialists who contradict each other",
        workflow="research",
        input={"message": CAUSEWAY},
        prepare=library,
        scripts=CONTRADICTED,
    ),
    Route(
        name="a specialist whose question another takes over",
        workflow="research",
        input={"message": CAUSEWAY},
        prepare=library,
        scripts=CONTRADICTED,
        fail=(failing("agent-researcher", "ModelRefused", holding='"specialists-0"'),),
    ),
)

_EXAMINED: Mapping[str, Any] = {"workflow": "assess", "prepare": library, "scripts": ASSESSED}
ASSESS = (
    Route(name="verdicts that a judge chooses between", input={"message": CLAIM, "method": "weighted"}, **_EXAMINED),
    Route(name="the first good verdict", input={"message": CLAIM, "method": "first"}, **_EXAMINED),
    Route(
        name="a claim about which nobody has a verdict",
        input={"message": CLAIM},
        fail=(failing("agent-assessor", "ModelRefused"), failing("agent-assessor_pro", "ModelRefused")),
        **_EXAMINED,
    ),
)


def _late(order: str) -> dict[str, Any]:
    return {
        "workflow": "supply",
        "input": {"purchase_order": order, "notice": f"Delivery of {order} is late."},
        "subject": "supply-desk",
        "prepare": supplies,
    }


_SAID = {"delivery_date": {"delivers": True, "days_late": 5}}
_ASKS = {"outcome": "approval", "approval": "ap-of-nothing", "seconds": 5}
SUPPLY = (
    Route(name="a supplier who answers", answers=_SAID, **_late("P-1001")),
    Route(name="an order about which a person is asked", answers=_SAID, **_late("P-1004")),
    Route(
        name="a supplier who does not answer", expires=True, answers={"supply_decision": {"decision": "order_elsewhere"}}, **_late("P-1002")
    ),
    Route(
        name="a case that is cancelled",
        cancelled="delivery_date",
        answers={"not_undone": {"outcome": "left"}},
        tries=("What was cancelled is undone",),
        **_late("P-1003"),
    ),
    Route(
        name="a case that is cancelled and cannot be undone",
        cancelled="delivery_date",
        answers={"not_undone": {"outcome": "left"}},
        fail=(failing("tool-release_stock", "PolicyDenied"),),
        **_late("P-1003"),
    ),
    Route(
        name="a reservation about which a person is asked",
        answers=_SAID,
        fail=({"function": "septet-twin-agent-supply_analyst", "answer": _ASKS, "times": 1},),
        **_late("P-1001"),
    ),
)

BATCH = (
    Route(
        name="a file of two rows",
        workflow="batch",
        input={"workflow": "support", "concurrency": 2, "row_budget": "0.05"},
        prepare=file,
    ),
)

ROUTES: tuple[Route, ...] = (*SUPPORT, *RESEARCH, *ASSESS, *SUPPLY, *BATCH)
