from dataclasses import replace
from typing import Any

import pytest

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Body,
    Failure,
    HandOver,
    ModelCall,
    ModelReply,
    Note,
    Request,
    Stop,
    ToolCall,
    ToolResult,
)
from septet.core.journal import Branch, Pen, after
from septet.core.money import Usage
from septet.execution.actions import Action, CallModel, CallTools, Fail, Give, Pass, Pause, Repair
from septet.execution.agents import Agent, Limits
from septet.execution.turn import Turn, decide
from septet.local.clock import ManualClock
from septet.local.journal import MemoryJournal
from tests.unit.shop import agent

BRANCH = Branch(tenant="acme", run="run-1")
REQUEST = Request(workflow="w", input={"message": "hello"}, submitter="s")
CALL = ModelCall(model="m", step=0)
ANSWER_SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}


def said(*calls: ToolCall, text: str = "", stop: str = "end") -> ModelReply:
    return ModelReply(model="m", text=text, calls=calls, stop=stop)


def call(tool: str = "find_order", arguments: Any = None, name: str = "1") -> ToolCall:
    return ToolCall(id=name, tool=tool, arguments={} if arguments is None else arguments)


def result(name: str = "1", error: str = "") -> ToolResult:
    return ToolResult(call=name, tool="find_order", value=1, error=error)


def asked(name: str = "1", approval: str = "apr-1", expires_at: int = 100) -> ApprovalAsked:
    return ApprovalAsked(call=name, tool="t", arguments={}, approval=approval, expires_at=expires_at, reasons=())


def given(name: str = "1") -> ApprovalGiven:
    return ApprovalGiven(call=name, approval="apr-1", decision="approved", by="boss", reason="")


def act(*written: Body | tuple[Body, int], who: Agent | None = None, usage: Usage | None = None, cost: int = 0) -> Action | None:
    """What the agent does after a request and *written*, each with the milliseconds that passed before it."""
    who = who or agent()
    journal, clock = MemoryJournal(), ManualClock()
    Pen(journal=journal, branch=BRANCH, clock=clock, head=after([])).write(REQUEST)
    pen = Pen(journal=journal, branch=BRANCH, clock=clock, head=after(journal.read(BRANCH)), agent=who.name, turn="turn-1")
    for item in written:
        body, passed = item if isinstance(item, tuple) else (item, 0)
        clock.pause(passed)
        paid = isinstance(body, ModelReply)
        pen.write(body, usage=usage if paid else None, cost=cost if paid else 0)
    return decide(who, journal.read(BRANCH), "turn-1")


def test_a_new_turn_asks_the_model() -> None:
    assert act() == CallModel(step=0)


def test_a_call_without_a_reply_is_made_again() -> None:
    assert act(CALL) == CallModel(step=0)
    assert act(CALL, Note(kind="model_error", text="throttled"), CALL) == CallModel(step=0)


def test_text_is_an_answer() -> None:
    assert act(CALL, said(text="It is on its way.")) == Give(value={"text": "It is on its way."})


@pytest.mark.parametrize("end", [Answer(value=1), Failure(error="ToolFailed", message=""), HandOver(to="x", reason="")])
def test_a_turn_that_has_ended_does_nothing(end: Body) -> None:
    assert act(CALL, said(text="x"), end) is None


def test_calls_go_to_the_gateway_until_each_has_a_result() -> None:
    both = (call(name="1"), call(name="2"))
    assert act(CALL, said(*both)) == CallTools(calls=both)
    assert act(CALL, said(*both), result("2")) == CallTools(calls=both[:1])
    assert act(CALL, said(*both), result("2"), result("1")) == CallModel(step=1)


def test_a_tool_s_error_is_the_model_s_to_deal_with() -> None:
    assert act(CALL, said(call()), result(error="ToolFailed")) == CallModel(step=1)


def test_an_effect_nobody_knows_of_ends_the_turn() -> None:
    assert act(CALL, said(call(name="1"), call(name="2")), result("1", error="EffectUnknown")) == Fail(error="EffectUnknown", message="")


def test_a_stop_ends_the_turn_whatever_comes_next() -> None:
    stop = Stop(by="operator-1", reason="enough")
    for written in [(), (CALL,), (CALL, said(call())), (CALL, said(text="done"))]:
        action = act(*written, stop)
        assert isinstance(action, Fail)
        assert action.error == "RunStopped"
        assert "operator-1" in action.message


def test_a_refusal_ends_the_turn_and_its_words_stay_in_the_journal() -> None:
    action = act(CALL, said(text="the customer's card is 4111", stop="refused"))
    assert isinstance(action, Fail)
    assert action.error == "ModelRefused"
    assert "4111" not in action.message


