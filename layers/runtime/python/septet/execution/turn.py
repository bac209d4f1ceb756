"""The turn as a pure decision: a fold over the journal that says what to do next. No I/O, no clock, no chance."""

from collections.abc import Iterable
from typing import Any

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Entry,
    Failure,
    HandOver,
    ModelCall,
    ModelReply,
    Note,
    Stop,
    ToolCall,
    ToolResult,
)
from septet.execution.actions import Action, CallModel, CallTools, Fail, Give, Pass, Pause, Repair
from septet.execution.agents import Agent
from septet.execution.answers import problem
from septet.execution.conversation import ANSWER, HAND_OVER, Conversation

SPECIAL = (ANSWER, HAND_OVER)
"""Tools that end the turn; the gateway never sees a call of them."""
REPAIRS = 1
"""How often a model is told that its reply cannot be used before the turn fails."""


class Turn:
    """One agent's turn, built from a branch's entries one by one; each costs the same however many came before."""

    def __init__(self, agent: Agent, turn: str) -> None:
        self.agent = agent
        self.id = turn
        self.conversation = Conversation(agent)
        self.end: Answer | Failure | HandOver | None = None
        self.stopped: Stop | None = None
        self.tool_calls = 0
        self._asked_model = 0
        self._replies = 0
        self._tokens = 0
        self._cost = 0
        self._began: int | None = None
        self._latest = 0
        self._waited = 0
        self._reply: ModelReply | None = None
        self._results: dict[str, ToolResult] = {}
        self._asked: dict[str, ApprovalAsked] = {}
        self._asked_since = 0
        self._repairs = 0
        self._last_call: tuple[str, Any] | None = None
        self._in_a_row = 0
        self._looping = ""

    def observe(self, entry: Entry) -> None:
        """Take in the branch's next entry."""
        if isinstance(entry.body, Stop):
            self.stopped = entry.body
        if entry.turn != self.id:
            if self._began is None:
                self.conversation.context(entry)
            return
        if self._began is None:
            self._began = entry.at
        self._latest = entry.at
        self._take(entry)

    def _take(self, entry: Entry) -> None:
        match entry.body:
            case ModelCall():
                self._asked_model += 1
            case ModelReply() as reply:
                self._replied(reply, entry)
            case ToolResult() as result:
                self._results[result.call] = result
                self._settled(result.call, entry.at)
                self._complete()
            case ApprovalAsked() as asked:
                self._asked_since = self._asked_since if self._asked else entry.at
                self._asked[asked.call] = asked
            case ApprovalGiven(call=call):
                self._settled(call, entry.at)
            case Note(kind="repair", text=text):
                self._repairs += 1
                self.conversation.repair(self._reply, text)
                self._reply = None
            case Answer() | Failure() | HandOver() as end:
                self.end = end

    def _replied(self, reply: ModelReply, entry: Entry) -> None:
        self._reply, self._results = reply, {}
        self._replies += 1
        self._cost += entry.cost
        if entry.usage:
            self._tokens += entry.usage.input + entry.usage.output
        self.conversation.reply(reply)
        for call in reply.calls:
            self._count(call)

    def _count(self, call: ToolCall) -> None:
        if call.tool in SPECIAL:
            return
        self.tool_calls += 1
        same = (call.tool, call.arguments)
        self._in_a_row = self._in_a_row + 1 if same == self._last_call else 1
        self._last_call = same
        if self._in_a_row >= self.agent.limits.identical_calls:
            self._looping = call.tool

    def _settled(self, call: str, at: int) -> None:
        """Nobody has to decide on *call* any more. Time in which several questions were open is waited for once."""
        if self._asked.pop(call, None) and not self._asked:
            self._waited += at - self._asked_since

    def _complete(self) -> None:
        reply = self._reply
        if reply and all(call.id in self._results for call in reply.calls):
            self.conversation.results([self._results[call.id] for call in reply.calls])
            self._reply = None

    def act(self) -> Action | None:
        """What to do next; None when the turn has ended."""
        if self.end:
            return None
        if self.stopped:
            return Fail(error="RunStopped", message=f"stopped by {self.stopped.by}: {self.stopped.reason}")
        unknown = next((result for result in self._results.values() if result.error == "EffectUnknown"), None)
        if unknown:
            return Fail(error="EffectUnknown", message=unknown.message)
        if self._reply is None:
            return self._exhausted() or CallModel(step=self._replies)
        return self._answer_to(self._reply)

    def _exhausted(self) -> Fail | None:
        """The limit that forbids another model call. Tool calls count when they are asked for: the last one's result is still used."""
        limits = self.agent.limits
        spent = (
            ("model_calls", self._asked_model, limits.model_calls),
            ("tokens", self._tokens, limits.tokens),
            ("cost", self._cost, limits.cost),
            ("seconds", (self._latest - (self._began or self._latest) - self._waited) // 1000, limits.seconds),
        )
        for name, used, limit in spent:
            if used >= limit:
                return Fail(error="BudgetExhausted", message=f"limits.{name} of {self.agent.name} is {limit}; {used} used")
        return None

    def _answer_to(self, reply: ModelReply) -> Action:
        if reply.stop == "refused":
            return Fail(error="ModelRefused", message="the model declined to answer; what it said is in the journal")
        special = [call for call in reply.calls if call.tool in SPECIAL]
        if reply.stop == "truncated":
            return self._repair("Your reply was cut off. Reply more briefly.")
        if special and len(reply.calls) > 1:
            return self._repair(f"Call {special[0].tool} alone, after everything else is done.")
        if special:
            return self._end(special[0])
        if reply.calls:
            return self._tools(reply)
        return self._text(reply)

    def _tools(self, reply: ModelReply) -> Action:
        if self._looping:
            times = self.agent.limits.identical_calls
            return Fail(error="LoopDetected", message=f"{self._looping} was called {times} times in a row with the same arguments")
        if self.tool_calls > self.agent.limits.tool_calls:
            limit = self.agent.limits.tool_calls
            return Fail(error="BudgetExhausted", message=f"limits.tool_calls of {self.agent.name} is {limit}; {self.tool_calls} asked for")
        calls = tuple(call for call in reply.calls if call.id not in self._results)
        if self._asked:
            asked = min(self._asked.values(), key=lambda item: item.expires_at)
            return Pause(approval=asked.approval, expires_at=asked.expires_at, calls=calls)
        return CallTools(calls=calls)

    def _end(self, call: ToolCall) -> Action:
        arguments = call.arguments if isinstance(call.arguments, dict) else {}
        if call.tool == HAND_OVER:
            to = arguments.get("to")
            if to in self.agent.hand_over_to:
                return Pass(to=to, reason=str(arguments.get("reason", "")))
            return self._repair(f"hand_over.to must be one of {', '.join(self.agent.hand_over_to) or 'nobody'}.")
        if self.agent.answer_schema is None:
            return self._repair("There is no tool answer: answer in plain text.")
        if wrong := problem(self.agent.answer_schema, call.arguments):
            return self._repair(f"The answer does not fit its type: {wrong}.")
        return Give(value=call.arguments)

    def _text(self, reply: ModelReply) -> Action:
        if self.agent.answer_schema is not None:
            return self._repair("Call the tool answer with your answer.")
        if not reply.text.strip():
            return self._repair("Your reply was empty. Answer in plain text.")
        return Give(value={"text": reply.text})

    def _repair(self, text: str) -> Action:
        if self._repairs >= REPAIRS:
            return Fail(error="AnswerInvalid", message=text)
        return Repair(text=text)


def decide(agent: Agent, history: Iterable[Entry], turn: str) -> Action | None:
    """What *agent* does next in *turn* after *history*; None when the turn has ended. The same history gives the same action."""
    state = Turn(agent, turn)
    for entry in history:
        state.observe(entry)
    return state.act()
