"""One entry of a branch taken into what is open, and told where something ends with it."""

from copy import replace

from septet.core.entries import (
    LOST,
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Branched,
    Failure,
    Forked,
    HandOver,
    Heard,
    Inquired,
    ModelCall,
    ModelFailed,
    ModelReply,
    Note,
    Recalled,
    Request,
    Resolved,
    Restarted,
    Routed,
    ToolIntent,
    ToolResult,
)
from septet.observability.naming import declared
from septet.observability.spans import Event, Link, Value
from septet.observability.tracing import conventions as words
from septet.observability.tracing.drafting import Drafting, finished, key, scope
from septet.observability.tracing.state import EVENTS, added

RELATIONS = {"take_over": "take_over", "skill": "routed", "pool": "routed"}
"""Why whoever was chosen goes on from the turn before, by what they were chosen for."""
LOSABLE = ("chat", "tool")
"""What is lost when nobody tells how it ended; a question is only left."""
GIVEN = 64
"""Decisions that are remembered until their calls are made."""


class Folding(Drafting):
    """Takes one entry."""

    def take(self) -> None:
        """Take the entry in."""
        if self._entry.turn:
            self._turn()
        match self._entry.body:
            case ModelCall() | ModelReply() | ModelFailed():
                self._model(self._entry.body)
            case ToolIntent() | ToolResult():
                self._tool(self._entry.body)
            case ApprovalAsked() | ApprovalGiven():
                self._approval(self._entry.body)
            case Inquired() | Heard():
                self._inquiry(self._entry.body)
            case Answer() | HandOver() | Failure() if self._entry.turn:
                self._end_turn(self._entry.body)
            case Request() | Recalled() | Forked() | Restarted() if self._mark():
                pass
            case _ if self._entry.turn:
                self._note()
            case _:
                self._moment()
        if self._entry.turn and self.late and (turn := self._open.get(key("turn", self._entry.turn))):
            self.told.append(finished(self._place, turn, self._at))  # nobody will end it any more
        self._bound()

    def _turn(self) -> None:
        """The entry's turn, begun where it was not: its work began when the entry before was written."""
        entry, place = self._entry, self._place
        name = key("turn", entry.turn)
        turn = self._open.get(name)
        if turn is None:
            to, span, why = self._handed
            links = (self._link(span, why),) if span and to == entry.agent else ()
            self._handed = ("", "", "") if links else self._handed
            agent: dict[str, Value] = {words.OPERATION: "invoke_agent", words.AGENT: entry.agent, words.BUNDLE: entry.bundle}
            start = self._at if self._previous is None else self._previous
            attributes = self._attributes(agent if entry.agent else {}) | {words.TURN: entry.turn}
            named = f"invoke_agent {entry.agent}" if entry.agent else "septet.turn"
            turn = self._draft("turn", named, attributes, start=start, links=links, parent=scope(place, self._state.now.number))
        else:
            del self._open[name]
        usage = added(turn.usage, entry.usage)
        self._open[name] = replace(turn, until=self._at, last=entry.number, cost=turn.cost + entry.cost, usage=usage)
        self._parent = turn.span

    def _end_turn(self, body: Answer | HandOver | Failure) -> None:
        draft = self._open.pop(key("turn", self._entry.turn))
        for name in [name for name, open_one in self._open.items() if open_one.parent == draft.span]:
            self._close(name, error=LOST if name.startswith(LOSABLE) else "")
        error = body.error if isinstance(body, Failure) else ""
        self._changes["error"] = error
        if isinstance(body, HandOver):
            self._handed = (body.to, draft.span, "hand_over")
        self._worked = draft.span
        spent: dict[str, Value] = {words.COST: draft.cost, **words.used(draft.usage), words.OUTCOME: body.type}
        if isinstance(body, HandOver):
            spent[words.TO] = declared(body.to, self._agents)
        self.told.append(finished(self._place, replace(draft, attributes={**draft.attributes, **spent}), self._at, error=error))

    def _model(self, body: ModelCall | ModelReply | ModelFailed) -> None:
        name, model = key("chat", self._entry.turn), declared(body.model, self._providers)
        asked: dict[str, Value] = {
            words.OPERATION: "chat",
            words.PROVIDER: words.provider(self._providers.get(body.model, "")),
            words.REQUESTED: model,
        }
        if self._entry.agent:
            asked[words.AGENT] = self._entry.agent
        if isinstance(body, ModelCall):
            self._close(name, error=LOST)
            self._open[name] = self._draft("chat", f"chat {model}", self._attributes(asked), client=True)
            return
        chat = self._open.pop(name, None) or self._draft("chat", f"chat {model}", self._attributes(asked), client=True)
        ended: dict[str, Value] = {words.COST: self._entry.cost}
        if isinstance(body, ModelReply):
            ended |= {words.ANSWERED: model, words.FINISHED: words.finished(body), words.CACHED: body.cached}
        if self._entry.usage:
            ended |= words.used(self._entry.usage)
        self._finish(chat, ended, error=body.error if isinstance(body, ModelFailed) else "")

    def _tool(self, body: ToolIntent | ToolResult) -> None:
        name = key("tool", self._entry.turn, body.call)
        known = self._known(body.tool)
        called: dict[str, Value] = {words.OPERATION: "execute_tool", words.TOOL_TYPE: "function", words.CALL: body.call}
        if known:
            called[words.TOOL] = body.tool
        if self._entry.agent:
            called[words.AGENT] = self._entry.agent
        titled = f"execute_tool {body.tool}" if known else "execute_tool"
        if isinstance(body, ToolIntent):
            self._close(name, error=LOST)
            self._open[name] = self._draft("tool", titled, self._attributes(called), links=self._decided(body.call))
            return
        self._close(key("approval", self._entry.turn, body.call))
        tool = self._open.pop(name, None) or self._draft("tool", titled, self._attributes(called), links=self._decided(body.call))
        self._finish(tool, {words.REPEATED: body.repeated}, error=body.error)

    def _known(self, tool: str) -> bool:
        """Whether *tool* is declared, and no wording of a model's."""
        return tool in self._tools or tool in words.BUILT_IN

    def _decided(self, call: str) -> tuple[Link, ...]:
        """The link to the question that was put about a call."""
        span = self._given.pop(key(self._entry.turn, call), "")
        return (self._link(span, "approval"),) if span else ()

    def _approval(self, body: ApprovalAsked | ApprovalGiven) -> None:
        name = key("approval", self._entry.turn, body.call)
        if isinstance(body, ApprovalAsked):
            self._close(name)
            asked: dict[str, Value] = {words.CALL: body.call}
            if self._known(body.tool):
                asked[words.TOOL] = body.tool
            self._open[name] = self._draft("approval", "septet.approval", self._attributes(asked))
            return
        draft = self._open.pop(name, None) or self._draft("approval", "septet.approval", self._attributes({words.CALL: body.call}))
        self._given[key(self._entry.turn, body.call)] = draft.span
        for old in list(self._given)[:-GIVEN]:
            del self._given[old]
        self._finish(draft, words.word(words.DECISION, body.decision))

    def _inquiry(self, body: Inquired | Heard) -> None:
        name = key("inquiry", self._entry.turn, body.inquiry)
        if isinstance(body, Inquired):
            self._close(name)
            self._open[name] = self._draft("inquiry", "septet.inquiry", self._attributes({}))
            return
        draft = self._open.pop(name, None) or self._draft("inquiry", "septet.inquiry", self._attributes({}))
        self._finish(draft, words.word(words.OUTCOME, body.outcome))

    def _mark(self) -> bool:
        """Note where the branch, or an attempt of it, begins, as an event of it; False when it has too many."""
        events = self._state.now.events
        if self._entry.turn or len(events) >= EVENTS:
            return False
        self._changes["events"] = (*events, self._event())
        return True

    def _event(self) -> Event:
        body = self._entry.body
        told = words.word(words.KIND, body.kind) if isinstance(body, Note) else {}
        return Event(name=f"septet.{body.type}", at=self._at, attributes={words.ENTRY: self._entry.number, **told})

    def _note(self) -> None:
        """An event of the entry's turn."""
        name = key("turn", self._entry.turn)
        turn = self._open[name]
        if len(turn.events) < EVENTS:
            self._open[name] = replace(turn, events=(*turn.events, self._event()))

    def _moment(self) -> None:
        """A span without a length: what the platform did between the turns."""
        body = self._entry.body
        told: dict[str, Value] = {}
        match body:
            case Routed():
                told = {**words.word(words.PURPOSE, body.purpose), words.TO: declared(body.to, self._agents)}
                if body.purpose in RELATIONS:
                    self._handed = (body.to, self._worked, RELATIONS[body.purpose])
            case Branched():
                told = {words.STEP: body.step}
            case Resolved():
                told = {words.STEP: body.step, **words.word(words.METHOD, body.method), words.TO: body.winner}
                self._changes["parted"] = {**self._state.now.parted, **dict.fromkeys(body.paths, self._at)}
            case Note():
                told = words.word(words.KIND, body.kind)
            case Failure():
                self._changes["error"] = body.error
            case _:
                pass
        error = body.error if isinstance(body, Failure | Routed) else ""
        self._finish(self._draft("moment", f"septet.{body.type}", self._attributes(told)), {}, error=error)
