"""Which requests are exact repetitions of each other, and which may be answered as such."""

from collections.abc import Mapping, Sequence
from typing import Any

from septet.core.canonical import canonical, digest
from septet.execution.agents import Agent, ToolSpec
from septet.execution.conversation import Conversation
from septet.execution.turn import Turn


def cacheable(turn: Turn) -> bool:
    """Whether the turn's next request may be answered from the cache: nothing that the model would read was worded outside."""
    return turn.agent.cache_seconds > 0 and not turn.conversation.external


def key(agent: Agent, model: str, conversation: Conversation, tools: Sequence[ToolSpec]) -> str:
    """What equal requests of one bundle to one *model* have in common, as 64 hex characters. Run, turn and step are left out."""
    request = {
        "agent": agent.name,
        "bundle": agent.bundle,
        "model": model,
        "reply_tokens": agent.limits.reply_tokens,
        "system": conversation.system,
        "tools": [[tool.name, tool.description, dict(tool.input_schema)] for tool in tools],
        "messages": [[message["role"], [_block(block) for block in message["content"]]] for message in conversation.messages],
    }
    return digest(canonical(request))


def _block(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """*block* as JSON types."""
    if "call" in block:
        call = block["call"]
        return {"call": [call.id, call.tool, call.arguments]}
    return block
