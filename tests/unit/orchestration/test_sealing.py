from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import replace
from dataclasses import dataclass, field
from itertools import count
from threading import Barrier
from typing import Any

import pytest

from septet.core.auditing import Chain
from septet.core.entries import Note
from septet.core.journal import Branch, Pen, after
from septet.core.runs import Run
from septet.core.seals import Leaf, hour
from septet.integration.budgets import history
from septet.local.clock import ManualClock
from septet.local.journal import MemoryJournal
from septet.local.runs import MemoryRuns
from septet.local.seals import MemoryKey, MemorySeals, MemoryUnsealed
from septet.orchestration import sealing
from septet.orchestration.sealing import LEAVES, QUIET, Sealed, Sealer
from tests.unit.perils import Fuse, Killed, Perilous

HOUR = 3_600_000


@dataclass
class World:
    """A journal, and everything that a sealer needs."""

    journal: MemoryJournal = field(default_factory=MemoryJournal)
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    seals: MemorySeals = field(default_factory=MemorySeals)
    key: MemoryKey = field(default_factory=MemoryKey)
    clock: ManualClock = field(default_factory=ManualClock)

    @property
    def unsealed(self) -> MemoryUnsealed:
        return MemoryUnsealed(self.runs)

    def sealer(self, fuse: Fuse | None = None) -> Sealer:
        ports: dict[str, Any] = {"heads": self.journal, "unsealed": self.unsealed, "seals": self.seals}
        if fuse:
            ports = {name: Perilous(port, fuse) for name, port in ports.items()}
        return Sealer(**ports, signer=self.key, clock=self.clock)

    def seal(self) -> Sealed:
        return self.sealer().seal(lambda: True)

    def start(self, run: str, *, tenant: str = "acme", entries: int = 1) -> Branch:
        self.runs.create(Run(tenant=tenant, run=run, workflow="w", submitter="s", digest="", created_at=self.clock()))
        branch = Branch(tenant=tenant, run=run)
        self.write(branch, entries)
        return branch

    def write(self, branch: Branch, entries: int = 1) -> None:
        pen = Pen(journal=self.journal, branch=branch, clock=self.clock, head=after(self.journal.read(branch)))
        for _ in range(entries):
            pen.write(Note(kind="usage", text="x"))

    def end(self, branch: Branch) -> None:
        self.runs.close(branch.tenant, branch.run, status="succeeded", ended_at=self.clock())

    def made(self, tenant: str = "acme") -> list[dict[str, int]]:
        """Of each seal, the entries that it says each run has."""
        names = self.seals.names(tenant, limit=10_000)
        found = [self.seals.get(tenant, name) for name in names]
        return [{leaf.run: leaf.number + 1 for leaf in one.leaves} for one in found if one]

    def check(self, tenant: str = "acme") -> Chain:
        """The chain of seals, which has to be sound."""
        public = self.key._private.public_key()  # type: ignore[attr-defined]  # the double's own
        chain = Chain(tenant=tenant, signed=lambda statement, signature: _verified(public, statement, signature))
        for name in self.seals.names(tenant, limit=10_000):
            chain.add(name, self.seals.get(tenant, name))
        assert not chain.findings
        return chain


def _verified(public: Any, statement: bytes, signature: bytes) -> bool:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 -- used here alone
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 -- as above

    public.verify(signature, statement, ec.ECDSA(hashes.SHA256()))
    return True


@pytest.fixture
def world() -> World:
    return World()


def test_an_hour_s_seal_says_where_each_branch_has_come_to(world: World) -> None:
    first = world.start("run-1", entries=3)
    world.start("run-2")
    world.write(history("acme"), 2)
    assert world.seal() == Sealed(seals=1, leaves=3)
    (seal,) = world.seals.kept.values()
    assert seal.statement.name == f"{hour(world.clock())}-000"
    last = list(world.journal.read(first))[-1]
    assert Leaf(run="run-1", path="main", number=2, hash=last.hash) in seal.leaves
    assert world.made() == [{"budget": 2, "run-1": 3, "run-2": 1}]
    world.check()


def test_an_hour_is_sealed_once(world: World) -> None:
    branch = world.start("run-1")
    world.seal()
    world.write(branch)
    assert world.seal() == Sealed()
    world.clock.pause(HOUR)
    assert world.seal().seals == 1
    assert world.made() == [{"run-1": 1}, {"run-1": 2}]
    assert world.check().seals == 2


def test_hours_that_nobody_sealed_are_caught_up_with(world: World) -> None:
    branch = world.start("run-1")
    world.seal()
    world.write(branch)
    world.end(branch)
    world.clock.pause(50 * HOUR)
    world.seal()
    assert world.made() == [{"run-1": 1}, {"run-1": 2}]
    world.check()


def test_where_nothing_has_changed_no_seal_is_made(world: World) -> None:
    world.start("run-1")
    world.seal()
    world.clock.pause(HOUR)
    assert world.seal() == Sealed()


def test_a_run_leaves_the_list_when_it_has_been_over_for_a_while(world: World) -> None:
    branch = world.start("run-1")
    world.end(branch)
    world.seal()
    assert world.unsealed.tenant_after("") == "acme"
    world.write(branch)  # a worker that was slow
    world.clock.pause(QUIET)
    world.seal()
    assert world.unsealed.tenant_after("") is None
    assert world.made() == [{"run-1": 1}, {"run-1": 2}]
    assert world.runs.records["acme", "run-1"].sealed == f"{hour(world.clock())}-000"


def test_a_run_that_goes_on_stays_on_the_list(world: World) -> None:
    world.start("run-1")
    world.clock.pause(90 * HOUR)
    world.seal()
    assert world.unsealed.tenant_after("") == "acme"


