"""``policies/pools.toml``: agents that can do the same, variants or regions of one, of which a workflow has one chosen."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from stacks.catalog.declarations import Agent, Pool, Workflow
from stacks.catalog.fields import toml
from stacks.catalog.files import BAD_NAME, is_name
from stacks.catalog.handing import pooled
from stacks.catalog.problems import Problems, known, nearest

FILE = "policies/pools.toml"
_LEAST = 2
_MOST = 1_000_000


def check(workflows: Mapping[str, Workflow], agents: Mapping[str, Agent], declared: Mapping[str, Pool], problems: Problems) -> None:
    """Note choices of *workflows* from a pool that is none of those *declared*, or after which one of its agents is not called."""
    for name, workflow in workflows.items():
        for place, sentence in pooled(json.loads(workflow.definition), agents, declared):
            problems.add(f"state_machines/{name}.asl.json", place, sentence)


def pools(root: Path, agents: Collection[str], problems: Problems) -> dict[str, Pool]:
    """The pools by name; none when there is no such file."""
    if not (root / FILE).is_file() or (fields := toml(root / FILE, FILE, problems)) is None:
        return {}
    found = {}
    for name, pool in fields.each().items():
        if not is_name(name):
            fields.wrong(name, BAD_NAME)
        members = pool.names("agents", required=True)
        for agent in members:
            if agent not in agents:
                pool.wrong("agents", f"names {agent!r}{nearest(agent, agents)}: there is no such agent; there is {known(agents)}")
        if len(members) < _LEAST:
            pool.wrong("agents", "has nobody to choose between: name at least two agents")
        found[name] = Pool(agents=members, full=pool.whole("full", 1, _MOST, default=600))
        pool.done()
    fields.done()
    return found
