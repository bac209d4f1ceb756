"""A chat completion request read as a Converse request, so that one script answers every protocol.

OpenAI API reference, "Create chat completion". `metadata`, an object of strings, says who asks: agent, turn, run and step.
"""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from local.doubles.answer import ModelError
from local.doubles.call import ModelCall
from local.doubles.wire.chat_rules import broken_rule

_MOST_SAID = 3

type Json = dict[str, Any]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)


class Words(_Part):
    """A part of a message."""

    type: Literal["text"]
    text: str


type Content = str | Annotated[list[Words], Field(min_length=1)]


class Function(_Part):
    """A tool that is called, and its arguments as text."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    arguments: str


class Call(_Part):
    """A tool call in the conversation so far."""

    id: Annotated[str, Field(min_length=1)]
    type: Literal["function"]
    function: Function


class Message(_Part):
    """A message, of whichever role."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content | None = None
    tool_calls: Annotated[list[Call], Field(min_length=1)] | None = None
    tool_call_id: str | None = None

    @property
    def words(self) -> str:
        """Everything it says."""
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content or [])


class Declaration(_Part):
    """A tool that is offered."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, JsonValue] = {"type": "object", "properties": {}}


class Tool(_Part):
    """An entry of the offered tools."""

    type: Literal["function"]
    function: Declaration


class ChatRequest(_Part):
    """The members that are understood; others are passed on to a real model, and a script needs none."""

    model_config = ConfigDict(strict=True, extra="allow")

    model: str | None = None
    messages: Annotated[list[Message], Field(min_length=1)]
    tools: Annotated[list[Tool], Field(min_length=1)] | None = None
    stream: bool | None = None
    stream_options: dict[str, JsonValue] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    metadata: Annotated[dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)] | None = (
        None
    )


def read_chat(raw: bytes, *, provider: str, model: str = "") -> ModelCall:
    """Parse and validate a request; raise ModelError (ValidationException) that names the field. *model* where the body names none."""
    chat = _chat(raw)
    if not (chat.model or model):
        raise _invalid("you must provide a model parameter")
    if rule := broken_rule(chat.messages):
        raise _invalid(rule)
    who = chat.metadata or {}
    step = who.get("step", str(sum(message.role == "assistant" for message in chat.messages)))
    if not (step.isascii() and step.isdecimal()):
        raise _invalid(f"metadata.step: '{step}' must be a whole number from 0, as a string")
    return ModelCall(
        provider=provider,
        model=chat.model or model,
        stream=bool(chat.stream),
        agent=who.get("agent", ""),
        turn=who.get("turn", ""),
        run=who.get("run", ""),
        step=int(step),
        body=_converse(chat),
        size=len(raw),
    )


def _chat(raw: bytes) -> ChatRequest:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"the body is not JSON: {error}") from error
    try:
        return ChatRequest.model_validate(body)
    except (ValidationError, RecursionError) as error:
        told = error.errors()[:_MOST_SAID] if isinstance(error, ValidationError) else [{"loc": (), "msg": "is nested too deep"}]
        said = "; ".join(f"{'.'.join(str(part) for part in one['loc']) or 'the body'}: {one['msg']}" for one in told)
        raise _invalid(said) from error


def _converse(chat: ChatRequest) -> Json:
    system = [{"text": message.words} for message in chat.messages if message.role in {"system", "developer"} and message.words]
    most = chat.max_completion_tokens or chat.max_tokens
    tools = [
        {"toolSpec": {"name": tool.function.name, **_described(tool.function), "inputSchema": {"json": tool.function.parameters}}}
        for tool in chat.tools or []
    ]
    return {
        "messages": _messages(chat.messages),
        **({"system": system} if system else {}),
        **({"inferenceConfig": {"maxTokens": most}} if most else {}),
        **({"toolConfig": {"tools": tools}} if tools else {}),
        **({"additionalModelRequestFields": chat.model_extra} if chat.model_extra else {}),
    }


def _described(tool: Declaration) -> Json:
    return {"description": tool.description} if tool.description else {}


def _messages(chat: Sequence[Message]) -> list[Json]:
    """Neighbours of one side become one message; results of tools are the user's side."""
    found: list[Json] = []
    for message in chat:
        if message.role in {"system", "developer"}:
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if found and found[-1]["role"] == role:
            found[-1]["content"] += _blocks(message)
        else:
            found.append({"role": role, "content": _blocks(message)})
    return found


def _blocks(message: Message) -> list[Json]:
    if message.role == "tool":
        return [{"toolResult": {"toolUseId": message.tool_call_id, "content": [{"text": message.words}]}}]
    said: list[Json] = [{"text": message.words}] if message.words else []
    asked = [
        {"toolUse": {"toolUseId": call.id, "name": call.function.name, "input": json.loads(call.function.arguments)}}
        for call in message.tool_calls or []
    ]
    return said + asked


def _invalid(message: str) -> ModelError:
    return ModelError("ValidationException", message, outcome="invalid")
