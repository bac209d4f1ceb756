import json
from typing import Any

import pytest
from hypothesis import given

from septet.core.entries import ModelReply, ToolCall, ToolResult
from septet.core.errors import ContextOverflow, ModelRefused, ModelThrottled, ModelUnavailable, SeptetError
from septet.core.money import Usage
from septet.execution.chat import body, failure, reply
from septet.execution.conversation import Conversation
from septet.execution.ports import Message, Reply
from septet.execution.replies import recordable
from tests.unit.asking import request
from tests.unit.shop import agent
from tests.unit.strategies import quick, replies


def sent(*messages: Message, **changes: Any) -> Any:
    return json.loads(body(request(*messages, **changes)))


def answer(message: Any, **changes: Any) -> bytes:
    whole = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
    return json.dumps(whole | changes).encode()


def call(text: Any, name: Any = "find_order", id_: Any = "c1") -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": text}}


class TestBody:
    def test_a_request(self) -> None:
        said = sent()
        assert said["messages"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}]
        assert said["max_tokens"] == 700
        assert said["metadata"] == {"agent": "clerk", "turn": "clerk", "run": "run-1", "step": "0"}
        assert [tool["function"]["name"] for tool in said["tools"]] == ["find_order", "issue_refund", "send_parcel"]
        assert said["tools"][0]["type"] == "function"
        assert "model" not in said
        assert json.loads(body(request(), model="qwen3"))["model"] == "qwen3"

    def test_no_tools_are_left_out_because_an_empty_list_is_refused(self) -> None:
        assert "tools" not in sent(tools=())

    def test_calls_and_their_results(self) -> None:
        calls = [ToolCall(id="c1", tool="a tool!", arguments={"a": "ü"}), ToolCall(id="c2", tool="", arguments="no object")]
        results = [{"result": {"id": "c1", "value": {"found": True}}}, {"result": {"id": "c2", "error": "InputRejected: no"}}]
        _, asked, *rest = sent(
            {"role": "assistant", "content": [{"text": "Look."}, *({"call": one} for one in calls)]}, {"role": "user", "content": results}
        )["messages"]
        assert asked["content"] == "Look."
        assert [one["function"] for one in asked["tool_calls"]] == [
            {"name": "a_tool_", "arguments": '{"a": "ü"}'},
            {"name": "_", "arguments": "{}"},
        ]
        assert rest == [
            {"role": "tool", "tool_call_id": "c1", "content": '{"found": true}'},
            {"role": "tool", "tool_call_id": "c2", "content": "InputRejected: no"},
        ]

    def test_half_of_a_surrogate_pair_does_no_harm(self) -> None:
        assert sent({"role": "user", "content": [{"text": "\ud800"}]})["messages"][1]["content"] == "\ud800"

    @quick
    @given(replies(["find_order"]))
    def test_whatever_a_model_says_can_be_said_back_to_it(self, said: Reply) -> None:
        kept = recordable(said, 0)
        conversation = Conversation(agent())
        conversation.reply(ModelReply(model="m", text=kept.text, calls=kept.calls, stop=kept.stop))
        conversation.results([ToolResult(call=one.id, tool=one.tool, error="InputRejected", message="no") for one in kept.calls])
        open_calls: list[str] = []
        for message in sent(*conversation.messages)["messages"]:
            if message["role"] == "tool":
                open_calls.remove(message["tool_call_id"])
            else:
                assert not open_calls, "a result must directly follow the message that asked for it"
                assert isinstance(message["content"], str)
            for asked in message.get("tool_calls", ()):
                assert isinstance(json.loads(asked["function"]["arguments"]), dict)
                open_calls.append(asked["id"])


