"""Strands Agents; it keeps its whole history, so that it does the same work."""

from collections.abc import AsyncIterator
from typing import Any

from strands import Agent, tool
from strands.agent.conversation_manager import NullConversationManager
from strands.models.model import Model

from tests.bench.work import ASKED, SYSTEM, begin, next_call


class Fake(Model):
    """The model, as Strands hears it: a stream of events."""

    def update_config(self, **_: Any) -> None:
        """Nothing can be set."""

    def get_config(self) -> dict[str, Any]:
        """Nothing is set."""
        return {}

    async def structured_output(self, *_: Any, **__: Any) -> AsyncIterator[dict[str, Any]]:
        """Nobody asks for it."""
        yield {}

    async def stream(self, *_: Any, **__: Any) -> AsyncIterator[dict[str, Any]]:
        """Ask for the next addition, or answer."""
        given = next_call()
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {"toolUse": {"toolUseId": f"c{given['a']}", "name": "add"}} if given else {}}}
        said = {"toolUse": {"input": f'{{"a": {given["a"]}, "b": {given["b"]}}}'}} if given else {"text": "done"}
        yield {"contentBlockDelta": {"delta": said}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use" if given else "end_turn"}}
        yield {"metadata": {"usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}, "metrics": {"latencyMs": 0}}}


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def take(calls: int) -> None:
    """Take a turn."""
    begin(calls)
    agent = Agent(model=Fake(), tools=[add], system_prompt=SYSTEM, callback_handler=None, conversation_manager=NullConversationManager())
    agent(ASKED)
