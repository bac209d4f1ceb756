"""How a state machine ends: by names that somebody knows, not for one failed branch of many, and, cancelled, with all undone."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from stacks.catalog.declarations import Json
from stacks.catalog.errors import AWS
from stacks.catalog.flow import called, inner_states, machines, states, table, tables, targets
from stacks.catalog.problems import known, nearest

UNDOES = "StepCompensate"
PARTS = "StepPart"
WORDS = "{% $states.errorOutput.Cause & '' %}"
"""What a rule of Catch may assign of an error's own words: for the Cause of a Fail state, and nothing else."""
_NAME = "{% $states.errorOutput.Error %}"
_CAUGHT = re.compile(r"\{% \$substringAfter\(\$([A-Za-z_]\w*), 'States\.'\) %\}")
"""The Error of a Fail state that ends under the name of what was caught."""
_SAID = re.compile(r"\{% \$([A-Za-z_]\w*) %\}")
_ALL = "States.ALL"
_FALLIBLE = ("Task", "Map", "Parallel")
_NOTHING = "none"
"""What a variable for such a name holds before anything was caught."""


def ends(machine: Json, raised: Collection[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the ends of *machine*: the place, and a sentence. *raised*: the names of the runtime's own errors."""
    for where, part in machines(machine):
        found = inner_states(part)
        for name, state in found.items():
            if state.get("Type") == "Fail":
                yield from ((f"{where}{name}", sentence) for sentence in _named(state, found, raised))
        yield from ((f"{where}{name}", sentence) for name, sentence in _spoken(found))
    yield from _gaps(machine)
    yield from _undone(machine, inner_states(machine))


def _named(state: Json, found: Mapping[str, Json], raised: Collection[str]) -> Iterator[str]:
    """What is wrong with the name that a Fail state ends the run under."""
    error = str(state.get("Error", ""))
    if not error.startswith("{%"):
        if error not in raised:
            yield f"ends in {error!r}{nearest(error, raised)}: give an Error of the runtime's own; there is {known(raised)}"
        return
    caught = _CAUGHT.fullmatch(error)
    given = [value for _, key, value in _assigned(found) if caught and key == caught[1]]
    strange = [value for value in given if value not in {_NOTHING, _NAME, *raised, *AWS}]
    if not caught:
        yield (
            f'ends in {error}, which may be any text: name an error, or end under what was caught with "{{% $substringAfter($failed, '
            f'\'States.\') %}}", where rules of Catch assign "failed": "{_NAME}"'
        )
    elif _NAME not in given:
        yield f'ends in ${caught[1]}, which no rule of Catch assigns: give those that lead here "Assign": {{"{caught[1]}": "{_NAME}"}}'
    elif strange:
        yield f"ends in ${caught[1]}, which is also assigned {strange[0]!r}: assign it what was caught, and nothing else"


def _spoken(found: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """States that pass on an error's own words, which are for the Cause of a Fail state alone."""
    words = {key for _, key, value in _assigned(found) if value == WORDS}
    for name, state in found.items():
        held = {key: value for key, value in state.items() if key != "Cause"} if _said(state, words) else state
        if used := sorted(word for word in words if re.search(rf"\${word}\b", str(held))):
            yield name, f"uses ${used[0]}, an error's own words: they are for the Cause of a Fail state, alone and nowhere else"


def _said(state: Json, words: Collection[str]) -> bool:
    cause = _SAID.fullmatch(str(state.get("Cause"))) if state.get("Type") == "Fail" else None
    return bool(cause and cause[1] in words)


def _assigned(found: Mapping[str, Json]) -> Iterator[tuple[str, str, Any]]:
    """Every assignment: the state's name, the variable's, and the value."""
    for name, state in found.items():
        for holder in (state, *tables(state.get("Catch")), *tables(state.get("Choices"))):
            yield from ((name, key, value) for key, value in table(holder.get("Assign")).items())


def _gaps(machine: Json) -> Iterator[tuple[str, str]]:
    """States inside a Map over branches that may end the whole run: there a failure is to leave a gap, whatever it is."""
    if not any(called(state) == PARTS for _, state in states(machine)):
        return
    for where, part in machines(machine):
        for map_, state in inner_states(part).items():
            items = table(state.get("ItemProcessor"))
            if state.get("Type") != "Map" or table(items.get("ProcessorConfig")).get("Mode") == "DISTRIBUTED":
                continue
            for name, held in inner_states(items).items():
                place = f"{where}{map_}.ItemProcessor.{name}"
                if held.get("Type") == "Fail":
                    yield place, "ends the run of all branches: let the item end in a Pass, and this branch be a gap"
                elif held.get("Type") in _FALLIBLE and not _catches(held):
                    yield (
                        place,
                        f"may fail and end the run of all branches: catch {_ALL} last, with a Next that leaves this branch as a gap",
                    )


def _undone(machine: Json, found: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Ways to an end past the state that undoes: there a cancellation would have been accepted, and nothing be undone."""
    undoing = {name for name, state in found.items() if called(state) == UNDOES}
    if not undoing:
        return
    for name in sorted(undoing):
        if not _catches(found[name]):
            yield name, f"may fail itself, and nobody be asked what to do then: catch {_ALL}"
    for name in sorted(_before(str(machine.get("StartAt")), found, undoing)):
        state = found[name]
        if state.get("Type") in ("Succeed", "Fail") or state.get("End"):
            yield name, f"is come to without ${{{UNDOES}}}: a run that was cancelled would end with all that it did; lead to that first"
        elif state.get("Type") in _FALLIBLE and not _catches(state):
            yield name, f"may fail and end the run without ${{{UNDOES}}}: catch {_ALL} last, with a Next that leads to it"


def _catches(state: Json) -> bool:
    return any(_ALL in rule.get("ErrorEquals", ()) for rule in tables(state.get("Catch")))


def _before(start: str, found: Mapping[str, Json], undoing: Collection[str]) -> set[str]:
    """The states that can be come to from *start* without passing one of *undoing*."""
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name in found and name not in seen and name not in undoing:
            seen.add(name)
            ahead += [str(target) for _, target in targets(found[name])]
    return seen
