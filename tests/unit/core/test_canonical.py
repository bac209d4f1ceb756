import json
from typing import Any

import pytest
from hypothesis import given

from septet.core.canonical import LEVELS, canonical, digest, unfit, whole
from tests.unit.strategies import json_values, quick


@quick
@given(json_values)
def test_canonical_json_is_json_of_the_same_value(value: Any) -> None:
    assert json.loads(canonical(value)) == value


def test_the_order_of_keys_does_not_matter() -> None:
    assert canonical({"b": 1, "a": {"d": 2, "c": 3}}) == canonical({"a": {"c": 3, "d": 2}, "b": 1}) == b'{"a":{"c":3,"d":2},"b":1}'


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (1, True), (0, False), ("1", 1), (None, ""), ([], {}), (0.0, -0.0)])
def test_values_that_python_or_a_reader_may_take_for_equal_differ(one: Any, other: Any) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(("given", "number"), [("1.0", 1), ("1e2", 100), ("-0.0", 0), ("1e22", 10**22), ("1.5", 1.5), ("true", True)])
def test_one_number_has_one_form_however_it_was_written(given: str, number: Any) -> None:
    assert canonical(whole(json.loads(f'{{"a":[{given}]}}'))) == canonical({"a": [number]})


def test_what_is_no_number_of_json_or_lies_too_deep_is_left_to_be_refused() -> None:
    deep: Any = 1.0
    for _ in range(100_000):
        deep = [deep]
    assert "levels deep" in unfit(whole(deep), 10**9)
    assert "not JSON" in unfit(whole([float("nan"), float("inf")]), 10**9)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"\udc00": 1}])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON compliant|surrogates"):
        canonical(value)


def test_parts_of_a_digest_cannot_run_into_each_other() -> None:
    assert digest(b"ab", b"c") != digest(b"a", b"bc")
    assert digest(b"abc") != digest(b"abc", b"")


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = {"x": value} if level % 2 else [value]
    return value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (nested(LEVELS), ""),
        (nested(LEVELS + 1), "nested more than 32 levels deep"),
        (nested(100_000), "nested more than 32 levels deep"),
        ([[]] * 40, ""),
        (["[" * 40], ""),
        ("x" * 98, ""),
        ("x" * 99, "101 bytes, more than 100"),
        ("ü" * 50, "102 bytes, more than 100"),
        (float("nan"), "not JSON"),
        ("\ud800", "not JSON"),
        (b"bytes", "not JSON"),
    ],
)
def test_why_a_value_is_unfit(value: Any, why: str) -> None:
    said = unfit(value, 100 if not isinstance(value, list | dict) else 10_000)
    assert said.startswith(why)
    assert bool(said) == bool(why)
