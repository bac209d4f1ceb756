from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given

from septet.aws.converse import STOPS, reply, wire
from septet.core.entries import ModelReply, ToolCall, ToolResult
from septet.core.money import Usage
from septet.execution.conversation import Conversation
from septet.execution.ports import Reply
from septet.execution.replies import recordable
from tests.unit.asking import HI, request
from tests.unit.shop import MODEL, agent
from tests.unit.strategies import quick, replies

SERVICE: Any = botocore.session.get_session().get_service_model("bedrock-runtime")
CONVERSE: Any = SERVICE.operation_model("Converse")
ANSWER: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello!"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10},
}
CACHING = replace(MODEL, capabilities=MODEL.capabilities | {"caching"})
POINT = {"cachePoint": {"type": "default"}}


def invalid(arguments: dict[str, Any]) -> str:
    """What botocore itself would refuse *arguments* for."""
    report: str = ParamValidator().validate(arguments, CONVERSE.input_shape).generate_report()
    return report


class TestWire:
    def test_a_request(self) -> None:
        sent = wire(request())
        assert invalid(sent) == ""
        assert sent["modelId"] == "double.model-1"
        assert sent["system"] == [{"text": "Be kind."}]
        assert sent["inferenceConfig"] == {"maxTokens": 700}, "what this request may have, not what the model could"
        assert sent["requestMetadata"] == {"agent": "clerk", "turn": "clerk", "run": "run-1", "step": "0"}
        assert [tool["toolSpec"]["name"] for tool in sent["toolConfig"]["tools"]] == ["find_order", "issue_refund", "send_parcel"]

    def test_no_tools_are_left_out_because_an_empty_list_is_refused(self) -> None:
        assert "toolConfig" not in wire(request(tools=()))
        assert "toolConfig" not in wire(request(tools=(), model=CACHING))

    def test_cache_points_end_what_is_the_same_in_the_next_request(self) -> None:
        sent = wire(request(HI, HI, model=CACHING))
        assert invalid(sent) == ""
        assert sent["system"][-1] == POINT
        assert sent["toolConfig"]["tools"][-1] == POINT
        assert [message["content"][-1] == POINT for message in sent["messages"]] == [False, True]

    def test_a_model_that_does_not_take_cache_points_gets_none(self) -> None:
        assert "cachePoint" not in str(wire(request()))

    @pytest.mark.parametrize(
        ("block", "sent"),
        [
            ({"text": "hi"}, {"text": "hi"}),
            (
                {"call": ToolCall(id="c", tool="t", arguments={"a": 1})},
                {"toolUse": {"toolUseId": "c", "name": "t", "input": {"a": 1}}},
            ),
            ({"call": ToolCall(id="c", tool="t", arguments="no object")}, {"toolUse": {"toolUseId": "c", "name": "t", "input": {}}}),
            ({"call": ToolCall(id="c", tool="a tool!", arguments={})}, {"toolUse": {"toolUseId": "c", "name": "a_tool_", "input": {}}}),
            ({"call": ToolCall(id="c", tool="", arguments={})}, {"toolUse": {"toolUseId": "c", "name": "_", "input": {}}}),
            ({"result": {"id": "c", "value": {"a": 1}}}, {"toolResult": {"toolUseId": "c", "content": [{"json": {"a": 1}}]}}),
            ({"result": {"id": "c", "value": [1]}}, {"toolResult": {"toolUseId": "c", "content": [{"json": {"value": [1]}}]}}),
            ({"result": {"id": "c", "value": None}}, {"toolResult": {"toolUseId": "c", "content": [{"json": {"value": None}}]}}),
            (
                {"result": {"id": "c", "error": "ToolFailed: it fell"}},
                {"toolResult": {"toolUseId": "c", "content": [{"text": "ToolFailed: it fell"}], "status": "error"}},
            ),
        ],
    )
    def test_blocks(self, block: dict[str, Any], sent: dict[str, Any]) -> None:
        arguments = wire(request({"role": "user", "content": [block]}))
        assert arguments["messages"] == [{"role": "user", "content": [sent]}]
        assert invalid(arguments) == ""

    @quick
    @given(replies(["find_order"]))
    def test_whatever_a_model_says_can_be_said_back_to_it(self, said: Reply) -> None:
        kept = recordable(said, 0)
        conversation = Conversation(agent())
        conversation.reply(ModelReply(model="m", text=kept.text, calls=kept.calls, stop=kept.stop))
        conversation.results([ToolResult(call=call.id, tool=call.tool, error="InputRejected", message="no") for call in kept.calls])
        assert invalid(wire(request(*conversation.messages))) == ""

    def test_arguments_nested_too_deeply_to_be_sent_back_are_not_kept(self) -> None:
        nested: Any = {}
        for _ in range(900):
            nested = {"a": nested}
        kept = recordable(Reply(calls=(ToolCall(id="c", tool="t", arguments=nested),)), 0)
        assert invalid(wire(request({"role": "assistant", "content": [{"call": kept.calls[0]}]}))) == ""


class TestReply:
    def test_text_and_usage(self) -> None:
        assert reply(ANSWER) == Reply(text="Hello!", stop="end", usage=Usage(input=7, output=3))

    def test_text_calls_and_what_else_there_may_be(self) -> None:
        content = [
            {"reasoningContent": {"reasoningText": {"text": "hm"}}},
            {"text": "Let me "},
            {"toolUse": {"toolUseId": "c1", "name": "find_order", "input": {"order_id": "A-1"}}},
            {"text": "look."},
            {"toolUse": {"toolUseId": "c1", "name": "find_order"}},
        ]
        said = reply(ANSWER | {"output": {"message": {"content": content}}, "stopReason": "tool_use"})
        assert said.text == "Let me look."
        assert [(call.id, call.tool, call.arguments) for call in said.calls] == [
            ("c1", "find_order", {"order_id": "A-1"}),
            ("c1", "find_order", None),
        ]
        assert said.stop == "tools"

    def test_every_documented_stop_reason_has_a_word_of_ours(self) -> None:
        assert set(SERVICE.shape_for("StopReason").enum) == STOPS.keys()
        assert {reason for reason, stop in STOPS.items() if stop == "refused"} == {"guardrail_intervened", "content_filtered"}

    def test_a_stop_reason_of_the_future_is_an_end(self) -> None:
        assert reply(ANSWER | {"stopReason": "retired"}).stop == "end"

    def test_tokens_from_the_prompt_cache_are_counted_apart(self) -> None:
        used = {"inputTokens": 7, "outputTokens": 3, "totalTokens": 1_210, "cacheReadInputTokens": 1_000, "cacheWriteInputTokens": 200}
        assert reply(ANSWER | {"usage": used}).usage == Usage(input=7, output=3, cache_read=1_000, cache_write=200)

    @pytest.mark.parametrize(
        "figures",
        [
            None,
            {},
            {"inputTokens": 7},
            {"inputTokens": -1, "outputTokens": 3},
            {"inputTokens": 7.5, "outputTokens": 3},
            {"inputTokens": "7", "outputTokens": 3},
            {"inputTokens": True, "outputTokens": 3},
            {"inputTokens": 7, "outputTokens": 10**30},
            {"inputTokens": 7, "outputTokens": 3, "cacheReadInputTokens": -5},
            "seven",
            [7, 3],
        ],
    )
    def test_usage_that_cannot_be_believed_is_not_known(self, figures: Any) -> None:
        said = reply(ANSWER | {"usage": figures})
        assert (said.usage, said.usage_known) == (Usage(), False)
        assert said.text == "Hello!"
