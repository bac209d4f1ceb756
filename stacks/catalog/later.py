"""Who may still work in a run: the agents that states call which can be reached from where one of them works."""

from collections.abc import Mapping

from stacks.catalog.declarations import Json
from stacks.catalog.flow import called, inner_states, tables, targets

Place = tuple[str, str]
"""Where a machine is in another, and the name of one of its states."""


def later(machine: Json) -> dict[str, frozenset[str]]:
    """By each agent's hole, those of the agents that may work after it has begun to, itself included.

    It errs on the side of what may: what a Choice chooses by is not looked at, and of a Map or Parallel everything may come again.
    """
    holes: dict[Place, str] = {}
    after: dict[Place, set[Place]] = {}
    _laid_out(machine, "", None, holes, after)
    agents = {place: hole for place, hole in holes.items() if hole.startswith("Agent")}
    found: dict[str, frozenset[str]] = {}
    for place, hole in agents.items():
        found[hole] = found.get(hole, frozenset({hole})) | {agents[one] for one in _reached(place, after) & agents.keys()}
    return found


def _laid_out(machine: Json, where: str, around: Place | None, holes: dict[Place, str], after: dict[Place, set[Place]]) -> None:
    """Note the states of *machine*, which is at *where* inside the state *around*: the functions they call, and what follows them."""
    for name, state in inner_states(machine).items():
        place = (where, name)
        holes[place] = called(state)
        after[place] = {(where, str(target)) for _, target in targets(state)} | ({around} if around else set())
        parts = [
            *tables(state.get("Branches")),
            *(state[key] for key in ("ItemProcessor", "Iterator") if isinstance(state.get(key), Mapping)),
        ]
        for number, inner in enumerate(parts):
            inside = f"{where}{name}.{number}."
            after[place].add((inside, str(inner.get("StartAt"))))
            _laid_out(inner, inside, place, holes, after)


def _reached(origin: Place, after: Mapping[Place, set[Place]]) -> set[Place]:
    seen: set[Place] = set()
    ahead = list(after[origin])
    while ahead:
        place = ahead.pop()
        if place not in seen:
            seen.add(place)
            ahead += after.get(place, ())
    return seen
