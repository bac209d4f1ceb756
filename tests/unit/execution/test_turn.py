from dataclasses import replace
from typing import Any, ClassVar

import pytest

from septet.core.canonical import canonical
from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Body,
    Compacted,
    Failure,
    HandOver,
    ModelCall,
    ModelFailed,
    ModelReply,
    Note,
    Request,
    Stop,
    ToolCall,
    ToolResult,
)
from septet.core.journal import Branch, Pen, after
from septet.core.money import Price, Usage, dollars
from septet.execution.actions import Action, CallModel, CallTools, Compact, Fail, Give, Pass, Pause, Repair, Show
from septet.execution.agents import Agent, Limits
from septet.execution.estimating import message_bound, request_bound, worst
from septet.execution.turn import FAILURES, Turn, decide
from septet.local.clock import ManualClock
from septet.local.journal import MemoryJournal
from tests.unit.shop import MODEL, agent

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


def failed(error: str = "ModelUnavailable") -> ModelFailed:
    return ModelFailed(model="double.model-1", error=error, message="")


def act(*written: Body | tuple[Body, int], **more: Any) -> Action | None:
    """What the agent does after a request and *written*, each with the milliseconds that passed before it."""
    return turn(*written, **more).act()


def turn(*written: Body | tuple[Body, int], who: Agent | None = None, usage: Usage | None = None, cost: int = 0) -> Turn:
    """The agent's turn after a request and *written*; the same as the action it decides on."""
    who = who or agent()
    journal, clock = MemoryJournal(), ManualClock()
    Pen(journal=journal, branch=BRANCH, clock=clock, head=after([])).write(REQUEST)
    pen = Pen(journal=journal, branch=BRANCH, clock=clock, head=after(journal.read(BRANCH)), agent=who.name, turn="turn-1")
    for item in written:
        body, passed = item if isinstance(item, tuple) else (item, 0)
        clock.pause(passed)
        paid = isinstance(body, ModelReply | ModelFailed)
        pen.write(body, usage=usage if paid else None, cost=cost if paid else 0)
    built = Turn(who, "turn-1")
    for entry in journal.read(BRANCH):
        built.observe(entry)
    assert built.act() == decide(who, journal.read(BRANCH), "turn-1")
    return built


def test_a_new_turn_asks_the_model() -> None:
    assert act() == CallModel(step=0)


def test_a_call_without_a_reply_is_made_again() -> None:
    assert act(CALL) == CallModel(step=0)
    assert act(CALL, failed("ModelThrottled")) == CallModel(step=0)
    assert act(CALL, failed("Lost"), CALL) == CallModel(step=0)


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

    def test_money_reckons_with_the_most_that_the_next_call_can_cost(self) -> None:
        written = (CALL, said(call()), result())
        worst_case = worst(MODEL, turn(*written).bound, 4_096)
        assert act(*written, who=self.who(cost=7 + worst_case), cost=7) == CallModel(step=1)
        told = f"limits.cost is {dollars(6 + worst_case)}; $0.000007 used, and the next model call may cost {dollars(worst_case)}"
        self.ended(act(*written, who=self.who(cost=6 + worst_case), cost=7), told)

    def test_money_reckons_with_the_cheapest_candidate(self) -> None:
        dear = replace(MODEL, id="dear", price=Price(input=10**9, output=10**9))
        free = replace(MODEL, id="free", price=Price(input=0, output=0))
        assert act(who=replace(self.who(cost=100_000), models=(dear, MODEL))) == CallModel(step=0)
        self.ended(act(who=replace(self.who(cost=100_000), models=(dear, replace(free, weight=0)))), "cost")

    def test_a_call_that_failed_counts_and_costs_what_it_is_charged(self) -> None:
        self.ended(act(CALL, failed("Lost"), CALL, failed("Lost"), who=self.who(model_calls=2)), "model_calls")
        assert turn(CALL, failed(), CALL, said(call()), cost=7).spent == 14

    @pytest.mark.parametrize("error", ["ModelThrottled", "ModelUnavailable"])
    def test_an_outage_uses_no_model_calls_and_ends_as_what_it_is(self, error: str) -> None:
        outage = (CALL, failed(error)) * (FAILURES - 1)
        assert act(*outage, who=self.who(model_calls=1)) == CallModel(step=0)
        end = act(*outage, CALL, failed(error), who=self.who(model_calls=1))
        assert isinstance(end, Fail)
        assert end.error == error

    def test_a_reply_from_the_cache_is_a_reply_and_no_call(self) -> None:
        cached = replace(said(call()), cached=True)
        assert act(cached, result(), who=self.who(model_calls=1)) == CallModel(step=1)

    def test_tokens_read_from_a_provider_s_cache_count(self) -> None:
        used = Usage(input=10, output=40, cache_read=30, cache_write=20)
        self.ended(act(CALL, said(call()), result(), who=self.who(tokens=100), usage=used), "tokens")

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


