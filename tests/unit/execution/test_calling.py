"""Model calls: money is held first, every call has an end in the journal, and the ledger has what the journal has."""

from dataclasses import replace
from typing import Any

import pytest

from septet.core.entries import Answer, Failure, ModelCall, ModelFailed, ModelReply, Note
from septet.core.errors import (
    AgentStopped,
    BudgetExhausted,
    ContextOverflow,
    ModelRefused,
    ModelThrottled,
    ModelUnavailable,
    RunStopped,
    SeptetError,
)
from septet.core.journal import Branch
from septet.core.ledger import Account, of_branch
from septet.core.money import Price, Usage
from septet.core.traces import from_traceparent, of_entry
from septet.execution.agents import Agent, Limits
from septet.execution.ports import unbilled
from septet.execution.routing import CALLS
from septet.local.models import ScriptedModel
from septet.local.platform import Platform
from septet.observability.places import Place
from tests.unit.shop import MANIFESTS, MODEL, Shop, agent, asks, find, says

SECOND = replace(MODEL, id="double.model-2", weight=0)
LARGE = replace(MODEL, id="double.model-3", weight=0, context=1_000_000)


def platform(*lines: Any, who: Agent | None = None, budget: int = 10**9) -> tuple[Platform, Branch]:
    who = who or agent()
    model = ScriptedModel({who.name: lines})
    ready = Platform(agents={who.name: who}, model=model, tools=Shop().tools, manifests=MANIFESTS, budget=budget)
    return ready, ready.submit("run-1", {"message": "hello"})


def bodies(ready: Platform, branch: Branch, *kinds: type) -> list[Any]:
    return [entry.body for entry in ready.entries(branch) if isinstance(entry.body, kinds)]


def account(ready: Platform) -> Account:
    found = ready.ledger.account("acme", of_branch("run-1"))
    assert found is not None
    return found


def asked(ready: Platform) -> list[str]:
    """The models that were called, in order."""
    assert isinstance(ready.model, ScriptedModel)
    return [request.model.id for request in ready.model.requests]


def balanced(ready: Platform, branch: Branch) -> None:
    found = account(ready)
    assert (found.reserved, dict(found.reservations)) == (0, {})
    assert found.spent == sum(entry.cost for entry in ready.entries(branch))
    assert found.limit == found.spent + found.available


def test_a_server_that_goes_on_with_traces_is_told_which_span_calls_it() -> None:
    who = agent(models=(replace(MODEL, provider="openai"),))
    ready, branch = platform(asks(find("A-1")), says("Done."), who=who)
    ready.turn(branch, "clerk")
    assert isinstance(ready.model, ScriptedModel)
    told = [from_traceparent(request.traceparent) for request in ready.model.requests]
    calls = [entry.number for entry in ready.entries(branch) if isinstance(entry.body, ModelCall)]
    run = ready.runs.get("acme", "run-1")
    assert run is not None
    assert [(context.trace, context.span) for context in told if context] == [
        (Place(run=run).context.trace, of_entry("acme", "run-1", "main", "chat", number)) for number in calls
    ]


def test_a_provider_that_takes_no_trace_is_told_none() -> None:
    ready, branch = platform(says("Done."))
    ready.turn(branch, "clerk")
    assert isinstance(ready.model, ScriptedModel)
    assert [request.traceparent for request in ready.model.requests] == [""]


