"""What runs, what is stopped, and how many may be open: the double and DynamoDB."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from septet.core.errors import AgentStopped, InputRejected, Overloaded, RunStopped, SeptetError, StoreUnavailable
from septet.core.journal import Branch
from septet.core.ledger import Account, Ledger, day, of_branch, of_run
from septet.core.running import Open
from septet.core.runs import Run
from septet.core.stops import EVERYBODY, Standing, Stops
from septet.integration.opening import Gate
from septet.local.ledger import DEFAULT
from septet.security.effects import Effect
from tests.contracts.conftest import Storage

NOW = 1_700_000_000_000
DAY = 86_400_000
UNTIL = NOW + 1_000


@pytest.fixture
def ledger(storage: Storage) -> Ledger:
    return storage.ledger


@pytest.fixture
def stops(storage: Storage) -> Stops:
    return storage.stops


@pytest.fixture
def main(tenant: str) -> Branch:
    return Branch(tenant=tenant, run="run-1")


@pytest.fixture
def opened(ledger: Ledger, main: Branch) -> Branch:
    ledger.open(main, 1_000, now=NOW, workflow="support", parent="run-0")
    return main


def names(ledger: Ledger, tenant: str) -> list[str]:
    """The runs that are listed, which are as many as are counted."""
    found = [one.run for one in ledger.running(tenant)]
    assert ledger.tenants().get(tenant, 0) == len(found)
    return found


def account(ledger: Ledger, branch: Branch, name: str = "") -> Account:
    found = ledger.account(branch.tenant, name or of_branch(branch.run, branch.path))
    assert found is not None
    return found


def together(number: int, do: Any) -> list[Any]:
    """What *number* threads that start at once give, or the class of what they raise."""
    gate = Barrier(number)

    def one(place: int) -> Any:
        gate.wait()
        try:
            return do(place)
        except SeptetError as error:
            return type(error)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


class TestListing:
    def test_a_run_is_listed_from_its_opening_to_its_end(self, ledger: Ledger, opened: Branch) -> None:
        assert ledger.running(opened.tenant) == (Open(tenant=opened.tenant, run="run-1", workflow="support", parent="run-0", since=NOW),)
        ledger.open(opened, 1_000, now=NOW + 5)
        assert names(ledger, opened.tenant) == ["run-1"]
        for _ in range(2):
            ledger.close(opened.tenant, "run-1")
        assert names(ledger, opened.tenant) == []
        assert ledger.tenants()[opened.tenant] == 0

    def test_a_run_that_has_ended_runs_no_more_though_a_call_may_be_under_way(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        for _ in range(2):
            assert not ledger.close(opened.tenant, "run-1")
            assert names(ledger, opened.tenant) == []
        ledger.settle(opened, {1: 60})
        assert ledger.close(opened.tenant, "run-1")
        assert names(ledger, opened.tenant) == []

    def test_a_run_that_was_given_up_and_is_opened_anew_counts_again(self, ledger: Ledger, opened: Branch) -> None:
        ledger.close(opened.tenant, "run-1")
        ledger.open(opened, 1_000, now=NOW + 7)
        assert [one.since for one in ledger.running(opened.tenant)] == [NOW + 7]
        assert names(ledger, opened.tenant) == ["run-1"]

    def test_what_is_refused_is_not_listed(self, ledger: Ledger, main: Branch) -> None:
        with pytest.raises(SeptetError):
            ledger.open(main, DEFAULT.day + 1, now=NOW)
        assert names(ledger, main.tenant) == []

    def test_a_tenant_that_never_ran_anything_is_not_listed(self, ledger: Ledger, tenant: str) -> None:
        assert ledger.running(tenant) == ()
        assert tenant not in ledger.tenants()

    def test_no_tenant_sees_another_s_runs(self, ledger: Ledger, opened: Branch) -> None:
        tenant, other = opened.tenant, Branch(tenant=f"{opened.tenant}-2", run="run-9")
        ledger.open(other, 10, now=NOW)
        assert (names(ledger, tenant), names(ledger, other.tenant)) == (["run-1"], ["run-9"])

    def test_more_runs_than_a_page_of_the_store_holds_are_all_listed(self, ledger: Ledger, main: Branch) -> None:
        for number in range(12):
            ledger.open(replace(main, run=f"run-{number:02}"), 1, now=NOW, workflow="w" * 200)
        assert names(ledger, main.tenant) == [f"run-{number:02}" for number in range(12)]


class TestAllowed:
    def test_of_fifty_that_open_at_once_with_room_for_ten_exactly_ten_do(self, ledger: Ledger, main: Branch) -> None:
        ends = together(50, lambda place: ledger.open(replace(main, run=f"run-{place}"), 100, now=NOW, allowed=10))
        assert (ends.count(True), ends.count(Overloaded)) == (10, 40)
        assert len(names(ledger, main.tenant)) == 10
        assert account(ledger, main, day(NOW)).reserved == 10 * 100, "what was refused has taken nothing"

    def test_a_run_that_is_open_is_the_same_again_also_when_there_is_no_room(self, ledger: Ledger, opened: Branch) -> None:
        ledger.open(opened, 1_000, now=NOW, allowed=1)
        with pytest.raises(Overloaded):
            ledger.open(replace(opened, run="run-2"), 1, now=NOW, allowed=1)
        ledger.close(opened.tenant, "run-1")
        ledger.open(replace(opened, run="run-2"), 1, now=NOW, allowed=1)

    def test_opening_and_closing_at_once_leaves_the_count_right(self, ledger: Ledger, main: Branch) -> None:
        def come_and_go(place: int) -> None:
            branch = replace(main, run=f"run-{place % 4}")
            for _ in range(3):
                ledger.open(branch, 10, now=NOW)
                ledger.close(branch.tenant, branch.run)

        together(8, come_and_go)
        for number in range(4):
            ledger.close(main.tenant, f"run-{number}")
        assert names(ledger, main.tenant) == []
        assert account(ledger, main, day(NOW)).reserved == 0


class TestReopening:
    def test_an_ended_run_goes_on_with_money_of_the_present_day(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        ledger.settle(opened, {1: 40})
        ledger.close(opened.tenant, "run-1")
        tomorrow = NOW + DAY
        for _ in range(2):
            ledger.reopen(opened, 500, now=tomorrow, workflow="support")
        assert names(ledger, opened.tenant) == ["run-1"]
        own, run = account(ledger, opened), account(ledger, opened, of_run("run-1"))
        assert (own.limit, own.spent, own.available, own.past, own.charged) == (500, 0, 500, 40, 1)
        assert (run.limit, run.reserved, run.past) == (500, 500, 40)
        ledger.reserve(opened, 3, 100, until=tomorrow, settle={})
        ledger.settle(opened, {3: 7})
        assert ledger.close(opened.tenant, "run-1")
        assert account(ledger, opened, day(NOW)).spent == 40
        assert account(ledger, opened, day(tomorrow)).spent == 7
        assert account(ledger, opened, day(tomorrow)).reserved == 0
        assert names(ledger, opened.tenant) == []

    def test_a_stop_of_before_is_forgotten_and_its_other_branches_open_once_more(self, ledger: Ledger, opened: Branch) -> None:
        side = replace(opened, path="side")
        ledger.open_branch(side, 300)
        ledger.reserve(side, 1, 100, until=UNTIL, settle={})
        ledger.settle(side, {1: 30})
        ledger.halt(opened.tenant, "run-1", "refunds", "enough")
        ledger.stop(opened.tenant, "run-1", "enough")
        ledger.close(opened.tenant, "run-1")
        ledger.reopen(opened, 500, now=NOW)
        with pytest.raises(RunStopped):
            ledger.reserve(side, 3, 1, until=UNTIL, settle={})
        ledger.open_branch(side, 200)
        ledger.reserve(side, 3, 10, until=UNTIL, settle={}, agent="refunds")
        ledger.reserve(opened, 1, 300, until=UNTIL, settle={}, agent="refunds")
        with pytest.raises(SeptetError):
            ledger.reserve(opened, 2, 1, until=UNTIL, settle={})
        ledger.settle(side, {3: 10})
        ledger.settle(opened, {1: 0})
        assert ledger.close(opened.tenant, "run-1")
        whole = account(ledger, opened, day(NOW))
        assert (whole.spent, whole.reserved, whole.available) == (40, 0, DEFAULT.day - 40)

    def test_while_a_call_may_be_under_way_it_is_not_reopened(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        ledger.close(opened.tenant, "run-1")
        with pytest.raises(StoreUnavailable):
            ledger.reopen(opened, 500, now=NOW)
        assert names(ledger, opened.tenant) == []

    def test_without_accounts_money_or_room_nothing_is_reopened(self, ledger: Ledger, opened: Branch) -> None:
        with pytest.raises(InputRejected):
            ledger.reopen(replace(opened, run="run-2"), 1, now=NOW)
        ledger.close(opened.tenant, "run-1")
        with pytest.raises(SeptetError):
            ledger.reopen(opened, DEFAULT.day + 1, now=NOW)
        ledger.open(replace(opened, run="run-3"), 1, now=NOW)
        with pytest.raises(Overloaded):
            ledger.reopen(opened, 1, now=NOW, allowed=1)
        assert names(ledger, opened.tenant) == ["run-3"]
        assert account(ledger, opened).closed

    def test_one_that_was_reopened_and_spent_nothing_is_not_opened_as_if_it_never_ran(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        ledger.settle(opened, {1: 40})
        ledger.close(opened.tenant, "run-1")
        ledger.reopen(opened, 500, now=NOW)
        ledger.close(opened.tenant, "run-1")
        ledger.open(opened, 500, now=NOW)
        assert names(ledger, opened.tenant) == []

    def test_of_six_at_once_one_reopens(self, ledger: Ledger, opened: Branch) -> None:
        ledger.close(opened.tenant, "run-1")
        assert sorted(together(6, lambda _: ledger.reopen(opened, 500, now=NOW))) == [*[False] * 5, True]
        assert account(ledger, opened, day(NOW)).reserved == 500
        assert names(ledger, opened.tenant) == ["run-1"]

    def test_what_runs_says_which_attempt(self, ledger: Ledger, opened: Branch) -> None:
        assert [one.attempt for one in ledger.running(opened.tenant)] == [0]
        ledger.close(opened.tenant, "run-1")
        assert ledger.reopen(opened, 500, now=NOW, attempt=2)
        assert [one.attempt for one in ledger.running(opened.tenant)] == [2]


class TestHalting:
    def test_a_halted_agent_reserves_and_intends_nothing_and_others_go_on(self, storage: Storage, opened: Branch) -> None:
        side, late = (replace(opened, path=path) for path in ("side", "late"))
        storage.ledger.open_branch(side, 300)
        storage.ledger.halt(opened.tenant, "run-1", "refunds", "ann: enough")
        storage.ledger.halt(opened.tenant, "run-1", "refunds", "another")
        storage.ledger.halt(opened.tenant, "run-1", "triage", "ann: it too")
        storage.ledger.open_branch(late, 100)
        for number, branch in enumerate((opened, side, late)):
            for agent, why in {"refunds": "ann: enough", "triage": "ann: it too"}.items():
                with pytest.raises(AgentStopped, match=why):
                    storage.ledger.reserve(branch, 1, 1, until=UNTIL, settle={}, agent=agent)
                with pytest.raises(AgentStopped, match=why):
                    storage.effects.intend(branch, effect(branch, f"k-{number}"), agent=agent)
            storage.ledger.reserve(branch, 1, 1, until=UNTIL, settle={}, agent="orders")
            assert storage.effects.intend(branch, effect(branch, f"k-{number}"), agent="orders") is None
        assert dict(account(storage.ledger, late).halted) == {"refunds": "ann: enough", "triage": "ann: it too"}

    @pytest.mark.parametrize("halted", [False, True])
    def test_a_stop_of_an_attempt_that_is_over_marks_no_later_one(self, ledger: Ledger, opened: Branch, *, halted: bool) -> None:
        side = replace(opened, path="side")
        ledger.open_branch(side, 300)
        ledger.close(opened.tenant, "run-1")
        ledger.reopen(opened, 500, now=NOW, attempt=1)
        ledger.open_branch(side, 300)
        if halted:
            ledger.halt(opened.tenant, "run-1", "triage", "it", attempt=1)
        ledger.stop(opened.tenant, "run-1", "late", attempt=0)
        ledger.halt(opened.tenant, "run-1", "refunds", "late", attempt=0)
        for branch in (opened, side):
            ledger.reserve(branch, 1, 1, until=UNTIL, settle={}, agent="refunds")
        ledger.halt(opened.tenant, "run-1", "refunds", "in time", attempt=1)
        for branch in (opened, side):
            with pytest.raises(AgentStopped, match="in time"):
                ledger.reserve(branch, 3, 1, until=UNTIL, settle={}, agent="refunds")
        ledger.stop(opened.tenant, "run-1", "in time", attempt=1)
        for branch in (opened, side):
            with pytest.raises(RunStopped, match="in time"):
                ledger.reserve(branch, 3, 1, until=UNTIL, settle={})

    def test_of_an_attempt_as_well_nobody_stops_or_halts_what_has_no_account(self, ledger: Ledger, tenant: str) -> None:
        with pytest.raises(InputRejected):
            ledger.stop(tenant, "nobody", "enough", attempt=0)
        with pytest.raises(InputRejected):
            ledger.halt(tenant, "nobody", "refunds", "enough", attempt=0)

    def test_what_it_intended_before_is_known_to_it(self, storage: Storage, opened: Branch) -> None:
        mine = effect(opened, "k")
        assert storage.effects.intend(opened, mine, agent="refunds") is None
        storage.ledger.halt(opened.tenant, "run-1", "refunds", "enough")
        assert storage.effects.intend(opened, mine, agent="refunds") is None
        with pytest.raises(AgentStopped):
            storage.effects.intend(opened, replace(mine, by="again"), over=mine, agent="refunds")

    def test_what_is_under_way_is_settled_and_the_account_keeps_the_halt(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={}, agent="refunds")
        ledger.halt(opened.tenant, "run-1", "refunds", "enough")
        ledger.settle(opened, {1: 40})
        ledger.reserve(opened, 3, 100, until=UNTIL, settle={}, agent="orders")
        with pytest.raises(AgentStopped):
            ledger.reserve(opened, 5, 100, until=UNTIL, settle={3: 1}, agent="refunds")
        assert account(ledger, opened).reserved == 100

    def test_a_run_without_account_cannot_be_halted(self, ledger: Ledger, main: Branch) -> None:
        with pytest.raises(InputRejected):
            ledger.halt(main.tenant, "run-1", "refunds", "enough")

    def test_branches_that_open_while_an_agent_is_halted_all_know_it(self, ledger: Ledger, opened: Branch) -> None:
        def do(place: int) -> None:
            if place:
                ledger.open_branch(replace(opened, path=f"side-{place}"), 10)
            else:
                ledger.halt(opened.tenant, "run-1", "refunds", "enough")

        assert together(8, do) == [None] * 8
        for place in range(1, 8):
            with pytest.raises(AgentStopped):
                ledger.reserve(replace(opened, path=f"side-{place}"), 1, 1, until=UNTIL, settle={}, agent="refunds")


class TestOneBranch:
    def test_a_stopped_branch_leaves_the_others_alone(self, ledger: Ledger, opened: Branch) -> None:
        side = replace(opened, path="side")
        ledger.open_branch(side, 300)
        for why in ("the first good answer is there", "another"):
            ledger.stop_branch(side, why)
        with pytest.raises(RunStopped, match="the first good answer is there"):
            ledger.reserve(side, 1, 1, until=UNTIL, settle={})
        ledger.reserve(opened, 1, 1, until=UNTIL, settle={})
        with pytest.raises(InputRejected):
            ledger.stop_branch(replace(opened, path="nowhere"), "enough")


class TestStanding:
    def test_a_stop_stands_for_its_tenant_or_for_everybody_until_it_is_lifted(self, stops: Stops, tenant: str) -> None:
        mine = Standing(scope="agent", name="refunds", by="ann", reason="it errs", at=NOW)
        whole = Standing(scope="tenant", by="ann", reason="enough", at=NOW)
        for stop in (mine, whole):
            assert stops.put(tenant, stop) == stop
            assert stops.put(tenant, replace(stop, by="bob", reason="me too")) == stop, "the first stands"
        assert set(stops.of(tenant)) == {mine, whole}
        assert mine not in stops.of(f"{tenant}-2")
        everywhere = Standing(scope="agent", name=tenant, by="op", reason="it errs for all", at=NOW)
        stops.put(EVERYBODY, everywhere)
        try:
            assert everywhere in stops.of(tenant)
            assert everywhere in stops.of(f"{tenant}-2")
        finally:
            assert stops.lift(EVERYBODY, "agent", tenant)
        assert not stops.lift(tenant, "tenant", at=-1), "of another time it is another"
        assert stops.lift(tenant, "tenant", at=next(one.at for one in stops.of(tenant) if one.scope == "tenant"))
        assert not stops.lift(tenant, "tenant")
        assert stops.of(tenant) == (mine,)


def effect(branch: Branch, key: str) -> Effect:
    return Effect(tenant=branch.tenant, run=branch.run, key=key, tool="issue_refund", status="intended", deadline=UNTIL, by="first")


def record(tenant: str, run: str) -> Run:
    return Run(tenant=tenant, run=run, workflow="support", submitter="ann", digest="", created_at=NOW, budget=100)


class TestGate:
    @pytest.fixture
    def gate(self, storage: Storage) -> Gate:
        return Gate(ledger=storage.ledger, runs=storage.runs, stops=storage.stops, capacity=10**6, clock=lambda: NOW)

    def test_of_a_stop_and_a_submission_at_once_one_sees_the_other(self, storage: Storage, gate: Gate, tenant: str) -> None:
        """Neither the listing that follows the stop nor the submission itself misses a run: ten rounds of four against one."""
        for round_ in range(10):
            runs = [record(tenant, f"run-{round_}-{place}") for place in range(4)]
            seen: list[str] = []

            def do(place: int, runs: list[Run] = runs, seen: list[str] = seen) -> None:
                if place < len(runs):
                    gate.admit(runs[place])
                else:
                    storage.stops.put(tenant, Standing(scope="tenant", by="ann", reason="enough", at=NOW))
                    seen += [one.run for one in storage.ledger.running(tenant)]

            ends = together(len(runs) + 1, do)
            admitted = {run.run for run, end in zip(runs, ends, strict=False) if end is None}
            assert admitted <= set(seen), "a run was let in that the stop does not know of"
            assert {end for end in ends if end} <= {RunStopped}
            assert {one.run for one in storage.ledger.running(tenant)} == admitted
            for run in admitted:
                storage.ledger.close(tenant, run)
            storage.stops.lift(tenant, "tenant")
        found = storage.ledger.account(tenant, day(NOW))
        assert found is None or found.reserved == 0

    def test_a_stopped_agent_is_halted_in_runs_that_begin_later(self, storage: Storage, gate: Gate, tenant: str) -> None:
        storage.stops.put(tenant, Standing(scope="agent", name="refunds", by="ann", reason="it errs", at=NOW))
        gate.admit(record(tenant, "run-1"))
        main = Branch(tenant=tenant, run="run-1")
        with pytest.raises(AgentStopped, match="agent refunds was stopped by ann: it errs"):
            storage.ledger.reserve(main, 1, 1, until=UNTIL, settle={}, agent="refunds")
        storage.ledger.reserve(main, 1, 1, until=UNTIL, settle={}, agent="orders")
        storage.ledger.settle(main, {1: 0})
        storage.ledger.close(tenant, "run-1")
        gate.readmit(record(tenant, "run-1"), 100)
        with pytest.raises(AgentStopped):
            storage.ledger.reserve(main, 1, 1, until=UNTIL, settle={}, agent="refunds")

    def test_a_run_that_was_stopped_before_it_began_does_not_begin(self, storage: Storage, gate: Gate, tenant: str) -> None:
        gate.admit(record(tenant, "run-1"))
        storage.ledger.stop(tenant, "run-1", "ann: enough")
        with pytest.raises(RunStopped, match="ann: enough"):
            gate.admit(record(tenant, "run-1"))
        assert [one.run for one in storage.ledger.running(tenant)] == ["run-1"], "whoever stopped it would not find it"
