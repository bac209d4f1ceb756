"""CloudFormation's resource providers where LocalStack's are missing or weak.

Three things LocalStack does without a word are undone here. A type it lacks counts as created; a property its provider does not know is
dropped; an update its provider lacks counts as done. The first two are provided or settled; what is left of the last says so in the
stack's events, with the words LocalStack itself uses for a faked resource.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final, override

from localstack.services.cloudformation.engine.v2.change_set_model import NothingType
from localstack.services.cloudformation.engine.v2.change_set_model_executor import ChangeSetModelExecutor
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import PreprocResource
from localstack.services.cloudformation.provider_utils import generate_default_name
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceProviderExecutor,
    ResourceRequest,
)

from septet_plugin import repairs
from septet_plugin.resources import Change, Kind, Model, Settled, call, patches

_FIXED: Final = ("createOnlyProperties", "primaryIdentifier", "readOnlyProperties")
"""Where a type's schema lists the properties that no update changes."""
_GIVEN: Final = "septet_given"
_STEP: Final = 0.05
"""Seconds between two looks at a resource that takes its time; LocalStack waits one second."""


def done(model: Model, message: str = "") -> ProgressEvent[Model]:
    """Return the event of a resource that is as it should be."""
    return ProgressEvent(status=OperationStatus.SUCCESS, resource_model=model, custom_context={}, message=message)


class KindProvider(ResourceProvider[Model]):
    """A resource provider made of a `Kind`."""

    def __init__(self, resource_type: str, kind: Kind) -> None:
        self.TYPE = resource_type
        self.SCHEMA = {
            "primaryIdentifier": [f"/properties/{kind.identifier}"],
            "createOnlyProperties": [f"/properties/{name}" for name in (*kind.fixed, *([kind.name] if kind.name else []))],
            "readOnlyProperties": [f"/properties/{name}" for name in kind.created],
        }
        self._kind = kind

    def _client(self, request: ResourceRequest[Model]) -> Any:
        return getattr(request.aws_client_factory, self._kind.service)

    @override
    def create(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        kind, model = self._kind, request.desired_state
        if kind.name and not model.get(kind.name):
            model[kind.name] = generate_default_name(request.stack_name, request.logical_resource_id)
        answer = call(self._client(request), kind.create, model, kind.arguments)
        return done({**model, **{name: answer[member] for name, member in kind.created.items()}})

    @override
    def update(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        kind, before = self._kind, request.previous_state or {}
        if kind.update is None:
            raise NotImplementedError(self.TYPE)
        model = {**_kept(self.SCHEMA, before), **request.desired_state}
        given = model
        if kind.patched:
            change = Change(clients=request.aws_client_factory, now=model, before=before)
            given = {**model, "PatchOperations": patches(change, *request.desired_state)}
        call(self._client(request), kind.update, given, kind.arguments)
        return done(model)

    @override
    def delete(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        kind, model = self._kind, request.desired_state
        if kind.plural:
            model = {member: [model[name]] for member, name in kind.arguments.items()}
        call(self._client(request), kind.delete, model, None if kind.plural else kind.arguments)
        return done({})


class SettledProvider(ResourceProvider[Model]):
    """LocalStack's provider of a type, with what it leaves undone; `settled` is None where nothing is known to be missing."""

    def __init__(self, theirs: ResourceProvider[Model], settled: Settled | None) -> None:
        self.SCHEMA = theirs.SCHEMA
        self._theirs = theirs
        self._settled = settled

    @override
    def create(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        # LocalStack calls again while a creation goes on, and its providers rewrite the properties: keep them as they were given.
        given = request.custom_context.setdefault(_GIVEN, copy.deepcopy(request.desired_state))
        for name in self._settled.hidden if self._settled else ():
            request.desired_state.pop(name, None)
        event = self._theirs.create(request)
        if event.status is OperationStatus.SUCCESS:
            event.resource_model = {**(event.resource_model or {}), **given}
            if self._settled:
                change = Change(clients=request.aws_client_factory, now=event.resource_model, before=None)
                event.resource_model |= self._settled.settle(change)
        return event

    @override
    def update(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        before = request.previous_state or {}
        model = {**_kept(self.SCHEMA, before), **copy.deepcopy(request.desired_state)}
        change = Change(clients=request.aws_client_factory, now=model, before=before)
        different = {name for name in {*before, *model} if change.changed(name)}
        if self._settled is None:
            try:
                return self._theirs.update(request)
            except NotImplementedError:
                return done(model, _admission(request.resource_type, different))
        model |= self._settled.settle(change)
        return done(model, _admission(request.resource_type, different - self._settled.updates))

    @override
    def delete(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        if self._settled is None or self._settled.delete is None:
            return self._theirs.delete(request)
        self._settled.delete(Change(clients=request.aws_client_factory, now=request.desired_state, before=None))
        return done({})

    @override
    def read(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        return self._theirs.read(request)

    @override
    def list(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        return self._theirs.list(request)


def _kept(schema: Mapping[str, Any], before: Mapping[str, Any]) -> Model:
    """Return what an update leaves as it is: what identifies the resource, and attributes its template has no property for."""
    fixed = {path.split("/")[2] for key in _FIXED for path in schema.get(key, [])}
    return {name: value for name, value in before.items() if name in fixed or name not in schema.get("properties", before)}


def _admission(resource_type: str, properties: set[str]) -> str:
    names = ", ".join(sorted(properties - {"Tags"}))  # nothing on the twin reads tags
    if not names:
        return ""
    return f"Resource type {resource_type} is not supported but was deployed as a fallback: the emulator cannot change its {names}"


def _decide_replacement(
    usual: Callable[..., None],
    executor: ChangeSetModelExecutor,
    *,
    name: str,
    before: PreprocResource | NothingType,
    after: PreprocResource | NothingType,
) -> None:
    """Replace a resource only when a property that cannot change has: LocalStack does so when what it refers to is updated."""
    if not isinstance(before, NothingType) and not isinstance(after, NothingType) and before.resource_type == after.resource_type:
        provider = ResourceProviderExecutor.try_load_resource_provider(after.resource_type)
        paths = provider.SCHEMA.get("createOnlyProperties", []) if provider else []
        names = {path.split("/")[2] for path in paths}
        after.requires_replacement = any(before.properties.properties.get(one) != after.properties.properties.get(one) for one in names)
    usual(executor, name=name, before=before, after=after)


def repair(kinds: Mapping[str, Kind], settled: Mapping[str, Settled]) -> None:
    """Let CloudFormation find our providers first, and wait less for a resource that takes its time."""
    usual = ResourceProviderExecutor.try_load_resource_provider

    def load(resource_type: str) -> ResourceProvider[Model] | None:
        if kind := kinds.get(resource_type):
            return KindProvider(resource_type, kind)
        theirs = usual(resource_type)
        return SettledProvider(theirs, settled.get(resource_type)) if theirs else None

    def deploy(original: Callable[..., Any], executor: ResourceProviderExecutor, *given: Any, **named: Any) -> Any:
        return original(executor, *given, **{"sleep_time": _STEP, **named})

    ResourceProviderExecutor.try_load_resource_provider = staticmethod(load)  # type: ignore[method-assign] # LocalStack's patch takes no static method
    repairs.put(ResourceProviderExecutor.deploy_loop, deploy)
    repairs.put(ChangeSetModelExecutor._execute_resource_change, _decide_replacement)  # noqa: SLF001 the values are known only here
