"""The messages a model sees, built from the journal entry by entry."""

import json
from collections.abc import Sequence
from typing import Any

from septet.core.entries import Answer, Entry, HandOver, ModelReply, Request, ToolResult
from septet.execution.agents import Agent, ToolSpec
from septet.execution.ports import Message

ANSWER = "answer"
"""The tool through which a structured answer is given."""
HAND_OVER = "hand_over"
"""The tool through which an agent hands over."""
NOTHING = "(nothing)"
"""Said in place of nothing: providers refuse a blank text."""


def tools(agent: Agent) -> list[ToolSpec]:
    """All tools the model is offered: the agent's own, and those that end the turn."""
    offered = list(agent.tools)
    if agent.hand_over_to:
        schema = {
            "type": "object",
            "properties": {"to": {"type": "string", "enum": list(agent.hand_over_to)}, "reason": {"type": "string"}},
            "required": ["to", "reason"],
        }
        offered.append(ToolSpec(name=HAND_OVER, description="Hand the work over to another agent.", input_schema=schema))
    if agent.answer_schema is not None:
        offered.append(ToolSpec(name=ANSWER, description="Give your answer. This ends your work.", input_schema=agent.answer_schema))
    return offered


class Conversation:
    """What is said to the model, and what it said."""

    def __init__(self, agent: Agent) -> None:
        self.system = agent.prompt
        self._context: list[str] = []
        self._messages: list[Message] = []

    @property
    def messages(self) -> Sequence[Message]:
        """Every message so far; the first is the request and what other agents found."""
        self._open()
        return self._messages

    def context(self, entry: Entry) -> None:
        """Take in an entry from before this turn."""
        match entry.body:
            case Request(input=given):
                for name, value in given.items():
                    source = entry.labels.get(name, "external")
                    self._context.append(f"<{name} source={source}>\n{_text(value)}\n</{name}>")
            case Answer(value=value):
                self._context.append(f"<found by={entry.agent}>\n{_text(value)}\n</found>")
            case HandOver(reason=reason):
                self._context.append(f"<handed_over by={entry.agent}>\n{_text(reason)}\n</handed_over>")

    def reply(self, reply: ModelReply) -> None:
        """Take in what the model said."""
        content: list[dict[str, Any]] = [{"text": reply.text}] if reply.text.strip() else []
        content += [{"call": call} for call in reply.calls]
        self._add({"role": "assistant", "content": content or [{"text": NOTHING}]})

    def results(self, results: Sequence[ToolResult]) -> None:
        """Take in what the tools returned, in the order of the calls."""
        self._add({"role": "user", "content": [{"result": _result(result)} for result in results]})

    def repair(self, reply: ModelReply | None, text: str) -> None:
        """Tell the model that its reply cannot be used; every call in it is answered with that."""
        calls = reply.calls if reply else ()
        content: list[dict[str, Any]] = [{"result": {"id": call.id, "error": text}} for call in calls]
        self._add({"role": "user", "content": content or [{"text": text}]})

    def _add(self, message: Message) -> None:
        self._open()
        self._messages.append(message)

    def _open(self) -> None:
        if not self._messages:
            self._messages.append({"role": "user", "content": [{"text": "\n\n".join(self._context) or NOTHING}]})


def _result(result: ToolResult) -> dict[str, Any]:
    if result.error:
        return {"id": result.call, "error": f"{result.error}: {result.message}"}
    return {"id": result.call, "value": result.value}


def _text(value: Any) -> str:
    """*value* for between two tags; it cannot open or close one, and so pass for something else."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("<", "&lt;")
