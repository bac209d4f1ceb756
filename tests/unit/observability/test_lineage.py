"""Where values come from: what is certain (a place, a label) and what is inferred (that it was taken from there)."""

from copy import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.entries import (
    Answer,
    ApprovalEdited,
    ApprovalGiven,
    Branched,
    Entry,
    Erased,
    Heard,
    Recalled,
    Request,
    Resolved,
    ToolIntent,
    ToolResult,
)
from septet.observability.lineage import Lineage, Traced, lineage
from septet.observability.lineage.origins import LONGEST
from tests.unit.observability.diary import Diary
from tests.unit.strategies import branches, quick

ORDER = {"order_id": "A-1002", "item": "rain jacket", "refundable_cents": 12900, "paid": "129.00", "mail": "ann@Shop.example"}
CENTS = "refundable_cents"
LABELS = {"order_id": "record", "item": "counterparty", "refundable_cents": "record", "paid": "record", "mail": "record"}


def asked(message: str = "Refund A-1002 please.") -> Diary:
    """A run whose agent has read an order."""
    diary = Diary()
    diary.write(Request(workflow="support", input={"message": message}, submitter="ann"), labels={"message": "external"})
    intent = ToolIntent(call="c", tool="find_order", arguments={"order_id": "A-1002"}, key="", reasons=())
    diary.write(intent, "refunds", labels={"order_id": "prompt"})
    diary.write(ToolResult(call="c", tool="find_order", value=ORDER), "refunds", labels=LABELS)
    return diary


def answered(value: Any, diary: Diary | None = None) -> dict[str, Traced]:
    """The values of an answer by path."""
    diary = diary or asked()
    diary.write(Answer(value=value), "writer", labels={"text": "unknown"})
    told = lineage(diary.branches).answer
    assert told
    return {one.field: one for one in told.values}


def places(one: Traced) -> list[tuple[str, str, str, int, str]]:
    """What is told of a value: each part, how it is alike, and where it stands."""
    return [(origin.text, origin.how, it.name, it.number, it.place) for origin in one.origins for it in origin.sources]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("A-1002", [("A-1002", "equal", "ann", 0, "message"), ("A-1002", "equal", "find_order", 2, "order_id")]),
        (12900, [("12900", "equal", "find_order", 2, "refundable_cents")]),
        ("12,900.0", [("12,900.0", "equal", "find_order", 2, "refundable_cents")]),
        (129.0, [("129.0", "equal", "find_order", 2, "paid")]),
        ("ann@shop.example", [("ann@shop.example", "equal", "find_order", 2, "mail")]),
        ("Ann@shop.example", []),
        ("A-100", []),
        ("a-1002", []),
        ("rain jacket", [("rain jacket", "equal", "find_order", 2, "item")]),
        ("We refund 129.00 EUR.", [("129.00", "within", "find_order", 2, "paid"), ("129.00", "hundredth", "find_order", 2, CENTS)]),
    ],
)
def test_a_value_is_found_where_the_same_stands_and_nowhere_else(value: Any, found: list[Any]) -> None:
    assert places(answered({"text": value})["text"]) == found


def test_what_is_certain_of_a_place_is_told_with_it() -> None:
    source = answered({"text": 12900})["text"].origins[0].sources[0]
    assert (source.kind, source.label, source.path, source.asked) == ("tool", "record", "main", {"order_id": "prompt"})
    assert answered({"text": "rain jacket"})["text"].origins[0].sources[0].label == "counterparty"
    assert answered({"text": 5})["text"].label == "unknown"


def test_what_stands_nowhere_is_the_models_own_and_what_is_common_tells_nothing() -> None:
    values = answered({"text": "Of course!", "ok": True, "n": 3, "none": None, "sum": 12901})
    assert {name: (one.origins, one.common) for name, one in values.items()} == {
        "text": ((), False),
        "ok": ((), True),
        "n": ((), True),
        "none": ((), True),
        "sum": ((), False),
    }


def test_a_passage_taken_over_word_by_word_is_told_once_and_whole() -> None:
    told = "the causeway was opened to all traffic on a windy day"
    one = answered({"text": f"They say that {told}, as it seems."}, asked(f"I read that {told} in June."))["text"]
    assert [(origin.text, origin.how) for origin in one.origins] == [(f"that {told}", "passage")]


