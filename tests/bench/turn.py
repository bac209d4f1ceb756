"""One turn of N tool calls on in-memory ports, and a hand-written floor that does the least such a turn could do.

Run as a program it takes a turn's length, so that instructions can be counted from outside: ``python -m tests.bench.turn septet 500``. It
prints the processor time of a step and how much memory the turn added.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from septet.core.entries import ToolCall
from septet.core.money import Price, Usage
from septet.execution.agents import Agent, Limits, ModelSpec, ToolSpec
from septet.execution.ports import ModelRequest, Reply
from septet.local.platform import Platform
from septet.security.manifests import Manifest, Output

SYSTEM = ("You are a careful arithmetic agent. Use the add tool. " * 20)[:1024]
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
ADD = Manifest(
    name="add",
    description="Add two numbers.",
    effect="read",
    repeat="none",
    identity=(),
    timeout=1,
    input_schema=SCHEMA,
    arguments={},
    output=Output(),
    approval_seconds=60,
)
MODEL = ModelSpec(id="fake", provider="fake", price=Price(input=1, output=1), max_output=100)
WIDE = Limits(model_calls=10**6, tool_calls=10**6, tokens=10**9, cost=10**9, seconds=10**6)
AGENT = Agent(
    name="adder",
    bundle="b",
    prompt=SYSTEM,
    models=(MODEL,),
    tools=(ToolSpec(name="add", description=ADD.description, input_schema=SCHEMA),),
    limits=WIDE,
)


class Countdown:
    """A model that takes no time: it asks for N additions and then answers."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def complete(self, request: ModelRequest) -> Reply:
        """Ask for the next addition, or answer."""
        self.left -= 1
        if self.left < 0:
            return Reply(text=f"After {len(request.messages)} messages: done.")
        call = ToolCall(id="c", tool="add", arguments={"a": self.left, "b": 1})
        return Reply(calls=(call,), stop="tools", usage=Usage(input=10, output=5))


class Adder:
    """The tool, without a wire."""

    def call(self, tool: str, event: Mapping[str, Any], *, timeout: int) -> Any:  # noqa: ARG002 -- a port's signature
        """Add."""
        return {"sum": event["arguments"]["a"] + event["arguments"]["b"]}


def septet(calls: int) -> None:
    """Take a whole turn: driver, journal, gateway, monitor."""
    platform = Platform(agents={"adder": AGENT}, model=Countdown(calls), tools=Adder(), manifests={"add": ADD})
    branch = platform.submit("run-1", {"message": "add the numbers"})
    assert platform.turn(branch, "adder", remaining=lambda: 10**9).outcome == "answer"


def floor(calls: int) -> None:
    """Do the least: a loop that appends what is new to a list as JSON, checks the arguments' types and calls the tool."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"text": "add the numbers"}]}]
    journal: list[bytes] = []
    tools: dict[str, Callable[..., Any]] = {"add": lambda a, b: {"sum": a + b}}
    for left in reversed(range(-1, calls)):
        asked: Any = {"id": f"c{left}", "name": "add", "input": {"a": left, "b": 1}} if left >= 0 else None
        messages.append({"role": "assistant", "content": [{"toolUse": asked}] if asked else [{"text": "done"}]})
        journal.append(json.dumps(messages[-1], separators=(",", ":")).encode())
        if asked and set(asked["input"]) == {"a", "b"} and all(isinstance(value, int) for value in asked["input"].values()):
            result = tools[asked["name"]](**asked["input"])
            messages.append({"role": "user", "content": [{"toolResult": {"id": asked["id"], "json": result}}]})
            journal.append(json.dumps(messages[-1], separators=(",", ":")).encode())


KINDS: dict[str, Callable[[int], None]] = {"septet": septet, "floor": floor}


def _memory() -> int:
    """What this process holds now, in KiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


if __name__ == "__main__":
    kind, calls = KINDS[sys.argv[1]], int(sys.argv[2])
    kind(3)  # whatever is loaded when first needed
    before, began = _memory(), time.process_time_ns()
    kind(calls)
    spent = (time.process_time_ns() - began) / 1000 / calls
    sys.stdout.write(json.dumps({"microseconds": spent, "kib": _memory() - before}))
