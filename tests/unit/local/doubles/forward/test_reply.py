import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.doubles.answer import ModelError, Text, ToolUse, Usage
from local.doubles.forward.reply import reply
from local.doubles.forward.request import chat_request
from local.doubles.wire.converse import block, reply_body
from local.doubles.wire.service import service
from local.doubles.wire.shapes import problems
from tests.unit.local.doubles.asking import asks, call
from tests.unit.local.doubles.spoiling import spoiled, unhurried

CALL = call(asks("hello"))


def completion(message: dict[str, Any], finish: str | None = "stop", **rest: Any) -> dict[str, Any]:
    return {"id": "chat-1", "choices": [{"message": message, "finish_reason": finish, **rest.pop("choice", {})}], **rest}


def tool_call(arguments: str, told: str | None = "call_1") -> dict[str, Any]:
    return {"id": told, "type": "function", "function": {"name": "find_order", "arguments": arguments}}


def test_words_and_tool_calls_are_translated() -> None:
    message = {"content": "I look.", "tool_calls": [tool_call('{"order_id": "A-1"}')]}
    tokens = {"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 60}}

    found = reply(completion(message, "tool_calls", usage=tokens), CALL)

    assert found.content == (Text(text="I look."), ToolUse(id="call_1", name="find_order", arguments={"order_id": "A-1"}))
    assert found.stop_reason == "tool_use"
    assert found.usage == Usage(input=40, output=7, cache_read=60)


@pytest.mark.parametrize(
    ("message", "finish", "choice", "reason"),
    [
        ({"content": "x"}, "stop", {}, "end_turn"),
        ({"content": "x"}, None, {}, "end_turn"),
        ({"content": "x"}, "length", {}, "max_tokens"),
        ({"content": "x"}, "content_filter", {}, "content_filtered"),
        ({"content": None, "refusal": "no"}, "stop", {}, "content_filtered"),
        ({"content": "x"}, "stop", {"stop_reason": "END"}, "stop_sequence"),
        ({"content": "x"}, "stop", {"stop_reason": 128001}, "end_turn"),
        ({"tool_calls": [tool_call("{}")]}, "stop", {}, "tool_use"),
        ({"tool_calls": [tool_call("{}")]}, "length", {}, "max_tokens"),
        ({"tool_calls": [tool_call("{}")]}, "function_call", {}, "tool_use"),
    ],
)
def test_why_it_stopped_is_translated(message: dict[str, Any], finish: str | None, choice: dict[str, Any], reason: str) -> None:
    assert reply(completion(message, finish, choice=choice), CALL).stop_reason == reason


@pytest.mark.parametrize(("arguments", "value"), [("", {}), ('{"a": ', '{"a": '), ('"x"', "x"), ("[1]", [1])])
def test_arguments_that_are_no_object_arrive_as_they_are(arguments: str, value: Any) -> None:
    (asked,) = reply(completion({"tool_calls": [tool_call(arguments)]}), CALL).content

    assert isinstance(asked, ToolUse)
    assert asked.arguments == value


def test_ids_that_converse_does_not_allow_are_replaced_each_by_its_own() -> None:
    calls = [tool_call("{}", told) for told in ("", None, "", "a b", "x" * 65, "chatcmpl-tool-1")]

    ids = [part.id for part in reply(completion({"tool_calls": calls}), CALL).content if isinstance(part, ToolUse)]

    assert len(set(ids)) == 6
    assert ids[-1] == "chatcmpl-tool-1"
    assert all(one.startswith("tooluse_") for one in ids[:-1])


def test_without_usage_it_is_estimated() -> None:
    assert reply(completion({"content": "12345678"}), CALL).usage == Usage(input=-(-CALL.size // 4), output=2)


@pytest.mark.parametrize("got", [None, {}, {"choices": []}, {"choices": [{}]}, "text", {"choices": [{"message": {"tool_calls": [{}]}}]}])
def test_what_is_no_completion_is_the_models_error(got: Any) -> None:
    with pytest.raises(ModelError, match="no chat completion") as refused:
        reply(got, CALL)

    assert refused.value.name == "ModelErrorException"


_SERVED = completion(
    {"content": "x", "refusal": None, "tool_calls": [tool_call("{}")]},
    usage={"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 1}},
)


@unhurried
@given(data=st.data())
def test_whatever_a_server_answers_is_an_answer_of_bedrocks_or_the_models_error(data: st.DataObject) -> None:
    shape = service().operation_model("Converse").output_shape
    assert shape is not None
    try:
        answered = reply(spoiled(_SERVED, data), CALL)
    except ModelError as error:
        raised = error.name
    else:
        raised = "ModelErrorException"
        assert problems(json.loads(reply_body(answered, latency=1)), shape) == []
    assert raised == "ModelErrorException"


_ARGUMENTS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.lists(st.booleans(), max_size=2), max_size=3)
_MESSAGES = st.tuples(st.text(min_size=1).filter(str.strip) | st.none(), st.lists(_ARGUMENTS, max_size=3)).filter(
    lambda one: one[0] or one[1]
)


@unhurried
@given(one=_MESSAGES)
def test_what_a_model_said_goes_back_to_it_word_for_word(one: tuple[str | None, list[dict[str, Any]]]) -> None:
    text, arguments = one
    calls = [tool_call(json.dumps(value), f"call_{number}") for number, value in enumerate(arguments)]
    message: dict[str, Any] = {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}
    answered = reply(completion(message), CALL)
    later = asks("hello")
    results: list[Any] = [{"toolResult": {"toolUseId": use["id"], "content": [{"json": {}}]}} for use in calls]
    later["messages"] += [
        {"role": "assistant", "content": [block(part) for part in answered.content]},
        {"role": "user", "content": results or [{"text": "go on"}]},
    ]

    assert chat_request(call(later), model="m")["messages"][1] == message
