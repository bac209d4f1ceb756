"""What each agent spent on each model, by day: a projection of the journal, whose entries carry what the ledger settled.

Beside it, how long calls were under way: of a model on instances that are paid by the hour, that is what its calls cost on them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import replace
from dataclasses import field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from septet.core.costs import Costs, Line, Spent
from septet.core.entries import LOST, Damaged, Entry, Erased, ModelCall, ModelFailed, ModelReply
from septet.core.frozen import frozen
from septet.core.runs import Run
from septet.observability.places import Place
from septet.observability.platform_costs import Estimator

Key = tuple[str, str, str]
"""Day, agent, model."""
HOUR = 3_600_000
"""Milliseconds."""


@frozen
class State:
    """What a branch has spent so far."""

    lines: Mapping[Key, Line] = field(default_factory=dict)
    through: int = 0
    """Number of the last entry that is in them."""
    busy: Mapping[Key, int] = field(default_factory=dict)
    """Milliseconds in which calls were under way that have ended."""
    calling: tuple[str, str, int] = ("", "", 0)
    """The turn, the model and the beginning of the call that was made last; a turn makes one after another."""
    gaps: int = 0
    """Entries that could not be read, so far."""
    within: int = 0
    """Of those, the ones before the last entry that is in the figures, or that one."""


def take(state: State, place: Place, entry: Entry) -> tuple[State, tuple[()]]:
    """The state after *entry*. What a fork took over is its origin's, and charged there."""
    body = entry.body
    if place.copied(entry):
        return state, ()
    if isinstance(body, Erased | Damaged):
        state = replace(state, gaps=state.gaps + 1)
    if isinstance(body, ModelCall):
        return replace(state, calling=(entry.turn, body.model, entry.at)), ()
    if isinstance(body, ModelReply | ModelFailed):
        state = _timed(state, entry, body)
    return _charged(state, entry), ()


def _timed(state: State, entry: Entry, body: ModelReply | ModelFailed) -> State:
    """The state with the time of the call that *body* ends. One that was lost ended nobody knows when, one of the cache never began."""
    turn, model, began = state.calling
    state = replace(state, calling=("", "", 0))
    lost = body.error == LOST if isinstance(body, ModelFailed) else body.cached
    if lost or (turn, model) != (entry.turn, body.model):
        return state
    key = (day(entry.at), entry.agent, model)
    busy = {**state.busy, key: state.busy.get(key, 0) + max(0, entry.at - began)}
    return replace(state, busy=busy, through=entry.number, within=state.gaps)


def _charged(state: State, entry: Entry) -> State:
    """The state with what was charged for *entry*, and what was used."""
    body = entry.body
    model = body.model if isinstance(body, ModelReply | ModelFailed) else ""
    paid = isinstance(body, ModelReply) and not body.cached
    if not (entry.cost or paid):
        return state
    key = (day(entry.at), entry.agent, model)
    before = state.lines.get(key, Line(agent=entry.agent, model=model, cost=0))
    used = entry.usage
    read = used.input + used.cache_read + used.cache_write if used else 0
    after = Line(
        agent=entry.agent,
        model=model,
        cost=before.cost + entry.cost,
        calls=before.calls + paid,
        input=before.input + read,
        output=before.output + (used.output if used else 0),
        cached=before.cached + (used.cache_read if used else 0),
    )
    return replace(state, lines={**state.lines, key: after}, through=entry.number, within=state.gaps)


def ended(states: Mapping[str, State], run: Run, told: int) -> tuple[()]:  # noqa: ARG001 -- as every projection
    """Nothing: what a run came to is the sum of what its branches did."""
    return ()


def to_json(state: State) -> Any:
    """The state as JSON types."""
    lines = [[*key, line.cost, line.calls, line.input, line.output, line.cached] for key, line in state.lines.items()]
    return [state.through, lines, [[*key, busy] for key, busy in state.busy.items()], list(state.calling), state.gaps, state.within]


def from_json(value: Any) -> State:
    """What ``to_json`` was given, of before calls were timed and gaps counted too; of None, the state before the first entry."""
    through, held, *timed = value or (0, ())
    busy, (turn, called, began), *counted = timed or ((), ("", "", 0))
    gaps, within = counted or (0, 0)
    lines = {}
    for when, agent, model, cost, calls, read, written, cached in held:
        lines[when, agent, model] = Line(agent=agent, model=model, cost=cost, calls=calls, input=read, output=written, cached=cached)
    return State(
        lines=lines,
        through=through,
        busy={(when, agent, model): milliseconds for when, agent, model, milliseconds in busy},
        calling=(turn, called, began),
        gaps=gaps,
        within=within,
    )


def day(at: int) -> str:
    """The day (UTC) of a moment in milliseconds since the epoch."""
    return datetime.fromtimestamp(at // 1000, UTC).date().isoformat()


def spent(place: Place, state: State, hours: Mapping[str, int] = MappingProxyType({})) -> Sequence[Spent]:
    """What a branch spent, day by day; *hours* has what an hour costs, in micro-dollars, of an instance that a model is on."""
    lines = dict(state.lines)
    for key, busy in state.busy.items():
        _, agent, model = key
        if share := -(-busy * hours.get(model, 0) // HOUR):
            lines[key] = replace(lines.get(key, Line(agent=agent, model=model, cost=0)), endpoint=share)
    days: dict[str, list[Line]] = defaultdict(list)
    for (when, _, _), line in lines.items():
        days[when].append(line)
    whose = {"tenant": place.run.tenant, "run": place.run.run, "path": place.path, "workflow": place.run.workflow}
    known = Spent(**whose, day="", lines=(), through=state.through, gaps=state.within)
    return [replace(known, day=when, lines=tuple(lines)) for when, lines in days.items()]


@frozen
class Books:
    """Writes what branches spent, and beside it what their run cost on the platform."""

    costs: Costs
    platform: Estimator | None = None
    """Without one, nothing is estimated."""
    hours: Mapping[str, int] = field(default_factory=dict)
    """Micro-dollars that an hour costs of an instance which a model is on, by model, as declared."""
    again: bool = False
    """Whether this was told before: then estimates that stand are kept, for prices may be others since."""

    def keep(self, place: Place, state: State) -> None:
        """Write every day: a branch that is looked at late may have come to several."""
        for one in spent(place, state, self.hours):
            self.costs.put(one, again=self.again)

    def close(self, run: Run, states: Mapping[str, State]) -> None:
        """Write every branch once more, and an estimate for the platform if there can be one."""
        for path, state in states.items():
            self.keep(Place(run=run, path=path), state)
        if self.platform and run.ended_at is not None and (estimated := self.platform.spent(run, day(run.ended_at))):
            self.costs.put(estimated, again=self.again)
