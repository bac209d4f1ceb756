from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.entries import Answer, Entry, Failure, HandOver, ModelCall, ModelFailed, ModelReply, Note, ToolResult
from septet.core.errors import (
    AnswerInvalid,
    BudgetExhausted,
    ContextOverflow,
    Fenced,
    InputRejected,
    LoopDetected,
    ModelRefused,
    ModelThrottled,
    ModelUnavailable,
    SeptetError,
    ToolFailed,
)
from septet.core.journal import Branch, Pen, verify
from septet.core.money import Usage
from septet.execution.actions import CallModel
from septet.execution.agents import Agent, Limits
from septet.execution.driver import Driver, Outcome, Ports
from septet.execution.ports import GatewayBroke, GatewayRequest, Message, ModelRequest, Reply
from septet.execution.routing import CALLS
from septet.execution.turn import FAILURES, Turn, decide
from septet.local.models import ScriptedModel
from septet.local.platform import LocalGateway, Platform
from tests.unit.perils import Voyage, sailed
from tests.unit.shop import MANIFESTS, Shop, agent, asks, find, refund, says
from tests.unit.strategies import hostile, quick, replies

ANSWER = {"type": "object", "properties": {"n": {"type": "integer", "x-septet-routing": True}, "why": {"type": "string"}}}


def platform(*lines: Any, who: Agent | None = None, shop: Shop | None = None) -> tuple[Platform, Branch]:
    who = who or agent()
    ready = Platform(agents={who.name: who}, model=ScriptedModel({who.name: lines}), tools=(shop or Shop()).tools, manifests=MANIFESTS)
    return ready, ready.submit("run-1", {"message": "hello"})


def bodies(ready: Platform, branch: Branch) -> list[Any]:
    return [entry.body for entry in ready.entries(branch)]


UNTOLD = "turn clerk of clerk: the journal of run-1 says why"
"""All that leaves a function of an error: what a model or a provider said of it stays in the journal."""


class TestOutcomes:
    def test_an_answer(self) -> None:
        ready, branch = platform(says("Hello!"))
        assert ready.turn(branch, "clerk") == Outcome(outcome="answer", agent="clerk", turn="clerk", routing={})
        assert bodies(ready, branch)[-1] == Answer(value={"text": "Hello!"})

    def test_only_marked_fields_of_an_answer_are_told(self) -> None:
        ready, branch = platform(asks(("answer", {"n": 1, "why": "secret"})), who=agent(answer_schema=ANSWER))
        assert ready.turn(branch, "clerk").routing == {"n": 1}

    def test_a_hand_over(self) -> None:
        ready, branch = platform(asks(("hand_over", {"to": "boss", "reason": "hard"})), who=agent(hand_over_to=("boss",)))
        assert ready.turn(branch, "clerk") == Outcome(outcome="hand_over", agent="clerk", turn="clerk", routing={}, to="boss")
        assert bodies(ready, branch)[-1] == HandOver(to="boss", reason="hard")

    def test_a_question_and_how_long_it_stays_open(self) -> None:
        ready, branch = platform(asks(find("A-1")), asks(refund("A-1", 20_000)))
        outcome = ready.turn(branch, "clerk")
        assert (outcome.outcome, outcome.seconds) == ("approval", 3600)
        assert ready.approvals.get("acme", outcome.approval) is not None

    def test_a_turn_that_has_ended_says_the_same_again_and_asks_no_model(self) -> None:
        ready, branch = platform(says("Hello!"))
        assert ready.turn(branch, "clerk") == ready.turn(branch, "clerk")
        assert len(bodies(ready, branch)) == 4

    def test_too_little_time_is_told_after_the_first_step(self) -> None:
        ready, branch = platform(asks(find("A-1")), says("Done."))
        assert ready.turn(branch, "clerk", remaining=lambda: 0).outcome == "continue"
        assert ready.turn(branch, "clerk").outcome == "answer"

    def test_a_run_without_a_journal_is_refused(self) -> None:
        ready, _ = platform(says("Hello!"))
        with pytest.raises(InputRejected, match="no journal"):
            ready.turn(Branch(tenant="acme", run="run-2"), "clerk")

    def test_a_turn_of_a_thousand_tool_calls_ends_in_as_many_invocations_as_it_needs(self) -> None:
        shop, limits = Shop(), Limits(model_calls=100, tool_calls=1_000, tokens=10**9, cost=10**9)
        replies = [asks(*(find(f"A-{number % 3 + 1}") for number in range(50)))] * 20
        ready, branch = platform(*replies, says("Done."), who=agent(limits=limits), shop=shop)
        outcomes = []
        while not outcomes or outcomes[-1] == "continue":
            outcomes.append(ready.turn(branch, "clerk", remaining=lambda: 0).outcome)
        assert outcomes == ["continue"] * (2 * 20) + ["answer"], "one reply, or its tools, an invocation"
        entries = ready.entries(branch)
        assert sum(isinstance(entry.body, ToolResult) for entry in entries) == len(shop.called) == 1_000
        assert verify(entries) == []


