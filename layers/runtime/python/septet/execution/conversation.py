"""The messages a model sees, built from the journal entry by entry."""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from septet.core.entries import (
    Answer,
    ApprovalEdited,
    Entry,
    HandOver,
    Heard,
    ModelReply,
    Recalled,
    Request,
    Resolved,
    Routed,
    ToolResult,
)
from septet.core.labels import REST, label
from septet.execution.agents import Agent, ToolSpec
from septet.execution.estimating import BLOCK, MESSAGE, block_bound, message_bound, request_bound, text_bound, tool_bound
from septet.execution.ports import Message
from septet.execution.results import READ_RESULT, TOOL, Results
from septet.execution.shortening import LONG, shortened

ANSWER = "answer"
"""The tool through which a structured answer is given."""
HAND_OVER = "hand_over"
"""The tool through which an agent hands over."""
NOTHING = "(nothing)"
"""Said in place of nothing: providers refuse a blank text."""
Labels = Mapping[str, Mapping[str, str]]
"""Provenance of results' fields, by call."""
TRUSTED = frozenset({"record", "trusted"})
"""Labels of what nobody outside has worded."""


def tools(agent: Agent) -> list[ToolSpec]:
    """The tools the model is offered at first: the agent's own, and those that end the turn."""
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
        self.tools = tools(agent)
        """What the model is offered; ``read_result`` is added when there is something to read."""
        self.kept = Results(agent.limits.result_bytes)
        self.external = False
        """Whether anything in it was worded outside: a request's field, a tool's result, another agent, a person."""
        self._size = request_bound(self.system, self.tools)
        self._context: list[str] = []
        self._messages: list[Message] = []
        self._long: deque[tuple[int, int]] = deque()
        """Entry and place of each message that can be shortened and is not yet."""
        self._latest_reply = 0
        self._edited: list[str] = []

    @property
    def messages(self) -> Sequence[Message]:
        """Every message so far; the first is the request and what other agents found."""
        self._open()
        return self._messages

    @property
    def size(self) -> int:
        """The most input tokens that a request of all this can have."""
        if not self._messages:
            self._open()
        return self._size

    def context(self, entry: Entry) -> None:
        """Take in an entry from before this turn."""
        match entry.body:
            case Request(input=given):
                for name, value in given.items():
                    source = label(entry.labels, name)
                    self.external = self.external or source not in TRUSTED
                    self._context.append(f"<{name} source={source}>\n{inert(value)}\n</{name}>")
            case Answer(value=value):
                self.external = True
                self._context.append(f"<found by={entry.agent}>\n{inert(value)}\n</found>")
            case HandOver(reason=reason):
                self.external = True
                self._context.append(f"<handed_over by={entry.agent}>\n{inert(reason)}\n</handed_over>")
            case Resolved() | Heard() | Recalled() | Routed():
                self._elsewhere(entry)

    def _elsewhere(self, entry: Entry) -> None:
        """Take in what came from branches, from outside, from earlier runs, or from whoever chose the agent."""
        from septet.execution.elsewhere import shown  # noqa: PLC0415 -- most runs have none, and start without it

        if text := shown(entry):
            self.external = True
            self._context.append(text)

    def planned(self, committed: str, *, tools: Sequence[ToolSpec]) -> None:
        """Say to which plan the agent is committed, and offer *tools* besides."""
        self._context.append(f"<plan>\n{inert(committed)}\n</plan>")
        self.tools = [*self.tools, *tools]
        self._size += sum(map(tool_bound, tools))

    def ask(self, question: str) -> None:
        """Begin with a question of the platform's own about a text from outside."""
        self.external = True
        self._context.append(question)

    def reply(self, reply: ModelReply, *, number: int = 0) -> None:
        """Take in what the model said in entry *number*."""
        content: list[dict[str, Any]] = [{"text": reply.text}] if reply.text.strip() else []
        content += [{"call": call} for call in reply.calls]
        content = content or [{"text": NOTHING}]
        self._latest_reply = number
        self._add("assistant", content, [block_bound(block) for block in content], number)

    def results(self, results: Sequence[ToolResult], *, labels: Labels | None = None, number: int = 0) -> None:
        """Take in what the tools returned, in the order of the calls, with their *labels*; the last came in entry *number*."""
        content: list[dict[str, Any]] = []
        bounds: list[int] = []
        for result in results:
            block, bound = self._result(result, (labels or {}).get(result.call, {}))
            content.append({"result": block})
            bounds.append(BLOCK + bound)
        for told in self._edited:
            content.append({"text": told})
            bounds.append(BLOCK + text_bound(told))
        self._edited = []
        self._add("user", content, bounds, number)

    def edited(self, edited: ApprovalEdited) -> None:
        """A person approved a call with other arguments: the model is told with the call's result, lest it report what it asked for."""
        self.external = True
        self._edited.append(f"(The call {edited.call} was made with other arguments, which a person chose: {inert(edited.arguments)})")

    def _result(self, result: ToolResult, labels: Mapping[str, str]) -> tuple[dict[str, Any], int]:
        if result.error:
            self.external = True  # its message may be a tool's, or a person's
            text = f"{result.error}: {result.message}"
            return {"id": result.call, "error": text}, text_bound(text)
        self.external = self.external or not _inside(result, labels)
        value, bound, more = self.kept.take(result, labels)
        if more:
            self._offer_reading()
        return {"id": result.call, "value": value}, bound

    def repair(self, reply: ModelReply | None, text: str, *, number: int = 0) -> None:
        """Tell the model that its reply cannot be used; every call in it is answered with that."""
        calls = reply.calls if reply else ()
        content: list[dict[str, Any]] = [{"result": {"id": call.id, "error": text}} for call in calls] or [{"text": text}]
        self._add("user", content, [block_bound(block) for block in content], number)

    def shortenable(self, *, latest: bool = False) -> int | None:
        """The entry through which there is something to shorten, the latest exchange left out unless *latest*; None when nothing is."""
        # What follows the latest reply is a few messages at most: this looks at those and at one more.
        return next((number for number, _ in reversed(self._long) if latest or number < self._latest_reply), None)

    def shorten(self, through: int) -> None:
        """Say every message up to entry *through* as briefly as it can be; its results can be read by handle."""
        while self._long and self._long[0][0] <= through:
            _, place = self._long.popleft()
            message = self._messages[place]
            self._messages[place] = brief = shortened(message, self.kept)
            self._size += message_bound(brief) - message_bound(message)
            self._offer_reading()

    def _offer_reading(self) -> None:
        if self.tools[-1:] != [TOOL]:
            self.tools = [*self.tools, TOOL]
            self._size += tool_bound(TOOL)

    def _add(self, role: str, content: list[dict[str, Any]], bounds: list[int], number: int) -> None:
        self._open()
        if any(bound > LONG for bound in bounds):
            self._long.append((number, len(self._messages)))
        self._size += MESSAGE + sum(bounds)
        self._messages.append({"role": role, "content": content})

    def _open(self) -> None:
        if not self._messages:
            first: Message = {"role": "user", "content": [{"text": "\n\n".join(self._context) or NOTHING}]}
            self._size += message_bound(first)
            self._messages.append(first)


def _inside(result: ToolResult, labels: Mapping[str, str]) -> bool:
    """Whether no field of *result* was worded outside. A piece that is read again has the labels of all that it is from."""
    names = result.value if isinstance(result.value, Mapping) else ("value",)
    covered = result.tool == READ_RESULT or REST in labels or all(name in labels for name in names)
    return bool(labels) and covered and TRUSTED.issuperset(labels.values())


def inert(value: Any) -> str:
    """*value* for between two tags; it cannot open or close one, and so pass for something else."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("<", "&lt;")
