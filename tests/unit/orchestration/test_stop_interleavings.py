"""Stops beside submissions, steps, approvals and lifting, in any order of their calls to the stores."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septet.core.errors import RunStopped
from septet.core.journal import Branch
from septet.integration.approving import decide
from septet.integration.problems import Problem
from septet.integration.stopping import lift, stop_all, stop_run
from septet.integration.submitting import Submission, submit
from septet.integration.voting import Decision
from septet.security.effects import Effect
from tests.unit.integration.conftest import principal
from tests.unit.orchestration.halting import EVERYBODYS, OPERATOR, Halting

if TYPE_CHECKING:
    from collections.abc import Callable

ANN = principal("ann", "submitter")
BOSS = principal("boss", "approver")
STORES = ("journal", "ledger", "runs", "workflows", "stops", "stop_records", "approvals", "executions", "waits")


class Turns:
    """Lets actors make their calls one at a time, in a given order; when that is over, each one call after the other.

    So everything is decided by the order alone, if each actor makes its calls one after the other.
    """

    def __init__(self, order: list[int], actors: int) -> None:
        self._order = order
        self._actors = actors
        self._at_work = set(range(actors))
        self._last = -1
        self._changed = threading.Condition()
        self.log: list[tuple[str, Any]] = []
        """What was done, in the order in which it was: a reservation or an intent that was accepted, a stop that was acknowledged."""

    def take(self, who: int, name: str, call: Callable[[], Any], about: tuple[Any, ...]) -> Any:
        """Make a call when it is *who*'s turn, and note what matters of it."""
        with self._changed:
            while self._next() != who:
                self._changed.wait()
            if self._order:
                self._order.pop(0)
            self._last = who
            self._changed.notify_all()
            found = call()
            if name in {"reserve", "acknowledged"} or (name == "intend" and found is None):
                self.log.append((name, about[0]))
            return found

    def _next(self) -> int:
        """Whose turn it is."""
        while self._order and self._order[0] not in self._at_work:
            self._order.pop(0)
        if self._order:
            return self._order[0]
        after = (who % self._actors for who in range(self._last + 1, self._last + 1 + self._actors))
        return next(who for who in after if who in self._at_work)

    def leave(self, who: int) -> None:
        """Nothing more of *who*'s will come."""
        with self._changed:
            self._at_work.discard(who)
            self._changed.notify_all()


class Queued:
    """A store whose calls are made in turn."""

    def __init__(self, store: Any, turns: Turns, who: int) -> None:
        self._store, self._turns, self._who = store, turns, who

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return lambda *given, **named: self._turns.take(self._who, name, lambda: method(*given, **named), given)


@dataclass
class Scene:
    """One run that works, waits for a person and may start others, and people who do things at the same time."""

    order: list[int]
    scope: str
    halting: Halting = field(default_factory=Halting)
    stops: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        office = self.halting.office
        self.run = office.start()
        self.question = office.ask(self.run).approval
        office.waits.put("acme", self.run, f"approval/{self.question}", "token-1")
        self.actors: list[Callable[[int], None]] = [
            self.work,
            self.begin,
            self.parent,
            self.approve,
            self.stop,
            self.stop,
            self.go_on,
            self.lift,
        ]
        self.turns = Turns(self.order, len(self.actors))

    def ports(self, who: int) -> Any:
        office = self.halting.office
        return replace(office.ports, **{name: Queued(getattr(office, name), self.turns, who) for name in STORES})

    def work(self, who: int) -> None:
        """An agent that goes on until it is told to stop."""
        ledger, effects = Queued(self.halting.office.ledger, self.turns, who), Queued(self.halting.effects, self.turns, who)
        branch = Branch(tenant="acme", run=self.run)
        for entry in range(1, 6):
            with suppress(RunStopped):
                ledger.reserve(branch, entry, 5, until=10, settle={entry - 1: 2})
            effect = Effect(tenant="acme", run=self.run, key=f"k{entry}", tool="t", status="intended", deadline=10, by="b")
            with suppress(RunStopped):
                effects.intend(branch, effect)
        self.halting.office.ledger.settle(branch, dict.fromkeys(range(6), 2))

    def begin(self, who: int) -> None:
        """Somebody who submits another run."""
        with suppress(Problem):
            submit(Submission(workflow="support", input={"message": "and this?"}), ANN, self.ports(who))

    def parent(self, who: int) -> None:
        """The run, which submits another for itself."""
        with suppress(Problem):
            submit(Submission(workflow="support", input={"message": "a row"}, parent=self.run), ANN, self.ports(who))

    def approve(self, who: int) -> None:
        """A person who says yes."""
        with suppress(Problem):
            decide(Decision(approval=self.question, status="approved", reason="yes"), BOSS, self.ports(who))

    def stop(self, who: int) -> None:
        """Somebody who stops; a second one does the same at once."""
        if self.scope == "run":
            made = stop_run(self.run, "enough", OPERATOR, self.ports(who))
        else:
            people = EVERYBODYS if self.scope == "platform" else OPERATOR
            made = stop_all(self.scope, "", "enough", people, self.ports(who))  # type: ignore[arg-type] # one of two
        self.stops.append(made.order.stop)

    def go_on(self, who: int) -> None:
        """The step, called at some moment, for one look."""
        office = self.halting.office
        named = {name: Queued(getattr(office, name), self.turns, who) for name in ("ledger", "runs", "waits", "workflows", "executions")}
        records = Queued(office.stop_records, self.turns, who)
        self.halting.reconciler(**named, records=records).reconcile(list(office.stop_records.unfinished()), lambda: False)

    def lift(self, who: int) -> None:
        """Somebody who lifts what stands at some moment."""
        people = EVERYBODYS if self.scope == "platform" else OPERATOR
        ports = self.ports(who)
        for order in ports.stop_records.listed(people.tenant):
            with suppress(Problem):
                lift(order.stop, people, ports)

    def play(self) -> None:
        """All of it, and then what the step does until nothing is left."""

        def act(who: int, actor: Callable[[int], None]) -> None:
            try:
                actor(who)
            finally:
                self.turns.leave(who)

        threads = [threading.Thread(target=act, args=(who, actor)) for who, actor in enumerate(self.actors)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        self.halting.office.clock.now += 100
        assert self.halting.reconcile() == 0


@pytest.mark.parametrize("scope", ["run", "tenant", "platform"])
@settings(max_examples=40, deadline=None)
@given(order=st.lists(st.integers(0, 7), max_size=60))
def test_after_the_acknowledgement_nothing_is_let_through_and_nothing_runs_in_the_end(scope: str, order: list[int]) -> None:
    scene = Scene(order=list(order), scope=scope)
    scene.play()
    office = scene.halting.office
    assert scene.stops, "somebody stopped it"
    still = {execution.rpartition(":")[2] for execution in scene.halting.running}
    for stop in office.stop_records._orders.values():
        assert stop.acknowledged_at is not None
        covered = {(one.tenant, one.run) for one in office.stop_records.covered(stop.tenant, stop.stop)}
        at = next(place for place, (name, about) in enumerate(scene.turns.log) if name == "acknowledged" and about.stop == stop.stop)
        later = [(about.tenant, about.run) for name, about in scene.turns.log[at:] if name in {"reserve", "intend"}]
        assert not covered & set(later)
        assert not still & {run for _, run in covered}
        if stop.lifted_at is None and stop.scope != "run":
            assert not still
            assert office.ledger.running("acme") == ()
    assert scene.halting.record(scene.run).status == "stopped"
