"""A run in memory that is about to be parted: its planner has asked questions."""

from collections.abc import Callable
from copy import replace
from typing import Any

from septet.core.entries import Answer, Body, Request
from septet.core.journal import Branch, Pen, after
from septet.core.runs import Run
from septet.integration.copying import copies
from septet.local.approvals import MemoryExecutions
from septet.local.journal import MemoryJournal
from septet.local.ledger import MemoryLedger
from septet.local.runs import MemoryRuns
from septet.local.waits import MemoryWaits
from septet.orchestration.claiming import Claimer
from septet.orchestration.comparing import Comparer
from septet.orchestration.ends import Ends
from septet.orchestration.parting import Parter, Parting
from septet.orchestration.resolution import Resolver

MAIN = Branch(tenant="acme", run="run-1")
PARTING = Parting(step="specialists", agent="planner", field="questions", most=4, percent=60)
QUESTIONS = ["What is it?", "Who made it?", {"when": "was it made?"}]


class World:
    """A run and its stores; *around* may wrap each of them."""

    def __init__(self, questions: Any = QUESTIONS, *, budget: int = 1_000_000, around: Callable[[Any], Any] = lambda store: store) -> None:
        self.time = 1_000
        plain, ledger, runs = MemoryJournal(), MemoryLedger(), MemoryRuns()
        runs.create(Run(tenant="acme", run="run-1", workflow="research", submitter="ann", digest="", created_at=1))
        ledger.open(MAIN, budget, now=1_000)
        self.journal: Any = plain
        self.write(MAIN, Request(workflow="research", input={"topic": "t", "one": "Is it so?"}, submitter="ann"))
        self.write(MAIN, Answer(value={"questions": questions}), agent="planner")
        self.journal = around(plain)
        self.ledger = around(ledger)
        self.runs = around(runs)
        self.clock = lambda: self.time

    def part(self, parting: Parting = PARTING) -> tuple[str, ...]:
        return self.parter.part(MAIN, parting)

    @property
    def parter(self) -> Parter:
        return Parter(journal=self.journal, ledger=self.ledger, runs=self.runs, clock=self.clock)

    @property
    def ends(self) -> Ends:
        return Ends(journal=self.journal, ledger=self.ledger)

    @property
    def resolver(self) -> Resolver:
        return Resolver(journal=self.journal, ends=self.ends, clock=self.clock)

    @property
    def claimer(self) -> Claimer:
        return Claimer(
            journal=self.journal, ledger=self.ledger, ends=self.ends, waits=MemoryWaits(), executions=MemoryExecutions(), clock=self.clock
        )

    @property
    def comparer(self) -> Comparer:
        return Comparer(parter=self.parter, ends=self.ends)

    def branch(self, path: str) -> Branch:
        return Branch(tenant="acme", run="run-1", path=path)

    def bodies(self, path: str = "main") -> list[Body]:
        return [entry.body for entry in self.journal.read(self.branch(path))]

    def write(self, branch: Branch, body: Body, *, agent: str = "specialist") -> None:
        head = after(self.journal.read(branch))
        Pen(journal=self.journal, branch=branch, clock=lambda: 1, head=head, agent=agent, turn=agent).write(body)


def forked(world: World, paths: tuple[str, ...]) -> Branch:
    """What a fork of the whole run leaves: copies of its journals, and an account of ``main`` alone. Returns its ``main``."""
    main = replace(MAIN, run="run-2")
    world.runs.create(Run(tenant="acme", run="run-2", workflow="research", submitter="ann", digest="", created_at=1, origin="run-1"))
    world.ledger.open(main, 1_000_000, now=1_000)
    world.runs.part("acme", "run-2", paths)
    for path in ("main", *paths):
        pen = Pen(journal=world.journal, branch=replace(main, path=path), clock=world.clock, head=after(()))
        for one in copies(list(world.journal.read(world.branch(path)))):
            pen.agent, pen.turn = one.agent, one.turn
            pen.write(one.body, labels=one.labels)
    return main
