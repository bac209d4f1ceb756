"""What the demo asks the platform to do, and what has to come of it. `local/scenarios/support.yaml` has what the models answer."""

from dataclasses import dataclass

TENANT = "demo"
WORKFLOW = "support"
APPROVER = "agent-desk"
"""Who approves: another principal than any customer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One run of the demo."""

    name: str
    title: str
    principal: str
    """The customer, as whom the run is submitted."""
    message: str
    order: str
    path: tuple[str, ...]
    """The agents that have to work, in order."""
    approvals: int = 0
    """Questions to a person that have to come up; the demo approves them."""
    paid_cents: int = 0
    """What has to be paid back for the order, in one payment; 0 for no payment."""


CASES = (
    Case(
        name="a",
        title="A question is answered after its order was looked up",
        principal="customer-17",
        message="Where is my order A-1001?",
        order="A-1001",
        path=("triage", "orders", "writer"),
    ),
    Case(
        name="b",
        title="A refund over the limit waits for a person, and is paid once",
        principal="customer-17",
        message="I want my money back for order A-1002.",
        order="A-1002",
        path=("triage", "refunds", "writer"),
        approvals=1,
        paid_cents=12900,
    ),
    Case(
        name="c",
        title="The model of an agent fails, and another agent takes over",
        principal="customer-23",
        message="Please refund order A-1003, it arrived broken.",
        order="A-1003",
        path=("triage", "refunds", "refunds_fallback", "writer"),
        paid_cents=4990,
    ),
)