class TestErrors:
    @pytest.mark.parametrize("error", [ModelThrottled, ModelUnavailable])
    def test_a_passing_error_that_stays_is_told_and_the_same_turn_goes_on_later(self, error: type[SeptetError]) -> None:
        attempts = CALLS[error.__name__]
        ready, branch = platform(*[error("later")] * attempts, says("Hello!"))
        with pytest.raises(error, match=f"^{UNTOLD}$"):
            ready.turn(branch, "clerk")
        failed = [body for body in bodies(ready, branch) if isinstance(body, ModelFailed)]
        assert failed == [ModelFailed(model="double.model-1", error=error.__name__, message="later")] * attempts
        assert ready.turn(branch, "clerk").outcome == "answer"

    @pytest.mark.parametrize("error", [ModelThrottled, ModelUnavailable])
    def test_an_error_that_passes_is_noticed_by_nobody(self, error: type[SeptetError]) -> None:
        ready, branch = platform(error("later"), says("Hello!"))
        assert ready.turn(branch, "clerk").outcome == "answer"

    @pytest.mark.parametrize("error", [ModelRefused, ContextOverflow])
    def test_a_lasting_error_ends_the_turn_for_good(self, error: type[SeptetError]) -> None:
        ready, branch = platform(error("never"), says("Hello!"))
        for _ in range(2):
            with pytest.raises(error, match=f"^{UNTOLD}$"):
                ready.turn(branch, "clerk")
        end = bodies(ready, branch)[-1]
        assert isinstance(end, Failure)
        assert end.error == error.__name__

    @pytest.mark.parametrize("error", [ModelThrottled, ModelUnavailable])
    def test_an_outage_does_not_use_the_model_calls_up_and_ends_as_what_it_is(self, error: type[SeptetError]) -> None:
        ready, branch = platform(*[error("later")] * (FAILURES + 9), who=agent(limits=Limits(model_calls=1)))
        for _ in range(FAILURES):
            with pytest.raises(error):
                ready.turn(branch, "clerk")
        assert isinstance(ready.model, ScriptedModel)
        assert len(ready.model.requests) == FAILURES, "and no more are made"

    def test_an_answer_that_stays_wrong(self) -> None:
        ready, branch = platform(says("one"), says("two"), who=agent(answer_schema=ANSWER))
        with pytest.raises(AnswerInvalid):
            ready.turn(branch, "clerk")

    def test_a_model_that_repeats_itself(self) -> None:
        shop = Shop()
        ready, branch = platform(*[asks(find("A-1"))] * 9, shop=shop)
        with pytest.raises(LoopDetected):
            ready.turn(branch, "clerk")
        assert len(shop.called) == 2


class _Gateways:
    """Answers as its lines say: what is raised, or the entries that are returned."""

    def __init__(self, *lines: Any) -> None:
        self.lines = list(lines)
        self.requests: list[GatewayRequest] = []

    def call(self, request: GatewayRequest) -> list[Entry]:
        self.requests.append(request)
        line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
        if isinstance(line, Exception):
            raise line
        answer: list[Entry] = line(request) if callable(line) else line
        return answer


