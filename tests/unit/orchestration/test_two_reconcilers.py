"""Several who reconcile one stop at once, in any order of their calls: the proof is that of one alone, and nothing is harmed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septet.core.entries import Stop
from septet.core.journal import Branch, verify
from septet.integration.marking import Marker
from septet.integration.problems import Problem
from septet.integration.restarting import Wanted, restart
from septet.orchestration.reconciling import STARTED_AFTER
from tests.unit.integration.conftest import principal
from tests.unit.orchestration.halting import Halting
from tests.unit.orchestration.test_stop_interleavings import Queued, Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from septet.core.stopping import StoppedRun
    from septet.integration.stopping import Proof

ANN = principal("ann", "submitter")
STORES = ("records", "ledger", "runs", "waits", "workflows", "executions", "journal", "heads", "effected")
LOOKS = 3
ORDERS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 40)), max_size=20).map(
    lambda spells: [who for who, calls in spells for _ in range(calls)]
)
"""Who makes how many calls one after the other."""
PATIENCE = 200
"""Looks of whoever waits for a run's end, more than reconcilers make calls."""


def together(turns: Turns, actors: Sequence[Callable[[], object]]) -> None:
    """All of *actors* at once, their calls in turn. Raises what one of them raises."""

    def act(who: int) -> None:
        try:
            actors[who]()
        finally:
            turns.leave(who)

    with ThreadPoolExecutor(len(actors)) as pool:
        done = [pool.submit(act, who) for who in range(len(actors))]
    for one in done:
        one.result()


@dataclass
class Scene:
    """A tenant that was stopped: a run that waits, one with money held and an effect, and one that never starts."""

    halting: Halting = field(default_factory=Halting)
    runs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        halting, office = self.halting, self.halting.office
        self.runs = [office.start() for _ in range(3)]
        waits, pays, never = self.runs
        question = office.ask(waits)
        office.waits.put("acme", waits, f"approval/{question.approval}", "token-1")
        assert halting.reserves(pays, 1)
        assert halting.intends(pays, "paid")
        halting.effects.done(next(iter(halting.effects._effects.values())), {"refund": 1})
        office.ledger.settle(Branch(tenant="acme", run=pays), {1: 3})
        office.workflows.states.pop(halting.record(never).execution)
        office.forget_execution(never)
        self.stop: Proof = halting.stop_all("tenant")
        office.clock.now += STARTED_AFTER

    def reconciler(self, turns: Turns, who: int) -> Callable[[], object]:
        """Whoever is called for the stop and looks several times."""
        plain = self.halting.reconciler()
        stores: dict[str, Any] = {name: Queued(getattr(plain, name), turns, who) for name in STORES}
        looks = iter(range(LOOKS * 100))
        one = replace(plain, **stores, pause=lambda _: None, at_once=1)
        return lambda: one.reconcile([self.stop.order], lambda: next(looks, None) is not None)

    def restarter(self, turns: Turns, who: int) -> Callable[[], object]:
        """Somebody who restarts the run that waited as soon as they may, and it waits again."""
        office, run = self.halting.office, self.runs[0]
        runs = Queued(office.runs, turns, who)

        def act() -> None:
            for _ in range(PATIENCE):
                if runs.get("acme", run).status == "stopped":
                    break
            else:
                return
            office.stops.lift("acme", "tenant")
            restart(run, Wanted(), ANN, replace(office.ports, runs=runs))
            office.waits.put("acme", run, "inquiry/of-the-new-attempt", "token-2")

        return act

    def play(self, order: list[int], actors: list[Callable[[Turns, int], Callable[[], object]]]) -> None:
        turns = Turns(order, len(actors))
        together(turns, [actor(turns, who) for who, actor in enumerate(actors)])

    def restarted(self) -> None:
        """The run that waited has ended, the stop is lifted, and the next attempt waits for something else."""
        office, run = self.halting.office, self.runs[0]
        office.runs.close("acme", run, status="stopped", ended_at=office.clock(), error="RunStopped")
        office.stops.lift("acme", "tenant")
        restart(run, Wanted(), ANN, office.ports)
        office.waits.put("acme", run, "inquiry/of-the-new-attempt", "token-2")

    def goes_on(self) -> None:
        """The attempt after the one that was stopped does."""
        office, record = self.halting.office, self.halting.record(self.runs[0])
        assert record.attempt == 1
        assert (record.status, office.workflows.state(record.execution).status) == ("running", "running")
        assert "token-2" not in office.executions.failed
        assert office.waits.find("acme", record.run, "inquiry/of-the-new-attempt") == "token-2"
        assert [one.run for one in office.ledger.running("acme")] == [record.run]

    @property
    def proved(self) -> list[StoppedRun]:
        """What the proof has of each run, but for its id and how often it was renewed."""
        found = {one.run: one for one in self.halting.proof(self.stop).runs}
        return [replace(found[run], run="", execution="", since=0, version=0) for run in self.runs]

    def unharmed(self) -> None:
        """Everything is as one alone would have left it."""
        for run in self.runs:
            entries = self.halting.entries(run)
            assert verify(entries) == []
            assert sum(isinstance(entry.body, Stop) for entry in entries) <= 1
        proof = self.halting.proof(self.stop)
        if proof.order.finished_at is not None:
            assert (proof.running, proof.left) == ((), ())


