"""The label of every argument of a call: what is known of its value, as what the tool takes it for."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from septet.core.frozen import frozen
from septet.security.intents import boilerplate
from septet.security.labels import Label, worst
from septet.security.manifests import Argument, Manifest
from septet.security.records import Reading
from septet.security.request import near, phrases, plain, strong, typed
from septet.security.session import Session
from septet.security.values import digest, form, number, shape, space, spelt

PICKS = frozenset({"selector", "attachment"})
"""Roles whose values pick records."""
AIMS = frozenset({"target", *PICKS})
"""Roles that say whom or what a call concerns."""
_WORDS = 4000
"""Characters of a text that are compared with the request."""
_ENDS = ".,!?;:"


@frozen
class Labelled:
    """One value among a call's arguments."""

    path: str
    value: Any
    declared: Argument
    label: Label
    asked: int = 0
    """For a label that rests on the request: bits of the effects that are asked for where it names the value."""
    named: int = 0
    """How often the request names it."""
    picked: Reading | None = None
    """The record it picks."""
    ambiguous: bool = False


def labelled(session: Session, manifest: Manifest, arguments: Mapping[str, Any], kinds: Collection[str]) -> list[Labelled]:
    """Every value of the call with its label. *kinds* are those of the records that the catalogue's tools read.

    Amounts come last: what a payee has sent may be sent back to him.
    """
    made = [_Desk(session=session, manifest=manifest, kinds=kinds).label(*item) for item in _values(manifest, arguments, "")]
    targets = [it for it in made if it.declared.role == "target" and it.label <= Label.PROMPT]
    return [_amount(session, it, targets) if it.declared.role == "amount" else it for it in made]


