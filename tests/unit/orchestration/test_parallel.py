"""Whole runs with branches in one process: real turns and the real gateway over doubles of the stores, and a scripted model."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest

from septet.core.entries import Answer, ApprovalAsked, Resolved
from septet.core.errors import RunStopped
from septet.core.journal import Branch
from septet.core.ledger import of_branch
from septet.core.waits import for_approval
from septet.execution.driver import Outcome
from septet.execution.ports import ModelRequest, Reply
from septet.local.approvals import MemoryExecutions
from septet.local.platform import Platform
from septet.local.waits import MemoryWaits
from septet.observability.overview import summarise
from septet.orchestration.claiming import Claimed, Claimer, Claiming
from septet.orchestration.ends import Ends, Sought
from septet.orchestration.parting import Parter, Parting
from septet.orchestration.resolution import Resolver, Resolving
from septet.orchestration.resolving.gathering import Keys
from septet.orchestration.waiting import wait
from tests.unit.shop import MANIFESTS, Shop, agent, asks, find, refund, says

PARTING = Parting(step="clerks", agent="", field="questions", most=3, percent=60)
PATHS = ("clerks-0", "clerks-1", "clerks-2")


class Model:
    """Answers by branch: what *says* makes of the branch's path and the step."""

    def __init__(self, said: Callable[[str, int], Reply]) -> None:
        self._said = said
        self.calls: Counter[str] = Counter()
        self.heard: dict[str, str] = {}

    def complete(self, request: ModelRequest) -> Reply:
        text = request.messages[0]["content"][0]["text"]
        path = next((path for path in PATHS if f"<question source=unknown>\nI am {path}." in text), "main")
        self.heard[path] = text
        self.calls[path] += 1
        return self._said(path, int(request.metadata["step"]))


class Run:
    """A run that parts into three branches at its beginning."""

    def __init__(self, said: Callable[[str, int], Reply], **options: Any) -> None:
        self.model = Model(said)
        self.platform = Platform(agents={"clerk": agent()}, model=self.model, tools=Shop().tools, manifests=MANIFESTS, **options)
        self.main = self.platform.submit("run-1", {"questions": [f"I am {path}." for path in PATHS]}, label="trusted")
        ledger, journal, clock = self.platform.ledger, self.platform.journal, self.platform.clock
        self.ends = Ends(journal=journal, ledger=ledger)
        self.waits, self.executions = MemoryWaits(), MemoryExecutions()
        self.claimer = Claimer(journal=journal, ledger=ledger, ends=self.ends, waits=self.waits, executions=self.executions, clock=clock)
        Parter(journal=journal, ledger=ledger, runs=self.platform.runs, clock=clock).part(self.main, PARTING)

    def branch(self, path: str) -> Branch:
        return Branch(tenant="acme", run="run-1", path=path)

    def turn(self, path: str) -> Outcome:
        return self.platform.turn(self.branch(path), "clerk")

    def claim(self, path: str) -> Claimed:
        return self.claimer.claim(self.main, Claiming(step="clerks", branch=path, sought=Sought()))

    def resolve(self, method: str) -> dict[str, Any]:
        resolver = Resolver(journal=self.platform.journal, ends=self.ends, clock=self.platform.clock)
        return resolver.resolve(self.main, Resolving(step="clerks", method=method, sought=Sought(field="text"), keys=Keys()))

    def body(self, kind: type, path: str = "main") -> list[Any]:
        return [entry.body for entry in self.platform.entries(self.branch(path)) if isinstance(entry.body, kind)]


