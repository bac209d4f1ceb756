"""Rules of a chat conversation that no type expresses; the sentences are those OpenAI's API and vLLM answer with."""

import json
from collections.abc import Iterator, Sequence
from typing import Protocol


class _Function(Protocol):
    @property
    def arguments(self) -> str: ...


class _Call(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def function(self) -> _Function: ...


class _Message(Protocol):
    @property
    def role(self) -> str: ...
    @property
    def content(self) -> object: ...
    @property
    def tool_calls(self) -> Sequence[_Call] | None: ...
    @property
    def tool_call_id(self) -> str | None: ...


def broken_rule(messages: Sequence[_Message]) -> str | None:
    """Return the first broken rule of a conversation whose shape is right, or None."""
    return next(_broken(messages), None)


def _broken(messages: Sequence[_Message]) -> Iterator[str]:
    if all(message.role in {"system", "developer"} for message in messages):
        yield "messages holds no user message"
    open_calls: set[str] = set()
    for number, message in enumerate(messages):
        if message.role == "tool":
            if message.tool_call_id not in open_calls:
                yield f"messages.{number}: messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
            open_calls.discard(message.tool_call_id or "")
            continue
        if open_calls:
            yield _unanswered(open_calls)
        yield from _own(message, f"messages.{number}")
        open_calls = {call.id for call in message.tool_calls or []}
    if open_calls:
        yield _unanswered(open_calls)


def _own(message: _Message, where: str) -> Iterator[str]:
    calls = message.tool_calls or []
    if message.content is None and not calls:
        yield f"{where}.content: expected a string, got null"
    if calls and message.role != "assistant":
        yield f"{where}.tool_calls: only messages with role 'assistant' have them"
    if len({call.id for call in calls}) < len(calls):
        yield f"{where}.tool_calls: two have the same id"
    for index, call in enumerate(calls):
        if not _is_object(call.function.arguments):
            yield f"{where}.tool_calls.{index}.function.arguments: must be a JSON object, as text"


def _unanswered(calls: set[str]) -> str:
    said = "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
    return f"{said} The following tool_call_ids did not have response messages: {', '.join(sorted(calls))}"


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