@pytest.fixture(scope="module")
def alone() -> list[StoppedRun]:
    """What one alone proves."""
    scene = Scene()
    scene.play([], [scene.reconciler])
    assert [(one.status, one.state, one.settled) for one in scene.proved] == [
        ("stopped", "waiting", True),
        ("stopped", "running", True),
        ("refused", "starting", True),
    ]
    return scene.proved


@settings(max_examples=60, deadline=None)
@given(order=ORDERS)
def test_several_at_once_prove_what_one_proves(alone: list[StoppedRun], order: list[int]) -> None:
    scene = Scene()
    scene.play(order, [scene.reconciler] * 3)
    scene.unharmed()
    assert scene.halting.reconcile() == 0
    scene.unharmed()
    assert scene.proved == alone
    assert scene.halting.office.executions.failed == {"token-1": "RunStopped"}
    assert scene.halting.running == []


@settings(max_examples=60, deadline=None)
@given(order=ORDERS)
def test_what_was_restarted_meanwhile_goes_on(alone: list[StoppedRun], order: list[int]) -> None:
    scene = Scene()
    scene.play(order, [scene.reconciler, scene.reconciler, scene.restarter])
    assert scene.halting.reconcile() == 0
    scene.unharmed()
    if scene.halting.record(scene.runs[0]).attempt:
        scene.goes_on()
    assert [one.status for one in scene.proved] == [one.status for one in alone]


def test_the_attempt_that_a_restart_began_is_stopped_by_the_next_stop() -> None:
    scene = Scene()
    scene.restarted()
    assert scene.halting.reconcile() == 0
    scene.goes_on()
    again = scene.halting.stop_all("tenant")
    assert scene.halting.reconcile() == 0
    assert scene.halting.running == []
    assert scene.halting.office.executions.failed["token-2"] == "RunStopped"
    assert [(one.attempt, one.status, one.settled) for one in scene.halting.proof(again).runs] == [(1, "stopped", True)]


def test_a_restart_that_is_stopped_before_it_is_listed_is_covered_as_that_attempt() -> None:
    halting = Halting()
    office = halting.office
    run = office.start()
    office.runs.close("acme", run, status="failed", ended_at=office.clock())
    stops: list[Proof] = []

    class Between:
        def __getattr__(self, name: str) -> Any:
            return getattr(office.ledger, name)

        def reopen(self, *given: Any, **named: Any) -> Any:
            stops.append(halting.stop(run))
            return office.ledger.reopen(*given, **named)

    with pytest.raises(Problem):
        restart(run, Wanted(), ANN, replace(office.ports, ledger=Between()))
    assert [one.attempt for one in stops[0].runs] == [1]


