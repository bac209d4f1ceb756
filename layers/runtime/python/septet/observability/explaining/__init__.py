"""Why each step of a run happened: its journal told as a chain of decisions, whichever branch they were taken in.

What is said to be certain stands in the journal or follows from it by a rule of the platform's that the text names; the rest is inferred.
The journal is read once, in order; gaps in it are told.
"""

from collections.abc import Iterable, Mapping
from heapq import merge

from septet.core.entries import Entry
from septet.observability.explaining.steps import Step
from septet.observability.explaining.telling import Teller


def explain(branches: Mapping[str, Iterable[Entry]]) -> tuple[Step, ...]:
    """The steps of a run, by the time at which they began; *branches* are its journal, by path, each read from its start.

    Within a branch the journal's order stands, whatever the clocks of its writers say.
    """
    told = [_branch(path, entries, place) for place, (path, entries) in enumerate(branches.items())]
    return tuple(step for _, _, _, step in merge(*told))


def _branch(path: str, entries: Iterable[Entry], place: int) -> list[tuple[int, int, int, Step]]:
    """The steps of one branch, each with what it is sorted by."""
    teller = Teller(path)
    for entry in entries:
        teller.take(entry)
    found: list[tuple[int, int, int, Step]] = []
    latest = 0
    for number, step in enumerate(teller.steps()):
        latest = max(latest, step.start)
        found.append((latest, place, number, step))
    return found
