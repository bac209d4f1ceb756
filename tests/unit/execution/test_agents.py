from typing import Any

import pytest

from septet.core.money import Price
from septet.execution.agents import Limits, ModelSpec, ToolSpec, agent

BUNDLE: dict[str, Any] = {
    "agent": "refunds",
    "bundle": "0123456789abcdef",
    "description": "Works out a refund",
    "prompt": "Be fair.",
    "models": [
        {"id": "m.1", "provider": "bedrock", "input_price": 60_000, "output_price": 240_000, "context": 300_000, "max_output": 5_000}
    ],
    "tools": [{"name": "find_order", "description": "Find it.", "input_schema": {"type": "object"}}],
    "answer_schema": None,
    "hand_over_to": ["boss"],
    "limits": {"model_calls": 1, "tool_calls": 2, "tokens": 3, "cost": 4, "seconds": 5, "identical_calls": 6},
}


def test_an_agent_is_what_its_bundle_says() -> None:
    read = agent(BUNDLE)
    assert (read.name, read.bundle, read.prompt, read.hand_over_to) == ("refunds", "0123456789abcdef", "Be fair.", ("boss",))
    price = Price(input=60_000, output=240_000)
    assert read.models == (ModelSpec(id="m.1", provider="bedrock", price=price, max_output=5_000, context=300_000),)
    assert read.tools == (ToolSpec(name="find_order", description="Find it.", input_schema={"type": "object"}),)
    assert read.limits == Limits(model_calls=1, tool_calls=2, tokens=3, cost=4, seconds=5, identical_calls=6)


@pytest.mark.parametrize("missing", ["agent", "bundle", "prompt", "models", "tools", "answer_schema", "hand_over_to", "limits"])
def test_a_bundle_without_a_part_is_none(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        agent({name: value for name, value in BUNDLE.items() if name != missing})


def test_a_limit_nobody_knows_is_not_passed_over() -> None:
    with pytest.raises(TypeError, match="patience"):
        agent(BUNDLE | {"limits": {"patience": 1}})
