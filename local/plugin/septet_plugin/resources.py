"""CloudFormation resource types: those LocalStack lacks, made of data, and those it has but leaves as they were made.

Three things LocalStack does without a word are undone here. A type it lacks counts as created; a property its provider does not know is
dropped; an update its provider lacks counts as done. The first two are provided or settled; what is left of the last says so in the
stack's events, with the words LocalStack itself uses for a faked resource.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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

type Model = dict[str, Any]
type Settle = Callable[["Change"], Model]

_FIXED: Final = ("createOnlyProperties", "primaryIdentifier", "readOnlyProperties")
"""Where a type's schema lists the properties that no update changes."""
_GIVEN: Final = "septet_given"
_STEP: Final = 0.05
"""Seconds between two looks at a resource that takes its time; LocalStack waits one second."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A resource that is to become what its template says."""

    clients: Any
    """LocalStack's clients by service, which take property names in CloudFormation's spelling."""
    now: Mapping[str, Any]
    """Its properties, with those its creation gave it."""
    before: Mapping[str, Any] | None
    """The same before this update; None right after its creation."""

    def changed(self, name: str) -> bool:
        """Whether a property is new or other than before."""
        return (self.before or {}).get(name) != self.now.get(name)


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What LocalStack's own provider of a type leaves undone."""

    settle: Settle
    """Brings the resource to its properties and returns attributes to add to them."""
    updates: frozenset[str]
    """The properties `settle` can change."""
    hidden: frozenset[str] = frozenset()
    """Properties LocalStack's provider must not see, because it misunderstands them."""
    delete: Callable[[Change], None] | None = None
    """Removes the resource, where LocalStack's provider removes more."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A type LocalStack lacks, by the calls that make, change and remove it."""

    service: str
    create: str
    delete: str
    update: str | None = None
    identifier: str
    """The property that Ref returns."""
    created: Mapping[str, str] = field(default_factory=dict)
    """Attributes to read off the answer to `create`: property by member."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Members of requests that no property has the name of: property by member."""
    name: str | None = None
    """The property that gets a generated name when the template gives none."""
    fixed: tuple[str, ...] = ()
    """Properties whose change means a new resource."""
    patched: bool = False
    """Whether `update` takes API Gateway's patch operations."""
    plural: bool = False
    """Whether `delete` takes a list."""


def call(client: Any, operation: str, properties: Mapping[str, Any], arguments: Mapping[str, str] | None = None) -> Any:
    """Call an operation with those properties that it has a member for, whatever their case."""
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    names = {name.lower(): name for name, value in properties.items() if value is not None}
    sources = {member: (arguments or {}).get(member) or names.get(member.lower()) for member in model.input_shape.members}
    return getattr(client, operation)(**{member: properties[name] for member, name in sources.items() if name and name in properties})


def patches(change: Change, *names: str) -> list[dict[str, str]]:
    """Return API Gateway's patch operations for those of the properties that changed."""
    return [
        {"op": "replace", "path": f"/{name[0].lower()}{name[1:]}", "value": text(change.now.get(name))}
        for name in names
        if change.changed(name)
    ]


def text(value: Any) -> str:
    """Return a value as API Gateway's patch operations spell it."""
    return str(value).lower() if isinstance(value, bool) else str("" if value is None else value)


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
