from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.money import MICRO, Price, Usage, cost, dollars, microdollars
from tests.unit.strategies import quick

tokens = st.integers(0, 10**9)
prices = st.builds(Price, input=st.integers(0, 10**9), output=st.integers(0, 10**9))
usages = st.builds(Usage, input=tokens, output=tokens)


def exact(usage: Usage, price: Price) -> Fraction:
    return Fraction(usage.input * price.input + usage.output * price.output, MICRO)


@quick
@given(usages, prices)
def test_a_charge_is_never_understated_and_overstated_by_less_than_a_micro_dollar(usage: Usage, price: Price) -> None:
    assert exact(usage, price) <= cost(usage, price) < exact(usage, price) + 1


@quick
@given(st.lists(usages, max_size=6), prices)
def test_many_calls_cost_what_one_large_one_does_and_at_most_a_micro_dollar_a_call_more(calls: list[Usage], price: Price) -> None:
    whole = Usage(input=sum(call.input for call in calls), output=sum(call.output for call in calls))
    parts = sum(cost(call, price) for call in calls)
    assert cost(whole, price) <= parts <= cost(whole, price) + len(calls)


@quick
@given(usages, usages, prices)
def test_more_tokens_never_cost_less(one: Usage, more: Usage, price: Price) -> None:
    both = Usage(input=one.input + more.input, output=one.output + more.output)
    assert cost(one, price) <= cost(both, price)


@pytest.mark.parametrize(("amount", "read"), [(0, "$0.000000"), (1, "$0.000001"), (1_234_567, "$1.234567"), (25_000_000, "$25.000000")])
def test_amounts_are_read_as_dollars(amount: int, read: str) -> None:
    assert dollars(amount) == read


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0.25", 250_000),
        ("20", 20_000_000),
        ("0.000001", 1),
        ("1.5", 1_500_000),
        ("999999999.999999", 999_999_999_999_999),
        ("10.00", 10_000_000),
    ],
)
def test_dollars_as_text_are_whole_micro_dollars(text: str, amount: int) -> None:
    assert microdollars(text) == amount


@pytest.mark.parametrize(
    "text", ["", "0", "0.0", "0.000000", "-1", "+1", "1.", ".5", "01", "1e3", "0.0000001", "1,5", "$1", " 1", "1\n", "٣", "1" * 10]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="dollars as decimal text"):
        microdollars(text)
