"""The ways through one machine: which states follow which, in which rings they lie, and what bounds each ring."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from stacks.catalog.declarations import Agent, Json
from stacks.catalog.flow import called, inner_states, table, tables, targets

CONTINUES = 100
"""How often a step may say ``continue`` before a person should ask why; it has got on each time."""
_OUTCOME = re.compile(r"""\{%\s*\$((?:[a-z]+_)?outcome)\s*=\s*(['"])(?:continue|approval)\2\s*%\}""")
_SENT = re.compile(r"""\{%\s*\$([A-Za-z_]\w*)\s*=\s*(['"])\w+\2\s*%\}""")
_EXPRESSION = re.compile(r"\{%\s*(.*?)\s*%\}", re.DOTALL)
_COUNTED = re.compile(r"\$([A-Za-z_]\w*)\s*<\s*(\d{1,4})")
_OTHERWISE = re.compile(r"\bor\b|\$not\b|\?")
"""What makes a comparison in a condition no bound of it."""
_TAKE_OVER = "StepTakeOver"


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """One state may follow another."""

    origin: str
    target: str
    times: int | None = None
    """How often at most it is gone in a run, where something bounds it; None where nothing does."""


def edges(machine: Json, agents: Mapping[str, Agent]) -> list[Edge]:
    """All edges of *machine* itself, not of machines inside its states. *agents* by their holes."""
    found = inner_states(machine)
    return [edge for name, state in found.items() for edge in _leaving(name, state, found, agents)]


def _leaving(name: str, state: Json, found: Mapping[str, Json], agents: Mapping[str, Agent]) -> Iterator[Edge]:
    rules = tables(state.get("Choices")) if state.get("Type") == "Choice" else []
    for rule in rules:
        yield Edge(origin=name, target=str(rule.get("Next")), times=_times(name, rule, found, agents))
    chosen = {id(rule) for rule in rules}
    for place, target in targets(state):
        if not (place.startswith("Choices") and chosen):
            yield Edge(origin=name, target=str(target))


def _times(name: str, rule: Json, found: Mapping[str, Json], agents: Mapping[str, Agent]) -> int | None:
    """How often the way of *rule* out of the Choice *name* can be taken; None where nothing bounds it."""
    before = [origin for origin in found.values() if origin.get("Next") == name]
    condition = str(rule.get("Condition"))
    holes = [hole for state in before if (hole := called(state))]
    asked = _OUTCOME.fullmatch(condition.strip())
    if asked and holes and _anew(name, asked[1], "outcome", found):
        # An agent takes a step before it says so, and has one call of its model, and then one of its tools, for each that it may make.
        return sum(2 * agents[hole].limits.model_calls if hole in agents else CONTINUES for hole in holes)
    sent = _SENT.fullmatch(condition.strip())
    if sent and set(holes) == {_TAKE_OVER} and _anew(name, sent[1], "to", found):  # the step sends nobody twice who failed
        return len(tables(found[name].get("Choices")))
    return _counted(name, rule, condition, found)


def _anew(name: str, variable: str, field: str, found: Mapping[str, Json]) -> bool:
    """Whether each way to the Choice *name* sets *variable*: by *field* of what a function says, or by a word that leads elsewhere."""
    asked = str(found[name].get("Choices"))
    for state in found.values():
        for rule in [*tables(state.get("Catch")), *tables(state.get("Choices"))]:
            given = table(rule.get("Assign")).get(variable)
            if rule.get("Next") == name and not (isinstance(given, str) and given.isidentifier() and given not in asked):
                return False
        said = bool(called(state)) and table(state.get("Assign")).get(variable) == f"{{% $states.result.Payload.{field} %}}"
        if state.get("Default") == name or (state.get("Next") == name and not said):
            return False
    return True


def _counted(name: str, rule: Json, condition: str, found: Mapping[str, Json]) -> int | None:
    """The bound that *condition* sets to the way of *rule* out of *name*: a counter that is counted each time that it comes round."""
    inside = _EXPRESSION.fullmatch(condition.strip())
    if not inside or _OTHERWISE.search(inside[1]):
        return None
    for part in re.split(r"\band\b", inside[1]):
        compared = _COUNTED.fullmatch(part.strip(" ()"))
        if compared and _comes_round(name, rule, compared[1], found):
            return int(compared[2])
    return None


def _comes_round(name: str, rule: Json, counter: str, found: Mapping[str, Json]) -> bool:
    """Whether every way from *rule* back to *name* counts *counter*, and none sets it anew."""
    ring = _between(str(rule.get("Next")), name, found)
    if any(_sets(found[state], counter) for state in ring):
        return False
    return _adds(rule, counter) or not _uncounted(str(rule.get("Next")), name, counter, found)


def _uncounted(origin: str, target: str, counter: str, found: Mapping[str, Json]) -> bool:
    """Whether *target* can be reached from *origin* without counting."""
    seen: set[str] = set()
    ahead = [origin]
    while ahead:
        at = ahead.pop()
        if at == target:
            return True
        if at in seen or at not in found:
            continue
        seen.add(at)
        state = found[at]
        # What a state assigns is assigned when it ends well; a rule of its own is for each failure and each choice.
        rules = [*tables(state.get("Choices")), *tables(state.get("Catch"))]
        ahead += [str(one.get("Next")) for one in rules if not _adds(one, counter)]
        if not _adds(state, counter):
            ahead += [str(state[key]) for key in ("Next", "Default") if key in state]
    return False


def _between(origin: str, target: str, found: Mapping[str, Json]) -> list[str]:
    """The states on the ways from *origin* to *target*, both included."""
    after = {name: {str(other) for _, other in targets(state)} & found.keys() for name, state in found.items()}
    forth = {origin, *_reached(origin, after)} if origin in found else set()
    return [name for name in forth if name == target or target in _reached(name, after)]


def _adds(holder: Json, counter: str) -> bool:
    """Whether *holder*, a state or a rule, adds one to *counter*."""
    return bool(re.fullmatch(rf"\{{%\s*\${re.escape(counter)}\s*\+\s*1\s*%\}}", str(table(holder.get("Assign")).get(counter, "")).strip()))


def _sets(state: Json, counter: str) -> bool:
    """Whether *state* assigns *counter* anything but one more than it is."""
    holders = [state, *tables(state.get("Choices")), *tables(state.get("Catch"))]
    return any(counter in table(holder.get("Assign")) and not _adds(holder, counter) for holder in holders)


def endless(found: list[Edge]) -> list[str]:
    """The states of a ring that nothing bounds, in order; empty when there is none."""
    follows: dict[str, set[str]] = {}
    for edge in found:
        if edge.times is None:
            follows.setdefault(edge.target, set()).add(edge.origin)
    try:
        TopologicalSorter(follows).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def rings(names: list[str], found: list[Edge]) -> list[list[str]]:
    """*names* in an order in which they can be passed, those that can come again after each other together."""
    after = {name: {edge.target for edge in found if edge.origin == name} for name in names}
    reached = {name: _reached(name, after) for name in names}
    groups: dict[str, list[str]] = {}
    for name in names:
        first = next((other for other in names if name == other or (other in reached[name] and name in reached[other])), name)
        groups.setdefault(first, []).append(name)
    home = {name: first for first, members in groups.items() for name in members}
    order = TopologicalSorter(
        {first: {home[edge.origin] for edge in found if home[edge.target] == first and home[edge.origin] != first} for first in groups}
    )
    return [groups[first] for first in order.static_order()]


def _reached(name: str, after: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    ahead = list(after[name])
    while ahead:
        state = ahead.pop()
        if state not in seen:
            seen.add(state)
            ahead += after.get(state, ())
    return seen
