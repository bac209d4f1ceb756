"""The most that one run of a workflow can use, whatever its models, its tools and its people do."""

import math
from collections.abc import Mapping
from copy import replace
from typing import Any

from stacks.catalog.declarations import Agent, Json
from stacks.catalog.figures import Worst
from stacks.catalog.flow import called, inner_states, table, tables
from stacks.catalog.items import branches, distributed, items
from stacks.catalog.ways import Edge, edges, rings

EVENTS = 5
"""Events that one attempt of a task writes into an execution's history: entered, scheduled, started, ended, left."""
MOST_EVENTS = 25_000
"""An execution whose history is longer fails. Source: quotas of AWS Step Functions Standard workflows."""
_YEAR = 365 * 24 * 3600
ATTEMPTS = 3
"""Of a rule of Retry that gives no MaxAttempts. Source: the Amazon States Language."""


def worst(machine: Json, agents: Mapping[str, Agent]) -> Worst:
    """The most that a run of *machine* can use; its rings must be bounded (``ways.endless``) and its Maps counted (``items``).

    *agents* by their holes.
    """
    found = _machine(machine, agents, branches(machine))
    limit = machine.get("TimeoutSeconds")
    return replace(found, seconds=min(found.seconds, limit)) if type(limit) is int else found


def _machine(machine: Json, agents: Mapping[str, Agent], opened: Mapping[str, int]) -> Worst:
    """The longest way through *machine*: a ring counts with all that is in it, as often as it can be gone round."""
    found = inner_states(machine)
    ways = edges(machine, agents)
    at: dict[str, Worst] = {}
    for ring in rings(list(found), ways):
        here = _ring(ring, found, ways, agents, opened)
        before = [at[edge.origin] for edge in ways if edge.target in ring and edge.origin not in ring and edge.origin in at]
        longest = Worst()
        for one in before:
            longest = longest.or_else(one)
        at |= dict.fromkeys(ring, longest.and_then(here))
    total = Worst()
    for one in at.values():
        total = total.or_else(one)
    return total


def _ring(ring: list[str], found: Mapping[str, Json], ways: list[Edge], agents: Mapping[str, Agent], opened: Mapping[str, int]) -> Worst:
    inside = [edge for edge in ways if edge.origin in ring and edge.target in ring]
    rounds = 1 + sum(edge.times or 0 for edge in inside)
    total, turns = Worst(), set[tuple[str, str]]()
    for name in ring:
        state = found[name]
        total = total.and_then(_state(state, agents, opened), times=rounds)
        if agent := agents.get(called(state)):
            turn = str(table(table(state.get("Arguments")).get("Payload")).get("turn"))
            # A turn has its limits in all, however often it is taken up again; one whose name is computed may be another each time.
            if (called(state), turn) not in turns:
                total = total.and_then(_turn(agent), times=rounds if turn.startswith("{%") else 1)
            turns.add((called(state), turn))
    return total


def _turn(agent: Agent) -> Worst:
    limits = agent.limits
    return Worst(money=limits.cost, model_calls=limits.model_calls, seconds=limits.seconds)


def _state(state: Json, agents: Mapping[str, Agent], opened: Mapping[str, int]) -> Worst:
    """One passage of *state*, without what an agent's turn has as limits in all."""
    match state.get("Type"):
        case "Task":
            return _task(state, agents)
        case "Map":
            return _map(state, agents, opened)
        case "Parallel":
            return _parallel(state, agents, opened)
        case "Wait":
            return Worst(transitions=1, events=2, seconds=_seconds(state.get("Seconds")))
    return Worst(transitions=1, events=2)


def _task(state: Json, agents: Mapping[str, Agent]) -> Worst:
    """Every attempt to its time limit, and every pause between. An agent's own time is counted with its turn."""
    rules = tables(state.get("Retry"))
    attempts = 1 + sum(_attempts(rule) for rule in rules)
    pauses = sum(_pauses(rule) for rule in rules)
    each = 0 if called(state) in agents else _seconds(state.get("TimeoutSeconds"))
    return Worst(transitions=attempts, events=EVENTS * attempts, seconds=math.ceil(attempts * each + pauses))


def _attempts(rule: Json) -> int:
    return int(rule.get("MaxAttempts", ATTEMPTS))


def _pauses(rule: Json) -> float:
    """Seconds between the attempts, without the luck of jitter."""
    pause, rate, most = rule.get("IntervalSeconds", 1), rule.get("BackoffRate", 2), rule.get("MaxDelaySeconds", _YEAR)
    total = 0.0
    for _ in range(_attempts(rule)):
        pause = min(pause, most)
        total += pause
        pause *= rate
    return total


def _map(state: Json, agents: Mapping[str, Agent], opened: Mapping[str, int]) -> Worst:
    """All items in turns of as many as run at once. Those of a distributed map have executions of their own."""
    inner = table(state.get("ItemProcessor") or state.get("Iterator"))
    one = _machine(inner, agents, opened)
    if distributed(state):
        return Worst(transitions=1, events=EVENTS, seconds=one.seconds)
    number = items(state, opened)
    if number is None:
        raise ValueError(f"a Map over {state.get('Items')!r} may have any number of items")
    at_once = state.get("MaxConcurrency")
    waves = math.ceil(number / at_once) if type(at_once) is int and at_once > 0 else 1
    whole = Worst(transitions=1, events=2).and_then(one, times=number)
    return replace(whole, seconds=one.seconds * waves)


def _parallel(state: Json, agents: Mapping[str, Agent], opened: Mapping[str, int]) -> Worst:
    parts = [_machine(branch, agents, opened) for branch in tables(state.get("Branches"))]
    whole = Worst(transitions=1, events=2)
    for part in parts:
        whole = whole.and_then(part)
    return replace(whole, seconds=max((part.seconds for part in parts), default=0))


def _seconds(value: Any) -> int:
    """A fixed number of seconds; a computed one is bounded by the machine's own time alone."""
    return value if type(value) is int else _YEAR
