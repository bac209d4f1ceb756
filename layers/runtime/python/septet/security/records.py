"""Records that tools have read, and which of them the request picks out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from septet.core.canonical import text
from septet.core.frozen import frozen
from septet.security.labels import Label


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


@dataclass(kw_only=True, slots=True)
class Reading:
    """The newest reading of a record."""

    record: Record
    number: int
    """Of the journal's entry that holds it."""
    key: Label
    """Where its key comes from."""
    owned: bool = False
    """Whether its kind declares an owner."""
    held: dict[str, int] = field(default_factory=dict)
    """Label of each of its values, by digest."""
    numbers: dict[str, str] = field(default_factory=dict)
    """The smallest number of each kind, but for what a text from outside says."""
    marks: dict[str, bool] = field(default_factory=dict)
    """The mentions in the request that fit it, and whether by a field that is itself a record's: only that vouches for its other fields."""
    twice: bool = False
    """Whether one result held two of this key: nobody knows which is meant."""


class Records:
    """By kind and key. Finding what holds a value, or what a mention fits, costs the same however many there are."""

    def __init__(self) -> None:
        self.readings: dict[tuple[str, str], Reading] = {}
        self._holders: dict[str, set[tuple[str, str]]] = {}
        self._fits: dict[tuple[str, str], set[tuple[str, str]]] = {}

    def put(self, reading: Reading) -> None:
        """Take in a reading in place of the one before. What fitted that still makes this one of several, but vouches for nothing."""
        at = reading.record.kind, reading.record.key
        if before := self.readings.pop(at, None):
            reading.marks = dict.fromkeys(before.marks, False) | reading.marks
            reading.twice = reading.twice or before.twice or (before.number == reading.number and before.held != reading.held)
            for key in before.held:
                self._holders[key].discard(at)
            for key in before.marks:
                self._fits[at[0], key].discard(at)
        self.readings[at] = reading
        for key in reading.held:
            self._holders.setdefault(key, set()).add(at)
        for key in reading.marks:
            self._fits.setdefault((at[0], key), set()).add(at)

    def get(self, kind: str, key: str) -> Reading | None:
        """What was read of it last."""
        return self.readings.get((kind, key))

    def holders(self, key: str) -> Iterator[Reading]:
        """The records with a value of that digest, in an order that does not hang on when they were read."""
        for at in sorted(self._holders.get(key, ())):
            yield self.readings[at]

    def picks(self, reading: Reading) -> list[str]:
        """The mentions that fit this record and no other of its kind."""
        return [] if reading.twice else [key for key in reading.marks if len(self._fits[reading.record.kind, key]) == 1]

    def vouches(self, reading: Reading) -> list[str]:
        """Those of them that vouch for its other fields as well."""
        return [key for key in self.picks(reading) if reading.marks[key]]

    def ambiguous(self, reading: Reading) -> bool:
        """Whether mentions fit it, and each fits another as well."""
        return bool(reading.marks) and not self.picks(reading)

    def joined(self, other: "Records") -> "Records":
        """Both; of two readings of one record the newer stands, with the worse labels of both."""
        found = Records()
        for at in self.readings.keys() | other.readings.keys():
            found.put(_merged([side.readings[at] for side in (self, other) if at in side.readings]))
        return found

    def state(self) -> list[Any]:
        """As JSON."""
        return [
            [
                it.record.kind,
                it.record.key,
                it.record.fields,
                it.record.owner,
                it.record.source,
                it.number,
                it.key,
                it.owned,
                it.held,
                it.numbers,
                it.marks,
                it.twice,
            ]
            for _, it in sorted(self.readings.items())
        ]

    @staticmethod
    def restored(state: list[Any]) -> "Records":
        """What ``state`` was made of."""
        found = Records()
        for kind, name, fields, owner, source, number, key, owned, held, numbers, marks, twice in state:
            record = Record(kind=kind, key=name, fields=fields, owner=owner, source=source)
            found.put(
                Reading(
                    record=record,
                    number=number,
                    key=Label(key),
                    owned=owned,
                    held=dict(held),
                    numbers=dict(numbers),
                    marks=dict(marks),
                    twice=twice,
                )
            )
        return found


def _merged(readings: list[Reading]) -> Reading:
    newest = max(readings, key=lambda it: (it.number, text([it.record.fields, it.record.owner, it.record.source])))
    if len(readings) == 1 or readings[0] == readings[1]:
        return newest
    first, second = readings
    held = {key: max(first.held[key], second.held[key]) for key in first.held.keys() & second.held.keys()}
    marks = {key: first.marks.get(key, True) and second.marks.get(key, True) for key in first.marks.keys() | second.marks.keys()}
    numbers = {kind: min((it.numbers[kind] for it in readings), key=Decimal) for kind in first.numbers.keys() & second.numbers.keys()}
    owner = newest.record.owner if first.record.owner == second.record.owner else ""
    record = Record(kind=newest.record.kind, key=newest.record.key, fields=newest.record.fields, owner=owner, source=newest.record.source)
    return Reading(
        record=record,
        number=newest.number,
        key=max(first.key, second.key),
        owned=first.owned or second.owned,
        held=held,
        numbers=numbers,
        marks=marks,
        twice=first.twice or second.twice,
    )
