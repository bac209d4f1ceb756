"""What a run has cost by its cost records is what its accounts have spent, to the micro-dollar, whatever happened to it.

Whole games in one process: real turns over the doubles, whose processes are killed, overtaken and swept up after, in parallel branches,
restarts and forks, while the projector is rung at any moment. At the end all is closed, and three sums must be one.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from septet.core.entries import Request
from septet.core.errors import ContextOverflow, ModelThrottled, ModelUnavailable, SeptetError
from septet.core.journal import Branch, Pen, after, verify
from septet.core.ledger import LOOK_AFTER, of_run
from septet.core.money import Usage
from septet.core.runs import Run
from septet.execution.ports import ModelRequest, Reply, unbilled
from septet.integration.forking import Wanted, fork
from septet.integration.problems import Problem
from septet.integration.reading import report
from septet.integration.restarting import Wanted as Again
from septet.integration.restarting import restart
from septet.integration.submitting import Submission, submit
from septet.local.cache import MemoryCache
from septet.local.costs import MemoryCosts
from septet.local.observing import MemoryAside, MemoryExporter, MemoryMeter, MemoryProgresses
from septet.local.platform import Platform
from septet.observability import costing
from septet.observability.costing import Books
from septet.observability.projecting import Part, Projector
from tests.unit.integration.conftest import Office
from tests.unit.integration.test_going_on import GIVEN, OPEN, OPERATOR, WHO
from tests.unit.perils import Fuse, Killed, Perilous
from tests.unit.shop import MANIFESTS, Shop, agent, asks, find

DAY = 86_400_000
REPLIES = ("tool", "done", "impossible", "unknown", "throttled", "refused", "unavailable", "overflow", "killed", "overtaken", "swept")
"""How a call of a model may go."""
RUNS = 3
outcomes = st.lists(st.sampled_from(REPLIES), max_size=4)
shifts = st.tuples(
    st.sampled_from(["clerk", "writer"]), st.sampled_from(["one", "two", "three"]), outcomes, st.none() | st.none() | st.integers(0, 40)
)
"""Whose, the turn, how its models answer, and when its process is killed."""


@dataclass
class Fickle:
    """A double of a model, whose next calls go as they are told to."""

    turns: list[str] = field(default_factory=list)
    meanwhile: dict[str, Callable[[], None]] = field(default_factory=dict)
    asked: int = 0

    def complete(self, request: ModelRequest) -> Reply:
        self.asked += 1
        usage = Usage(input=10 + self.asked % 7, output=5 + self.asked % 3, cache_read=self.asked % 2)
        match self.turns.pop(0) if self.turns else "done":
            case "tool":
                return replace(asks(find(f"A-{self.asked % 8 + 1}")), usage=usage)
            case "impossible":
                return Reply(text="Done.", usage=Usage(input=10**9, output=1))
            case "unknown":
                return Reply(text="Done.", usage=Usage(), usage_known=False)
            case "throttled":
                raise unbilled(ModelThrottled("busy"))
            case "refused":
                raise unbilled(ModelUnavailable("no such model"))
            case "unavailable":
                raise ModelUnavailable("the line went dead")
            case "overflow":
                raise unbilled(ContextOverflow("too long"))
            case "killed":
                raise Killed
            case "overtaken" | "swept" as what:
                self.meanwhile[what]()
        return Reply(text=f"Done {request.metadata['step']}.", usage=usage)


class Games(RuleBasedStateMachine):
    """Runs of one tenant, and everything that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.office, self.model, self.shop = Office(), Fickle(), Shop()
        self.runs: list[str] = []
        self.costs, self.cache = MemoryCosts(), MemoryCache()
        self.agents = {name: agent(name, cache_seconds=60) for name in ("clerk", "writer")}
        self.ports = replace(self.office.ports, agents={name: [] for name in self.agents}, declared={"shop": OPEN})
        self.projector = Projector(
            journal=self.office.journal,
            runs=self.office.runs,
            progresses=MemoryProgresses(),
            parts={"costs": Part(projection=costing, keeper=Books(costs=self.costs))},
            exporter=MemoryExporter(),
            meter=MemoryMeter(),
            aside=MemoryAside(),
            clock=self.office.clock,
        )

    def platform(self, fuse: Fuse) -> Platform:
        """A new process."""

        def perilous(port: Any) -> Any:
            return Perilous(port, fuse)

        office: Any = self.office
        return Platform(
            agents=self.agents,
            model=perilous(self.model),
            tools=self.shop.tools,
            manifests=MANIFESTS,
            clock=office.clock,
            journal=perilous(office.journal),
            runs=office.runs,
            approvals=office.approvals,
            ledger=perilous(office.ledger),
            cache=self.cache,
        )

    def record(self, run: str) -> Run:
        found: Run | None = self.office.runs.get("acme", run)
        assert found is not None
        return found

    def branches(self, run: str) -> list[Branch]:
        return [Branch(tenant="acme", run=run, path=path) for path in self.record(run).branches]

    def turn(self, branch: Branch, name: str, turn: str, fuse: Fuse) -> None:
        with suppress(Killed, SeptetError):
            self.platform(fuse).turn(branch, name, turn)

    @initialize()
    def begin(self) -> None:
        self.submit(large=True)

    @precondition(lambda self: len(self.runs) < RUNS)
    @rule(large=st.booleans())
    def submit(self, *, large: bool) -> None:
        budget = 900_000 if large else 9_000
        self.runs.append(submit(Submission(workflow="shop", input=GIVEN, budget=budget), WHO, self.ports).run)

    @rule(data=st.data(), shifts=st.lists(shifts, min_size=1, max_size=4), again=st.booleans())
    def work(self, data: st.DataObject, shifts: list[tuple[str, str, list[str], int | None]], *, again: bool) -> None:
        run = data.draw(st.sampled_from(self.runs))
        if again:
            self.end(run, "failed", again=True)
        branch = data.draw(st.sampled_from(self.branches(run)))
        for name, turn, how, burns in shifts:
            self.model.turns = list(how)
            self.model.meanwhile = {"overtaken": partial(self.turn, branch, name, turn, Fuse()), "swept": self.sweep_up}
            self.office.clock.now += 1_000
            self.turn(branch, name, turn, Fuse(burns))

    @rule(data=st.data())
    def part(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(self.runs))
        branch = Branch(tenant="acme", run=run, path=f"part-{data.draw(st.integers(0, 1))}")
        with suppress(SeptetError):
            self.office.ledger.open_branch(branch, 3_000)
            self.office.runs.part("acme", run, [branch.path])
            head = after(self.office.journal.read(branch))
            if not head.number:
                Pen(journal=self.office.journal, branch=branch, clock=self.office.clock, head=head).write(
                    Request(workflow="shop", input=GIVEN, submitter=WHO.subject), labels={"message": "prompt"}
                )

    @rule(data=st.data(), status=st.sampled_from(["failed", "succeeded", "timed_out"]), again=st.booleans())
    def ends(self, data: st.DataObject, status: Any, *, again: bool) -> None:
        self.end(data.draw(st.sampled_from(self.runs)), status, again=again)

    def end(self, run: str, status: Any, *, again: bool) -> None:
        self.over(run, status)
        if again:
            with suppress(Problem):
                restart(run, Again(), OPERATOR, self.ports)

    def over(self, run: str, status: Any) -> None:
        if self.record(run).status == "running":
            self.office.end(run, status)
            report(run, OPERATOR, self.ports)
            self.office.ledger.close("acme", run)

    @precondition(lambda self: len(self.runs) < 2 * RUNS)
    @rule(data=st.data(), place=st.integers(0, 30))
    def fork(self, data: st.DataObject, place: int) -> None:
        run = data.draw(st.sampled_from(self.runs))
        count = len(list(self.office.journal.read(Branch(tenant="acme", run=run))))
        with suppress(Problem):
            self.runs.append(fork(run, Wanted(at=place % count), OPERATOR, self.ports).run)

    @rule()
    def sweep_up(self) -> None:
        self.office.clock.now += LOOK_AFTER
        self.office.sweep()

    @rule()
    def next_day(self) -> None:
        self.office.clock.now += DAY

    @rule(data=st.data(), ends=st.booleans())
    def ring(self, data: st.DataObject, *, ends: bool) -> None:
        run = data.draw(st.sampled_from(self.runs))
        path = "" if ends else data.draw(st.sampled_from(self.record(run).branches))
        self.projector.project("acme", run, path)

    def teardown(self) -> None:
        for run in self.runs:
            self.over(run, "failed")
        for _ in range(3):
            self.sweep_up()
        for branch in [one for run in self.runs for one in self.branches(run)]:
            self.projector.project("acme", branch.run, branch.path)
        recorded = self.costs.page("acme", since="2020-01-01", until="2030-01-01", limit=10_000)[0]
        for run in self.runs:
            account = self.office.ledger.account("acme", of_run(run))
            assert account.closed
            assert account.reserved == 0
            of_it = sum(one.cost for one in recorded if one.run == run)
            assert of_it == account.spent + account.past, "what the records say is what the accounts have spent"
            assert of_it == sum(entry.cost for branch in self.branches(run) for entry in self.office.journal.read(branch))
            for branch in self.branches(run):
                assert verify(self.office.journal.read(branch)) == []
        days = [account for (_, name), account in self.office.ledger._accounts.items() if name.startswith("day/")]
        assert sum(account.spent for account in days) == sum(one.cost for one in recorded)
        assert sum(account.reserved for account in days) == 0
        assert not self.projector.aside.put_aside  # type: ignore[attr-defined]  # the double's


Games.TestCase.settings = settings(
    max_examples=120, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
TestGames = Games.TestCase
