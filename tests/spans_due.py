"""The spans that there have to be of a run, worked out from its journal entry by entry as docs/tracing.md has it.

The platform's own fold is not used: traces are held against this. Runs that were restarted or forked, and journals with gaps, are not for
here: properties in tests/unit have those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from septet.core.entries import (
    LOST,
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Body,
    Entry,
    Failure,
    HandOver,
    Heard,
    Inquired,
    ModelCall,
    ModelFailed,
    ModelReply,
    Recalled,
    Request,
    Routed,
    ToolIntent,
    ToolResult,
)
from septet.core.runs import Run

_RELATIONS = {"take_over": "take_over", "skill": "routed", "pool": "routed"}


@dataclass(frozen=True, kw_only=True)
class Due:
    """A span that there has to be."""

    path: str
    name: str
    first: int
    """The entry that it begins with, and the last that it tells of."""
    last: int
    start: int
    end: int
    turn: int | None
    """The first entry of the turn that it is in; None for what is the branch's own."""
    error: str
    links: tuple[tuple[str, int], ...]
    """Each with its relation, and the first entry of the span that it goes to."""

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What it is known by: no two have the same."""
        return self.path, self.name, self.first, self.last


_Key = tuple[str, str, str]
"""What is open is known by its kind, its turn, and its own id."""


@dataclass(frozen=True, kw_only=True)
class _Begun:
    name: str
    first: int
    start: int
    turn: int | None = None
    links: tuple[tuple[str, int], ...] = ()


class _Walk:
    """Goes through one branch."""

    def __init__(self, run: Run, path: str) -> None:
        self.due: list[Due] = []
        self._path, self._ended, self._error = path, run.ended_at or 0, run.error
        self._open: dict[_Key, _Begun] = {}
        self._turns: dict[str, _Begun] = {}
        self._latest: dict[str, int] = {}
        """The last entry of each turn that is not over."""
        self._decided: dict[tuple[str, str], int] = {}
        """By turn and call, the question that was put about it."""
        self._handed: tuple[str, str, int] = ("", "", 0)
        """Who is to go on, why, and the turn from which."""
        self._worked: int | None = None
        self._now = -1

    def through(self, entries: Sequence[Entry]) -> list[Due]:
        """What is due of all of them."""
        for entry in entries:
            self._take(entry)
        for turn in list(self._turns):
            self._end_turn(turn, self._ended, self._error or LOST)
        for key in list(self._open):
            self._leave(key, self._ended)
        return self.due

    def _take(self, entry: Entry) -> None:  # noqa: C901, PLR0912 -- one case for each kind of entry
        at = min(entry.at, self._ended)  # what is written after the end is told within it
        before, self._now = at if self._now < 0 else self._now, max(self._now, at)
        if entry.turn:
            self._turn(entry, before)
        match entry.body:
            case ModelCall(model=model):
                self._begin(entry, "chat", "", f"chat {model}")
            case ModelReply(model=model):
                self._end(entry, "chat", "", f"chat {model}")
            case ModelFailed(model=model, error=error):
                self._end(entry, "chat", "", f"chat {model}", error)
            case ToolIntent(tool=tool, call=call):
                self._begin(entry, "tool", call, f"execute_tool {tool}")
            case ToolResult(tool=tool, call=call, error=error):
                self._leave(("approval", entry.turn, call), self._now)
                self._end(entry, "tool", call, f"execute_tool {tool}", error)
            case ApprovalAsked(call=call):
                self._begin(entry, "approval", call, "septet.approval")
            case ApprovalGiven(call=call):
                self._decided[entry.turn, call] = self._end(entry, "approval", call, "septet.approval")
            case Inquired(inquiry=inquiry):
                self._begin(entry, "inquiry", inquiry, "septet.inquiry")
            case Heard(inquiry=inquiry):
                self._end(entry, "inquiry", inquiry, "septet.inquiry")
            case Answer() | HandOver() | Failure() as body if entry.turn:
                self._worked = self._turns[entry.turn].first
                self._end_turn(entry.turn, self._now, body.error if isinstance(body, Failure) else "")
                if isinstance(body, HandOver):
                    self._handed = (body.to, "hand_over", self._worked)
            case Request() | Recalled():
                pass  # an event of the branch
            case body if not entry.turn:
                self._moment(entry, body)

    def _turn(self, entry: Entry, before: int) -> None:
        if entry.turn not in self._turns:
            to, why, first = self._handed
            links = ((why, first),) if why and to == entry.agent else ()
            self._handed = ("", "", 0) if links else self._handed
            named = f"invoke_agent {entry.agent}" if entry.agent else "septet.turn"
            self._turns[entry.turn] = _Begun(name=named, first=entry.number, start=before, links=links)
        self._latest[entry.turn] = entry.number

    def _moment(self, entry: Entry, body: Body) -> None:
        if isinstance(body, Routed) and body.purpose in _RELATIONS and self._worked is not None:
            self._handed = (body.to, _RELATIONS[body.purpose], self._worked)
        error = body.error if isinstance(body, Routed | Failure) else ""
        self._tell(_Begun(name=f"septet.{body.type}", first=entry.number, start=self._now), entry.number, self._now, error)

    def _begun(self, entry: Entry, kind: str, name: str, own: str) -> _Begun:
        turn = self._turns[entry.turn].first if entry.turn else None
        question = self._decided.pop((entry.turn, own), None) if kind == "tool" else None
        links = () if question is None else (("approval", question),)
        return _Begun(name=name, first=entry.number, start=self._now, turn=turn, links=links)

    def _begin(self, entry: Entry, kind: str, own: str, name: str) -> None:
        key = (kind, entry.turn, own)
        self._leave(key, self._now)
        self._open[key] = self._begun(entry, kind, name, own)

    def _end(self, entry: Entry, kind: str, own: str, name: str, error: str = "") -> int:
        begun = self._open.pop((kind, entry.turn, own), None) or self._begun(entry, kind, name, own)
        self._tell(begun, entry.number, self._now, error)
        return begun.first

    def _leave(self, key: _Key, end: int) -> None:
        """End what nobody said the end of."""
        if begun := self._open.pop(key, None):
            self._tell(begun, begun.first, end, LOST if key[0] in ("chat", "tool") else "")

    def _end_turn(self, turn: str, end: int, error: str) -> None:
        for key in [key for key in self._open if key[1] == turn]:
            self._leave(key, end)
        self._tell(self._turns.pop(turn), self._latest.pop(turn), end, error)

    def _tell(self, begun: _Begun, last: int, end: int, error: str) -> None:
        self.due.append(
            Due(
                path=self._path,
                name=begun.name,
                first=begun.first,
                last=last,
                start=begun.start,
                end=end,
                turn=begun.turn,
                error=error,
                links=begun.links,
            )
        )


def due(run: Run, branches: Mapping[str, Sequence[Entry]]) -> list[Due]:
    """The spans that there have to be of the entries of a run that has ended, but for its own and those of its branches."""
    return [one for path, entries in branches.items() for one in _Walk(run, path).through(entries)]
