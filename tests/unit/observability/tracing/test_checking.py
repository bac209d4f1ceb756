"""What tests on the twin hold traces against: it finds nothing wrong with what is folded, and finds whatever is changed in it."""

from collections.abc import Callable, Mapping
from copy import deepcopy, replace
from typing import Any

import pytest
from hypothesis import given, settings

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Branched,
    Failure,
    HandOver,
    ModelCall,
    ModelFailed,
    ModelReply,
    Request,
    Resolved,
    Routed,
    ToolIntent,
    ToolResult,
)
from septet.execution.agents import Agent
from septet.observability.places import Place
from septet.observability.spans import Span
from septet.observability.tracing import Traces
from tests.traces import shown, wrong
from tests.unit.execution.test_properties import agents, worlds
from tests.unit.observability.tracing.stories import RUN, Story, folded
from tests.unit.observability.tracing.test_story import START, written
from tests.unit.play import Game, World

Spans = dict[str, dict[str, Any]]
ASKED = Request(workflow="support", input={}, submitter="s", trace=RUN.trace)
CALL, REPLY = ModelCall(model="m", step=0), ModelReply(model="m", text="", calls=(), stop="tools")
QUESTION = ApprovalAsked(call="c", tool="refund", arguments={}, approval="a", expires_at=0, reasons=())
MAIN = written(
    (0, "", ASKED),
    (1, "triage", CALL),
    (3, "triage", ModelFailed(model="m", error="Lost", message="")),
    (4, "triage", CALL),
    (6, "triage", REPLY),
    (7, "triage", HandOver(to="clerk", reason="")),
    (8, "clerk", Failure(error="ModelRefused", message="")),
    (9, "", Routed(purpose="take_over", of="clerk", to="boss", error="ModelRefused", rationale={})),
    (11, "boss", CALL),
    (12, "boss", REPLY),
    (13, "boss", QUESTION),
    (90, "boss", ApprovalGiven(call="c", approval="a", decision="approved", by="p", reason="")),
    (91, "boss", ToolIntent(call="c", tool="refund", arguments={}, key="k", reasons=())),
    (95, "boss", ToolResult(call="c", tool="refund", value=1)),
    (96, "boss", Answer(value={})),
    (97, "", Branched(step="s", paths=("s-0",), share=1)),
    (99, "", Resolved(step="s", method="all", paths=("s-0",), winner="", value={}, rationale={}, missing={})),
)
BRANCH = written((97, "", ASKED), (98, "finder", Answer(value={})), path="s-0")
STORY = Story(
    run=replace(RUN, paths=("s-0",), status="succeeded", ended_at=START + 100),
    branches={"main": MAIN, "s-0": BRANCH},
)


def told(story: Story) -> Spans:
    return {one.span: shown(one) for one in folded(story).values()}


def test_nothing_is_wrong_with_what_is_folded() -> None:
    assert wrong(told(STORY), STORY.run, STORY.branches) == []


@settings(deadline=None, max_examples=40)
@given(agents(), worlds)
def test_nothing_is_wrong_with_a_whole_turn(who: Agent, world: World) -> None:
    game = Game(agent=who, world=world).play()
    run = replace(RUN, created_at=0, status="succeeded", ended_at=len(game.entries) + 1_000_000)
    tools = frozenset(body.tool for body in game.bodies if isinstance(body, ToolIntent | ToolResult))
    declared = Traces(
        tools=tools, providers={body.model: "bedrock" for body in game.bodies if isinstance(body, ModelCall | ModelReply | ModelFailed)}
    )
    state, spans, place = declared.from_json(None), list[Span](), Place(run=run)
    for entry in game.entries:
        state, more = declared.take(state, place, entry)
        spans += more
    spans += declared.ended({"main": state}, run)
    assert wrong({one.span: shown(one) for one in spans}, run, {"main": game.entries}) == []


def named(spans: Spans, name: str) -> dict[str, Any]:
    return next(span for span in spans.values() if span["name"] == name)


def _drop(name: str) -> Callable[[Spans], object]:
    return lambda spans: spans.pop(named(spans, name)["span"])


def _change(name: str, /, **values: Any) -> Callable[[Spans], object]:
    return lambda spans: named(spans, name).update(values)


def _move(name: str, under: str) -> Callable[[Spans], object]:
    return lambda spans: named(spans, name).update(parent=named(spans, under)["span"])


def _say(name: str, attribute: str, value: Any) -> Callable[[Spans], object]:
    return lambda spans: named(spans, name)["attributes"].update({attribute: value})


def _twice(name: str) -> Callable[[Spans], object]:
    return lambda spans: spans.update(again={**deepcopy(named(spans, name)), "span": "again"})


DAMAGES: Mapping[str, Callable[[Spans], object]] = {
    "a call is not told": _drop("chat m"),
    "a turn is not told": _drop("invoke_agent clerk"),
    "a moment is not told": _drop("septet.routed"),
    "the run is not told": _drop("invoke_workflow support"),
    "a branch is not told": _drop("septet.branch s-0"),
    "a turn is told twice": _twice("invoke_agent triage"),
    "the run is told twice": _twice("invoke_workflow support"),
    "a call is in another's turn": _move("execute_tool refund", "invoke_agent triage"),
    "a turn of a branch is under the run": _move("invoke_agent finder", "invoke_workflow support"),
    "a branch is in a turn": _move("septet.branch s-0", "invoke_agent boss"),
    "a wait is under nothing": _change("septet.approval", parent=""),
    "a parent is not there": _change("septet.approval", parent="00000000000000bb"),
    "the run is under another caller": _change("invoke_workflow support", parent=""),
    "the run is of another trace": _change("invoke_workflow support", trace="a" * 32),
    "a wait is too short": _change("septet.approval", end=START + 14),
    "a call lasts longer than its turn": _change("execute_tool refund", end=START + 98),
    "the run ends too early": _change("invoke_workflow support", end=START + 99),
    "a branch ends too early": _change("septet.branch s-0", end=START + 98),
    "a failure is none": _change("invoke_agent clerk", status="unset", error=""),
    "nobody handed over": _change("invoke_agent clerk", links=[]),
    "nobody was asked": _change("execute_tool refund", links=[]),
    "another name": _change("invoke_agent boss", name="invoke_agent clerk"),
    "another kind": _change("execute_tool refund", kind="client"),
    "another run": _say("septet.approval", "septet.run", "run-2"),
    "another error": _say("invoke_agent clerk", "error.type", "ToolFailed"),
    "fewer entries": _say("invoke_agent boss", "septet.entry.last", 13),
    "no request": _change("invoke_workflow support", events=[]),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_whatever_is_changed_is_found(damage: Callable[[Spans], object]) -> None:
    spans = told(STORY)
    damage(spans)
    assert wrong(spans, STORY.run, STORY.branches) != []