def test_the_failures_of_a_step_are_told_until_it_is_answered() -> None:
    assert turn(CALL, failed("Lost"), CALL, failed()).failures == [("double.model-1", "Lost"), ("double.model-1", "ModelUnavailable")]
    assert turn(CALL, failed("Lost"), CALL, said(call())).failures == []


class TestHandOvers:
    """The agent is clerk; it is about to hand over to boss."""

    def passing(self, *passed: tuple[str, str] | str) -> Action | None:
        """What clerk does who wants to hand over after others *passed* the work, or answered."""
        who = agent(hand_over_to=("boss", "triage"))
        journal = MemoryJournal()
        pen = Pen(journal=journal, branch=BRANCH, clock=lambda: 1, head=after([]))
        pen.write(REQUEST)
        for place, item in enumerate(passed):
            pen.agent, pen.turn = item if isinstance(item, str) else item[0], f"before-{place}"
            pen.write(Answer(value=1) if isinstance(item, str) else HandOver(to=item[1], reason=""))
        pen.agent, pen.turn = "clerk", "turn-1"
        pen.write(CALL)
        pen.write(said(call("hand_over", {"to": "boss", "reason": "hard"})))
        return decide(who, journal.read(BRANCH), "turn-1")

    @pytest.mark.parametrize(
        "passed",
        [
            [("clerk", "boss"), ("boss", "clerk")],
            [("triage", "clerk"), ("clerk", "boss"), ("boss", "clerk")],
            [("clerk", "boss"), ("clerk", "boss")],
            [("clerk", "boss"), "boss", ("boss", "clerk")],
            [("clerk", "boss"), ("boss", "triage"), ("triage", "clerk")] * 2,
        ],
    )
    def test_work_that_goes_to_and_fro_or_round_and_round_is_a_loop(self, passed: list[Any]) -> None:
        action = self.passing(*passed)
        assert isinstance(action, Fail)
        assert action.error == "LoopDetected"
        assert "boss" in action.message

    @pytest.mark.parametrize(
        "passed",
        [
            [],
            [("boss", "clerk")],
            [("clerk", "boss"), ("boss", "triage"), ("triage", "clerk")],
            [("clerk", "boss"), ("boss", "clerk"), "triage"],
            [("clerk", "boss"), ("boss", "clerk"), ("clerk", "triage"), ("triage", "clerk")],
        ],
    )
    def test_work_that_somebody_else_had_in_between_is_no_loop_yet(self, passed: list[Any]) -> None:
        assert self.passing(*passed) == Pass(to="boss", reason="hard")


LARGE = {"rows": ["row"] * 5_000}


def large(name: str = "1", value: Any = None) -> ToolResult:
    return ToolResult(call=name, tool="find_order", value=LARGE if value is None else value)


def reading(name: str, handle: str = "1", **more: Any) -> ToolCall:
    return ToolCall(id=name, tool="read_result", arguments={"call": handle} | more)


