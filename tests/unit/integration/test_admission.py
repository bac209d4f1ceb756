"""The rule of who is let in, as properties, and as thousands of submissions on a virtual clock."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from septet.core.errors import Overloaded
from septet.core.ledger import Budgets
from septet.core.runs import Run
from septet.integration.admission import AGAIN_SECONDS, allowed, share
from septet.integration.opening import Gate
from septet.local.ledger import MemoryLedger
from septet.local.runs import MemoryRuns
from septet.local.stops import MemoryStops
from tests.unit.strategies import quick

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = (Path(__file__).parents[3] / "docs/admission.md").read_text()
ROW = re.compile(r"^\| ?(.*?) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
"""Of the page's one table with four columns."""
TENANTS = tuple("abcdef")
loads = st.dictionaries(st.sampled_from(TENANTS), st.integers(0, 40), max_size=6)
capacities = st.integers(1, 60)
tenants = st.sampled_from(TENANTS)


@quick
@given(tenants, loads, capacities)
def test_whoever_is_below_its_share_is_let_in_however_much_the_others_run(tenant: str, running: dict[str, int], capacity: int) -> None:
    assert allowed(tenant, running, capacity) >= share(tenant, running, capacity) >= 1


@quick
@given(tenants, loads, capacities)
def test_nothing_lies_idle_while_somebody_asks_for_it(tenant: str, running: dict[str, int], capacity: int) -> None:
    if sum(running.values()) < capacity:
        assert running.get(tenant, 0) < allowed(tenant, running, capacity)


def test_what_the_others_leave_may_be_had_beyond_a_share() -> None:
    assert share("a", {"a": 1, "b": 1}, 9) == 4
    assert allowed("a", {"a": 1, "b": 1}, 9) == 8


@quick
@given(tenants, loads, capacities)
def test_while_the_platform_is_full_nobody_gets_more_than_its_share(tenant: str, running: dict[str, int], capacity: int) -> None:
    if sum(running.values()) >= capacity and running.get(tenant, 0) >= share(tenant, running, capacity):
        assert running.get(tenant, 0) >= allowed(tenant, running, capacity)


@quick
@given(st.lists(st.tuples(tenants, st.booleans()), max_size=300), capacities)
def test_what_is_held_within_shares_never_exceeds_the_capacity(moves: list[tuple[str, bool]], capacity: int) -> None:
    """Above capacity is only what somebody holds beyond a share since before the others came, and that only ever shrinks."""
    running: dict[str, int] = {}
    for tenant, comes in moves:
        before = sum(running.values())
        if not comes:
            running[tenant] = max(0, running.get(tenant, 0) - 1)
        elif running.get(tenant, 0) < allowed(tenant, running, capacity):
            running[tenant] = running.get(tenant, 0) + 1
            assert before < capacity or running[tenant] <= share(tenant, running, capacity)
        active = [one for one in running if running[one]]
        within = sum(min(running[one], share(one, running, capacity)) for one in active)
        assert within <= max(capacity, len(active))


@quick
@given(loads, capacities)
def test_somebody_who_runs_nothing_is_always_let_in(running: dict[str, int], capacity: int) -> None:
    assert allowed("newcomer", running, capacity) >= 1


@dataclass(kw_only=True)
class Wish:
    """A run that somebody wants."""

    tenant: str
    run: str
    asked: int
    work: float = 20.0
    """Seconds that it takes on a platform that has room for it."""
    next: int = 0
    """The second of its next attempt."""
    begun: int = -1
    ended: int = -1


@dataclass(kw_only=True)
class World:
    """A platform that is as fast as its capacity: of twice as many runs each takes twice as long. Steps of a second; the real gate."""

    capacity: int
    guarded: bool = True
    now: int = 0
    most: int = 0
    wishes: list[Wish] = field(default_factory=list)
    waiting: list[Wish] = field(default_factory=list)
    running: list[Wish] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(Budgets(day=10**12, run=10**6, usual=1))
        capacity = self.capacity if self.guarded else 10**9
        self.gate = Gate(ledger=self.ledger, runs=MemoryRuns(), stops=MemoryStops(), capacity=capacity, clock=lambda: self.now * 1000)

    def ask(self, tenant: str, number: int) -> None:
        for _ in range(number):
            wish = Wish(tenant=tenant, run=f"run-{len(self.wishes)}", asked=self.now, next=self.now)
            self.wishes.append(wish)
            self.waiting.append(wish)

    def step(self) -> None:
        for wish in [one for one in self.waiting if one.next <= self.now]:
            record = Run(tenant=wish.tenant, run=wish.run, workflow="w", submitter="s", digest="", created_at=0, budget=1)
            try:
                self.gate.admit(record)
                wish.begun = self.now
                self.running.append(wish)
            except Overloaded:
                wish.next = self.now + AGAIN_SECONDS
        self.waiting = [one for one in self.waiting if one.begun < 0]
        self.most, speed = max(self.most, len(self.running)), min(1.0, self.capacity / max(1, len(self.running)))
        for wish in self.running:
            wish.work -= speed
            if wish.work <= 0:
                wish.ended = self.now + 1
                self.ledger.close(wish.tenant, wish.run)
        self.running = [one for one in self.running if one.ended < 0]
        self.now += 1

    def took(self, tenant: str) -> list[int]:
        return [one.ended - one.asked for one in self.wishes if one.tenant == tenant]

    def waited(self, tenant: str) -> list[int]:
        return [one.begun - one.asked for one in self.wishes if one.tenant == tenant]


