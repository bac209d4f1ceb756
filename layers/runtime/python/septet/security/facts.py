"""What policies are told of a call: the context that ``policies/schema.cedarschema`` declares."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from septet.core.frozen import frozen
from septet.core.values import digest, form, shape, space
from septet.security.amounts import backed
from septet.security.given import AIMS, PICKS, Labelled
from septet.security.intents import mask
from septet.security.labels import Label, worst
from septet.security.manifests import ROLES, Manifest
from septet.security.recognisers import SECRETS, find
from septet.security.session import Session
from septet.security.written import plainly

_WORDS = 4
"""Words in a row that may be one secret, written with gaps."""


@frozen
class Scene:
    """What is known besides the call and the session."""

    principal: str
    owned: Collection[str]
    """Kinds of records that declare an owner."""
    roles: tuple[str, ...]
    attended: bool
    planned: tuple[bool, bool]
    """Whether a plan is committed, and whether the call is in it."""
    instructed: bool
    """Whether the request has any text that is trusted; without one nobody asked for anything, and nobody asked for something else."""
    endorsed: bool
    """Whether the call is in a plan that was committed before anything was read: then that is what asks for it."""
    history: Mapping[str, Any]
    egress: Callable[[Mapping[str, Any]], bool]


def context(session: Session, manifest: Manifest, arguments: Mapping[str, Any], values: list[Labelled], scene: Scene) -> dict[str, Any]:
    """The whole record."""
    texts = [str(it.value) for it in values if isinstance(it.value, (str, int)) and not isinstance(it.value, bool)]
    detections = {finding.kind for text in texts if len(text) > _WORDS for finding in find(text)}
    return {
        "attended": scene.attended,
        "labels": {role: int(worst(_label(it, values) for it in values if _role(it) == role)) for role in ROLES}
        | _left_out(manifest, arguments, values),
        "records": _records(values, scene),
        "amount": _amounts(manifest, arguments, values, int(scene.history["sum"])),
        "session": {"secret": session.secret, "worst": int(session.worst), "parted": session.parted},
        "secret": bool(detections & SECRETS) or any(_secret(session, text) for text in texts),
        "plan": {"committed": scene.planned[0], "member": scene.planned[1]},
        "request": {"trusted": scene.instructed} | _request(session, manifest, values, planned=scene.endorsed),
        "history": dict(scene.history),
        "detections": sorted(detections),
        "egress": {"allowed": scene.egress(arguments)},
        "roles": sorted(scene.roles),
    }


def _role(it: Labelled) -> str:
    """The role of a value; a date that is none is a text like any other."""
    no_date = it.declared.role == "date" and it.label == Label.UNKNOWN and form(it.value, "date") is None
    return "content" if no_date else it.declared.role


def _label(it: Labelled, values: list[Labelled]) -> Label:
    """The label of a value. An amount is vouched for by a record that the call picks: within what it allows, or as one of its fields."""
    if it.declared.role != "amount":
        return it.label
    picked = [other.picked for other in values if other.picked]
    if it.declared.within and type(it.value) is int:
        bounds = [reading.record.fields.get(it.declared.within) for reading in picked]
        if any(type(bound) is int and 0 < it.value <= bound for bound in bounds):
            return min(it.label, Label.DERIVED)
    # Some record has nearly any number: one that neither the request nor the call picks out says nothing of this amount.
    return Label.COUNTERPARTY if it.label == Label.RECORD and not backed(it, picked) else it.label


def _left_out(manifest: Manifest, arguments: Mapping[str, Any], values: list[Labelled]) -> dict[str, int]:
    """A role whose argument is left out, where what the tool takes instead matters; a call that goes to nobody in particular."""
    found: dict[str, int] = {}
    if not any(it.declared.role in AIMS and it.label != Label.CONSTANT for it in values) and not _harmless(manifest, values):
        found["target"] = int(Label.UNKNOWN)
    properties = manifest.input_schema.get("properties", {})
    for name, declared in manifest.arguments.items():
        if arguments.get(name) is not None or "[" in name or "." in name:
            continue
        default = properties.get(name, {}).get("default")
        if declared.role == "target" and default not in (None, "", [], {}):
            found["target"] = int(Label.UNKNOWN)
    return found


def _harmless(manifest: Manifest, values: list[Labelled]) -> bool:
    """Whether a call may aim at nothing: what it makes has a name, or those who would get it are declared, and are nobody."""
    if manifest.effect == "write-private":
        return any(it.declared.role == "title" and it.label != Label.CONSTANT for it in values)
    if manifest.effect == "send":
        targets = [path for path, declared in manifest.arguments.items() if declared.role == "target"]
        return bool(targets) and all(_to_nobody(manifest, path) for path in targets)
    return manifest.reads or manifest.effect == "egress-read"


def _to_nobody(manifest: Manifest, path: str) -> bool:
    """Whether the tool's schema says that the target at *path* may be left out, and that nobody is meant then."""
    declared = manifest.input_schema.get("properties", {}).get(path, {})
    return "default" in declared and declared["default"] in (None, "", [], {})


