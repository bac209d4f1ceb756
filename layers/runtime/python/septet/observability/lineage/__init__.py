"""Where the values of a run's answer, and of what it did, come from.

Certain is where a value stands and which label the platform wrote beside it. That a model took it from there is inferred: the same value
stands in something that it was shown before, in a form that compares as the monitor compares (``septet.core.values``). A value that
stands nowhere is the model's own: its words, or what it worked out.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import replace

from septet.core.entries import Answer, Entry, ToolIntent
from septet.core.frozen import frozen
from septet.core.journal import MAIN
from septet.core.labels import label
from septet.observability.lineage.origins import Find, Key, Piece, Wanted, scan, wanted
from septet.observability.lineage.sources import Source, View, leaves, sources

SHOWN = 3
"""Places that are told of one part of a value, the best first."""
PARTS = 20
"""Parts that are told of one value, in its order."""
VALUES = 200
"""Values that are told of one answer, or one effect."""
EFFECTS = 50
"""Effects that are told, the latest of them."""


@frozen
class Origin:
    """A value, or a part of it, that stands in something the agent had been shown. That it was taken from there is inferred."""

    text: str
    """What is alike, as the value has it."""
    how: Find
    """How it is alike: ``equal``, ``within`` a text, a ``passage`` word by word, or a ``hundredth`` of an amount in cents."""
    sources: tuple[Source, ...]
    """Where it stands, the best first."""
    others: int
    """Places besides those."""


@frozen
class Traced:
    """One value and where it comes from."""

    field: str
    """Its path, as ``items[].name``."""
    value: object
    label: str
    """What the platform wrote of it."""
    origins: tuple[Origin, ...] = ()
    """By part, in the value's order; none for what stands nowhere, or is too common to tell."""
    more: int = 0
    """Parts that are left out."""
    common: bool = False
    """It is too common to tell anything: a truth value, a small number, nothing."""


@frozen
class Told:
    """Values that belong together: an answer, or an effect's arguments."""

    path: str
    """The branch."""
    number: int
    """Of the entry."""
    kind: str
    """``answer`` or ``effect``."""
    who: str
    """The agent that answered, or the tool; empty for the workflow's own text."""
    values: tuple[Traced, ...]
    more: int
    """Values that are left out, for there are too many."""


@frozen
class Lineage:
    """Where values come from."""

    answer: Told | None
    """None before there is one."""
    effects: tuple[Told, ...]
    """What was done, in order."""
    complete: bool
    """Whether all that was shown was searched: what is very long is searched in its beginning, and what was erased not at all."""


def lineage(branches: Mapping[str, Iterable[Entry]]) -> Lineage:
    """The lineage of the answer in ``main``, and of the effects in every branch."""
    whole = {path: tuple(entries) for path, entries in branches.items()}
    view = View.of(whole)
    targets = [*_effects(whole), *_answer(whole)]
    wishes = {place: [(one, wanted(one.value)) for one in _values(*target)] for place, target in enumerate(targets)}
    keys = frozenset(key for found in wishes.values() for _, wish in found for key in wish.keys)
    found, complete = scan(sources(whole), keys)
    told = tuple(_told(target, wishes[place], found, view) for place, target in enumerate(targets))
    answer = told[-1] if told and told[-1].kind == "answer" else None
    return Lineage(answer=answer, effects=told[: len(told) - bool(answer)], complete=complete and not view.gaps)


_Target = tuple[str, Entry, str, str, object]
"""Branch, entry, kind, who, and the values."""


def _answer(whole: Mapping[str, tuple[Entry, ...]]) -> Iterator[_Target]:
    said = [(entry, entry.body.value) for entry in whole.get(MAIN, ()) if isinstance(entry.body, Answer)]
    for entry, value in said[-1:]:
        yield MAIN, entry, "answer", entry.agent, value


def _effects(whole: Mapping[str, tuple[Entry, ...]]) -> list[_Target]:
    made = ((path, entry, entry.body) for path, entries in whole.items() for entry in entries if isinstance(entry.body, ToolIntent))
    found: list[_Target] = [(path, entry, "effect", body.tool, body.arguments) for path, entry, body in made if body.key]
    return sorted(found, key=lambda target: target[1].at)[-EFFECTS:]


def _values(path: str, entry: Entry, kind: str, who: str, value: object) -> Iterator[Traced]:
    """The values of a target, not traced yet."""
    del path, kind, who
    for place, leaf in leaves(value):
        name = place or "value"
        said = entry.labels.get(name) or label(entry.labels, name.split(".", maxsplit=1)[0].removesuffix("[]"))
        yield Traced(field=name, value=leaf, label=said)


def _told(target: _Target, wishes: list[tuple[Traced, Wanted]], found: Mapping[Key, list[Source]], view: View) -> Told:
    path, entry, kind, who, _ = target
    values = tuple(_traced(one, wish, found, view, (path, entry.number)) for one, wish in wishes[:VALUES])
    return Told(path=path, number=entry.number, kind=kind, who=who, values=values, more=max(0, len(wishes) - VALUES))


def _traced(one: Traced, wish: Wanted, found: Mapping[Key, list[Source]], view: View, at: tuple[str, int]) -> Traced:
    """The value with its origins."""
    parts: list[tuple[Piece, list[Source]]] = []
    for key, piece in wish.keys.items():
        shown = [it for it in found.get(key, ()) if view.shown(it, at) and (piece.how != "hundredth" or "cent" in it.place)]
        if shown:
            _join(parts, piece, shown, str(one.value))
    if any(piece.how == "equal" for piece, _ in parts):  # what a value's parts stand in says less
        parts = [(piece, shown) for piece, shown in parts if piece.how == "equal"]
    origins = tuple(_origin(piece, shown) for piece, shown in parts[:PARTS])
    return replace(one, origins=origins, more=len(parts) - len(origins), common=wish.common)


def _join(parts: list[tuple[Piece, list[Source]]], piece: Piece, shown: list[Source], whole: str) -> None:
    """Add a part to those before it: the same again to itself, a passage to the passage that it goes on."""
    for place, (before, sources_) in enumerate(parts):
        if (before.start, before.end, before.how) == (piece.start, piece.end, piece.how):
            sources_.extend(shown)
            return
        if piece.how == "passage" and before.start < piece.end and piece.start < before.end:
            both = [it for it in sources_ if it in shown]
            if before.how == "passage" and both:
                end = max(before.end, piece.end)
                parts[place] = replace(before, end=end, text=whole[before.start : end]), both
            if before.how == "passage" or before.end - before.start >= piece.end - piece.start:
                return
    parts.append((piece, [*shown]))


def _origin(piece: Piece, shown: list[Source]) -> Origin:
    """The best places first: what was asked and what people said, then the earliest.

    Other agents' words count where nothing else has it.
    """
    places = {(it.path, it.number, it.place): it for it in shown}.values()
    better = [it for it in places if it.kind != "agent"] or list(places)
    best = sorted(better, key=lambda it: (it.kind not in _FIRST, it.at))
    return Origin(text=piece.text, how=piece.how, sources=tuple(best[:SHOWN]), others=max(0, len(best) - SHOWN))


_FIRST = ("request", "person")
