"""A hypothesis state machine over any ledger: executors, a sweeper, stops, halted agents, ends and restarts, broken off anywhere."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from septet.core.entries import Entry, ModelCall, ModelFailed, ModelReply, Note
from septet.core.errors import AgentStopped, BudgetExhausted, Fenced, RunStopped
from septet.core.journal import Branch, Pen, after
from septet.core.ledger import Account, Budgets, Ledger, day, of_branch, of_run
from septet.core.runs import Run
from septet.local.clock import ManualClock
from septet.local.journal import MemoryJournal
from septet.local.ledger import MemoryLedger
from septet.local.runs import MemoryRuns
from septet.local.seals import MemoryUnsealed
from septet.local.workflows import MemoryWorkflows
from septet.orchestration.sweeping import Sweeper

RUNS = ("run-a", "run-b")
BUDGET = 1_000
SHARE = 300
INVOCATION = 100
"""Milliseconds an executor lives."""
GRACE = 10
DAY = Budgets(day=10 * BUDGET, run=BUDGET, usual=BUDGET)


class Crash(BaseException):
    """The process is gone: nothing catches that."""


@dataclass
class Brittle:
    """A ledger whose user dies when it is called once more than it has *calls* left; the last call's effect stands."""

    ledger: Any
    calls: int

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            result = getattr(self.ledger, name)(*given, **named)
            self.calls -= 1
            if self.calls < 0:
                raise Crash
            return result

        return call


@dataclass
class World:
    """What executors share."""

    ledger: Ledger
    tenant: str
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    clock: ManualClock = field(default_factory=ManualClock)
    billed: dict[Branch, int] = field(default_factory=dict)
    """What the provider really charges for, call by call."""
    stopped: set[str] = field(default_factory=set)
    """Runs whose stop or end was acknowledged."""
    halted: set[tuple[str, str]] = field(default_factory=set)
    """Runs and the agents whose halt there was acknowledged."""

    def entries(self, branch: Branch) -> list[Entry]:
        return list(self.journal.read(branch))

    def account(self, name: str) -> Account:
        found = self.ledger.account(self.tenant, name)
        assert found is not None, name
        return found


@dataclass
class Executor:
    """One executor of a branch, by the contract of the ledger; each ``next`` of its work is one thing that cannot be divided."""

    world: World
    branch: Branch
    settles: bool
    """Whether a new one settles what the one before it left, or leaves it to the sweeper."""
    agent: str = ""
    draw: Any = None
    work: Iterator[None] | None = None
    deadline: int = 0

    def act(self, amount: int, cost: int, how: str) -> None:
        self.given = (amount, min(cost, amount), how)
        if self.work is None or self.world.clock.now > self.deadline:
            self.deadline = self.world.clock.now + INVOCATION
            self.work = self._turn()
        try:
            next(self.work)
        except (StopIteration, Fenced, BudgetExhausted, RunStopped, AgentStopped):
            self.work = None

    def _turn(self) -> Iterator[None]:
        world, entries = self.world, self.world.entries(self.branch)
        pen = Pen(journal=world.journal, branch=self.branch, clock=world.clock, head=after(entries))
        yield
        if entries and isinstance(call := entries[-1].body, ModelCall):
            entries.append(pen.write(ModelFailed(model="m", error="Lost", message=""), cost=call.reserved))
            yield
        due = dict(self._costs(entries)) if self.settles else {}
        for _ in range(3):
            number, (amount, _, how) = pen.head.number, self.given
            world.ledger.reserve(self.branch, number, amount, until=self.deadline + GRACE, settle=due, agent=self.agent)
            assert self.branch.run not in world.stopped, "reserved after the stop was acknowledged"
            assert (self.branch.run, self.agent) not in world.halted, "reserved after the halt was acknowledged"
            due = {}
            yield
            if how == "other":  # something else turned out to be next
                pen.write(Note(kind="usage", text=""))
                yield
                continue
            pen.write(ModelCall(model="m", step=0, reserved=amount))
            yield
            cost, how = min(self.given[1], amount), self.given[2]
            if how != "unbilled":
                world.billed[self.branch] = world.billed.get(self.branch, 0) + cost
            yield
            if how == "reply":
                due = {number: pen.write(ModelReply(model="m", text="", calls=(), stop="end"), cost=cost).cost}
            else:
                charged = 0 if how == "unbilled" else amount
                due = {number: pen.write(ModelFailed(model="m", error="ModelUnavailable", message=""), cost=charged).cost}
            yield
        world.ledger.settle(self.branch, due)

    @staticmethod
    def _costs(entries: list[Entry]) -> Iterator[tuple[int, int]]:
        for entry, following in pairwise(entries):
            if isinstance(entry.body, ModelCall):
                yield entry.number, following.cost


