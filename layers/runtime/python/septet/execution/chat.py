"""Chat completions, the form that OpenAI-compatible servers speak: vLLM, SageMaker's LMI containers, Ollama and others. Pure.

OpenAI API reference, "Create chat completion", and the errors that vLLM answers.
"""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from septet.core.entries import ToolCall
from septet.core.errors import ContextOverflow, ModelRefused, ModelThrottled, ModelUnavailable, SeptetError
from septet.core.money import Usage
from septet.execution import reports
from septet.execution.agents import ToolSpec
from septet.execution.ports import Message, ModelRequest, Reply, unbilled

MESSAGE_CHARACTERS = 2_000
"""Of what a server says of its failure that are kept."""
_STOPS = {"stop": "end", "tool_calls": "tools", "function_call": "tools", "length": "truncated", "content_filter": "refused"}
"""``finish_reason`` in our words."""
_DECLINED = frozenset({"content_filter", "content_policy_violation"})
"""Codes of an error object that say that a filter declined."""
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
_WORKED_ON = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT})
"""Of the 4xx, those that can come after some work was done."""


def body(request: ModelRequest, *, model: str = "") -> bytes:
    """*request* as the body of a chat completion; *model* names it where a server has several."""
    said: dict[str, Any] = {
        "messages": [{"role": "system", "content": request.system}, *(each for one in request.messages for each in _messages(one))],
        "max_tokens": request.max_output,
        "metadata": dict(request.metadata),
    }
    if model:
        said["model"] = model
    if request.tools:
        said["tools"] = [_tool(tool) for tool in request.tools]
    return json.dumps(said, separators=(",", ":"), allow_nan=False).encode()


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.input_schema)}}


def _messages(message: Message) -> list[dict[str, Any]]:
    """One message of ours: what was said is one of theirs, and each tool's result is one of its own, before it."""
    blocks = message["content"]
    found = [_result(block["result"]) for block in blocks if "result" in block]
    said = "\n".join(block["text"] for block in blocks if "text" in block)
    calls = [_call(block["call"]) for block in blocks if "call" in block]
    if said or calls or not found:
        found.append({"role": message["role"], "content": said, **({"tool_calls": calls} if calls else {})})
    return found


def _call(call: ToolCall) -> dict[str, Any]:
    # What is no object, or no tool's name, cannot be sent back: the result that follows says what was wrong with it.
    arguments = call.arguments if isinstance(call.arguments, dict) else {}
    name = _NOT_IN_NAMES.sub("_", call.tool) or "_"
    return {"id": call.id, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}}


def _result(result: Mapping[str, Any]) -> dict[str, Any]:
    text = result["error"] if "error" in result else json.dumps(result["value"], ensure_ascii=False)
    return {"role": "tool", "tool_call_id": result["id"], "content": text}


def reply(answer: bytes) -> Reply:
    """The chat completion in *answer* as a reply. Raises ModelUnavailable when it is none."""
    try:
        whole = json.loads(answer)
        choice = whole["choices"][0]
        message = choice["message"]
        calls = tuple(_asked(call, place) for place, call in enumerate(message.get("tool_calls") or ()))
        text, declined = _text(message.get("content")), _text(message.get("refusal"))
        stop = "refused" if declined else _STOPS.get(choice.get("finish_reason"), "end")
        used, known = _usage(whole.get("usage"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ModelUnavailable(f"the server answered with what is no chat completion: {type(error).__name__}") from error
    return Reply(text=text or declined, calls=calls, stop="tools" if calls and stop == "end" else stop, usage=used, usage_known=known)


def _text(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise TypeError("a text is none")
    return value or ""


def _asked(call: Mapping[str, Any], place: int) -> ToolCall:
    function = call["function"]
    return ToolCall(id=str(call.get("id") or place), tool=_text(function["name"]), arguments=reports.arguments(function.get("arguments")))


def _usage(figures: Any) -> tuple[Usage, bool]:
    """The usage; a chat completion counts the tokens from the prompt cache among the prompt's, we count them apart."""
    used, known = reports.usage(figures, input="prompt_tokens", output="completion_tokens")
    details = figures.get("prompt_tokens_details") if known else None
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else None
    if type(cached) is int and 0 < cached <= used.input:
        return Usage(input=used.input - cached, output=used.output, cache_read=cached), True
    return used, known


def failure(status: int, answer: str) -> SeptetError:
    """The named error for an HTTP *status* and what came with it; marked as not billed where the server did no work."""
    code, message = _told(answer)
    message = f"{status}: {message[:MESSAGE_CHARACTERS]}"
    if code in _DECLINED:
        return ModelRefused(message)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return unbilled(ModelThrottled(message))
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR or status in _WORKED_ON:
        return ModelUnavailable(message)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or code == "context_length_exceeded" or reports.too_long(message):
        return unbilled(ContextOverflow(message))
    return unbilled(ModelUnavailable(message))


def _told(answer: str) -> tuple[str, str]:
    """Code and message of an error object, in the shapes of OpenAI and vLLM; the text as it is when it is none."""
    try:
        whole = json.loads(answer)
    except (ValueError, RecursionError):
        return "", answer
    told = whole.get("error", whole) if isinstance(whole, dict) else whole
    if not isinstance(told, Mapping):
        return "", str(told)
    return str(told.get("code") or ""), str(told.get("message") or answer)
