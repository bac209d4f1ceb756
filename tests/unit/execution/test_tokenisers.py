"""The bound of a request's tokens against a real tokeniser and chat template: Mistral's, which come with its package."""

import json
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from mistral_common.protocol.instruct.messages import AssistantMessage, SystemMessage, ToolMessage, UserMessage
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.protocol.instruct.tool_calls import Function, FunctionCall, Tool
from mistral_common.protocol.instruct.tool_calls import ToolCall as AskedCall
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

from septet.core.entries import ToolCall
from septet.execution.agents import ToolSpec
from septet.execution.estimating import json_bound, message_bound, request_bound, text_bound
from septet.execution.ports import Message
from tests.unit.strategies import json_values, objects, quick

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
said = words.map(lambda text: text.strip() or "x")
nasty = st.sampled_from(
    ["\u200d" * 9, "ﷺ﷽", "𒐫𒈙⸻", "\x00\x01\x02", "🏳️‍🌈" * 3, "Zalgo t̸̢̛e̷x̶t̴", "[INST]</s>[TOOL_CALLS]", '\\"' * 9, "0" * 30, "\n\t " * 9]
)
names = st.sampled_from(["find_order", "issue_refund", "x"])
schemas = st.builds(
    lambda fields: {"type": "object", "properties": {name: {"type": "string", "description": text} for name, text in fields.items()}},
    st.dictionaries(names, said, max_size=3),
)
specs = st.lists(st.builds(ToolSpec, name=names, description=said, input_schema=schemas), max_size=3, unique_by=lambda tool: tool.name)
exchanges = st.lists(st.tuples(st.lists(st.tuples(names, objects, json_values | said | nasty), min_size=1, max_size=3)), max_size=3)


@cache
def tokeniser() -> MistralTokenizer:
    return MistralTokenizer.v3(is_tekken=True)


def conversation(first: str, asked: list[Any]) -> list[Message]:
    """A request, and exchanges of calls and results."""
    messages: list[Message] = [{"role": "user", "content": [{"text": first}]}]
    for step, (calls,) in enumerate(asked):
        ids = [f"call{step:02}{place:03}" for place in range(len(calls))]
        made = [ToolCall(id=name, tool=tool, arguments=given) for name, (tool, given, _) in zip(ids, calls, strict=True)]
        messages.append({"role": "assistant", "content": [{"call": call} for call in made]})
        shown = [{"result": {"id": name, "value": value}} for name, (_, _, value) in zip(ids, calls, strict=True)]
        messages.append({"role": "user", "content": shown})
    return messages


def sent(messages: list[Message]) -> list[Any]:
    """*messages* as an OpenAI-compatible server gets them."""
    turned: list[Any] = []
    for message in messages:
        calls = [block["call"] for block in message["content"] if "call" in block]
        if calls:
            asked = [AskedCall(id=call.id, function=FunctionCall(name=call.tool, arguments=json.dumps(call.arguments))) for call in calls]
            turned.append(AssistantMessage(content=None, tool_calls=asked))
        for block in message["content"]:
            if "result" in block:
                turned.append(ToolMessage(content=json.dumps(block["result"]["value"]), tool_call_id=block["result"]["id"], name="x"))
            elif "text" in block:
                turned.append(UserMessage(content=block["text"]))
    return turned


def counted(system: str, tools: list[ToolSpec], messages: list[Message]) -> int:
    declared = [Tool(function=Function(name=tool.name, description=tool.description, parameters=dict(tool.input_schema))) for tool in tools]
    request = ChatCompletionRequest(messages=[SystemMessage(content=system), *sent(messages)], tools=declared, model="m")
    return len(tokeniser().encode_chat_completion(request).tokens)


@quick
@given(said, specs, said | nasty, exchanges)
def test_a_whole_request_never_has_more_tokens_than_its_bound(system: str, tools: list[ToolSpec], first: str, asked: list[Any]) -> None:
    messages = conversation(first, asked)
    assert counted(system, tools, messages) <= request_bound(system, tools) + sum(map(message_bound, messages))


@quick
@given(words | nasty, json_values)
def test_no_text_and_no_value_has_more_tokens_than_bytes(text: str, value: Any) -> None:
    encode = tokeniser().instruct_tokenizer.tokenizer.encode
    assert len(encode(text, bos=False, eos=False)) <= text_bound(text)
    assert len(encode(json.dumps(value), bos=False, eos=False)) <= json_bound(value)
    assert len(encode(json.dumps(value, ensure_ascii=False), bos=False, eos=False)) <= json_bound(value)


def test_many_short_calls_where_most_of_the_tokens_are_the_template_s() -> None:
    messages = conversation("x", [([("x", {}, 1)] * 3,)] * 20)
    tools = [ToolSpec(name="x", description="x", input_schema={"type": "object", "properties": {}})]
    assert 500 < counted("x", tools, messages) <= request_bound("x", tools) + sum(map(message_bound, messages))
