"""Where a state machine can go: every name of a state is one, every state is reached, and an agent that is not done is called again."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stacks.catalog.declarations import Json
from stacks.catalog.problems import known, nearest

_FUNCTION = re.compile(r"\$\{((?:Agent|Step)\w+)\}")
_OUTCOME = re.compile(r"""(['"])(continue|approval)\1""")


def machines(machine: Json, where: str = "") -> Iterator[tuple[str, Json]]:
    """*machine*, and every one inside its Parallel and Map states, each with the place that it is at, as ``Both.Branches[0].``."""
    yield where, machine
    for name, state in inner_states(machine).items():
        branches = [(f"Branches[{number}]", branch) for number, branch in enumerate(tables(state.get("Branches")))]
        processors = [(key, state[key]) for key in ("ItemProcessor", "Iterator") if isinstance(state.get(key), Mapping)]
        for key, inner in [*branches, *processors]:
            yield from machines(inner, f"{where}{name}.{key}.")


def states(machine: Json) -> Iterator[tuple[str, Json]]:
    """Every state of *machine*, those inside Parallel and Map too, by name."""
    for _, part in machines(machine):
        yield from inner_states(part).items()


def faults(machine: Json, asking: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the ways through *machine*: the place, and a sentence. *asking*: by agent's hole, a tool it may ask for."""
    for where, part in machines(machine):
        found = inner_states(part)
        dangling = list(_dangling(part, found))
        yield from ((f"{where}{place}", sentence) for place, sentence in dangling)
        if not dangling:  # a wrong name would make what it meant look lost
            yield from ((f"{where}{name}", sentence) for name, sentence in _lost(part, found))
            yield from ((f"{where}{name}", sentence) for name, sentence in _unheard(found, asking))


def _lost(machine: Json, found: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """States that nothing reaches."""
    for name in found.keys() - _reached(machine, found):
        yield name, "is reached from no other state: lead to it with a Next, or remove it"


def _unheard(found: Mapping[str, Json], asking: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Agents whose ``continue`` nobody hears, or whose question to a person."""
    for name, state in found.items():
        agent = _agent(state)
        heard = _outcomes(found.get(state.get("Next", ""), {}))
        if agent and "continue" not in heard:
            why = "the agent may stop half-way, to go on in another call"
            yield name, f"calls an agent, so its Next must be a Choice that goes back to it when {{% $outcome = 'continue' %}}: {why}"
        elif agent in asking and "approval" not in heard:
            add = "add to the Choice after it {% $outcome = 'approval' %}, which leads to a state that waits for ${StepAskPerson}"
            yield name, f"calls an agent with the tool {asking[agent]}, about which a person may be asked: {add} (docs/adding-an-agent.md)"


def table(value: Any) -> Json:
    """*value*, or an empty table where it is none."""
    return value if isinstance(value, Mapping) else {}


def inner_states(machine: Json) -> dict[str, Json]:
    """The states of *machine* itself, by name."""
    return {name: state for name, state in table(machine.get("States")).items() if isinstance(state, Mapping)}


def tables(value: Any) -> list[Json]:
    """The tables in the list *value*; none where it is no list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def targets(state: Json) -> Iterator[tuple[str, Any]]:
    """The names of states that *state* leads to, by their place in it."""
    yield from ((key, state[key]) for key in ("Next", "Default") if key in state)
    for key in ("Choices", "Catch"):
        for number, rule in enumerate(tables(state.get(key))):
            yield f"{key}[{number}].Next", rule.get("Next")


def _dangling(machine: Json, found: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    named = [("StartAt", machine.get("StartAt"))]
    named += [(f"{name}.{key}", target) for name, state in found.items() for key, target in targets(state)]
    for place, target in named:
        if target is None:
            yield place, f"is missing: give the name of a state; there is {known(found)}"
        elif not isinstance(target, str) or target not in found:
            yield place, f"names {target!r}{nearest(str(target), found)}: there is no such state here; there is {known(found)}"


def _reached(machine: Json, found: Mapping[str, Json]) -> set[str]:
    seen: set[str] = set()
    ahead = [machine["StartAt"]]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += [target for _, target in targets(found[name])]
    return seen


def called(state: Json) -> str:
    """The hole of the function that *state* calls, as ``AgentTriage`` or ``StepAskPerson``; empty when it calls none."""
    arguments = state.get("Arguments")
    named = arguments.get("FunctionName") if isinstance(arguments, Mapping) else state.get("Resource")
    found = _FUNCTION.fullmatch(str(named)) if state.get("Type") == "Task" else None
    return found[1] if found else ""


def _agent(state: Json) -> str:
    """The hole of the agent that *state* calls; empty when it calls none."""
    hole = called(state)
    return hole if hole.startswith("Agent") else ""


def _outcomes(state: Json) -> set[str]:
    """The outcomes that *state* chooses by."""
    rules = tables(state.get("Choices")) if state.get("Type") == "Choice" else []
    return {found[2] for rule in rules for found in _OUTCOME.finditer(str(rule.get("Condition")))}