class Money(RuleBasedStateMachine):
    """Two runs of one tenant, one with a second branch; two executors of each branch, of one agent each."""

    def ledger(self) -> Ledger:
        """The ledger under test."""
        return MemoryLedger(DAY)

    @initialize(settles=st.lists(st.booleans(), min_size=6, max_size=6))
    def begin(self, settles: list[bool]) -> None:
        self.world = World(ledger=self.ledger(), tenant=f"t-{uuid.uuid4().hex[:12]}")
        world, self.runs, self.workflows = self.world, MemoryRuns(), MemoryWorkflows()
        self.branches = [Branch(tenant=world.tenant, run=run) for run in RUNS]
        for branch in self.branches:
            record = Run(tenant=world.tenant, run=branch.run, workflow="w", submitter="s", digest="", created_at=world.clock.now)
            self.runs.create(record)
            self.runs.started(world.tenant, branch.run, self.workflows.start("w", branch.run, {}))
            for _ in range(2):  # the first answer was lost
                world.ledger.open(branch, BUDGET, now=world.clock.now)
        self.branches.append(Branch(tenant=world.tenant, run=RUNS[0], path="side"))
        for _ in range(2):
            world.ledger.open_branch(self.branches[2], SHARE)
        agents = ["first"] * 3 + ["second"] * 3
        self.executors = [Executor(world, *one) for one in zip(self.branches * 2, settles, agents, strict=True)]
        self.day, self.limit, self.attempts = day(world.clock.now), DAY.day, dict.fromkeys(RUNS, 0)

    @rule(
        which=st.integers(0, 5),
        amount=st.integers(1, 400),
        cost=st.integers(0, 400),
        how=st.sampled_from(["reply", "reply", "failed", "unbilled", "other"]),
        times=st.integers(1, 8),
    )
    def act(self, which: int, amount: int, cost: int, how: str, times: int) -> None:
        for _ in range(times):
            self.executors[which].act(amount, cost, how)
            self.every_account_adds_up()

    @rule(which=st.integers(0, 2), turns=st.lists(st.booleans(), min_size=4, max_size=16), amount=st.integers(1, 60))
    def act_side_by_side(self, which: int, turns: list[bool], amount: int) -> None:
        for first in turns:
            self.executors[which if first else which + 3].act(amount, amount // 2 + 1, "reply")

    @rule(which=st.integers(0, 5))
    def crash(self, which: int) -> None:
        self.executors[which].work = None

    @rule(milliseconds=st.sampled_from([1, INVOCATION // 2, INVOCATION + GRACE + 1]))
    def pass_time(self, milliseconds: int) -> None:
        self.world.clock.pause(milliseconds)

    @rule(calls=st.integers(0, 5))
    def sweep(self, calls: int) -> None:
        world = self.world
        sweeper = Sweeper(
            ledger=Brittle(world.ledger, calls),
            journal=world.journal,
            runs=self.runs,
            unsealed=MemoryUnsealed(self.runs),
            workflows=self.workflows,
            clock=world.clock,
        )
        try:
            sweeper.sweep()
        except Crash:
            return

    @precondition(lambda self: hasattr(self, "world"))
    @rule(run=st.sampled_from(RUNS))
    def stop(self, run: str) -> None:
        self.world.ledger.stop(self.world.tenant, run, "because")
        self.world.stopped.add(run)

    @precondition(lambda self: hasattr(self, "world"))
    @rule(run=st.sampled_from(RUNS), agent=st.sampled_from(["first", "second"]))
    def halt(self, run: str, agent: str) -> None:
        self.world.ledger.halt(self.world.tenant, run, agent, "because")
        self.world.halted.add((run, agent))

    @precondition(lambda self: hasattr(self, "world"))
    @rule(run=st.sampled_from(RUNS))
    def restart(self, run: str) -> None:
        """An ended run goes on, of whose calls none may be under way."""
        world, main = self.world, Branch(tenant=self.world.tenant, run=run)
        if not world.account(of_run(run)).closed:
            return
        for one in self.executors:
            one.work = None if one.branch.run == run else one.work
        try:
            for _ in range(2):  # the first answer was lost
                world.ledger.reopen(main, BUDGET, now=world.clock.now)
        except BudgetExhausted:
            return
        self.attempts[run] += 1
        name = f"{run}.{self.attempts[run]}"
        self.workflows.start("w", name, {})
        execution = self.workflows.execution("w", name)
        self.runs.restart(world.tenant, run, attempt=self.attempts[run], at=world.clock.now, execution=execution)
        world.stopped.discard(run)
        world.halted -= {(run, "first"), (run, "second")}
        if run == RUNS[0]:
            world.ledger.open_branch(self.branches[2], SHARE)

    @rule(run=st.sampled_from(RUNS), noticed=st.sampled_from(["not at all", "by who breaks off", "by who closes it"]))
    def end(self, run: str, noticed: str) -> None:
        self.runs.close(self.world.tenant, run, status="stopped", ended_at=self.world.clock.now)
        if noticed != "not at all":
            self.world.ledger.end(self.world.tenant, run)
        if noticed == "by who closes it":
            self.world.ledger.close(self.world.tenant, run)
            self.world.stopped.add(run)

    @precondition(lambda self: hasattr(self, "world"))
    @rule(limit=st.integers(0, 3 * BUDGET))
    def change_the_days_limit(self, limit: int) -> None:
        self.world.ledger.set_budgets(self.world.tenant, replace(DAY, day=limit), now=self.world.clock.now)
        self.limit = limit

    @invariant()
    def every_account_adds_up(self) -> None:
        if not hasattr(self, "world"):
            return
        names = [self.day, *map(of_run, RUNS), *(of_branch(branch.run, branch.path) for branch in self.branches)]
        accounts = {name: self.world.account(name) for name in names}
        for account in accounts.values():
            assert account.limit == account.spent + account.reserved + account.available, account
            assert min(account.limit, account.spent, account.reserved, account.available) >= 0, account
        whole, runs, branches = accounts[self.day], [accounts[of_run(run)] for run in RUNS], list(accounts.values())[3:]
        assert whole.limit == max(self.limit, whole.spent + whole.reserved), "more may be given out than the day's limit"
        assert whole.reserved == sum(run.limit for run in runs if not run.closed)
        for branch, account in zip(self.branches, branches, strict=True):
            assert account.reserved == sum(account.reservations.values())
            assert bool(account.reservations) <= bool(account.until), "nobody would ever look"
            assert account.spent + account.past <= sum(entry.cost for entry in self.world.entries(branch))
            assert self.world.billed.get(branch, 0) <= BUDGET * (1 + self.attempts[branch.run])
        for run in runs:
            held = [one.limit for one in branches if one.name.split("/")[1] == run.name.split("/")[1] and not one.closed]
            assert run.closed or run.reserved == sum(held)
        listed = [one.run for one in self.world.ledger.running(self.world.tenant)]
        assert listed == [run for run, account in zip(RUNS, runs, strict=True) if not account.ended], "the list of what runs is not exact"
        assert self.world.ledger.tenants()[self.world.tenant] == len(listed)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        for run in RUNS:
            self.runs.close(world.tenant, run, status="failed", ended_at=world.clock.now)
            world.ledger.close(world.tenant, run)
        for _ in range(3):  # leases pass, branches are settled, their runs are closed
            world.clock.pause(10 * (INVOCATION + GRACE))
            Sweeper(
                ledger=world.ledger,
                journal=world.journal,
                runs=self.runs,
                unsealed=MemoryUnsealed(self.runs),
                workflows=self.workflows,
                clock=world.clock,
            ).sweep()
        for branch in self.branches:
            account = world.account(of_branch(branch.run, branch.path))
            spent = account.spent + account.past
            assert spent == sum(entry.cost for entry in world.entries(branch)), "the journal and the ledger differ"
            assert spent >= world.billed.get(branch, 0)
            assert account.closed
        whole = world.account(self.day)
        runs = [world.account(of_run(run)) for run in RUNS]
        assert all(run.closed for run in runs)
        assert whole.spent == sum(run.spent + run.past for run in runs)
        assert whole.spent == sum(entry.cost for branch in self.branches for entry in world.entries(branch))
        assert (whole.reserved, whole.available) == (0, max(0, self.limit - whole.spent)), "something leaked"
        assert not [place for place, _ in world.ledger.lapsed(now=world.clock.now, limit=1_000) if place.tenant == world.tenant]
