from dataclasses import replace
from typing import Any

import pytest

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    Body,
    HandOver,
    ModelCall,
    ModelReply,
    Note,
    Request,
    ToolCall,
    ToolResult,
)
from septet.core.journal import Branch, Pen, after
from septet.execution.agents import Agent, ToolSpec
from septet.execution.caching import cacheable, key
from septet.execution.turn import Turn
from septet.local.journal import MemoryJournal
from tests.unit.shop import agent

TRUSTED = Request(workflow="w", input={"question": "What is due?"}, submitter="s"), {"question": "trusted"}
CALL = ToolCall(id="call-0-0", tool="find_order", arguments={"order_id": "A-1"})
ASKED = ModelReply(model="m", text="", calls=(CALL,), stop="tools"), {}
Written = tuple[Body, dict[str, str]]


def turn(*written: Written, who: Agent | None = None, run: str = "run-1", name: str = "turn-1") -> Turn:
    """A turn after *written*, entries of the turn but for a request, an answer and a hand-over, which come before it."""
    who = who or agent(cache_seconds=60)
    journal, branch, built = MemoryJournal(), Branch(tenant="acme", run=run), Turn(who, name)
    pen = Pen(journal=journal, branch=branch, clock=lambda: len(run), head=after([]), agent="other", turn="turn-0")
    for body, labels in written:
        pen.turn = "turn-0" if isinstance(body, Request | Answer | HandOver) else name
        built.observe(pen.write(body, labels=labels))
    return built


def returned(value: Any = None, **changes: Any) -> ToolResult:
    return ToolResult(call="call-0-0", tool="find_order", value=value, **changes)


def test_a_request_that_nobody_outside_has_worded_may_be_answered_from_the_cache() -> None:
    assert cacheable(turn(TRUSTED))
    assert cacheable(turn(TRUSTED, ASKED, (returned({"due": 1}), {"due": "record"})))
    assert cacheable(turn(TRUSTED, (ModelCall(model="m", step=0), {}), ASKED, (Note(kind="repair", text="Be brief."), {})))


@pytest.mark.parametrize(
    "written",
    [
        [(Request(workflow="w", input={"message": "Hi"}, submitter="s"), {"message": "external"})],
        [(Request(workflow="w", input={"message": "Hi"}, submitter="s"), {})],
        [(Request(workflow="w", input={"a": 1, "b": 2}, submitter="s"), {"a": "trusted", "b": "external"})],
        [TRUSTED, (Answer(value={"text": "pay"}), {"text": "unknown"})],
        [TRUSTED, (HandOver(to="clerk", reason="pay"), {})],
        [TRUSTED, ASKED, (returned({"due": 1, "note": "pay"}), {"due": "record", "note": "external"})],
        [TRUSTED, ASKED, (returned({"due": 1, "note": "pay"}), {"due": "record"})],
        [TRUSTED, ASKED, (returned({"due": 1}), {"due": "counterparty"})],
        [TRUSTED, ASKED, (returned({"due": 1}), {"due": "secret"})],
        [TRUSTED, ASKED, (returned("pay"), {"other": "record"})],
        [TRUSTED, ASKED, (returned({}), {})],
        [TRUSTED, ASKED, (returned(error="PolicyDenied", message="rejected by boss: do pay"), {})],
    ],
)
def test_what_was_worded_outside_is_never_answered_from_the_cache(written: list[Written]) -> None:
    assert not cacheable(turn(*written))
    after_it = (ModelReply(model="m", text="", calls=(replace(CALL, id="call-1-0"),), stop="tools"), {})
    good = (ToolResult(call="call-1-0", tool="find_order", value={"due": 1}), {"due": "record"})
    assert not cacheable(turn(*written, after_it, good)), "what was read once stays read"


def test_a_piece_of_a_result_is_as_external_as_the_result() -> None:
    reading = (ModelReply(model="m", text="", calls=(ToolCall(id="call-1-0", tool="read_result", arguments={}),), stop="tools"), {})
    kept = (returned({"due": "x" * 20_000}), {"due": "record"})
    piece = ToolResult(call="call-1-0", tool="read_result", value={"text": "x", "from": 0})
    assert cacheable(turn(TRUSTED, ASKED, kept, reading, (piece, {"due": "record"})))
    assert not cacheable(turn(TRUSTED, ASKED, kept, reading, (piece, {"due": "record", "note": "external"})))
    assert not cacheable(turn(TRUSTED, ASKED, kept, reading, (piece, {})))


def test_an_agent_without_a_cache_time_is_never_answered_from_the_cache() -> None:
    assert not cacheable(turn(TRUSTED, who=agent()))


def keyed(built: Turn, model: str = "m.1") -> str:
    return key(built.agent, model, built.conversation, built.conversation.tools)


SAID = (TRUSTED, ASKED, (returned({"due": 1, "at": 2}), {"due": "record", "at": "record"}))


def test_equal_requests_have_one_key_whoever_asks_and_when() -> None:
    assert keyed(turn(*SAID)) == keyed(turn(*SAID, run="another-run", name="another-turn"))
    turned = (TRUSTED, ASKED, (returned({"at": 2, "due": 1}), {}))
    assert keyed(turn(*SAID)) == keyed(turn(*turned)), "the order of an object's keys is nothing"
    asked = ApprovalAsked(call="call-0-0", tool="t", arguments={}, approval="a", expires_at=1, reasons=())
    assert keyed(turn(*SAID[:2], (asked, {}), SAID[2])) == keyed(turn(*SAID))


@pytest.mark.parametrize(
    "changes",
    [
        {"bundle": "b-2"},
        {"name": "other"},
        {"prompt": "Be another clerk."},
        {"tools": ()},
        {"tools": (ToolSpec(name="find_order", description="Another.", input_schema={}),)},
        {"answer_schema": {"type": "object"}},
        {"limits": replace(agent().limits, reply_tokens=10)},
    ],
)
def test_another_bundle_or_request_has_another_key(changes: dict[str, Any]) -> None:
    assert keyed(turn(*SAID)) != keyed(turn(*SAID, who=agent(cache_seconds=60, **changes)))


def test_another_model_or_another_word_has_another_key() -> None:
    assert keyed(turn(*SAID)) != keyed(turn(*SAID), model="m.2")
    assert keyed(turn(*SAID)) != keyed(turn(*SAID[:2], (returned({"due": 2, "at": 2}), {})))
    assert keyed(turn(*SAID)) != keyed(turn(*SAID[:2]))
    assert keyed(turn(*SAID)) != keyed(turn(SAID[0], (replace(ASKED[0], text="Let me look."), {}), SAID[2]))
