"""What a run is told of its session: the exchanges before it, bounded, with labels that say whose words they are."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from septet.core.canonical import canonical
from septet.core.entries import Entry, Recalled, Request, ToolIntent, ToolResult
from septet.core.frozen import frozen
from septet.core.journal import Branch, Journal
from septet.core.labels import REST
from septet.core.sessions import Message
from septet.observability.overview import summarise

EXCHANGES = 10
"""As many are told at most: the latest."""
BYTES = 32_768
"""Of them together, as JSON."""
EFFECTS = 20
"""Of one run that are named."""
WORST = "unknown"
"""The label of what an agent said."""


@frozen
class Exchange:
    """One message and what became of it."""

    told: Mapping[str, Any]
    """As ``Recalled`` has it."""
    labels: Mapping[str, str]
    """Of the fields of its input, as the workflow declared them when it was said."""


def exchange(message: Message, entries: Iterable[Entry]) -> Exchange | None:
    """What the journal of *message*'s run shows of it; None when what was said is not there, as after an erasure."""
    known = list(entries)
    if not known or not isinstance(known[0].body, Request):
        return None
    answer = summarise(known).answer if message.fate == "succeeded" else None
    told = {"run": message.run, "input": dict(known[0].body.input), "answer": answer, "fate": message.fate, "did": did(known)}
    return Exchange(told=told, labels=known[0].labels)


def did(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The effects that were intended, at most ``EFFECTS``, and how they ended: ``done``, ``failed``, or ``unknown`` without a result."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        match entry.body:
            case ToolIntent(key=key) as intent if key:
                found[entry.turn, intent.call] = {"tool": intent.tool, "arguments": intent.arguments, "outcome": "unknown"}
            case ToolResult(call=call, error=error) if (entry.turn, call) in found:
                found[entry.turn, call]["outcome"] = {"": "done", "EffectUnknown": "unknown"}.get(error, "failed")
    return list(found.values())[:EFFECTS]


def recalled(session: str, exchanges: Sequence[Exchange], *, told: int) -> tuple[Recalled, dict[str, str]]:
    """The entry's body and its labels. *told* is how many exchanges there were; the oldest are dropped first, and it is said how many."""
    kept: list[Exchange] = []
    size = 0
    for one in reversed(exchanges[-EXCHANGES:]):
        size += len(canonical(one.told))
        if size > BYTES:
            break
        kept.insert(0, one)
    body = Recalled(session=session, exchanges=[dict(one.told) for one in kept], dropped=max(0, told - len(kept)))
    labels = {f"{place}.input.{name}": label for place, one in enumerate(kept) for name, label in _trusted(one)}
    return body, {**labels, REST: WORST}


def _trusted(one: Exchange) -> Iterable[tuple[str, str]]:
    """What an input's fields are labelled, but for those as good as nothing: of a name that is a path, or none."""
    return ((name, label) for name, label in one.labels.items() if name in one.told["input"] and name != REST and "." not in name)


def history(session: str, before: Iterable[Message], tenant: str, journal: Journal, *, told: int) -> tuple[Recalled, dict[str, str]] | None:
    """What is told of the messages *before*, in the order of their runs; None when there is nothing to tell."""
    latest = sorted(before, key=lambda message: message.fence)[-EXCHANGES:]
    found = [exchange(message, journal.read(Branch(tenant=tenant, run=message.run))) for message in latest]
    exchanges = [one for one in found if one]
    return recalled(session, exchanges, told=told) if told else None
