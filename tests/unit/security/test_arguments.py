from typing import Any

import pytest
from hypothesis import given

from septet.security.arguments import MAX_BYTES, Schemas
from tests.unit.shop import REFUND, manifest, schema
from tests.unit.strategies import hostile, quick

problem = Schemas().problem
GOOD = {"order_id": "A-1", "amount_cents": 100, "reason": "broken"}


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def test_arguments_that_fit_have_no_problem() -> None:
    assert problem(REFUND, GOOD) == ""
    assert problem(REFUND, {"order_id": "A-1", "amount_cents": 100}) == ""


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({}, "order_id"),
        ({"order_id": "A-1"}, "amount_cents"),
        (GOOD | {"order_id": 1}, "order_id"),
        (GOOD | {"order_id": "1"}, "order_id"),
        (GOOD | {"order_id": "A-1\n"}, "order_id"),
        (GOOD | {"order_id": "А-1"}, "order_id"),  # noqa: RUF001 -- a Cyrillic A
        (GOOD | {"order_id": "A-\u0661"}, "order_id"),  # an Arabic digit
        (GOOD | {"amount_cents": "100"}, "amount_cents"),
        (GOOD | {"amount_cents": 1.5}, "amount_cents"),
        (GOOD | {"amount_cents": True}, "amount_cents"),
        (GOOD | {"amount_cents": 0}, "amount_cents"),
        (GOOD | {"amount_cents": None}, "amount_cents"),
        (GOOD | {"amount_cents": float("nan")}, "not JSON"),
        (GOOD | {"amount_cents": float("inf")}, "not JSON"),
        (GOOD | {"reason": "x" * 101}, "reason"),
        (GOOD | {"reason": "\ud800"}, "not JSON"),
        (GOOD | {"more": 1}, "more"),
        (GOOD | {"__proto__": {"admin": True}}, "__proto__"),
        (GOOD | {"__class__": "str"}, "__class__"),
        (GOOD | {"constructor": {"prototype": {}}}, "constructor"),
        (GOOD | {"": 1}, "arguments"),
        ([], "an object, not list"),
        ("{}", "an object, not str"),
        (None, "an object, not NoneType"),
        (7, "an object, not int"),
        ({"reason": "x" * MAX_BYTES}, "bytes, more than"),
        (nested(40), "levels deep"),
        (nested(100_000), "levels deep"),
    ],
)
def test_a_problem_names_what_is_wrong(arguments: Any, names: str) -> None:
    assert names in problem(REFUND, arguments)


def test_a_problem_is_a_sentence_however_long_the_names_a_model_makes_up() -> None:
    assert len(problem(REFUND, GOOD | {"x" * 60_000: 1})) <= 300


def test_a_number_that_no_float_holds_is_a_problem_and_no_crash() -> None:
    rounded = manifest("pay", input_schema=schema({"price": {"type": "number", "multipleOf": 0.01}}))
    assert "out of range" in problem(rounded, {"price": 10**400})


@quick
@given(hostile)
def test_any_arguments_have_a_problem_or_are_what_the_schema_says(arguments: Any) -> None:
    if not problem(REFUND, arguments):
        assert set(arguments) <= {"order_id", "amount_cents", "reason"}