def drive(ready: Platform, branch: Branch, gateway: Any) -> Outcome:
    ports = Ports(journal=ready.journal, models=ready.models(), gateway=gateway, clock=ready.clock)
    return Driver(ready.agents["clerk"], branch, "clerk", ports=ports, remaining=lambda: 10**6).run()


class TestGateways:
    def test_one_that_does_nothing_is_not_asked_for_ever(self) -> None:
        ready, branch = platform(asks(find("A-1")), says("Done."))
        gateway = _Gateways([])
        with pytest.raises(ToolFailed, match="nothing"):
            drive(ready, branch, gateway)
        assert len(gateway.requests) == 1

    def test_one_that_stays_broken_is_asked_three_times(self) -> None:
        ready, branch = platform(asks(find("A-1")), says("Done."))
        gateway = _Gateways(GatewayBroke("gone"))
        with pytest.raises(ToolFailed, match="3 times"):
            drive(ready, branch, gateway)
        assert len(gateway.requests) == 3

    def test_what_a_broken_one_had_written_is_gone_on_from(self) -> None:
        ready, branch = platform(asks(find("A-1")), says("Done."))
        real = LocalGateway(ready.gateway)

        def lost(request: GatewayRequest) -> list[Entry]:
            real.call(request)
            raise GatewayBroke("the answer was lost")

        gateway = _Gateways(lost)
        assert drive(ready, branch, gateway).outcome == "answer"
        assert len(gateway.requests) == 1
        assert verify(ready.entries(branch)) == []

    def test_what_one_writes_that_was_asked_before_is_gone_on_from(self) -> None:
        ready, branch = platform(asks(find("A-1")), says("Done."))
        real = LocalGateway(ready.gateway)

        def asked_twice(request: GatewayRequest) -> list[Entry]:
            real.call(request)
            return real.call(request)

        assert drive(ready, branch, _Gateways(asked_twice)).outcome == "answer"
        assert len(ready.model.requests) == 2  # type: ignore[attr-defined]  # it is a script
        assert verify(ready.entries(branch)) == []

    def test_whoever_is_overtaken_by_another_executor_ends(self) -> None:
        ready, branch = platform(asks(find("A-1")), says("Done."))

        def overtaken(request: GatewayRequest) -> list[Entry]:
            drive(ready, branch, LocalGateway(ready.fresh_gateway()))
            return LocalGateway(ready.fresh_gateway()).call(request)

        with pytest.raises(Fenced):
            drive(ready, branch, _Gateways(overtaken))
        assert len(ready.model.requests) == 2  # type: ignore[attr-defined]  # it is a script

    @pytest.mark.parametrize("other", ["another turn", "a call of a model"])
    def test_what_others_wrote_meanwhile_is_not_gone_on_from(self, other: str) -> None:
        ready, branch = platform(asks(find("A-1")), says("Done."))

        def meanwhile(request: GatewayRequest) -> list[Entry]:
            pen = Pen(journal=ready.journal, branch=branch, clock=ready.clock, head=request.head, agent="clerk", turn="clerk")
            if other == "another turn":
                pen.turn = other
                pen.write(Note(kind="repair", text="x"))
            else:
                pen.write(ModelCall(model="m", step=1))
            raise Fenced("gone on")

        with pytest.raises(Fenced):
            drive(ready, branch, _Gateways(meanwhile, InputRejected("asked once more")))

    @pytest.mark.parametrize("error", [Fenced("gone on"), InputRejected("no such run")])
    def test_what_it_refuses_is_passed_on(self, error: SeptetError) -> None:
        ready, branch = platform(asks(find("A-1")))
        with pytest.raises(type(error), match=str(error)):
            drive(ready, branch, _Gateways(error))


