"""The driver: performs what a turn decides, journals the outcome, and asks again."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from septet.core.entries import Answer, Body, Compacted, Entry, Failure, Forked, HandOver, ModelCall, Note, Planned, ToolCall, ToolResult
from septet.core.errors import (
    CLASSES,
    AgentStopped,
    Fenced,
    InputRejected,
    ModelThrottled,
    ModelUnavailable,
    RunCancelled,
    RunStopped,
    SeptetError,
    ToolFailed,
)
from septet.core.frozen import frozen, maker
from septet.core.journal import Branch, Clock, Journal, Pen, after
from septet.core.labels import labelled
from septet.execution.actions import Action, CallModel, CallTools, Commit, Compact, Fail, Give, Pass, Pause, Repair, Show
from septet.execution.agents import Agent
from septet.execution.answers import routing
from septet.execution.calling import Calling, Models
from septet.execution.ports import GatewayBroke, GatewayRequest, ToolGateway
from septet.execution.turn import Turn

MARGIN = 60_000
"""Milliseconds that must remain before another step is begun; a turn that has less returns ``continue``."""
GATEWAY_ATTEMPTS = 3
"""How often a broken gateway is asked again within one invocation."""
_STEPS = (CallModel, CallTools)
_gateway_request = maker(GatewayRequest)


@frozen
class Ports:
    """What the driver acts through."""

    journal: Journal
    models: Models
    gateway: ToolGateway
    clock: Clock


@frozen
class Outcome:
    """What the state machine learns of a turn: never its content."""

    outcome: str
    """``answer``, ``hand_over``, ``approval`` or ``continue``."""
    agent: str
    turn: str
    routing: dict[str, Any]
    """Fields of the answer that the agent's schema marks for routing."""
    to: str = ""
    approval: str = ""
    seconds: int = 0
    """How long the approval stays open."""