class TestMoney:
    def test_a_reply_costs_what_the_provider_reports(self) -> None:
        ready, branch = platform(asks(find("A-1")), says("Done."))
        ready.turn(branch, "clerk")
        assert account(ready).spent == 2 * (100 * 1 + 10 * 2)
        balanced(ready, branch)

    def test_what_a_call_can_cost_is_held_while_it_is_made(self) -> None:
        held: list[int] = []

        class Watching(ScriptedModel):
            def complete(self, request: Any) -> Any:
                held.append(account(ready).reserved)
                return super().complete(request)

        ready, branch = platform()
        ready.model = Watching({"clerk": [says("Hello!")]})
        ready.turn(branch, "clerk")
        (call,) = bodies(ready, branch, ModelCall)
        assert held == [call.reserved]
        assert call.reserved >= 1_000 * 2, "the longest reply is in it"

    def test_without_money_no_model_is_called(self) -> None:
        ready, branch = platform(says("Hello!"), budget=100)
        with pytest.raises(BudgetExhausted):
            ready.turn(branch, "clerk")
        assert asked(ready) == []
        assert bodies(ready, branch, Failure)[0].error == "BudgetExhausted"

    def test_a_run_that_was_stopped_calls_no_model(self) -> None:
        ready, branch = platform(says("Hello!"))
        ready.ledger.stop("acme", "run-1", "night shift: it went mad")
        with pytest.raises(RunStopped):
            ready.turn(branch, "clerk")
        assert asked(ready) == []
        assert "it went mad" in bodies(ready, branch, Failure)[0].message

    def test_an_agent_that_was_halted_calls_no_model_and_another_does(self) -> None:
        ready, branch = platform(says("Hello!"))
        ready.ledger.halt("acme", "run-1", "clerk", "night shift: it went mad")
        with pytest.raises(AgentStopped):
            ready.turn(branch, "clerk")
        assert asked(ready) == []
        failure = bodies(ready, branch, Failure)[0]
        assert (failure.error, failure.message) == ("AgentStopped", "night shift: it went mad")
        ready.agents = {"other": replace(ready.agents["clerk"], name="other")}
        ready.model = ScriptedModel({"other": [says("Hello!")]})
        assert ready.turn(branch, "other").outcome == "answer"

    @pytest.mark.parametrize("usage", [Usage(input=10**12, output=1), Usage(output=10**9), Usage(input=10**5), Usage(cache_read=10**9)])
    def test_figures_that_cannot_be_are_not_believed(self, usage: Usage) -> None:
        ready, branch = platform(replace(says("Hello!"), usage=usage))
        ready.turn(branch, "clerk")
        (call,) = bodies(ready, branch, ModelCall)
        assert account(ready).spent == call.reserved
        assert bodies(ready, branch, Note)[0].kind == "usage"
        balanced(ready, branch)

    def test_no_figures_cost_all_that_was_held(self) -> None:
        ready, branch = platform(replace(says("Hello!"), usage_known=False))
        ready.turn(branch, "clerk")
        assert account(ready).spent == bodies(ready, branch, ModelCall)[0].reserved
        balanced(ready, branch)

    @pytest.mark.parametrize(("error", "charged"), [(unbilled(ModelThrottled("busy")), False), (ModelUnavailable("gone"), True)])
    def test_a_failed_call_costs_all_that_was_held_unless_it_is_provably_free(self, error: SeptetError, *, charged: bool) -> None:
        ready, branch = platform(error, says("Hello!"))
        ready.turn(branch, "clerk")
        first = bodies(ready, branch, ModelCall)[0]
        assert account(ready).spent == 120 + (first.reserved if charged else 0)
        balanced(ready, branch)


class TestOwnLimit:
    """An agent's own limit on money holds for the model that is really called."""

    DEAR = replace(MODEL, id="double.dear", price=Price(input=10**9, output=10**9))

    def test_a_stand_in_that_the_agent_cannot_afford_is_not_called(self) -> None:
        who = agent(models=(MODEL, replace(self.DEAR, weight=0)), fallback={"unavailable": ("double.dear",)}, limits=Limits(cost=100_000))
        ready, branch = platform(*[ModelUnavailable("gone")] * 9, who=who)
        with pytest.raises(ModelUnavailable):
            ready.turn(branch, "clerk")
        assert set(asked(ready)) == {MODEL.id}

    def test_the_turn_goes_to_the_candidate_that_it_can_afford(self) -> None:
        ready, branch = platform(says("Hello!"), who=agent(models=(replace(self.DEAR, weight=10**6), MODEL), limits=Limits(cost=100_000)))
        assert ready.turn(branch, "clerk").outcome == "answer"
        assert asked(ready) == [MODEL.id]

    def test_a_sick_candidate_is_tried_rather_than_one_without_money_for_it(self) -> None:
        ready, branch = platform(says("Hello!"), who=agent(models=(replace(self.DEAR, weight=10**6), MODEL), limits=Limits(cost=100_000)))
        ready.health.ill = {MODEL.id}  # type: ignore[attr-defined]  # the double's own
        assert ready.turn(branch, "clerk").outcome == "answer"
        assert asked(ready) == [MODEL.id]


