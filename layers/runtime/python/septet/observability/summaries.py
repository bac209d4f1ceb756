"""A run in figures and names, while it goes on and when it has ended: a projection of the journal, and what writes it down."""

from collections.abc import Mapping
from copy import replace
from dataclasses import asdict, field
from typing import Any

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Branched,
    Damaged,
    Entry,
    Erased,
    Failure,
    HandOver,
    ModelCall,
    ModelFailed,
    ModelReply,
    Request,
    Restarted,
    Routed,
    ToolIntent,
)
from septet.core.frozen import frozen
from septet.core.runs import Run
from septet.core.summaries import BRANCH, Part, Summaries, Summary
from septet.observability.anomalies import Watch
from septet.observability.failures import kind
from septet.observability.naming import STANDS_IN
from septet.observability.places import Place

AGENTS = 100
"""Of a branch, that are remembered: the first."""
OPEN = 200
"""Questions that are remembered."""


@frozen
class State:
    """What a branch came to."""

    part: Part = Part()
    asked: Mapping[str, int] = field(default_factory=dict)
    """Questions to people that are open, and since when."""
    waiting: int = 0
    """Since when there is always one open."""
    model: str = ""
    """That has failed, if no other was called since."""


def take(state: State, place: Place, entry: Entry) -> tuple[State, tuple[()]]:
    """The state after *entry*. What a fork took over is its origin's."""
    part = replace(state.part, through=entry.number)
    if place.copied(entry):
        return replace(state, part=part), ()
    part = _worked(replace(part, cost=part.cost + entry.cost), entry.agent)
    if used := entry.usage:
        read = used.input + used.cache_read + used.cache_write
        part = replace(part, input=part.input + read, output=part.output + used.output)
    return _body(replace(state, part=_outcome(part, entry)), entry), ()


def _outcome(part: Part, entry: Entry) -> Part:
    """What is counted of an entry by itself."""
    changed: dict[str, Any] = {}
    match entry.body:
        case ModelReply(cached=cached):
            changed = {"model_calls": part.model_calls + (not cached), "failing": ""}
        case ToolIntent():
            changed = {"tool_calls": part.tool_calls + 1}
        case HandOver():
            changed = {"hand_overs": part.hand_overs + 1}
        case Routed(purpose=purpose):
            changed = {"fallbacks": part.fallbacks + (purpose in STANDS_IN), "degraded": part.degraded or purpose == "degrade"}
        case Answer() if entry.agent:
            changed = {"degraded": False, "failing": ""}
        case Failure() | ModelFailed():
            changed = {"failing": entry.agent or part.failing}
        case Erased() | Damaged():
            changed = {"gaps": part.gaps + 1}
        case Branched(paths=paths):
            changed = {"agents": (*part.agents, *(f"{BRANCH}{path}" for path in paths))[:AGENTS]}
    return replace(part, **changed) if changed else part


def _body(state: State, entry: Entry) -> State:
    """What is counted of an entry because of others."""
    part = state.part
    match entry.body:
        case Request():
            state = replace(state, part=replace(part, began=entry.at))
        case Restarted():
            state = State(part=replace(part, began=entry.at, waited=0, failing=""))
        case ModelCall(model=model):
            other = bool(state.model) and model != state.model
            state = replace(state, part=replace(part, fallbacks=part.fallbacks + other), model="")
        case ModelFailed(model=model):
            state = replace(state, model=model)
        case ApprovalAsked(approval=approval):
            kept = dict(list(state.asked.items())[-(OPEN - 1) :])
            state = replace(state, part=replace(part, approvals=part.approvals + 1), asked={**kept, approval: entry.at})
            state = replace(state, waiting=state.waiting if kept else entry.at)
        case ApprovalGiven(approval=approval) if approval in state.asked:
            rest = {name: at for name, at in state.asked.items() if name != approval}
            waited = 0 if rest else max(0, entry.at - state.waiting)
            state = replace(state, part=replace(part, waited=part.waited + waited), asked=rest)
    return state


def _worked(part: Part, agent: str) -> Part:
    if not agent or part.agents[-1:] == (agent,):
        return part
    return replace(part, agents=(*part.agents, agent)[:AGENTS])


def ended(states: Mapping[str, State], run: Run, told: int) -> tuple[()]:  # noqa: ARG001 -- as every projection
    """Nothing: what is told of an end, others tell."""
    return ()


def to_json(state: State) -> Any:
    """The state as JSON types."""
    return {"part": asdict(state.part), "asked": dict(state.asked), "waiting": state.waiting, "model": state.model}


def from_json(value: Any) -> State:
    """What ``to_json`` was given; of None, the state before the first entry."""
    if value is None:
        return State()
    part = value["part"]
    part = Part(**{**part, "agents": tuple(part["agents"])})
    return State(part=part, asked=value["asked"], waiting=value["waiting"], model=value["model"])


def summary(run: Run, parts: Mapping[str, Part]) -> Summary:
    """What a record and *parts* say together. A run that was refused did not end: it never began."""
    over = run.ended_at is not None and run.status not in ("running", "refused")
    failed = over and run.status != "succeeded"
    return Summary(
        tenant=run.tenant,
        run=run.run,
        workflow=run.workflow,
        submitter=run.submitter,
        parent=run.parent,
        status=run.status,
        error=run.error if failed else "",
        kind=kind(run.error, run.status) if failed else "",
        created=run.created_at,
        attempt=run.attempt,
        ended=run.ended_at if over else None,
        budget=run.budget,
        parts=parts,
    )


@frozen
class Digests:
    """Writes summaries, and has them watched."""

    summaries: Summaries
    watch: Watch | None = None
    """Without one, nothing is flagged, and nothing learnt: as when what happened long ago is projected again."""

    def keep(self, place: Place, state: State) -> None:
        """Write what the branch came to, and see whether the run is still as runs of its workflow are."""
        stands = self.summaries.put(summary(place.run, {place.path: state.part}))
        if self.watch:
            self.watch.look(stands)

    def close(self, run: Run, states: Mapping[str, State]) -> None:
        """Write all of it, and remember what a run of this workflow takes."""
        stands = self.summaries.put(summary(run, {path: state.part for path, state in states.items()}))
        if self.watch:
            self.watch.learn(stands)
