"""Agno, with its telemetry off."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agno.agent import Agent
from agno.models.base import Model
from agno.models.response import ModelResponse

from tests.bench.work import ASKED, SYSTEM, begin, next_call


@dataclass
class Fake(Model):
    """The model."""

    id: str = "fake"

    def invoke(self, *_: Any, **__: Any) -> ModelResponse:
        """Ask for the next addition, or answer."""
        given = next_call()
        if given is None:
            return ModelResponse(role="assistant", content="done")
        function = {"name": "add", "arguments": f'{{"a": {given["a"]}, "b": {given["b"]}}}'}
        return ModelResponse(role="assistant", tool_calls=[{"id": f"c{given['a']}", "type": "function", "function": function}])

    async def ainvoke(self, *_: Any, **__: Any) -> ModelResponse:
        """The same."""
        return self.invoke()

    def invoke_stream(self, *_: Any, **__: Any) -> Iterator[ModelResponse]:
        """Nobody streams."""
        raise NotImplementedError

    def ainvoke_stream(self, *_: Any, **__: Any) -> Any:
        """Nobody streams."""
        raise NotImplementedError

    def _parse_provider_response(self, response: Any, **_: Any) -> ModelResponse:
        return response  # type: ignore[no-any-return]  # it is one

    def _parse_provider_response_delta(self, response: Any) -> ModelResponse:
        return response  # type: ignore[no-any-return]  # it is one


def add(a: int, b: int) -> str:
    """Add two numbers."""
    return str(a + b)


def take(calls: int) -> None:
    """Take a turn."""
    begin(calls)
    Agent(model=Fake(), tools=[add], instructions=SYSTEM, telemetry=False).run(ASKED)
