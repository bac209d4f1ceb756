"""Spans use the published words and no others, and say nothing that a model, a tool or a person worded."""

import ast
import importlib
import pkgutil
import re
from copy import replace
from functools import cache
from inspect import getsource
from pathlib import Path
from typing import Any

import opentelemetry.semconv._incubating.attributes as incubating
import opentelemetry.semconv.attributes as stable
import pytest
from hypothesis import given, settings
from opentelemetry.semconv._incubating.attributes.gen_ai_attributes import GenAiOperationNameValues

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Body,
    Branched,
    HandOver,
    Heard,
    Inquired,
    ModelCall,
    ModelReply,
    Note,
    Request,
    Resolved,
    Restarted,
    Routed,
    ToolIntent,
    ToolResult,
)
from septet.core.journal import Branch, Head, Pen
from septet.core.money import Usage
from septet.core.spelling import _KINDS, decode, encode
from septet.local.journal import MemoryJournal
from septet.observability.tracing import content, conventions
from tests.unit.observability.tracing.stories import RUN, Story, folded, stories

PAGE = Path(__file__).parents[4] / "docs/tracing.md"
NAME = re.compile(r"[a-z_]+(\.[a-z_]+)+")
CANARY = "CANARY-4111111111111111"
TOLD = {
    "model_call": {"model"},
    "model_failed": {"model"},
    "model_reply": {"model"},
    "tool_intent": {"call"},
    "tool_result": {"call"},
    "approval_asked": {"call"},
    "approval_given": {"call"},
    "hand_over": {"to"},
    "branched": {"step"},
    "resolved": {"step", "winner"},
    "routed": {"to"},
}
"""By type of entry, the fields that name a declaration or an id: all others may hold content."""
SHAPES: dict[Any, Any] = {str: CANARY, int: 7, bool: True, tuple[str, ...]: [CANARY]}


@cache
def published() -> set[str]:
    found = set()
    for package in (incubating, stable):
        for module in pkgutil.iter_modules(package.__path__):
            named = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
            found |= {value for name, value in named.items() if name.isupper() and isinstance(value, str)}
    return found


@cache
def spelt() -> set[str]:
    """Every attribute that the modules which name any have a word for."""
    texts = {node.value for node in ast.walk(ast.parse("".join(map(getsource, (conventions, content))))) if isinstance(node, ast.Constant)}
    return {one for one in texts if isinstance(one, str) and NAME.fullmatch(one)} - set(conventions._PROVIDERS.values())


def test_every_word_is_a_published_one_or_our_own_and_on_the_page() -> None:
    theirs = {one for one in spelt() if not one.startswith("septet.")}
    assert theirs
    assert theirs - published() == set()
    page = PAGE.read_text()
    assert {one for one in spelt() if f"`{one}`" not in page} == set()


@settings(deadline=None, max_examples=60)
@given(stories())
def test_only_published_attributes_and_our_own(story: Story) -> None:
    known = published()
    for span in folded(story).values():
        held = [span.attributes, *(event.attributes for event in span.events), *(link.attributes for link in span.links)]
        assert all(name.startswith("septet.") or name in known for one in held for name in one)
        operation = span.attributes.get("gen_ai.operation.name", "chat")
        assert operation in {value.value for value in GenAiOperationNameValues}


