"""Whoever starts a run beside a stop of it: however late they are, nothing is left running that the stop's proof says is over."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septet.integration.advancing import advance
from septet.integration.conversing import say, stage
from septet.integration.problems import Problem
from septet.integration.restarting import Wanted, restart
from septet.integration.saying import Saying
from septet.integration.submitting import Submission, submit
from septet.orchestration.reconciling import STARTED_AFTER
from tests.unit.integration.conftest import principal
from tests.unit.orchestration.halting import Halting
from tests.unit.orchestration.test_stop_interleavings import Queued, Turns
from tests.unit.orchestration.test_two_reconcilers import together

if TYPE_CHECKING:
    from septet.integration.ports import Ports

ANN = principal("ann", "submitter")
STORES = ("journal", "ledger", "runs", "workflows", "stops", "sessions")
RECONCILED = ("records", "ledger", "runs", "waits", "workflows", "executions", "journal", "heads")
MOST = 60
"""Calls to the stores, more than a start makes."""


class Counted:
    """A store whose callers are held up once, before a certain call of all of them."""

    def __init__(self, store: Any, held: HeldUp) -> None:
        self._store, self._held = store, held

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*given: Any, **named: Any) -> Any:
            self._held.count(name)
            return method(*given, **named)

        return call


class HeldUp:
    """Somebody who is held up before their call number *at*, for as long as a stop and all of its reconciling take."""

    def __init__(self, halting: Halting, at: int) -> None:
        self.halting, self.at, self.calls = halting, at, 0

    def ports(self) -> Ports:
        office = self.halting.office
        return replace(office.ports, **{name: Counted(getattr(office, name), self) for name in STORES})

    def count(self, _: str) -> None:
        self.calls += 1
        if self.calls == self.at:
            self.halting.stop_all("tenant")
            for _ in range(3):
                self.halting.office.clock.now += STARTED_AFTER
                self.halting.reconcile()


def begins(session: str, ports: Ports) -> None:
    """Somebody starts a run, in a session or by itself; a stop may forbid it."""
    with suppress(Problem):
        if session:
            say(session, Saying(input={"message": "first"}), ANN, ports)
        else:
            submit(Submission(workflow="support", input={"message": "first"}), ANN, ports)


def place(kind: str) -> tuple[Halting, str]:
    halting = Halting()
    return halting, halting.office.session() if kind == "session" else ""


def unharmed(halting: Halting) -> None:
    """Nothing runs, and the proof says so of all that it covers."""
    assert halting.running == []
    halting.office.clock.now += STARTED_AFTER
    halting.reconcile()
    for order in halting.office.stop_records._orders.values():
        assert order.finished_at is not None
        assert all(one.settled for one in halting.office.stop_records.covered(order.tenant, order.stop))
    assert halting.running == []
    assert halting.office.ledger.running("acme") == ()


@pytest.mark.parametrize("kind", ["session", "run"])
def test_whoever_is_held_up_before_any_call_for_as_long_as_a_whole_stop_takes_leaves_nothing_running(kind: str) -> None:
    for at in range(1, MOST):
        halting, session = place(kind)
        late = HeldUp(halting, at)
        begins(session, late.ports())
        if late.calls < at:
            break
        unharmed(halting)
    else:
        raise AssertionError("it makes more calls than these")
    assert at > 10, "the stores are called"


def test_a_worker_that_finds_a_claimed_run_without_an_execution_does_not_start_it_once_it_is_stopped() -> None:
    halting, session = place("session")

    class Dead:
        def __getattr__(self, name: str) -> Any:
            return getattr(halting.office.workflows, name)

        def start(self, *_: Any, **__: Any) -> str:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        say(session, Saying(input={"message": "first"}), ANN, replace(halting.office.ports, workflows=Dead()))
    halting.stop_all("tenant")
    advance("acme", session, stage(halting.office.ports))
    assert halting.office.workflows.states == {}
    unharmed(halting)


def test_a_starter_whose_attempt_was_stopped_and_restarted_meanwhile_aborts_its_own_execution_alone() -> None:
    """The accounts are open: they are those of the next attempt."""
    halting = Halting()
    office = halting.office
    run = office.start()
    office.workflows.stop(halting.record(run).execution, error="Broken", cause="")
    office.runs.close("acme", run, status="failed", ended_at=office.clock())

    class HeldUpOnce:
        def __getattr__(self, name: str) -> Any:
            return getattr(office.workflows, name)

        def start(self, *given: Any, **named: Any) -> Any:
            halting.stop_all("tenant")
            office.clock.now += STARTED_AFTER
            assert halting.reconcile() == 0
            office.stops.lift("acme", "tenant")
            restart(run, Wanted(), ANN, office.ports)
            return office.workflows.start(*given, **named)

    with pytest.raises(Problem, match="attempt 1 of the run is over"):
        restart(run, Wanted(), ANN, replace(office.ports, workflows=HeldUpOnce()))
    assert halting.running == [office.workflows.execution("support", f"{run}.2")]
    assert (halting.record(run).status, halting.record(run).attempt) == ("running", 2)


@pytest.mark.parametrize("kind", ["session", "run"])
@settings(max_examples=60, deadline=None)
@given(order=st.lists(st.integers(0, 1), max_size=80), late=st.integers(0, MOST))
def test_of_a_start_and_a_stop_s_last_look_one_sees_the_other(kind: str, order: list[int], late: int) -> None:
    """The stop was ordered when the starter had got as far as *late*; from then on both act at once, call by call."""
    halting, session = place(kind)
    turns = Turns([0] * late + order, 2)
    stores = {name: Queued(getattr(halting.office, name), turns, 0) for name in STORES}

    def reconciles() -> None:
        halting.stop_all("tenant")
        halting.office.clock.now += STARTED_AFTER
        plain = halting.reconciler()
        looks = iter(range(300))
        queued: Any = {name: Queued(getattr(plain, name), turns, 1) for name in RECONCILED}
        replace(plain, **queued).reconcile(list(halting.office.stop_records.unfinished()), lambda: next(looks, None) is not None)

    together(turns, [lambda: begins(session, replace(halting.office.ports, **stores)), reconciles])
    halting.office.clock.now += STARTED_AFTER
    halting.reconcile()
    unharmed(halting)


def test_an_execution_that_begins_between_the_last_look_and_the_close_is_aborted_by_the_next_look() -> None:
    """Whoever started it has read what it needs long ago, and is gone before it could see that the run is over."""
    halting = Halting()
    run = halting.office.start()
    execution = halting.record(run).execution
    halting.office.workflows.states.pop(execution)
    halting.office.forget_execution(run)
    halting.stop_all("tenant")
    halting.office.clock.now += STARTED_AFTER
    plain, looked = halting.reconciler(), []

    class Late:
        def __getattr__(self, name: str) -> Any:
            return getattr(plain.workflows, name)

        def state(self, asked: str) -> Any:
            found = plain.workflows.state(asked)
            if not looked:
                looked.append(asked)
                plain.workflows.start("support", run, {})
            return found

    replace(plain, workflows=Late()).reconcile(list(halting.office.stop_records.unfinished()), lambda: len(looked) < MOST)
    assert looked == [execution]
    unharmed(halting)
