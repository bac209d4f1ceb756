"""The checks of the agents that examine a claim: what a lying model cannot get through."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.execution.answers import problem
from stacks.catalog import read
from tests.unit.functions.test_research import DOCUMENT, NAMES, module
from tests.unit.strategies import quick

ROOT = Path(__file__).parents[3]
CATALOG = read(ROOT)
SEEN = {"read_document": [DOCUMENT, {"found": False}]}
STANDS = {"resolved": [{"value": {"verdict": "Supported.", "why": "so"}, "missing": {}}]}
ASSESSOR, ARBITER, WRITER = (module("agents", name, "check.py").check for name in ("assessor", "arbiter", "verdict_writer"))


def verdict(*sources: tuple[str, str], said: str = "supported") -> dict[str, Any]:
    return {"verdict": said, "confidence": 0.9, "why": "so", "sources": [{"id": id_, "quote": quote} for id_, quote in sources]}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (verdict(("a", "opened to all traffic")), ""),
        (verdict(said="Open."), ""),
        (verdict(), "The verdict rests on nothing"),
        (verdict(("b", "opened to all traffic")), "The verdict cites b, which you have not read"),
        (verdict(("a", "opened")), "The verdict quotes less than 2 words of a"),
        (verdict(("a", "opened on 12 May 1987")), "do not stand in a"),
        (verdict(("b", "opened to all traffic"), said="open"), "which you have not read"),
    ],
)
def test_a_verdict_rests_on_words_of_documents_that_were_read(answer: dict[str, Any], told: str) -> None:
    found = ASSESSOR(answer, SEEN)
    assert told in found[0] if told else found == []


def test_the_variants_of_the_pool_do_the_same_with_other_models() -> None:
    for name in ("check.py", "answer.json", "prompt.md"):
        one, other = (ROOT.joinpath("functions", "agents", agent, name).read_text() for agent in ("assessor", "assessor_pro"))
        assert one == other
    one, other = (CATALOG.agents[name] for name in CATALOG.pools["assessors"].agents)
    assert one.tools == other.tools
    assert one.models != other.models


@pytest.mark.parametrize("agent", ["assessor", "assessor_pro", "arbiter", "verdict_writer"])
def test_agents_of_assess_can_change_nothing(agent: str) -> None:
    assert {CATALOG.tools[name].effect for name in CATALOG.agents[agent].tools} <= {"read"}


def test_an_arbiter_chooses_what_it_was_shown() -> None:
    shown = {"resolved": [{"value": {"answer_1": {}, "answer_2": {}}, "missing": {}}]}
    assert ARBITER({"choice": "answer_2", "why": "so"}, shown) == []
    assert "choose one of answer_1, answer_2" in ARBITER({"choice": "answer_3", "why": "so"}, shown)[0]
    assert ARBITER({"choice": "answer_1", "why": "so"}, {}) != []
    schema = CATALOG.agents["arbiter"].answer_schema
    assert schema
    assert problem(schema, {"choice": "assessors-0", "why": "so"})


def written(text: str, *sources: str, said: str = "supported") -> dict[str, Any]:
    return {"verdict": said, "text": text, "sources": list(sources)}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (written("It is so [a].", "a"), ""),
        (written("It is so [a].", "a", said="refuted"), "The verdict that stands is Supported.: say that one"),
        (written("It is so [b].", "b"), "b is no document that an assessor or you have read"),
        (written("It is so [a].", "a", "b"), "b is no document"),
        (written("It is so [a]."), "a is cited and not in sources"),
        (written("It is so.", "a"), "a is in sources and not cited"),
    ],
)
def test_a_writer_tells_the_verdict_that_stands_with_what_was_read(answer: dict[str, Any], told: str) -> None:
    found = WRITER(answer, SEEN | STANDS)
    assert told in found[0] if told else found == []


@quick
@given(st.sets(NAMES), st.sets(NAMES), st.sets(NAMES), st.sampled_from(["supported", "SUPPORTED", "refuted"]))
def test_no_answer_passes_with_another_verdict_or_something_unread(
    cited: set[str], listed: set[str], was_read: set[str], said: str
) -> None:
    answer = written(" ".join(f"So [{id_}]." for id_ in sorted(cited)) or "So.", *sorted(listed), said=said)
    seen = STANDS | {"read_document": [DOCUMENT | {"id": id_} for id_ in was_read]}
    assert (WRITER(answer, seen) == []) == (said != "refuted" and cited == listed and cited <= was_read)
