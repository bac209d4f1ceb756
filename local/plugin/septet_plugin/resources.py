"""CloudFormation resource types as the plug-in describes them: those LocalStack lacks, and what it leaves undone of those it has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

type Model = dict[str, Any]
type Settle = Callable[["Change"], Model]


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
