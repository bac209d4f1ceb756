"""The least such a turn could do: a loop that appends what is new to a list as JSON, checks the arguments' types and calls the tool."""

import json
from typing import Any

from tests.bench.work import ASKED, begin, next_call


def take(calls: int) -> None:
    """Take a turn."""
    begin(calls)
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"text": ASKED}]}]
    journal: list[bytes] = []
    tools: dict[str, Any] = {"add": lambda a, b: {"sum": a + b}}
    while True:
        given = next_call()
        asked: Any = {"id": f"c{len(messages)}", "name": "add", "input": given}
        messages.append({"role": "assistant", "content": [{"toolUse": asked}] if given else [{"text": "done"}]})
        journal.append(json.dumps(messages[-1], separators=(",", ":")).encode())
        if not given:
            return
        if set(given) == {"a", "b"} and all(isinstance(value, int) for value in given.values()):
            result = tools["add"](**given)
            messages.append({"role": "user", "content": [{"toolResult": {"id": asked["id"], "json": result}}]})
            journal.append(json.dumps(messages[-1], separators=(",", ":")).encode())
