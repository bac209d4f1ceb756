from typing import Any

import botocore.session
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from botocore.validate import ParamValidator
from hypothesis import given

from septet.aws.bedrock import BedrockModel, classify, reply, wire
from septet.core.entries import ModelReply, ToolCall, ToolResult
from septet.core.errors import ContextOverflow, ModelRefused, ModelThrottled, ModelUnavailable, SeptetError
from septet.core.money import Usage
from septet.execution.conversation import Conversation, tools
from septet.execution.ports import Message, ModelRequest, Reply
from septet.execution.replies import recordable
from tests.unit.shop import MODEL, agent
from tests.unit.strategies import quick, replies

SERVICE: Any = botocore.session.get_session().get_service_model("bedrock-runtime")
CONVERSE: Any = SERVICE.operation_model("Converse")
ANSWER: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello!"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10},
}

STOPS = {
    "end_turn": "end",
    "stop_sequence": "end",
    "tool_use": "tools",
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "malformed_tool_use": "truncated",
    "malformed_model_output": "truncated",
    "guardrail_intervened": "refused",
    "content_filtered": "refused",
}

CLASSES = {
    "AccessDeniedException": ModelUnavailable,
    "InternalServerException": ModelUnavailable,
    "ModelErrorException": ModelUnavailable,
    "ModelNotReadyException": ModelThrottled,
    "ModelTimeoutException": ModelUnavailable,
    "ResourceNotFoundException": ModelUnavailable,
    "ServiceUnavailableException": ModelUnavailable,
    "ThrottlingException": ModelThrottled,
    "ValidationException": ModelUnavailable,
}


def request(*messages: Message, **changes: Any) -> ModelRequest:
    whole: dict[str, Any] = {
        "model": MODEL,
        "system": "Be kind.",
        "messages": messages or [{"role": "user", "content": [{"text": "hi"}]}],
        "tools": tools(agent()),
        "metadata": {"agent": "clerk", "turn": "clerk", "run": "run-1", "step": "0"},
    }
    return ModelRequest(**whole | changes)


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
        assert sent["inferenceConfig"] == {"maxTokens": 1_000}
        assert sent["requestMetadata"] == {"agent": "clerk", "turn": "clerk", "run": "run-1", "step": "0"}
        assert [tool["toolSpec"]["name"] for tool in sent["toolConfig"]["tools"]] == ["find_order", "issue_refund", "send_parcel"]

    def test_no_tools_are_left_out_because_an_empty_list_is_refused(self) -> None:
        assert "toolConfig" not in wire(request(tools=()))

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

    @pytest.mark.parametrize("reason", SERVICE.shape_for("StopReason").enum)
    def test_every_documented_stop_reason(self, reason: str) -> None:
        assert reply(ANSWER | {"stopReason": reason}).stop == STOPS[reason]

    def test_a_stop_reason_of_the_future_is_an_end(self) -> None:
        assert reply(ANSWER | {"stopReason": "retired"}).stop == "end"

    def test_no_usage_is_none_used(self) -> None:
        assert reply({name: value for name, value in ANSWER.items() if name != "usage"}).usage == Usage()


class TestErrors:
    @pytest.mark.parametrize("code", [shape.name for shape in CONVERSE.error_shapes])
    def test_every_documented_error_has_a_class(self, code: str) -> None:
        assert type(classify(code, "it says")) is CLASSES[code]

    @pytest.mark.parametrize("code", ["TooManyRequestsException", "ServiceQuotaExceededException"])
    def test_errors_of_the_front_door(self, code: str) -> None:
        assert isinstance(classify(code, "it says"), ModelThrottled)

    @pytest.mark.parametrize(
        "message",
        [
            "Input is too long for requested model.",
            "The model returned the following errors: prompt is too long: 200123 tokens > 199999 maximum",
            "Too many input tokens. Max input tokens: 300000",
            "input length and `max_tokens` exceed context limit: This model's maximum context length is 200000",
        ],
    )
    def test_a_request_that_does_not_fit_the_window(self, message: str) -> None:
        assert isinstance(classify("ValidationException", message), ContextOverflow)
        assert isinstance(classify("ServiceUnavailableException", message), ModelUnavailable)

    def test_a_guardrail_and_an_error_of_the_future(self) -> None:
        assert isinstance(classify("GuardrailInterventionException", "no"), ModelRefused)
        assert isinstance(classify("NewException", "what"), ModelUnavailable)
        assert isinstance(classify("", ""), ModelUnavailable)


class _Client:
    def __init__(self, end: Any) -> None:
        self.end = end

    def converse(self, **_: Any) -> Any:
        if isinstance(self.end, Exception):
            raise self.end
        return self.end


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "it says"}}, "Converse")


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (client_error("ThrottlingException"), ModelThrottled),
        (ClientError({}, "Converse"), ModelUnavailable),
        (ReadTimeoutError(endpoint_url="x"), ModelUnavailable),
        (ConnectTimeoutError(endpoint_url="x"), ModelUnavailable),
        (EndpointConnectionError(endpoint_url="x"), ModelUnavailable),
        (ConnectionClosedError(endpoint_url="x"), ModelUnavailable),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), ModelUnavailable),
        (NoCredentialsError(), ModelUnavailable),
        (ParamValidationError(report="x"), ModelUnavailable),
        (ResponseParserError("no JSON"), ModelUnavailable),
        (RecursionError("too deep"), ModelUnavailable),
        ({}, ModelUnavailable),
        ({"output": {}}, ModelUnavailable),
        ({"output": {"message": {"content": [{"toolUse": {"name": "t"}}]}}, "stopReason": "tool_use"}, ModelUnavailable),
        ({"output": {"message": {"content": None}}, "stopReason": "end_turn"}, ModelUnavailable),
    ],
)
def test_whatever_the_provider_does_the_error_has_a_name(end: Any, error: type[SeptetError]) -> None:
    with pytest.raises(error):
        BedrockModel(_Client(end)).complete(request())


def test_a_reply() -> None:
    assert BedrockModel(_Client(ANSWER)).complete(request()).text == "Hello!"


def test_arguments_nested_too_deeply_to_be_sent_back_are_not_kept() -> None:
    said = Reply(calls=(ToolCall(id="c", tool="t", arguments=nested(900)),))
    kept = recordable(said, 0)
    assert invalid(wire(request({"role": "assistant", "content": [{"call": kept.calls[0]}]}))) == ""
