"""What a deployment declares, in the description of its API: what each workflow takes, and which agents and models there are."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from septet.integration.http import run_models, session_models, stop_models
from septet.integration.ports import Declaration

Json = dict[str, Any]
_NOTHING: Json = {"not": {}}


def schemas_of(declared: Mapping[str, Declaration], agents: Mapping[str, Sequence[str]]) -> Json:
    """The schemas of bodies, by name, that depend on the workflows *declared* and on *agents* with the ids of their models."""
    inputs = [_input(declared[name]) for name in sorted(declared)]
    return {
        "Submission": _one_of("oneOf", [_choice(name, declared[name]) for name in sorted(declared)]),
        "SessionRequest": _changed(session_models.SessionRequest, workflow=_one(sorted(declared))),
        "MessageRequest": _changed(session_models.MessageRequest, input=_one_of("anyOf", inputs)),
        "ForkRequest": _changed(session_models.ForkRequest, input=_one_of("anyOf", [*inputs, {"type": "null"}]), agents=_overrides(agents)),
        "StopRequest": _changed(stop_models.StopRequest, name=_one(["", *sorted(agents)])),
    }


def _choice(name: str, declared: Declaration) -> Json:
    """A submission for one workflow, with the workflow's own input."""
    told = _changed(run_models.Submission, workflow={"const": name}, input=_input(declared))
    return {**told, "title": name, "description": declared.description}


def _input(declared: Declaration) -> Json:
    return {key: value for key, value in declared.input_schema.items() if key not in ("$schema", "$id")}


def _overrides(agents: Mapping[str, Sequence[str]]) -> Json:
    """Which agents may go on otherwise in a fork. Their models are told in words: a schema for each agent is long, and says little more."""
    models = "; ".join(f"{name}: {', '.join(agents[name])}" for name in sorted(agents))
    return {
        "type": "object",
        "description": f"By agent. The models there are: {models or 'none'}",
        "propertyNames": _one(sorted(agents)),
        "additionalProperties": {"$ref": f"#/components/schemas/{session_models.Override.__name__}"},
        "maxProperties": session_models.OVERRIDES,
    }


def _one(names: Sequence[str]) -> Json:
    return {"enum": list(names)} if names else _NOTHING


def _one_of(how: str, choices: Sequence[Json]) -> Json:
    return {how: list(choices)} if choices else _NOTHING


def _changed(model: type[BaseModel], /, **given: Json) -> Json:
    """*model*'s schema with the properties that are *given*. It has to stand by itself: a reference into it would lead nowhere."""
    schema = model.model_json_schema()
    kept = {
        name: {key: value for key, value in told.items() if key not in ("title", "default")} for name, told in schema["properties"].items()
    }
    told = {name: {"description": about} for name, one in kept.items() if name in given and (about := one.get("description"))}
    properties = {name: told.get(name, {}) | given.get(name, one) for name, one in kept.items()}
    return {key: value for key, value in schema.items() if key != "$defs"} | {"properties": properties}
