"""Content in spans: none, unless the tenant switched it on; then what was said, redacted, cut, and of nothing that is erased."""

import json
from copy import replace
from typing import Any

import pytest
from hypothesis import given, settings

from septet.core.entries import (
    Answer,
    Body,
    Erased,
    ModelCall,
    ModelReply,
    Note,
    Request,
    ToolCall,
    ToolIntent,
    ToolResult,
)
from septet.core.errors import StoreUnavailable
from septet.core.journal import Branch, Head, Pen
from septet.local.journal import MemoryJournal
from septet.local.observing import MemoryAside, MemoryExporter, MemoryMeter, MemoryProgresses
from septet.local.runs import MemoryRuns
from septet.observability import costing, summaries
from septet.observability.metering import Metering
from septet.observability.projecting import Part, Projector
from septet.observability.spans import Span
from septet.observability.tracing.content import ATTRIBUTES, MOST, Contents
from septet.security.recognisers import cleaned, find
from tests.unit.observability.tracing.stories import RUN, TRACES, Story, folded, stories
from tests.unit.observability.tracing.test_words import published

CARD, MAIL, WORD = "4929 3813 3266 4295", "canary.of.septet@example.com", "zaunkoenig"
SEEDED = f"{WORD} {CARD} {MAIL}"
MAIN = Branch(tenant=RUN.tenant, run=RUN.run)
ARGUMENTS = {"order_id": "A-1", "why": SEEDED, "card": 4929381332664295}
SAID: tuple[Body, ...] = (
    ModelCall(model="m", step=0),
    ModelReply(model="m", text=f"I look: {SEEDED}", calls=(ToolCall(id="c1", tool="find_order", arguments=ARGUMENTS),), stop="tools"),
    ToolIntent(call="c1", tool="find_order", arguments=ARGUMENTS, key="", reasons=(SEEDED,)),
    ToolResult(call="c1", tool="find_order", value={"status": SEEDED}),
    Note(kind="repair", text=f"say it in JSON, {SEEDED}"),
    ModelCall(model="m", step=1),
    ModelReply(model="m", text=f"Done: {SEEDED}", calls=(), stop="end"),
    Answer(value={"summary": SEEDED}),
)


def journal(*bodies: Body) -> MemoryJournal:
    found = MemoryJournal()
    pen = Pen(journal=found, branch=MAIN, clock=lambda: RUN.created_at, head=Head())
    pen.write(Request(workflow="support", input={"message": SEEDED}, submitter="s", trace=RUN.trace))
    pen.turn, pen.agent = "one", "clerk"
    for body in bodies:
        pen.write(body)
    return found


class Played:
    """A run through the whole projector, with content for *tenants*."""

    def __init__(self, *tenants: str, bodies: tuple[Body, ...] = SAID, held: MemoryJournal | None = None) -> None:
        self.exporter, self.meter, self.progresses, runs = MemoryExporter(), MemoryMeter(), MemoryProgresses(), MemoryRuns()
        runs.create(replace(RUN, status="running"))
        runs.close(RUN.tenant, RUN.run, status="succeeded", ended_at=RUN.created_at + 1)
        kept = held or journal(*bodies)
        Projector(
            journal=kept,
            runs=runs,
            progresses=self.progresses,
            parts={
                "spans": Part(projection=TRACES),
                "metrics": Part(projection=Metering(tools=frozenset({"find_order"}), models=frozenset({"m"}), agents=frozenset({"clerk"}))),
                "costs": Part(projection=costing),
                "summaries": Part(projection=summaries),
            },
            exporter=self.exporter,
            meter=self.meter,
            aside=MemoryAside(),
            clock=lambda: RUN.created_at,
            shows=Contents(journal=kept, tenants=frozenset(tenants), clean=cleaned).shown,
        ).project(RUN.tenant, RUN.run)

    def span(self, name: str) -> dict[str, Any]:
        """The content of the last span of this name."""
        span = [one for one in self.spans if one.name == name][-1]
        return {key: json.loads(str(value)) for key, value in span.attributes.items() if key in ATTRIBUTES}

    @property
    def spans(self) -> list[Span]:
        return list(self.exporter.spans.values())


@pytest.mark.parametrize("tenants", [(), ("other",)])
def test_without_the_switch_there_is_none(tenants: tuple[str, ...]) -> None:
    played = Played(*tenants)
    assert len(played.spans) >= 5
    assert WORD not in repr(played.spans)
    assert not [name for span in played.spans for name in span.attributes if name in ATTRIBUTES]


def test_with_it_there_is_what_was_said_without_what_is_recognised() -> None:
    played = Played(RUN.tenant)
    said = f"{WORD} [card] [email]"
    arguments = {"order_id": "A-1", "why": said, "card": "[card]"}
    user = {"role": "user", "parts": [{"type": "text", "content": json.dumps({"message": said}, separators=(",", ":"))}]}
    assert played.span("invoke_workflow support") == {"gen_ai.input.messages": [user]}
    assert played.span("execute_tool find_order") == {
        "gen_ai.tool.call.arguments": arguments,
        "gen_ai.tool.call.result": {"status": said},
    }
    asked = [
        {"type": "text", "content": f"I look: {said}"},
        {"type": "tool_call", "id": "c1", "name": "find_order", "arguments": arguments},
    ]
    first = [one for one in played.spans if one.name == "chat m"][0]  # noqa: RUF015 -- of two
    assert json.loads(str(first.attributes["gen_ai.input.messages"])) == [user]
    assert json.loads(str(first.attributes["gen_ai.output.messages"])) == [
        {"role": "assistant", "parts": asked, "finish_reason": "tool_call"}
    ]
    assert played.span("chat m") == {
        "gen_ai.input.messages": [
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": {"status": said}}]},
            {"role": "user", "parts": [{"type": "text", "content": f"say it in JSON, {said}"}]},
        ],
        "gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": f"Done: {said}"}], "finish_reason": "stop"}],
    }
    (answer,) = played.span("invoke_agent clerk")["gen_ai.output.messages"]
    assert json.loads(answer["parts"][0]["content"]) == {"summary": said}


