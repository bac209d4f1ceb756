"""The journal: branches of chained entries, the port that stores them, and the one way to extend a branch."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Protocol

from septet.core.canonical import canonical, digest, quoted, text
from septet.core.entries import Body, Damaged, Entry, Erased
from septet.core.errors import InputRejected
from septet.core.frozen import frozen, maker
from septet.core.money import Usage
from septet.core.spelling import decode, encode, spelling

MAIN = "main"
"""The branch in which agents work one after another."""


_SEPARATORS = frozenset("#/")
"""Of the keys of tables and of bodies: with one in a name, two branches could share a key."""


@frozen
class Branch:
    """Where a sequence of entries lives. Raises InputRejected for a name that is empty or holds a separator of keys."""

    tenant: str
    run: str
    path: str = MAIN

    def __post_init__(self) -> None:
        for name, value in (("tenant", self.tenant), ("run", self.run), ("path", self.path)):
            if not value or not _SEPARATORS.isdisjoint(value):
                raise InputRejected(f"{name} must be a text without # and /, not {value!r}")

    def __hash__(self) -> int:
        return hash(self.run)  # a text remembers its own; few branches are of one run


@frozen
class Head:
    """Where a branch goes on: the next entry's number, and the hash it must refer to."""

    number: int = 0
    hash: str = ""


_entry, _head = maker(Entry), maker(Head)


class Journal(Protocol):
    """Append-only storage of branches."""

    def read(self, branch: Branch, *, after: int = -1) -> Iterator[Entry]:
        """The entries with a number above *after*, in order; none for an unknown branch."""
        ...

    def append(self, branch: Branch, entry: Entry, *, writer: str) -> None:
        """Store *entry* durably if its number is free.

        *writer* identifies one executor: the same entry from the same writer again (its first answer was lost) counts as stored.
        Raises Fenced when somebody else has written that number.
        """
        ...


Clock = Callable[[], int]
"""Milliseconds since the epoch."""


def _seal(salt: str, body: Body) -> str:
    """What an entry's ``digest`` is."""
    return digest(salt.encode(), canonical(encode(body)))


def _link(header: Mapping[str, Any]) -> str:
    """What an entry's ``hash`` is, by its header."""
    return digest(canonical(list(header.values())))


def _usage(usage: Usage | None) -> dict[str, int] | None:
    """*usage* in a header."""
    if usage is None:
        return None
    return {"input": usage.input, "output": usage.output, "cache_read": usage.cache_read, "cache_write": usage.cache_write}


_USAGE = '{"cache_read":%d,"cache_write":%d,"input":%d,"output":%d}'
"""``_usage`` in canonical form."""


@lru_cache(maxsize=64)
def _writer(agent: str, turn: str, bundle: str) -> str:
    """The part of a header that is the same in all of a turn."""
    return ",".join((quoted(agent), quoted(turn), quoted(bundle)))


def header(entry: Entry) -> dict[str, Any]:
    """All of *entry* that its hash covers, as JSON types and in this order."""
    return {
        "number": entry.number,
        "at": entry.at,
        "agent": entry.agent,
        "turn": entry.turn,
        "bundle": entry.bundle,
        "usage": _usage(entry.usage),
        "cost": entry.cost,
        "labels": dict(entry.labels),
        "previous": entry.previous,
        "digest": entry.digest,
    }


def to_json(entry: Entry) -> dict[str, Any]:
    """*entry* as JSON types, for storage and for the wire."""
    return {"header": header(entry), "hash": entry.hash, "salt": entry.salt, "body": encode(entry.body)}


def from_json(value: Mapping[str, Any]) -> Entry:
    """The entry ``to_json`` made *value* of; its hashes are taken as they stand (``verify`` checks them)."""
    head = value["header"]
    return Entry(
        **{**head, "usage": Usage(**head["usage"]) if head["usage"] else None},
        body=decode(value["body"]),
        salt=value["salt"],
        hash=value["hash"],
    )


class Pen:
    """Extends one branch on behalf of one agent's turn; a branch has one pen at a time, or somebody is fenced.

    *writer* identifies this executor to the journal; it is made up when not given.
    """

    __slots__ = ("_previous", "agent", "branch", "bundle", "clock", "journal", "number", "turn", "writer")

    def __init__(
        self,
        *,
        journal: Journal,
        branch: Branch,
        clock: Clock,
        head: Head,
        agent: str = "",
        turn: str = "",
        bundle: str = "",
        writer: str = "",
    ) -> None:
        self.journal = journal
        self.branch = branch
        self.clock = clock
        self.agent = agent
        self.turn = turn
        self.bundle = bundle
        self.writer = writer or os.urandom(8).hex()
        self.number = head.number
        """The next entry's."""
        self._previous = head.hash

    @property
    def head(self) -> Head:
        """Where the branch goes on."""
        return _head(number=self.number, hash=self._previous)

    def write(self, body: Body, *, usage: Usage | None = None, cost: int = 0, labels: Mapping[str, str] | None = None) -> Entry:
        """Append *body* and return its entry once it is durable. Raises Fenced when another executor went on with the branch."""
        salt = os.urandom(16).hex()
        sealed = digest(salt.encode(), spelling(body).encode())
        number, previous, at = self.number, self._previous, self.clock()
        writer = _writer(self.agent, self.turn, self.bundle)
        used = _USAGE % (usage.cache_read, usage.cache_write, usage.input, usage.output) if usage else "null"
        shown = text(labels) if labels else "{}"
        # What ``_link`` makes of the entry's header, spelt at once; ``verify`` goes the long way.
        covered = f'[{number},{at},{writer},{used},{cost},{shown},"{previous}","{sealed}"]'
        entry = _entry(
            number=number,
            at=at,
            body=body,
            agent=self.agent,
            turn=self.turn,
            bundle=self.bundle,
            usage=usage,
            cost=cost,
            labels=dict(labels) if labels else {},
            salt=salt,
            digest=sealed,
            previous=previous,
            hash=digest(covered.encode()),
        )
        self.journal.append(self.branch, entry, writer=self.writer)
        self.number, self._previous = number + 1, entry.hash
        return entry

    def follow(self, entry: Entry) -> None:
        """Go on after *entry*, which somebody else wrote on this turn's behalf (the gateway)."""
        self.number, self._previous = entry.number + 1, entry.hash


def after(entries: Iterable[Entry]) -> Head:
    """Where a branch goes on that so far holds *entries*."""
    head = Head()
    for entry in entries:
        head = Head(number=entry.number + 1, hash=entry.hash)
    return head


def verify(entries: Iterable[Entry], *, erasure: bool = False) -> list[str]:
    """What is wrong with a branch read from its start, one sentence a finding; empty when every entry is where and what it was.

    With *erasure*, its content was to be erased: a body that is gone is nothing wrong.
    """
    problems = []
    head = Head()
    for entry in entries:
        if entry.number != head.number:
            problems.append(f"entry {head.number} is missing; {entry.number} follows")
        if isinstance(entry.body, Damaged):
            problems.append(f"entry {entry.number} cannot be read: what is stored is no entry")
            head = Head(number=entry.number + 1, hash=entry.hash)
            continue
        if entry.previous != head.hash:
            problems.append(f"entry {entry.number} does not follow the entry before it")
        gone = isinstance(entry.body, Erased)
        if not (gone and erasure) and entry.digest != _seal(entry.salt, entry.body):
            problems.append(f"the body of entry {entry.number} {'is gone' if gone else 'was changed'}")
        if entry.hash != _link(header(entry)):
            problems.append(f"entry {entry.number} was changed")
        head = Head(number=entry.number + 1, hash=entry.hash)
    return problems
