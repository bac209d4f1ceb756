"""Long journals, as agents write them, and what is to be projected of them: worked out from the entries alone, by counting."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from septet.core.entries import (
    Answer,
    Body,
    Entry,
    HandOver,
    ModelCall,
    ModelReply,
    Request,
    ToolCall,
    ToolIntent,
    ToolResult,
)
from septet.core.journal import Branch, Clock, Head, Journal, Pen
from septet.core.money import MICRO, Usage

WORKFLOW = "support"
AGENTS = ("triage", "refunds", "writer")
MODELS = ("small", "large")
STEPS = 12
"""Of a turn: a call of a model and one of a tool each."""
USED = Usage(input=700, output=60, cache_read=200)
COST = 37
"""Micro-dollars of a reply."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What some entries come to."""

    turns: int
    calls: int
    replies: int
    intents: int
    cost: int
    """Micro-dollars."""
    input: int
    output: int

    @property
    def spans(self) -> int:
        """Of a branch ``main`` whose run has ended: its own, and one for each turn, call of a model and call of a tool."""
        return 1 + self.turns + self.calls + self.intents

    @property
    def dollars(self) -> float:
        """The cost as it is told as a metric."""
        return self.cost / MICRO


def tally(entries: Iterable[Entry]) -> Tally:
    """Count *entries*."""
    found = list(entries)
    used = [entry.usage for entry in found if entry.usage]
    return Tally(
        turns=len({entry.turn for entry in found if entry.turn}),
        calls=sum(isinstance(entry.body, ModelCall) for entry in found),
        replies=sum(isinstance(entry.body, ModelReply) for entry in found),
        intents=sum(isinstance(entry.body, ToolIntent) for entry in found),
        cost=sum(entry.cost for entry in found),
        input=sum(one.input + one.cache_read + one.cache_write for one in used),
        output=sum(one.output for one in used),
    )


class Work:
    """A branch on which agents work one after another, entry by entry, for as long as they are let."""

    def __init__(self, journal: Journal, branch: Branch, clock: Clock) -> None:
        self.branch = branch
        self._pen = Pen(journal=journal, branch=branch, clock=clock, head=Head())
        self._bodies = _bodies()

    def step(self) -> Entry:
        """Write the next entry."""
        turn, body = next(self._bodies)
        return self._write(turn, body)

    def write(self, entries: int) -> list[Entry]:
        """Write so many entries from the branch's beginning on; the last one is the answer."""
        told = [self.step() for _ in range(entries - 1)]
        return [*told, self._write(max(0, (entries - 2) // (4 * STEPS + 1)), Answer(value={"text": "done"}))]

    def _write(self, turn: int | None, body: Body) -> Entry:
        self._pen.agent = "" if turn is None else AGENTS[turn % len(AGENTS)]
        self._pen.turn = "" if turn is None else f"turn-{turn}"
        paid = isinstance(body, ModelReply)
        return self._pen.write(body, usage=USED if paid else None, cost=COST if paid else 0)


def _bodies() -> Iterator[tuple[int | None, Body]]:
    """A request, then turns without end, each handing over to the next; every body with the number of its turn."""
    yield None, Request(workflow=WORKFLOW, input={"message": "hello"}, submitter="ann")
    for turn in count():
        for step in range(STEPS):
            yield from ((turn, body) for body in _step(step, MODELS[turn % len(MODELS)]))
        yield turn, HandOver(to=AGENTS[(turn + 1) % len(AGENTS)], reason="next")


def _step(step: int, model: str) -> Iterator[Body]:
    call = ToolCall(id=f"call-{step}", tool="find_order", arguments={"order_id": "A-1001"})
    yield ModelCall(model=model, step=step, reserved=50)
    yield ModelReply(model=model, text="", calls=(call,), stop="tools")
    yield ToolIntent(call=call.id, tool=call.tool, arguments=call.arguments, key="", reasons=())
    yield ToolResult(call=call.id, tool=call.tool, value={"found": True})
