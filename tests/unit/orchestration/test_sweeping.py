from collections.abc import Iterator
from copy import replace
from dataclasses import dataclass, field
from typing import Any

import pytest

from septet.core.entries import Body, Damaged, Entry, ModelCall, ModelFailed, ModelReply, Note
from septet.core.errors import StoreUnavailable
from septet.core.journal import Branch, Pen, after, verify
from septet.core.ledger import LOOK_AFTER, Account, of_branch, of_run
from septet.core.runs import Run
from septet.integration.ports import ExecutionState
from septet.local.clock import ManualClock
from septet.local.journal import MemoryJournal
from septet.local.ledger import MemoryLedger
from septet.local.runs import MemoryRuns
from septet.local.seals import MemoryUnsealed
from septet.local.workflows import MemoryWorkflows
from septet.orchestration.following import Follower
from septet.orchestration.sweeping import AGAIN_AFTER, AT_ONCE, Sweeper, Swept

MAIN = Branch(tenant="acme", run="run-1")
CALL = ModelCall(model="m", step=0, reserved=100)
REPLY = ModelReply(model="m", text="", calls=(), stop="end")


@dataclass
class World:
    """One run with a reservation for its entry 0, whose worker is gone once a second has passed."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    workflows: MemoryWorkflows = field(default_factory=MemoryWorkflows)
    clock: ManualClock = field(default_factory=ManualClock)
    followers: tuple[Follower, ...] = ()

    def __post_init__(self) -> None:
        self.runs.create(Run(tenant="acme", run="run-1", workflow="w", submitter="s", digest="", created_at=self.clock.now))
        self.runs.started("acme", "run-1", self.workflows.start("w", "run-1", {}))
        self.ledger.open(MAIN, 1_000, now=self.clock.now)
        self.ledger.reserve(MAIN, 0, 100, until=self.clock.now + 1_000, settle={})

    def write(self, body: Body, cost: int = 0) -> None:
        head = after(self.journal.read(MAIN))
        Pen(journal=self.journal, branch=MAIN, clock=self.clock, head=head, agent="clerk", turn="t", bundle="b").write(body, cost=cost)

    def sweep(self, *, after: int = 1_000) -> Swept:
        self.clock.pause(after)
        return Sweeper(
            ledger=self.ledger,
            journal=self.journal,
            runs=self.runs,
            unsealed=MemoryUnsealed(self.runs),
            workflows=self.workflows,
            clock=self.clock,
            followers=self.followers,
        ).sweep()

    def account(self, name: str = of_branch("run-1")) -> Account:
        found = self.ledger.account("acme", name)
        assert found is not None
        return found


@pytest.fixture
def world() -> World:
    return World()


class Tampered(MemoryJournal):
    """A journal whose entry *damaged* cannot be read any more."""

    damaged = 0

    def read(self, branch: Branch, *, after: int = -1) -> Iterator[Entry]:
        for entry in super().read(branch, after=after):
            yield replace(entry, body=Damaged(), cost=0) if entry.number == self.damaged else entry


def test_what_it_writes_into_a_sealed_run_s_journal_will_be_sealed(world: World) -> None:
    world.write(CALL)
    world.runs.close("acme", "run-1", status="failed", ended_at=1)
    (listed,) = MemoryUnsealed(world.runs).runs("acme", limit=1)
    MemoryUnsealed(world.runs).sealed(listed, "a seal")
    world.sweep()
    assert isinstance(list(world.journal.read(MAIN))[-1].body, ModelFailed)
    assert MemoryUnsealed(world.runs).tenant_after("") == "acme"


@pytest.mark.parametrize("damaged", [0, 1])
def test_where_the_journal_was_damaged_all_that_is_held_is_charged(damaged: int) -> None:
    world = World(journal=Tampered())
    world.write(CALL)
    world.write(REPLY, cost=40)
    world.journal.damaged = damaged  # type: ignore[attr-defined]  # a Tampered
    assert world.sweep().settled == 1
    assert (world.account().spent, world.account().reserved) == (100, 0)


def test_whoever_may_still_be_at_work_is_left_alone(world: World) -> None:
    world.write(CALL)
    assert world.sweep(after=999) == Swept()
    assert world.account().reserved == 100


def test_a_call_that_was_never_written_down_was_never_made_and_costs_nothing(world: World) -> None:
    assert world.sweep() == Swept(settled=1)
    assert (world.account().spent, world.account().available) == (0, 1_000)


def test_an_entry_that_became_something_else_costs_nothing(world: World) -> None:
    world.write(Note(kind="usage", text=""), cost=0)
    world.sweep()
    assert (world.account().spent, world.account().reserved) == (0, 0)


@pytest.mark.parametrize(("body", "cost"), [(REPLY, 37), (ModelFailed(model="m", error="ModelThrottled", message=""), 0)])
def test_a_call_whose_end_is_written_costs_what_that_says(world: World, body: Body, cost: int) -> None:
    world.write(CALL)
    world.write(body, cost=cost)
    world.sweep()
    assert (world.account().spent, world.account().available) == (cost, 1_000 - cost)


def test_a_call_without_an_end_may_have_been_sent_and_is_charged_in_full_in_the_journal_too(world: World) -> None:
    world.write(CALL)
    world.sweep()
    call, lost = world.journal.read(MAIN)
    assert isinstance(lost.body, ModelFailed)
    assert (lost.body.error, lost.cost, lost.agent, lost.turn, lost.bundle) == ("Lost", 100, "clerk", "t", "b")
    assert world.account().spent == 100 == call.cost + lost.cost
    assert verify(world.journal.read(MAIN)) == []


def test_of_what_two_held_for_one_entry_the_one_that_was_made_is_charged(world: World) -> None:
    world.ledger.reserve(MAIN, 0, 180, until=0, settle={})
    world.write(CALL)
    world.sweep()
    assert (world.account().spent, world.account().available) == (100, 900)


def test_a_worker_who_takes_over_while_the_sweeper_reads_keeps_its_reservation(world: World) -> None:
    class TakenOver(MemoryJournal):
        def read(self, branch: Branch, *, after: int = -1) -> Any:
            world.ledger.reserve(MAIN, 0, 100, until=world.clock.now + 9_000, settle={})
            return super().read(branch, after=after)

    world.journal = TakenOver()
    world.sweep()
    assert dict(world.account().reservations) == {0: 100}


def test_a_run_that_could_not_be_closed_is_closed_when_its_last_call_is_settled(world: World) -> None:
    world.runs.close("acme", "run-1", status="stopped", ended_at=1)
    assert not world.ledger.close("acme", "run-1")
    swept = world.sweep()
    assert swept.settled == 1
    assert swept.closed
    assert world.account(of_run("run-1")).closed


def test_a_run_whose_end_nobody_told_is_closed_with_its_record_when_its_execution_has_ended(world: World) -> None:
    world.sweep()
    world.workflows.states[world.workflows.execution("w", "run-1")] = ExecutionState(status="timed_out", ended_at=7)
    assert world.sweep(after=LOOK_AFTER) == Swept(closed=1)
    run = world.runs.get("acme", "run-1")
    assert run is not None
    assert (run.status, run.ended_at) == ("timed_out", 7)
    assert world.account(of_run("run-1")).closed


def test_a_run_that_goes_on_is_looked_at_again_after_an_hour(world: World) -> None:
    world.sweep()
    assert world.sweep(after=LOOK_AFTER) == Swept()
    assert not world.account(of_run("run-1")).closed
    assert world.account(of_run("run-1")).until == world.clock.now + LOOK_AFTER


def test_who_waits_for_a_run_whose_end_nobody_told_is_told_by_the_sweep_until_it_is_done(world: World) -> None:
    told: list[Run] = []

    def follower(run: Run) -> None:
        told.append(run)
        if len(told) == 1:
            raise StoreUnavailable("not now")

    world.followers = (follower,)
    world.sweep()
    assert told == [], "a run that goes on"
    world.workflows.states[world.workflows.execution("w", "run-1")] = ExecutionState(status="succeeded", ended_at=7)
    assert world.sweep(after=LOOK_AFTER) == Swept(failed=1)
    assert world.sweep(after=AGAIN_AFTER) == Swept(closed=1)
    assert [(run.run, run.status) for run in told] == [("run-1", "succeeded")] * 2
    assert world.sweep(after=LOOK_AFTER) == Swept()


class Unreadable(MemoryJournal):
    """A double of a journal with items of a tenant that nobody can decode."""

    def read(self, branch: Branch, *, after: int = -1) -> Any:
        if branch.tenant == "bad":
            raise ValueError("what a customer wrote")
        return super().read(branch, after=after)


def holding(world: World, tenant: str, run: str) -> None:
    branch = Branch(tenant=tenant, run=run)
    world.ledger.open(branch, 1_000, now=world.clock.now)
    world.ledger.reserve(branch, 0, 100, until=world.clock.now + 999, settle={})


def test_one_that_nobody_can_read_does_not_keep_the_others_and_its_content_is_not_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    holding(world, "bad", "run-x")
    world.journal = Unreadable()
    assert world.sweep() == Swept(settled=1, failed=1)
    assert world.account().reserved == 0
    assert "ValueError in read, line" in caplog.text
    assert "customer" not in caplog.text
    assert world.sweep(after=AGAIN_AFTER) == Swept(failed=1)


def test_so_many_that_fail_that_a_sweep_has_no_room_for_others_do_not_keep_them_for_ever(world: World) -> None:
    for number in range(AT_ONCE):
        holding(world, "bad", f"run-{number}")
    world.journal = Unreadable()
    assert world.sweep() == Swept(failed=AT_ONCE)
    assert world.account().reserved == 100
    assert world.sweep(after=5 * 60_000) == Swept(settled=1, failed=AT_ONCE - 1)
    assert world.account().reserved == 0


def test_one_that_cannot_even_be_put_off_does_not_keep_the_others(world: World) -> None:
    class Stiff(MemoryLedger):
        def put_off(self, account: Account, *, at: int) -> None:
            raise StoreUnavailable(f"{account.name} stays, not {at}")

    world.ledger = Stiff()
    world.ledger.open(MAIN, 1_000, now=world.clock.now)
    world.ledger.reserve(MAIN, 0, 100, until=world.clock.now + 1_000, settle={})
    holding(world, "bad", "run-x")
    world.journal = Unreadable()
    assert world.sweep() == Swept(settled=1, failed=1)


def test_one_that_cannot_be_dealt_with_does_not_keep_the_others(world: World) -> None:
    class Broken(MemoryJournal):
        def read(self, branch: Branch, *, after: int = -1) -> Any:
            if branch.run == "run-1":
                raise StoreUnavailable("the journal could not be reached")
            return super().read(branch, after=after)

    other = Branch(tenant="acme", run="run-2")
    world.journal = Broken()
    world.ledger.open(other, 1_000, now=world.clock.now)
    world.ledger.reserve(other, 0, 100, until=world.clock.now + 1_000, settle={})
    assert world.sweep() == Swept(settled=1, failed=1)
    assert world.account(of_branch("run-2")).reserved == 0
