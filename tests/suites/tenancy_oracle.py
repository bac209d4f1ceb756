"""What tells whether one tenant has reached another: in what is answered, and in what is stored."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from random import Random
from threading import Lock
from typing import Protocol

from tests.suites.tenancy_moves import ID, Book, Mover, Request

TOLD = (409, 429)
"""Statuses that say of what a path names that it is there."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, headers and body as text."""

    status: int
    headers: str
    body: str


class World(Protocol):
    """An API with its stores, and what happens behind it."""

    def send(self, request: Request) -> Answer:
        """Call the API as the request's sender."""
        ...

    def ask(self, tenant: str, marker: str) -> tuple[str, ...]:
        """Make a run of *tenant*'s that asks people, and return the ids of all; *marker* is in all of it."""
        ...

    def between(self) -> None:
        """What the platform does by itself now and then, while nobody acts."""
        ...

    def held(self, tenant: str) -> str:
        """Everything that is stored of *tenant*, in an order of its own: equal texts, equal items."""
        ...


@dataclass(kw_only=True)
class Found:
    """The tally."""

    operations: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    stolen: int = 0
    """Requests that named something of another tenant's."""
    reads: list[str] = field(default_factory=list)
    """A sentence for each answer that had something of another tenant's."""
    writes: list[str] = field(default_factory=list)
    """A sentence for each change of what belongs to a tenant that did nothing meanwhile, or that holds another's marker."""
    broken: list[str] = field(default_factory=list)
    """Answers of 500 and above."""


@dataclass(kw_only=True)
class Fuzz:
    """Tenants that act at the same time, some of them resting in turn."""

    world: World
    mover: Mover
    seed: int
    found: Found = field(default_factory=Found)
    _lock: Lock = field(default_factory=Lock)

    @property
    def book(self) -> Book:
        """What is whose."""
        return self.mover.book

    def run(self, operations: int, *, rounds: int) -> Found:
        """Do at least so many *operations* in *rounds*; in each, half of the tenants rest, and nothing of theirs may change."""
        dice = Random(self.seed)  # noqa: S311 -- the same requests in each run of the suite, as far as answers allow
        tenants = sorted(self.book.markers)
        for tenant in tenants:
            self._ask(tenant)
        awake_at_once = max(1, len(tenants) // 2)
        each = -(-operations // (rounds * awake_at_once))
        for number in range(rounds):
            awake = dice.sample(tenants, awake_at_once)
            self.world.between()
            before = {tenant: self.world.held(tenant) for tenant in tenants if tenant not in awake}
            with ThreadPoolExecutor(len(awake)) as pool:
                list(pool.map(partial(self._act, times=each, round_=number), awake))
            changed = [tenant for tenant, held in before.items() if self.world.held(tenant) != held]
            self.found.writes += [f"round {number}: {tenant} rested, and what is stored of it changed" for tenant in changed]
        self._look_through(tenants)
        return self.found

    def _act(self, tenant: str, *, times: int, round_: int) -> None:
        dice = Random(f"{self.seed} {round_} {tenant}")  # noqa: S311 -- as above
        which = Random(f"operations {self.seed} {round_} {tenant}")  # noqa: S311 -- as above
        for _ in range(times):
            request = self.mover.request(tenant, dice, which)
            self.judge(request, self.world.send(request))
        self._ask(tenant)

    def _ask(self, tenant: str) -> None:
        self.book.learn(tenant, self.world.ask(tenant, self.book.markers[tenant]), None)

    def judge(self, request: Request, answer: Answer) -> None:
        """Look for anything that is another tenant's, and learn what is the sender's own."""
        told, said = f"{answer.headers} {answer.body}", request.text
        others = {name: marker for name, marker in self.book.markers.items() if name != request.tenant}
        foreign = [text for pair in others.items() for text in pair if text in told and text not in said]
        ids = set(ID.findall(told))
        with self.book.lock:
            foreign += [one for one in ids if one not in said and self.book.owners.get(one, request.tenant) != request.tenant]
        well = 200 <= answer.status < 300
        if request.stolen and (well or answer.status in TOLD):
            foreign.append("an answer at all")
        if well:
            self.book.learn(request.tenant, sorted(ids), _next(answer.body))
        with self._lock:
            self.found.operations[request.operation] += 1
            self.found.statuses[answer.status] += 1
            self.found.stolen += request.stolen
            if foreign:
                self.found.reads.append(f"{request.tenant} got {', '.join(foreign)} from {request.method} {request.path}")
            if answer.status >= 500:
                self.found.broken.append(f"{answer.status} from {request.method} {request.path}: {answer.body[:300]}")

    def _look_through(self, tenants: list[str]) -> None:
        for tenant in tenants:
            held = self.world.held(tenant)
            strange = [name for name, marker in self.book.markers.items() if name != tenant and marker in held]
            self.found.writes += [f"what is stored of {tenant} holds the marker of {name}" for name in strange]


def _next(body: str) -> object:
    found = json.loads(body) if body.startswith("{") else {}
    return found.get("next")
