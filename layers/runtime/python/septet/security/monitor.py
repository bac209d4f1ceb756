"""The reference monitor: whether a call may be made, decided from platform facts alone. It trusts no word of the model's."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Literal

from septet.core.frozen import frozen
from septet.security.manifests import Argument, Manifest

View = tuple[Literal["allow", "ask", "deny", "pass"], str]
"""What one argument says about a call, and why."""


@frozen
class Record:
    """Something a tool read from where only the platform writes."""

    kind: str
    key: str
    fields: Mapping[str, Any]
    owner: str
    """The principal it belongs to; empty when it belongs to nobody."""
    source: str
    """Where it was read, e.g. ``find_order, entry 12``."""


Seen = tuple[Record | None, Sequence[Record], Sequence[Mapping[str, Any]]]
"""The record an argument selects, all records the call selects, and the arguments of earlier effects of the tool."""


Acted = Mapping[str, Mapping[bytes, Mapping[str, Any]]]
"""Arguments of effects, by their tool and by which they are (``Manifest.identified``)."""


@frozen
class Facts:
    """What the platform knows when a call is made."""

    principal: str
    """Whom the run acts for."""
    records: Mapping[tuple[str, str], Record] = field(default_factory=dict)
    """Records read in this run, by kind and key; the newest reading stands."""
    acted: Acted = field(default_factory=dict)
    """What was intended in this run so far."""


@frozen
class Decision:
    """What the monitor says, why, and what it looked at."""

    outcome: Literal["allow", "ask", "deny"]
    reasons: tuple[str, ...]
    evidence: tuple[Mapping[str, Any], ...] = ()


READS = Decision(outcome="allow", reasons=("it only reads",))


def decide(manifest: Manifest, arguments: Mapping[str, Any], facts: Facts) -> Decision:
    """Allow, ask a person, or deny. A read is allowed; whatever acts must aim at records of the principal's own, within their bounds.

    Arguments have passed the tool's schema. A denial outweighs a question, a question outweighs an allowance. Amounts of a tool add up
    over a run: a large one does not get through in small parts, on one record or on several.
    """
    if manifest.reads:
        return READS
    selected = {
        name: facts.records.get((manifest.argument(name).kind, str(value)))
        for name, value in arguments.items()
        if manifest.argument(name).role == "selector"
    }
    found = [record for record in selected.values() if record]
    earlier = _earlier(manifest, arguments, facts)
    views = [_view(name, value, manifest.argument(name), (selected.get(name), found, earlier), facts) for name, value in arguments.items()]
    left_out = (name for name, declared in manifest.arguments.items() if declared.role == "amount" and name not in arguments)
    views += [("deny", f"{name} is left out, and nothing bounds what the tool takes instead") for name in left_out]
    evidence = tuple({"name": f"{record.kind} {record.key}", "value": dict(record.fields), "source": record.source} for record in found)
    outcomes: tuple[Literal["deny", "ask"], ...] = ("deny", "ask")
    for outcome in outcomes:
        if reasons := tuple(reason for view, reason in views if view == outcome):
            return Decision(outcome=outcome, reasons=reasons, evidence=evidence)
    if reasons := tuple(reason for view, reason in views if view == "allow"):
        return Decision(outcome="allow", reasons=reasons, evidence=evidence)
    return Decision(outcome="ask", reasons=("it acts, and nothing bounds it",), evidence=evidence)


def _earlier(manifest: Manifest, arguments: Mapping[str, Any], facts: Facts) -> list[Mapping[str, Any]]:
    """Arguments of this run's other effects of the same tool; the same effect again is one effect."""
    this = manifest.identified(arguments)
    return [given for effect, given in facts.acted.get(manifest.name, {}).items() if effect != this]


def _view(name: str, value: Any, declared: Argument, seen: Seen, facts: Facts) -> View:
    """What one argument says about the call."""
    selected, found, earlier = seen
    match declared.role:
        case "selector":
            return _selector(name, declared, selected, facts)
        case "amount":
            return _amount(name, value, declared, found, sum(given.get(name, 0) for given in earlier))
        case "title" | "content" | "flag":
            return "pass", ""
        case role:
            return "ask", f"{name} is a {role} that nothing vouches for"


def _selector(name: str, declared: Argument, record: Record | None, facts: Facts) -> View:
    if record is None:
        return "deny", f"{name} picks no {declared.kind} that was read in this run"
    if not record.owner or record.owner != facts.principal:
        return "deny", f"{name} picks somebody else's {declared.kind}, not the authenticated principal's"
    return "allow", f"{name} picks the principal's own {declared.kind}"


def _amount(name: str, value: Any, declared: Argument, found: Sequence[Record], before: int) -> View:
    bounds = [record.fields[declared.within] for record in found if declared.within in record.fields]
    if type(value) is not int or value <= 0:
        return "deny", f"{name} must be a positive whole number"
    if not bounds or any(type(bound) is not int for bound in bounds):
        return "deny", f"{name} has no record that bounds it"
    if value > min(bounds):
        return "deny", f"{name} is above {declared.within} ({min(bounds)})"
    if declared.ask_above is not None and before + value > declared.ask_above:
        return "ask", f"{name} is above {declared.ask_above}" + (f" with the {before} before" if before else "")
    return "allow", f"{name} is within {declared.within}"
