"""A reply as a chat completion. OpenAI API reference, "The chat completion object"; refusals as in its guide to structured outputs."""

import json
from time import time
from typing import Any
from uuid import uuid4

from local.doubles.answer import Reply, Text, ToolUse, Usage

REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filtered": "stop",
    "guardrail_intervened": "content_filter",
}
"""`finish_reason` by Converse's stop reason. A model that declines says so in `refusal`; only a filter shows in the reason."""


def completion(reply: Reply, *, model: str) -> dict[str, Any]:
    """Give a chat completion."""
    choice = {"index": 0, "message": _message(reply), "logprobs": None, "finish_reason": REASONS[reply.stop_reason]}
    return {**head(model, "chat.completion"), "choices": [choice], **told_usage(reply.usage)}


def head(model: str, kind: str) -> dict[str, Any]:
    """Give the members that every completion and every chunk of one begins with."""
    return {"id": f"chatcmpl-{uuid4().hex}", "object": kind, "created": int(time()), "model": model}


def told_usage(tokens: Usage | None) -> dict[str, Any]:
    """Give the member `usage`; the prompt's tokens hold the cached ones."""
    if tokens is None:
        return {}
    counts = {"prompt_tokens": tokens.read, "completion_tokens": tokens.output, "total_tokens": tokens.total}
    return {"usage": {**counts, "prompt_tokens_details": {"cached_tokens": tokens.cache_read}}}


def sent(event: dict[str, Any]) -> bytes:
    """Encode a server-sent event."""
    return b"data: " + json.dumps(event).encode() + b"\n\n"


def arguments(asked: ToolUse) -> str:
    """Give a call's arguments as the text they are; a broken model's as it wrote them."""
    return asked.arguments if isinstance(asked.arguments, str) else json.dumps(asked.arguments)


def _message(reply: Reply) -> dict[str, Any]:
    said = "".join(part.text for part in reply.content if isinstance(part, Text)) or None
    declined = reply.stop_reason == "content_filtered"
    calls = [
        {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": arguments(part)}}
        for part in reply.content
        if isinstance(part, ToolUse)
    ]
    message = {"role": "assistant", "content": None if declined else said, "refusal": said if declined else None}
    return {**message, **({"tool_calls": calls} if calls else {})}