def test_nothing_recognised_is_in_any_span_and_no_content_in_anything_else() -> None:
    played = Played(RUN.tenant)
    assert WORD in repr(played.spans)
    for span in played.spans:
        assert all(find(str(value)) == () for name, value in span.attributes.items() if name in ATTRIBUTES)
    assert CARD.replace(" ", "") not in repr(played.spans).replace(" ", "")
    assert MAIL not in repr(played.spans)
    for kept in (played.meter, played.progresses):
        assert WORD not in repr(vars(kept)), "neither a measure nor a checkpoint, with all its states, has any"


def test_what_is_erased_before_it_is_told_stays_erased() -> None:
    held = MemoryJournal()
    for entry in journal(*SAID).read(MAIN):
        gone = entry.number in (0, 3, 4)
        held.append(MAIN, replace(entry, body=Erased(), salt="") if gone else entry, writer="w")
    played = Played(RUN.tenant, held=held)
    assert played.span("invoke_workflow support") == {}
    assert "gen_ai.tool.call.arguments" not in repr(played.spans)


@pytest.mark.parametrize(("size", "count"), [(100_000, 9), (3_000, 9), (4_010, 2)])
def test_an_attribute_has_a_bound_and_what_is_cut_is_redacted_first(size: int, count: int) -> None:
    long = "x " * (size // 2 - 9) + CARD
    value = {"texts": [long] * count}
    bodies = (ToolIntent(call="c", tool="find_order", arguments=value, key="", reasons=()), ToolResult(call="c", tool="find_order"))
    found = Played(RUN.tenant, bodies=bodies)
    (span,) = [one for one in found.spans if one.name.startswith("execute_tool")]
    text = str(span.attributes["gen_ai.tool.call.arguments"])
    assert len(text) <= MOST
    assert json.loads(text)["texts"][0].startswith("x x")
    assert "4929" not in text


def test_what_is_nested_deeply_is_left_out_and_nothing_else_is() -> None:
    deep: Any = CARD
    for _ in range(2000):
        deep = {"a": [deep]}
    played = Played(RUN.tenant, bodies=(*SAID[:-1], Answer(value={"summary": WORD, "deep": deep})))
    (answer,) = played.span("invoke_agent clerk")["gen_ai.output.messages"]
    told = json.loads(answer["parts"][0]["content"])
    assert told["summary"] == WORD
    assert "[too deep]" in json.dumps(told["deep"])
    assert played.span("execute_tool find_order")["gen_ai.tool.call.result"] == {"status": f"{WORD} [card] [email]"}


class Unreachable(MemoryJournal):
    def read(self, *_: Any, **__: Any) -> Any:
        raise StoreUnavailable("no")


def test_trouble_is_raised_and_anything_else_leaves_content_out() -> None:
    shows = Contents(journal=Unreachable(), tenants=frozenset({RUN.tenant}), clean=cleaned)
    spans = list(folded(Story(run=RUN, branches={"main": list(journal(*SAID).read(MAIN))})).values())
    with pytest.raises(StoreUnavailable):
        shows.shown(MAIN, spans)

    def breaks(_: Any) -> Any:
        raise ValueError(WORD)

    broken = Contents(journal=journal(*SAID), tenants=frozenset({RUN.tenant}), clean=breaks)
    projector = Projector(
        journal=journal(), runs=MemoryRuns(), progresses=MemoryProgresses(), parts={}, exporter=MemoryExporter(), meter=MemoryMeter(),
        aside=MemoryAside(), clock=lambda: 0, shows=broken.shown,
    )  # fmt: skip
    assert projector._shown(MAIN, spans) == spans


@settings(deadline=None, max_examples=40)
@given(stories())
def test_whatever_a_journal_holds_spans_differ_by_content_alone(story: Story) -> None:
    held = MemoryJournal()
    for path, entries in story.branches.items():
        for entry in entries:
            held.append(replace(MAIN, path=path), entry, writer="w")
    spans = list(folded(story).values())
    shown = Contents(journal=held, tenants=frozenset({RUN.tenant}), clean=cleaned).shown(MAIN, spans)
    assert [_bare(span) for span in shown] == spans
    for span in shown:
        for name in span.attributes.keys() & {*ATTRIBUTES}:
            text = str(span.attributes[name])
            assert find(text) == ()
            assert len(text) <= MOST


def _bare(span: Span) -> Span:
    return replace(span, attributes={name: value for name, value in span.attributes.items() if name not in ATTRIBUTES})


def test_its_words_are_published_ones() -> None:
    assert {*ATTRIBUTES} <= published()
