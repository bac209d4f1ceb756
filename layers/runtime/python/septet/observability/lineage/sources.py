"""What an agent had been shown: the values of a journal's entries, each with where it stands and whose words it is."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Literal

from septet.core.entries import (
    Answer,
    ApprovalEdited,
    ApprovalGiven,
    Branched,
    Damaged,
    Entry,
    Erased,
    HandOver,
    Heard,
    Recalled,
    Request,
    Resolved,
    ToolIntent,
    ToolResult,
)
from septet.core.frozen import frozen
from septet.core.journal import MAIN
from septet.core.labels import label

READ = "read_result"
"""The tool by which a turn reads again what it was shown."""
DEEP = 64
"""Levels of a value that are looked into."""
Shown = Literal["request", "tool", "person", "outside", "session", "agent"]
"""Whose words: the caller's, a tool's result, a person's who decided, somebody's outside who was asked, what was said before in the
session, or another agent's."""


@frozen
class Source:
    """A value in an entry."""

    path: str
    """The branch."""
    number: int
    """Of the entry."""
    at: int
    kind: Shown
    name: str
    """The tool, the person, the agent, or the session."""
    place: str
    """The value's path in the entry."""
    label: str
    """What the platform wrote of the field."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """Of a tool's result, where each argument of the call came from, as the gateway wrote it."""


@frozen
class View:
    """What was shown where: a branch knows what stood in ``main`` before it, and ``main`` what stood in the branches it has joined."""

    parted: Mapping[str, int]
    """By branch, the entry of ``main`` that began it."""
    joined: Mapping[str, int]
    """By branch, the entry of ``main`` by which it was joined."""
    gaps: bool
    """Whether the content of any entry is gone."""

    @classmethod
    def of(cls, branches: Mapping[str, tuple[Entry, ...]]) -> "View":
        """The view of a run's journal."""
        parted: dict[str, int] = {}
        joined: dict[str, int] = {}
        for entry in branches.get(MAIN, ()):
            match entry.body:
                case Branched(paths=paths):
                    parted |= {path: entry.number for path in paths if path not in parted}
                case Resolved(paths=paths):
                    joined |= {path: entry.number for path in paths if path not in joined}
        gaps = any(isinstance(entry.body, Erased | Damaged) for entries in branches.values() for entry in entries)
        return cls(parted=parted, joined=joined, gaps=gaps)

    def shown(self, source: Source, at: tuple[str, int]) -> bool:
        """Whether *source* had been shown to who wrote the entry *at* a branch and number."""
        path, number = at
        if source.path == path:
            return source.number < number
        if path == MAIN:
            return self.joined.get(source.path, number) < number
        return source.path == MAIN and source.number < self.parted.get(path, 0)


def sources(branches: Mapping[str, tuple[Entry, ...]]) -> Iterator[tuple[Source, Any]]:
    """Every value that was shown to anybody, each with its source."""
    for path, entries in branches.items():
        asked: dict[tuple[str, str], Mapping[str, str]] = {}
        for entry in entries:
            if isinstance(entry.body, ToolIntent):
                asked[entry.turn, entry.body.call] = entry.labels
            yield from _shown(path, entry, asked)


def _shown(path: str, entry: Entry, asked: Mapping[tuple[str, str], Mapping[str, str]]) -> Iterator[tuple[Source, Any]]:
    for kind, name, value in _said(path, entry):
        calls = asked.get((entry.turn, entry.body.call), {}) if isinstance(entry.body, ToolResult) else {}
        for place, leaf in leaves(value):
            yield (
                Source(
                    path=path,
                    number=entry.number,
                    at=entry.at,
                    kind=kind,
                    name=name,
                    place=place or "value",
                    label=_label(entry, place),
                    asked=calls,
                ),
                leaf,
            )


def _said(path: str, entry: Entry) -> Iterator[tuple[Shown, str, Any]]:
    match entry.body:
        case Request() as body:
            yield ("request", body.submitter, body.input) if path == MAIN else ("agent", "main", body.input)
        case ToolResult() as body if body.tool != READ:
            yield "tool", body.tool, {"message": body.message} if body.error else body.value
        case ApprovalGiven() as body if body.by:
            yield "person", body.by, {"reason": body.reason}
        case ApprovalEdited() as body:
            yield "person", body.by, body.arguments
        case Heard() as body:
            yield "outside", body.by, body.value
        case Recalled() as body:
            yield "session", body.session, body.exchanges
        case Resolved() as body:
            yield "agent", body.winner or body.method, body.value
        case Answer() as body:
            yield "agent", entry.agent, body.value
        case HandOver() as body:
            yield "agent", entry.agent, {"reason": body.reason}


def _label(entry: Entry, place: str) -> str:
    """The label of a field: of its path, or of the field that it is in; the worst where nothing is said."""
    if isinstance(entry.body, ApprovalGiven | ApprovalEdited | HandOver):
        return "unknown"
    if place in entry.labels:
        return entry.labels[place]
    if isinstance(entry.body, Resolved):
        return label(entry.labels, "value")
    return label(entry.labels, place.split(".", maxsplit=1)[0].removesuffix("[]") or "value")


def leaves(value: Any, path: str = "", deep: int = 0) -> Iterator[tuple[str, Any]]:
    """The plain values within *value*, each with its path: names with dots between, ``[]`` for any place of a list."""
    if deep > DEEP:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from leaves(item, f"{path}.{name}" if path else str(name), deep + 1)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item, f"{path}[]", deep + 1)
    else:
        yield path, value
