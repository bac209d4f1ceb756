import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.entries import ToolCall
from septet.core.money import MICRO, Price, Usage, cost
from septet.execution import estimating
from septet.execution.agents import ModelSpec, ToolSpec
from septet.execution.estimating import message_bound, request_bound, text_bound, tool_bound, worst
from septet.execution.ports import Message
from tests.unit.shop import MODEL
from tests.unit.strategies import json_values, objects, quick

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
calls = st.builds(lambda tool, arguments: {"call": ToolCall(id="call-0-0", tool=tool, arguments=arguments)}, any_text, json_values)
results = st.builds(lambda value: {"result": {"id": "call-0-0", "value": value}}, json_values)
errors = st.builds(lambda text: {"result": {"id": "call-0-0", "error": text}}, any_text)
blocks = st.one_of(st.builds(lambda text: {"text": text}, any_text), calls, results, errors)
messages = st.builds(
    lambda role, content: {"role": role, "content": content}, st.sampled_from(["user", "assistant"]), st.lists(blocks, max_size=4)
)
specs = st.builds(ToolSpec, name=any_text, description=any_text, input_schema=objects)


def spelt(message: Message) -> str:
    """The message as templates spell it: the tokeniser that is the hardest to bound makes a token of every byte of this."""
    parts = [f"<|im_start|>{message['role']}"]
    for block in message["content"]:
        if "call" in block:
            call = block["call"]
            parts.append(json.dumps({"name": call.tool, "arguments": call.arguments}, ensure_ascii=False))
        elif "result" in block:
            result = block["result"]
            parts.append("<tool_response>" + (result["error"] if "error" in result else json.dumps(result["value"])) + "</tool_response>")
        else:
            parts.append(block["text"])
    return "\n".join(parts)


@quick
@given(any_text, st.lists(specs, max_size=3), st.lists(messages, max_size=4))
def test_no_request_has_more_tokens_also_when_every_byte_is_one(system: str, tools: list[ToolSpec], said: list[Message]) -> None:
    declared = [json.dumps({"name": tool.name, "description": tool.description}, ensure_ascii=False) for tool in tools]
    schemas = [json.dumps(tool.input_schema, indent=1) for tool in tools]
    body = "".join(text.replace("\\\\", "\\").replace('\\"', '"') for text in declared) + "".join(schemas)
    whole = system + body + "".join(spelt(message) for message in said)
    markers = sum(len("<|im_start|>assistant\n") + 60 * len(message["content"]) for message in said)  # each of these is one token or few
    assert request_bound(system, tools) + sum(map(message_bound, said)) + markers >= len(whole.encode())


@quick
@given(any_text, json_values)
def test_a_call_that_a_template_writes_as_json_in_json_is_within_its_bound(tool: str, arguments: Any) -> None:
    spelling = json.dumps({"name": "", "arguments": json.dumps(arguments)}) + tool
    assert message_bound({"role": "", "content": [{"call": ToolCall(id="call-0-0", tool=tool, arguments=arguments)}]}) >= len(
        spelling.encode()
    )


@quick
@given(specs)
def test_a_declaration_that_a_template_writes_in_lines_is_within_its_bound(tool: ToolSpec) -> None:
    spelling = json.dumps({"type": "function", "parameters": tool.input_schema}, indent=4)
    assert tool_bound(tool) >= len(re.sub(r"\n *", "\n", spelling)) + len((tool.name + tool.description).encode()), (
        "an indentation is one token"
    )


def test_many_short_calls_and_results_are_within_their_bound() -> None:
    calls = {"role": "assistant", "content": [{"call": ToolCall(id="1", tool="x", arguments={})}] * 9}
    results = {"role": "user", "content": [{"result": {"id": "1", "value": 1}}] * 9}
    assert message_bound(calls) + message_bound(results) >= 9 * 50, "what a pair of them was measured to cost"


@quick
@given(messages)
def test_every_message_makes_a_request_longer(said: Message) -> None:
    assert message_bound(said) > 0


@pytest.mark.parametrize(("text", "most"), [("abc", 3), ("é", 2), ("漢字", 6), ("👋", 4), ("\x00", 1), ("", 0)])
def test_a_text_has_at_most_a_token_a_byte(text: str, most: int) -> None:
    assert text_bound(text) == most


def test_a_result_counts_as_long_as_json_can_be() -> None:
    value = {"name": "é"}
    bound = message_bound({"role": "user", "content": [{"result": {"id": "1", "value": value}}]})
    assert bound == estimating.MESSAGE + estimating.BLOCK + len('{"name": "\\u00e9"}')


def test_what_providers_add_for_tool_use_is_in_every_request() -> None:
    assert request_bound("", []) > 530, "the longest system prompt for tool use that a provider states"


def model(**changes: Any) -> ModelSpec:
    return replace(MODEL, price=Price(input=3, output=10, cache_read=1, cache_write=4), context=1_000, max_output=100, **changes)


def test_the_worst_case_is_all_input_at_its_dearest_and_the_longest_reply() -> None:
    priced = replace(model(), price=Price(input=3 * MICRO, output=10 * MICRO, cache_read=MICRO, cache_write=4 * MICRO))
    assert worst(priced, 10, 50) == 10 * 4 + 50 * 10
    assert worst(priced, 10, 5_000) == 10 * 4 + 100 * 10, "the model's own limit is lower"
    assert worst(priced, 10**9, 50) == 1_000 * 4 + 50 * 10, "no request is larger than the context"
    assert worst(model(), 1, 1) == 1, "a part of a micro-dollar is one"


tokens = st.integers(0, 400)
prices = st.builds(Price, input=tokens, output=tokens, cache_read=tokens, cache_write=tokens)


@quick
@given(st.builds(Usage, input=tokens, output=st.integers(0, 100), cache_read=tokens, cache_write=tokens), prices, st.integers(1, 10**6))
def test_no_usage_within_the_bound_costs_more(usage: Usage, price: Price, unit: int) -> None:
    dear = Price(**{name: unit * getattr(price, name) for name in Price.__slots__})
    bound = usage.input + usage.cache_read + usage.cache_write
    assert cost(usage, dear) <= worst(replace(MODEL, price=dear, context=10**6, max_output=100), bound, 100)
