"""A plan for a user task, made by a script from the task's own calls: what an ideal planner would commit before anything is read.

It takes a value from the request where the request has it, and else refers to a declared field of an earlier call's result. A value that is
in neither cannot be planned, and its call is left out; amounts, which a planner may calculate, are the exception.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from septet.security.manifests import Manifest
from septet.security.plans import FREE, leaves

Made = tuple[str, Mapping[str, Any], Any]
"""A call that was made: tool, arguments, result."""


def plan(request: str, calls: Sequence[Made], tools: Mapping[str, Manifest]) -> dict[str, Any]:
    """The plan as JSON. Calls that cannot be told apart are uses of one step."""
    steps: list[dict[str, Any]] = []
    earlier: list[tuple[str, str, Any]] = []
    for tool, arguments, result in calls:
        slots = _slots(request, tools[tool], arguments, earlier, tools)
        if slots is None:
            continue
        same = [step for step in steps if (step["tool"], step["slots"]) == (tool, slots)]
        step = same[0] if same else {"name": f"step-{len(steps) + 1}", "tool": tool, "slots": slots, "uses": 0}
        step["uses"] += 1
        steps += [] if same else [step]
        earlier.append((step["name"], tool, result))
    return {"steps": steps}


def _slots(
    request: str, tool: Manifest, arguments: Mapping[str, Any], earlier: Sequence[tuple[str, str, Any]], tools: Mapping[str, Manifest]
) -> dict[str, Any] | None:
    """Where each value comes from; None when one comes from nowhere."""
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        if tool.argument(name).role in FREE and not isinstance(value, (dict, list)):
            found[name] = {"free": True}
        elif _said(request, value) or tool.argument(name).role == "amount":
            found[name] = {"constant": value}
        else:
            for path, item in leaves(value, name):
                slot = {"free": True} if tool.argument(path).role in FREE else _reference(item, earlier, tools)
                if slot is None or found.get(path, slot) != slot:
                    return None
                found[path] = slot
    return found


def _said(request: str, value: Any) -> bool:
    """Whether the request has every part of it, or it says nothing."""
    return all(isinstance(item, bool) or item is None or str(item) in request for _, item in leaves(value, ""))


def _reference(value: Any, earlier: Sequence[tuple[str, str, Any]], tools: Mapping[str, Manifest]) -> dict[str, Any] | None:
    """The declared field, of the first result that has it, that only the platform or an authenticated sender writes."""
    for name, tool, result in earlier:
        for path, item in _fields(tools[tool], result):
            if item == value and tools[tool].output.fields[path].label != "external":
                return {"from": name, "field": path}
    return None


def _fields(tool: Manifest, result: Any) -> Iterator[tuple[str, Any]]:
    for path, item in leaves(result, ""):
        plain = path.removeprefix("[]").removeprefix(".")
        for declared in (plain, plain.removesuffix("[]")):
            if declared in tool.output.fields:
                yield declared, item