class TestReply:
    def test_text_and_usage(self) -> None:
        assert reply(answer({"content": "Hello!"})) == Reply(text="Hello!", usage=Usage(input=7, output=3))

    def test_several_calls(self) -> None:
        said = reply(answer({"content": None, "tool_calls": [call('{"order_id": "A-1"}'), call("", id_=None)]}))
        assert [(one.id, one.tool, one.arguments) for one in said.calls] == [
            ("c1", "find_order", {"order_id": "A-1"}),
            ("1", "find_order", {}),
        ]
        assert said.stop == "tools", "some servers say stop"

    @pytest.mark.parametrize("text", ['{"order_id": ', "find A-1", "[1]", '"A-1"'])
    def test_arguments_that_are_no_object_are_passed_on_for_the_gateway_to_refuse(self, text: str) -> None:
        (one,) = reply(answer({"tool_calls": [call(text)]})).calls
        assert not isinstance(one.arguments, dict)
        assert json.dumps(one.arguments) == text or one.arguments == text

    @pytest.mark.parametrize(
        ("reason", "stop"),
        [("stop", "end"), ("length", "truncated"), ("content_filter", "refused"), ("tool_calls", "tools"), ("new", "end"), (None, "end")],
    )
    def test_reasons(self, reason: str | None, stop: str) -> None:
        said = {"choices": [{"message": {"content": "x"}, "finish_reason": reason}]}
        assert reply(json.dumps(said).encode()).stop == stop

    def test_a_refusal_in_words(self) -> None:
        said = reply(answer({"content": None, "refusal": "I will not."}))
        assert (said.text, said.stop) == ("I will not.", "refused")

    @pytest.mark.parametrize(
        ("details", "usage"),
        [
            ({"cached_tokens": 5}, Usage(input=2, output=3, cache_read=5)),
            ({"cached_tokens": 0}, Usage(input=7, output=3)),
            ({"cached_tokens": 8}, Usage(input=7, output=3)),
            ({"cached_tokens": "5"}, Usage(input=7, output=3)),
            (None, Usage(input=7, output=3)),
        ],
    )
    def test_tokens_from_the_cache_are_among_the_prompt_s(self, details: Any, usage: Usage) -> None:
        figures = {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": details}
        said = reply(answer({"content": "x"}, usage=figures))
        assert (said.usage, said.usage_known) == (usage, True)

    @pytest.mark.parametrize("figures", [None, {}, {"prompt_tokens": -7, "completion_tokens": 3}, {"prompt_tokens": "7"}, 7])
    def test_usage_that_cannot_be_believed_is_not_known(self, figures: Any) -> None:
        said = reply(answer({"content": "x"}, usage=figures))
        assert (said.usage, said.usage_known) == (Usage(), False)

    @pytest.mark.parametrize(
        "told",
        [
            b"",
            b"\xff",
            b"null",
            b"[]",
            b"{}",
            b'{"choices": []}',
            b'{"choices": [{}]}',
            b'{"choices": [{"message": null}]}',
            b'{"choices": [{"message": {"content": 7}}]}',
            b'{"choices": [{"message": {"tool_calls": 7}}]}',
            b'{"choices": [{"message": {"tool_calls": [{}]}}]}',
            b'{"choices": [{"message": {"tool_calls": [{"function": {"name": 7}}]}}]}',
            b'{"choices": [{"message": {}, "finish_reason": []}]}',
            b"[" * 100_000,
        ],
    )
    def test_what_is_no_completion_has_a_name_and_may_be_billed(self, told: bytes) -> None:
        with pytest.raises(ModelUnavailable) as caught:
            reply(told)
        assert caught.value.billed


OVERFLOW = "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens. Please reduce the length."


@pytest.mark.parametrize(
    ("status", "told", "error", "billed"),
    [
        (429, {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, ModelThrottled, False),
        (400, {"error": {"message": OVERFLOW, "code": "context_length_exceeded"}}, ContextOverflow, False),
        (400, {"error": {"message": OVERFLOW, "code": 400}}, ContextOverflow, False),
        (400, {"object": "error", "message": OVERFLOW, "code": 400}, ContextOverflow, False),
        (413, "Request Entity Too Large", ContextOverflow, False),
        (400, {"error": {"message": "no such field"}}, ModelUnavailable, False),
        (400, {"error": {"message": "filtered", "code": "content_filter"}}, ModelRefused, True),
        (401, {"error": {"message": "who are you?"}}, ModelUnavailable, False),
        (404, {"error": {"message": "no such model", "code": "model_not_found"}}, ModelUnavailable, False),
        (408, "", ModelUnavailable, True),
        (500, {"error": {"message": OVERFLOW}}, ModelUnavailable, True),
        (503, "no JSON", ModelUnavailable, True),
        (302, "", ModelUnavailable, True),
        (418, [1], ModelUnavailable, False),
        (418, {"error": "a text"}, ModelUnavailable, False),
    ],
)
def test_a_failure_has_a_name_and_says_whether_it_may_be_billed(status: int, told: Any, error: type[SeptetError], *, billed: bool) -> None:
    found = failure(status, told if isinstance(told, str) else json.dumps(told))
    assert type(found) is error
    assert found.billed is billed
    assert str(found).startswith(f"{status}: ")


def test_a_long_message_is_cut() -> None:
    assert len(str(failure(500, "x" * 100_000))) < 3_000
