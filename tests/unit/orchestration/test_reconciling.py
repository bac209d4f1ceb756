"""A stop, from the order to the proof."""

from __future__ import annotations

from copy import replace
from typing import TYPE_CHECKING, Any

import pytest

from septet.core.entries import Restarted, Stop
from septet.core.errors import StoreUnavailable
from septet.core.journal import Branch
from septet.integration.ports import ExecutionState
from septet.integration.problems import Problem
from septet.integration.submitting import Submission, submit
from septet.local.ledger import MemoryLedger
from septet.orchestration.reconciling import STARTED_AFTER
from tests.unit.integration.conftest import principal
from tests.unit.orchestration.halting import Halting

if TYPE_CHECKING:
    from septet.integration.stopping import Proof


@pytest.fixture
def halting() -> Halting:
    return Halting()


def test_a_stopped_run_ends_with_who_stopped_it_and_why_everywhere(halting: Halting) -> None:
    run = halting.office.start()
    question = halting.office.ask(run)
    halting.office.waits.put("acme", run, f"approval/{question.approval}", "token-1")
    ordered = halting.stop(run)
    assert halting.reconcile() == 0
    record = halting.record(run)
    why = "the run was stopped by night-shift: enough"
    assert (record.status, record.error, record.message) == ("stopped", "RunStopped", why)
    assert halting.office.workflows.states[record.execution].error == "RunStopped"
    assert halting.office.executions.failed == {"token-1": "RunStopped"}
    assert halting.office.waits.of("acme", run) == ()
    assert halting.entries(run)[-1].body == Stop(by="night-shift", reason="enough")
    assert halting.told == [run]
    assert halting.office.ledger.running("acme") == ()
    (proved,) = halting.proof(ordered).runs
    assert (proved.state, proved.status, proved.settled) == ("waiting", "stopped", True)
    assert proved.ended_at is not None
    assert halting.proof(ordered).order.finished_at is not None


def test_nothing_is_listed_as_running_before_any_account_is_closed(halting: Halting) -> None:
    office, listed = halting.office, list[list[str]]()

    class Watched(MemoryLedger):
        def close(self, tenant: str, run: str, *, attempt: int | None = None) -> bool:
            listed.append([one.run for one in self.running(tenant)])
            return super().close(tenant, run, attempt=attempt)

    office.ledger = Watched()
    for _ in range(3):
        office.start()
    ordered = halting.stop_all()
    assert halting.reconcile() == 0
    assert len(listed) == 3
    assert not any(listed)
    assert [one.status for one in halting.proof(ordered).runs] == ["stopped"] * 3


def test_whoever_fails_what_waits_forgets_no_token_that_came_later(halting: Halting) -> None:
    run, waits = halting.office.start(), halting.office.waits
    waits.put("acme", run, "approval/apr-1", "token-1")

    class Failed:
        def fail(self, token: str, **_: Any) -> None:
            if token == "token-1":  # by the time it is forgotten, the run's next attempt waits for the same
                waits.put("acme", run, "approval/apr-1", "token-2")

    ordered = halting.stop(run)
    (one,) = halting.office.stop_records.covered(ordered.order.tenant, ordered.order.stop)
    reconciler = halting.reconciler(executions=Failed())
    reconciler._refuse(ordered.order, one, waits.of("acme", run))
    assert waits.find("acme", run, "approval/apr-1") == "token-2"


def test_the_proof_has_what_was_spent_what_happened_and_what_nobody_knows(halting: Halting) -> None:
    run = halting.office.start()
    branch = Branch(tenant="acme", run=run)
    assert halting.reserves(run, 1)
    halting.office.ledger.settle(branch, {1: 3})
    assert halting.reserves(run, 2, until=halting.office.clock() + 10**9)
    assert halting.intends(run, "paid")
    halting.effects.done(next(iter(halting.effects._effects.values())), {"refund": 1})
    late = halting.office.clock() + 10**9
    assert halting.intends(run, "perhaps", deadline=late)
    ordered = halting.stop(run)
    assert halting.reconcile() == 1
    (proved,) = halting.proof(ordered).runs
    assert (proved.status, proved.spent, proved.held, proved.settled) == ("stopped", 3, 5, False)
    assert [(effect.key, effect.happened) for effect in proved.effects] == [("paid", True), ("perhaps", False)]
    assert not halting.stopped(run), "whoever is still at it may write how it ended"

    halting.office.ledger.settle(branch, {2: 4})
    halting.office.clock.now = late
    assert halting.reconcile() == 0
    (proved,) = halting.proof(ordered).runs
    assert (proved.spent, proved.held, proved.settled) == (7, 0, True)
    assert [effect.happened for effect in proved.effects] == [True, False]
    assert halting.stopped(run)


