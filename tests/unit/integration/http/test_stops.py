"""A stop as it is answered."""

from septet.core.stopping import StopOrder, StoppedRun
from septet.integration.http.stop_models import StopQuery
from septet.integration.http.stop_operations import view
from septet.integration.stopping import Proof


def test_of_each_run_it_is_told_which_attempt_was_found_and_so_of_which_its_money_is() -> None:
    order = StopOrder(tenant="acme", stop="stp-1", scope="tenant", by="olga", reason="enough", at=5)
    runs = tuple(
        StoppedRun(tenant="acme", run=f"run-{attempt}", workflow="w", attempt=attempt, since=1, found_at=6, spent=7) for attempt in (0, 2)
    )
    told = view(Proof(order=order, runs=runs), StopQuery())
    assert [(run.id, run.attempt, run.spent_microdollars) for run in told.runs] == [("run-0", 0, 7), ("run-2", 2, 7)]