def test_every_word_is_told_where_it_belongs() -> None:
    used = Usage(input=1, output=1, cache_read=1, cache_write=1)
    asked: dict[str, Any] = {"call": "c", "tool": "find_order", "arguments": {}, "reasons": ()}
    bodies: tuple[Body, ...] = (
        Note(kind="repair", text=""),
        ModelCall(model="m", step=0),
        ModelReply(model="m", text="", calls=(), stop="end"),
        ApprovalAsked(approval="a", expires_at=1, **asked),
        ApprovalGiven(call="c", approval="a", decision="approved", by="b", reason=""),
        ToolIntent(key="", **asked),
        ToolResult(call="c", tool="find_order", error="PolicyDenied"),
        Inquired(inquiry="i", to="t", question={}, expires_at=1),
        Heard(inquiry="i", outcome="answered", value=1, by="b"),
        HandOver(to="boss", reason=""),
    )
    moments: tuple[Body, ...] = (
        Routed(purpose="skill", of="", to="boss", error="", rationale={}),
        Branched(step="s", paths=("r-0",), share=1),
        Resolved(step="s", method="vote", paths=("r-0",), winner="r-0", value=1, rationale={}, missing={}),
        Restarted(turns=(), by="b", attempt=1),
        Answer(value=1),
    )
    journal, branch = MemoryJournal(), Branch(tenant=RUN.tenant, run=RUN.run)
    pen = Pen(journal=journal, branch=branch, clock=lambda: RUN.created_at, head=Head())
    pen.write(Request(workflow="support", input={}, submitter="s", trace=RUN.trace))
    for turn, written in (("one", bodies), ("", moments)):
        pen.turn, pen.agent, pen.bundle = turn, "clerk" if turn else "", "b" if turn else ""
        for body in written:
            pen.write(body, usage=used)
    spans = folded(Story(run=replace(RUN, status="failed", error="PolicyDenied", attempt=1), branches={"main": list(journal.read(branch))}))
    held = [(span.attributes, *(one.attributes for one in (*span.events, *span.links))) for span in spans.values()]
    assert {name for told in held for one in told for name in one} == spelt() - {*content.ATTRIBUTES}
    named = {span.name: span.attributes for span in spans.values()}
    assert named["execute_tool find_order"]["gen_ai.tool.name"] == "find_order"
    assert named["septet.routed"]["septet.purpose"] == "skill"
    tokens = {name: value for name, value in named["chat m"].items() if name.startswith("gen_ai.usage.")}
    assert tokens == {
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 1,
        "gen_ai.usage.cache_read.input_tokens": 1,
        "gen_ai.usage.cache_creation.input_tokens": 1,
    }


def full(kind: type[Body]) -> Body:
    """A body of this *kind* with the canary wherever there is room for it."""
    value: dict[str, Any] = {"type": kind.type, "version": 1}
    for name, declared in kind.__annotations__.items():
        if name == "calls":
            value[name] = [{"id": CANARY, "tool": CANARY, "arguments": {CANARY: CANARY}}]
        elif name != "type":
            value[name] = SHAPES.get(declared, {CANARY: CANARY}) if name not in TOLD.get(kind.type, ()) else f"known-{name}"
    return decode(value)


def story_of(*bodies: Body, turn: str = "one") -> Story:
    journal, branch = MemoryJournal(), Branch(tenant=RUN.tenant, run=RUN.run)
    pen = Pen(journal=journal, branch=branch, clock=lambda: RUN.created_at, head=Head())
    pen.write(Request(workflow="support", input={"message": CANARY}, submitter=CANARY, trace=RUN.trace))
    pen.turn, pen.agent = turn, "clerk" if turn else ""
    for body in bodies:
        pen.write(body, usage=Usage(input=1, output=1), labels={CANARY: CANARY})
    run = replace(RUN, status="failed", error=CANARY, message=CANARY, ended_at=RUN.created_at, submitter=CANARY, forked_by=CANARY)
    return Story(run=run, branches={"main": list(journal.read(branch))})


@pytest.mark.parametrize("turn", ["one", ""])
@pytest.mark.parametrize("name", sorted(_KINDS.keys() - {"restarted"}))
def test_no_content_of_any_entry_is_told(name: str, turn: str) -> None:
    body = full(_KINDS[name])
    assert CANARY in repr(encode(body)) or name in ("compacted", "model_call", "hand_over", "erased", "damaged")
    spans = folded(story_of(body, body, turn=turn)).values()
    assert spans
    assert CANARY not in repr(list(spans))


@pytest.mark.parametrize(("name", "told"), [("find_order", "execute_tool find_order"), (CANARY, "execute_tool")])
def test_a_tool_that_nobody_declared_is_not_named(name: str, told: str) -> None:
    body = decode(encode(full(_KINDS["tool_result"])) | {"tool": name, "error": "PolicyDenied"})
    (span,) = [span for span in folded(story_of(body)).values() if span.name.startswith("execute_tool")]
    assert span.name == told
    assert span.error == "PolicyDenied"
