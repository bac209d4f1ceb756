"""The runtime's own doubles: they are used in many tests, so they are held to what they promise."""

from typing import Any, ClassVar

import pytest

from septet.core.errors import ModelThrottled, PolicyDenied
from septet.execution.ports import GatewayBroke, ModelRequest, Reply
from septet.local.clock import ManualClock
from septet.local.models import ScriptedModel
from septet.local.platform import LocalGateway, Platform
from septet.local.tools import FunctionTools
from septet.security.calls import ToolBroke
from tests.unit.shop import MANIFESTS, MODEL, Shop, agent, asks, find, refund, says


def request(step: int, *, who: str = "clerk", turn: str = "t", messages: Any = ()) -> ModelRequest:
    metadata = {"agent": who, "turn": turn, "run": "run-1", "step": str(step)}
    return ModelRequest(model=MODEL, system="", messages=messages, tools=(), max_output=100, seconds=10, metadata=metadata)


class TestModel:
    def test_lines_are_played_by_agent_and_step_and_again_after_a_crash(self) -> None:
        model = ScriptedModel({"clerk": [says("one"), says("two")], "boss": [says("three")]})
        said = [model.complete(request(0)), model.complete(request(1)), model.complete(request(1)), model.complete(request(0, who="boss"))]
        assert [reply.text for reply in said] == ["one", "two", "two", "three"]

    def test_what_is_raised_is_raised_once_a_turn(self) -> None:
        model = ScriptedModel({"clerk": [ModelThrottled("later"), says("one")]})
        for turn in ("t1", "t2"):
            with pytest.raises(ModelThrottled):
                model.complete(request(0, turn=turn))
            assert model.complete(request(0, turn=turn)).text == "one"

    @pytest.mark.parametrize("asked", [request(1), request(0, who="nobody")])
    def test_a_request_without_a_line_fails_the_test(self, asked: ModelRequest) -> None:
        with pytest.raises(AssertionError, match="no line for request"):
            ScriptedModel({"clerk": [says("one")]}).complete(asked)

    def test_requests_are_kept_as_they_were(self) -> None:
        model, messages = ScriptedModel({"clerk": [says("one")]}), [{"role": "user"}]
        model.complete(request(0, messages=messages))
        messages.append({"role": "assistant"})
        assert model.requests[0].messages == ({"role": "user"},)


class TestTools:
    def test_events_and_results_pass_through_json(self) -> None:
        seen: list[Any] = []

        def look(event: Any, _: object) -> Any:
            seen.append(event)
            return "a", 1

        assert FunctionTools({"t": look}).call("t", {"arguments": {"list": (1, 2)}}, timeout=1) == ["a", 1]
        assert seen == [{"arguments": {"list": [1, 2]}}]

    def test_a_named_error_is_its_own_and_any_other_breaks_the_tool(self) -> None:
        def denies(_: Any, __: object) -> Any:
            raise PolicyDenied("no")

        tools = FunctionTools({"denies": denies, "breaks": lambda _, __: 1 // 0, "odd": lambda _, __: object()})
        with pytest.raises(PolicyDenied):
            tools.call("denies", {}, timeout=1)
        for name in ("breaks", "missing"):
            with pytest.raises(ToolBroke, match=name):
                tools.call(name, {}, timeout=1)


def test_time_passes_when_it_is_told_to_and_when_somebody_looks() -> None:
    clock = ManualClock(now=100, tick=1)
    clock.pause(50)
    assert (clock(), clock()) == (151, 152)


def test_a_gateway_that_breaks_in_this_process_breaks_as_one_elsewhere_does() -> None:
    platform = Platform(agents={"clerk": agent()}, model=ScriptedModel({}), tools=Shop().tools, manifests=MANIFESTS)
    broken: Any = None
    with pytest.raises(GatewayBroke, match="AttributeError"):
        LocalGateway(broken).call(_gateway_request(platform))


def _gateway_request(platform: Platform) -> Any:
    class Request:
        branch = platform.submit("run-1", {"message": "hello"})
        head = None
        agent = turn = bundle = ""
        calls = ()
        pins: ClassVar = {}
        on_behalf_of = ()

    return Request()


def test_a_whole_run_of_three_agents_in_one_process() -> None:
    shop = Shop()
    route = {"type": "object", "properties": {"route": {"type": "string", "x-septet-routing": True}}, "required": ["route"]}
    agents = {
        "triage": agent("triage", tools=(), answer_schema=route),
        "refunds": agent("refunds"),
        "writer": agent("writer", tools=()),
    }
    script = {
        "triage": [Reply(calls=asks(("answer", {"route": "refunds"})).calls, stop="tools")],
        "refunds": [asks(find("A-1")), asks(refund("A-1", 20_000)), says("Refunded 200.00.")],
        "writer": [says("Your money is on its way.")],
    }
    model = ScriptedModel(script)
    platform = Platform(agents=agents, model=model, tools=shop.tools, manifests=MANIFESTS)
    branch = platform.submit("run-1", {"message": "I want my money back for A-1."})

    routed = platform.turn(branch, "triage").routing["route"]
    waiting = platform.turn(branch, routed)
    assert (waiting.outcome, shop.paid) == ("approval", {})
    platform.approvals.decide("acme", waiting.approval, status="approved", by="boss", reason="", at=platform.clock())
    assert platform.turn(branch, routed).outcome == "answer"
    assert platform.turn(branch, "writer").outcome == "answer"

    assert shop.paid == {("A-1", 20_000): 1}
    told = model.requests[-1].messages[0]["content"][0]["text"]
    assert "I want my money back for A-1." in told
    assert "Refunded 200.00." in told
