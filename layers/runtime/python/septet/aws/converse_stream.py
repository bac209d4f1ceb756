"""The events of Bedrock's ConverseStream, put together to one reply. Amazon Bedrock API reference, ConverseStreamOutput."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from septet.aws.converse import STOPS, named, usage
from septet.core.entries import ToolCall
from septet.core.errors import ModelUnavailable
from septet.core.money import Usage
from septet.execution import reports
from septet.execution.ports import Reply

MOST_CHARACTERS = 1_000_000
"""More than a model that keeps to its limit writes; there reading ends, and the reply counts as cut off."""


@dataclass(kw_only=True, slots=True)
class _Block:
    """A content block as far as it has come."""

    id: str = ""
    tool: str = ""
    """Name of the tool it calls; empty for text."""
    pieces: list[str] = field(default_factory=list)

    @property
    def whole(self) -> str:
        return "".join(self.pieces)


@dataclass(kw_only=True, slots=True)
class _Message:
    """A reply as far as it has come."""

    blocks: dict[int, _Block] = field(default_factory=dict)
    characters: int = 0
    stop: str = ""
    usage: Usage = field(default_factory=Usage)
    usage_known: bool = False

    def take(self, event: Mapping[str, Any]) -> None:
        """Take an event in; one of a kind that is not known says nothing. Raises LookupError or TypeError for one of another shape."""
        ((kind, told),) = event.items()
        match kind:
            case "contentBlockStart" if "toolUse" in told["start"]:
                begun = told["start"]["toolUse"]
                self.blocks[told["contentBlockIndex"]] = _Block(id=begun["toolUseId"], tool=named(begun))
            case "contentBlockDelta":
                delta = told["delta"]
                # Reasoning, citations and whatever comes after them are not kept, as with Converse.
                piece = delta["toolUse"]["input"] if "toolUse" in delta else delta.get("text", "")
                self.characters += len(piece)
                self.blocks.setdefault(told["contentBlockIndex"], _Block()).pieces.append(piece)
            case "messageStop":
                self.stop = STOPS.get(told["stopReason"], "end")
            case "metadata":
                self.usage, self.usage_known = usage(told.get("usage"))


def accumulate(events: Iterable[Mapping[str, Any]]) -> Reply:
    """The reply that *events* tell. Raises ModelUnavailable when they end before it; LookupError or TypeError for what are no events."""
    message = _Message()
    for event in events:
        message.take(event)
        if message.characters > MOST_CHARACTERS:
            message.stop = "truncated"
            break
    if not message.stop:
        raise ModelUnavailable("the stream ended before the reply did")
    blocks = [message.blocks[index] for index in sorted(message.blocks)]
    return Reply(
        text="".join(block.whole for block in blocks if not block.tool),
        calls=tuple(ToolCall(id=block.id, tool=block.tool, arguments=reports.arguments(block.whole)) for block in blocks if block.tool),
        stop=message.stop,
        usage=message.usage,
        usage_known=message.usage_known,
    )
