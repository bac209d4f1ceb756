"""What no honest text holds is refused by field; what some hold is refused where it would endorse, and counted elsewhere."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.security.screening import HIDDEN, MEMBERS, detections, problems
from tests.unit.strategies import json_values, quick

SOURCES = {"order": "trusted", "message": "external"}


def refused(value: Any, sources: dict[str, str] = SOURCES) -> dict[str, str]:
    return dict(problems(value, sources))


HONEST = [
    "",
    "Where is my order A-1001?\n\tThank you, M\u00fcller \u2014 100 \u20ac",
    "\u0645\u0631\u062d\u0628\u0627\u060c \u0623\u064a\u0646 \u0637\u0644\u0628\u064a\u061f",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian needs its non-joiner
    "\u0915\u094d\u200d\u0937",  # and Devanagari its joiner
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # the flag of England
    "price \u2067\u05de\u05d7\u05d9\u05e8\u2069 here",
    "\u200eleft\u200f",
    "e\u0301 \u845b\U000e0100",  # a decomposed letter; a variant of a character
    "\x85".replace("\x85", "\r\n"),
]
DISHONEST = {
    "a null": "a\x00b",
    "an escape": "a\x1b[2Jb",
    "a backspace": "ab\x08\x08",
    "a delete": "a\x7fb",
    "a C1 control": "a\x9bb",
    "no character": "a\ufffeb",
    "tags": "hello\U000e0068\U000e0069",
    "tags after a flag": "\U0001f3f4\U000e0067\U000e0062\U000e007f\U000e0068",
    "a long flag": "\U0001f3f4" + "\U000e0067" * 20 + "\U000e007f",
    "bytes as variation selectors": "a\U000e0101\U000e0102\U000e0103",
    "an override": "a\u202eb\u202c",
    "an embedding": "a\u202bb\u202c",
    "an open isolate": "a\u2066b",
    "an isolate over lines": "a\u2066b\nc\u2069",
    "a closed isolate that was not open": "a\u2069b\u2066",
}
INVISIBLE = ["A-1\u200b001", "A-1\u00ad001", "A-1\u2060001", "\ufeffA-1001", "A\u3164", "A\u180e1", "A\u034f1"]


@pytest.mark.parametrize("text", HONEST, ids=ascii)
def test_honest_texts_of_every_script_pass(text: str) -> None:
    assert refused({"message": text, "order": "A-1", "more": [text]}) == {}


@pytest.mark.parametrize("kind", DISHONEST)
@pytest.mark.parametrize("field", ["message", "order", "undeclared"])
def test_what_no_honest_text_holds_is_refused_by_field(kind: str, field: str) -> None:
    assert list(refused({"fine": "a", field: DISHONEST[kind]})) == [f"input.{field}"]
    assert list(refused({field: [{"a": ["b", DISHONEST[kind]]}]})) == [f"input.{field}[0].a[1]"]


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
def test_nothing_invisible_is_in_what_endorses(text: str) -> None:
    assert list(refused({"order": text, "message": text})) == ["input.order"]
    assert list(refused({"order": {"ids": [text]}})) == ["input.order.ids[0]"]
    assert detections({"message": text})[HIDDEN] == 1


@pytest.mark.parametrize("kind", DISHONEST)
def test_names_are_looked_at_as_well(kind: str) -> None:
    assert len(refused({"message": {DISHONEST[kind]: 1}})) == 1


def test_a_path_that_is_told_back_is_short() -> None:
    assert all(len(path) <= 100 for path in refused({"a" * 5000: "\x00"}))


def test_an_input_of_many_values_is_refused() -> None:
    assert refused({"message": ["a"] * (MEMBERS - 1)}) == {}
    assert list(refused({"message": ["a"] * (MEMBERS + 1)})) == ["input"]
    assert list(refused({"message": [0] * (MEMBERS + 1)})) == ["input"]


def test_detections_are_kinds_and_numbers() -> None:
    value = {"message": "4111111111111111 and 378282246310005, a@example.com", "more": [{"someone@example.com": "hi\u200b"}]}
    assert detections(value) == {"card": 2, "email": 2, HIDDEN: 1}
    assert detections({"message": "hello", "number": 4}) == {}


@quick
@given(json_values | st.dictionaries(st.text(max_size=3), st.text(max_size=9), max_size=3))
def test_any_input_has_an_answer(value: Any) -> None:
    for place, sentence in problems(value, SOURCES):
        assert place.startswith("input")
        assert sentence
