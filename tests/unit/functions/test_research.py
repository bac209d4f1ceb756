"""The research agents' own checks, the tools' declarations, and the tools: what a lying model, or document, cannot get through."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.entry.tool import Context
from septet.execution.answers import problem
from septet.integration.documents import Document
from septet.security.manifests import manifest
from stacks.catalog import read
from stacks.catalog.generated import manifests
from tests.unit.strategies import quick

ROOT = Path(__file__).parents[3]
CATALOG = read(ROOT)
DOCUMENT = {"found": True, "id": "a", "title": "Notes", "date": "", "text": "It was opened\nto all traffic, on 3 June 1987."}
SEEN = {"read_document": [DOCUMENT, {"found": False}], "search_library": [{"results": [{"id": "b"}]}]}
NAMES = st.sampled_from(["a", "b", "c"])


def module(*parts: str) -> Any:
    path = ROOT.joinpath("functions", *parts)
    spec = importlib.util.spec_from_file_location("_".join(path.parts[-2:]), path)
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


RESEARCHER, WRITER, JUDGE = (module("agents", name, "check.py").check for name in ("researcher", "research_writer", "judge"))


def claim(id_: str, quote: str = "opened to all traffic on 3 June 1987") -> dict[str, Any]:
    return {"claims": [{"key": "opened_on", "value": "1987-06-03", "confidence": 0.9, "sources": [{"id": id_, "quote": quote}]}]}


def test_a_claim_rests_on_words_of_a_document_that_was_read() -> None:
    assert RESEARCHER(claim("a"), SEEN) == []
    assert RESEARCHER({"claims": []}, {}) == []
    assert "which you have not read" in RESEARCHER(claim("b"), SEEN)[0], "found by a search is not read"
    assert "which you have not read" in RESEARCHER(claim("board-secret-ledger"), SEEN)[0]
    assert "do not stand in a" in RESEARCHER(claim("a", "opened on 12 May 1987"), SEEN)[0]


@quick
@given(st.lists(st.tuples(NAMES, st.sampled_from(["opened to all traffic", "never opened"])), max_size=4), st.sets(NAMES))
def test_only_claims_that_all_rest_on_what_was_read_pass(sources: list[tuple[str, str]], was_read: set[str]) -> None:
    answer = {"claims": [claim(id_, quote)["claims"][0] for id_, quote in sources]}
    seen = {"read_document": [DOCUMENT | {"id": id_} for id_ in was_read]}
    honest = all(id_ in was_read and quote.startswith("opened") for id_, quote in sources)
    assert (RESEARCHER(answer, seen) == []) == honest


def test_both_researchers_answer_and_are_checked_alike() -> None:
    for name in ("check.py", "answer.json"):
        one, other = (ROOT.joinpath("functions", "agents", agent, name).read_text() for agent in ("researcher", "researcher_lite"))
        assert one == other


def written(text: str, *sources: str, gaps: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"text": text, "sources": list(sources), "gaps": [{"branch": branch, "question": "What?", "why": "late"} for branch in gaps]}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (written("So it was [a].", "a"), ""),
        (written("So it was [a, a; a] (in short).", "a"), ""),
        (written("So it was [a] [in short].", "a"), "in short is no document"),
        (written("So it was [a] [doc-999 p. 3].", "a"), "doc-999 p. 3 is no document"),
        (written("So it was [a] (doc-999).", "a"), "doc-999 is no document"),
        (written("So it was [a] 【doc-999】.", "a"), "doc-999 is no document"),
        (written("So it was [b].", "b"), "b is no document that a specialist or you have read"),
        (written("So it was."), "Nothing is cited"),
        (written("So it was.", "a"), "a is in sources and not cited"),
        (written("So it was [a]."), "a is cited and not in sources"),
        (written("So it was [a, b].", "a"), "b is no document"),
    ],
)
def test_an_answer_cites_what_was_read_and_lists_it(answer: dict[str, Any], told: str) -> None:
    found = WRITER(answer, SEEN)
    assert told in found[0] if told else found == []


def test_an_answer_about_what_was_found_cites_something() -> None:
    resolved = {"value": {"findings": {"specialists-0": [{"key": "opened_on"}]}}, "missing": []}
    assert "Nothing is cited" in WRITER(written("So it was."), SEEN | {"resolved": [resolved]})[0]


def test_a_specialist_who_found_nothing_is_a_gap_like_one_who_is_missing() -> None:
    resolved = {"value": {"findings": {"specialists-0": [], "specialists-1": [{"key": "opened_on"}]}}, "missing": {"specialists-2": "Lost"}}
    seen = SEEN | {"resolved": [resolved]}
    assert [told.split()[0] for told in WRITER(written("So [a].", "a"), seen)] == ["specialists-0", "specialists-2"]
    assert WRITER(written("So [a].", "a", gaps=("specialists-0", "specialists-2")), seen) == []
    nobody = SEEN | {"resolved": [{"value": {"findings": {"specialists-0": []}}, "missing": {}}]}
    assert "Nothing is cited" in WRITER(written("I know it.", gaps=("specialists-0",)), nobody)[0]


@pytest.mark.parametrize("quote", ["........", "", "opened", "pened to all traf"])
def test_a_quote_has_words_that_stand_there_as_words(quote: str) -> None:
    assert RESEARCHER(claim("a", quote), SEEN) != []


@quick
@given(st.sets(NAMES), st.sets(NAMES), st.sets(NAMES), st.sets(NAMES), st.sets(NAMES))
def test_no_answer_passes_that_cites_something_unread_or_hides_a_gap(
    cited: set[str], listed: set[str], was_read: set[str], missing: set[str], named: set[str]
) -> None:
    answer = written(" ".join(f"So [{id_}]." for id_ in sorted(cited)) or "So.", *sorted(listed), gaps=tuple(sorted(named)))
    seen = {
        "read_document": [DOCUMENT | {"id": id_} for id_ in was_read],
        "resolved": [{"value": {}, "missing": dict.fromkeys(missing, "E")}],
    }
    assert (WRITER(answer, seen) == []) == (bool(cited) and cited == listed and cited <= was_read and missing <= named)


def decided(key: str, value: Any, *sources: str) -> dict[str, Any]:
    return {"decisions": [{"key": key, "value": value, "why": "so", "sources": list(sources)}]}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (decided("opened_on", "1987-06-03", "a"), ""),
        (decided("closed_on", "1987-06-03", "a"), "opened_on is contradicted and not decided"),
        (decided("opened_on", "1988-01-01", "a"), "a value that nobody reported"),
        (decided("opened_on", "1987-06-03", "b"), "which nobody has read"),
    ],
)
def test_a_judge_decides_every_contradiction_for_a_reported_value_by_what_was_read(answer: dict[str, Any], told: str) -> None:
    ways = [{"value": "1987-06-03", "by": ["s-0"]}, {"value": "1987-05-12", "by": ["s-1"]}]
    seen = {**SEEN, "resolved": [{"value": {"findings": {}, "conflicts": [{"key": "opened_on", "values": ways}]}, "missing": {}}]}
    found = JUDGE(answer, seen)
    assert told in found[0] if told else found == []


@pytest.mark.parametrize("agent", ["researcher", "researcher_lite", "judge", "research_writer", "planner"])
def test_agents_of_research_can_change_nothing(agent: str) -> None:
    assert {CATALOG.tools[name].effect for name in CATALOG.agents[agent].tools} <= {"read"}


def test_a_claim_without_a_source_has_not_the_form_of_an_answer() -> None:
    schema = CATALOG.agents["researcher"].answer_schema
    assert schema
    assert problem(schema, claim("a")) == ""
    assert problem(schema, {"claims": [claim("a")["claims"][0] | {"sources": []}]})


@pytest.mark.parametrize("tool", ["search_library", "read_document"])
def test_what_the_library_says_is_external(tool: str) -> None:
    declared = manifests(CATALOG)[tool]
    assert declared["output"].get("fields", {}) == {}
    assert manifest(tool, declared).reads


class Shelf:
    """A double of the store, with one document of one tenant."""

    def read(self, tenant: str, id_: str) -> Document | None:
        return Document(id="a", title="Notes", date="", text="words") if (tenant, id_) == ("acme", "a") else None

    def search(self, tenant: str, query: str, limit: int) -> dict[str, Any]:
        return {"asked": [tenant, query, limit]}


def context(tenant: str) -> Context:
    return Context(tenant=tenant, run="run-1", principal="ann", key="")


def test_the_tools_look_in_the_library_of_the_tenant_that_the_platform_names() -> None:
    reads, searches = module("tools", "read_document", "handler.py"), module("tools", "search_library", "handler.py")
    assert reads.read_document({"id": "a"}, context("acme"), documents=Shelf)["text"] == "words"
    assert reads.read_document({"id": "a"}, context("other"), documents=Shelf) == {"found": False}
    assert searches.search_library({"query": "q"}, context("acme"), library=Shelf) == {"asked": ["acme", "q", 8]}
