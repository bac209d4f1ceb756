"""Amazon Bedrock's Converse behind the model port."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from septet.core.entries import ToolCall
from septet.core.errors import ContextOverflow, ModelRefused, ModelThrottled, ModelUnavailable, SeptetError
from septet.core.money import Usage
from septet.execution.agents import ToolSpec
from septet.execution.ports import Message, ModelRequest, Reply

_STOPS = {
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
_THROTTLED = frozenset({"ThrottlingException", "TooManyRequestsException", "ServiceQuotaExceededException", "ModelNotReadyException"})
_OVERFLOW = ("too long", "too many input tokens", "context length", "maximum context", "exceeds the context", "input is too large")
"""What providers write into a ValidationException when the request does not fit the context window."""
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
"""By the pattern of Converse's ToolName."""


class BedrockModel:
    """Any model that Bedrock serves."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def complete(self, request: ModelRequest) -> Reply:
        """The model's reply. Raises ModelThrottled, ModelUnavailable, ModelRefused or ContextOverflow."""
        try:
            return reply(self._client.converse(**wire(request)))
        except ClientError as error:
            raise classify(error.response.get("Error", {}).get("Code", ""), str(error)) from error
        except BotoCoreError as error:
            raise ModelUnavailable(f"{request.model.id} could not be reached: {error}") from error
        except (ResponseParserError, LookupError, TypeError, RecursionError) as error:
            raise ModelUnavailable(f"{request.model.id} answered with what is no reply: {type(error).__name__}") from error


def wire(request: ModelRequest) -> dict[str, Any]:
    """*request* as arguments of Converse."""
    arguments: dict[str, Any] = {
        "modelId": request.model.id,
        "system": [{"text": request.system}],
        "messages": [_message(message) for message in request.messages],
        "inferenceConfig": {"maxTokens": request.model.max_output},
        "requestMetadata": dict(request.metadata),
    }
    if request.tools:
        arguments["toolConfig"] = {"tools": _tools(request.tools)}
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
    """Converse's *answer* as a reply."""
    blocks = answer["output"]["message"]["content"]
    used = answer.get("usage", {})
    return Reply(
        text="".join(block["text"] for block in blocks if "text" in block),
        calls=tuple(
            ToolCall(id=block["toolUse"]["toolUseId"], tool=block["toolUse"]["name"], arguments=block["toolUse"].get("input"))
            for block in blocks
            if "toolUse" in block
        ),
        stop=_STOPS.get(answer["stopReason"], "end"),
        usage=Usage(input=used.get("inputTokens", 0), output=used.get("outputTokens", 0)),
    )


def classify(code: str, message: str) -> SeptetError:
    """The named error for a Bedrock error *code*, by the Converse API reference."""
    if code in _THROTTLED:
        return ModelThrottled(message)
    if code == "ValidationException" and any(sign in message.lower() for sign in _OVERFLOW):
        return ContextOverflow(message)
    if code == "GuardrailInterventionException":
        return ModelRefused(message)
    return ModelUnavailable(message)
