"""Plays an agent of a tree's folders in memory, by its scenario: the real bundle, gateway, policies and tools; nothing is deployed."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.doubles.scenario.holes import fill
from local.doubles.scenario.library import Loaded
from local.doubles.scenario.library import read as scenarios
from septet.core.entries import Entry, ToolCall
from septet.core.money import Usage
from septet.execution.agents import agent as described
from septet.execution.ports import ModelRequest, Reply
from septet.local.platform import Platform
from septet.local.tools import FunctionTools, Handler
from septet.security.manifests import manifest
from stacks.catalog import read
from stacks.catalog.generated import bundle, manifests

if TYPE_CHECKING:
    from local.doubles.scenario.script import Step

ROOT = Path(__file__).parents[1]


class Script:
    """What a scenario has for one agent, as the model, whose ``when`` has to fit every call."""

    def __init__(self, loaded: Loaded, agent: str) -> None:
        self._texts = loaded.scenario.when.texts
        self._steps: list[Step] = loaded.scenario.agents[agent]  # type: ignore[assignment]  # scripts by turn are not played here

    def complete(self, request: ModelRequest) -> Reply:
        """The reply of the step that it is at."""
        first = " ".join(request.messages[0]["content"][0]["text"].split())
        assert all(text in first for text in self._texts)
        step = self._steps[int(request.metadata["step"])]
        known = _results(request)
        calls = tuple(ToolCall(id=f"m{place}", tool=one.tool, arguments=fill(one.arguments, known)) for place, one in enumerate(step.calls))
        return Reply(text=fill(step.text or "", known), calls=calls, stop="tools" if calls else "end", usage=Usage(input=1, output=1))


def _results(request: ModelRequest) -> dict[str, Any]:
    """The last result of each tool."""
    blocks = [block for message in request.messages for block in message["content"]]
    names = {block["call"].id: block["call"].tool for block in blocks if "call" in block}
    return {names[block["result"]["id"]]: block["result"].get("value") for block in blocks if "result" in block}


def platform(agent: str, script: Script, *, tools: Mapping[str, Handler] | None = None, root: Path = ROOT) -> Platform:
    """A platform in memory with one *agent* of the tree at *root*. Tools that are not given are the tree's own handlers."""
    catalog = read(root)
    one = described(bundle(catalog, catalog.agents[agent]))
    known = {name: manifest(name, value) for name, value in manifests(catalog).items()}
    own = {name: handler(name, root) for name in catalog.agents[agent].tools if name not in (tools or {})}
    return Platform(agents={agent: one}, model=script, tools=FunctionTools({**own, **(tools or {})}), manifests=known)


def handler(tool: str, root: Path = ROOT) -> Handler:
    """The handler of a tool's folder."""
    spec = importlib.util.spec_from_file_location(f"tool_{tool}", root / "functions" / "tools" / tool / "handler.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made.handler  # type: ignore[no-any-return]


def play(agent: str, *, tools: Mapping[str, Handler] | None = None, root: Path = ROOT, **given: str) -> list[Entry]:
    """The journal of one turn of *agent*, asked what is *given* by somebody outside, as the scenario plays it that is for that.

    *tools* stand in for those that need something deployed.
    """
    loaded = [one for path in sorted((root / "local/scenarios").glob("*.yaml")) for one in scenarios(path.read_text(), source=path.name)]
    (fitting,) = [one for one in loaded if all(text in " ".join(given.values()) for text in one.scenario.when.texts)]
    world = platform(agent, Script(fitting, agent), tools=tools, root=root)
    branch = world.submit("run-1", given)
    world.turn(branch, agent)
    return world.entries(branch)
