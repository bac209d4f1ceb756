"""Calling a model for a turn: choose one, hold the money, journal the call, make it, journal how it ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from septet.core.accounting import spendable
from septet.core.canonical import digest
from septet.core.entries import LOST, Body, Entry, Failure, ModelCall, ModelFailed, ModelReply, Note
from septet.core.errors import CLASSES, AgentStopped, BudgetExhausted, ContextOverflow, ModelUnavailable, RunStopped, SeptetError
from septet.core.frozen import frozen, maker
from septet.core.journal import Pen
from septet.core.ledger import BranchLedger, of_branch
from septet.core.money import Usage, cost
from septet.execution import caching, routing
from septet.execution.actions import CallTools, Give, Pass
from septet.execution.agents import Agent, ModelSpec
from septet.execution.estimating import worst
from septet.execution.ports import Cache, Health, Model, ModelRequest, Reply
from septet.execution.replies import recordable
from septet.execution.turn import PASSING, Turn

MODEL_SECONDS = 55
"""What a model may take to answer."""
MESSAGE_CHARACTERS = 500
"""Of a provider's error message that are kept."""
GRACE = 10_000
"""Milliseconds after an invocation's deadline at which its process is surely gone."""
OVERFLOW = ContextOverflow.__name__
_model_call, _model_reply, _model_request = maker(ModelCall), maker(ModelReply), maker(ModelRequest)


@frozen
class Models:
    """What calls are made through."""

    model: Model
    ledger: BranchLedger
    health: Health
    cache: Cache
    pause: Callable[[int], None]
    """Waits for some milliseconds."""
    chance: Callable[[], float]
    """A number from 0 to below 1, another one each time."""


