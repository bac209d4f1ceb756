"""The driver: performs what a turn decides, journals the outcome, and asks again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from septet.core.entries import Answer, Body, Entry, Failure, HandOver, ModelCall, ModelReply, Note, ToolCall
from septet.core.errors import CLASSES, InputRejected, ModelThrottled, ModelUnavailable, SeptetError, ToolFailed
from septet.core.journal import Branch, Clock, Journal, Pen, after
from septet.core.money import cost
from septet.execution.actions import Action, CallModel, CallTools, Fail, Give, Pass, Pause, Repair
from septet.execution.agents import Agent
from septet.execution.answers import routing
from septet.execution.conversation import tools
from septet.execution.ports import GatewayBroke, GatewayRequest, Model, ModelRequest, ToolGateway
from septet.execution.replies import recordable
from septet.execution.turn import Turn

MARGIN = 60_000
"""Milliseconds that must remain before another step is begun; a turn that has less returns ``continue``."""
MESSAGE_CHARACTERS = 500
"""Of a provider's error message that are kept."""
GATEWAY_ATTEMPTS = 3
"""How often a broken gateway is asked again within one invocation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """What the driver acts through."""

    journal: Journal
    model: Model
    gateway: ToolGateway
    clock: Clock


@dataclass(frozen=True, kw_only=True, slots=True)
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

    def __init__(self, agent: Agent, branch: Branch, turn: str, *, ports: Ports, remaining: Callable[[], int]) -> None:
        self._agent = agent
        self._ports = ports
        self._remaining = remaining
        history = list(ports.journal.read(branch))
        if not history:
            raise InputRejected(f"run {branch.run} has no journal: start it through the API")
        self._turn = Turn(agent, turn)
        self._tools = tools(agent)
        for entry in history:
            self._turn.observe(entry)
        self._pen = Pen(
            journal=ports.journal, branch=branch, clock=ports.clock, head=after(history), agent=agent.name, turn=turn, bundle=agent.bundle
        )
        self._undecided = True

    def run(self) -> Outcome:
        """Go on until the turn ends, pauses, or the time is nearly up.

        Raises the SeptetError whose name ends the turn, or a passing one (ModelThrottled, ModelUnavailable, ToolFailed, Fenced)
        after which the same turn can go on.
        """
        begun = False
        while (action := self._turn.act()) is not None:
            if isinstance(action, CallModel | CallTools):
                # The first step is always taken: a turn that only ever returned ``continue`` would never end.
                if begun and self._remaining() < MARGIN:
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
            case Repair() | Pass() | Give() | Fail():
                body = _body(action)
                self._take(self._pen.write(body, labels=_labels(body)))
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
        model = self._agent.models[0]
        self._take(self._pen.write(ModelCall(model=model.id, step=step)))
        request = ModelRequest(
            model=model,
            system=self._turn.conversation.system,
            messages=self._turn.conversation.messages,
            tools=self._tools,
            metadata={"agent": self._agent.name, "turn": self._turn.id, "run": self._pen.branch.run, "step": str(step)},
        )
        try:
            reply = self._ports.model.complete(request)
        except (ModelThrottled, ModelUnavailable) as error:
            self._take(self._pen.write(Note(kind="model_error", text=f"{type(error).__name__}: {str(error)[:MESSAGE_CHARACTERS]}")))
            raise self._raised(type(error)) from None
        except SeptetError as error:
            self._take(self._pen.write(Failure(error=type(error).__name__, message=str(error)[:MESSAGE_CHARACTERS])))
            return
        reply = recordable(reply, step)
        body = ModelReply(model=model.id, text=reply.text, calls=reply.calls, stop=reply.stop)
        self._take(self._pen.write(body, usage=reply.usage, cost=cost(reply.usage, model.price)))

    def _call_tools(self, calls: tuple[ToolCall, ...]) -> bool:
        """Let the gateway work on *calls*; whether it has written anything."""
        pen = self._pen
        request = GatewayRequest(
            branch=pen.branch, head=pen.head, agent=self._agent.name, turn=self._turn.id, bundle=self._agent.bundle, calls=calls
        )
        for left in reversed(range(GATEWAY_ATTEMPTS)):
            try:
                written = self._ports.gateway.call(request)
                self._undecided = False
                return self._follow(written)
            except GatewayBroke as error:
                if self._follow(list(self._ports.journal.read(pen.branch, after=pen.head.number - 1))):
                    return True
                if not left:
                    raise ToolFailed(f"the gateway ended {GATEWAY_ATTEMPTS} times without an answer: {error}") from error
        raise AssertionError("every attempt returns or raises")

    def _follow(self, entries: Sequence[Entry]) -> bool:
        for entry in entries:
            self._pen.follow(entry)
            self._take(entry)
        return bool(entries)


def _body(action: Repair | Pass | Give | Fail) -> Note | HandOver | Answer | Failure:
    match action:
        case Repair(text=text):
            return Note(kind="repair", text=text)
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
    return dict.fromkeys(body.value, "unknown") if isinstance(body.value, dict) else {"value": "unknown"}
