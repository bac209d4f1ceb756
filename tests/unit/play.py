"""A scripted world that plays against ``decide``: a model, tools and people whose every move follows from where the game stands.

So a game can be taken up again after any of its entries, by somebody who knows nothing but those.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Body,
    Compacted,
    Entry,
    Failure,
    HandOver,
    ModelCall,
    ModelFailed,
    ModelReply,
    Note,
    Request,
    ToolCall,
    ToolResult,
)
from septet.core.journal import Branch, Head, Pen, after
from septet.core.money import Usage
from septet.execution.actions import Action, CallModel, CallTools, Compact, Fail, Give, Pass, Pause, Repair, Show
from septet.execution.agents import Agent
from septet.execution.ports import Reply
from septet.execution.replies import recordable
from septet.execution.turn import Turn
from septet.local.journal import MemoryJournal

BRANCH = Branch(tenant="acme", run="run-1")
TURN = "turn-1"
ENDS = (Answer, Failure, HandOver)


@dataclass(frozen=True, kw_only=True)
class Move:
    """How a tool answers."""

    value: Any = None
    error: str = ""
    asks: bool = False
    """A person has to decide first."""


@dataclass(kw_only=True)
class World:
    """What the turn meets."""

    replies: Sequence[Reply]
    """By step; the last is said for ever."""
    failures: Sequence[str] = ()
    """What goes wrong before the reply of each step, by step: the name of an error class, or nothing."""
    moves: Sequence[Move] = (Move(value={"ok": True}),)
    """How tools answer, by place in the game."""
    cached: frozenset[int] = frozenset()
    """Steps that are answered from a cache."""
    together: int = 2
    """Calls that the gateway gets done at once."""
    window: int = 10**9
    """Tokens of a request (a third of its bytes) that the model takes."""

    def reply(self, step: int) -> Reply:
        return recordable(self.replies[min(step, len(self.replies) - 1)], step)

    def failure(self, step: int) -> str:
        return self.failures[step] if step < len(self.failures) else ""

    def move(self, call: ToolCall) -> Move:
        _, step, place = call.id.split("-")
        return self.moves[(int(step) + int(place)) % len(self.moves)]


@dataclass(kw_only=True)
class Game:
    """One turn against a world."""

    agent: Agent
    world: World
    history: Sequence[Entry] = ()
    """Where it is taken up; a new one when empty."""
    seen: list[tuple[int, Action | None]] = field(default_factory=list)
    """What was decided, and after how many entries."""

    def __post_init__(self) -> None:
        self.journal = MemoryJournal()
        for entry in self.history:
            self.journal.append(BRANCH, entry, writer="before")
        head = after(self.history)
        if head == Head():
            Pen(journal=self.journal, branch=BRANCH, clock=lambda: 0, head=head).write(
                Request(workflow="w", input={"message": "hello"}, submitter="s")
            )
            head = after(self.entries)
        self.pen = Pen(journal=self.journal, branch=BRANCH, clock=self._now, head=head, agent=self.agent.name, turn=TURN)
        self.turn = Turn(self.agent, TURN)
        self._asked: set[str] = set()
        for entry in self.entries:
            self._take(entry)

    def _now(self) -> int:
        return self.pen.head.number

    @property
    def entries(self) -> list[Entry]:
        return list(self.journal.read(BRANCH))

    @property
    def bodies(self) -> list[Body]:
        return [entry.body for entry in self.entries]

    @property
    def ends(self) -> list[Body]:
        return [body for body in self.bodies if isinstance(body, ENDS)]

    def play(self, *, most: int = 2_000) -> "Game":
        """Go on until the turn ends."""
        for _ in range(most):
            if not self.step():
                return self
        raise AssertionError("the turn does not end")

    def step(self) -> bool:
        """One decision and what comes of it; whether there was one."""
        action = self.turn.act()
        self.seen.append((self.pen.head.number, action))
        if action is not None:
            self._perform(action)
        return action is not None

    def _perform(self, action: Action) -> None:
        match action:
            case CallModel(step=step):
                self._model(step)
            case CallTools(calls=calls):
                self._tools(calls)
            case Pause(approval=approval, calls=calls):
                call = next(call for call in calls if f"apr-{call.id}" == approval)
                self._write(ApprovalGiven(call=call.id, approval=approval, decision="approved", by="boss", reason=""))
                self._result(call)
            case Show(results=results, labels=labels):
                for result, shown in zip(results, labels, strict=True):
                    self._write(result, labels=dict(shown))
            case Compact(through=through):
                self._write(Compacted(through=through))
            case Repair(text=text):
                self._write(Note(kind="repair", text=text))
            case Pass() | Give() | Fail():
                self._write(_end(action))

    def _model(self, step: int) -> None:
        reply = self.world.reply(step)
        if step in self.world.cached:
            self._write(ModelReply(model="m", text=reply.text, calls=reply.calls, stop=reply.stop, cached=True), usage=Usage())
            return
        tokens = self.turn.bound // 3
        failed = [error for _, error in self.turn.failures]
        self._write(ModelCall(model="m", step=step))
        error = "ContextOverflow" if tokens > self.world.window else self.world.failure(step)
        if error and (error == "ContextOverflow" or error not in failed):
            self._write(ModelFailed(model="m", error=error, message=""), cost=1)
            return
        body = ModelReply(model="m", text=reply.text, calls=reply.calls, stop=reply.stop)
        self._write(body, usage=Usage(input=tokens, output=10), cost=10)

    def _tools(self, calls: Sequence[ToolCall]) -> None:
        for call in calls[: self.world.together]:
            if self.world.move(call).asks and call.id not in self._asked:
                body = ApprovalAsked(call=call.id, tool=call.tool, arguments={}, approval=f"apr-{call.id}", expires_at=10**6, reasons=())
                self._write(body)
            else:
                self._result(call)

    def _result(self, call: ToolCall) -> None:
        move = self.world.move(call)
        self._write(ToolResult(call=call.id, tool=call.tool, value=move.value, error=move.error, message=""), labels={"value": "external"})

    def _write(self, body: Body, *, usage: Usage | None = None, cost: int = 0, labels: dict[str, str] | None = None) -> None:
        self._take(self.pen.write(body, usage=usage, cost=cost, labels=labels))

    def _take(self, entry: Entry) -> None:
        if isinstance(entry.body, ApprovalAsked):
            self._asked.add(entry.body.call)
        self.turn.observe(entry)


def _end(action: Pass | Give | Fail) -> Body:
    match action:
        case Pass(to=to, reason=reason):
            return HandOver(to=to, reason=reason)
        case Give(value=value):
            return Answer(value=value)
        case Fail(error=error, message=message):
            return Failure(error=error, message=message)
