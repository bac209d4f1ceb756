"""The crash matrix: one run for each boundary and side, with a process killed there."""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from tests.faults.boundaries import EVENT, Boundary, Kill, Side
from tests.faults.cases import Case
from tests.faults.trial import Trial, attempt

_KIND = re.compile(r"the tool \w+$")
ASIDE = frozenset({"project", "observe"})
"""Steps that look at runs and are in none: what they do in a run's time is chance. tests/unit/observability has them killed anywhere."""
PASSES = 2
"""How often a cell is tried whose boundary was not met: what a warm process remembers, it does not ask for."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One kill, and how many model calls it may cost."""

    kill: Kill
    allowed: int


def cells(case: Case, crossed: Sequence[Boundary]) -> Iterator[Cell]:
    """The cells of a run that crossed these boundaries: each has two sides, but an event that nobody has taken yet dies with nobody.

    A boundary that a warm process may not come to is left out: whether its cell could be tried would be chance.
    """
    asking: set[str] = set()
    for at in crossed:
        if at.who in ASIDE:
            continue
        if at.asks_model:
            asking.add(at.function)
        paid_before, paid_after = _in_flight(at, asking)
        if at.appends:
            asking.discard(at.function)
        if not at.remembered and (case.killed is None or at.who in case.killed):
            sides: tuple[tuple[Side, int], ...] = (("before", paid_before), ("after", paid_after))
            yield from (Cell(kill=Kill(at=at, side=side), allowed=paid) for side, paid in sides if (at.boundary, side) != (EVENT, "before"))


def _in_flight(at: Boundary, asking: set[str]) -> tuple[int, int]:
    """Model calls that are lost before and after: those that were answered, and whose reply is not in the journal."""
    paid = int(at.function in asking)
    return (0 if at.asks_model else paid), (0 if at.appends else paid)


def run(twin: Any, case: Case, todo: Sequence[Cell], *, width: int, tell: Callable[[Trial], None]) -> list[Trial]:
    """Try every cell, *width* at a time; those that Lambda's own repetition makes slow begin first. The trials, in the cells' order."""

    def tried(cell: Cell) -> Trial:
        for _ in range(PASSES):
            trial = attempt(twin, case, kill=cell.kill, allowed=cell.allowed)
            if trial.kills:
                break
        return trial

    first = sorted(todo, key=lambda cell: cell.kill.at.who != "close_run")
    with ThreadPoolExecutor(width) as pool:
        doing = {pool.submit(tried, cell): cell for cell in first}
        done = {}
        try:
            for future in as_completed(doing):
                done[doing[future]] = future.result()
                tell(done[doing[future]])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C ends what runs, and begins nothing more
    return [done[cell] for cell in todo]


def chosen(todo: Sequence[Cell], most: int) -> list[Cell]:
    """A few cells of many kinds: one of each kind of boundary in each kind of function, sides in turn, spread over the whole run.

    None of those to which only whoever begins a minute comes: whether its trial would is chance.
    """
    kinds: dict[str, list[Cell]] = {}
    for cell in todo:
        if cell.kill.at.who != "close_run" and not cell.kill.at.by_minute:  # the first is repeated by Lambda itself, a minute later
            kinds.setdefault(_KIND.sub("a tool", cell.kill.at.kind), []).append(cell)
    picked = []
    for number, kind in enumerate(sorted(kinds)):
        side = ("before", "after")[number % 2]
        fitting = [cell for cell in kinds[kind] if cell.kill.side == side] or kinds[kind]
        picked.append(fitting[len(fitting) // 2])
    return picked[:most]