class TestOtherModels:
    def test_a_throttled_model_is_tried_again_and_then_another_takes_its_place(self) -> None:
        who = agent(models=(MODEL, SECOND), fallback={"throttled": (SECOND.id,)})
        ready, branch = platform(*[unbilled(ModelThrottled("busy"))] * CALLS["ModelThrottled"], says("Hello!"), who=who)
        assert ready.turn(branch, "clerk").outcome == "answer"
        assert asked(ready) == [MODEL.id] * CALLS["ModelThrottled"] + [SECOND.id]
        assert bodies(ready, branch, ModelReply)[0].model == SECOND.id

    def test_a_sick_model_is_passed_over(self) -> None:
        ready, branch = platform(says("Hello!"), who=agent(models=(MODEL, SECOND)))
        ready.health.ill = {MODEL.id}  # type: ignore[attr-defined]  # the double's own
        ready.turn(branch, "clerk")
        assert asked(ready) == [SECOND.id]

    def test_a_model_that_another_process_is_trying_is_passed_over(self) -> None:
        ready, branch = platform(says("Hello!"), who=agent(models=(MODEL, SECOND)))
        ready.health.taken = {MODEL.id}  # type: ignore[attr-defined]  # the double's own
        ready.turn(branch, "clerk")
        assert asked(ready) == [SECOND.id]

    def test_the_only_model_is_asked_though_another_process_is_trying_it(self) -> None:
        ready, branch = platform(says("Hello!"))
        ready.health.taken = {MODEL.id}  # type: ignore[attr-defined]  # the double's own
        assert ready.turn(branch, "clerk").outcome == "answer"

    def test_a_request_that_is_refused_says_nothing_of_the_model_s_health(self) -> None:
        ready, branch = platform(unbilled(ModelUnavailable("what is that?")), says("Hello!"), who=agent(models=(MODEL, SECOND)))
        ready.turn(branch, "clerk")
        assert asked(ready) == [MODEL.id, SECOND.id], "and is not made again"
        assert ready.health.reports == [(SECOND.id, True)]  # type: ignore[attr-defined]  # the double's own

    def test_a_request_that_every_model_refuses_is_made_once_of_each(self) -> None:
        ready, branch = platform(*[unbilled(ModelUnavailable("what is that?"))] * 9, who=agent(models=(MODEL, SECOND)))
        with pytest.raises(ModelUnavailable):
            ready.turn(branch, "clerk")
        assert asked(ready) == [MODEL.id, SECOND.id]

    def test_health_is_told_how_calls_went(self) -> None:
        ready, branch = platform(ModelUnavailable("gone"), says("Hello!"))
        ready.turn(branch, "clerk")
        assert ready.health.reports == [(MODEL.id, False), (MODEL.id, True)]  # type: ignore[attr-defined]  # the double's own

    def test_a_request_that_does_not_fit_goes_to_a_model_that_takes_more(self) -> None:
        ready, branch = platform(ContextOverflow("too long"), says("Hello!"), who=agent(models=(MODEL, LARGE)))
        assert ready.turn(branch, "clerk").outcome == "answer"
        assert asked(ready) == [MODEL.id, LARGE.id]

    def test_a_refusal_is_final_without_a_model_chosen_for_it(self) -> None:
        ready, branch = platform(ModelRefused("no"), says("Hello!"), who=agent(models=(MODEL, SECOND)))
        with pytest.raises(ModelRefused):
            ready.turn(branch, "clerk")
        assert bodies(ready, branch, Failure) == [Failure(error="ModelRefused", message="no")]

    def test_a_refusal_goes_to_the_model_chosen_for_it(self) -> None:
        who = agent(models=(MODEL, SECOND), fallback={"refused": (SECOND.id,)})
        ready, branch = platform(ModelRefused("no"), says("Hello!"), who=who)
        assert ready.turn(branch, "clerk").outcome == "answer"

    def test_without_time_for_another_attempt_the_state_machine_comes_back(self) -> None:
        ready, branch = platform(ModelThrottled("busy"), says("Hello!"))
        with pytest.raises(ModelThrottled):
            ready.turn(branch, "clerk", remaining=lambda: 0)
        assert len(asked(ready)) == 1


