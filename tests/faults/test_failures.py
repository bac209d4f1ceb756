"""A short form of `make faults`: every route, and a few cells of each workflow: where a run ends whose state ends in an error."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.faults import cells, failures
from tests.faults.failing import WORKFLOWS
from tests.faults.hurry import hurried
from tests.faults.routes import ROUTES

CELLS = 2
"""Of each workflow, spread over its states and errors; and one state that runs out of time."""


@pytest.mark.timeout(600)  # some twenty runs with real timeouts of their states: minutes on a busy machine
def test_a_failure_ends_somewhere_that_is_named(twin: Any) -> None:
    with ExitStack() as machines:
        definitions = {name: machines.enter_context(hurried(twin, name)) for name in WORKFLOWS}
        for route in ROUTES:
            route.play(twin.doubles)
        with ThreadPoolExecutor(6) as pool:
            seen = list(zip(ROUTES, pool.map(lambda route: failures.seen(twin, route), ROUTES), strict=True))
        planned = cells.plan(definitions, seen)
        assert planned.unreached == []
        some = [cell for name in WORKFLOWS for cell in _some(planned.cells, name)]
        some.sort(key=lambda cell: cell.error != cells.TIMEOUT)  # those that wait go first, beside the others
        ends = failures.run(twin, some, width=6, tell=lambda _: None)
    assert [(end.cell.name, end.outcome) for end in ends if end.wrong] == []
    assert len(ends) == (CELLS + 1) * len(WORKFLOWS)


def _some(planned: Any, workflow: str) -> list[cells.Cell]:
    own = [cell for cell in planned if cell.workflow == workflow]
    late = [cell for cell in own if cell.error == cells.TIMEOUT]
    others = [cell for cell in own if cell.error != cells.TIMEOUT]
    return [*others[len(others) // (2 * CELLS) :: len(others) // CELLS][:CELLS], late[len(late) // 2]]
