"""The reference monitor: whether a call may be made, decided from platform facts alone. It trusts no word of the model's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from septet.security.manifests import Argument, Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Something a tool read from where only the platform writes."""

    kind: str
    key: str
    fields: Mapping[str, Any]
    owner: str
    """The principal it belongs to; empty when it belongs to nobody."""
    source: str
    """Where it was read, e.g. ``find_order, entry 12``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the platform knows when a call is made."""

    principal: str
    """Whom the run acts for."""
    records: Mapping[tuple[str, str], Record] = field(default_factory=dict)
    """Records read in this run, by kind and key; the newest reading stands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What the monitor says, why, and what it looked at."""

    outcome: Literal["allow", "ask", "deny"]
    reasons: tuple[str, ...]
    evidence: tuple[Mapping[str, Any], ...] = ()


def decide(manifest: Manifest, arguments: Mapping[str, Any], facts: Facts) -> Decision:
    """Allow, ask a person, or deny. A read is allowed; whatever acts must aim at records of the principal's own, within their bounds.

    Arguments have passed the tool's schema. A denial outweighs a question, a question outweighs an allowance.
    """
    if manifest.reads:
        return Decision(outcome="allow", reasons=("it only reads",))
    denied: list[str] = []
    asked: list[str] = []
    allowed: list[str] = []
    selected = _selected(manifest, arguments, facts)
    for name, value in arguments.items():
        declared = manifest.argument(name)
        if declared.role == "selector":
            _selector(name, declared, selected.get(name), facts, denied, allowed)
        elif declared.role == "amount":
            _amount(name, value, declared, selected.values(), denied, asked, allowed)
        elif declared.role not in ("title", "content", "flag"):
            asked.append(f"{name} is a {declared.role} that nothing vouches for")
    evidence = tuple(
        {"name": f"{record.kind} {record.key}", "value": dict(record.fields), "source": record.source}
        for record in selected.values()
        if record
    )
    if denied:
        return Decision(outcome="deny", reasons=tuple(denied), evidence=evidence)
    if asked:
        return Decision(outcome="ask", reasons=tuple(asked), evidence=evidence)
    if not allowed:
        return Decision(outcome="ask", reasons=("it acts, and nothing bounds it",), evidence=evidence)
    return Decision(outcome="allow", reasons=tuple(allowed), evidence=evidence)


def _selected(manifest: Manifest, arguments: Mapping[str, Any], facts: Facts) -> dict[str, Record | None]:
    return {
        name: facts.records.get((manifest.argument(name).kind, str(value)))
        for name, value in arguments.items()
        if manifest.argument(name).role == "selector"
    }


def _selector(name: str, declared: Argument, record: Record | None, facts: Facts, denied: list[str], allowed: list[str]) -> None:
    if record is None:
        denied.append(f"{name} picks no {declared.kind} that was read in this run")
    elif record.owner != facts.principal:
        denied.append(f"{name} picks a {declared.kind} that does not belong to the authenticated principal")
    else:
        allowed.append(f"{name} picks a {declared.kind} of the principal's own")


def _amount(name: str, value: Any, declared: Argument, records: Any, denied: list[str], asked: list[str], allowed: list[str]) -> None:
    bounds = [record.fields[declared.within] for record in records if record and declared.within in record.fields]
    if type(value) is not int or value <= 0:
        denied.append(f"{name} must be a positive whole number")
    elif not bounds:
        denied.append(f"{name} has no record that bounds it")
    elif value > min(bounds):
        denied.append(f"{name} is above {declared.within} ({min(bounds)})")
    elif declared.ask_above is not None and value > declared.ask_above:
        asked.append(f"{name} is above {declared.ask_above}")
    else:
        allowed.append(f"{name} is within {declared.within}")