class Driver:
    """Takes one turn as far as this invocation allows."""

    def __init__(
        self, agent: Agent, branch: Branch, turn: str, *, ports: Ports, remaining: Callable[[], int], on_behalf_of: Sequence[str] = ()
    ) -> None:
        """*on_behalf_of* are the agents that this turn acts for."""
        history = list(ports.journal.read(branch))
        if not history:
            raise InputRejected(f"run {branch.run} has no journal: start it through the API")
        if any(isinstance(entry.body, Forked) for entry in history):
            agent = _overridden(agent, history)
        self._agent = agent
        self._ports = ports
        self._remaining = remaining
        self._turn = Turn(agent, turn)
        if agent.check:
            self._turn.joined(_joined(ports.journal, branch, history))
        for entry in history:
            self._turn.observe(entry)
        self._pen = Pen(
            journal=ports.journal, branch=branch, clock=ports.clock, head=after(history), agent=agent.name, turn=turn, bundle=agent.bundle
        )
        self.trace = getattr(history[0].body, "trace", "")
        """The run's, as its request has it; empty where that is older than traces."""
        self._calling = Calling(
            agent=agent,
            turn=self._turn,
            pen=self._pen,
            models=ports.models,
            remaining=remaining,
            margin=MARGIN,
            trace=self.trace,
        )
        self._calling.resume(history)
        self._pins = {tool.name: tool.pin for tool in agent.tools}
        self._on_behalf_of = on_behalf_of
        self._undecided = True

    def run(self) -> Outcome:
        """Go on until the turn ends, pauses, or the time is nearly up.

        Raises the SeptetError whose name ends the turn, or a passing one (ModelThrottled, ModelUnavailable, ToolFailed, Fenced,
        StoreUnavailable) after which the same turn can go on.
        """
        try:
            outcome = self._go()
        except Fenced:  # somebody else works on the branch, and settles
            raise
        except SeptetError:
            self._calling.settle()
            raise
        self._calling.settle()
        return outcome

    def _go(self) -> Outcome:
        begun = False
        while (action := self._turn.act()) is not None:
            if isinstance(action, _STEPS):
                # The first step is always taken: a turn that only ever returned ``continue`` would never end.
                if begun and self._remaining() < MARGIN and not self._calling.failing:
                    return self._outcome("continue")
                begun = True
            if outcome := self._perform(action):
                return outcome
        return self._ended()

    def _perform(self, action: Action) -> Outcome | None:
        match action:
            case CallModel(step=step):
                self._call_model(step)
            case CallTools(calls=calls):
                if not self._call_tools(calls):
                    raise ToolFailed("the gateway did nothing about the calls it was given")
            case Pause(calls=calls) if self._undecided:
                self._call_tools(calls)
            case Pause(approval=approval, expires_at=expires_at):
                left = max(1, -(-(expires_at - self._ports.clock()) // 1000))
                return self._outcome("approval", approval=approval, seconds=left)
            case Show(results=results, labels=labels):
                for result, shown in zip(results, labels, strict=True):
                    self._take(self._pen.write(result, labels=shown))
            case Commit() | Compact() | Repair() | Pass() | Give() | Fail():
                body = _body(action)
                self._take(self._pen.write(body, labels=_labels(body)))
                self._calling.forget()
        return None

    def _ended(self) -> Outcome:
        match self._turn.end:
            case Answer(value=value):
                return self._outcome("answer", routing=routing(self._agent.answer_schema, value))
            case HandOver(to=to):
                return self._outcome("hand_over", to=to)
            case Failure(error=error):
                raise self._raised(CLASSES.get(error, SeptetError)) from None
        raise AssertionError("a turn without an action has an end")

    def _raised(self, error: type[SeptetError]) -> SeptetError:
        """The *error* as the state machine and the logs see it: what a model, a tool or a provider said of it stays in the journal."""
        return error(f"turn {self._turn.id} of {self._agent.name}: the journal of {self._pen.branch.run} says why")

    def _outcome(self, outcome: str, **rest: Any) -> Outcome:
        rest.setdefault("routing", {})
        return Outcome(outcome=outcome, agent=self._agent.name, turn=self._turn.id, **rest)

    def _take(self, entry: Entry) -> None:
        self._turn.observe(entry)

    def _call_model(self, step: int) -> None:
        try:
            self._calling.call(step)
        except (ModelThrottled, ModelUnavailable) as error:
            raise self._raised(type(error)) from None

    def _call_tools(self, calls: tuple[ToolCall, ...]) -> bool:
        """Let the gateway work on *calls*; whether it has written anything."""
        pen = self._pen
        request = _gateway_request(
            branch=pen.branch,
            head=pen.head,
            agent=self._agent.name,
            turn=self._turn.id,
            bundle=self._agent.bundle,
            calls=calls,
            on_behalf_of=self._on_behalf_of,
            pins={call.tool: self._pins[call.tool] for call in calls if call.tool in self._pins},
        )
        for left in reversed(range(GATEWAY_ATTEMPTS)):
            try:
                written = self._ports.gateway.call(request)
                self._undecided = False
                return self._follow(written)
            except (RunStopped, RunCancelled, AgentStopped) as error:
                self._follow(list(self._ports.journal.read(pen.branch, after=pen.number - 1)))
                self._take(pen.write(Failure(error=type(error).__name__, message=str(error))))
                return True
            except Fenced:
                since = list(self._ports.journal.read(pen.branch, after=pen.number - 1))
                # One that was asked twice, or whose answer was lost while it went on, works on this turn: its entries are gone on from.
                # Another executor is known by its call of a model, and of two that go on so the next such call leaves one.
                if any(entry.turn != self._turn.id or isinstance(entry.body, ModelCall) for entry in since) or not self._follow(since):
                    raise
                return True
            except GatewayBroke as error:
                if self._follow(list(self._ports.journal.read(pen.branch, after=pen.number - 1))):
                    return True
                if not left:
                    raise ToolFailed(f"the gateway ended {GATEWAY_ATTEMPTS} times without an answer: {error}") from error
        raise AssertionError("every attempt returns or raises")

    def _follow(self, entries: Sequence[Entry]) -> bool:
        for entry in entries:
            self._take(entry)
        if entries:
            self._pen.follow(entries[-1])
        return bool(entries)


def _joined(journal: Journal, branch: Branch, history: Sequence[Entry]) -> Iterator[ToolResult]:
    from septet.execution.checking import joined  # noqa: PLC0415 -- few agents have a check, and the others start without it

    return joined(journal, branch, history)


def _overridden(agent: Agent, history: Sequence[Entry]) -> Agent:
    from septet.execution.forking import overridden  # noqa: PLC0415 -- few runs are forks, and the others start without it

    return overridden(agent, history)


def _body(action: Commit | Compact | Repair | Pass | Give | Fail) -> Planned | Compacted | Note | HandOver | Answer | Failure:
    match action:
        case Commit(plan=plan):
            return Planned(plan=plan)
        case Compact(through=through):
            return Compacted(through=through)
        case Repair(text=text, kind=kind):
            return Note(kind=kind, text=text)
        case Pass(to=to, reason=reason):
            return HandOver(to=to, reason=reason)
        case Give(value=value):
            return Answer(value=value)
        case Fail(error=error, message=message):
            return Failure(error=error, message=message)


def _labels(body: Body) -> dict[str, str]:
    """What an agent wrote is ``unknown``, the worst label, field by field."""
    if not isinstance(body, Answer):
        return {}
    return labelled(body.value if isinstance(body.value, dict) else ("value",), {}, "unknown")
