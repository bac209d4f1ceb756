"""Our turn with all that guards it: driver, journal, ledger, gateway, monitor and validation, on in-memory ports."""

from collections.abc import Mapping
from typing import Any

from septet.core.entries import ToolCall
from septet.core.frozen import maker
from septet.core.money import Price, Usage
from septet.execution.agents import Agent, Limits, ModelSpec, ToolSpec
from septet.execution.ports import ModelRequest, Reply
from septet.local.platform import Platform
from septet.security.manifests import Manifest, Output
from tests.bench.work import ASKED, DESCRIPTION, SYSTEM, begin, next_call

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
ADD = Manifest(
    name="add",
    description=DESCRIPTION,
    effect="read",
    repeat="none",
    identity=(),
    timeout=1,
    input_schema=SCHEMA,
    arguments={},
    output=Output(),
)
MODEL = ModelSpec(
    id="fake",
    provider="fake",
    price=Price(input=1, output=1),
    max_output=100,
    context=10**9,
    capabilities=frozenset({"tools"}),
)
AGENT = Agent(
    name="adder",
    bundle="0123456789abcdef",
    prompt=SYSTEM,
    models=(MODEL,),
    tools=(ToolSpec(name="add", description=DESCRIPTION, input_schema=SCHEMA, pin=ADD.pin),),
    limits=Limits(model_calls=10**6, tool_calls=10**6, tokens=10**12, cost=10**9, seconds=10**6),
)


USAGE = Usage(input=10, output=5)
call, reply = maker(ToolCall), maker(Reply)


class Model:
    """The model."""

    def complete(self, _: ModelRequest) -> Reply:
        """Ask for the next addition, or answer."""
        given = next_call()
        if given is None:
            return reply(text="done", usage=USAGE)
        return reply(calls=(call(id="c", tool="add", arguments=given),), stop="tools", usage=USAGE)


class Adder:
    """The tool, without a wire."""

    def call(self, tool: str, event: Mapping[str, Any], *, timeout: int) -> Any:  # noqa: ARG002 -- a port's signature
        """Add."""
        return {"sum": event["arguments"]["a"] + event["arguments"]["b"]}


def take(calls: int) -> None:
    """Take a turn."""
    begin(calls)
    platform = Platform(agents={"adder": AGENT}, model=Model(), tools=Adder(), manifests={"add": ADD})
    branch = platform.submit("run-1", {"message": ASKED})
    if platform.turn(branch, "adder", remaining=lambda: 10**9).outcome != "answer":
        raise AssertionError("the turn did not end in an answer")