@dataclass(kw_only=True, slots=True)
class Calling:
    """Makes the model calls of one turn in one invocation."""

    agent: Agent
    turn: Turn
    pen: Pen
    models: Models
    remaining: Callable[[], int]
    """Milliseconds that this invocation has left."""
    margin: int
    """Milliseconds that must be left for another attempt."""
    trace: str = ""
    """Of the run, as its request has it."""
    _until: int = 0
    _share: float = 0.0
    _step: int = -1
    _failures: list[tuple[str, str]] = field(default_factory=list)
    _said: str = ""
    _unsettled: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._until = self.pen.clock() + self.remaining() + GRACE
        self._share = int(digest(self.pen.branch.run.encode(), self.turn.id.encode())[:13], 16) / 16**13

    def resume(self, history: Sequence[Entry]) -> None:
        """Take up what the branch's last worker left: a call without an end is lost, and charged; one with an end may not be settled."""
        if not history:
            return
        last = history[-1]
        if isinstance(last.body, ModelCall):
            theirs = Pen(
                journal=self.pen.journal,
                branch=self.pen.branch,
                clock=self.pen.clock,
                head=self.pen.head,
                agent=last.agent,
                turn=last.turn,
                bundle=last.bundle,
                writer=self.pen.writer,
            )
            lost = theirs.write(ModelFailed(model=last.body.model, error=LOST, message=""), cost=last.body.reserved)
            self.pen.follow(lost)
            self.turn.observe(lost)
            self._unsettled = {last.number: lost.cost}
            return
        for call, end in zip(reversed(history[:-1]), reversed(history), strict=False):
            if isinstance(call.body, ModelCall):
                self._unsettled = {call.number: end.cost} if call.turn == self.turn.id else {}
                return

    def settle(self) -> None:
        """Tell the ledger what the last call cost: nobody works on the branch any more."""
        if self._unsettled:
            self.models.ledger.settle(self.pen.branch, self._unsettled)
            self._unsettled = {}

    def call(self, step: int) -> None:
        """Make one attempt at model call *step*; asked for the same step again, go on with the same or the next model.

        Raises ModelThrottled or ModelUnavailable when there is nothing left to try for now, Fenced when another executor went on.
        """
        if step != self._step:
            self._step, self._failures = step, []
        model = self._model()
        if model is None:
            self._give_up()
        elif not (key := self._key(model)) or not self._repeated(model, step, key):
            while self._attempt(model, step, key) == OVERFLOW and (model := self._model()):
                key = ""  # what another model says is not kept in this one's place

    @property
    def failing(self) -> bool:
        """Whether the latest attempt failed, so that ``call`` says what is wrong rather than that time is short."""
        return bool(self._failures)

    def forget(self) -> None:
        """The request is another now: what it failed with says nothing any more."""
        self._failures = []

    def _key(self, model: ModelSpec) -> str:
        """The request's place in the cache; empty when it must not be cached."""
        return (
            caching.key(self.agent, model.id, self.turn.conversation, self.turn.conversation.tools) if caching.cacheable(self.turn) else ""
        )

    def _repeated(self, model: ModelSpec, step: int, key: str) -> bool:
        """Whether an equal request was answered before; then that answer is the reply."""
        branch = self.pen.branch
        known = self.models.cache.get(branch.tenant, key, now=self.pen.clock())
        if known is None:
            return False
        account = self.models.ledger.account(branch.tenant, of_branch(branch.run, branch.path))
        try:
            if account:  # nothing is held for it, so nothing else would notice a stop
                spendable(account, self.agent.name)
        except (RunStopped, AgentStopped) as stop:
            self._write(Failure(error=type(stop).__name__, message=str(stop)))
        else:
            self._write(_reply(model, recordable(known, step), cached=True), usage=Usage())
        return True

    def _model(self) -> ModelSpec | None:
        """The model to ask now, after the pause that is due; None when there is none, or no time for it."""
        sick = self.models.health.sick(self.agent.models)
        model = self._route(sick)
        while model and not self.models.health.admit(model) and model.id not in sick:
            sick |= {model.id}  # another process is trying it
            model = self._route(sick)
        if model and self._failures:
            pause = routing.pause(len(self._failures), self.models.chance())
            if self.remaining() - pause < self.margin:
                return None
            self.models.pause(pause)
        return model

    def _route(self, sick: frozenset[str]) -> ModelSpec | None:
        left = self._left
        dear = [model.id for model in self.agent.models if self._worst(model) > left]
        return routing.route(self.agent, share=self._share, failures=self._failures, sick=sick, dear=dear)

    def _give_up(self) -> None:
        """End the turn for an error that stays; raise one that may pass."""
        _, error = self._failures[-1] if self._failures else ("", routing.INVALID)
        if error in (*PASSING, routing.INVALID):
            raise CLASSES.get(error, ModelUnavailable)(f"no model of {self.agent.name} answers for now")
        self._write(Failure(error=error, message=self._said))

    def _attempt(self, model: ModelSpec, step: int, key: str) -> str:
        """Call *model* once; the name of what went wrong, empty when nothing did."""
        number, most = self.pen.number, self._worst(model)
        if refusal := self._hold(number, most):
            self._write(Failure(error=type(refusal).__name__, message=str(refusal)))
            return type(refusal).__name__
        self._unsettled = {}
        self._write(_model_call(model=model.id, step=step, reserved=most))
        try:
            reply = recordable(self.models.model.complete(self._request(model, step, number)), step)
        except SeptetError as error:
            self._unsettled = {number: self._failed(model, error, most)}
            return type(error).__name__
        self._failures = []
        self._unsettled = {number: self._replied(model, reply, most)}
        self.models.health.report(model, well=True)
        if key and isinstance(self.turn.act(), CallTools | Pass | Give):  # what could not be used must not be said again
            until = self.pen.clock() + self.agent.cache_seconds * 1000
            self.models.cache.put(self.pen.branch.tenant, key, reply, until=until)
        return ""

    @property
    def _left(self) -> int:
        """Micro-dollars that the turn may still cost by its agent's own limit."""
        return self.agent.limits.cost - self.turn.spent

    def _hold(self, number: int, most: int) -> SeptetError | None:
        """Hold what a call can cost at *most*, and settle the one before; what forbids it, if something does."""
        try:
            self.models.ledger.reserve(self.pen.branch, number, most, until=self._until, settle=self._unsettled, agent=self.agent.name)
        except (BudgetExhausted, RunStopped, AgentStopped) as refusal:
            return refusal
        return None

    def _worst(self, model: ModelSpec) -> int:
        return worst(model, self.turn.bound, self.agent.limits.reply_tokens)

    def _request(self, model: ModelSpec, step: int, number: int) -> ModelRequest:
        """Model call *step*, which is entry *number*."""
        return _model_request(
            model=model,
            system=self.turn.conversation.system,
            messages=self.turn.conversation.messages,
            tools=self.turn.conversation.tools,
            max_output=min(self.agent.limits.reply_tokens, model.max_output),
            seconds=max(1, min(MODEL_SECONDS, self.remaining() // 1000 - 1)),
            metadata={"agent": self.agent.name, "turn": self.turn.id, "run": self.pen.branch.run, "step": str(step)},
            traceparent=self._traceparent(number) if model.provider == "openai" else "",
        )

    def _traceparent(self, number: int) -> str:
        """The call of entry *number* as the caller of whatever the model's server does."""
        from copy import replace  # noqa: PLC0415 -- as below

        from septet.core.traces import from_header, of_entry  # noqa: PLC0415 -- providers that take no trace are called without it

        context, branch = from_header(self.trace), self.pen.branch
        span = of_entry(branch.tenant, branch.run, branch.path, "chat", number)
        return replace(context, span=span).traceparent if context else ""

    def _failed(self, model: ModelSpec, error: SeptetError, most: int) -> int:
        """Journal that the call failed, and return what it is charged."""
        name, charge = type(error).__name__, most if error.billed else 0
        self._said = str(error)[:MESSAGE_CHARACTERS]
        self._write(ModelFailed(model=model.id, error=name, message=self._said), cost=charge)
        invalid = isinstance(error, ModelUnavailable) and not error.billed
        self._failures.append((model.id, routing.INVALID if invalid else name))
        if name in PASSING and not invalid:  # a request that is refused says nothing of the model's health
            self.models.health.report(model, well=False)
        return charge

    def _replied(self, model: ModelSpec, reply: Reply, most: int) -> int:
        """Journal *reply* and return what it is charged: what the provider reports, unless that cannot be true."""
        charge = cost(reply.usage, model.price)
        if reply.usage_known and charge <= most and self._possible(model, reply.usage):
            self._write(_reply(model, reply), usage=reply.usage, cost=charge)
            return charge
        self._write(_reply(model, reply), usage=Usage(input=self.turn.bound, output=model.max_output), cost=most)
        self._write(Note(kind="usage", text=f"the provider's figures cannot be ({reply.usage}): what was held is charged"))
        return most

    def _possible(self, model: ModelSpec, usage: Usage) -> bool:
        """Whether a request and a reply as large as these can have had so many tokens."""
        return usage.input + usage.cache_read + usage.cache_write <= self.turn.bound and usage.output <= model.max_output

    def _write(self, body: Body, usage: Usage | None = None, cost: int = 0) -> None:
        self.turn.observe(self.pen.write(body, usage=usage, cost=cost))


def _reply(model: ModelSpec, reply: Reply, *, cached: bool = False) -> ModelReply:
    return _model_reply(model=model.id, text=reply.text, calls=reply.calls, stop=reply.stop, cached=cached)
