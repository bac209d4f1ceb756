"""The events of an answer as server-sent chunks of a chat completion, with usage in the last, as `include_usage` asks for."""

from collections.abc import Iterator
from typing import Any

from local.doubles.answer import Event
from local.doubles.wire.chat_reply import REASONS, head, sent

_DONE = b"data: [DONE]\n\n"


def chunks(events: Iterator[Event], *, model: str) -> Iterator[bytes]:
    """Send each event as it comes; `[DONE]` only after the last of a whole answer. What *events* raises passes through."""
    same = head(model, "chat.completion.chunk")
    calls: dict[int, int] = {}
    for name, event in events:
        if name == "metadata":
            yield sent({**same, "choices": [], "usage": _usage(event)} if "usage" in event else {**same, "choices": []})
            yield _DONE
        elif name == "messageStop":
            yield sent({**same, "choices": [_choice({}, REASONS[event["stopReason"]])]})
        elif delta := _delta(name, event, calls):
            yield sent({**same, "choices": [_choice(delta, None)]})


def _choice(delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}


def _delta(name: str, event: dict[str, Any], calls: dict[int, int]) -> dict[str, Any] | None:
    """Give what an event adds to the message; *calls* numbers the tool calls by their blocks."""
    block = event.get("contentBlockIndex", 0)
    match name, event:
        case "messageStart", _:
            return {"role": "assistant", "content": ""}
        case "contentBlockStart", {"start": {"toolUse": begun}}:
            calls[block] = len(calls)
            function = {"name": begun["name"], "arguments": ""}
            return {"tool_calls": [{"index": calls[block], "id": begun["toolUseId"], "type": "function", "function": function}]}
        case "contentBlockDelta", {"delta": {"toolUse": {"input": piece}}}:
            return {"tool_calls": [{"index": calls[block], "function": {"arguments": piece}}]}
        case "contentBlockDelta", {"delta": {"text": text}}:
            return {"content": text}
    return None


def _usage(event: dict[str, Any]) -> dict[str, Any]:
    told = event["usage"]
    cached = told["cacheReadInputTokens"]
    read = told["inputTokens"] if isinstance(told["inputTokens"], str) else told["inputTokens"] + cached + told["cacheWriteInputTokens"]
    counts = {"prompt_tokens": read, "completion_tokens": told["outputTokens"], "total_tokens": told["totalTokens"]}
    return {**counts, "prompt_tokens_details": {"cached_tokens": cached}}
