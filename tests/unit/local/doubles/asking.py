"""Model calls as tests make them."""

import json
from typing import Any

from local.doubles.call import ModelCall
from local.doubles.wire.converse import read_call

MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"


def asks(text: str, **who: Any) -> dict[str, Any]:
    """Give the arguments of a first model call about *text*."""
    given = {"agent": "triage", "turn": "t-1", "run": "r-1", "step": "0", **{name: str(value) for name, value in who.items()}}
    tool = {"toolSpec": {"name": "find_order", "inputSchema": {"json": {"type": "object", "properties": {"order_id": {"type": "string"}}}}}}
    return {
        "modelId": MODEL,
        "messages": [{"role": "user", "content": [{"text": text}]}],
        "requestMetadata": given,
        "toolConfig": {"tools": [tool]},
    }


def tool_turn(text: str, results: dict[str, Any], **who: Any) -> dict[str, Any]:
    """Give a later model call about *text*, after tools answered with *results*."""
    arguments = asks(text, **who)
    uses = [{"toolUse": {"toolUseId": f"id-{name}", "name": name, "input": {}}} for name in results]
    answers = [{"toolResult": {"toolUseId": f"id-{name}", "content": [{"json": value}]}} for name, value in results.items()]
    arguments["messages"] += [{"role": "assistant", "content": uses}, {"role": "user", "content": answers}]
    return arguments


def offering(arguments: dict[str, Any], *tools: str) -> dict[str, Any]:
    """Give the same call, offering other tools."""
    schema = {"json": {"type": "object"}}
    return {**arguments, "toolConfig": {"tools": [{"toolSpec": {"name": name, "inputSchema": schema}} for name in tools]}}


def call(arguments: dict[str, Any], *, stream: bool = False) -> ModelCall:
    """Give what the server makes of a call."""
    body = {name: value for name, value in arguments.items() if name != "modelId"}
    return read_call(arguments["modelId"], json.dumps(body).encode(), stream=stream)


def chats(text: str, **who: Any) -> dict[str, Any]:
    """Give the body of a first chat completion request about *text*."""
    parameters = {"type": "object", "properties": {"order_id": {"type": "string"}}}
    return {
        "model": "qwen",
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": text}],
        "metadata": {"agent": "triage", "turn": "t-1", "run": "r-1", "step": "0", **{name: str(value) for name, value in who.items()}},
        "tools": [{"type": "function", "function": {"name": "find_order", "parameters": parameters}}],
    }


def chat_turn(text: str, results: dict[str, Any], **who: Any) -> dict[str, Any]:
    """Give a later chat completion request about *text*, after tools answered with *results*."""
    body = chats(text, **who)
    calls = [{"id": f"id-{name}", "type": "function", "function": {"name": name, "arguments": "{}"}} for name in results]
    answers = [{"role": "tool", "tool_call_id": f"id-{name}", "content": json.dumps(value)} for name, value in results.items()]
    body["messages"] += [{"role": "assistant", "content": None, "tool_calls": calls}, *answers]
    return body
