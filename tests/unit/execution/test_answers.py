from typing import Any

import pytest

from septet.execution.answers import problem, routing

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"route": {"type": "string", "enum": ["a", "b"], "x-septet-routing": True}, "why": {"type": "string"}},
    "required": ["route"],
    "additionalProperties": False,
}


def test_an_answer_that_fits_has_no_problem() -> None:
    assert problem(SCHEMA, {"route": "a", "why": "because"}) == ""


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ({}, "route"),
        ({"route": "c"}, "route"),
        ({"route": "a", "why": 1}, "why"),
        ({"route": "a", "x": 1}, "x"),
        ("a", "the answer"),
        (None, "the answer"),
    ],
)
def test_a_problem_names_the_field(value: Any, names: str) -> None:
    assert names in problem(SCHEMA, value)


def test_a_number_that_no_float_holds_is_a_problem_and_no_crash() -> None:
    priced = {"type": "object", "properties": {"price": {"type": "number", "multipleOf": 0.01}}}
    assert problem(priced, {"price": 10**400}) == "the answer must have no number out of range"
    assert problem(priced, {"price": 12.5}) == ""


def test_a_value_that_is_too_deep_to_be_looked_at_is_a_problem_and_no_crash() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert problem({"type": "object", "properties": {"a": {"$ref": "#"}}}, deep) == "the answer must not be nested so deeply"


def test_a_problem_is_a_sentence_however_long_the_names_a_model_makes_up() -> None:
    assert len(problem(SCHEMA, {"route": "a", "x" * 100_000: 1})) <= 300


@pytest.mark.parametrize(
    ("schema", "value", "marked"),
    [
        (SCHEMA, {"route": "a", "why": "secret"}, {"route": "a"}),
        (SCHEMA, {"why": "secret"}, {}),
        (SCHEMA, {"text": "plain"}, {}),
        (None, {"route": "a"}, {}),
        (SCHEMA, "a", {}),
    ],
)
def test_only_marked_fields_reach_a_state_machine(schema: Any, value: Any, marked: Any) -> None:
    assert routing(schema, value) == marked