def test_what_is_on_its_way_in_when_a_stop_is_finished_is_not_covered_by_who_was_late() -> None:
    """It sees the stop by itself; what was covered now would be left in a proof that nobody goes on with."""
    scene = Scene()
    office, order = scene.halting.office, scene.stop.order
    assert scene.halting.reconcile() == 0
    before = office.stop_records.covered("acme", order.stop)
    office.ledger.open(Branch(tenant="acme", run="run-on-its-way"), 1_000, now=office.clock())
    marker = Marker(ledger=office.ledger, runs=office.runs, records=office.stop_records, clock=office.clock)
    assert marker.mark(order, lambda: True, [(one.tenant, one.run) for one in before])
    assert office.stop_records.covered("acme", order.stop) == before


def test_one_that_was_held_up_takes_nothing_back_from_the_one_that_went_on() -> None:
    """It has read what the run was like before the other one had finished."""
    scene = Scene()
    plain = scene.halting.reconciler()
    done: list[int] = []

    class HeldUp:
        """The waits, whose first reader is held up until the other has finished."""

        def __getattr__(self, name: str) -> Any:
            return getattr(plain.waits, name)

        def of(self, tenant: str, run: str) -> Any:
            found = plain.waits.of(tenant, run)
            if not done:
                done.append(1)
                assert plain.reconcile([scene.stop.order], lambda: True) == 0
            return found

    replace(plain, waits=HeldUp()).reconcile([scene.stop.order], lambda: True)
    scene.unharmed()
    assert [one.settled for one in scene.proved] == [True, True, True]


@pytest.mark.parametrize("reading", [1, 2])
def test_tokens_of_the_attempt_that_a_restart_began_are_not_failed(reading: int) -> None:
    """The reconciler has aborted the execution, or closed the run; then it ends and is restarted, and waits again."""
    scene = Scene()
    run, plain = scene.runs[0], scene.halting.reconciler()
    readings: list[str] = []

    class Between:
        """The waits, before whose reading the run is restarted."""

        def __getattr__(self, name: str) -> Any:
            return getattr(plain.waits, name)

        def of(self, tenant: str, asked: str) -> Any:
            if asked == run:
                readings.append(asked)
                if len(readings) == reading:
                    scene.restarted()
            return plain.waits.of(tenant, asked)

    replace(plain, waits=Between()).reconcile([scene.stop.order], lambda: True)
    assert len(readings) >= reading
    scene.goes_on()


def test_an_attempt_that_began_before_anybody_looked_is_not_aborted() -> None:
    """Its run had ended by itself, as whatever is stopped does, and the stop was lifted."""
    scene = Scene()
    scene.halting.office.workflows.stop(scene.halting.record(scene.runs[0]).execution, error="RunStopped", cause="it may spend nothing")
    scene.restarted()
    assert scene.halting.reconcile() == 0
    scene.unharmed()
    scene.goes_on()
    assert scene.proved[0].status == "stopped"


def test_a_run_that_is_found_in_the_moment_in_which_a_stop_is_finished_is_seen_to_its_end() -> None:
    """Somebody else, who listed what ran before, covers it between the last look and the note; whoever finished goes on."""
    scene = Scene()
    halting, office = scene.halting, scene.halting.office
    late = office.stop_records.covered("acme", scene.stop.order.stop)[0]
    plain, found = halting.reconciler(), []

    class Between:
        def __getattr__(self, name: str) -> Any:
            return getattr(plain.records, name)

        def finished(self, order: Any, at: int) -> None:
            if not found:
                found.append(late.run)
                office.stop_records.cover(order, replace(late, run="run-late"))
            plain.records.finished(order, at)

    replace(plain, records=Between()).reconcile([scene.stop.order], lambda: office.clock.now < late.since + 10**7)
    assert found
    scene.unharmed()


def test_whoever_looks_at_a_proof_that_has_something_left_has_it_gone_on_with() -> None:
    scene = Scene()
    order, office = scene.stop.order, scene.halting.office
    assert scene.halting.reconcile() == 0
    office.called.clear()
    scene.halting.proof(scene.stop)
    assert office.called == [], "nothing is left"
    late = replace(office.stop_records.covered("acme", order.stop)[0], run="run-late", settled=False, ended_at=None)
    office.stop_records.cover(order, late)
    assert [one.run for one in scene.halting.proof(scene.stop).left] == ["run-late"]
    assert office.called == [("acme", order.stop)]
