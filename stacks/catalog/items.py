"""How many items a Map can have: those of a list that is written there, or the branches that a step opens, at most so many."""

import re
from collections.abc import Iterator, Mapping

from stacks.catalog.declarations import Json
from stacks.catalog.flow import called, states, table, tables

_PART = "StepPart"
_BRANCHES = "{% $states.result.Payload.branches %}"
_VARIABLE = re.compile(r"\{%\s*\$([A-Za-z_]\w*)\s*%\}")


def branches(machine: Json) -> dict[str, int]:
    """The variables of *machine* that hold branches and nothing else ever, and how many branches each can hold at most."""
    parts = [state for _, state in states(machine) if called(state) == _PART]
    most = max((most for state in parts if (most := _most(state)) is not None), default=0)
    good, bad = set[str](), set[str]()
    for _, state in states(machine):
        for holder in (state, *tables(state.get("Catch")), *tables(state.get("Choices"))):
            for name, value in table(holder.get("Assign")).items():
                opened = holder is state and called(state) == _PART and value == _BRANCHES
                (good if opened or value == [] else bad).add(name)
    return dict.fromkeys(good - bad, most)


def items(state: Json, known: Mapping[str, int]) -> int | None:
    """The most items of the Map *state*; None where nothing says how many. *known*: the variables that hold ``branches``."""
    given = state.get("Items")
    if isinstance(given, list):
        return len(given)
    variable = _VARIABLE.fullmatch(str(given))
    return known.get(variable[1]) if variable else None


def distributed(state: Json) -> bool:
    """Whether the items of the Map *state* have executions of their own."""
    inner = table(state.get("ItemProcessor") or state.get("Iterator"))
    return table(inner.get("ProcessorConfig")).get("Mode") == "DISTRIBUTED"


def uncounted(state: Json, known: Mapping[str, int]) -> Iterator[str]:
    """What is wrong with *state* where it has, or opens, as many of something as nobody knows."""
    if state.get("Type") == "Map" and not distributed(state) and items(state, known) is None:
        yield (
            f"runs over as many items as its Items happen to be: give a list, or a variable that nothing but ${{{_PART}}} assigns, with "
            f'"{_BRANCHES}"; a distributed Map has runs of their own'
        )
    if called(state) == _PART and _most(state) is None:
        yield 'opens as many branches as it happens to be told: give "most" as a whole number'


def _most(state: Json) -> int | None:
    most = table(table(state.get("Arguments")).get("Payload")).get("most")
    return most if type(most) is int else None