class TestKeptResults:
    def test_a_large_result_is_shown_by_its_beginning_and_can_be_read(self) -> None:
        shown = turn(CALL, said(call()), large())
        (block,) = shown.conversation.messages[-1]["content"]
        assert block["result"]["value"]["kept"] == "1"
        assert shown.conversation.tools[-1].name == "read_result"
        assert shown.bound < 7_000

    def test_nothing_to_read_is_not_offered(self) -> None:
        assert "read_result" not in [tool.name for tool in turn(CALL, said(call()), result()).conversation.tools]

    def test_the_turn_itself_answers_from_its_own_history(self) -> None:
        action = act(CALL, said(call()), large(), CALL, said(reading("2", **{"from": 10, "bytes": 5})))
        assert isinstance(action, Show)
        (shown,) = action.results
        assert (shown.call, shown.tool, shown.value["text"]) == ("2", "read_result", canonical(LARGE)[10:15].decode())
        assert act(CALL, said(call()), large(), CALL, said(reading("2")), shown) == CallModel(step=2)

    def test_beside_other_calls_reading_comes_first(self) -> None:
        both = said(reading("2"), call(arguments={"n": 1}, name="3"))
        action = act(CALL, said(call()), large(), CALL, both)
        assert isinstance(action, Show)
        assert [shown.call for shown in action.results] == ["2"]
        assert act(CALL, said(call()), large(), CALL, both, *action.results) == CallTools(calls=(both.calls[1],))

    def test_what_was_shown_before_a_crash_is_not_shown_again(self) -> None:
        both = said(reading("2"), reading("3", "no such handle"))
        action = act(CALL, said(call()), large(), CALL, both)
        assert isinstance(action, Show)
        again = act(CALL, said(call()), large(), CALL, both, action.results[0])
        assert again == Show(results=action.results[1:], labels=action.labels[1:])
        assert action.results[1].error == "InputRejected"

    def test_reading_counts_as_tool_calls_and_reading_the_same_again_is_a_loop(self) -> None:
        few = agent(limits=Limits(cost=10**9, tool_calls=1))
        action = act(CALL, said(call()), large(), CALL, said(reading("2")), who=few)
        assert isinstance(action, Fail)
        assert action.error == "BudgetExhausted"
        action = act(CALL, said(call()), large(), CALL, said(reading("2"), reading("3"), reading("4")))
        assert isinstance(action, Fail)
        assert action.error == "LoopDetected"


