"""A short form of `make faults`: a dozen cells of the crash matrix, of every kind; and a run in which everything happens twice."""

from typing import Any

import pytest

from tests.faults import matrix
from tests.faults.cases import APPROVED, REFUND, Case
from tests.faults.trial import attempt

pytestmark = pytest.mark.timeout(600)
CELLS = 14


def test_a_run_survives_a_kill_at_any_boundary(twin: Any) -> None:
    REFUND.play(twin.doubles)
    noted = attempt(twin, REFUND)
    assert noted.wrong == ()
    todo = matrix.chosen(list(matrix.cells(REFUND, noted.crossed)), CELLS)
    trials = matrix.run(twin, REFUND, todo, width=5, tell=lambda _: None)
    assert [(str(trial.kill), trial.wrong) for trial in trials if trial.wrong] == []
    assert len(trials) >= 10


@pytest.mark.parametrize("case", [REFUND, APPROVED], ids=lambda case: case.name)
def test_a_run_in_which_everything_happens_twice_ends_the_same(twin: Any, case: Case) -> None:
    case.play(twin.doubles)
    trial = attempt(twin, case, twice=True)
    assert trial.wrong == ()
    assert trial.duels >= len(case.path), "every agent's invocation, at least"
