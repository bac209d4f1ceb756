"""The whole tree, read and checked across its parts."""

from collections.abc import Mapping
from pathlib import Path

from stacks.catalog import inquiries as asking_outside
from stacks.catalog import policies, pools, wildcards
from stacks.catalog.budgets import budgets
from stacks.catalog.cedar import cedar
from stacks.catalog.declarations import Agent, Catalog, Function, Step, Tool, Workflow
from stacks.catalog.egress import egress
from stacks.catalog.events import events
from stacks.catalog.files import names
from stacks.catalog.functions import agents, steps
from stacks.catalog.inquiries import inquiries
from stacks.catalog.measures import measures
from stacks.catalog.models import models
from stacks.catalog.problems import Problems
from stacks.catalog.queries import queries
from stacks.catalog.showing import shown
from stacks.catalog.slo import objectives
from stacks.catalog.times import Times
from stacks.catalog.tools import APPROVAL_S, tools
from stacks.catalog.workflows import workflows

NOT_A_TOOL_S = 30
"""Of the gateway's seconds that no tool can have: its own work before and after, and the start of the tool's function."""

ASKS = "StepAskPerson"
"""The step that asks a person, as state machines call it."""

NEVER_ASKED = ("read", "sensitive-read")
"""Effects that policies allow or deny, but ask no person about."""


def read(root: Path) -> Catalog:
    """What the tree under *root* declares. Raises CatalogError with every problem in it."""
    problems = Problems()
    allowed, roles = models(root, problems)
    layers = _layers(root, problems)
    declared_tools = tools(root, layers, problems)
    declared_agents = agents(root, roles, names(root, "tools"), problems)
    declared_steps = steps(root, layers, problems)
    owners: list[Agent | Tool | Step] = [*declared_agents.values(), *declared_tools.values(), *declared_steps.values()]
    functions = [owner.function for owner in owners]
    _check_holes(functions, problems)
    _check_groups(root, problems)
    _check_deadlines(declared_tools, declared_steps, problems)
    files = {
        f"policies/{owner.function.kind}s/{owner.function.name}.json": owner.policy for owner in owners if not isinstance(owner, Agent)
    }
    wildcards.check(files, wildcards.wildcards(root, problems), problems)
    holes = {agent.function.hole: agent for agent in declared_agents.values()}
    declared_workflows = workflows(
        root,
        problems,
        agents=holes,
        asking=_asking(declared_agents, declared_tools),
        times=Times(functions={one.hole: one.timeout for one in functions}, expiries=_expiries(declared_agents, declared_tools)),
    )
    declared_inquiries = inquiries(root, declared_agents, problems)
    asking_outside.check(declared_workflows, declared_inquiries, problems)
    declared_pools = pools.pools(root, names(root, "agents"), problems)
    pools.check(declared_workflows, holes, declared_pools, problems)
    catalog = Catalog(
        models=allowed,
        agents=declared_agents,
        tools=declared_tools,
        steps=declared_steps,
        workflows=declared_workflows,
        boundaries=policies.boundaries(root, problems),
        budgets=budgets(root, problems),
        policies=cedar(root, problems),
        egress=egress(root, problems),
        inquiries=declared_inquiries,
        events=events(root, declared_workflows, problems),
        pools=declared_pools,
        layers=layers,
        objectives=objectives(root, declared_workflows, _asks(declared_workflows), problems),
        metrics=measures(root, problems),
        shown=shown(root, problems),
        queries=queries(root, problems),
    )
    problems.settle()
    return catalog


def _asks(declared: Mapping[str, Workflow]) -> frozenset[str]:
    """The workflows in which a person may be asked."""
    return frozenset(name for name, workflow in declared.items() if ASKS in workflow.functions)


def _asking(declared: Mapping[str, Agent], declared_tools: Mapping[str, Tool]) -> dict[str, str]:
    """By an agent's hole, the first of its tools that acts: about such a call a person may be asked."""
    acting = {name for name, tool in declared_tools.items() if tool.effect not in NEVER_ASKED}
    found = {agent.function.hole: next((name for name in agent.tools if name in acting), "") for agent in declared.values()}
    return {hole: name for hole, name in found.items() if name}


def _expiries(declared: Mapping[str, Agent], declared_tools: Mapping[str, Tool]) -> dict[str, int]:
    """By an agent's hole, the seconds that a question about one of its calls stays open at most."""
    open_for = {name: tool.approval.get("seconds", APPROVAL_S) for name, tool in declared_tools.items() if tool.effect not in NEVER_ASKED}
    found = {agent.function.hole: [open_for[name] for name in agent.tools if name in open_for] for agent in declared.values()}
    return {hole: max(seconds) for hole, seconds in found.items() if seconds}


def _check_holes(functions: list[Function], problems: Problems) -> None:
    seen: dict[str, Function] = {}
    for function in functions:
        other = seen.setdefault(function.hole, function)
        if other is not function:
            file = f"functions/{function.kind}s/{function.name}/"
            problems.add(file, "", f"and {other.name} are both ${{{function.hole}}} in a state machine: rename one")


def _check_groups(root: Path, problems: Problems) -> None:
    for folder in sorted((root / "functions").glob("*/")):
        if folder.name not in {"agents", "tools", "steps", "__pycache__"}:
            problems.add(f"functions/{folder.name}/", "", "is no kind of function: use agents, tools or steps")
    for path in sorted((root / "policies" / "agents").glob("*.json")):
        problems.add(
            f"policies/agents/{path.name}", "", "is not read: what an agent may do is generated from its agent.toml; remove the file"
        )


def _check_deadlines(declared: Mapping[str, Tool], declared_steps: Mapping[str, Step], problems: Problems) -> None:
    gateway = declared_steps.get("gateway")
    for name, tool in declared.items():
        if gateway and tool.function.timeout > (longest := gateway.function.timeout - NOT_A_TOOL_S):
            file = f"functions/tools/{name}/tool.toml"
            sentence = f"is {tool.function.timeout}, and the gateway has time for {longest}: give less"
            problems.add(file, "timeout", sentence)


def _layers(root: Path, problems: Problems) -> dict[str, Path]:
    """The locked lists of third-party packages, by the name of their folder; every agent and tool imports from ``core``."""
    parent = root / "layers" / "dependencies"
    found = {folder.name: folder / "requirements.txt" for folder in sorted(parent.glob("*/"))}
    for name, path in ({"core": parent / "core" / "requirements.txt"} | found).items():
        if not path.is_file():
            problems.add(f"layers/dependencies/{name}/requirements.txt", "", "is missing: compile it from requirements.in")
    return found
