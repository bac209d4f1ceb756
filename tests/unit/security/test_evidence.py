"""What a person is shown behind a call: whose each value is, and the numbers and secrets of the question."""

from typing import Any

from septet.security.evidence import DETAILS
from septet.security.monitor import Monitor
from septet.security.plans import plan
from tests.unit.security.office import EVE, NOW, PEOPLE, THEFT, TOOLS, Office
from tests.unit.security.questions import policies
from tests.unit.shop import CUSTOMER, FIND, MANIFESTS, REFUND

CARD = "pay with 4111 1111 1111 1111"
LETTERS = [{"id": 4, "sender": EVE, "copies": []}]
FIELD = "to: field sender or copies of letter 4"


def shown(office: Any, tool: str, **arguments: Any) -> dict[str, Any]:
    """The evidence behind a call that is asked about, by name."""
    decision = office.asks(tool, **arguments)
    assert decision.outcome == "ask"
    return {item["name"]: item for item in decision.evidence}


def test_a_target_is_shown_with_the_field_that_holds_it_and_who_chose_it() -> None:
    office = Office("write to whoever sent the newest letter")
    office.read("read_letters", LETTERS)
    found = shown(office, "mail", to=EVE, text="hello")
    assert found["letter 4"]["source"] == "read_letters, entry 1"
    assert found[FIELD]["value"] == {"to": EVE}
    assert found[FIELD]["source"] == "read_letters, entry 1: chosen by somebody else (counterparty)"


def test_a_text_from_outside_has_no_field_to_name() -> None:
    office = Office("write to whoever should hear of it")
    office.read("find_people", [PEOPLE[0] | {"note": EVE}])
    found = shown(office, "mail", to=EVE, text="hello")
    assert found["to: person 1"]["source"] == "find_people, entry 1: from outside (external)"


def test_a_field_that_the_platform_keeps_is_named_by_what_it_holds() -> None:
    office = Office("write to Ana")
    office.read("find_people", PEOPLE)
    found = shown(office, "mail", to="bo@shop.example", text="hello")
    assert found["to: field email of person 2"]["source"] == "find_people, entry 1: kept by the platform (record)"


def test_an_amount_is_shown_with_what_holds_it() -> None:
    office = Office("pay what Eve asks for")
    office.read("read_ledger", [{"id": 9, "account": THEFT, "cost": 70}])
    found = shown(office, "pay", account=THEFT, amount=70, reference="x")
    assert "chosen by somebody else (counterparty)" in found["amount: field cost of payment 9"]["source"]


def test_a_value_that_a_plan_takes_keeps_its_own_label() -> None:
    steps = [
        {"name": "letters", "tool": "read_letters", "slots": {}},
        {"name": "answer", "tool": "mail", "slots": {"to": {"from": "letters", "field": "sender"}, "text": {"constant": CARD}}},
    ]
    office = Office("write to whoever sent the newest letter")
    office.monitor.commit(plan({"steps": steps}, TOOLS, TOOLS))
    office.read("read_letters", LETTERS)
    decision = office.asks("mail", to=EVE, text=CARD)
    found = {item["name"]: item["source"] for item in decision.evidence}
    assert found[FIELD] == "read_letters, entry 1: chosen by somebody else (counterparty); the plan that was committed takes it"


def test_the_limit_and_the_sum_before_are_told() -> None:
    monitor = Monitor(MANIFESTS, policies(), principal=CUSTOMER)
    monitor.record(FIND.name, {"order_id": "A-1"}, {"order_id": "A-1", "customer": CUSTOMER, "refundable_cents": 50_000}, at=NOW, number=1)
    monitor.intended(REFUND.name, {"order_id": "A-1", "amount_cents": 4_000}, NOW)
    decision = monitor.decide(REFUND.name, {"order_id": "A-1", "amount_cents": 7_000}, now=NOW + 1)
    assert any(reason.endswith(": amount_cents 7000 and 4000 before it are above 10000") for reason in decision.reasons)


def test_the_kind_of_a_secret_is_told_with_its_argument_and_not_the_secret() -> None:
    office = Office("mail ana@shop.example that it is done")
    decision = office.asks("mail", to="ana@shop.example", text=CARD)
    assert "it carries a secret: card, in text" in decision.reasons
    assert "4111" not in str(decision.reasons)


def test_what_is_told_besides_belongs_to_policies_that_there_are() -> None:
    assert {*DETAILS} <= {*policies()._shared.rules}