class TestLostCalls:
    def test_a_call_without_an_end_is_charged_in_full_and_made_again(self) -> None:
        class Dying(ScriptedModel):
            def complete(self, request: Any) -> Any:
                super().complete(request)
                raise KeyboardInterrupt

        ready, branch = platform()
        ready.model = Dying({"clerk": [says("Hello!")]})
        with pytest.raises(KeyboardInterrupt):
            ready.turn(branch, "clerk")
        ready.model = ScriptedModel({"clerk": [says("Hello!")]})
        assert ready.turn(branch, "clerk").outcome == "answer"
        assert bodies(ready, branch, ModelFailed) == [ModelFailed(model=MODEL.id, error="Lost", message="")]
        assert account(ready).spent == bodies(ready, branch, ModelCall)[0].reserved + 120
        balanced(ready, branch)


class TestCache:
    def repeated(self, label: str, seconds: int = 60) -> tuple[Platform, Branch]:
        who = agent(cache_seconds=seconds, limits=Limits())
        ready, _ = platform(says("Hello!"), who=who)
        first = ready.submit("run-0", {"message": "hello"}, label=label)
        ready.turn(first, "clerk")
        again = ready.submit("run-2", {"message": "hello"}, label=label)
        ready.turn(again, "clerk")
        return ready, again

    def test_an_equal_request_is_answered_without_a_model_and_costs_nothing(self) -> None:
        ready, branch = self.repeated("trusted")
        assert len(asked(ready)) == 1
        assert bodies(ready, branch, ModelReply)[0].cached
        assert bodies(ready, branch, ModelCall) == []
        assert bodies(ready, branch, Answer) == [Answer(value={"text": "Hello!"})]
        assert sum(entry.cost for entry in ready.entries(branch)) == 0

    def test_what_came_from_outside_is_never_answered_from_the_cache(self) -> None:
        ready, _ = self.repeated("external")
        assert len(asked(ready)) == 2

    def test_what_could_not_be_used_is_not_kept(self) -> None:
        who = agent(cache_seconds=60, limits=Limits())
        ready, _ = platform(says(" "), says("Hello!"), who=who)
        first = ready.submit("run-0", {"message": "hello"}, label="trusted")
        ready.turn(first, "clerk")
        again = ready.submit("run-2", {"message": "hello"}, label="trusted")
        ready.turn(again, "clerk")
        assert [request.metadata["run"] for request in ready.model.requests] == ["run-0", "run-0", "run-2"]  # type: ignore[attr-defined]  # the double's own

    def test_a_stopped_run_is_not_answered_from_the_cache(self) -> None:
        ready, _ = self.repeated("trusted")
        stopped = ready.submit("run-3", {"message": "hello"}, label="trusted")
        ready.ledger.stop("acme", "run-3", "night shift")
        with pytest.raises(RunStopped):
            ready.turn(stopped, "clerk")
        assert bodies(ready, stopped, ModelReply) == []

    def test_a_halted_agent_is_not_answered_from_the_cache(self) -> None:
        ready, _ = self.repeated("trusted")
        halted = ready.submit("run-3", {"message": "hello"}, label="trusted")
        ready.ledger.halt("acme", "run-3", "clerk", "night shift")
        with pytest.raises(AgentStopped):
            ready.turn(halted, "clerk")
        assert bodies(ready, halted, ModelReply) == []

    def test_nothing_is_kept_unless_the_agent_says_so(self) -> None:
        ready, _ = self.repeated("trusted", seconds=0)
        assert len(asked(ready)) == 2
