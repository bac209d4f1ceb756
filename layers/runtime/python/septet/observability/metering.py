"""The metrics of runs, models, tools, policies and people, measured where an entry ends something. A projection."""

from collections.abc import Collection, Mapping, Sequence
from copy import replace
from dataclasses import field
from typing import Any

from septet.core.entries import (
    LOST,
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Entry,
    Failure,
    Forked,
    HandOver,
    ModelCall,
    ModelFailed,
    ModelReply,
    Request,
    Restarted,
    Routed,
    ToolIntent,
    ToolResult,
)
from septet.core.errors import PolicyDenied
from septet.core.frozen import frozen
from septet.core.journal import MAIN
from septet.core.money import MICRO
from septet.core.runs import Run
from septet.observability.measures import Measure
from septet.observability.naming import STANDS_IN, declared, error_class
from septet.observability.places import Place

OPEN = 200
"""Things under way that are remembered: more calls than one reply may ask for."""
ATTEMPTS = 32
"""Attempts that are remembered until their end is told."""
UNNAMED = "Unnamed"
"""The class of a failure that has none."""
_QUESTION = "approval "


@frozen
class Attempt:
    """What a branch came to in one attempt of its run."""

    number: int = 0
    began: int = 0
    """When it began, in milliseconds since the epoch; 0 before it did."""
    until: int = 0
    """When its latest entry was written."""
    steps: int = 0
    """Replies that were paid for."""
    cost: int = 0
    """Micro-dollars."""
    waited: int = 0
    """Milliseconds in which a person was waited for."""
    error: str = ""
    """Class of the latest failure, unless somebody has answered or handed over since."""


@frozen
class State:
    """What a branch came to."""

    now: Attempt = Attempt()
    before: tuple[Attempt, ...] = ()
    """Attempts that are over, and whose end may not have been told."""
    opened: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """What is under way: what it is, and since when."""
    waiting: int = 0
    """Since when there is always a question open."""
    failed: tuple[str, str] = ("", "")
    """The turn and the model of a call that failed, if no other was made since."""


@frozen
class Metering:
    """The projection of journals to measures."""

    tools: Collection[str] = frozenset()
    """Those that are declared. Another name is somebody's wording, and no dimension; so with models and agents."""
    models: Collection[str] = frozenset()
    agents: Collection[str] = frozenset()

    def take(self, state: State, place: Place, entry: Entry) -> tuple[State, Sequence[Measure]]:
        """The state after *entry*, and what it ends."""
        if place.copied(entry):
            return state, ()
        told = _Told(at=entry.at, names={"tool": self.tools, "model": self.models, "to": self.agents})
        state = _entered(state, place, entry)
        match entry.body:
            case Request() | Forked() if place.path == MAIN:
                told.count("RunsStarted", workflow=place.run.workflow)
            case Restarted():
                state = replace(state, now=replace(state.now, began=entry.at, waited=0, error=""), opened={}, failed=("", ""))
            case ModelCall() | ModelReply() | ModelFailed() as body:
                state = _model(state, entry, body, told)
            case ToolIntent() | ToolResult() as body:
                state = _tool(state, entry, body, told)
            case ApprovalAsked() | ApprovalGiven() as body:
                state = _approval(state, entry, body, place.run.workflow, told)
            case Routed(purpose=purpose) if purpose in STANDS_IN:
                told.count("Fallbacks", purpose=purpose)
            case HandOver() | Answer() | Failure() as body:
                state = _turned(state, body, told)
        return state, told.measures

    def ended(self, states: Mapping[str, State], run: Run, told: int) -> Sequence[Measure]:
        """What the present attempt of *run* came to in all its branches, and those before it from attempt *told* on."""
        if run.ended_at is None or told > run.attempt:
            return ()
        attempts: dict[int, dict[str, Attempt]] = {run.attempt: {}}
        for path, state in states.items():
            for part in (*state.before, state.now):
                if part.until and told <= part.number <= run.attempt:
                    attempts.setdefault(part.number, {})[path] = part
        return [one for number, parts in sorted(attempts.items()) for one in _end(run, number, parts)]

    def to_json(self, state: State) -> Any:
        """The state as JSON types."""
        return {
            "attempts": [[getattr(one, name) for name in Attempt.__annotations__] for one in (*state.before, state.now)],
            "opened": {name: list(value) for name, value in state.opened.items()},
            "waiting": state.waiting,
            "failed": list(state.failed),
        }

    def from_json(self, value: Any) -> State:
        """What ``to_json`` was given; of None, the state before the first entry."""
        if value is None:
            return State()
        *before, now = (Attempt(**dict(zip(Attempt.__annotations__, one, strict=True))) for one in value["attempts"])
        turn, model = value["failed"]
        opened = {name: (what, at) for name, (what, at) in value["opened"].items()}
        return State(now=now, before=tuple(before), opened=opened, waiting=value["waiting"], failed=(turn, model))


class _Told:
    """Collects measures of one entry; *names* has what dimensions may say that have declared values."""

    def __init__(self, *, at: int, names: Mapping[str, Collection[str]]) -> None:
        self._at = at
        self._names = names
        self.measures: list[Measure] = []

    def count(self, metric: str, value: float = 1, **dimensions: str) -> None:
        """Tell *value*."""
        named = {name: declared(said, self._names[name]) if name in self._names else said for name, said in dimensions.items()}
        if "error" in named:
            named["error"] = error_class(named["error"]) or UNNAMED
        self.measures.append(Measure(metric=metric, value=value, dimensions=named, at=self._at))

    def took(self, metric: str, milliseconds: int | None, **dimensions: str) -> None:
        """Tell how long something took, if its beginning is known."""
        if milliseconds is not None:
            self.count(metric, milliseconds, **dimensions)


