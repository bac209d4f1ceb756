"""What a fork takes over of its origin's journal: entries as they were, re-chained, but for what belongs to the origin alone. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from copy import replace

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalEdited,
    ApprovalGiven,
    Body,
    Branched,
    Damaged,
    Entry,
    Erased,
    Failure,
    HandOver,
    ModelCall,
    Note,
    Request,
    Resolved,
    Restarted,
    Stop,
    ToolResult,
)
from septet.core.errors import InputRejected
from septet.core.frozen import frozen
from septet.core.journal import MAIN

LEFT_OUT = "fork"
"""The kind of the note that stands in place of what was left out, so that entries keep their numbers."""


@frozen
class Copy:
    """One entry for the fork's journal. Its cost is the origin's, and stays there."""

    body: Body
    labels: Mapping[str, str]
    agent: str
    turn: str
    bundle: str


def last(entries: Sequence[Entry], at: int | str) -> int:
    """The number of the last entry that a fork at *at* copies: *at* itself, or what comes before the turn *at*.

    Raises InputRejected for a number or turn that is not there, for the middle of parallel work, and for a history that is not whole.
    """
    if isinstance(at, str):
        first = next((entry.number for entry in entries if entry.turn == at), None)
        if first is None:
            turns = sorted({entry.turn for entry in entries if entry.turn})
            raise InputRejected(f"is no turn of the run; its turns are: {', '.join(turns) or 'none'}")
        at = first - 1
    if not 0 <= at < len(entries):
        raise InputRejected(f"is no entry to go on from; those are 0 to {len(entries) - 1}")
    kept = entries[: at + 1]
    if gone := next((entry.number for entry in kept if isinstance(entry.body, Erased | Damaged)), None):
        raise InputRejected(f"comes after entry {gone}, whose content is gone: nobody goes on from half a history")
    if parted := _unresolved(kept):
        raise InputRejected(f"lies between where {parted} parted into branches and where they were put together: take one before or after")
    return at


def copies(entries: Sequence[Entry], *, request: tuple[Request, Mapping[str, str]] | None = None) -> list[Copy]:
    """What a fork copies of *entries*, with another *request* and its labels in place of the first.

    A question that is open, or whose call has no result, was put for the origin's call: it is left out, and asked anew.
    """
    answered = {(entry.turn, entry.body.call) for entry in entries if isinstance(entry.body, ToolResult)}
    found = [_copy(entry, answered) for entry in entries]
    if request and found:
        found[0] = replace(found[0], body=request[0], labels=request[1])
    return found


def branches(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The branches whose journals go with *entries*: what was read there counts as read."""
    bodies = (entry.body for entry in entries)
    paths = {path for body in bodies if isinstance(body, Branched | Resolved) for path in body.paths}
    return tuple(sorted(paths - {MAIN}))


def finished(journals: Iterable[Iterable[Entry]]) -> frozenset[str]:
    """The agents that work in *journals* and have no turn there that goes on: each has one turn of a name, which is not made again."""
    turns = [turn for entries in journals for turn in _turns(entries)]
    return frozenset({agent for agent, _ in turns} - {agent for agent, ended in turns if not ended})


def _turns(entries: Iterable[Entry]) -> Iterable[tuple[str, bool]]:
    """Each turn's agent, and whether the turn has ended."""
    agents: dict[str, str] = {}
    ended: set[str] = set()
    for entry in entries:
        if entry.turn and entry.agent:
            agents[entry.turn] = entry.agent
        match entry.body:
            case Answer() | Failure() | HandOver():
                ended.add(entry.turn)
            case Restarted(turns=again):
                ended.difference_update(again)
    return [(agent, turn in ended) for turn, agent in agents.items()]


def _copy(entry: Entry, answered: set[tuple[str, str]]) -> Copy:
    body = entry.body
    match body:
        case ApprovalAsked(call=call) | ApprovalGiven(call=call) | ApprovalEdited(call=call) if (entry.turn, call) not in answered:
            body = Note(kind=LEFT_OUT, text="a question about a call without a result: it is asked anew")
        case Stop():
            body = Note(kind=LEFT_OUT, text="the origin was stopped here")
        case ModelCall():
            body = replace(body, reserved=0)
    return Copy(body=body, labels=entry.labels, agent=entry.agent, turn=entry.turn, bundle=entry.bundle)


def _unresolved(entries: Iterable[Entry]) -> str:
    """The parting that is not put together yet; empty when there is none. A judge's branch is, with those that it judged."""
    parted: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        match entry.body:
            case Branched(step=step, paths=paths):
                parted[step] = tuple(paths)
            case Resolved(step=put_together, paths=joined):
                parted = {step: paths for step, paths in parted.items() if step != put_together and not {*paths} <= {*joined}}
    return next(iter(parted), "")