class TestCompaction:
    SMALL = replace(MODEL, context=9_000, max_output=500)
    ROWS: ClassVar = {"rows": ["row"] * 200}

    def exchange(self, step: int, text: str = "") -> tuple[Body, ...]:
        asked = call(arguments={"n": step}, name=f"c{step}")
        return CALL, said(asked, text=text), large(f"c{step}", self.ROWS)

    def who(self, **changes: Any) -> Agent:
        return agent(models=(self.SMALL,), **changes)

    def exchanges(self, count: int, **more: Any) -> list[Body]:
        return [body for step in range(count) for body in self.exchange(step, **more)]

    def test_a_conversation_that_fits_is_left_as_it_is(self) -> None:
        assert act(*self.exchanges(2), who=self.who()) == CallModel(step=2)

    def test_before_the_window_is_full_everything_but_the_latest_exchange_is_shortened(self) -> None:
        written = self.exchanges(6)
        action = act(*written, who=self.who())
        assert action == Compact(through=3 * 5)
        assert isinstance(action, Compact)
        after_it = turn(*written, Compacted(through=action.through), who=self.who())
        assert after_it.act() == CallModel(step=6)
        results = [
            block["result"]["value"] for message in after_it.conversation.messages for block in message["content"] if "result" in block
        ]
        assert [isinstance(value, str) for value in results] == [True] * 5 + [False]
        assert results[0] == "(shortened: an object of 1 keys, 1210 bytes; read_result shows it under c0)"

    def test_a_shortened_result_can_be_read(self) -> None:
        written = [*self.exchanges(6), Compacted(through=15), CALL, said(reading("r", "c0", bytes=8))]
        action = act(*written, who=self.who())
        assert isinstance(action, Show)
        assert action.results[0].value["text"] == '{"rows":'
        assert turn(*written, who=self.who()).conversation.tools[-1].name == "read_result"

    def test_long_texts_and_arguments_of_the_past_are_cut(self) -> None:
        long_call = ToolCall(id="w", tool="find_order", arguments={"text": "x" * 3_000})
        written = [CALL, said(long_call, text="word " * 600), result("w"), *self.exchanges(1), Compacted(through=3)]
        said_first = turn(*written, who=self.who()).conversation.messages[1]["content"]
        assert len(said_first[0]["text"]) < 300
        assert said_first[1]["call"] == replace(long_call, arguments={"shortened": '{"text":"' + "x" * 31})

    def test_the_bound_stays_that_of_what_is_said(self) -> None:
        for written in (self.exchanges(6), [*self.exchanges(6), Compacted(through=15)], [CALL, said(call()), large()]):
            talk = turn(*written, who=self.who()).conversation
            assert talk.size == request_bound(talk.system, talk.tools) + sum(map(message_bound, talk.messages))

    def test_a_provider_s_report_counts_for_less_than_the_bytes(self) -> None:
        written = self.exchanges(6)
        assert act(*written, who=self.who(), usage=Usage(input=500)) == CallModel(step=6)
        assert act(*written, who=self.who(), usage=Usage(input=10, cache_read=8_000, cache_write=490)) == Compact(through=15)

    def test_after_shortening_the_last_report_is_of_another_request(self) -> None:
        written = self.exchanges(6)
        assert act(*written, Compacted(through=3), who=self.who(), usage=Usage(input=500)) == Compact(through=15)

    def test_the_smallest_candidate_decides_and_one_that_stands_in_does_not(self) -> None:
        written, wide = self.exchanges(6), replace(self.SMALL, id="wide", context=10**6)
        assert act(*written, who=agent(models=(wide, self.SMALL))) == Compact(through=15)
        assert act(*written, who=agent(models=(wide, replace(self.SMALL, weight=0)))) == CallModel(step=6)

    def test_the_reply_needs_room_too(self) -> None:
        written = self.exchanges(6)
        room = turn(*written, who=agent()).bound
        assert act(*written, who=agent(models=(replace(self.SMALL, context=room + 500),))) == CallModel(step=6)
        assert act(*written, who=agent(models=(replace(self.SMALL, context=room + 499),))) == Compact(through=15)

    def test_what_overflowed_is_shortened_with_the_latest_exchange_and_then_given_up(self) -> None:
        written = [*self.exchanges(2), CALL, failed("ContextOverflow")]
        assert act(*written) == Compact(through=6)
        shortened = [*written, Compacted(through=6)]
        assert act(*shortened) == CallModel(step=2)
        action = act(*shortened, CALL, failed("ContextOverflow"))
        assert isinstance(action, Fail)
        assert action.error == "ContextOverflow"

    def test_a_model_that_stands_in_for_overflow_is_asked_before_giving_up(self) -> None:
        who = agent(fallback={"overflow": ("wide",)})
        assert act(CALL, failed("ContextOverflow"), who=who) == CallModel(step=0)
        wide = replace(failed("ContextOverflow"), model="wide")
        assert isinstance(act(CALL, failed("ContextOverflow"), CALL, wide, who=who), Fail)

    def test_what_cannot_be_shortened_is_asked_for_the_provider_counts_better(self) -> None:
        assert act(who=agent(prompt="word " * 10_000, models=(self.SMALL,))) == CallModel(step=0)


def test_another_turn_s_entries_are_context_before_and_nothing_after() -> None:
    later = Turn(agent(), "turn-1")
    journal = MemoryJournal()
    pen = Pen(journal=journal, branch=BRANCH, clock=lambda: 1, head=after([]), agent="triage", turn="turn-0")
    pen.write(REQUEST)
    pen.write(CALL)
    pen.write(said(call()))
    pen.write(Answer(value="refund it"))
    for entry in journal.read(BRANCH):
        later.observe(entry)
    assert later.act() == CallModel(step=0)
    (first,) = later.conversation.messages
    assert "hello" in first["content"][0]["text"]
    assert "refund it" in first["content"][0]["text"]