def test_people_somebody_outside_and_the_session_are_sources() -> None:
    diary = asked()
    diary.write(ApprovalEdited(call="c", approval="a", arguments={"amount": 777}, by="boss"), "refunds")
    diary.write(ApprovalGiven(call="c", approval="a", decision="approved", by="boss", reason="case K-77"), "refunds")
    diary.write(Heard(inquiry="i", outcome="answered", value={"day": "2026-12-24"}, by="supplier-7"), labels={"day": "external"})
    exchange: dict[str, Any] = {"run": "r", "input": {"message": "my number is C-4711"}, "answer": None, "fate": "succeeded", "did": []}
    diary.write(Recalled(session="ses-1", exchanges=[exchange]), labels={"*": "unknown"})
    values = answered({"a": 777, "b": "K-77", "c": "24 December 2026", "d": "C-4711"}, diary)
    assert {name: [(it.kind, it.name, it.label) for it in one.origins[0].sources] for name, one in values.items()} == {
        "a": [("person", "boss", "unknown")],
        "b": [("person", "boss", "unknown")],
        "c": [("outside", "supplier-7", "external")],
        "d": [("session", "ses-1", "unknown")],
    }


def parted(*, joined: bool) -> Diary:
    """A run whose branch has read something that ``main`` sees once they are joined."""
    diary = asked()
    diary.write(Branched(step="ask", paths=("ask-0",), share=1))
    diary.write(ToolResult(call="x", tool="search", value={"found": "Z-9"}), "expert", path="ask-0", labels={"found": "external"})
    diary.write(Answer(value={"code": "Z-9"}), "expert", path="ask-0")
    if joined:
        diary.write(Resolved(step="ask", method="all", paths=("ask-0",), winner="", value={"x": "Z-9"}, rationale={}, missing={}))
    return diary


def test_what_a_branch_read_is_a_source_once_it_is_joined_and_agents_words_only_where_nothing_else_has_them() -> None:
    one = answered({"code": "Z-9"}, parted(joined=True))["code"]
    assert [(it.kind, it.path, it.name) for it in one.origins[0].sources] == [("tool", "ask-0", "search")]
    assert answered({"code": "Z-9"}, parted(joined=False))["code"].origins == ()
    diary = asked()
    diary.write(Answer(value={"route": "refunds"}), "triage")
    assert [(it.kind, it.name) for it in answered({"to": "refunds"}, diary)["to"].origins[0].sources] == [("agent", "triage")]


def test_a_branch_knows_what_stood_before_it_parted_and_nothing_after() -> None:
    diary = parted(joined=True)
    diary.write(ToolResult(call="y", tool="late", value={"code": "Q-1"}), "refunds")
    intent = ToolIntent(call="p", tool="pay", arguments={"order": "A-1002", "code": "Q-1"}, key="k", reasons=())
    diary.write(intent, "expert", path="ask-0", labels={"order": "prompt"})
    effect = lineage(diary.branches).effects[0]
    assert (effect.who, effect.path) == ("pay", "ask-0")
    assert [(one.field, one.label, bool(one.origins)) for one in effect.values] == [
        ("order", "prompt", True),
        ("code", "external", False),
    ]


def test_what_is_read_later_is_no_source_of_what_was_said_before() -> None:
    diary = Diary()
    diary.write(Answer(value={"text": "X-17"}), "writer")
    diary.write(ToolResult(call="c", tool="find_order", value="X-17"), "refunds")
    told = lineage(diary.branches).answer
    assert told
    assert told.values[0].origins == ()


def test_it_says_when_not_everything_was_searched() -> None:
    def complete(diary: Diary, *, gone: bool = False) -> Lineage:
        diary.write(Answer(value={"text": "T-1"}), "writer")
        entries = diary.read()
        return lineage({"main": [replace(entries[0], body=Erased()), *entries[1:]] if gone else entries})

    assert complete(asked()).complete
    assert not complete(asked(), gone=True).complete
    far = complete(asked("x " * LONGEST + "T-1"))
    assert far.answer
    assert not far.complete
    assert far.answer.values[0].origins == ()


@quick
@given(branches(), branches(), st.text(max_size=30))
def test_whatever_stands_in_a_journal_has_a_lineage(main: list[Entry], other: list[Entry], text: str) -> None:
    found = lineage({"main": main, "b": other, text: []})
    for told in (*found.effects, *([found.answer] if found.answer else [])):
        for one in told.values:
            for source in (it for origin in one.origins for it in origin.sources):
                assert source.path != told.path or source.number < told.number
