"""Converse over HTTP: the request's bytes become a ModelCall, a Reply or an error becomes the answer's bytes.

Amazon Bedrock API reference, Converse; protocol rest-json.
"""

import json
from typing import Any

from local.doubles.answer import ModelError, Reply, Text, ToolUse, Usage
from local.doubles.call import ModelCall
from local.doubles.wire.conversation import broken_rule
from local.doubles.wire.service import request_shape
from local.doubles.wire.shapes import problems


def read_call(model: str, raw: bytes, *, stream: bool) -> ModelCall:
    """Parse and validate a request to *model*; raise ModelError (ValidationException) that names the field."""
    body = _object(raw)
    found = problems({**body, "modelId": model}, request_shape(stream=stream))
    if found:
        raise _invalid(f"{len(found)} validation error{'s' * (len(found) > 1)} detected: {'; '.join(found)}")
    body = {name: value for name, value in body.items() if value is not None}
    rule = broken_rule(body)
    if rule:
        raise _invalid(rule)
    who = body.get("requestMetadata", {})
    return ModelCall(
        provider="bedrock",
        model=model,
        stream=stream,
        agent=who.get("agent", ""),
        turn=who.get("turn", ""),
        run=who.get("run", ""),
        step=_step(body, who.get("step")),
        body=body,
        size=len(raw),
    )


def reply_body(reply: Reply, *, latency: int) -> bytes:
    """Encode a Converse response; latency in milliseconds."""
    body = {
        "output": {"message": {"role": "assistant", "content": [block(part) for part in reply.content]}},
        "stopReason": reply.stop_reason,
        **told_usage(reply.usage),
        "metrics": {"latencyMs": latency},
    }
    return json.dumps(body).encode()


def error_body(error: ModelError) -> bytes:
    """Encode an exception; its name travels in the header x-amzn-errortype."""
    return json.dumps({"message": error.message}).encode()


def block(part: Text | ToolUse) -> dict[str, Any]:
    """Give a ContentBlock."""
    if isinstance(part, Text):
        return {"text": part.text}
    return {"toolUse": {"toolUseId": part.id, "name": part.name, "input": part.arguments}}


def told_usage(tokens: Usage | None) -> dict[str, Any]:
    """Give the member `usage`, a TokenUsage; nothing where the model tells nothing."""
    if tokens is None:
        return {}
    counts = {
        "inputTokens": tokens.input,
        "outputTokens": tokens.output,
        "totalTokens": tokens.total,
        "cacheReadInputTokens": tokens.cache_read,
        "cacheWriteInputTokens": tokens.cache_write,
    }
    return {"usage": counts}


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"The body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise _invalid(f"The body must be a JSON object, not {type(body).__name__}")
    if "modelId" in body:
        raise _invalid("Unknown member 'modelId'; the model is named in the path")
    return body


def _step(body: dict[str, Any], told: str | None) -> int:
    if told is None:
        return sum(message["role"] == "assistant" for message in body["messages"])
    if not (told.isascii() and told.isdecimal()):
        raise _invalid(f"Value '{told}' at 'requestMetadata.step' must be a whole number from 0, as a string")
    return int(told)


def _invalid(message: str) -> ModelError:
    return ModelError("ValidationException", message, outcome="invalid")
