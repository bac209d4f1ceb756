"""What an agent is in a fork: itself, with what the fork overrides."""

from collections.abc import Iterable, Mapping
from copy import replace
from typing import Any

from septet.core.canonical import canonical, digest
from septet.core.entries import Entry, Forked
from septet.core.errors import ModelUnavailable
from septet.execution.agents import Agent


def overridden(agent: Agent, history: Iterable[Entry]) -> Agent:
    """*agent* as the forks in *history* have it, the latest word on each thing standing; its bundle says that it is not the declared one.

    Raises ModelUnavailable for a model that is none of the agent's any more.
    """
    told: dict[str, Any] = {}
    for entry in history:
        if isinstance(entry.body, Forked):
            told |= entry.body.overrides.get(agent.name, {})
    return _with(agent, told) if told else agent


def _with(agent: Agent, told: Mapping[str, Any]) -> Agent:
    bundle = f"{agent.bundle}+{digest(canonical(told))[:8]}"
    changed = replace(agent, bundle=bundle, prompt=told.get("prompt", agent.prompt))
    if "model" not in told:
        return changed
    models = tuple(model for model in agent.models if model.id == told["model"])
    if not models:
        raise ModelUnavailable(f"{told['model']} is no model of {agent.name}")
    return replace(changed, models=models, fallback={})
