"""An OpenAI chat completion as a Converse reply. Pure. The model's reasoning, where a server sends it, is not carried."""

import json
import re
from hashlib import sha256
from typing import Any

from local.doubles.answer import ModelError, Reply, Text, ToolUse, Usage, estimated
from local.doubles.call import ModelCall

_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filtered",
}
_GOOD_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")


def reply(completion: Any, call: ModelCall) -> Reply:
    """Translate a completion; raise ModelError (ModelErrorException) when it is none."""
    try:
        choice = completion["choices"][0]
        message = choice["message"]
        text = message.get("content") or message.get("refusal") or ""
        asked = [
            tool_use(one.get("id"), one["function"]["name"], one["function"].get("arguments") or "", f"{completion.get('id')} {number}")
            for number, one in enumerate(message.get("tool_calls") or [])
        ]
        content: tuple[Text | ToolUse, ...] = (*([Text(text=text)] if text else []), *asked)
        return Reply(
            content=content,
            stop_reason=stop_reason(choice, asks=bool(asked), refuses=bool(message.get("refusal"))),
            usage=usage(completion.get("usage"), call, written=len(text)),
        )
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise no_completion(completion) from error


def tool_use(told: str | None, name: str, arguments: str, salt: str) -> ToolUse:
    """Read one tool call; arguments that are no JSON are passed on as the string they are, as a broken model's."""
    try:
        value = json.loads(arguments) if arguments.strip() else {}
    except ValueError:
        value = arguments
    return ToolUse(id=tool_use_id(told, salt), name=name, arguments=value)


def tool_use_id(told: str | None, salt: str) -> str:
    """Keep the server's id where Converse allows it; else make one from *salt*, which must differ from call to call."""
    return told if told and _GOOD_ID.fullmatch(told) else f"tooluse_{sha256(f'{told} {salt}'.encode()).hexdigest()[:22]}"


def stop_reason(choice: dict[str, Any], *, asks: bool, refuses: bool = False) -> str:
    """Translate why it stopped; some servers say `stop` beside tool calls, and vLLM names the stop sequence in `stop_reason`."""
    if refuses:
        return "content_filtered"
    found = _REASONS.get(choice.get("finish_reason") or "stop", "end_turn")
    if found == "end_turn" and asks:
        return "tool_use"
    if found == "end_turn" and isinstance(choice.get("stop_reason"), str):
        return "stop_sequence"
    return found


def usage(told: Any, call: ModelCall, *, written: int) -> Usage:
    """Translate token counts; OpenAI's prompt tokens hold the cached ones, Bedrock's do not. Without any: an estimate."""
    if not told:
        return estimated(call, written=written)
    cached = (told.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Usage(input=max(told["prompt_tokens"] - cached, 0), output=told.get("completion_tokens") or 0, cache_read=cached)


def no_completion(got: Any) -> ModelError:
    """Say that the server's answer cannot be read."""
    return ModelError("ModelErrorException", f"The model server's answer is no chat completion: {json.dumps(got, default=str)[:300]}")
