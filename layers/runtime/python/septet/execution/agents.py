"""What an agent is, read from its bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from septet.core.money import Price


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSpec:
    """A model the agent may use."""

    id: str
    provider: str
    price: Price
    max_output: int
    """Tokens one reply may have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolSpec:
    """A tool as the model is told of it."""

    name: str
    description: str
    input_schema: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one turn may use. Every limit always has a value."""

    model_calls: int = 12
    tool_calls: int = 24
    tokens: int = 200_000
    cost: int = 1_000_000
    """Micro-dollars."""
    seconds: int = 900
    """From the turn's first entry to its latest, waits for people left out."""
    identical_calls: int = 3
    """The same tool with the same arguments this many times in a row is a loop."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Agent:
    """One immutable version of an agent."""

    name: str
    bundle: str
    prompt: str
    models: tuple[ModelSpec, ...]
    """In order of preference, never empty; a turn uses the first."""
    tools: tuple[ToolSpec, ...] = ()
    answer_schema: Mapping[str, Any] | None = None
    """JSON Schema of a structured answer; None when the answer is text."""
    hand_over_to: tuple[str, ...] = ()
    limits: Limits = Limits()


def agent(bundle: Mapping[str, Any]) -> Agent:
    """The agent in a ``bundle.json`` that the synth wrote. Raises KeyError or TypeError for anything else."""
    return Agent(
        name=bundle["agent"],
        bundle=bundle["bundle"],
        prompt=bundle["prompt"],
        models=tuple(
            ModelSpec(
                id=model["id"],
                provider=model["provider"],
                price=Price(input=model["input_price"], output=model["output_price"]),
                max_output=model["max_output"],
            )
            for model in bundle["models"]
        ),
        tools=tuple(ToolSpec(**tool) for tool in bundle["tools"]),
        answer_schema=bundle["answer_schema"],
        hand_over_to=tuple(bundle["hand_over_to"]),
        limits=Limits(**bundle["limits"]),
    )