class TestQuestions:
    def test_a_turn_pauses_for_a_person(self) -> None:
        assert act(CALL, said(call()), asked()) == Pause(approval="apr-1", expires_at=100, calls=(call(),))

    def test_the_question_that_expires_first_is_waited_for(self) -> None:
        both = (call(name="1"), call(name="2"))
        action = act(CALL, said(*both), asked("1", "apr-late", 200), asked("2", "apr-soon", 100))
        assert action == Pause(approval="apr-soon", expires_at=100, calls=both)

    def test_an_answered_question_is_not_waited_for(self) -> None:
        assert act(CALL, said(call()), asked(), given()) == CallTools(calls=(call(),))
        assert act(CALL, said(call()), asked(), given(), result()) == CallModel(step=1)

    def test_one_of_two_questions_answered_leaves_the_other(self) -> None:
        both = (call(name="1"), call(name="2"))
        action = act(CALL, said(*both), asked("1", "apr-1"), asked("2", "apr-2"), given("1"), result("1"))
        assert action == Pause(approval="apr-2", expires_at=100, calls=both[1:])


class TestEnds:
    def test_a_structured_answer_goes_through_its_tool(self) -> None:
        who = agent(answer_schema=ANSWER_SCHEMA)
        assert act(CALL, said(call("answer", {"n": 1})), who=who) == Give(value={"n": 1})

    @pytest.mark.parametrize("arguments", [{"n": "1"}, {}, {"n": 1, "more": 2}, "1", None, [1]])
    def test_an_answer_of_another_type_is_repaired_once(self, arguments: Any) -> None:
        who = agent(answer_schema=ANSWER_SCHEMA)
        reply = said(ToolCall(id="1", tool="answer", arguments=arguments))
        first = act(CALL, reply, who=who)
        assert isinstance(first, Repair)
        assert act(CALL, reply, Note(kind="repair", text=first.text), who=who) == CallModel(step=1)
        second = act(CALL, reply, Note(kind="repair", text=first.text), CALL, reply, who=who)
        assert isinstance(second, Fail)
        assert second.error == "AnswerInvalid"

    def test_text_where_a_structured_answer_is_declared_is_repaired(self) -> None:
        assert isinstance(act(CALL, said(text="one"), who=agent(answer_schema=ANSWER_SCHEMA)), Repair)

    def test_an_answer_through_a_tool_that_is_not_there_is_repaired(self) -> None:
        assert isinstance(act(CALL, said(call("answer", {"n": 1}))), Repair)

    @pytest.mark.parametrize("text", ["", "  \n"])
    def test_an_empty_reply_is_repaired(self, text: str) -> None:
        assert isinstance(act(CALL, said(text=text)), Repair)

    def test_a_reply_that_was_cut_off_is_repaired_and_its_calls_are_not_made(self) -> None:
        assert isinstance(act(CALL, said(call(), stop="truncated")), Repair)

    def test_an_answer_beside_other_calls_is_repaired(self) -> None:
        reply = said(call(), call("answer", {"n": 1}, "2"))
        assert isinstance(act(CALL, reply, who=agent(answer_schema=ANSWER_SCHEMA)), Repair)

    def test_handing_over_to_whom_the_agent_may(self) -> None:
        who = agent(hand_over_to=("boss",))
        assert act(CALL, said(call("hand_over", {"to": "boss", "reason": "hard"})), who=who) == Pass(to="boss", reason="hard")

    @pytest.mark.parametrize("arguments", [{"to": "nobody"}, {}, {"to": ["boss"]}, "boss", None])
    def test_handing_over_to_anybody_else_is_repaired(self, arguments: Any) -> None:
        reply = said(ToolCall(id="1", tool="hand_over", arguments=arguments))
        assert isinstance(act(CALL, reply, who=agent(hand_over_to=("boss",))), Repair)
        assert isinstance(act(CALL, reply), Repair)