def _values(manifest: Manifest, value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every plain value with its path; a name that nobody declares is itself the model's word, and so a value too."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            inner = f"{path}.{name}" if path else str(name)
            if path and inner not in manifest.arguments:
                yield path, name
            yield from _values(manifest, item, inner)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _values(manifest, item, f"{path}[]")
    else:
        yield path, value


@frozen
class _Desk:
    session: Session
    manifest: Manifest
    kinds: Collection[str]

    def label(self, path: str, value: Any) -> Labelled:
        declared = self.manifest.argument(path)
        it = Labelled(path=path, value=value, declared=declared, label=Label.UNKNOWN)
        if value is None or value == "" or (declared.role not in AIMS and (isinstance(value, bool) or self._choice(path, value))):
            return _as(it, Label.CONSTANT)  # that a tool offers few to aim at does not say at which
        if declared.role in AIMS and path.removesuffix("[]") not in self.manifest.arguments:
            return it  # deeper than anything that is declared, or not declared at all
        if declared.role in PICKS:
            return self._selector(it)
        if declared.role == "amount":
            return it
        if declared.role == "date":
            return _as(it, self._date(value))
        if declared.role in ("title", "content", "flag"):
            return _as(it, self._words(value))
        return self._target(it)

    def _choice(self, path: str, value: Any) -> bool:
        """Whether the tool's schema offers the value among few."""
        return any(value in choices for choices in choices_at(self.manifest.input_schema, path))

    def _target(self, it: Labelled) -> Labelled:
        """An address, a name, a secret to be: endorsed as exactly what it is."""
        where = space(it.declared.kind) if it.declared.kind else shape(it.value) if isinstance(it.value, str) else "number"
        spelling = form(it.value, where)
        if spelling is None:
            return it
        key = digest(where, spelling)
        if where != "number" and (found := self._mention(where, key, spelling, it.declared.kind)):
            return _as(it, Label.PROMPT, *found)
        return self._known(it, key)

    def _mention(self, where: str, key: str, spelling: str, kind: str) -> tuple[int, int] | None:
        """The effects asked for, and how often the request names a target."""
        known = self.session.mentioned
        if not where.startswith("text:"):
            return known.get(key)
        beside = known.get(near(kind, spelling)) if kind else None
        if beside or spelling.isdigit() or shape(spelling) != "text:":
            return beside  # an address is no name
        return (known.get(strong(spelling)) if typed(spelling) not in known else None) or known.get(key)

    def _known(self, it: Labelled, key: str) -> Labelled:
        """By the records that hold the value, or where else it was read."""
        best, bits, named = Label(self.session.seen.get(key, Label.UNKNOWN)), 0, 0
        for reading in self.session.records.holders(key):
            label = Label(reading.held[key])
            picks = [mention for mention in self.session.records.picks(reading) if reading.marks[mention]]
            if label <= Label.RECORD and picks:
                best, named = min(best, Label.ANCHORED), max(named, 1)
                for mention in picks:
                    bits |= self.session.mentioned.get(mention, (0, 0))[0]
            best = min(best, label)
        return _as(it, best, bits, named)

    def _selector(self, it: Labelled) -> Labelled:
        """An id: endorsed as one of its kind, beside the kind's name or as a record that the request picks out."""
        kind, key = it.declared.kind, str(it.value)
        known, records = self.session.mentioned, self.session.records
        reading = records.get(kind, key)
        if beside := known.get(near(kind, key)):
            return _as(it, Label.PROMPT, *beside, picked=reading)
        if kind not in self.kinds and shape(key) == "text:" and not key.isdigit() and strong(key) in known and typed(key) not in known:
            return _as(it, Label.PROMPT, *known[strong(key)], picked=reading)
        if reading is None:
            return _as(it, max(Label(self.session.seen.get(digest(space(kind), key), Label.UNKNOWN)), Label.COUNTERPARTY))
        if picks := records.picks(reading):
            bits = 0
            for mention in picks:
                bits |= known.get(mention, (0, 0))[0]
            return _as(it, Label.ANCHORED, bits, 1, picked=reading)
        own = reading.key <= Label.RECORD and bool(reading.record.owner)
        label = Label.RECORD if own else max(reading.key, Label.COUNTERPARTY)
        return _as(it, label, picked=reading, ambiguous=records.ambiguous(reading))

    def _date(self, value: Any) -> Label:
        spelling = form(value, "date")
        if spelling is None:
            return Label.UNKNOWN
        day, _, time = spelling.partition("T")
        parts = [self._day(day)] if day else []
        if time:
            parts.append(min(self._moment(f"T{time}"), self._moment(spelling)))
        return worst(parts)

    def _day(self, day: str) -> Label:
        """A day of the request may leave out a year that the request says elsewhere, or says nowhere."""
        bare = digest("date", f"-{day[4:]}")
        if bare in self.session.mentioned and (not self.session.years or day[:4] in self.session.years):
            return Label.PROMPT
        return self._moment(day)

    def _moment(self, spelling: str) -> Label:
        key = digest("date", spelling)
        if key in self.session.mentioned:
            return Label.PROMPT
        held = [Label(reading.held[key]) for reading in self.session.records.holders(key)]
        return min([*held, Label(self.session.seen.get(key, Label.UNKNOWN))])

    def _words(self, value: Any) -> Label:
        """A text is the request's when all its words stand there in a row."""
        if not isinstance(value, str):
            return self._number(value)
        if len(value) <= _WORDS:
            for said in (value, value.rstrip(_ENDS)):
                if said and all(plain(phrase) in self.session.mentioned for phrase in phrases(said)):
                    return Label.PROMPT
        if boilerplate(value, self.manifest.effect):
            return Label.CONSTANT
        where = shape(value)
        spelling = form(value, where)
        return self._known_label(digest(where, spelling)) if spelling else Label.UNKNOWN

    def _number(self, value: Any) -> Label:
        spelling = number(value)
        if spelling is None:
            return Label.UNKNOWN
        key = digest("number", spelling)
        return Label.PROMPT if key in self.session.mentioned else self._known_label(key)

    def _known_label(self, key: str) -> Label:
        held = [Label(reading.held[key]) for reading in self.session.records.holders(key)]
        return min([*held, Label(self.session.seen.get(key, Label.UNKNOWN))])


def _as(it: Labelled, label: Label, asked: int = 0, named: int = 0, *, picked: Reading | None = None, ambiguous: bool = False) -> Labelled:
    return Labelled(
        path=it.path, value=it.value, declared=it.declared, label=label, asked=asked, named=named, picked=picked, ambiguous=ambiguous
    )


def _amount(session: Session, it: Labelled, targets: list[Labelled]) -> Labelled:
    if it.label == Label.CONSTANT:
        return it
    spelling = number(it.value)
    if spelling is None:
        return it
    if digest("number", spelling) in session.mentioned and typed(spelling) not in session.mentioned:
        return _as(it, Label.PROMPT)
    key = digest(f"number:{it.declared.kind}", spelling)
    parties = {digest(space(target.declared.kind), form(target.value, space(target.declared.kind)) or "") for target in targets}
    best = Label(session.seen.get(key, Label.UNKNOWN))
    for reading in session.records.holders(key):
        label = Label(reading.held[key])
        if label <= Label.COUNTERPARTY and _between(reading, parties):
            label = min(label, Label.ANCHORED)
        if label <= Label.RECORD and any(reading.marks[mention] for mention in session.records.picks(reading)):
            label = Label.ANCHORED
        best = min(best, label)
    if best > Label.DERIVED and (_passed(session, it, Decimal(spelling), parties) or _derived(session, it, Decimal(spelling))):
        best = Label.DERIVED
    return _as(it, best)


def _between(reading: Reading, parties: set[str]) -> bool:
    """Whether a record shows one of the *parties*, in a field that no text from outside fills."""
    return any(reading.held.get(party, Label.UNKNOWN) <= Label.COUNTERPARTY for party in parties)


def _passed(session: Session, it: Labelled, amount: Decimal, parties: set[str]) -> bool:
    """Whether the amount is at most the least that has passed between the payee whom the request names and the payer."""
    kind = it.declared.kind
    shown = [
        Decimal(reading.numbers[kind])
        for key in parties
        for reading in session.records.holders(key)
        if kind in reading.numbers and _between(reading, {key})
    ]
    return bool(kind) and 0 < amount <= min(shown, default=Decimal(0))


def _derived(session: Session, it: Labelled, amount: Decimal) -> bool:
    """Whether one operation on a number of the request, and another of it or of a record that it picks out, makes the amount."""
    for said in map(Decimal, session.numbers):
        others = [amount - said, amount + said, said - amount, amount * said]
        others += [amount / said] if said else []
        others += [said / amount] if amount else []
        if any(_vouched(session, it, other) for other in others):
            return True
    return any(_vouched(session, it, amount * 100 / Decimal(rate)) for rate in session.percents if Decimal(rate))


def _vouched(session: Session, it: Labelled, value: Decimal) -> bool:
    if value <= 0:
        return False
    spelling = spelt(value)
    if digest("number", spelling) in session.mentioned:
        return True
    key = digest(f"number:{it.declared.kind}", spelling)
    return any(
        reading.held[key] <= Label.RECORD and any(reading.marks[mention] for mention in session.records.picks(reading))
        for reading in session.records.holders(key)
    )


def choices_at(schema: Mapping[str, Any], path: str) -> Iterator[list[Any]]:
    """The lists of choices that a schema has for the value at *path*."""
    found: list[Any] = [schema]
    for step in path.replace("[]", ".[]").split("."):
        inner = [deeper for at in found for deeper in _opened(schema, at)]
        found = [at.get("items", {}) if step == "[]" else at.get("properties", {}).get(step, {}) for at in inner]
    for at in (deeper for one in found for deeper in _opened(schema, one)):
        if "enum" in at:
            yield at["enum"]
        if "const" in at:
            yield [at["const"]]


def _opened(schema: Mapping[str, Any], at: Any) -> list[Mapping[str, Any]]:
    """What *at* says, with its references and alternatives."""
    if not isinstance(at, Mapping):
        return []
    reference = at.get("$ref", "")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        return _opened({}, schema.get("$defs", {}).get(reference[8:], {}))
    return [at, *(deeper for one in at.get("anyOf", []) for deeper in _opened(schema, one))]
