"""What a session knows: what the request vouches for, what was read and written, and how far secrets have come. Digests, not texts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Self

from septet.core.values import digest, form, space, tokens
from septet.security.labels import Label
from septet.security.records import Records
from septet.security.request import LIMIT, Mention, mentions

SEEN = 50_000
"""Values from outside that are kept, to tell ``external`` from ``unknown``; what comes after is unknown, which is worse."""
NUMBERS = 32
"""Numbers of the request that are calculated with."""


@dataclass(kw_only=True, slots=True)
class Session:
    """One branch of a run."""

    mentioned: dict[str, dict[int, int]] = field(default_factory=dict)
    """Of each value of the trusted request: how often it stands where which effects are asked for, by their bits."""
    asked: int = 0
    """Effects that the request asks for anywhere."""
    numbers: list[str] = field(default_factory=list)
    percents: list[str] = field(default_factory=list)
    years: list[str] = field(default_factory=list)
    records: Records = field(default_factory=Records)
    seen: dict[str, int] = field(default_factory=dict)
    """The best label of each value that was read outside of records."""
    tainted: dict[str, int] = field(default_factory=dict)
    """The label of what the agent itself wrote from worse than the request: reading it back makes it no better."""
    secrets: set[str] = field(default_factory=set)
    secret: bool = False
    worst: int = 0
    """Label of the worst that was read."""
    uses: dict[str, set[str]] = field(default_factory=dict)
    """The calls that were aimed at a value, by effect and value."""
    parted: bool = False
    """Whether others go on beside it, in branches of their own."""

    def request(self, fields: Mapping[str, Any], kinds: Iterable[str]) -> None:
        """Take in the trusted *fields* of the request."""
        for mention in islice(mentions(fields, kinds), LIMIT):
            self.mention(mention)
        for token in _tokens(fields):
            kept = {"number": self.numbers, "percent": self.percents, "year": self.years}.get(token.space)
            if kept is not None and token.form not in kept and len(kept) < NUMBERS:
                kept.append(token.form)
            if token.space == "date" and token.form[:1].isdigit() and token.form[:4] not in self.years:
                self.years.append(token.form[:4])

    def mention(self, mention: Mention) -> None:
        """Take in one mention of the request."""
        counts = self.mentioned.setdefault(mention.key, {})
        counts[mention.asked] = counts.get(mention.asked, 0) + 1
        self.asked |= mention.asked

    def bits(self, key: str) -> int:
        """The effects that are asked for where the request has that value, as bits."""
        found = 0
        for bits in self.mentioned.get(key, {}):
            found |= bits
        return found

    def named(self, key: str, mask: int) -> int:
        """How often the request has that value where it asks for the effect of that mask; for one that no words ask for, at all."""
        return sum(count for bits, count in self.mentioned.get(key, {}).items() if bits & mask or not mask)

    def trust(self, value: Any, kind: str) -> None:
        """Take *value* as the request's, of that kind alone."""
        where = space(kind)
        if (spelt := form(value, where)) is not None:
            self.mention(Mention(key=digest(where, spelt), asked=0))

    def see(self, key: str, label: Label) -> None:
        """A value was read outside of a record."""
        if key in self.seen or label < Label.EXTERNAL or len(self.seen) < SEEN:
            self.seen[key] = min(label, self.seen.get(key, Label.UNKNOWN))

    def taint(self, key: str, label: Label) -> None:
        """The agent has written a value of that label."""
        self.tainted[key] = max(label, self.tainted.get(key, Label.CONSTANT))

    def joined(self, other: "Session") -> "Session":
        """Where branches merge: what either knows, with the worse label where both know it, and the confidentiality of both."""
        return Session(
            mentioned={
                key: _mentioned(self.mentioned.get(key), other.mentioned.get(key)) for key in _keys(self.mentioned, other.mentioned)
            },
            asked=self.asked & other.asked,
            numbers=sorted({*self.numbers, *other.numbers}),
            percents=sorted({*self.percents, *other.percents}),
            years=sorted({*self.years, *other.years}),
            records=self.records.joined(other.records),
            seen=_worse(self.seen, other.seen),
            tainted=_worse(self.tainted, other.tainted),
            secrets=self.secrets | other.secrets,
            secret=self.secret or other.secret,
            worst=max(self.worst, other.worst),
            uses={key: self.uses.get(key, set()) | other.uses.get(key, set()) for key in _keys(self.uses, other.uses)},
            parted=self.parted,
        )

    def state(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "mentioned": {key: [list(item) for item in sorted(value.items())] for key, value in self.mentioned.items()},
            "records": self.records.state(),
            "secrets": sorted(self.secrets),
            "uses": {key: sorted(value) for key, value in self.uses.items()},
            **{name: getattr(self, name) for name in _PLAIN},
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Self:
        """What ``state`` was made of."""
        return cls(
            mentioned={key: dict(value) for key, value in state["mentioned"].items()},
            records=Records.restored(state["records"]),
            secrets=set(state["secrets"]),
            uses={key: set(value) for key, value in state["uses"].items()},
            **{name: state[name].copy() if isinstance(state[name], (list, dict)) else state[name] for name in _PLAIN},
        )


_PLAIN = ("asked", "numbers", "percents", "years", "seen", "tainted", "secret", "worst", "parted")


def _tokens(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield from tokens(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tokens(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tokens(item)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from tokens(str(value))


def _keys(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    return sorted(first.keys() | second.keys())


def _mentioned(first: dict[int, int] | None, second: dict[int, int] | None) -> dict[int, int]:
    """What both branches heard; both hear the same request, so where they differ only what both say counts."""
    if first is None or second is None:
        return dict(first or second or {})
    return {bits: min(first[bits], second[bits]) for bits in sorted(first.keys() & second.keys())}


def _worse(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    return {key: max(first.get(key, 0), second.get(key, 0)) for key in _keys(first, second)}
