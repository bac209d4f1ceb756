"""What a person is shown behind a call: the records that its values come from, and the numbers and secrets that a question is about."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from septet.core.values import space
from septet.security.given import Labelled
from septet.security.labels import Label
from septet.security.manifests import Manifest
from septet.security.questions import Verdict
from septet.security.recognisers import SECRETS, find
from septet.security.records import Reading, Record
from septet.security.session import Session
from septet.security.written import keys

SHOWN = ("target", "amount")
"""Roles whose values are shown with the fields that hold them; a selector is shown by the record it picks."""
BEHIND = 3
"""Records that are shown for one value, the best label first."""
WHOSE = {
    Label.CONSTANT: "the tool's own choice (constant)",
    Label.PROMPT: "named by the request (prompt)",
    Label.ANCHORED: "of what the request picks (anchored)",
    Label.RECORD: "kept by the platform (record)",
    Label.DERIVED: "calculated (derived)",
    Label.COUNTERPARTY: "chosen by somebody else (counterparty)",
    Label.EXTERNAL: "from outside (external)",
    Label.UNKNOWN: "the model's own (unknown)",
}
"""What the label of a field says of who chose its value."""
Evidence = Mapping[str, Any]


def evidence(session: Session, manifests: Mapping[str, Manifest], values: list[Labelled]) -> tuple[Evidence, ...]:
    """The records that the call picks, those whose fields a target or an amount takes, and for each such value its field and label."""
    taken = [(it, _behind(session, it)) for it in values if it.declared.role in SHOWN and it.label > Label.CONSTANT]
    records: dict[tuple[str, str], Record] = {}
    for reading in [*(it.picked for it in values if it.picked), *(one for _, behind in taken for one, _ in behind)]:
        records.setdefault((reading.record.kind, reading.record.key), reading.record)
    shown = tuple({"name": f"{it.kind} {it.key}", "value": dict(it.fields), "source": it.source} for it in records.values())
    return shown + tuple(one for it, behind in taken for one in _takes(it, behind, manifests))


def _behind(session: Session, it: Labelled) -> list[tuple[Reading, Label]]:
    """The records that hold the value, each with the label it has there."""
    found: dict[tuple[str, str], tuple[Reading, Label]] = {}
    for key in keys(it.value, it.declared.kind):
        for reading in session.records.holders(key):
            at, label = (reading.record.kind, reading.record.key), Label(reading.held[key])
            found[at] = reading, min(label, found[at][1]) if at in found else label
    return sorted(found.values(), key=lambda one: (one[1], -one[0].number))[:BEHIND]


def _takes(it: Labelled, behind: list[tuple[Reading, Label]], manifests: Mapping[str, Manifest]) -> Iterator[Evidence]:
    """Where a value lies, and whose it is there, whatever vouches for it besides."""
    planned = "; the plan that was committed takes it" if it.unplanned is not None else ""
    for reading, label in behind:
        record = reading.record
        field = " or ".join(_fields(record, it, label, manifests))
        where = f"field {field} of {record.kind} {record.key}" if field else f"{record.kind} {record.key}"
        yield {"name": f"{it.path}: {where}", "value": {it.path: it.value}, "source": f"{record.source}: {WHOSE[label]}{planned}"}
    if planned and not behind:
        yield {"name": it.path, "value": {it.path: it.value}, "source": f"{WHOSE[it.unplanned or Label.UNKNOWN]}{planned}"}


def _fields(record: Record, it: Labelled, label: Label, manifests: Mapping[str, Manifest]) -> list[str]:
    """The fields of *record* that hold the value, or may: of those that others fill a record keeps no value to compare."""
    wanted = set(keys(it.value, it.declared.kind))
    found: dict[str, None] = {}
    for tool in manifests.values():
        for path, field in tool.output.fields.items() if tool.output.kind == record.kind else ():
            name = path.removesuffix("[]")
            kept = record.fields.get(name)
            if isinstance(kept, (str, int, float)):
                if wanted & set(keys(kept, field.kind)):
                    found[name] = None
            elif name not in record.fields and field.label == label.name.lower() and space(field.kind) == space(it.declared.kind):
                found[name] = None
    return list(found)


def told(verdict: Verdict, values: list[Labelled], before: int) -> tuple[str, ...]:
    """The reasons of *verdict*; those for asking about a limit or a secret say which. *before* is the sum of this run's earlier calls."""
    if verdict.outcome != "ask" or len(verdict.reasons) != len(verdict.policies):
        return verdict.reasons
    return tuple(
        _detailed(reason, DETAILS.get(name), values, before) for name, reason in zip(verdict.policies, verdict.reasons, strict=True)
    )


def _detailed(reason: str, detail: Callable[[list[Labelled], int], list[str]] | None, values: list[Labelled], before: int) -> str:
    found = detail(values, before) if detail else []
    return f"{reason}: {'; '.join(found)}" if found else reason


def _limits(values: list[Labelled], before: int) -> list[str]:
    limits = [(it, it.declared.ask_above) for it in values if it.declared.role == "amount" and type(it.value) is int]
    return [
        f"{it.path} {it.value} and {before} before it are above {most}"
        for it, most in limits
        if most is not None and before + it.value > most
    ]


def _secrets(values: list[Labelled], _: int) -> list[str]:
    """Their kinds and the arguments, never the secrets. One that is known from what was read alone has no kind."""
    found = {f"{kind}, in {it.path}": None for it in values if isinstance(it.value, (str, int)) for kind in _kinds(str(it.value))}
    return list(found)


def _kinds(text: str) -> list[str]:
    return sorted({finding.kind for finding in find(text)} & SECRETS)


DETAILS: Mapping[str, Callable[[list[Labelled], int], list[str]]] = {"amount-above-limit": _limits, "secret-in-call": _secrets}
"""What is told besides a policy's own sentence, by the policy's id."""
