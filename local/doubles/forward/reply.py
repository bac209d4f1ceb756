"""An OpenAI chat completion as a Converse reply. Pure. The model's reasoning, where a server sends it, is not carried."""

import json
import re
from hashlib import sha256
from typing import Any

from local.doubles.answer import Reply, Text, ToolUse, Usage, estimated
from local.doubles.call import ModelCall
from local.doubles.forward.completion import Choice, TokenCounts, ToolCall, completion, no_completion

_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filtered",
}
_GOOD_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")


def reply(got: Any, call: ModelCall) -> Reply:
    """Translate a completion; raise ModelError (ModelErrorException) when it is none."""
    answer = completion(got)
    choice = answer.choices[0] if answer.choices else Choice()
    message = choice.message
    if message is None:
        raise no_completion("it has no message")
    text = message.content or message.refusal or ""
    asked = [_tool_use(one, f"{answer.id} {number}") for number, one in enumerate(message.tool_calls or [])]
    return Reply(
        content=(*([Text(text=text)] if text else []), *asked),
        stop_reason=stop_reason(choice, asks=bool(asked)),
        usage=usage(answer.usage, call, written=len(text)),
    )


def tool_use_id(told: str | None, salt: str) -> str:
    """Keep the server's id where Converse allows it; else make one from *salt*, which must differ from call to call."""
    return told if told and _GOOD_ID.fullmatch(told) else f"tooluse_{sha256(f'{told} {salt}'.encode(errors='replace')).hexdigest()[:22]}"


def stop_reason(choice: Choice, *, asks: bool) -> str:
    """Translate why it stopped; some servers say `stop` beside tool calls."""
    if choice.message and choice.message.refusal:
        return "content_filtered"
    found = _REASONS.get(choice.finish_reason or "stop", "end_turn")
    if found == "end_turn" and asks:
        return "tool_use"
    if found == "end_turn" and isinstance(choice.stop_reason, str):
        return "stop_sequence"
    return found


def usage(told: TokenCounts | None, call: ModelCall, *, written: int) -> Usage:
    """Translate token counts; OpenAI's prompt tokens hold the cached ones, Bedrock's do not. Without any: an estimate."""
    if not told:
        return estimated(call, written=written)
    cached = (told.prompt_tokens_details and told.prompt_tokens_details.cached_tokens) or 0
    return Usage(input=max(told.prompt_tokens - cached, 0), output=told.completion_tokens or 0, cache_read=cached)


def _tool_use(one: ToolCall, salt: str) -> ToolUse:
    """Read one tool call; arguments that are no JSON are passed on as the string they are, as a broken model's."""
    if not one.function.name:
        raise no_completion("a tool call has no name")
    arguments = one.function.arguments or ""
    try:
        value = json.loads(arguments, parse_constant=_no_json) if arguments.strip() else {}
    except (ValueError, RecursionError):
        value = arguments
    return ToolUse(id=tool_use_id(one.id, salt), name=one.function.name, arguments=value)


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
