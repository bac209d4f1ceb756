from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from septet.core.canonical import canonical
from septet.security.effects import effect_key
from tests.unit.shop import PARCEL, REFUND
from tests.unit.strategies import json_values, quick

identities = st.fixed_dictionaries({"order_id": json_values, "amount_cents": json_values})
GOOD = {"order_id": "A-1", "amount_cents": 100, "reason": "broken"}


def test_another_wording_is_the_same_effect() -> None:
    assert effect_key(REFUND, "run-1", GOOD) == effect_key(REFUND, "run-1", GOOD | {"reason": "it fell apart"})


@pytest.mark.parametrize("change", [{"order_id": "A-2"}, {"amount_cents": 101}, {"amount_cents": "100"}, {"amount_cents": None}])
def test_another_identity_is_another_effect(change: dict[str, Any]) -> None:
    assert effect_key(REFUND, "run-1", GOOD) != effect_key(REFUND, "run-1", GOOD | change)


def test_another_run_or_tool_is_another_effect() -> None:
    assert len({effect_key(REFUND, "run-1", GOOD), effect_key(REFUND, "run-2", GOOD), effect_key(PARCEL, "run-1", GOOD)}) == 3


@quick
@given(identities, identities)
def test_two_effects_share_a_key_only_when_their_identities_are_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assume(canonical(one) != canonical(other))
    assert effect_key(REFUND, "run-1", one) != effect_key(REFUND, "run-1", other)
