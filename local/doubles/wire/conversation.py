"""Rules of a Converse conversation that no shape expresses; the sentences are those Bedrock answers with.

Bedrock documents them in the Converse reference only in part; the rest is reported by its users word for word.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

type Message = dict[str, Any]


def broken_rule(body: dict[str, Any]) -> str | None:
    """Return the first broken rule of a request whose shape is right, or None."""
    return next(_broken(body, body.get("messages") or []), None)


def _broken(body: dict[str, Any], messages: list[Message]) -> Iterator[str]:
    if not messages:
        yield "The value at messages is empty. Add at least one user message, and try again."
        return
    yield from _roles(messages)
    yield from _blanks(messages)
    if not body.get("toolConfig") and any(_of(message, "toolUse") or _of(message, "toolResult") for message in messages):
        yield "The toolConfig field must be defined when using toolUse and toolResult content blocks."
    yield from _tool_names(body)
    yield from _pairs(messages)


def _roles(messages: list[Message]) -> Iterator[str]:
    roles = [message["role"] for message in messages if message["role"] != "system"]
    if roles[:1] != ["user"]:
        yield "A conversation must start with a user message. Try again with a conversation that starts with a user message."
    if any(one == two for one, two in pairwise(roles)):
        yield (
            "A conversation must alternate between user and assistant roles. "
            "Make sure the conversation alternates between user and assistant roles and try again."
        )


def _blanks(messages: list[Message]) -> Iterator[str]:
    for number, message in enumerate(messages):
        if not message["content"]:
            where = f"The content field in the Message object at messages.{number} is empty."
            yield f"{where} Add a ContentBlock object to the content field and try again."
        for index, block in enumerate(message["content"]):
            where = f"messages.{number}.content.{index}"
            if isinstance(block.get("text"), str) and not block["text"].strip():
                yield f"The text field in the ContentBlock object at {where} is blank. Add text to the text field, and try again."
            result = block.get("toolResult") or {}
            if result.get("status") == "error" and not result["content"]:
                yield f"The content field at {where}.toolResult cannot be empty when status value is error."


def _tool_names(body: dict[str, Any]) -> Iterator[str]:
    tools = (body.get("toolConfig") or {}).get("tools", [])
    names = [tool["toolSpec"]["name"] for tool in tools if tool.get("toolSpec")]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        yield f"The toolConfig field contains tools of the same name: {', '.join(twice)}."
    for index, tool in enumerate(tools):
        schema = ((tool.get("toolSpec") or {}).get("inputSchema") or {}).get("json")
        if tool.get("toolSpec") and (not isinstance(schema, dict) or schema.get("type") != "object"):
            where = f"toolConfig.tools.{index}.toolSpec.inputSchema.json"
            yield f"The value at {where}.type must be one of the following: object."


def _pairs(messages: list[Message]) -> Iterator[str]:
    """Every toolUse is answered in the next message, and nothing else is."""
    asked: list[str] = []
    for number, message in enumerate(messages):
        answered = [block["toolUseId"] for block in _of(message, "toolResult")]
        missing = [one for one in asked if one not in answered]
        if missing:
            yield f"Expected toolResult blocks at messages.{number}.content for the following Ids: {', '.join(missing)}"
        if len(answered) > len(asked) or set(answered) - set(asked):
            yield f"The number of toolResult blocks at messages.{number}.content exceeds the number of toolUse blocks of previous turn."
        asked = [block["toolUseId"] for block in _of(message, "toolUse")]
        if len(set(asked)) != len(asked):
            yield f"The toolUse blocks at messages.{number}.content contain duplicate Ids: {', '.join(sorted(set(asked)))}"


def _of(message: Message, kind: str) -> list[dict[str, Any]]:
    return [block[kind] for block in message["content"] if block.get(kind)]