def test_a_run_that_succeeded_before_it_was_aborted_has_succeeded(halting: Halting) -> None:
    run = halting.office.start()
    ordered = halting.stop(run)
    halting.office.end(run)
    halting.reconcile()
    assert halting.record(run).status == "succeeded"
    assert not halting.stopped(run)
    (proved,) = halting.proof(ordered).runs
    assert (proved.status, proved.settled) == ("succeeded", True)


def test_one_that_met_the_stop_by_itself_was_stopped(halting: Halting) -> None:
    run = halting.office.start()
    halting.stop(run)
    halting.office.end(run, "failed", error="NoAnswer", message="none of three")
    halting.reconcile()
    record = halting.record(run)
    assert (record.status, record.error) == ("stopped", "RunStopped")
    assert record.message.endswith("; its execution ended in NoAnswer")


def test_an_execution_that_starts_after_the_first_look_is_aborted_by_a_later_one(halting: Halting) -> None:
    run = halting.office.start()
    execution = halting.record(run).execution
    halting.office.workflows.states.pop(execution)
    halting.office.forget_execution(run)
    ordered = halting.stop(run)
    halting.looks = 2
    assert halting.reconcile() == 1, "its submission may still be under way"
    halting.office.workflows.states[execution] = ExecutionState(status="running")
    halting.office.runs.started("acme", run, execution)
    assert halting.reconcile() == 0
    assert halting.running == []
    assert [(one.state, one.status) for one in halting.proof(ordered).runs] == [("starting", "stopped")]


def test_one_that_was_never_started_was_refused_once_its_submission_is_surely_over(halting: Halting) -> None:
    run = halting.office.start()
    halting.office.workflows.states.pop(halting.record(run).execution)
    halting.office.forget_execution(run)
    halting.stop(run)
    halting.office.clock.now += STARTED_AFTER
    assert halting.reconcile() == 0
    assert halting.record(run).status == "refused"
    assert halting.office.ledger.running("acme") == ()


def test_one_that_is_stopped_before_it_is_let_in_is_never_let_in(halting: Halting) -> None:
    """The stop comes between the record and the accounts, and the submission is repeated when the stop has finished."""
    office, ordered = halting.office, list["Proof"]()
    asked = Submission(workflow="support", input={"message": "hi"}, key="once")

    class Late(MemoryLedger):
        def open(self, branch: Branch, *given: Any, **named: Any) -> bool:
            ordered.append(halting.stop(branch.run))
            return super().open(branch, *given, **named)

    office.ledger = Late()
    with pytest.raises(Problem, match="was stopped by night-shift: enough"):
        submit(asked, principal(), office.ports)
    office.clock.now += STARTED_AFTER
    assert halting.reconcile() == 0
    with pytest.raises(Problem, match="was stopped by night-shift: enough"):
        submit(asked, principal(), office.ports)
    assert len({one.order.stop for one in ordered}) == 1
    assert [one.status for one in halting.proof(ordered[0]).runs] == ["refused"]
    assert (halting.running, office.ledger.running("acme")) == ([], ())


def test_a_stop_is_not_finished_while_the_run_may_still_be_let_in(halting: Halting) -> None:
    run = halting.office.runs.create(replace(halting.record(halting.office.start()), run="run-2", execution=""))
    ordered = halting.stop(run.run)
    halting.looks = 3
    assert halting.reconcile() == 1
    assert halting.proof(ordered).order.finished_at is None
    halting.office.clock.now += STARTED_AFTER
    assert halting.reconcile() == 0
    assert halting.record("run-2").status == "refused"


def test_one_that_was_let_in_long_ago_may_be_submitted_again_at_this_moment(halting: Halting) -> None:
    run = halting.office.start()
    halting.office.workflows.states.pop(halting.record(run).execution)
    halting.office.forget_execution(run)
    halting.office.clock.now += STARTED_AFTER
    halting.stop(run)
    halting.looks = 3
    assert halting.reconcile() == 1
    assert halting.record(run).status == "running"


def test_one_whose_execution_was_claimed_and_never_started_is_closed_before_the_stop_is_finished(halting: Halting) -> None:
    run = halting.office.start()
    execution = halting.record(run).execution
    halting.office.workflows.states.pop(execution)
    ordered = halting.stop(run)
    halting.office.clock.now += STARTED_AFTER
    assert halting.reconcile() == 0
    assert (halting.record(run).status, [one.status for one in halting.proof(ordered).runs]) == ("stopped", ["stopped"])


