"""How a step of a scenario is played: the reply as written, or spoiled by a fault. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from local.doubles.answer import ConnectionDropped, ModelError, Reply, Text, ToolUse, Usage, estimated
from local.doubles.call import ModelCall
from local.doubles.scenario.holes import fill, tool_results
from local.doubles.scenario.script import REPEAT, Fault, Step

_ERRORS = {
    "throttling": ("ThrottlingException", "Too many requests, please wait before trying again."),
    "not_ready": ("ModelNotReadyException", "The model is not ready to serve inference requests. Try again later."),
    "unavailable": ("ServiceUnavailableException", "The service is not available at the moment. Try again later."),
    "internal": ("InternalServerException", "The system met an unexpected error while processing your request. Try again."),
    "timeout": ("ModelTimeoutException", "The model took too long to answer. Try again."),
    "model_error": ("ModelErrorException", "The model met an error while processing the request."),
    "context_overflow": ("ValidationException", ""),
    "access_denied": ("AccessDeniedException", "You do not have access to the model with the specified model ID."),
    "not_found": ("ResourceNotFoundException", "The model is not found."),
    "stream_error": ("ModelStreamErrorException", "The model met an error in the middle of its answer."),
}
_OVERFLOW = {"bedrock": "Input is too long for requested model."}
_CHAT_OVERFLOW = "This model's maximum context length is 8192 tokens. However, your request has 8193 tokens. Please reduce its length."
"""Services tell an overflow by different words; OpenAI, vLLM and those who follow them by these."""
_WORKED = {"timeout", "model_error", "stream_error"}
"""Errors that come after the model has worked: the service charges for them."""
_NO_STREAM_ERROR = "ModelErrorException"
"""What stands for ModelStreamErrorException where the answer is no stream."""
_REFUSED = "The generated text has been blocked by our content filters."
_INTERVENED = "Sorry, the model cannot answer this question."
_FILLER = "and so on, "
_GARBAGE = '<|tool▁call▁begin|>{"name": "find_ord, "argu ments": {{ … }'


@dataclass(frozen=True, kw_only=True)
class Act:
    """What happens on one attempt: first the delay, then the reply up to its end, or up to the middle when it ends badly."""

    delay: float
    reply: Reply | None = None
    bad_end: ModelError | ConnectionDropped | None = None
    cut: bool = False
    """A stream ends in the middle as if it were complete."""


def perform(step: Step, fault: Fault | None, call: ModelCall) -> Act:
    """Play *step* for *call*, spoiled by *fault*; raise holes.Unfilled when the reply needs a result that is not there."""
    if fault is None:
        return Act(delay=step.delay, reply=_written(step, call))
    if fault.fault == "dropped":
        return Act(delay=fault.delay, bad_end=ConnectionDropped(outcome=fault.fault))
    if fault.fault in {"dropped_midway", "stalled", "stream_cut"}:
        return _broken_off(fault, replace(_written(step, call), outcome=fault.fault), stream=call.stream)
    if fault.fault in _ERRORS:
        return _error(step, fault, call)
    return Act(delay=fault.delay, reply=replace(_SHAPES[fault.fault](step, fault, call), outcome=fault.fault))


def _broken_off(fault: Fault, reply: Reply, *, stream: bool) -> Act:
    if fault.fault == "stream_cut" and stream:
        return Act(delay=fault.delay, reply=reply, cut=True)
    silent = fault.fault == "stalled"
    dropped = ConnectionDropped(outcome=fault.fault, reply=reply, pause=fault.delay if silent else 0)
    return Act(delay=0 if silent else fault.delay, reply=reply, bad_end=dropped)


def _error(step: Step, fault: Fault, call: ModelCall) -> Act:
    name, message = _ERRORS[fault.fault]
    midway = fault.fault == "stream_error" and call.stream
    if fault.fault == "stream_error" and not call.stream:
        name = _NO_STREAM_ERROR
    usual = message or _OVERFLOW.get(call.provider, _CHAT_OVERFLOW)
    error = ModelError(name, fault.message or usual, outcome=fault.fault, billed=fault.fault in _WORKED)
    return Act(delay=fault.delay, reply=_written(step, call) if midway else None, bad_end=error)


def _written(step: Step, call: ModelCall) -> Reply:
    results = tool_results(call)
    text = _padded(str(fill(step.text or "", results)), step.pad or 0)
    said: list[Text | ToolUse] = [Text(text=text)] if step.text is not None or step.pad else []
    wanted = [
        (one, results if one.repeat == 1 else {**results, REPEAT: number}) for one in step.calls for number in range(1, one.repeat + 1)
    ]
    asked = [
        ToolUse(id=_tool_use_id(call, number), name=one.tool, arguments=fill(one.arguments, known))
        for number, (one, known) in enumerate(wanted)
    ]
    content = (*said, *asked)
    return Reply(content=content, stop_reason=step.stop or ("tool_use" if asked else "end_turn"), usage=_usage(step, call, content))


def _padded(text: str, size: int) -> str:
    """Fill *text* up to *size* bytes of UTF-8."""
    missing = size - len(text.encode())
    return text + (_FILLER * (missing // len(_FILLER) + 1))[: max(missing, 0)]


def _usage(step: Step, call: ModelCall, content: tuple[Text | ToolUse, ...]) -> Usage:
    if step.usage is not None:
        return Usage(**step.usage.model_dump())
    written = sum(len(part.text) if isinstance(part, Text) else len(part.name) + len(str(part.arguments)) for part in content)
    return estimated(call, written=written)


def _tool_use_id(call: ModelCall, number: int) -> str:
    """Give the same id on every attempt of the same step, and another everywhere else."""
    which = "\n".join([call.run, call.agent, call.turn, str(call.step), str(number)])
    return f"tooluse_{sha256(which.encode()).hexdigest()[:22]}"


def _said_instead(step: Step, call: ModelCall, text: str, stop_reason: str) -> Reply:
    content = (Text(text=text),)
    return Reply(content=content, stop_reason=stop_reason, usage=_usage(step, call, content))


def _first_call(reply: Reply, **changes: Any) -> Reply:
    at, asked = _first_asked(reply)
    return replace(reply, content=(*reply.content[:at], replace(asked, **changes), *reply.content[at + 1 :]))


def _first_asked(reply: Reply) -> tuple[int, ToolUse]:
    return next((at, part) for at, part in enumerate(reply.content) if isinstance(part, ToolUse))


def _misfit(arguments: Any) -> dict[str, Any]:
    """Arguments no schema of scalars and lists accepts: every value wrapped in an object, and a member nobody declared."""
    return {**{name: {"malformed": value} for name, value in arguments.items()}, "malformed": True}


def _truncated(reply: Reply) -> Reply:
    """Cut the last part in half: words by length, a call by its arguments."""
    last = reply.content[-1]
    if isinstance(last, Text):
        cut: Text | ToolUse = Text(text=last.text[: -(-len(last.text) // 2)])
    else:
        cut = replace(last, arguments=dict(list(last.arguments.items())[: len(last.arguments) // 2]))
    return replace(reply, content=(*reply.content[:-1], cut), stop_reason="max_tokens")


def _malformed(reply: Reply) -> Reply:
    return _first_call(reply, arguments=_misfit(_first_asked(reply)[1].arguments))


def _unknown(reply: Reply) -> Reply:
    return _first_call(reply, name=f"no_such_{_first_asked(reply)[1].name}"[:64])


def _miscounted(step: Step, call: ModelCall, usage: Usage | None) -> Reply:
    return replace(_written(step, call), usage=usage)


_SHAPES: dict[str, Callable[[Step, Fault, ModelCall], Reply]] = {
    "slow": lambda step, _fault, call: _written(step, call),
    "truncation": lambda step, _fault, call: _truncated(_written(step, call)),
    "malformed_arguments": lambda step, _fault, call: _malformed(_written(step, call)),
    "non_object_arguments": lambda step, _fault, call: _first_call(_written(step, call), arguments='{"unfinished": '),
    "unknown_tool": lambda step, _fault, call: _unknown(_written(step, call)),
    "garbage_text": lambda step, fault, call: _said_instead(step, call, fault.message or _GARBAGE, "end_turn"),
    "empty": lambda step, _fault, call: Reply(content=(), stop_reason="end_turn", usage=_usage(step, call, ())),
    "usage_missing": lambda step, _fault, call: _miscounted(step, call, None),
    "usage_negative": lambda step, _fault, call: _miscounted(step, call, Usage(input=-1_000, output=-1_000)),
    "usage_huge": lambda step, _fault, call: _miscounted(step, call, Usage(input=10**15, output=10**15)),
    "usage_text": lambda step, _fault, call: _miscounted(step, call, Usage(input="a thousand", output="a few")),
    "refusal": lambda step, fault, call: _said_instead(step, call, fault.message or _REFUSED, "content_filtered"),
    "guardrail": lambda step, fault, call: _said_instead(step, call, fault.message or _INTERVENED, "guardrail_intervened"),
}
