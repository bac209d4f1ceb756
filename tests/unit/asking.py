"""A request to a model, as adapters get it."""

from typing import Any

from septet.execution.conversation import tools
from septet.execution.ports import Message, ModelRequest
from tests.unit.shop import MODEL, agent

HI: Message = {"role": "user", "content": [{"text": "hi"}]}


def request(*messages: Message, **changes: Any) -> ModelRequest:
    whole: dict[str, Any] = {
        "model": MODEL,
        "system": "Be kind.",
        "messages": messages or [HI],
        "tools": tools(agent()),
        "max_output": 700,
        "seconds": 10,
        "metadata": {"agent": "clerk", "turn": "clerk", "run": "run-1", "step": "0"},
    }
    return ModelRequest(**whole | changes)