def test_a_stop_by_a_clock_that_is_behind_stops_the_run(halting: Halting) -> None:
    run = halting.office.start()
    halting.office.clock.now -= 50
    halting.stop(run)
    halting.office.clock.now += 50
    assert not halting.reserves(run)
    assert halting.reconcile() == 0
    assert halting.running == []


def test_a_run_that_was_restarted_since_is_left_alone(halting: Halting) -> None:
    run = halting.office.start()
    until = halting.office.clock() + 10**9
    halting.reserves(run, 1, until=until)
    ordered = halting.stop(run)
    assert halting.reconcile() == 1
    record = halting.record(run)
    again = halting.office.workflows.start("support", f"{run}.1", {})
    halting.office.runs._runs["acme", run] = replace(record, attempt=1, status="running", execution=again, ended_at=None)
    halting.office.write(run, Restarted(by="ann", attempt=1, turns=("refunds",)))
    halting.office.ledger.settle(Branch(tenant="acme", run=run), {1: 5})
    halting.office.ledger.close("acme", run)
    halting.reconcile()
    assert halting.running == [again]
    assert halting.record(run).status == "running"
    assert not halting.stopped(run)
    assert halting.proof(ordered).order.finished_at is not None


class Breaks:
    """A store that fails once, before or after what it is asked for is done."""

    def __init__(self, of: Any, count: list[int], *, after: bool) -> None:
        self._of, self._count, self._after = of, count, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._of, name)

        def call(*given: Any, **named: Any) -> Any:
            self._count[0] -= 1
            if self._count[0] == 0 and not self._after:
                raise StoreUnavailable("the store is gone")
            found = method(*given, **named)
            if self._count[0] == 0:
                raise StoreUnavailable("the answer is gone")
            return found

        return call


STORES = ("records", "ledger", "runs", "waits", "workflows", "executions", "journal", "heads", "effected", "unsealed")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", range(1, 60))
def test_a_stop_that_broke_off_anywhere_goes_on_to_the_same_end(halting: Halting, call: int, *, after: bool) -> None:
    run, other = halting.office.start(), halting.office.start()
    halting.office.waits.put("acme", run, "approval/a", "token-1")
    ordered = halting.stop_all()
    count = [call]
    whole = halting.reconciler()
    broken = {name: Breaks(getattr(whole, name), count, after=after) for name in STORES}
    halting.looks = 1
    halting.reconcile(**broken)
    halting.looks = 20
    assert halting.reconcile() == 0
    assert halting.running == []
    for name in (run, other):
        assert (halting.record(name).status, halting.record(name).error) == ("stopped", "RunStopped")
        assert [type(entry.body) for entry in halting.entries(name)].count(Stop) == 1
    assert [one.settled for one in halting.proof(ordered).runs] == [True, True]
    assert halting.office.executions.failed == {"token-1": "RunStopped"}


def test_an_agent_s_stop_lets_runs_go_on_without_it(halting: Halting) -> None:
    run = halting.office.start()
    ordered = halting.stop_all("agent", "refunds")
    assert not halting.reserves(run, 1, "refunds")
    assert halting.reserves(run, 1, "writer")
    assert halting.reconcile() == 0
    assert len(halting.running) == 1
    assert halting.proof(ordered).running == ()
    assert [one.run for one in halting.proof(ordered).runs] == [run]


def test_what_marking_had_no_time_for_is_marked_by_whoever_goes_on(halting: Halting) -> None:
    runs = [halting.office.start() for _ in range(3)]
    clock = halting.office.clock

    class Slow:
        def __getattr__(self, name: str) -> Any:
            clock.now += 10_000
            return getattr(ledger, name)

    ledger, halting.office.ledger = halting.office.ledger, Slow()
    ordered = halting.stop_all()
    halting.office.ledger = ledger
    assert ordered.order.acknowledged_at is None, "it is not acknowledged while a run may go on"
    assert halting.reserves(runs[2])
    ledger.settle(Branch(tenant="acme", run=runs[2]), {1: 0})
    assert halting.reconcile() == 0
    assert halting.proof(ordered).order.acknowledged_at is not None
    assert halting.running == []


def test_what_ending_had_no_time_for_is_ended_by_whoever_goes_on(halting: Halting) -> None:
    for _ in range(3):
        halting.office.start()
    halting.stop_all()
    left = [2]

    def more() -> bool:
        left[0] -= 1
        return left[0] >= 0

    orders = [*halting.office.stop_records.unfinished()]
    assert halting.reconciler().reconcile(orders, more) == 1
    assert halting.running, "it ends in time, not when all is done"
    assert halting.reconcile() == 0
    assert halting.running == []
