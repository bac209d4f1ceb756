"""The first part of `make faults`: where each failure ends."""

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from rich.console import Console

from tests.bench.machine import machine
from tests.conftest import REPOSITORY, TestTwin
from tests.faults import cells, failures, page, table
from tests.faults.hurry import hurried
from tests.faults.kept import Kept
from tests.faults.progress import Progress
from tests.faults.route import Route
from tests.faults.routes import ROUTES

PAGE = REPOSITORY / "docs" / "faults.md"
PARTS = ("Where failures end", "Crash matrix")
"""The headings of the page, in their order."""
WORKFLOWS = sorted(file.name.removesuffix(".asl.json") for file in (REPOSITORY / "state_machines").glob("*.asl.json"))
OFTEN = 25
"""So many cells after each other the page is written."""


def measure(twin: TestTwin, asked: argparse.Namespace, kept: Kept, console: Console) -> int:
    """Try what was not tried yet, and write the page, also when it is interrupted; how much is wrong."""
    with ExitStack() as machines:
        definitions = {name: machines.enter_context(hurried(twin, name)) for name in WORKFLOWS}
        for route in ROUTES:
            route.play(twin.doubles)
        planned = cells.plan(definitions, _seen(twin, asked.width, kept, console))
        for sentence in planned.unreached:
            console.print(f"wrong: {sentence}", style="red")
        chosen = planned.cells[:: asked.every]
        ends = _known(planned.cells, kept)
        todo = [cell for cell in chosen if cell.name not in ends or ends[cell.name].wrong]
        console.print(f"{len(planned.cells)} cells; {len(ends)} were tried before, {len(todo)} are to be tried")
        progress = Progress(console, len(todo))

        def tell(end: failures.End) -> None:
            ends[end.cell.name] = end
            kept.add(end.cell.name, _found(end))
            progress.tell(f"{end.cell.workflow}, {end.cell.state}, {end.cell.error}: {end.outcome}, {end.seconds:.1f} s")
            if len(ends) % OFTEN == 0:
                _write(planned, ends)

        before = {name: end.outcome for name, end in ends.items() if end.wrong}
        try:
            failures.run(twin, todo, width=asked.width, tell=tell, before=before)
        finally:
            _write(planned, ends)
    return sum(end.wrong for end in ends.values()) + len(planned.unreached)


def _write(planned: cells.Plan, ends: Mapping[str, failures.End]) -> None:
    found = [ends[cell.name] for cell in planned.cells if cell.name in ends]
    page.put(PAGE, table.page(found, planned=len(planned.cells), when=machine(), unreached=planned.unreached), PARTS)


def _seen(twin: TestTwin, width: int, kept: Kept, console: Console) -> list[tuple[Route, frozenset[str]]]:
    known = kept.read()

    def states(route: Route) -> frozenset[str]:
        name = f"route / {route.workflow} / {route.name}"
        if name in known:
            return frozenset(known[name]["states"])
        try:
            found = failures.seen(twin, route)
        except Exception as error:  # noqa: BLE001 -- a route that fails leaves states unreached, and that is said
            console.print(f"{name}: {type(error).__name__}: {error}", style="red", markup=False)
            return frozenset()
        kept.add(name, {"states": sorted(found)})
        console.print(f"{name}: comes to {len(found)} states", highlight=False, markup=False)
        return found

    with ThreadPoolExecutor(width) as pool:
        return list(zip(ROUTES, pool.map(states, ROUTES), strict=True))


def _found(end: failures.End) -> dict[str, Any]:
    return {name: getattr(end, name) for name in ("status", "error", "last", "seconds", "before")}


def _known(planned: Sequence[cells.Cell], kept: Kept) -> dict[str, failures.End]:
    known = kept.read()
    return {cell.name: failures.End(cell=cell, **known[cell.name]) for cell in planned if cell.name in known}
