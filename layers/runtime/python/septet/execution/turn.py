"""The turn as a pure decision: a fold over the journal that says what to do next. No I/O, no clock, no chance."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalEdited,
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
    Planned,
    Restarted,
    Stop,
    ToolCall,
    ToolIntent,
    ToolResult,
)
from septet.core.errors import ModelThrottled, ModelUnavailable
from septet.core.frozen import maker
from septet.execution.actions import Action, CallModel, CallTools, Compact, Fail, Give, Pause, Repair, Show
from septet.execution.agents import Agent
from septet.execution.conversation import Conversation
from septet.execution.ending import SPECIAL, ending
from septet.execution.estimating import worst
from septet.execution.loops import Passes, Repeats
from septet.execution.results import READ_RESULT
from septet.execution.used import Used
from septet.execution.window import Window

if TYPE_CHECKING:
    from septet.execution.checking import Checking
    from septet.execution.planning import Planning

REPAIRS = 1
"""How often a model is told that its reply cannot be used before the turn fails."""
PASSING = (ModelThrottled.__name__, ModelUnavailable.__name__)
"""Errors of a model call that say nothing about the turn: they do not count as its model calls."""
FAILURES = 40
"""Calls of one step that may fail before the turn does, however often it is taken up again."""
OVERFLOW = "ContextOverflow"
"""The class of error that shortening may help against."""
_ENDS = (Answer, Failure, HandOver)
_OUTSIDE = (Stop, Restarted)
AGAIN = "This ended the work, and did not do. Begin again from here."
"""Said to a model whose last reply was why its turn failed."""
_call_model, _call_tools = maker(CallModel), maker(CallTools)


class Turn:
    """One agent's turn, built from a branch's entries one by one; each costs the same however many came before."""

    def __init__(self, agent: Agent, turn: str) -> None:
        self.agent = agent
        self.id = turn
        self.conversation = Conversation(agent)
        self.end: Answer | Failure | HandOver | None = None
        self.stopped: Stop | None = None
        self._failures: list[tuple[str, str]] = []
        self._used = Used()
        self._window = Window(agent)
        self._passes = Passes()
        self._repeats = Repeats(agent.limits.identical_calls)
        self._replies = 0
        self._repairs = 0
        self._reply: ModelReply | None = None
        self._pending: dict[str, ToolCall] = {}
        self._results: dict[str, ToolResult] = {}
        self._labels: dict[str, Mapping[str, str]] = {}
        self._unknown: ToolResult | None = None
        self._asked: dict[str, ApprovalAsked] = {}
        self._planning = _planning(agent, self.conversation) if agent.plan else None
        self._checking = _checking(agent)
        self._extracting: ToolCall | None = None
        self._read: ToolResult | None = None
        if self._planning:
            self.conversation = self._planning.planner

    @property
    def bound(self) -> int:
        """The most input tokens that the next request can have."""
        return self.conversation.size

    @property
    def spent(self) -> int:
        """Micro-dollars that the turn has cost so far."""
        return self._used.cost

    @property
    def failures(self) -> Sequence[tuple[str, str]]:
        """Model and error class of each call that failed since the last reply, oldest first."""
        return self._failures

    def joined(self, results: Iterable[ToolResult]) -> None:
        """Take in what tools returned in branches that were joined: the agent's own check is shown it."""
        if self._checking:
            for result in results:
                self._checking.take(result)

    def observe(self, entry: Entry) -> None:
        """Take in the branch's next entry."""
        body = entry.body
        if isinstance(body, _OUTSIDE):
            self._told(body, entry)
        elif isinstance(body, _ENDS):
            self._passes.take(entry)
            if entry.turn == self.id:
                self.end = body
        if entry.turn == self.id:
            self._used.take(entry)
            self._take(entry, body)
        elif not self._used.began:
            (self._planning or self.conversation).context(entry)

    def _told(self, body: Stop | Restarted, entry: Entry) -> None:
        """The run was stopped, or goes on after it had ended."""
        self.stopped = body if isinstance(body, Stop) else None
        if isinstance(body, Restarted) and self.id in body.turns and self._used.began:
            self._again(entry)

    def _again(self, entry: Entry) -> None:
        """Take up a turn that had failed, or broke off: its limits are counted anew, and all that it has found stays."""
        reply, failed = self._reply, isinstance(self.end, Failure)
        self.end, self._unknown, self._failures, self._repairs = None, None, [], 0
        self._repeats = Repeats(self.agent.limits.identical_calls)
        self._checking = _checking(self.agent)
        self._used.again(entry.at)
        if self._asked:
            self._used.wait(entry.at)
        if failed and reply and not self._planning and ending(self.agent, reply, self._passes) is not None:
            self.conversation.repair(reply, AGAIN, number=entry.number)
            self._reply = None

    def _take(self, entry: Entry, body: Body) -> None:
        if isinstance(body, ModelCall):
            self._used.model_calls += 1
        elif isinstance(body, ModelReply):
            self._replied(body, entry)
        elif isinstance(body, ToolResult):
            self._returned(body, entry)
        elif not isinstance(body, ToolIntent):  # four of five entries are of those types
            self._take_rare(entry, body)

    def _take_rare(self, entry: Entry, body: Body) -> None:
        match body:
            case ModelFailed() as failed:
                self._failed(failed)
            case ApprovalAsked() as asked:
                if not self._asked:
                    self._used.wait(entry.at)
                self._asked[asked.call] = asked
            case ApprovalEdited() as edited:
                self.conversation.edited(edited)
            case ApprovalGiven(call=call):
                self._settled(call, entry.at)
            case Note(kind="repair", text=text):
                self._repairs += 1
                self.conversation.repair(self._reply, text, number=entry.number)
                self._reply = None
            case Note(kind="check", text=text) if self._checking:
                self._checking.told = True
                self.conversation.repair(self._reply, text, number=entry.number)
                self._reply = None
            case Planned(plan=plan) if self._planning:
                self._planning.planned(plan)
                self.conversation, self._reply = self._planning.main, None
            case Compacted(through=through):
                self.conversation.shorten(through)
                self._window.forget()
                self._failures = []

    def _failed(self, failed: ModelFailed) -> None:
        self._failures.append((failed.model, failed.error))
        if failed.error in PASSING:  # an outage must end as what it is, so that another agent takes over
            self._used.model_calls -= 1

    def _replied(self, reply: ModelReply, entry: Entry) -> None:
        self._window.measure(entry.usage, self.conversation.size)
        if self._planning and self._extracting:
            self._read = self._planning.read_out(self._extracting, reply)
            self._replies, self._failures, self._extracting = self._replies + 1, [], None
            self.conversation = self._planning.main
            return
        self._reply, self._unknown, self._failures = reply, None, []
        self._results, self._labels = {}, {}
        self._pending = {call.id: call for call in reply.calls}
        self._replies += 1
        self.conversation.reply(reply, number=entry.number)
        for call in reply.calls:
            if call.tool not in SPECIAL:
                self._used.tool_calls += 1
                self._repeats.take(call)
        if self._planning and self._planning.extracts(reply):
            self._extract(self._planning, reply.calls[0])

    def _extract(self, planning: "Planning", call: ToolCall) -> None:
        """Turn to the model without tools for the value that *call* asks for, if there is a text to read."""
        reading = planning.reading(call)
        if isinstance(reading, str):
            self._read = ToolResult(call=call.id, tool=call.tool, error="InputRejected", message=reading)
        else:
            self._extracting, self.conversation = call, reading

    def _returned(self, result: ToolResult, entry: Entry) -> None:
        self._results[result.call], self._labels[result.call] = result, entry.labels
        self._pending.pop(result.call, None)
        if self._checking:
            self._checking.take(result)
        if self._planning:
            self._planning.result(result)
            self._read = None
        if result.error == "EffectUnknown":
            self._unknown = result
        self._settled(result.call, entry.at)
        if (reply := self._reply) and not self._pending:
            results = [self._results[call.id] for call in reply.calls if call.id in self._results]
            self.conversation.results(results, labels=self._labels, number=entry.number)
            self._reply = None

    def _settled(self, call: str, at: int) -> None:
        """Nobody has to decide on *call* any more. Time in which several questions were open is waited for once."""
        if self._asked.pop(call, None) and not self._asked:
            self._used.resume(at)

    def act(self) -> Action | None:
        """What to do next; None when the turn has ended."""
        if self.end:
            return None
        if self.stopped:
            return Fail(error="RunStopped", message=f"stopped by {self.stopped.by}: {self.stopped.reason}")
        if self._unknown:
            return Fail(error="EffectUnknown", message=self._unknown.message)
        if self._extracting:
            return self._ask()
        if self._read:
            return Show(results=(self._read,), labels=({} if self._read.error else {"name": "record", "value": "external"},))
        return self._ask() if self._reply is None else self._answer_to(self._reply)

    def _ask(self) -> Action:
        """Another model call, if the limits allow it. Tool calls count when they are asked for: the last one's result is still used."""
        if len(self._failures) >= FAILURES and self._failures[-1][1] in PASSING:
            return Fail(error=self._failures[-1][1], message=f"{len(self._failures)} calls in a row failed, the last one for this")
        limits, bound = self.agent.limits, self.conversation.size
        least = min(worst(model, bound, limits.reply_tokens) for model in self._window.candidates)
        if over := self._used.exhausted(limits, least):
            return Fail(error="BudgetExhausted", message=f"{self.agent.name}: {over}")
        overflowed = [model for model, error in self._failures if error == OVERFLOW]
        if overflowed or self._window.exceeded(bound):
            through = self.conversation.shortenable(latest=bool(overflowed))
            if through is not None:
                return Compact(through=through)
        if overflowed and set(overflowed).issuperset(self.agent.fallback.get("overflow", ())):
            return Fail(error=OVERFLOW, message=f"the request does not fit {overflowed[-1]}, and nothing in it can be shortened any more")
        return _call_model(step=self._replies)

    def _answer_to(self, reply: ModelReply) -> Action:
        planning = self._planning
        if planning and not planning.committed:
            end: Action | str | None = planning.ending(reply)
        else:
            end = (planning and planning.crowded(reply)) or ending(self.agent, reply, self._passes)
        if end is None:
            return self._tools()
        if isinstance(end, str):
            return self._repair(end)
        return self._checking.judge(end) if self._checking and isinstance(end, Give) else end

    def _tools(self) -> Action:
        limits = self.agent.limits
        if self._repeats.tool:
            times = limits.identical_calls
            return Fail(error="LoopDetected", message=f"{self._repeats.tool} was called {times} times in a row with the same arguments")
        if self._used.tool_calls > limits.tool_calls:
            message = f"{self.agent.name}: limits.tool_calls is {limits.tool_calls}; {self._used.tool_calls} asked for"
            return Fail(error="BudgetExhausted", message=message)
        calls = tuple(self._pending.values())
        reading = [call for call in calls if call.tool == READ_RESULT]
        if reading:
            results, labels = zip(*map(self.conversation.kept.read, reading), strict=True)
            return Show(results=results, labels=labels)
        if self._asked:
            asked = min(self._asked.values(), key=lambda item: item.expires_at)
            return Pause(approval=asked.approval, expires_at=asked.expires_at, calls=calls)
        return _call_tools(calls=calls)

    def _repair(self, text: str) -> Action:
        if self._repairs >= REPAIRS:
            return Fail(error="AnswerInvalid", message=text)
        return Repair(text=text)


def _planning(agent: Agent, main: Conversation) -> "Planning":
    from septet.execution.planning import Planning  # noqa: PLC0415 -- most agents do not plan, and start without it

    return Planning(agent, main)


def _checking(agent: Agent) -> "Checking | None":
    if agent.check is None:
        return None
    from septet.execution.checking import Checking  # noqa: PLC0415 -- as above

    return Checking(agent, agent.check)


def decide(agent: Agent, history: Iterable[Entry], turn: str) -> Action | None:
    """What *agent* does next in *turn* after *history*; None when the turn has ended. The same history gives the same action."""
    state = Turn(agent, turn)
    for entry in history:
        state.observe(entry)
    return state.act()
