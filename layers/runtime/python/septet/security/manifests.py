"""What a tool declares about itself. What is not declared is taken to be the worst case."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from septet.core.canonical import canonical, digest
from septet.core.frozen import frozen

READS = frozenset({"read", "sensitive-read"})
"""Effect classes that change nothing and send nothing out."""
EFFECTS = (
    "read",
    "sensitive-read",
    "egress-read",
    "write-private",
    "send",
    "membership",
    "financial",
    "credential",
    "profile",
    "destructive",
    "publish",
    "commit",
)
ROLES = ("target", "selector", "amount", "date", "title", "content", "attachment", "flag")
"""What an argument can be for; the first is the worst case."""
UNDECLARED = "unknown"
"""The effect of a tool without a manifest."""


@frozen
class Argument:
    """What an argument of a tool, or a value within it, is for."""

    role: str = "target"
    kind: str = ""
    """What kind of value it is: for a selector the kind of record it picks (``order``), for a target ``email``, ``iban``, ``url``…"""
    within: str = ""
    """For an amount: the field of the selected record that bounds it."""
    ask_above: int | None = None
    """For an amount: a person decides above this."""


@frozen
class Field:
    """Where a value of a tool's output comes from."""

    label: str = "external"
    """``record`` (only the platform or the user's own curation writes it), ``counterparty`` or ``external``."""
    kind: str = ""
    """The kind of value or id: a value of one kind endorses no argument of another."""
    secret: bool = False
    """It leaves only with a question: a card, a passport, a credential."""


@frozen
class Output:
    """What a tool's output is: one record, or a list of records, of a kind."""

    kind: str = ""
    """Of the records; empty when the output holds none."""
    at: str = ""
    """Path of the records within the output; empty when it is the record, or the list of them, itself."""
    key: str = ""
    """The field that identifies a record."""
    owner: str = ""
    """The field that names the principal a record belongs to; empty when records of this kind belong to nobody in particular."""
    fields: Mapping[str, Field] = field(default_factory=dict)
    """By path within a record, as ``sender`` or ``items[].name``, or within an output without records; what is not named is ``Field()``."""


@frozen
class Asking:
    """How a person is asked about a call of the tool."""

    seconds: int = 3600
    """How long a question stays open."""
    roles: tuple[str, ...] = ("approver",)
    """Who may decide, besides an admin."""
    approvers: int = 1
    """How many different people have to approve."""
    escalate_after: int = 0
    """Seconds after which ``escalate_to`` may decide as well; 0: never."""
    escalate_to: tuple[str, ...] = ()


@frozen
class Compensation:
    """How an effect is undone: by a call of another tool."""

    tool: str
    arguments: Mapping[str, str]
    """By name: the path in the effect's ``arguments`` or ``result`` that it is taken from, as ``result.reservation``."""


@frozen
class Manifest:
    """One tool, as the gateway sees it."""

    name: str
    description: str = ""
    effect: str = UNDECLARED
    repeat: str = "once"
    """``none`` (pure or read), ``keyed`` (takes an idempotency key) or ``once`` (must never be fired twice)."""
    identity: tuple[str, ...] = ()
    """The arguments that make two calls the same effect."""
    timeout: int = 10
    """Seconds."""
    input_schema: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    """By path: ``order_id``, ``recipients`` (its items too), ``attachments[].file_id``."""
    output: Output = Output()
    approval: Asking = Asking()
    roles: tuple[str, ...] = ()
    """A run's submitter needs one of these roles; empty: any."""
    reconcile: bool = False
    """Whether a tool that must never be fired twice can say what became of a call."""
    compensation: Compensation | None = None
    """How what it did is undone when its run is cancelled; None: a person has to."""

    @property
    def pin(self) -> str:
        """``pin`` of what a model is told of the tool."""
        return pin(self.description, self.input_schema)

    def identified(self, arguments: Mapping[str, Any]) -> bytes:
        """Equal for two calls that are the same effect."""
        return canonical({name: arguments.get(name) for name in self.identity})

    @property
    def reads(self) -> bool:
        """Whether the tool only reads."""
        return self.effect in READS

    def argument(self, path: str) -> Argument:
        """The declaration of the value at *path* (``attachments[].file_id``), or of what it is within; an undeclared one is a target."""
        while path:
            if path in self.arguments:
                return self.arguments[path]
            path = path[:-2] if path.endswith("[]") else path.rpartition(".")[0]
        return Argument()


def pin(description: str, input_schema: Mapping[str, Any]) -> str:
    """What a model is told of a tool, as one digest: a tool whose pin is another than the bundle's is not the one that was approved."""
    return digest(description.encode(), canonical(input_schema))[:32]


def manifest(name: str, value: Mapping[str, Any]) -> Manifest:
    """The manifest in *value*, a ``tool.toml`` as JSON; what it leaves out is the worst case. Raises TypeError for an unknown key."""
    output = dict(value.get("output", {}))
    output["fields"] = {path: Field(**item) for path, item in output.get("fields", {}).items()}
    approval: dict[str, Any] = {key: tuple(item) if isinstance(item, list) else item for key, item in value.get("approval", {}).items()}
    plain = {key: value[key] for key in ("description", "effect", "repeat", "timeout", "input_schema", "reconcile") if key in value}
    return Manifest(
        name=name,
        identity=tuple(value.get("identity", ())),
        arguments={path: Argument(**item) for path, item in value.get("arguments", {}).items()},
        output=Output(**output),
        approval=Asking(**approval),
        roles=tuple(value.get("roles", ())),
        compensation=Compensation(**value["compensation"]) if value.get("compensation") else None,
        **plain,
    )
