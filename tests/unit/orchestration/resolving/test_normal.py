from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.orchestration.resolving.normal import BYTES, normal
from tests.unit.strategies import hostile, json_values, quick

SAME: list[list[Any]] = [
    [1234, 1234.0, "1234", "1,234", "1,234.00", " 1234. ", "+1234"],
    [-5, -5.0, "-5", "-5.0", "\u22125"],
    [0, -0.0, "0", "-0", "0.00"],
    ["50%", "50 percent", "50.0 %"],
    ["2024-03-05", "March 5, 2024", "5 March 2024", "5 mar 2024", "Mar 5th, 2024", "2024-03-05."],
    ["Mount Everest", "mount  everest", "MOUNT EVEREST!", '"Mount Everest"', "\u201cMount\u00a0Everest\u201d"],
    ["don't", "don\u2019t", "DON`T"],
    ["\ufb01sh", "fish", "FISH"],
    [["b", "A"], ["a", "B "]],
    [{"a": 1, "b": ["x", "y"]}, {"b": ["Y", "X"], "a": "1.0"}],
]
DIFFERENT: list[Any] = [
    1,
    10,
    "1,5",
    1.5,
    15,
    "50%",
    50,
    "$50",
    "00123",
    "0123",
    "123",
    "2024-03-05",
    "2024-05-03",
    "05/03/2024",
    "Peru",
    "Per\u00fa",
    "",
    None,
    True,
    "true",
    [],
    {},
    [1],
    [1, 1],
    ["1", [1]],
    {"a": 1},
    {"A": 1},
    "4111111111111112",
]


@pytest.mark.parametrize("values", SAME, ids=str)
def test_what_is_said_to_make_no_difference_makes_none(values: list[Any]) -> None:
    assert len({normal(value) for value in values}) == 1


def test_what_is_different_stays_different() -> None:
    assert len({normal(value) for value in DIFFERENT}) == len(DIFFERENT)


@quick
@given(hostile)
def test_anything_has_a_normal_form_or_none(value: Any) -> None:
    assert normal(value) == normal(value)


def test_what_is_too_deep_too_large_or_no_json_has_none() -> None:
    deep: Any = 1
    for _ in range(10_000):
        deep = [deep]
    for value in (deep, "x" * (BYTES + 1), float("nan"), {"a": float("inf")}, "\ud800", 10**10_000):
        assert normal(value) is None


@quick
@given(st.lists(json_values, max_size=4), st.randoms())
def test_the_order_of_a_list_makes_no_difference(values: list[Any], chance: Any) -> None:
    shuffled = list(values)
    chance.shuffle(shuffled)
    assert normal(values) == normal(shuffled)