@cache
def played(*, flood: int, guarded: bool = True) -> World:
    """Four tenants with a run every ten seconds each; a fifth that wants *flood* runs at once, and as many again every minute."""
    world, chance = World(capacity=40, guarded=guarded), random.Random(5)  # noqa: S311 -- the same story every time
    for second in range(300):
        if second % 60 == 10:
            world.ask("flood", flood)
        for tenant in TENANTS[:4]:
            if chance.random() < 0.1:
                world.ask(tenant, 1)
        world.step()
    while world.waiting or world.running:
        world.step()
    return world


def test_a_flood_of_one_tenant_delays_the_others_by_no_more_than_its_share() -> None:
    calm, flooded, open_door = played(flood=0), played(flood=500), played(flood=500, guarded=False)
    assert sum(one.tenant == "flood" for one in flooded.wishes) == 2_500
    for tenant in TENANTS[:4]:
        assert set(flooded.waited(tenant)) == {0}, "whoever is below its share is let in at once"
        assert median(flooded.took(tenant)) <= 1.25 * median(calm.took(tenant))
        assert max(flooded.took(tenant)) <= 1.5 * max(calm.took(tenant))
        assert median(open_door.took(tenant)) > 10 * median(calm.took(tenant)), "without the gate the others pay for the flood"
    assert flooded.most <= 40 + 4 * (40 // 2), "a full platform, and others within their shares"


def test_a_flood_loses_nothing_and_has_all_that_the_others_leave() -> None:
    world = played(flood=500)
    assert all(one.ended > 0 for one in world.wishes), "every run that was refused was let in when it came again"
    assert world.ledger.tenants() == dict.fromkeys(["flood", *TENANTS[:4]], 0)
    work = 20 * len(world.wishes) / world.capacity
    assert world.now <= 1.35 * work + 60, "the platform was busy all the time"


def test_ten_floods_have_the_same_each() -> None:
    world = World(capacity=40)
    for _ in range(200):
        for number in range(10):
            world.ask(f"t-{number}", 1)
        world.step()
    begun = [sum(one.tenant == f"t-{number}" and one.begun >= 0 for one in world.wishes) for number in range(10)]
    assert min(begun) >= 0.8 * max(begun)


def test_the_page_tells_what_this_story_comes_to() -> None:
    """The table of docs/admission.md, figure by figure."""
    stories = played(flood=0), played(flood=500), played(flood=500, guarded=False)
    waited, took = (
        [[seconds for one in TENANTS[:4] for seconds in of(story, one)] for story in stories] for of in (World.waited, World.took)
    )
    found = {
        "the others' wait to be let in": [f"{max(one)} s" for one in waited],
        "the others' runs, median": [f"{median(one):.0f} s" for one in took],
        "the others' slowest run": [f"{max(one)} s" for one in took],
        "open at once, at most": [str(story.most) for story in stories],
    }
    header, _, *rows = ROW.findall(PAGE)
    assert header == ("", "without a flood", "with it", "with it, and no admission")
    assert {name: figures for name, *figures in rows} == found


def test_tenants_that_ask_in_the_same_moment_may_each_fill_what_they_read_as_free_and_no_more() -> None:
    """What docs/admission.md says is not exact: the others' counts are read before the accounts open."""
    ledger, runs = MemoryLedger(Budgets(day=10**9, run=10**6, usual=10**3)), MemoryRuns()
    read = ledger.tenants()

    class Stale:
        """The ledger, for those whose reading of the loads is of the moment before."""

        def __getattr__(self, name: str) -> object:
            return getattr(ledger, name)

        def tenants(self) -> Mapping[str, int]:
            return read

    def asks(tenant: str, number: int, *, stale: bool) -> bool:
        gate = Gate(ledger=Stale() if stale else ledger, runs=runs, stops=MemoryStops(), capacity=10, clock=lambda: 0)  # type: ignore[arg-type]  # it stands for the ledger
        try:
            gate.admit(Run(tenant=tenant, run=f"{tenant}-{number}", workflow="w", submitter="s", digest="", created_at=0, budget=1))
        except Overloaded:
            return False
        return True

    let_in = {tenant: sum(asks(tenant, number, stale=True) for number in range(50)) for tenant in "ab"}
    assert let_in == {"a": 10, "b": 10}, "each what it read as free, exactly"
    assert not any(asks(tenant, 99, stale=False) for tenant in "ab"), "and nobody more while that is so"
    for number in range(6):
        ledger.close("a", f"a-{number}")
    assert asks("a", 100, stale=False), "below its share it is let in"
    assert not asks("b", 100, stale=False)
