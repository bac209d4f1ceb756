import json
from typing import Any

import pytest

from local.doubles.answer import ModelError
from local.doubles.forward.request import chat_request
from tests.unit.local.doubles.asking import asks, call, tool_turn


def chat(arguments: dict[str, Any], *, stream: bool = False) -> dict[str, Any]:
    return chat_request(call(arguments, stream=stream), model="qwen3")


def test_a_whole_conversation_is_translated() -> None:
    arguments = tool_turn("Where is my order?", {"find_order": {"total": 3}})
    arguments["system"] = [{"text": "You help."}, {"cachePoint": {"type": "default"}}, {"text": "Be brief."}]
    arguments["messages"][1]["content"] = [{"text": "I look."}, *arguments["messages"][1]["content"]]
    arguments["messages"][2]["content"] += [{"text": "Well?"}]
    arguments["inferenceConfig"] = {"maxTokens": 100, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]}
    arguments["additionalModelRequestFields"] = {"top_k": 5, "model": "never"}

    assert chat(arguments) == {
        "model": "qwen3",
        "messages": [
            {"role": "system", "content": "You help.\n\nBe brief."},
            {"role": "user", "content": "Where is my order?"},
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [{"id": "id-find_order", "type": "function", "function": {"name": "find_order", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "id-find_order", "content": '{"total": 3}'},
            {"role": "user", "content": "Well?"},
        ],
        "max_tokens": 100,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["END"],
        "top_k": 5,
        "tools": [
            {
                "type": "function",
                "function": {"name": "find_order", "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}}},
            }
        ],
    }


@pytest.mark.parametrize(
    ("choice", "translated"),
    [
        ({"auto": {}}, "auto"),
        ({"any": {}}, "required"),
        ({"tool": {"name": "find_order"}}, {"type": "function", "function": {"name": "find_order"}}),
    ],
)
def test_the_choice_of_a_tool_is_translated(choice: dict[str, Any], translated: Any) -> None:
    arguments = asks("hello")
    arguments["toolConfig"]["toolChoice"] = choice

    assert chat(arguments)["tool_choice"] == translated


def test_a_stream_asks_for_its_usage() -> None:
    asked = chat(asks("hello"), stream=True)

    assert asked["stream"] is True
    assert asked["stream_options"] == {"include_usage": True}
    assert "stream" not in chat(asks("hello"))


def test_a_failed_tool_says_so_and_text_results_stay_text() -> None:
    arguments = tool_turn("hello", {"find_order": 1})
    arguments["messages"][2]["content"] = [
        {"toolResult": {"toolUseId": "id-find_order", "content": [{"text": "no such order"}], "status": "error"}}
    ]

    assert chat(arguments)["messages"][-1]["content"] == "The tool failed: no such order"


def test_images_and_guarded_words_are_carried() -> None:
    arguments = asks("hello")
    arguments["messages"][0]["content"] = [
        {"guardContent": {"text": {"text": "guarded"}}},
        {"image": {"format": "png", "source": {"bytes": "aGk="}}},
    ]

    assert chat(arguments)["messages"][0]["content"] == [
        {"type": "text", "text": "guarded"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
    ]


def test_a_wanted_format_is_carried() -> None:
    arguments = asks("hello")
    arguments["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type": "object"}'}}}}

    wanted = chat(arguments)["response_format"]

    assert wanted == {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}


@pytest.mark.parametrize(
    ("member", "value", "sentence"),
    [
        ("messages", [{"role": "user", "content": [{"document": {"name": "a", "source": {"text": "x"}}}]}], "cannot carry document"),
        (
            "messages",
            [{"role": "user", "content": [{"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/x"}}}}]}],
            "cannot carry image.source.s3Location",
        ),
        ("toolConfig", {"tools": [{"systemTool": {"name": "x"}}]}, "cannot carry toolConfig.tools.systemTool"),
        ("guardrailConfig", {"guardrailIdentifier": "abc", "guardrailVersion": "1"}, "cannot carry guardrailConfig"),
    ],
)
def test_what_a_chat_server_has_no_word_for_is_refused_by_name(member: str, value: Any, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence) as refused:
        chat({**asks("hello"), member: value})

    assert refused.value.name == "ValidationException"


def test_a_wanted_format_that_is_no_json_is_refused() -> None:
    arguments = asks("hello")
    arguments["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{"}}}}

    with pytest.raises(ModelError, match=r"outputConfig\.textFormat\.structure\.jsonSchema\.schema.* is no JSON"):
        chat(arguments)


def test_translating_does_not_change_the_call() -> None:
    arguments = tool_turn("hello", {"find_order": 1})
    before = json.dumps(arguments)

    chat(arguments)

    assert json.dumps(arguments) == before
