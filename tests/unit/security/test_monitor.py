from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.security.manifests import Argument, Manifest
from septet.security.monitor import Acted, Decision, Facts, Record, decide
from tests.unit.shop import CUSTOMER, FIND, REFUND, manifest
from tests.unit.strategies import json_values, quick


def order(key: str = "A-1", *, owner: str = CUSTOMER, **fields: Any) -> Record:
    return Record(kind="order", key=key, fields={"refundable_cents": 50_000} | fields, owner=owner, source="find_order, entry 4")


def facts(*records: Record, principal: str = CUSTOMER) -> Facts:
    return Facts(principal=principal, records={(record.kind, record.key): record for record in records})


def acted(*earlier: dict[str, Any]) -> Acted:
    """Refunds that were intended before."""
    return {REFUND.name: {REFUND.identified(arguments): arguments for arguments in earlier}}


def judged(arguments: dict[str, Any], known: Facts, tool: Manifest = REFUND) -> Decision:
    return decide(tool, arguments, known)


GOOD = {"order_id": "A-1", "amount_cents": 10_000, "reason": "broken"}


def test_a_read_is_allowed() -> None:
    assert judged({"order_id": "A-99"}, facts(), FIND).outcome == "allow"


def test_a_refund_of_the_principal_s_own_order_within_its_bounds_is_allowed() -> None:
    decision = judged(GOOD, facts(order()))
    assert decision.outcome == "allow"
    assert decision.reasons == ("order_id picks the principal's own order", "amount_cents is within refundable_cents")


def test_what_is_above_the_limit_is_asked_with_the_records_behind_it() -> None:
    decision = judged(GOOD | {"amount_cents": 10_001}, facts(order()))
    assert decision.outcome == "ask"
    assert decision.reasons == ("amount_cents is above 10000",)
    assert decision.evidence == ({"name": "order A-1", "value": {"refundable_cents": 50_000}, "source": "find_order, entry 4"},)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (facts(), "was not read, or never existed"),
        (facts(order("A-2")), "another order was read"),
        (facts(order(owner="somebody-else")), "somebody else's"),
        (facts(order(owner="")), "nobody's"),
        (facts(order(owner=""), principal=""), "nobody's, asked for by nobody"),
        (
            facts(Record(kind="parcel", key="A-1", fields={"refundable_cents": 50_000}, owner=CUSTOMER, source="")),
            "a record of another kind",
        ),
    ],
)
def test_an_order_that_is_not_known_to_be_the_principal_s_is_denied(known: Facts, why: str) -> None:
    assert judged(GOOD, known).outcome == "deny", why


@pytest.mark.parametrize("amount", [50_001, 10**30, 0, -1, True, 1.0, 100.5, "100", None, [1], {"value": 1}])
def test_an_amount_that_is_none_or_beyond_the_record_is_denied(amount: Any) -> None:
    assert judged(GOOD | {"amount_cents": amount}, facts(order())).outcome == "deny"


@pytest.mark.parametrize("bound", ["50000", 5e4, None, True, [], {}])
def test_a_bound_that_is_no_whole_number_bounds_nothing(bound: Any) -> None:
    assert judged(GOOD, facts(order(refundable_cents=bound))).outcome == "deny"


def test_an_amount_that_is_left_out_is_denied_because_nothing_bounds_what_the_tool_takes_instead() -> None:
    assert judged({"order_id": "A-1"}, facts(order())).outcome == "deny"


def test_amounts_add_up_so_that_a_large_one_does_not_get_through_in_parts() -> None:
    known = Facts(principal=CUSTOMER, records=facts(order()).records, acted=acted(GOOD | {"amount_cents": 6_000}))
    assert judged(GOOD | {"amount_cents": 4_000}, known).outcome == "allow"
    decision = judged(GOOD | {"amount_cents": 4_001}, known)
    assert decision.outcome == "ask"
    assert decision.reasons == ("amount_cents is above 10000 with the 6000 before",)


def test_amounts_add_up_over_several_records_too() -> None:
    known = Facts(principal=CUSTOMER, records=facts(order()).records, acted=acted(GOOD | {"order_id": "A-2"}))
    assert judged(GOOD | {"amount_cents": 1}, known).outcome == "ask"


def test_the_same_effect_again_does_not_add_up() -> None:
    known = Facts(principal=CUSTOMER, records=facts(order()).records, acted=acted(GOOD | {"reason": "other words"}))
    assert judged(GOOD, known).outcome == "allow"


def test_of_two_records_the_tighter_bounds() -> None:
    pair = Argument(role="selector", kind="order")
    tool = manifest("merge", arguments={"one": pair, "other": pair, "amount": Argument(role="amount", within="left")})
    known = facts(order("A-1", left=10), order("A-2", left=5))
    assert judged({"one": "A-1", "other": "A-2", "amount": 5}, known, tool).outcome == "allow"
    assert judged({"one": "A-1", "other": "A-2", "amount": 6}, known, tool).outcome == "deny"


def test_a_denial_outweighs_a_question_and_a_question_an_allowance() -> None:
    tool = manifest("send", arguments=dict(REFUND.arguments) | {"to": Argument(role="target")})
    assert judged(GOOD | {"to": "x@example.com"}, facts(order()), tool).outcome == "ask"
    assert judged(GOOD | {"to": "x@example.com"}, facts(), tool).outcome == "deny"


@pytest.mark.parametrize("role", ["target", "date", "attachment", "a role nobody knows"])
def test_an_argument_nothing_vouches_for_is_asked(role: str) -> None:
    assert judged({"x": "1"}, facts(), manifest("act", arguments={"x": Argument(role=role)})).outcome == "ask"


def test_an_argument_that_is_not_declared_is_the_worst_case() -> None:
    assert judged(GOOD | {"cc": "x@example.com"}, facts(order())).outcome == "ask"


@pytest.mark.parametrize("effect", ["write-private", "send", "financial", "destructive", "egress-read", "an effect nobody knows"])
def test_what_acts_without_anything_that_bounds_it_is_asked(effect: str) -> None:
    tool = manifest("act", effect=effect, arguments={"text": Argument(role="content")})
    assert judged({"text": "hello"}, facts(), tool).outcome == "ask"
    assert judged({}, facts(), tool).outcome == "ask"


@quick
@given(st.dictionaries(st.sampled_from(["order_id", "amount_cents", "reason", "__proto__", "other"]), json_values))
def test_without_a_record_nothing_that_acts_is_ever_allowed(arguments: dict[str, Any]) -> None:
    assert judged(arguments, facts()).outcome != "allow"
