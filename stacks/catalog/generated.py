"""JSON files that the synth puts beside handlers: an agent's bundle, the gateway's manifests, the API's workflows and tools' schemas."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from stacks.catalog.declarations import Agent, Catalog, Function, Model, Tool, Workflow
from stacks.catalog.files import shipped
from stacks.catalog.later import later

UNDOES = "StepCompensate"
"""The step by which a workflow undoes what it did when it is cancelled."""
STARTS_RUNS = "StepSubmitRow"
"""The step by which a workflow starts runs."""


def files(catalog: Catalog, function: Function) -> dict[str, bytes]:
    """Everything that makes the code of *function*, by path: its folder, and what is generated for it."""
    found = shipped(function.folder)
    if function.kind == "agent":
        found["bundle.json"] = _json(bundle(catalog, catalog.agents[function.name]))
    if function.kind == "step":
        found |= {f"{name}.json": _json(_DECLARATIONS[name](catalog)) for name in catalog.steps[function.name].declarations}
    return found


def digest(contents: Mapping[str, bytes]) -> str:
    """The SHA-256 of paths and contents, in hex; the same for the same files wherever and whenever they are read."""
    whole = hashlib.sha256()
    for path in sorted(contents):
        whole.update(f"{path}\0{len(contents[path])}\0".encode())
        whole.update(contents[path])
    return whole.hexdigest()


def bundle(catalog: Catalog, agent: Agent) -> dict[str, Any]:
    """One immutable version of an agent, as the runtime reads it. ``bundle`` names it: it changes with anything in it, code included."""
    value = {
        "agent": agent.function.name,
        "description": agent.function.description,
        "prompt": agent.prompt,
        "models": [_model(model) for model in agent.models],
        "tools": [_tool(catalog.tools[name], declared=agent.plan) for name in agent.tools],
        "answer_schema": agent.answer_schema,
        "hand_over_to": list(agent.hand_over_to),
        "limits": asdict(agent.limits),
        "fallback": {error: list(ids) for error, ids in agent.fallback.items()},
        "cache_seconds": agent.cache_seconds,
        "plan": agent.plan,
        "check": agent.check,
    }
    whole = digest({**shipped(agent.function.folder), "bundle.json": _json(value)})
    return {"bundle": whole[:16], **value}


def _model(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "provider": model.provider,
        "input_price": model.input_price,
        "output_price": model.output_price,
        "cache_read_price": model.cache_read_price,
        "cache_write_price": model.cache_write_price,
        "context": model.context,
        "max_output": model.max_output,
        "capabilities": list(model.capabilities),
        "weight": model.weight,
        "endpoint": model.endpoint,
        "region": model.region,
        "secret": model.secret,
    }


def _tool(tool: Tool, *, declared: bool) -> dict[str, Any]:
    """A tool as the model is told of it, the pin by which the gateway knows it again, and for a planner what is *declared*."""
    told = {"name": tool.function.name, "description": tool.function.description, "input_schema": tool.input_schema}
    known = {"arguments": tool.arguments, "output": tool.output} if declared else {}
    return told | {"pin": pin(tool.function.description, tool.input_schema)} | known


def pin(description: str, input_schema: Mapping[str, Any]) -> str:
    """A digest of what a model is told of a tool. ``septet.security.manifests.pin`` makes the same of what the gateway has."""
    parts = description.encode(), json.dumps(input_schema, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()[:32]


def manifests(catalog: Catalog) -> dict[str, Any]:
    """What the gateway knows about each tool."""
    return {
        name: {
            "description": tool.function.description,
            "effect": tool.effect,
            "repeat": tool.repeat,
            "identity": list(tool.identity),
            "timeout": tool.function.timeout,
            "input_schema": tool.input_schema,
            "arguments": tool.arguments,
            "output": tool.output,
            "approval": tool.approval,
            "roles": list(tool.roles),
            "reconcile": tool.reconcile,
            **({"compensation": tool.compensation} if tool.compensation else {}),
        }
        for name, tool in catalog.tools.items()
    }


def grants(catalog: Catalog) -> dict[str, Any]:
    """The tools of each agent."""
    return {name: list(agent.tools) for name, agent in catalog.agents.items()}


def workflows(catalog: Catalog) -> dict[str, Any]:
    """The workflows that the API may start."""
    return {
        name: {
            "description": item.description,
            "input_schema": item.input_schema,
            "agents": _workers(catalog, item),
            "undoes": UNDOES in item.functions,
            "starts_runs": STARTS_RUNS in item.functions,
            "later": _later(catalog, item),
        }
        for name, item in catalog.workflows.items()
    }


def _workers(catalog: Catalog, workflow: Workflow) -> list[str]:
    """The agents that *workflow* may invoke."""
    return [agent.function.name for agent in catalog.agents.values() if agent.function.hole in workflow.functions]


def _later(catalog: Catalog, workflow: Workflow) -> dict[str, list[str]]:
    """By agent, those that may still work in a run of *workflow* once it has begun to."""
    names = {agent.function.hole: name for name, agent in catalog.agents.items()}
    return {names[hole]: sorted(names[one] for one in found) for hole, found in sorted(later(json.loads(workflow.definition)).items())}


def inquiries(catalog: Catalog) -> dict[str, Any]:
    """What workflows ask somebody outside."""
    return dict(catalog.inquiries)


def events(catalog: Catalog) -> dict[str, Any]:
    """Which events start which workflow."""
    return dict(catalog.events)


def schemas(catalog: Catalog) -> dict[str, Any]:
    """The input schema of each tool: what the API checks arguments by that an approver changed."""
    return {name: dict(tool.input_schema) for name, tool in catalog.tools.items()}


def agents(catalog: Catalog) -> dict[str, Any]:
    """The ids of each agent's models: what a fork may let it go on with."""
    return {name: [model.id for model in agent.models] for name, agent in catalog.agents.items()}


