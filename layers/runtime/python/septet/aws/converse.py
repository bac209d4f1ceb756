"""The wire form of Bedrock's Converse. Amazon Bedrock API reference, Converse."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from septet.core.entries import ToolCall
from septet.core.money import Usage
from septet.execution import reports
from septet.execution.agents import ToolSpec
from septet.execution.ports import Message, ModelRequest, Reply

STOPS = {
    "end_turn": "end",
    "stop_sequence": "end",
    "tool_use": "tools",
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "guardrail_intervened": "refused",
    "content_filtered": "refused",
    "malformed_tool_use": "truncated",
    "malformed_model_output": "truncated",
}
"""Converse's stop reasons in our words; see the StopReason member of the Converse API reference."""
_CACHE_POINT = {"cachePoint": {"type": "default"}}
"""Up to here the request is kept in the provider's prompt cache."""
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
"""By the pattern of Converse's ToolName."""


def wire(request: ModelRequest) -> dict[str, Any]:
    """*request* as arguments of Converse and ConverseStream, with cache points where the model takes them.

    After tools and system prompt, which a turn never changes, and after the last message, up to which the next step's request is the same.
    """
    points = [_CACHE_POINT] if "caching" in request.model.capabilities else []
    messages = [_message(message) for message in request.messages]
    if messages:
        messages[-1]["content"] += points
    arguments: dict[str, Any] = {
        "modelId": request.model.id,
        "system": [{"text": request.system}, *points],
        "messages": messages,
        "inferenceConfig": {"maxTokens": request.max_output},
        "requestMetadata": dict(request.metadata),
    }
    if request.tools:
        arguments["toolConfig"] = {"tools": [*_tools(request.tools), *points]}
    return arguments


def _tools(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    return [
        {"toolSpec": {"name": tool.name, "description": tool.description, "inputSchema": {"json": dict(tool.input_schema)}}}
        for tool in tools
    ]


def _message(message: Message) -> dict[str, Any]:
    return {"role": message["role"], "content": [_block(block) for block in message["content"]]}


def _block(block: Mapping[str, Any]) -> dict[str, Any]:
    if "text" in block:
        return {"text": block["text"]}
    if "call" in block:
        call: ToolCall = block["call"]
        # What is no object, or no tool's name, cannot be sent back: the result that follows says what was wrong with it.
        arguments = call.arguments if isinstance(call.arguments, dict) else {}
        return {"toolUse": {"toolUseId": call.id, "name": _NOT_IN_NAMES.sub("_", call.tool) or "_", "input": arguments}}
    result = block["result"]
    if "error" in result:
        return {"toolResult": {"toolUseId": result["id"], "content": [{"text": result["error"]}], "status": "error"}}
    value = result["value"]
    content = {"json": value} if isinstance(value, dict) else {"json": {"value": value}}
    return {"toolResult": {"toolUseId": result["id"], "content": [content]}}


def reply(answer: Mapping[str, Any]) -> Reply:
    """Converse's *answer* as a reply. Raises LookupError or TypeError when it is none."""
    blocks = answer["output"]["message"]["content"]
    used, known = usage(answer.get("usage"))
    return Reply(
        text="".join(block["text"] for block in blocks if "text" in block),
        calls=tuple(
            ToolCall(id=block["toolUse"]["toolUseId"], tool=named(block["toolUse"]), arguments=block["toolUse"].get("input"))
            for block in blocks
            if "toolUse" in block
        ),
        stop=STOPS.get(answer["stopReason"], "end"),
        usage=used,
        usage_known=known,
    )


def named(call: Mapping[str, Any]) -> str:
    """The tool that a model's *call* names. Raises LookupError or TypeError when that is no text."""
    name = call["name"]
    if not isinstance(name, str):
        raise TypeError(f"a tool's name is no {type(name).__name__}")
    return name


def usage(figures: Any) -> tuple[Usage, bool]:
    """The usage in a TokenUsage, and whether it can be believed; ``inputTokens`` does not count what the cache took or gave."""
    return reports.usage(
        figures, input="inputTokens", output="outputTokens", cache_read="cacheReadInputTokens", cache_write="cacheWriteInputTokens"
    )
