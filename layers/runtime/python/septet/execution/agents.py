"""What an agent is, read from its bundle."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from septet.core.frozen import frozen
from septet.core.money import Price

Check = Callable[[Any, Mapping[str, list[Any]]], list[str]]
"""Of an answer and of what was read, by tool: what is wrong, one sentence each."""


@frozen
class ModelSpec:
    """A model the agent may use."""

    id: str
    provider: str
    """``bedrock``, ``sagemaker`` or ``openai``."""
    price: Price
    max_output: int
    """Tokens one reply may have."""
    context: int = 200_000
    """Tokens that request and reply may have together."""
    capabilities: frozenset[str] = frozenset()
    """Of ``tools images documents video reasoning caching streaming``."""
    weight: int = 1
    """Its share of the turns among the candidates; 0 for one that only stands in for others."""
    endpoint: str = ""
    """A SageMaker endpoint's name, or the base URL of an OpenAI-compatible server."""
    region: str = ""
    """Where it is called, if not where the agent runs."""
    secret: str = ""
    """The name of the secret that holds an OpenAI-compatible server's key; empty when it takes none."""


@frozen
class ToolSpec:
    """A tool as the model is told of it."""

    name: str
    description: str
    input_schema: Mapping[str, Any]
    pin: str = ""
    """A digest of the two, from when the bundle was made."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What the tool's manifest says of its arguments; for an agent that plans, so ``output``."""
    output: Mapping[str, Any] = field(default_factory=dict)


@frozen
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
    reply_tokens: int = 4_096
    """Tokens one reply may have; a model's own limit may be lower."""
    result_bytes: int = 16_384
    """A tool's result that is larger as JSON is kept by handle: the model sees its beginning, and can read on."""


@frozen
class Agent:
    """One immutable version of an agent."""

    name: str
    bundle: str
    prompt: str
    models: tuple[ModelSpec, ...]
    """In order of preference, never empty."""
    tools: tuple[ToolSpec, ...] = ()
    answer_schema: Mapping[str, Any] | None = None
    """JSON Schema of a structured answer; None when the answer is text."""
    hand_over_to: tuple[str, ...] = ()
    limits: Limits = Limits()
    fallback: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids of the models that stand in, in order, by what went wrong: ``throttled``, ``unavailable``, ``overflow`` or ``refused``."""
    cache_seconds: int = 0
    """How long an exact repetition of a request may be answered from the platform's cache; 0 for never."""
    plan: bool = False
    """Whether it commits to a plan before it reads anything from outside."""
    check: Check | None = None
    """What its answer must pass besides its declared form; None when nothing."""


def agent(bundle: Mapping[str, Any], *, check: Check | None = None) -> Agent:
    """The agent in a ``bundle.json`` that the synth wrote, with its *check*. Raises KeyError or TypeError for anything else."""
    return Agent(
        name=bundle["agent"],
        bundle=bundle["bundle"],
        prompt=bundle["prompt"],
        models=tuple(
            ModelSpec(
                id=model["id"],
                provider=model["provider"],
                price=Price(
                    input=model["input_price"],
                    output=model["output_price"],
                    cache_read=model.get("cache_read_price", 0),
                    cache_write=model.get("cache_write_price", 0),
                ),
                max_output=model["max_output"],
                context=model["context"],
                capabilities=frozenset(model.get("capabilities", ())),
                weight=model.get("weight", 1),
                endpoint=model.get("endpoint", ""),
                region=model.get("region", ""),
                secret=model.get("secret", ""),
            )
            for model in bundle["models"]
        ),
        tools=tuple(ToolSpec(**tool) for tool in bundle["tools"]),
        answer_schema=bundle["answer_schema"],
        hand_over_to=tuple(bundle["hand_over_to"]),
        limits=Limits(**bundle["limits"]),
        fallback={error: tuple(models) for error, models in bundle.get("fallback", {}).items()},
        cache_seconds=bundle.get("cache_seconds", 0),
        plan=bundle.get("plan", False),
        check=check,
    )
