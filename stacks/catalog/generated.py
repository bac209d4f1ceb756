"""JSON files that the synth puts beside handlers: an agent's bundle, the gateway's manifests, the API's workflows and tools' schemas."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from stacks.catalog.declarations import Agent, Catalog, Function, Model, Tool
from stacks.catalog.files import shipped


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
        }
        for name, tool in catalog.tools.items()
    }


def grants(catalog: Catalog) -> dict[str, Any]:
    """The tools of each agent."""
    return {name: list(agent.tools) for name, agent in catalog.agents.items()}


def workflows(catalog: Catalog) -> dict[str, Any]:
    """The workflows that the API may start."""
    return {name: {"description": item.description, "input_schema": item.input_schema} for name, item in catalog.workflows.items()}


def schemas(catalog: Catalog) -> dict[str, Any]:
    """The input schema of each tool: what the API checks arguments by that an approver changed."""
    return {name: dict(tool.input_schema) for name, tool in catalog.tools.items()}


def policies(catalog: Catalog) -> dict[str, Any]:
    """What the gateway decides by."""
    return asdict(catalog.policies)


def egress(catalog: Catalog) -> dict[str, Any]:
    """Where something may go; empty when nothing says so."""
    return dict(catalog.egress)


_DECLARATIONS: dict[str, Callable[[Catalog], dict[str, Any]]] = {
    "manifests": manifests,
    "grants": grants,
    "policies": policies,
    "egress": egress,
    "workflows": workflows,
    "schemas": schemas,
}


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()