def policies(catalog: Catalog) -> dict[str, Any]:
    """What the gateway decides by."""
    return asdict(catalog.policies)


def egress(catalog: Catalog) -> dict[str, Any]:
    """Where something may go; empty when nothing says so."""
    return dict(catalog.egress)


def routing(catalog: Catalog) -> dict[str, Any]:
    """Who may work instead of whom, and what is answered when nobody can."""
    agents = {
        name: {
            "skills": list(agent.skills),
            "fallback": {error: list(others) for error, others in agent.take_over.items()},
            "models": [model.id for model in agent.models],
            "price": _price(agent),
        }
        for name, agent in catalog.agents.items()
    }
    flows = {
        name: {
            "agents": _workers(catalog, workflow),
            "degraded": workflow.degraded,
        }
        for name, workflow in catalog.workflows.items()
    }
    pools = {name: {"agents": list(pool.agents), "full": pool.full} for name, pool in catalog.pools.items()}
    return {"agents": agents, "workflows": flows, "pools": pools}


def _price(agent: Agent) -> int:
    """Micro-dollars for a million tokens read and as many written, by the shares of its models."""
    whole = sum(model.weight for model in agent.models)
    return sum(model.weight * (model.input_price + model.output_price) for model in agent.models) // max(1, whole)


def names(catalog: Catalog) -> dict[str, Any]:
    """What traces and metrics may name: the models, each with its provider, the tools and the agents."""
    models = {model.id: model.provider for agent in catalog.agents.values() for model in agent.models}
    return {"models": models, "tools": sorted(catalog.tools), "agents": sorted(catalog.agents)}


def memory(catalog: Catalog) -> dict[str, Any]:
    """The memory of each function in MB, by kind and name: what its seconds cost follows from it."""
    return {f"{function.kind}-{function.name}": function.memory for function in catalog.functions}


def endpoints(catalog: Catalog) -> dict[str, Any]:
    """Micro-dollars that an hour costs of one instance, for each model that is on instances which are paid by the hour."""
    found = {model.id: model.hour_price for agent in catalog.agents.values() for model in agent.models}
    return {id_: price for id_, price in sorted(found.items()) if price}


def traces(catalog: Catalog) -> dict[str, Any]:
    """Whose content is in their spans."""
    return {"content": sorted(catalog.shown)}


_DECLARATIONS: dict[str, Callable[[Catalog], dict[str, Any]]] = {
    "manifests": manifests,
    "grants": grants,
    "policies": policies,
    "egress": egress,
    "workflows": workflows,
    "schemas": schemas,
    "agents": agents,
    "inquiries": inquiries,
    "events": events,
    "routing": routing,
    "names": names,
    "memory": memory,
    "endpoints": endpoints,
    "traces": traces,
}


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()
