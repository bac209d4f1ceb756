"""LangGraph's prebuilt agent, without a checkpointer: nothing of it is durable here."""

import warnings
from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langgraph.prebuilt import create_react_agent

from tests.bench.work import ASKED, SYSTEM, begin, next_call

warnings.filterwarnings("ignore")


class Fake(BaseChatModel):
    """The model."""

    @property
    def _llm_type(self) -> str:
        return "fake"

    def bind_tools(self, *_: Any, **__: Any) -> "Fake":
        """It knows its tool."""
        return self

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        given = next_call()
        calls = [{"name": "add", "args": given, "id": f"c{given['a']}", "type": "tool_call"}] if given else []
        return ChatResult(generations=[ChatGeneration(message=AIMessage("" if given else "done", tool_calls=calls))])


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def take(calls: int) -> None:
    """Take a turn."""
    begin(calls)
    agent = create_react_agent(Fake(), [add], prompt=SYSTEM)
    agent.invoke({"messages": [("user", ASKED)]}, {"recursion_limit": 2 * calls + 10})
