from typing import Any

import pytest

from septet.integration.inputs import labels, problems
from septet.integration.ports import Declaration


def declared(**more: Any) -> Declaration:
    return Declaration(description="d", input_schema={"type": "object", "additionalProperties": False, **more})


def test_a_number_that_no_float_holds_is_a_problem_and_no_crash() -> None:
    priced = declared(properties={"price": {"type": "number", "multipleOf": 0.5}})
    (wrong,) = problems(priced, {"price": 10**400})
    assert (wrong.field, wrong.message) == ("input", "must have no number out of range")


def test_a_value_that_is_too_deep_to_be_looked_at_is_a_problem_and_no_crash() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    (wrong,) = problems(declared(properties={"a": {"$ref": "#"}}), deep)
    assert (wrong.field, wrong.message) == ("input", "must not be nested so deeply")


@pytest.mark.parametrize("given", [{"id": 1, "x-1": 2}, {"id": 1} | {f"x-{n}": 2 for n in range(40_000)}])
def test_fields_of_a_pattern_are_external_and_their_labels_small(given: dict[str, Any]) -> None:
    named = declared(properties={"id": {"x-septet-source": "trusted"}}, patternProperties={"^x-": {"type": "integer"}})
    assert problems(named, given) == ()
    told = labels(named, given)
    assert told["id"] == "trusted"
    assert set(told.values()) == {"trusted", "external"}
    assert len(told) == 2
