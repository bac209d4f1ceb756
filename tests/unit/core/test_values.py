import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.values import LONGEST, digest, form, shape, space, stamp, tokens
from tests.unit.strategies import quick

GOOD = {
    "email": "ana.lopez@shop.example",
    "url": "https://shop.example/a?b=c",
    "iban": "DE89370400440532013000",
    "card": "4242424242424242",
    "phone": "+491701234567",
    "date": "2026-05-20T10:00",
    "number": "1200.5",
}
BENT: dict[str, Callable[[str], str]] = {
    "another case": str.swapcase,
    "a look-alike": lambda value: value.replace("a", "\u0430").replace("0", "\u041e").replace("1", "\u0661").replace("4", "\uff14"),
    "an invisible letter": lambda value: f"{value[:3]}\u200b{value[3:]}",
    "cut": lambda value: value[:-1],
    "longer": lambda value: f"{value}7",
    "encoded": lambda value: base64.b64encode(value.encode()).decode(),
    "a space before": lambda value: f" {value}",
    "a line after": lambda value: f"{value}\n",
    "two in one": lambda value: f"{value},{value}",
}


def found(text: str) -> set[tuple[str, str]]:
    return {(token.space, token.form) for token in tokens(text)}


@pytest.mark.parametrize("where", GOOD)
def test_a_value_is_its_own_normal_form(where: str) -> None:
    assert form(GOOD[where], where) == GOOD[where]


@pytest.mark.parametrize("where", GOOD)
@pytest.mark.parametrize("how", BENT)
def test_a_value_that_was_bent_is_another_value_or_none(where: str, how: str) -> None:
    bent = BENT[how](GOOD[where])
    assert bent == GOOD[where] or form(bent, where) != GOOD[where]


def test_spaces_fall_away_where_the_standard_allows_them() -> None:
    assert form("DE89 3704 0044 0532 0130 00", "iban") == GOOD["iban"]
    assert form("4242 4242 4242 4242", "card") == GOOD["card"]


def test_4_and_4_0_and_4_00_are_one_number_and_true_is_none() -> None:
    assert {form(value, "number") for value in (4, 4.0, "4.00", "4")} == {"4"}
    assert form("1,200.50", "number") == form(1200.5, "number")
    assert form(True, "number") is None  # noqa: FBT003 -- a value, not a switch
    assert form(float("nan"), "number") is None
    assert form("1e5", "number") is None


def test_each_character_is_in_one_value_at_most() -> None:
    assert found("Do it on June 13.") == {("date", "--06-13")}
    assert found("on 2026-05-20 at 9:30, 20% off") == {("date", "2026-05-20"), ("date", "T09:30"), ("percent", "20")}
    assert found("to DE89370400440532013000") == {("iban", "DE89370400440532013000")}
    assert found("bill-december-2023.txt, version 1.2.3, in 2022, the 3rd, 5 hours") == {("year", "2022")}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("mail 'ana@shop.example'.", ("email", "ana@shop.example")),
        ("see www.shop.example/list!", ("url", "www.shop.example/list")),
        ("May 15th, 2024", ("date", "2024-05-15")),
        ("the 3rd of May 2026", ("date", "2026-05-03")),
        ("rent is 2200.", ("number", "2200")),
        ("pay $1,200.50 now", ("number", "1200.5")),
        ("an additional 19.5% of it", ("percent", "19.5")),
        ("card 4242 4242 4242 4242", ("card", "4242424242424242")),
        ("mail ana@SHOP.Example", ("email", "ana@shop.example")),
        ("open https://x.example/wiki/Foo_(bar)", ("url", "https://x.example/wiki/Foo_(bar)")),
        ("open it (https://x.example/wiki/Foo).", ("url", "https://x.example/wiki/Foo")),
    ],
)
def test_values_in_a_text_are_found(text: str, value: tuple[str, str]) -> None:
    assert value in found(text)


@pytest.mark.parametrize(
    "text", ["o'brien@corp.example", "text&eve@corp.example", "a/b@corp.example", "bob@foo.com.中国", "x!eve@a.example"]
)
def test_a_part_of_an_address_is_no_address(text: str) -> None:
    assert not [space for space, _ in found(f"Send 'hi' to {text} please") if space == "email"]


def test_what_is_no_day_is_no_date() -> None:
    assert stamp("2026-02-30") is None
    assert not found("2026-02-30")


def test_a_card_needs_its_check_digit() -> None:
    assert shape("4242424242424242") == "card"
    assert shape("4242424242424241") != "card"


def test_kinds_of_words_are_apart() -> None:
    assert digest(space("file"), "13") != digest(space("event"), "13")
    assert space("money") == space("number")


def test_a_value_longer_than_can_be_compared_is_like_no_other() -> None:
    assert form("x" * (LONGEST + 1), "text:name") is None


@quick
@given(st.text(max_size=80))
def test_no_text_breaks_the_reading_of_it_and_each_value_lies_where_it_is_said(text: str) -> None:
    taken: set[int] = set()
    for token in tokens(text):
        here = set(range(token.start, token.end))
        assert here
        assert not here & taken
        taken |= here


@pytest.mark.parametrize("last", range(10))
def test_a_card_is_one_by_its_check_digit_however_it_is_grouped(last: int) -> None:
    for number in (f"411111111111111{last}", f"4111-1111-1111-111{last}", f"4111 1111 1111 111{last}"):
        assert (shape(number) == "card") == (last == 1)
        assert ("card" in {token.space for token in tokens(f"Pay with {number} now.")}) == (last == 1)
