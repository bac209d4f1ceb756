"""The step that chooses: gathers what is known of the candidates, decides, writes it into the journal, and counts it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from septet.core.choices import Choices, Loads, Past
from septet.core.entries import Body, Entry, Routed
from septet.core.errors import InputRejected
from septet.core.frozen import frozen
from septet.orchestration.choosing import CERTAIN, Candidate, choose, confidence, drawn, told
from septet.orchestration.mainline import Mainline
from septet.orchestration.routes import Routes, Worker
from septet.orchestration.since import pending, workflow

SKILL, POOL = "skill", "pool"
FULL = 600
"""Choices in two minutes after which another agent with the skill is preferred."""
Sick = Callable[[Collection[str]], Collection[str]]
"""Of models, by their ids, those that are not to be called now."""


@frozen
class Wish:
    """What a workflow asks for."""

    purpose: str
    """``skill`` or ``pool``."""
    of: str
    """Which."""
    confidence: Any = CERTAIN
    """How sure whoever named the skill was, in percent: as an agent said it."""
    least: int = 0
    """Below that nobody is chosen: the workflow goes its other way."""

    def __post_init__(self) -> None:
        if self.purpose not in {SKILL, POOL} or not isinstance(self.of, str):
            raise InputRejected(
                "say which skill, or which pool; the event of choose_agent is {tenant, run, skill, confidence, least} or {…, pool}"
            )
        if type(self.least) is not int or not 0 <= self.least <= CERTAIN:
            raise InputRejected(f"least must be a whole number from 0 to 100, not {self.least!r}")


@frozen
class Selector:
    """What a choice is made with."""

    routes: Routes
    choices: Choices
    loads: Loads
    sick: Sick

    def select(self, line: Mainline, wish: Wish, stopped: Collection[str]) -> str:
        """The agent that is to work, which stands in the journal when this returns; empty for the workflow's other way.

        *stopped* are agents that an operator stopped. Asked again before anybody works, it is the same. Raises StoreUnavailable, Fenced.
        """

        def make(entries: Sequence[Entry]) -> tuple[Body, Mapping[str, str]]:
            sure = confidence(wish.confidence)
            if sure < wish.least:
                rationale: dict[str, Any] = {"confidence": round(sure), "least": wish.least, "why": "not sure enough"}
                return Routed(purpose=wish.purpose, of=wish.of, to="", error="", rationale=rationale), {}
            candidates = self._candidates(line, wish, workflow(entries), stopped)
            found = choose(candidates, drawn(line.branch.tenant, line.branch.run, line.branch.path, wish.purpose, wish.of))
            rationale = {"confidence": round(sure), "least": wish.least, "why": found.why, "candidates": told(candidates)}
            return Routed(purpose=wish.purpose, of=wish.of, to=found.agent, error="", rationale=rationale), {}

        body = line.once(lambda entries: pending(entries, wish.purpose, wish.of), make).body
        if not isinstance(body, Routed):  # what is found or made is one
            raise TypeError(body)
        if body.to:
            self.choices.awaiting(line.branch.tenant, line.branch.run, now=line.clock())
            self.loads.chosen(body.to, now=line.clock())
        return body.to

    def _candidates(self, line: Mainline, wish: Wish, name: str, stopped: Collection[str]) -> list[Candidate]:
        workers = self._workers(wish, name)
        if not workers:
            return []
        now = line.clock()
        pasts = self.choices.pasts(line.branch.tenant, wish.of)
        loads = self.loads.of([worker.name for worker in workers], now=now)
        sick = frozenset(self.sick({model for worker in workers for model in worker.models}))
        full = self.routes.pools[wish.of].full if wish.purpose == POOL else FULL
        return [
            Candidate(
                agent=worker.name,
                price=worker.price,
                stopped=worker.name in stopped,
                sick=sick.issuperset(worker.models),
                load=loads[worker.name],
                full=loads[worker.name] >= full,
                good=(past := pasts.get(worker.name, Past()).faded(now)).good,
                bad=past.bad,
            )
            for worker in workers
        ]

    def _workers(self, wish: Wish, name: str) -> list[Worker]:
        """Those who have the skill, or are in the pool, and whom the workflow can call."""
        flow = self.routes.flows.get(name)
        called = frozenset(flow.agents) if flow else frozenset[str]()
        if wish.purpose == POOL:
            pool = self.routes.pools.get(wish.of)
            if pool is None:
                raise InputRejected(f"there is no pool {wish.of!r} in policies/pools.toml")
            return [self.routes.workers[one] for one in pool.agents if one in called]
        return [worker for worker in self.routes.workers.values() if worker.name in called and wish.of in worker.skills]