class TestFirst:
    def test_a_loser_makes_at_most_one_more_model_call_after_another_has_won(self) -> None:
        """Both losers are in the middle of a call when the winner claims: those end, and nothing is called after them."""
        inside, won = Barrier(3), Event()

        def said(path: str, step: int) -> Reply:
            if path == "clerks-1":
                return says("found it")
            if step == 1:  # each has worked for a step, and is at its second
                inside.wait(20)
                assert won.wait(20)
            return asks(find(f"A-{step + 1}"))

        run = Run(said)

        def lose(path: str) -> None:
            with pytest.raises(RunStopped):
                run.turn(path)

        with ThreadPoolExecutor(max_workers=2) as pool:
            losers = [pool.submit(lose, path) for path in ("clerks-0", "clerks-2")]
            inside.wait(20)
            before = dict(run.model.calls)
            run.turn("clerks-1")
            assert run.claim("clerks-1").won
            won.set()
            for loser in losers:
                loser.result(20)
        assert before == {"clerks-0": 2, "clerks-2": 2}
        assert run.model.calls == {"clerks-0": 2, "clerks-1": 1, "clerks-2": 2}, "the calls under way were the last"
        assert run.resolve("first")["winner"] == "clerks-1"
        assert run.body(Resolved)[0].missing == {"clerks-0": "RunStopped", "clerks-2": "RunStopped"}

    def test_one_that_has_not_begun_makes_none_and_ends_the_same_way(self) -> None:
        run = Run(lambda _, __: says("found it"))
        run.turn("clerks-0")
        run.claim("clerks-0")
        for path in ("clerks-1", "clerks-2"):
            with pytest.raises(RunStopped):
                run.turn(path)
        assert run.model.calls == {"clerks-0": 1}

    def test_one_that_waits_for_a_person_is_woken_and_asks_nobody_any_more(self) -> None:
        run = Run(lambda path, step: says("done") if path == "clerks-1" else [asks(find("A-1")), asks(refund("A-1", 500))][step])
        approval = run.turn("clerks-0").approval
        wait(run.branch("clerks-0"), for_approval(approval), "token", waits=run.waits, ledger=run.platform.ledger)
        run.turn("clerks-1")
        run.claim("clerks-1")
        assert run.executions.failed == {"token": "RunStopped"}
        with pytest.raises(RunStopped):
            wait(run.branch("clerks-2"), for_approval("late"), "late", waits=run.waits, ledger=run.platform.ledger)

    def test_main_goes_on_with_what_was_found(self) -> None:
        run = Run(lambda path, _: says("the answer" if path == "main" else f"{path} found it"))
        run.turn("clerks-2")
        run.claim("clerks-2")
        run.resolve("first")
        run.platform.turn(run.main, "clerk", "writer")
        assert "<finding>\nclerks-2 found it\n</finding>" in run.model.heard["main"]
        assert "<missing by=clerks-0 because=RunStopped>\nI am clerks-0.\n</missing>" in run.model.heard["main"]


class TestMoney:
    def test_what_branches_spend_is_in_the_journal_and_the_ledger_alike_and_all_comes_back(self) -> None:
        run = Run(lambda path, step: says("x") if path == "main" or step else asks(find("A-1")))
        for path in PATHS:
            run.turn(path)
        run.resolve("vote")
        run.platform.turn(run.main, "clerk", "writer")
        beside = {path: summarise(run.platform.entries(run.branch(path))) for path in PATHS}
        whole = summarise(run.platform.entries(run.main), beside)
        accounts = [run.platform.ledger.account("acme", of_branch("run-1", path)) for path in ("main", *PATHS)]
        assert [account.spent for account in accounts if account] == [
            summarise(run.platform.entries(run.main)).cost,
            *(one.cost for one in beside.values()),
        ]
        assert whole.model_calls == 7
        assert whole.cost == sum(account.spent for account in accounts if account) > 0
        assert run.platform.ledger.close("acme", "run-1")
        closed = run.platform.ledger.account("acme", "run/run-1")
        assert closed
        assert (closed.spent, closed.available, closed.reserved) == (whole.cost, 0, 0)

    def test_a_branch_cannot_spend_more_than_its_share(self) -> None:
        run = Run(lambda _, step: asks(find(f"A-{step % 8 + 1}")), budget=30_000)
        with pytest.raises(Exception, match="journal"):  # BudgetExhausted
            run.turn("clerks-0")
        account = run.platform.ledger.account("acme", of_branch("run-1", "clerks-0"))
        assert account
        assert 0 < account.spent <= account.limit == 6_000


class TestStops:
    def test_a_stopped_run_stops_in_its_branches(self) -> None:
        run = Run(lambda _, __: says("x"))
        run.platform.ledger.stop("acme", "run-1", "an operator")
        for path in PATHS:
            with pytest.raises(RunStopped):
                run.turn(path)
        assert run.model.calls == {}


class TestPeople:
    def test_two_branches_that_want_the_same_ask_two_questions_and_each_is_answered(self) -> None:
        """One effect, whoever makes it: the second meets the record of the first."""
        run = Run(lambda _, step: [asks(find("A-1")), asks(refund("A-1", 500)), says("done")][step])
        asked = {path: run.turn(path).approval for path in PATHS[:2]}
        assert len(set(asked.values())) == 2
        approvals = run.platform.approvals
        for path, approval in asked.items():
            approvals.wait("acme", approval, f"token of {path}")
        for path, approval in asked.items():
            found = approvals.decide("acme", approval, status="approved", by="boss", reason="", at=run.platform.clock())
            assert found
            assert (found.path, found.token) == (path, f"token of {path}")
            assert run.turn(path).outcome == "answer"
        assert len(run.body(ApprovalAsked, "clerks-0")) == len(run.body(Answer, "clerks-1")) == 1
        effects = [body for path in PATHS[:2] for body in run.body(object, path) if getattr(body, "repeated", False)]
        assert len(effects) == 1