def test_a_run_that_is_put_on_the_list_while_it_is_sealed_stays_there(world: World) -> None:
    branch = world.start("run-1")
    world.end(branch)
    world.clock.pause(QUIET)
    (listed,) = world.unsealed.runs("acme", limit=1)
    world.unsealed.again("acme", "run-1")
    world.unsealed.sealed(listed, "a name")
    assert world.unsealed.tenant_after("") == "acme"
    assert not world.runs.records["acme", "run-1"].sealed


def test_changes_of_limits_are_sealed_when_no_run_is(world: World) -> None:
    branch = world.start("run-1")
    world.end(branch)
    world.clock.pause(QUIET)
    world.seal()
    world.write(history("acme"))
    world.clock.pause(HOUR)
    assert world.seal().seals == 1
    assert world.made()[-1] == {"budget": 1}


def test_each_tenant_has_its_own_seals(world: World) -> None:
    for tenant in ("acme", "acme-2", "b", "zoo"):
        world.start("run-1", tenant=tenant)
    assert world.seal().seals == 4
    for tenant in ("acme", "acme-2", "b", "zoo"):
        assert world.check(tenant).seals == 1


def test_no_tenant_is_passed_over_whose_name_sorts_otherwise_than_its_folder(world: World) -> None:
    """``acme-2/`` sorts before ``acme/``, though ``acme`` sorts before ``acme-2``."""
    done = world.start("run-1", tenant="acme-2")
    world.end(done)
    world.clock.pause(QUIET)
    world.seal()
    world.write(history("acme-2"))  # nothing but its seals tells of it now
    world.start("run-1")
    world.clock.pause(HOUR)
    assert world.seal().seals == 2


def test_a_tenant_that_cannot_be_sealed_keeps_no_other_waiting(world: World) -> None:
    class Broken(MemoryJournal):
        def last(self, branch: Branch) -> tuple[int, str] | None:
            if branch.tenant == "acme":
                raise RuntimeError("not now")
            return super().last(branch)

    world.journal = Broken()
    world.start("run-1")
    world.start("run-1", tenant="zoo")
    assert world.seal() == Sealed(seals=1, leaves=1, failed=1)


def test_many_runs_take_several_seals_and_one_seal_s_work_is_bounded(world: World) -> None:
    for number in range(2 * LEAVES):
        world.start(f"run-{number:05}")
    assert world.seal() == Sealed(seals=2, leaves=2 * LEAVES)
    assert [len(one) for one in world.made()] == [LEAVES, LEAVES]
    assert world.check().seals == 2
    assert world.seal() == Sealed()


def test_when_there_is_no_more_time_the_next_call_goes_on_where_it_stopped(world: World) -> None:
    for number in range(LEAVES + 3):
        world.start(f"run-{number:05}")
    world.start("run-1", tenant="zoo")
    left = iter([True, True])
    assert world.sealer().seal(lambda: next(left, False)) == Sealed(seals=1, leaves=LEAVES, left=True)
    assert world.seal() == Sealed(seals=2, leaves=4)
    assert [len(one) for one in world.made()] == [LEAVES, 3]
    world.check()


def test_sealers_at_once_make_one_seal(world: World) -> None:
    for number in range(20):
        world.start(f"run-{number}")
    together = Barrier(8)

    def seal(_: int) -> Sealed:
        together.wait()
        return world.seal()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(seal, range(8)))
    assert sum(one.seals for one in made) == 1
    assert world.check().seals == 1


def test_a_sealer_that_finds_another_at_it_leaves_everything_to_that_one(world: World) -> None:
    class Taken(MemorySeals):
        def put(self, _: object) -> bool:
            return False

    branch = world.start("run-1")
    world.end(branch)
    world.clock.pause(QUIET)
    world.seals = Taken()
    assert world.seal() == Sealed()
    assert world.unsealed.tenant_after("") == "acme"


def test_a_clock_that_went_back_makes_no_seal_before_another(world: World) -> None:
    branch = world.start("run-1")
    world.clock.pause(5 * HOUR)
    world.seal()
    world.write(branch)
    world.clock.now -= 3 * HOUR
    assert world.seal() == Sealed()


def test_a_crash_anywhere_loses_nothing_and_makes_nothing_twice() -> None:
    for at in count():
        world = World()
        done = world.start("run-1")
        world.end(done)
        world.start("run-2")
        world.write(history("acme"))
        world.clock.pause(QUIET)
        fuse = Fuse(at=at)
        try:
            world.sealer(fuse).seal(lambda: True)
        except Killed:
            pass
        else:
            assert at > 10, "the fuse never went off"
            return
        world.seal()
        world.clock.pause(HOUR)
        world.write(Branch(tenant="acme", run="run-2"))
        world.seal()
        chain = world.check()
        assert chain.seals == 2
        assert [run.run.run for run in world.unsealed.runs("acme", limit=9)] == ["run-2"]
        sealed = {run: points[-1].number + 1 for (run, _), points in chain.points.items()}
        assert sealed == {"budget": 1, "run-1": 1, "run-2": 2}


def test_what_is_on_the_list_without_entries_ends_there(world: World) -> None:
    branch = world.start("run-1", entries=0)
    world.runs.records["acme", "run-1"] = replace(world.runs.records["acme", "run-1"], status="refused", ended_at=world.clock())
    assert branch
    world.clock.pause(QUIET)
    assert world.seal() == Sealed()
    assert world.unsealed.tenant_after("") is None


def test_the_time_that_is_waited_is_longer_than_any_function_lives() -> None:
    assert sealing.QUIET >= 4 * 15 * 60 * 1000
