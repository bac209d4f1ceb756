"""The second part of `make faults`: processes killed at each boundary of three runs, and runs in which everything happens twice."""

import argparse
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from rich.console import Console

from tests.conftest import TestTwin
from tests.faults import matrix, page, report
from tests.faults.cases import APPROVED, REFUND, TWELVE, Case
from tests.faults.failing import PAGE, PARTS
from tests.faults.kept import Kept
from tests.faults.progress import Progress
from tests.faults.room import room
from tests.faults.trial import Trial, attempt

CASES = (REFUND, APPROVED, TWELVE)
DOUBLED = 4
"""Runs of each case in which everything happens twice."""
_FOUND = ("wrong", "extra_calls", "retries", "seconds", "kills", "duels")


def measure(twin: TestTwin, asked: argparse.Namespace, kept: Kept, console: Console) -> int:
    """Try what was not tried yet, and write the page when all is done; how many cells are wrong."""
    found = [_tried(twin, case, asked, kept, console) for case in CASES]
    page.put(PAGE, report.page(found, every=asked.every), PARTS)
    return sum(bool(trial.wrong) for one in found for trial in (*one.kills, *one.doubled))


def _tried(twin: TestTwin, case: Case, asked: argparse.Namespace, kept: Kept, console: Console) -> report.Matrix:
    case.play(twin.doubles)
    with room(twin) if case is TWELVE else nullcontext():
        attempt(twin, case)  # so that the noted run meets warm processes, as most cells do
        chosen = list(matrix.cells(case, _noted(attempt(twin, case)).crossed))[:: asked.every]
        done = _known(case, chosen, kept)
        todo = [cell for cell in chosen if cell not in done or done[cell].wrong]
        console.print(f"{case.title}: {len(chosen)} cells; {len(todo)} are to be tried")
        progress = Progress(console, len(todo))

        def tell(trial: Trial) -> None:
            kept.add(f"{case.name} / {trial.kill}", {name: getattr(trial, name) for name in _FOUND})
            progress.tell(f"{trial.kill}: {report.outcome(trial)}, {trial.seconds:.1f} s")

        done |= dict(zip(todo, matrix.run(twin, case, todo, width=asked.width, tell=tell), strict=True))
        doubled = _doubled(twin, case, console)
    return report.Matrix(case=case, kills=[done[cell] for cell in chosen], doubled=doubled)


def _known(case: Case, chosen: Sequence[matrix.Cell], kept: Kept) -> dict[matrix.Cell, Trial]:
    known = kept.read()

    def trial(cell: matrix.Cell, found: dict[str, Any]) -> Trial:
        return Trial(case=case, kill=cell.kill, crossed=(), **{**found, "wrong": tuple(found["wrong"])})

    named = {cell: f"{case.name} / {cell.kill}" for cell in chosen}
    return {cell: trial(cell, known[name]) for cell, name in named.items() if name in known}


def _noted(trial: Trial) -> Trial:
    """The run without a fault. Raises RuntimeError when even that is wrong."""
    if trial.wrong:
        raise RuntimeError(f"{trial.case.title}, without any fault: {report.outcome(trial)}")
    return trial


def _doubled(twin: TestTwin, case: Case, console: Console) -> Sequence[Trial]:
    trials = []
    for number in range(1, DOUBLED + 1):
        trials.append(attempt(twin, case, twice=True))
        told = f"{report.outcome(trials[-1])}, {trials[-1].duels} duels, {trials[-1].extra_calls} model calls repeated"
        console.print(f"  everything twice, {number}/{DOUBLED}: {told}", highlight=False, markup=False)
    return trials