class TestRequests:
    def test_the_model_is_told_who_asks_and_what_was_said(self) -> None:
        ready, branch = platform(asks(find("A-1")), says("Done."), who=agent(prompt="Be kind."))
        ready.turn(branch, "clerk", "turn-7")
        first, second = ready.model.requests  # type: ignore[attr-defined]  # it is a script
        assert first.metadata == {"agent": "clerk", "turn": "turn-7", "run": "run-1", "step": "0"}
        assert second.metadata["step"] == "1"
        assert (first.system, first.model.id) == ("Be kind.", "double.model-1")
        assert [message["role"] for message in second.messages] == ["user", "assistant", "user"]

    def test_a_model_call_is_journaled_before_it_is_made(self) -> None:
        ready, branch = platform(says("x"))
        seen = []

        class Looking:
            def complete(self, request: ModelRequest) -> Reply:
                seen.append(bodies(ready, branch)[-1])
                return says(request.metadata["step"])

        ready.model = Looking()
        ready.turn(branch, "clerk")
        assert [(call.model, call.step) for call in seen] == [("double.model-1", 0)]
        assert isinstance(seen[0], ModelCall)

    def test_tokens_are_paid_for_at_the_model_s_price(self) -> None:
        ready, branch = platform(says("x"))
        ready.turn(branch, "clerk")
        (reply,) = [entry for entry in ready.entries(branch) if isinstance(entry.body, ModelReply)]
        assert (reply.usage, reply.cost) == (Usage(input=100, output=10), 120)

    def test_every_entry_says_who_wrote_it(self) -> None:
        ready, branch = platform(asks(find("A-1")), says("x"))
        ready.turn(branch, "clerk", "turn-7")
        assert {(entry.agent, entry.turn, entry.bundle) for entry in ready.entries(branch)[1:]} == {("clerk", "turn-7", "b-1")}

    def test_an_answer_is_labelled_unknown(self) -> None:
        ready, branch = platform(asks(("answer", {"n": 1, "why": "because"})), who=agent(answer_schema=ANSWER))
        ready.turn(branch, "clerk")
        assert ready.entries(branch)[-1].labels == {"n": "unknown", "why": "unknown"}

    def test_an_answer_of_many_fields_is_labelled_unknown_in_one_word(self) -> None:
        answer = {f"{place:x}": 1 for place in range(20_000)}
        ready, branch = platform(asks(("answer", answer)), who=agent(answer_schema={"type": "object"}))
        ready.turn(branch, "clerk")
        assert ready.entries(branch)[-1].body == Answer(value=answer)
        assert ready.entries(branch)[-1].labels == {"*": "unknown"}


def test_two_executors_of_one_turn_never_both_go_on() -> None:
    for _ in range(10):
        shop = Shop()
        lines = [asks(find("A-1"), find("A-2")), asks(refund("A-1", 500)), says("Done.")]
        ready, branch = platform(*lines, shop=shop)
        together = Barrier(4)

        def execute(_: int, ready: Platform = ready, branch: Branch = branch, together: Barrier = together) -> str:
            gateway = LocalGateway(ready.fresh_gateway())
            ports = Ports(journal=ready.journal, models=ready.models(), gateway=gateway, clock=ready.clock)
            driver = Driver(ready.agents["clerk"], branch, "clerk", ports=ports, remaining=lambda: 10**6)
            together.wait()
            try:
                return driver.run().outcome
            except Fenced:
                return "fenced"

        with ThreadPoolExecutor(4) as pool:
            ends = sorted(pool.map(execute, range(4)))
        assert ends == ["answer", "fenced", "fenced", "fenced"]
        assert verify(ready.entries(branch)) == []
        assert shop.paid == {("A-1", 500): 1}
        assert len(ready.model.requests) == 3  # type: ignore[attr-defined]  # it is a script


class _Endless:
    """A model that says what it is given, round and round."""

    def __init__(self, lines: list[Reply]) -> None:
        self.lines = lines
        self.requests: list[ModelRequest] = []

    def complete(self, request: ModelRequest) -> Reply:
        self.requests.append(request)
        return self.lines[int(request.metadata["step"]) % len(self.lines)]


TOOLS = list(MANIFESTS)
limits = st.builds(
    Limits,
    model_calls=st.integers(1, 8),
    tool_calls=st.integers(0, 8),
    tokens=st.integers(1, 40_000),
    cost=st.integers(1, 60_000),
    seconds=st.integers(1, 900),
    identical_calls=st.integers(1, 4),
)
sane = st.one_of(
    hostile, st.fixed_dictionaries({"order_id": st.sampled_from(["A-1", "B-1"]), "amount_cents": st.sampled_from([1, 20_000])})
)