class TestLimits:
    def who(self, **limits: int) -> Agent:
        return agent(limits=replace(Limits(cost=10**9, tokens=10**9), **limits))

    def ended(self, action: Action | None, name: str, error: str = "BudgetExhausted") -> None:
        assert isinstance(action, Fail)
        assert action.error == error
        assert name in action.message

    def test_model_calls_count_whether_or_not_they_were_answered(self) -> None:
        assert act(CALL, CALL, who=self.who(model_calls=3)) == CallModel(step=0)
        self.ended(act(CALL, CALL, CALL, who=self.who(model_calls=3)), "model_calls")

    def test_the_last_tool_call_there_is_can_be_used_and_answered_with(self) -> None:
        who = self.who(tool_calls=1)
        assert act(CALL, said(call()), who=who) == CallTools(calls=(call(),))
        assert act(CALL, said(call()), result(), who=who) == CallModel(step=1)
        self.ended(act(CALL, said(call()), result(), CALL, said(call(arguments={"n": 2}, name="2")), who=who), "tool_calls")

    def test_a_reply_with_more_calls_than_are_left_makes_none(self) -> None:
        self.ended(act(CALL, said(call(name="1"), call(arguments={"n": 2}, name="2")), who=self.who(tool_calls=1)), "tool_calls")

    def test_answering_is_no_tool_call(self) -> None:
        who = replace(self.who(tool_calls=0), answer_schema=ANSWER_SCHEMA)
        assert act(CALL, said(call("answer", {"n": 1})), who=who) == Give(value={"n": 1})

    def test_an_answer_that_had_to_be_repaired_used_no_tool_call_up(self) -> None:
        who = replace(self.who(tool_calls=1, identical_calls=1), answer_schema=ANSWER_SCHEMA)
        written = (CALL, said(call("answer", {"n": "one"})), Note(kind="repair", text="no"), CALL, said(call(name="2")))
        looping = replace(who, limits=replace(who.limits, identical_calls=2))
        assert act(*written, who=looping) == CallTools(calls=(call(name="2"),))

    def test_tokens(self) -> None:
        used = Usage(input=60, output=40)
        assert act(CALL, said(call()), result(), who=self.who(tokens=101), usage=used) == CallModel(step=1)
        self.ended(act(CALL, said(call()), result(), who=self.who(tokens=100), usage=used), "tokens")

    def test_money(self) -> None:
        assert act(CALL, said(call()), result(), who=self.who(cost=8), cost=7) == CallModel(step=1)
        self.ended(act(CALL, said(call()), result(), who=self.who(cost=7), cost=7), "cost")

    def test_time(self) -> None:
        assert act((CALL, 5_000), (said(call()), 2_999), result(), who=self.who(seconds=3)) == CallModel(step=1)
        self.ended(act((CALL, 5_000), (said(call()), 3_000), result(), who=self.who(seconds=3)), "seconds")

    def test_waiting_for_a_person_takes_no_time(self) -> None:
        written = (CALL, said(call()), asked(), (given(), 3_600_000), result())
        assert act(*written, who=self.who(seconds=3)) == CallModel(step=1)

    def test_two_questions_at_once_are_waited_for_once(self) -> None:
        both = said(call(name="1"), call(arguments={"n": 2}, name="2"))
        waited = (asked("1"), asked("2"), (given("1"), 60_000), (given("2"), 0), result("1"), result("2"))
        self.ended(act(CALL, both, *waited, (CALL, 3_000), who=self.who(seconds=3)), "seconds")

    def test_a_question_that_was_asked_later_does_not_shorten_the_wait(self) -> None:
        both = said(call(name="1"), call(arguments={"n": 2}, name="2"))
        waited = (asked("1"), (asked("2"), 60_000), given("1"), given("2"), result("1"), result("2"))
        assert act(CALL, both, *waited, who=self.who(seconds=3)) == CallModel(step=1)

    def test_identical_calls_in_a_row_are_a_loop(self) -> None:
        who = self.who(identical_calls=2)
        self.ended(act(CALL, said(call()), result(), CALL, said(call(name="2")), who=who), "find_order", "LoopDetected")

    def test_other_arguments_in_between_are_no_loop(self) -> None:
        who = self.who(identical_calls=2)
        written = (CALL, said(call()), result(), CALL, said(call(arguments={"n": 2}, name="2")), result("2"), CALL, said(call(name="3")))
        assert act(*written, who=who) == CallTools(calls=(call(name="3"),))

    def test_a_loop_inside_one_reply_is_found_also_when_it_ends_otherwise(self) -> None:
        calls = [call(name=str(place)) for place in range(3)]
        self.ended(act(CALL, said(*calls, call("other", name="9"))), "find_order", "LoopDetected")

    def test_every_limit_has_a_default(self) -> None:
        defaults = Limits()
        assert all(getattr(defaults, name) > 0 for name in Limits.__slots__)


def test_another_turn_s_entries_are_context_before_and_nothing_after() -> None:
    turn = Turn(agent(), "turn-1")
    journal = MemoryJournal()
    pen = Pen(journal=journal, branch=BRANCH, clock=lambda: 1, head=after([]), agent="triage", turn="turn-0")
    pen.write(REQUEST)
    pen.write(CALL)
    pen.write(said(call()))
    pen.write(Answer(value="refund it"))
    for entry in journal.read(BRANCH):
        turn.observe(entry)
    assert turn.act() == CallModel(step=0)
    (first,) = turn.conversation.messages
    assert "hello" in first["content"][0]["text"]
    assert "refund it" in first["content"][0]["text"]
