"""``python -m tests.faults``: the whole crash matrix on a twin of its own, and its page docs/faults.md. Exits with 1 for a wrong cell."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from local.twin.twin import Twin
from tests.conftest import REPOSITORY, TestTwin, free_port
from tests.faults import matrix, report
from tests.faults.cases import APPROVED, REFUND, TWELVE, Case
from tests.faults.room import room
from tests.faults.trial import Trial, attempt

PAGE = REPOSITORY / "docs" / "faults.md"
CASES = {case.name: case for case in (REFUND, APPROVED, TWELVE)}
DOUBLED = 4
"""Runs of each case in which everything happens twice."""


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--case", choices=CASES, action="append", help="only this, and no page; again for more")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth cell; the page says so")
    parser.add_argument("--width", type=int, default=6, metavar="N", help="runs at the same time")
    asked = parser.parse_args()
    console = Console(soft_wrap=True)
    place = Twin(
        Path(os.environ.get("SEPTET_TWIN_HOME") or REPOSITORY / ".twin" / "faults"),
        int(os.environ.get("SEPTET_PORT") or free_port()),
        int(os.environ.get("SEPTET_DOUBLES_PORT") or free_port()),
        say=console.print,
    )
    began = time.monotonic()
    try:
        place.up()
        api = place.deploy().api
        twin = TestTwin(twin=place, endpoint=place.endpoint, doubles=place.doubles, home=place.layout.home, api=api)
        found = [_tried(twin, CASES[name], asked.every, asked.width, console) for name in asked.case or CASES]
    finally:
        place.down()
    wrong = [trial for one in found for trial in (*one.kills, *one.doubled) if trial.wrong]
    console.print(f"{sum(len(one.kills) + len(one.doubled) for one in found)} runs, {len(wrong)} wrong, {time.monotonic() - began:.0f} s")
    if not asked.case:
        PAGE.write_text(report.page(found, every=asked.every))
        console.print(f"written: {PAGE.relative_to(REPOSITORY)}")
    return 1 if wrong else 0


def _tried(twin: TestTwin, case: Case, every: int, width: int, console: Console) -> report.Matrix:
    case.play(twin.doubles)
    with room(twin) if case is TWELVE else nullcontext():
        attempt(twin, case)  # so that the noted run meets warm processes, as most cells do
        todo = list(matrix.cells(case, _noted(attempt(twin, case)).crossed))[::every]
        console.print(f"{case.title}: {len(todo)} cells")
        done: list[Trial] = []

        def tell(trial: Trial) -> None:
            done.append(trial)
            told = f"{report.outcome(trial)}, {trial.seconds:.1f} s"
            console.print(f"  {len(done)}/{len(todo)}  {trial.kill}: {told}", highlight=False, markup=False)

        kills = matrix.run(twin, case, todo, width=width, tell=tell)
        doubled = _doubled(twin, case, console)
    return report.Matrix(case=case, kills=kills, doubled=doubled)


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


if __name__ == "__main__":
    sys.exit(main())