def _entered(state: State, place: Place, entry: Entry) -> State:
    """The state in the attempt of *entry*, which is charged to it."""
    now, before = state.now, state.before
    number = place.attempt(entry, now.number)
    if number > now.number:
        over = (*before, now) if now.until else before
        before = tuple(one for one in over if one.number >= place.told)[-ATTEMPTS:]
        state = State(now=Attempt(number=number), before=before)
        now = state.now
    until = max(now.until, entry.at)
    return replace(state, now=replace(now, began=now.began or entry.at, until=until, cost=now.cost + entry.cost))


def _end(run: Run, number: int, parts: Mapping[str, Attempt]) -> Sequence[Measure]:
    """What an attempt came to. Of waits in several branches the longest counts: they are at the same time."""
    present, workflow = number == run.attempt, run.workflow
    main = parts.get(MAIN, Attempt())
    succeeded = present and run.status == "succeeded"
    at = run.ended_at if present and run.ended_at is not None else max(part.until for part in parts.values())
    first = run.restarted_at or run.created_at if present else min(part.began for part in parts.values())
    cost = sum(part.cost for part in parts.values())
    took = max(0, at - (main.began or first))
    values = {
        "RunsEnded": 1,
        "RunsSucceeded": int(succeeded),
        "RunDuration": took,
        "RunWorking": max(0, took - max((part.waited for part in parts.values()), default=0)),
        "RunCost": cost / MICRO,
        "RunSteps": sum(part.steps for part in parts.values()),
    }
    if run.budget:
        values["BudgetUsed"] = 100 * cost / run.budget
    told = _Told(at=at, names={})
    for name, value in values.items():
        told.count(name, value, workflow=workflow)
    if not succeeded:
        told.count("RunFailures", workflow=workflow, error=run.error if present else main.error or LOST)
    return told.measures


def _turned(state: State, body: HandOver | Answer | Failure, told: _Told) -> State:
    if isinstance(body, HandOver):
        told.count("HandOvers", to=body.to)
    error = error_class(body.error) if isinstance(body, Failure) else ""
    return replace(state, now=replace(state.now, error=error))


def _model(state: State, entry: Entry, body: ModelCall | ModelReply | ModelFailed, told: _Told) -> State:
    if isinstance(body, ModelCall):
        turn, failed = state.failed
        if failed and turn == entry.turn and failed != body.model:
            told.count("Fallbacks", purpose="model")
        return _open(replace(state, failed=("", "")), f"model {entry.turn}", body.model, entry.at)
    state, took = _close(state, f"model {entry.turn}", entry.at)
    if isinstance(body, ModelReply) and body.cached:
        told.count("CacheHits", model=body.model)
        return state
    told.count("ModelCalls", model=body.model)
    told.count("ModelCost", entry.cost / MICRO, model=body.model)
    if entry.usage:
        told.count("TokensIn", entry.usage.input + entry.usage.cache_read + entry.usage.cache_write, model=body.model)
        told.count("TokensOut", entry.usage.output, model=body.model)
        told.count("TokensCached", entry.usage.cache_read, model=body.model)
    if isinstance(body, ModelFailed):
        told.count("ModelErrors", model=body.model, error=body.error)
        return replace(state, failed=(entry.turn, body.model))
    told.took("ModelLatency", took, model=body.model)
    return replace(state, now=replace(state.now, steps=state.now.steps + 1))


def _tool(state: State, entry: Entry, body: ToolIntent | ToolResult, told: _Told) -> State:
    name = f"tool {entry.turn} {body.call}"
    if isinstance(body, ToolIntent):
        told.count("PolicyDecisions", decision="allowed")
        told.count("ToolCalls", tool=body.tool)
        return _open(state, name, body.tool, entry.at)
    state, took = _close(state, name, entry.at)
    if body.error == PolicyDenied.__name__:
        told.count("PolicyDecisions", decision="denied")
    elif took is not None and body.error:  # what nobody intended is a built-in tool, or was refused before it was looked at
        told.count("ToolErrors", tool=body.tool, error=body.error)
    told.took("ToolLatency", took, tool=body.tool)
    return state


def _approval(state: State, entry: Entry, body: ApprovalAsked | ApprovalGiven, workflow: str, told: _Told) -> State:
    name = f"{_QUESTION}{body.approval}"
    if isinstance(body, ApprovalAsked):
        told.count("PolicyDecisions", decision="asked")
        return _open(state, name, body.tool, entry.at)
    state, took = _close(state, name, entry.at)
    told.took("ApprovalWait", took, workflow=workflow)
    if body.decision == "expired":
        told.count("ApprovalsExpired", workflow=workflow)
    return state


def _open(state: State, name: str, what: str, at: int) -> State:
    kept = dict(list(state.opened.items())[-(OPEN - 1) :])
    return _under_way(state, {**kept, name: (what, at)}, at)


def _close(state: State, name: str, at: int) -> tuple[State, int | None]:
    """The state without *name*, and how long it was under way; None when it was not."""
    if name not in state.opened:
        return state, None
    rest = {other: value for other, value in state.opened.items() if other != name}
    return _under_way(state, rest, at), max(0, at - state.opened[name][1])


def _under_way(state: State, opened: Mapping[str, tuple[str, int]], at: int) -> State:
    """The state with *opened*: a person is waited for from the first question on until none is open."""
    asked, asking = (any(name.startswith(_QUESTION) for name in some) for some in (state.opened, opened))
    waited = state.now.waited + (max(0, at - state.waiting) if asked and not asking else 0)
    return replace(state, opened=opened, waiting=state.waiting if asked else at, now=replace(state.now, waited=waited))
