"""An agent's own check of its answer, through the driver and a whole platform in memory."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from septet.core.entries import Answer, Failure, ModelReply, Note, Resolved, ToolResult
from septet.core.errors import AnswerInvalid, CheckFailed
from septet.core.journal import MAIN, Branch, Pen, after
from septet.execution.agents import Agent, Check
from septet.execution.conversation import Conversation
from septet.execution.turn import decide
from septet.local.models import ScriptedModel
from septet.local.platform import Platform
from tests.unit.shop import MANIFESTS, Shop, agent, asks, find, refund, says

TYPED = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"], "additionalProperties": False}
Seen = Mapping[str, list[Any]]


def looked_up(answer: Any, seen: Seen) -> list[str]:
    """The answer names an order that was found."""
    found = {value.get("order_id") for value in seen.get("find_order", [])}
    return [] if answer["order"] in found else [f"{answer['order']} is no order that was found"]


def given(order: str) -> Any:
    return asks(("answer", {"order": order}))


@pytest.fixture
def play() -> Callable[..., tuple[Platform, Branch]]:
    def begin(*lines: Any, check: Check = looked_up, **changes: Any) -> tuple[Platform, Branch]:
        who: Agent = agent(check=check, **{"answer_schema": TYPED} | changes)
        ready = Platform(agents={"clerk": who}, model=ScriptedModel({"clerk": lines}), tools=Shop().tools, manifests=MANIFESTS)
        return ready, ready.submit("run-1", {"message": "hello"})

    return begin


Play = Callable[..., tuple[Platform, Branch]]


def notes(ready: Platform, branch: Branch) -> list[tuple[str, str]]:
    return [(entry.body.kind, entry.body.text) for entry in ready.entries(branch) if isinstance(entry.body, Note)]


def test_an_answer_that_passes_is_given(play: Play) -> None:
    ready, branch = play(asks(find("A-1")), given("A-1"))
    assert ready.turn(branch, "clerk").outcome == "answer"
    assert notes(ready, branch) == []


def test_the_model_is_told_once_what_is_wrong_and_may_do_better(play: Play) -> None:
    ready, branch = play(asks(find("A-1")), given("A-2"), given("A-1"))
    assert ready.turn(branch, "clerk").outcome == "answer"
    assert notes(ready, branch) == [("check", "A-2 is no order that was found")]
    assert ready.entries(branch)[-1].body == Answer(value={"order": "A-1"})


def test_an_answer_that_fails_again_ends_the_turn_as_check_failed(play: Play) -> None:
    ready, branch = play(given("A-2"), given("A-3"), given("A-4"))
    with pytest.raises(CheckFailed):
        ready.turn(branch, "clerk")
    last = ready.entries(branch)[-1].body
    assert last == Failure(error="CheckFailed", message="A-3 is no order that was found")
    with pytest.raises(CheckFailed):  # the turn has ended: asked again it says so
        ready.turn(branch, "clerk")


def test_form_and_check_are_told_once_each(play: Play) -> None:
    ready, branch = play(says("A-1"), given("A-2"), asks(find("A-1")), given("A-1"))
    assert ready.turn(branch, "clerk").outcome == "answer"
    assert [kind for kind, _ in notes(ready, branch)] == ["repair", "check"]
    ready, branch = play(given("A-2"), says("A-1"), says("A-1"))
    with pytest.raises(AnswerInvalid):
        ready.turn(branch, "clerk")


def test_an_answer_in_text_is_checked_too(play: Play) -> None:
    ready, branch = play(
        says("No."), says("Yes."), check=lambda answer, _: [] if answer["text"] == "Yes." else ["say yes"], answer_schema=None
    )
    assert ready.turn(branch, "clerk").outcome == "answer"


def test_what_failed_was_not_seen_and_what_was_seen_cannot_be_changed(play: Play) -> None:
    shown: list[Any] = []

    def curious(answer: Any, seen: Any) -> list[str]:
        shown.append({tool: list(values) for tool, values in seen.items()})
        answer["order"] = "changed"
        seen["find_order"] = []
        return []

    ready, branch = play(asks(find("A-1"), refund("B-1", 5)), given("A-1"), check=curious)
    ready.turn(branch, "clerk")
    assert [list(one) for one in shown] == [["find_order"]], "the refund of somebody else's order was refused"
    assert ready.entries(branch)[-1].body == Answer(value={"order": "A-1"})


@pytest.mark.parametrize("broken", [lambda *_: 1 / 0, lambda *_: "wrong", lambda *_: [""], lambda *_: None])
def test_a_check_that_breaks_passes_nothing(play: Play, broken: Any) -> None:
    ready, branch = play(given("A-1"), check=broken)
    with pytest.raises(CheckFailed):
        ready.turn(branch, "clerk")
    assert len([entry for entry in ready.entries(branch) if isinstance(entry.body, ModelReply)]) == 1, "nobody pays for a second try"


def test_what_joined_branches_read_was_seen_and_what_others_read_was_not(play: Play) -> None:
    ready, main = play(given("A-7"))
    for path, order in (("side-0", "A-7"), ("side-1", "A-8")):
        branch = Branch(tenant="acme", run="run-1", path=path)
        pen = Pen(journal=ready.journal, branch=branch, clock=ready.clock, head=after(()), agent="clerk", turn="side")
        pen.write(ToolResult(call="1", tool="find_order", value={"order_id": order}))
    pen = Pen(journal=ready.journal, branch=main, clock=ready.clock, head=after(ready.entries(main)))
    pen.write(Resolved(step="side", method="first", paths=("side-0",), winner="side-0", value={}, rationale={}, missing={}))
    assert ready.turn(main, "clerk").outcome == "answer"
    alone, branch = play(given("A-8"), given("A-8"))
    with pytest.raises(CheckFailed):
        alone.turn(branch, "clerk")


def test_a_check_sees_what_branches_came_to_and_which_are_missing(play: Play) -> None:
    shown: list[Any] = []
    ready, main = play(given("A-7"), check=lambda _, seen: shown.append(seen) or [])
    pen = Pen(journal=ready.journal, branch=main, clock=ready.clock, head=after(ready.entries(main)))
    missing = {"side-1": "ModelUnavailable"}
    pen.write(Resolved(step="side", method="all", paths=(), winner="", value={"a": 1}, rationale={}, missing=missing))
    ready.turn(main, "clerk")
    assert shown == [{"resolved": [{"value": {"a": 1}, "missing": missing}]}]


def test_the_same_history_is_judged_the_same(play: Play) -> None:
    ready, branch = play(asks(find("A-1")), given("A-2"), given("A-1"))
    ready.turn(branch, "clerk")
    history, who = ready.entries(branch), agent(check=looked_up, answer_schema=TYPED)
    for cut in range(1, len(history)):
        assert decide(who, history[:cut], "clerk") == decide(who, history[:cut], "clerk")
    assert decide(who, history, "clerk") is None
    assert branch.path == MAIN
    assert Conversation(who).messages
