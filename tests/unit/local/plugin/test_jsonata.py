"""JSONata as Step Functions evaluates it. Expected values: docs.jsonata.org and Step Functions' page on JSONata."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet_plugin.jsonata import EvaluationError, UndefinedError, evaluate

STATES = {
    "states": {"input": {"a": 1, "none": None, "list": [1, None, 2], "one": [5], "objects": [{"k": 1, "v": None}, {"k": 2, "v": "z"}]}}
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$states.input.a", 1),
        ("$states.input.none", None),
        ("$exists($states.input.none)", True),
        ("$exists($states.input.missing)", False),
        ("$states.input.list", [1, None, 2]),
        ("$states.input.list[1]", None),
        ("$states.input.one", [5]),
        ("$states.input.objects[v = null].k", 1),
        ("{'kept': 1, 'left': $states.input.missing}", {"kept": 1}),
        ("[$states.input.missing, 1]", [1]),
        ("[1..3]", [1, 2, 3]),
        ("{'r': [1..2]}", {"r": [1, 2]}),
        ("4 / 2", 2),
        ("1 / 4", 0.25),
        ("null", None),
        ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
        ("$range(0, 10, 5)", [0, 5, 10]),
        ("$range(5, 1, -2)", [5, 3, 1]),
        ("$hash('content', 'SHA-1')", "040f06fd774092478d450774f5ba30c5da78acc8"),
        ("$hash('abc', 'MD5')", "900150983cd24fb0d6963f7d28e17f72"),
        ("$random(5) = $random(5)", True),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$string({'a': 'né'})", '{"a":"né"}'),
    ],
)
def test_values(expression: str, expected: Any) -> None:
    value = evaluate(expression, STATES)
    assert value == expected
    assert type(value) is type(expected)


def test_a_uuid_is_random_and_of_version_4() -> None:
    first, second = evaluate("$uuid()", {}), evaluate("$uuid()", {})
    assert first != second
    assert uuid.UUID(first).version == 4


def test_nothing_is_an_error_of_its_own() -> None:
    with pytest.raises(UndefinedError, match="returned nothing"):
        evaluate("$states.input.missing", STATES)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("$error('boom')", "boom"),
        ("'a' + 1", "must evaluate to a number"),
        ("1 +", "end of expression"),
        ("$missing(1)", "non-function"),
        ("$hash('abc', 'CRC')", "SHA-256"),
        ("$partition([1], 0)", "positive"),
        ("$range(1, 2, 0)", "not zero"),
        ("$parse('{')", "Expecting property name"),
        ("$eval('1')", r"use \$parse"),
        ("function($x) { $x }", "unsupported result type"),
        ("{'f': function($x) { $x }}", "unsupported result type"),
        ("/a/", "unsupported result type"),
    ],
)
def test_failures_say_why(expression: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        evaluate(expression, STATES)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, min_size=2, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_a_variable_is_its_value_whatever_it_says(value: Any) -> None:
    assert evaluate("$given", {"given": value}) == value
    assert evaluate("{'held': $given}", {"given": value}) == {"held": value}


@given(st.text())
def test_a_text_is_never_read_as_an_expression(text: str) -> None:
    hostile = f'{text}"; $error("read"); "'
    assert evaluate("$given & ''", {"given": hostile}) == hostile