@quick
@given(st.lists(replies(TOOLS, sane), min_size=1, max_size=4), limits, st.sampled_from(["approved", "rejected", "expired"]))
def test_whatever_a_model_does_for_ever_its_turn_ends_within_its_limits(lines: list[Reply], bounds: Limits, decision: str) -> None:
    who = agent(limits=bounds, hand_over_to=("boss",))
    voyage = sailed(_Endless(lines), who=who, decision=decision)
    entries = voyage.entries
    assert verify(entries) == []
    assert len(voyage.model.requests) <= bounds.model_calls
    assert len(voyage.shop.called) <= bounds.tool_calls
    replied = [entry for entry in entries if isinstance(entry.body, ModelReply)]
    spent = [(entry.cost, entry.usage.input + entry.usage.output if entry.usage else 0) for entry in replied[:-1]]
    assert sum(cost for cost, _ in spent) < bounds.cost
    assert sum(tokens for _, tokens in spent) < bounds.tokens
    assert not any(order == "B-1" for order, _ in voyage.shop.paid)
    assert set(voyage.shop.paid.values()) <= {1}


@pytest.mark.parametrize(
    ("bounds", "error"),
    [
        ({"model_calls": 5}, BudgetExhausted),
        ({"tool_calls": 5}, BudgetExhausted),
        ({"tokens": 600}, BudgetExhausted),
        ({"cost": 700}, BudgetExhausted),
        ({"seconds": 1}, BudgetExhausted),
        ({"identical_calls": 3}, LoopDetected),
    ],
)
def test_each_limit_alone_ends_an_endless_turn(bounds: dict[str, int], error: type[SeptetError]) -> None:
    wide = Limits(model_calls=10**6, tool_calls=10**6, tokens=10**9, cost=10**9, seconds=10**9, identical_calls=10**6)
    lines = [asks(find("A-1"))] if "identical_calls" in bounds else [asks(find("A-1")), asks(find("A-2"))]
    ready, branch = platform(who=agent(limits=replace(wide, **bounds)))
    ready.model = _Endless(lines)
    ready.clock.tick = 20
    with pytest.raises(error, match=f"^{UNTOLD}$"):
        ready.turn(branch, "clerk")
    end = bodies(ready, branch)[-1]
    assert isinstance(end, Failure)
    assert (next(iter(bounds)) if error is BudgetExhausted else "in a row") in end.message
    assert len(bodies(ready, branch)) < 150


@quick
@given(st.lists(replies(TOOLS, sane), min_size=1, max_size=4), st.sampled_from(["approved", "rejected"]))
def test_every_prefix_of_a_history_has_one_next_action(lines: list[Reply], decision: str) -> None:
    who = agent(hand_over_to=("boss",), answer_schema=ANSWER)
    voyage = Voyage(model=_Endless(lines), who=who, decision=decision).sail()
    entries, step = voyage.entries, Turn(who, who.name)
    for length, entry in enumerate(entries, 1):
        step.observe(entry)
        action = decide(who, entries[:length], who.name)
        assert action == decide(who, iter(entries[:length]), who.name) == step.act()
        assert (action is None) == (length == len(entries)), "only the end has nothing after it"
        if isinstance(action, CallModel):
            _fits_a_provider(step.conversation.messages)


def _fits_a_provider(messages: Sequence[Message]) -> None:
    """Providers want the two to take turns, the user to have the last word, and every call answered in the next message, once."""
    assert [message["role"] for message in messages] == (["user", "assistant"] * len(messages))[: len(messages)]
    assert len(messages) % 2
    for said, answered in zip(messages[1::2], messages[2::2], strict=True):
        asked = [block["call"].id for block in said["content"] if "call" in block]
        assert [block["result"]["id"] for block in answered["content"] if "result" in block] == asked
        assert all(message["content"] for message in (said, answered))
