"""What a tool declares about itself. What is not declared is taken to be the worst case."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from septet.core.canonical import canonical
from septet.core.frozen import frozen

READS = frozenset({"read", "sensitive-read"})
"""Effect classes that change nothing and send nothing out."""


@frozen
class Argument:
    """What an argument of a tool is for."""

    role: str = "target"
    kind: str = ""
    """For a selector: the kind of record it picks, e.g. ``order``."""
    within: str = ""
    """For an amount: the field of the selected record that bounds it."""
    ask_above: int | None = None
    """For an amount: a person decides above this."""


@frozen
class Output:
    """What a tool's output is: a record of a kind, if the platform alone writes it."""

    kind: str = ""
    key: str = ""
    """The field that identifies the record."""
    owner: str = ""
    """The field that names the principal it belongs to."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Provenance by field; a field not named is ``external``."""


@frozen
class Manifest:
    """One tool, as the gateway sees it."""

    name: str
    description: str
    effect: str
    repeat: str
    """``none`` (pure or read), ``keyed`` (takes an idempotency key) or ``once`` (must never be fired twice)."""
    identity: tuple[str, ...]
    """The arguments that make two calls the same effect."""
    timeout: int
    """Seconds."""
    input_schema: Mapping[str, Any]
    arguments: Mapping[str, Argument]
    output: Output
    approval_seconds: int
    """How long a question to a person stays open."""
    reconcile: bool = False
    """Whether a tool that must never be fired twice can say what became of a call."""

    def identified(self, arguments: Mapping[str, Any]) -> bytes:
        """Equal for two calls that are the same effect."""
        return canonical({name: arguments.get(name) for name in self.identity})

    @property
    def reads(self) -> bool:
        """Whether the tool only reads."""
        return self.effect in READS

    def argument(self, name: str) -> Argument:
        """The declaration of an argument; an undeclared one is a target, the worst case."""
        return self.arguments.get(name, Argument())


def manifest(name: str, value: Mapping[str, Any]) -> Manifest:
    """The manifest in *value*, the JSON form that the synth writes. Raises KeyError or TypeError for anything else."""
    return Manifest(
        name=name,
        description=value["description"],
        effect=value["effect"],
        repeat=value["repeat"],
        identity=tuple(value["identity"]),
        timeout=value["timeout"],
        input_schema=value["input_schema"],
        arguments={key: Argument(**item) for key, item in value["arguments"].items()},
        output=Output(**value["output"]),
        approval_seconds=value["approval"].get("seconds", 3600),
        reconcile=value["reconcile"],
    )