def _records(values: list[Labelled], scene: Scene) -> dict[str, bool]:
    chosen = [it for it in values if it.declared.role in PICKS and it.label != Label.CONSTANT]
    owners = [it.picked.record.owner for it in chosen if it.picked and it.picked.owned]
    foreign = any(not owner or owner != scene.principal for owner in owners)
    return {
        "own": bool(chosen) and len(owners) == len(chosen) and not foreign,
        "picked": all(it.picked is not None for it in chosen),
        "owned": not foreign and not any(it.picked is None and it.declared.kind in scene.owned for it in chosen),
        "foreign": foreign,
        "ambiguous": any(it.ambiguous for it in chosen),
    }


def _amounts(manifest: Manifest, arguments: Mapping[str, Any], values: list[Labelled], before: int) -> dict[str, bool]:
    picked = [it.picked.record for it in values if it.picked]
    amounts = [it for it in values if it.declared.role == "amount"]
    found = {"valid": True, "bounded": True, "over": False, "above_limit": False}
    found["bounded"] = not any(
        declared.role == "amount" and declared.within and arguments.get(name) is None for name, declared in manifest.arguments.items()
    )
    for it in amounts:
        value, declared = it.value, it.declared
        if value is None and not declared.within:
            continue
        at = it.path in manifest.arguments or not declared.within
        exact = (type(value) is int and at) or (type(value) is float and not declared.within and declared.ask_above is None)
        if not exact or not 0 < value < float("inf"):
            found["valid"] = False
            continue
        if declared.within:
            bounds = [record.fields[declared.within] for record in picked if declared.within in record.fields]
            if not bounds or any(type(bound) is not int for bound in bounds):
                found["bounded"] = False
            elif value > min(bounds):
                found["over"] = True
        if declared.ask_above is not None and before + value > declared.ask_above:
            found["above_limit"] = True
    return found


def _request(session: Session, manifest: Manifest, values: list[Labelled], *, planned: bool) -> dict[str, bool]:
    """How far the request goes beyond naming what the call aims at."""
    bit = mask(manifest.effect)
    aims = [it for it in values if it.declared.role in AIMS and Label.CONSTANT < it.label <= Label.ANCHORED]
    return {
        "asked": planned or bool(session.asked & bit),
        "beside": planned or (all(it.asked & bit for it in aims) and bool(session.asked & bit)),
        "used": any(len(session.uses.get(key, ())) >= max(1, it.named) for it in aims for key in uses(session, manifest, it)),
    }


def uses(session: Session, manifest: Manifest, it: Labelled) -> Iterator[str]:
    """What is counted when a call is aimed at a value, however it is spelt.

    Of what costs money it counts whichever tool spends it, and at whichever field of a record that the request names.
    """
    spends = manifest.effect in ("financial", "commit")
    counter = f"use:{manifest.effect}:{'' if spends else manifest.name}"
    where = _space(it)
    spelling = form(it.value, where)
    yield digest(counter, f"{where} {spelling}" if spelling is not None else str(it.value))
    if spends and it.label == Label.ANCHORED and spelling is not None:
        for reading in session.records.holders(digest(where, spelling)):
            for mention in session.records.vouches(reading):
                yield digest(counter, f"mention {mention}")


def _space(it: Labelled) -> str:
    """Where a value that a call aims at is compared: an id as it is, an address without what makes no difference."""
    if it.declared.role in PICKS or it.declared.kind:
        return space(it.declared.kind)
    return shape(it.value) if isinstance(it.value, str) else "number"


def _secret(session: Session, text: str) -> bool:
    """Whether *text* holds a secret that was read, with gaps or without."""
    if not session.secrets:
        return False
    words = [plainly(word) for word in text.split()]
    rows = ("".join(words[start : start + width]) for width in range(1, _WORDS + 1) for start in range(len(words)))
    return any(row and digest("secret", row) in session.secrets for row in rows)
