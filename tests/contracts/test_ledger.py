from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from septet.aws.account_table import AccountTable
from septet.aws.accounts import SHARDS, shard
from septet.aws.control import Control
from septet.aws.ledger import DynamoLedger
from septet.core.errors import BudgetExhausted, Fenced, InputRejected, RunStopped, StoreUnavailable
from septet.core.journal import Branch
from septet.core.ledger import Account, Budgets, Ledger, day, of_branch, of_run
from septet.local.ledger import DEFAULT, MemoryLedger
from tests.contracts.conftest import Aws, Storage
from tests.money import DAY, Money

NOW = 1_700_000_000_000
TABLE = "contracts-accounts"
UNTIL = NOW + 1_000


def on(client: Any, budgets: Budgets = DEFAULT, **more: Any) -> DynamoLedger:
    return DynamoLedger(AccountTable(client, TABLE, **more), Control(client, "contracts-control"), budgets)


@pytest.fixture
def ledger(storage: Storage) -> Ledger:
    return storage.ledger


@pytest.fixture
def main(tenant: str) -> Branch:
    return Branch(tenant=tenant, run="run-1")


@pytest.fixture
def opened(ledger: Ledger, main: Branch) -> Branch:
    ledger.open(main, 1_000, now=NOW)
    return main


def found(ledger: Ledger, branch: Branch, name: str = "") -> Account:
    account = ledger.account(branch.tenant, name or of_branch(branch.run, branch.path))
    assert account is not None
    return account


def amounts(ledger: Ledger, branch: Branch, name: str = "") -> tuple[int, int, int, int]:
    account = found(ledger, branch, name)
    return account.limit, account.spent, account.reserved, account.available


def due(ledger: Ledger, branch: Branch, now: int) -> list[str]:
    return [account.name for place, account in ledger.lapsed(now=now, limit=10_000) if place.tenant == branch.tenant]


def together(number: int, do: Callable[[int], Any]) -> list[Any]:
    """What *number* threads that start at once give, or the class of what they raise."""
    gate = Barrier(number)

    def one(place: int) -> Any:
        gate.wait()
        try:
            return do(place)
        except (BudgetExhausted, RunStopped, Fenced) as error:
            return type(error)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


class TestOpening:
    def test_a_run_takes_its_whole_budget_from_the_day_and_its_branch_has_all_of_it(self, ledger: Ledger, opened: Branch) -> None:
        assert amounts(ledger, opened, day(NOW)) == (DEFAULT.day, 0, 1_000, DEFAULT.day - 1_000)
        assert amounts(ledger, opened, of_run("run-1")) == (1_000, 0, 1_000, 0)
        assert amounts(ledger, opened) == (1_000, 0, 0, 1_000)

    def test_opening_again_takes_nothing_more_also_when_much_has_happened(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 700, until=UNTIL, settle={})
        ledger.open(opened, 1_000, now=NOW)
        ledger.open(opened, 900, now=NOW + 86_400_000)
        assert amounts(ledger, opened) == (1_000, 0, 700, 300)
        assert amounts(ledger, opened, day(NOW))[2] == 1_000
        assert ledger.account(opened.tenant, day(NOW + 86_400_000)) is None

    def test_a_day_with_less_left_opens_nothing(self, ledger: Ledger, main: Branch) -> None:
        ledger.open(main, DEFAULT.day - 10, now=NOW)
        other = replace(main, run="run-2")
        with pytest.raises(BudgetExhausted, match=r"\$0\.000010 is left of the budget of 2023-11-14, \$0\.000011 are needed"):
            ledger.open(other, 11, now=NOW)
        assert ledger.account(other.tenant, of_run("run-2")) is None
        ledger.open(other, 10, now=NOW)
        assert amounts(ledger, other, day(NOW)) == (DEFAULT.day, 0, DEFAULT.day, 0)

    def test_more_than_a_whole_day_opens_nothing_on_a_day_that_nobody_has_opened(self, ledger: Ledger, main: Branch) -> None:
        with pytest.raises(BudgetExhausted):
            ledger.open(main, DEFAULT.day + 1, now=NOW)
        assert ledger.account(main.tenant, of_run("run-1")) is None

    def test_the_next_day_has_its_own_money(self, ledger: Ledger, main: Branch) -> None:
        ledger.open(main, DEFAULT.day, now=NOW)
        ledger.open(replace(main, run="run-2"), DEFAULT.day, now=NOW + 86_400_000)

    def test_of_twelve_runs_opened_at_once_as_many_open_as_the_day_has_room_for(self, ledger: Ledger, main: Branch) -> None:
        ends = together(12, lambda place: ledger.open(replace(main, run=f"run-{place}"), DEFAULT.day // 5, now=NOW))
        assert (ends.count(True), ends.count(BudgetExhausted)) == (5, 7)

    def test_one_run_opened_by_eight_at_once_is_opened_once(self, ledger: Ledger, main: Branch) -> None:
        assert sorted(together(8, lambda _: ledger.open(main, 1_000, now=NOW))) == [*[False] * 7, True]
        assert amounts(ledger, main, day(NOW))[2] == 1_000


class TestAnotherBranch:
    def test_it_takes_its_share_from_main_and_nothing_from_the_run(self, ledger: Ledger, opened: Branch) -> None:
        side = replace(opened, path="side")
        for _ in range(2):
            ledger.open_branch(side, 300)
        assert amounts(ledger, side) == (300, 0, 0, 300)
        assert amounts(ledger, opened) == (700, 0, 0, 700)
        assert amounts(ledger, opened, of_run("run-1")) == (1_000, 0, 1_000, 0)

    def test_more_than_main_has_left_opens_nothing(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 800, until=UNTIL, settle={})
        side = replace(opened, path="side")
        with pytest.raises(BudgetExhausted):
            ledger.open_branch(side, 201)
        assert ledger.account(side.tenant, of_branch("run-1", "side")) is None

    def test_none_opens_under_a_stopped_run_an_ended_one_or_none(self, ledger: Ledger, opened: Branch) -> None:
        ledger.stop(opened.tenant, "run-1", "enough")
        ended = replace(opened, run="run-2")
        ledger.open(ended, 1_000, now=NOW)
        ledger.close(ended.tenant, "run-2")
        for main in (opened, ended):
            with pytest.raises(RunStopped):
                ledger.open_branch(replace(main, path="side"), 1)
        with pytest.raises(InputRejected):
            ledger.open_branch(Branch(tenant=opened.tenant, run="run-3", path="side"), 1)


class TestReserving:
    def test_what_is_held_is_no_longer_available_and_settling_charges_the_cost(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 400, until=UNTIL, settle={})
        assert amounts(ledger, opened) == (1_000, 0, 400, 600)
        ledger.reserve(opened, 3, 500, until=UNTIL + 5, settle={1: 150})
        assert amounts(ledger, opened) == (1_000, 150, 500, 350)
        ledger.settle(opened, {3: 500})
        assert amounts(ledger, opened) == (1_000, 650, 0, 350)
        account = found(ledger, opened)
        assert (dict(account.reservations), account.until, account.charged) == ({}, 0, 3)

    def test_settling_and_holding_in_one_write_uses_what_is_released(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 1_000, until=UNTIL, settle={})
        ledger.reserve(opened, 3, 900, until=UNTIL, settle={1: 100})
        assert amounts(ledger, opened) == (1_000, 100, 900, 0)

    def test_more_than_there_is_holds_and_settles_nothing(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 400, until=UNTIL, settle={})
        with pytest.raises(BudgetExhausted, match=r"\$0\.000900 is left of the run's budget, \$0\.000901 are needed"):
            ledger.reserve(opened, 3, 901, until=UNTIL, settle={1: 100})
        assert amounts(ledger, opened) == (1_000, 0, 400, 600)

    def test_the_same_again_counts_as_made_because_the_answer_may_have_been_lost(self, storage: Storage, opened: Branch) -> None:
        for _ in range(3):
            storage.ledger.reserve(opened, 1, 400, until=UNTIL, settle={})
        storage.ledger.reserve(opened, 3, 500, until=UNTIL, settle={1: 100})
        storage.ledger.reserve(opened, 3, 500, until=UNTIL, settle={1: 100})
        assert amounts(storage.ledger, opened) == (1_000, 100, 500, 400)

    @pytest.mark.parametrize(("again", "held"), [(300, 400), (600, 600)])
    def test_a_larger_one_replaces_it_and_a_smaller_one_leaves_it(self, ledger: Ledger, opened: Branch, again: int, held: int) -> None:
        ledger.reserve(opened, 1, 400, until=UNTIL, settle={})
        ledger.reserve(opened, 1, again, until=UNTIL, settle={})
        assert amounts(ledger, opened) == (1_000, 0, held, 1_000 - held)

    def test_nothing_is_held_again_for_an_entry_that_was_charged_for(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 3, 100, until=UNTIL, settle={})
        ledger.settle(opened, {3: 60})
        for late in (1, 3):
            with pytest.raises(Fenced):
                ledger.reserve(opened, late, 100, until=UNTIL, settle={})
        ledger.reserve(opened, 4, 100, until=UNTIL, settle={})

    def test_an_entry_whose_reservation_was_released_can_be_held_again(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        ledger.settle(opened, {1: 0})
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        assert amounts(ledger, opened) == (1_000, 0, 100, 900)

    def test_without_an_account_nothing_is_reserved_or_settled(self, ledger: Ledger, main: Branch) -> None:
        for settle in ({}, {1: 5}):
            with pytest.raises(InputRejected, match="account"):
                ledger.reserve(main, 3, 1, until=UNTIL, settle=settle)
        with pytest.raises(InputRejected, match="account"):
            ledger.settle(main, {1: 5})

    def test_of_200_steps_at_once_with_room_for_50_exactly_50_proceed(self, ledger: Ledger, opened: Branch) -> None:
        ends = together(200, lambda place: ledger.reserve(opened, place, 20, until=UNTIL, settle={}))
        assert (ends.count(None), ends.count(BudgetExhausted)) == (50, 150)
        assert amounts(ledger, opened) == (1_000, 0, 1_000, 0)
        assert len(found(ledger, opened).reservations) == 50

    def test_the_same_entry_by_twenty_at_once_is_held_once(self, ledger: Ledger, opened: Branch) -> None:
        assert together(20, lambda _: ledger.reserve(opened, 1, 400, until=UNTIL, settle={})) == [None] * 20
        assert amounts(ledger, opened) == (1_000, 0, 400, 600)


class TestSettling:
    def test_no_more_than_what_was_held_is_charged(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        ledger.settle(opened, {1: 5_000})
        assert amounts(ledger, opened) == (1_000, 100, 0, 900)

    def test_what_is_settled_already_is_passed_over(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        for _ in range(3):
            ledger.settle(opened, {1: 30})
        ledger.settle(opened, {})
        assert amounts(ledger, opened) == (1_000, 30, 0, 970)

    def test_of_eight_at_once_one_charges(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        assert together(8, lambda _: ledger.settle(opened, {1: 30})) == [None] * 8
        assert amounts(ledger, opened) == (1_000, 30, 0, 970)

    def test_whoever_settles_for_another_does_nothing_when_somebody_has_taken_over(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        ledger.reserve(opened, 1, 100, until=UNTIL + 500, settle={})
        ledger.settle(opened, {1: 0}, lapsed=UNTIL)
        assert amounts(ledger, opened) == (1_000, 0, 100, 900)
        ledger.settle(opened, {1: 0}, lapsed=UNTIL + 500)
        assert amounts(ledger, opened) == (1_000, 0, 0, 1_000)


class TestLeases:
    def test_a_branch_lapses_when_its_worker_is_surely_gone(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        assert due(ledger, opened, UNTIL - 1) == []
        assert due(ledger, opened, UNTIL) == [of_branch("run-1")]
        ((place, account),) = [one for one in ledger.lapsed(now=UNTIL, limit=10_000) if one[0].tenant == opened.tenant]
        assert (place, dict(account.reservations)) == (opened, {1: 100})
        ledger.settle(opened, {1: 0})
        assert due(ledger, opened, UNTIL) == []

    def test_the_longer_lease_stands_and_what_is_left_keeps_it(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL + 500, settle={})
        ledger.reserve(opened, 2, 100, until=UNTIL, settle={})
        assert found(ledger, opened).until == UNTIL + 500
        ledger.settle(opened, {2: 50})
        assert found(ledger, opened).until == UNTIL + 500
        assert due(ledger, opened, UNTIL + 500) == [of_branch("run-1")]

    def test_a_run_that_nobody_closed_is_looked_at_after_an_hour_and_can_be_put_off(self, ledger: Ledger, opened: Branch) -> None:
        hour = NOW + 3_600_000
        assert due(ledger, opened, hour - 1) == []
        assert due(ledger, opened, hour) == [of_run("run-1")]
        ledger.look_again(opened.tenant, "run-1", at=hour + 1)
        assert due(ledger, opened, hour) == []
        ledger.look_again(opened.tenant, "run-2", at=hour)
        assert ledger.account(opened.tenant, of_run("run-2")) is None

    def test_the_oldest_come_first_and_no_more_than_asked_for(self, ledger: Ledger, main: Branch) -> None:
        for number in range(6):
            branch = replace(main, run=f"run-{number}")
            ledger.open(branch, 1_000, now=NOW)
            ledger.reserve(branch, 1, 100, until=10 - number, settle={})
        untils = [account.until for _, account in ledger.lapsed(now=10, limit=4)]
        assert len(untils) == 4
        assert untils == sorted(untils)
        for number in range(6):
            ledger.settle(replace(main, run=f"run-{number}"), {1: 0})

    def test_one_that_nobody_can_deal_with_is_put_off_behind_the_others(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        ledger.put_off(found(ledger, opened), at=UNTIL + 50)
        assert due(ledger, opened, UNTIL + 49) == []
        assert due(ledger, opened, UNTIL + 50) == [of_branch("run-1")]
        assert amounts(ledger, opened) == (1_000, 0, 100, 900)

    def test_one_that_somebody_goes_on_with_is_not_put_off(self, ledger: Ledger, opened: Branch) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        before = found(ledger, opened)
        ledger.reserve(opened, 3, 100, until=UNTIL + 70, settle={1: 0})
        ledger.put_off(before, at=UNTIL + 50)
        assert found(ledger, opened).until == UNTIL + 70


class TestStopping:
    def test_after_a_stop_nothing_is_reserved_in_any_branch_and_what_is_under_way_is_settled(self, ledger: Ledger, opened: Branch) -> None:
        side = replace(opened, path="side")
        ledger.open_branch(side, 300)
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        ledger.stop(opened.tenant, "run-1", "eve: enough")
        ledger.stop(opened.tenant, "run-1", "another")
        for branch in (opened, side):
            with pytest.raises(RunStopped, match="eve: enough"):
                ledger.reserve(branch, 3, 1, until=UNTIL, settle={})
        assert found(ledger, opened, of_run("run-1")).stopped == "eve: enough"
        ledger.settle(opened, {1: 40})
        assert amounts(ledger, opened) == (700, 40, 0, 660)

    def test_a_run_without_account_cannot_be_stopped(self, ledger: Ledger, main: Branch) -> None:
        with pytest.raises(InputRejected):
            ledger.stop(main.tenant, "run-1", "enough")

    def test_a_stop_among_many_reservations_lets_none_pass_once_it_is_acknowledged(self, ledger: Ledger, opened: Branch) -> None:
        order, stopped = count(), []

        def do(place: int) -> Any:
            if place == 0:
                ledger.stop(opened.tenant, "run-1", "enough")
                stopped.append(next(order))
                return None
            began = next(order)
            ledger.reserve(opened, place, 1, until=UNTIL, settle={})
            return began

        began = [end for end in together(24, do)[1:] if isinstance(end, int)]
        assert all(at < stopped[0] for at in began)
        with pytest.raises(RunStopped):
            ledger.reserve(opened, 100, 1, until=UNTIL, settle={})


class TestClosing:
    def test_what_was_not_spent_goes_back_from_branch_to_run_to_day(self, ledger: Ledger, opened: Branch) -> None:
        side = replace(opened, path="side")
        ledger.open_branch(side, 300)
        for branch, cost in ((opened, 40), (side, 7)):
            ledger.reserve(branch, 1, 100, until=UNTIL, settle={})
            ledger.settle(branch, {1: cost})
        for _ in range(2):
            assert ledger.close(opened.tenant, "run-1")
        assert amounts(ledger, opened) == (40, 40, 0, 0)
        assert amounts(ledger, opened, of_run("run-1")) == (47, 47, 0, 0)
        assert amounts(ledger, opened, day(NOW)) == (DEFAULT.day, 47, 0, DEFAULT.day - 47)
        assert found(ledger, opened, of_run("run-1")).closed
        assert due(ledger, opened, NOW * 2) == []

    def test_a_call_under_way_keeps_its_branch_open_but_nothing_more_is_reserved(self, ledger: Ledger, opened: Branch) -> None:
        side = replace(opened, path="side")
        ledger.open_branch(side, 300)
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        assert not ledger.close(opened.tenant, "run-1")
        assert found(ledger, side).closed
        for branch in (opened, side):
            with pytest.raises(RunStopped):
                ledger.reserve(branch, 3, 1, until=UNTIL, settle={})
        assert due(ledger, opened, UNTIL - 1) == []
        assert sorted(due(ledger, opened, UNTIL)) == [of_branch("run-1"), of_run("run-1")]
        ledger.settle(opened, {1: 60})
        assert ledger.close(opened.tenant, "run-1")
        assert amounts(ledger, opened, day(NOW)) == (DEFAULT.day, 60, 0, DEFAULT.day - 60)

    def test_a_run_that_has_ended_is_off_the_list_opens_no_branch_and_is_closed_by_whoever_looks(
        self, ledger: Ledger, opened: Branch
    ) -> None:
        ledger.reserve(opened, 1, 100, until=UNTIL, settle={})
        ledger.settle(opened, {1: 40})
        for _ in range(2):
            ledger.end(opened.tenant, "run-1")
        assert ledger.running(opened.tenant) == ()
        assert ledger.tenants()[opened.tenant] == 0
        with pytest.raises(RunStopped):
            ledger.open_branch(replace(opened, path="side"), 300)
        assert due(ledger, opened, NOW) == [of_run("run-1")]
        assert ledger.close(opened.tenant, "run-1")
        assert amounts(ledger, opened, day(NOW)) == (DEFAULT.day, 40, 0, DEFAULT.day - 40)
        assert ledger.tenants()[opened.tenant] == 0

    def test_a_late_end_leaves_the_next_attempt_listed(self, ledger: Ledger, opened: Branch) -> None:
        ledger.close(opened.tenant, "run-1", attempt=0)
        ledger.reopen(opened, 900, now=NOW, attempt=1)
        ledger.end(opened.tenant, "run-1", attempt=0)
        assert [one.run for one in ledger.running(opened.tenant)] == ["run-1"]
        ledger.reserve(opened, 1, 300, until=UNTIL, settle={})
        ledger.end(opened.tenant, "run-2")

    def test_a_run_without_account_is_closed(self, ledger: Ledger, main: Branch) -> None:
        assert ledger.close(main.tenant, "run-1")

    def test_of_six_at_once_one_gives_back(self, ledger: Ledger, opened: Branch) -> None:
        together(6, lambda _: ledger.close(opened.tenant, "run-1"))
        assert ledger.close(opened.tenant, "run-1")
        assert amounts(ledger, opened, day(NOW)) == (DEFAULT.day, 0, 0, DEFAULT.day)

    def test_money_that_came_back_can_be_taken_again(self, ledger: Ledger, main: Branch) -> None:
        ledger.open(main, DEFAULT.day, now=NOW)
        ledger.close(main.tenant, "run-1")
        ledger.open(replace(main, run="run-2"), DEFAULT.day, now=NOW)

    def test_a_run_that_was_closed_before_it_spent_anything_is_opened_anew(self, ledger: Ledger, opened: Branch) -> None:
        ledger.close(opened.tenant, "run-1")
        tomorrow = NOW + 86_400_000
        ledger.open(opened, 900, now=tomorrow)
        assert amounts(ledger, opened, day(NOW)) == (DEFAULT.day, 0, 0, DEFAULT.day)
        assert amounts(ledger, opened, day(tomorrow)) == (DEFAULT.day, 0, 900, DEFAULT.day - 900)
        ledger.reserve(opened, 1, 900, until=UNTIL, settle={})
        ledger.settle(opened, {1: 50})
        assert ledger.close(opened.tenant, "run-1")
        assert amounts(ledger, opened, day(tomorrow)) == (DEFAULT.day, 50, 0, DEFAULT.day - 50)

    @pytest.mark.parametrize("why", ["spent", "stopped"])
    def test_one_that_spent_something_or_was_stopped_stays_closed(self, ledger: Ledger, opened: Branch, why: str) -> None:
        if why == "spent":
            ledger.reserve(opened, 1, 10, until=UNTIL, settle={})
            ledger.settle(opened, {1: 10})
        else:
            ledger.stop(opened.tenant, "run-1", "enough")
        ledger.close(opened.tenant, "run-1")
        ledger.open(opened, 1_000, now=NOW)
        assert found(ledger, opened).closed
        assert amounts(ledger, opened, day(NOW))[2] == 0

    def test_whoever_opens_it_is_told(self, ledger: Ledger, main: Branch) -> None:
        assert [ledger.open(main, 1_000, now=NOW) for _ in range(2)] == [True, False]
        ledger.close(main.tenant, "run-1", attempt=0)
        assert [ledger.reopen(main, 900, now=NOW, attempt=1) for _ in range(2)] == [True, False]
        ledger.close(main.tenant, "run-1", attempt=1)
        assert not ledger.reopen(main, 900, now=NOW, attempt=0), "the accounts were of a later attempt"

    def test_a_late_close_leaves_the_next_attempt_open_and_listed(self, ledger: Ledger, opened: Branch) -> None:
        side = replace(opened, path="side")
        ledger.open_branch(side, 300)
        ledger.close(opened.tenant, "run-1", attempt=0)
        ledger.reopen(opened, 900, now=NOW, attempt=1)
        ledger.open_branch(side, 300)
        assert ledger.close(opened.tenant, "run-1", attempt=0)
        assert [one.run for one in ledger.running(opened.tenant)] == ["run-1"]
        for branch in (opened, side):
            ledger.reserve(branch, 1, 300, until=UNTIL, settle={})
            ledger.settle(branch, {1: 10})
        assert {found(ledger, opened, name).attempt for name in (of_run("run-1"), of_branch("run-1"), of_branch("run-1", "side"))} == {1}
        assert ledger.close(opened.tenant, "run-1", attempt=1)
        assert ledger.running(opened.tenant) == ()
        assert amounts(ledger, opened, day(NOW)) == (DEFAULT.day, 20, 0, DEFAULT.day - 20)

    def test_one_for_which_the_day_has_too_little_left_stays_closed(self, ledger: Ledger, opened: Branch) -> None:
        ledger.close(opened.tenant, "run-1")
        ledger.open(replace(opened, run="run-2"), DEFAULT.day, now=NOW)
        with pytest.raises(BudgetExhausted):
            ledger.open(opened, 1_000, now=NOW)
        assert found(ledger, opened).closed


class TestBudgets:
    def test_a_tenant_has_the_default_until_it_has_its_own(self, ledger: Ledger, main: Branch) -> None:
        assert ledger.budgets(main.tenant) == DEFAULT
        own = Budgets(day=900, run=500, usual=100)
        ledger.set_budgets(main.tenant, own, now=NOW)
        assert ledger.budgets(main.tenant) == own
        with pytest.raises(BudgetExhausted):
            ledger.open(main, 901, now=NOW)
        ledger.open(main, 900, now=NOW)

    @pytest.mark.parametrize(("limit", "becomes"), [(5_000, 5_000), (1_000, 1_000), (10, 1_000)])
    def test_today_follows_but_never_below_what_is_spent_and_reserved(
        self, ledger: Ledger, opened: Branch, limit: int, becomes: int
    ) -> None:
        ledger.set_budgets(opened.tenant, Budgets(day=limit, run=10, usual=10), now=NOW)
        assert amounts(ledger, opened, day(NOW)) == (becomes, 0, 1_000, becomes - 1_000)

    def test_a_lowered_limit_of_today_holds_also_for_what_runs_give_back(self, ledger: Ledger, opened: Branch) -> None:
        ledger.open(replace(opened, run="run-2"), 500, now=NOW)
        ledger.reserve(opened, 1, 300, until=UNTIL, settle={})
        ledger.settle(opened, {1: 300})
        ledger.set_budgets(opened.tenant, Budgets(day=600, run=10, usual=10), now=NOW)
        assert amounts(ledger, opened, day(NOW)) == (1_500, 0, 1_500, 0)
        ledger.close(opened.tenant, "run-1")
        assert amounts(ledger, opened, day(NOW)) == (800, 300, 500, 0)
        ledger.close(opened.tenant, "run-2")
        assert amounts(ledger, opened, day(NOW)) == (600, 300, 0, 300)
        with pytest.raises(BudgetExhausted):
            ledger.open(replace(opened, run="run-3"), 301, now=NOW)

    def test_of_runs_closed_at_once_under_a_lowered_limit_none_brings_it_back(self, ledger: Ledger, main: Branch) -> None:
        runs = [f"run-{place}" for place in range(4)]
        for run in runs:
            ledger.open(replace(main, run=run), 1_000, now=NOW)
        ledger.set_budgets(main.tenant, Budgets(day=700, run=10, usual=10), now=NOW)
        together(4, lambda place: ledger.close(main.tenant, runs[place]))
        assert all(ledger.close(main.tenant, run) for run in runs)
        assert amounts(ledger, main, day(NOW)) == (700, 0, 0, 700)

    def test_a_limit_that_is_raised_again_is_the_limit(self, ledger: Ledger, opened: Branch) -> None:
        for limit in (10, 5_000):
            ledger.set_budgets(opened.tenant, Budgets(day=limit, run=10, usual=10), now=NOW)
        ledger.close(opened.tenant, "run-1")
        assert amounts(ledger, opened, day(NOW)) == (5_000, 0, 0, 5_000)

    def test_the_next_day_follows_when_somebodys_clock_is_past_midnight_already(self, ledger: Ledger, main: Branch) -> None:
        midnight = 86_400_000
        ledger.open(main, 10, now=midnight)
        ledger.set_budgets(main.tenant, Budgets(day=700, run=10, usual=10), now=midnight - 1)
        assert amounts(ledger, main, day(midnight)) == (700, 0, 10, 690)

    def test_while_runs_open_a_limit_is_set_and_holds(self, ledger: Ledger, main: Branch) -> None:
        def do(place: int) -> None:
            if place == 0:
                ledger.set_budgets(main.tenant, Budgets(day=10_000, run=1, usual=1), now=NOW)
            else:
                ledger.open(replace(main, run=f"run-{place}"), 1_000, now=NOW)

        together(9, do)
        assert amounts(ledger, main, day(NOW))[0] == 10_000


@pytest.mark.twin
class TestOnAws:
    def test_whatever_happens_and_wherever_it_breaks_off_no_money_is_lost_and_none_is_spent_twice(self, aws: Aws) -> None:
        class OnAws(Money):
            def ledger(self) -> Ledger:
                return on(aws.dynamodb, DAY)

        few = settings(max_examples=3, stateful_step_count=15, deadline=None)
        run_state_machine_as_test(OnAws, settings=few)

    def test_a_close_that_a_restart_overtakes_anywhere_closes_nothing_of_the_next_attempt(self, aws: Aws, main: Branch) -> None:
        ledger = aws.storage().ledger

        def restart() -> None:
            assert ledger.close(main.tenant, run.run)
            assert ledger.reopen(run, 1_000, now=NOW, attempt=1)

        for at in count(1):
            run = replace(main, run=f"run-{at}")
            ledger.open(run, 1_000, now=NOW)
            client = Overtaken(aws.dynamodb, at, restart)
            on(client).close(main.tenant, run.run, attempt=0)
            if client.calls < at:
                break
            ledger.reserve(run, 1, 1_000, until=UNTIL, settle={})
            ledger.settle(run, {1: 0})
            assert run.run in [one.run for one in ledger.running(main.tenant)]
            assert ledger.close(main.tenant, run.run, attempt=1)
        assert at > 5
        assert amounts(ledger, main, day(NOW)) == (DEFAULT.day, 0, 0, DEFAULT.day)

    def test_two_who_set_one_limit_at_once_set_it_once(self, aws: Aws, opened_there: Branch) -> None:
        both = Barrier(2)

        def change(_: int) -> None:
            ledger = on(Meeting(aws.dynamodb, both))
            ledger.set_budgets(opened_there.tenant, own, now=NOW)

        for limit in (60_000_000, 40_000_000):
            own = Budgets(day=limit, run=10, usual=10)
            together(2, change)
            assert amounts(aws.storage().ledger, opened_there, day(NOW)) == (limit, 0, 1_000, limit - 1_000)

    def test_two_who_set_different_limits_leave_the_tenants_and_its_days_the_same(self, aws: Aws, opened_there: Branch) -> None:
        both, ledger = Barrier(2), aws.storage().ledger

        def change(place: int) -> None:
            mine = on(Meeting(aws.dynamodb, both))
            mine.set_budgets(opened_there.tenant, Budgets(day=(60_000_000, 70_000_000)[place], run=10, usual=10), now=NOW)

        together(2, change)
        assert amounts(ledger, opened_there, day(NOW))[0] == ledger.budgets(opened_there.tenant).day

    def test_a_day_does_not_begin_with_a_limit_that_changed_while_it_was_opened(self, aws: Aws, main: Branch) -> None:
        midnight = 86_400_000
        admin = aws.storage().ledger
        client = Interrupted(aws.dynamodb, lambda: admin.set_budgets(main.tenant, Budgets(day=700, run=10, usual=10), now=midnight - 1))
        on(client).open(main, 10, now=midnight)
        assert amounts(admin, main, day(midnight)) == (700, 0, 10, 690)

    def test_a_limit_that_is_lowered_while_a_run_gives_back_holds(self, aws: Aws, opened_there: Branch) -> None:
        admin = aws.storage().ledger
        lower = Budgets(day=10, run=10, usual=10)
        client = Interrupted(aws.dynamodb, lambda: admin.set_budgets(opened_there.tenant, lower, now=NOW), at=1)
        assert on(client).close(opened_there.tenant, "run-1")
        assert amounts(admin, opened_there, day(NOW)) == (10, 0, 0, 10)

    def test_a_step_is_one_write_and_no_reading(self, aws: Aws, opened_there: Branch) -> None:
        client = Counting(aws.dynamodb)
        ledger = on(client)
        ledger.reserve(opened_there, 1, 100, until=UNTIL, settle={})
        ledger.reserve(opened_there, 3, 100, until=UNTIL, settle={1: 10})
        ledger.settle(opened_there, {3: 10})
        assert client.calls == ["update_item"] * 3

    def test_a_new_process_reads_once_to_settle_what_it_did_not_reserve(self, aws: Aws, opened_there: Branch) -> None:
        aws.storage().ledger.reserve(opened_there, 1, 100, until=UNTIL, settle={})
        client = Counting(aws.dynamodb)
        on(client).reserve(opened_there, 3, 100, until=UNTIL, settle={1: 10})
        assert client.calls == ["get_item", "update_item"]

    def test_a_process_that_remembers_nothing_is_refused_by_the_write_itself(self, aws: Aws, opened_there: Branch) -> None:
        first = aws.storage().ledger
        first.reserve(opened_there, 3, 900, until=UNTIL, settle={})
        first.settle(opened_there, {3: 700})
        with pytest.raises(Fenced):
            aws.storage().ledger.reserve(opened_there, 3, 100, until=UNTIL, settle={})
        with pytest.raises(BudgetExhausted):
            aws.storage().ledger.reserve(opened_there, 5, 301, until=UNTIL, settle={})
        first.stop(opened_there.tenant, "run-1", "enough")
        with pytest.raises(RunStopped):
            aws.storage().ledger.reserve(opened_there, 5, 1, until=UNTIL, settle={})
        assert amounts(first, opened_there) == (1_000, 700, 0, 300)

    def test_a_warm_process_whose_memory_is_old_decides_on_what_stands(self, aws: Aws, opened_there: Branch) -> None:
        old, new = aws.storage().ledger, aws.storage().ledger
        old.reserve(opened_there, 1, 900, until=UNTIL, settle={})
        new.reserve(opened_there, 3, 900, until=UNTIL, settle={1: 0})
        new.settle(opened_there, {3: 50})
        old.reserve(opened_there, 5, 900, until=UNTIL, settle={1: 700})
        assert amounts(old, opened_there) == (1_000, 50, 900, 50)

    def test_accounts_spread_over_the_index_by_their_run(self, aws: Aws, opened_there: Branch) -> None:
        shards = {shard(f"run-{number}") for number in range(200)}
        assert shards == set(SHARDS)
        key = {"account": {"S": f"{opened_there.tenant}#branch/run-1/main"}}
        held = aws.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
        assert held["shard"] == {"S": shard("run-1")}
        assert "until" not in held

    def test_a_conflict_with_another_transaction_is_waited_out_and_at_last_told(self, aws: Aws, opened_there: Branch) -> None:
        client = Conflicting(aws.dynamodb, times=5)
        ledger = on(client, pause=lambda _: None)
        ledger.reserve(opened_there, 1, 100, until=UNTIL, settle={})
        assert amounts(ledger, opened_there) == (1_000, 0, 100, 900)
        client.times = 1_000
        with pytest.raises(StoreUnavailable, match="TransactionConflict"):
            ledger.reserve(opened_there, 2, 100, until=UNTIL, settle={})

    @pytest.fixture
    def opened_there(self, aws: Aws, main: Branch) -> Branch:
        aws.storage().ledger.open(main, 1_000, now=NOW)
        return main


class Counting:
    """A client that notes what it is asked to do."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self._client, name)


class Meeting:
    """A client whose first transaction waits until another's is as far."""

    def __init__(self, client: Any, both: Barrier) -> None:
        self._client = client
        self._both: Barrier | None = both

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **given: Any) -> Any:
        if both := self._both:
            self._both = None
            both.wait()
        return self._client.transact_write_items(**given)


class Overtaken:
    """A client that does something else before one of its calls."""

    def __init__(self, client: Any, at: int, do: Callable[[], None]) -> None:
        self._client, self._at, self._do = client, at, do
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        def call(**given: Any) -> Any:
            self.calls += 1
            if self.calls == self._at:
                self._do()
            return getattr(self._client, name)(**given)

        return call


class Interrupted:
    """A client before one of whose transactions, number *at*, something else happens."""

    def __init__(self, client: Any, between: Callable[[], None], at: int = 0) -> None:
        self._client = client
        self._between = between
        self._at = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **given: Any) -> Any:
        self._at -= 1
        if self._at == -1:
            self._between()
        return self._client.transact_write_items(**given)


class Conflicting:
    """A client whose updates meet another's transaction some *times*."""

    def __init__(self, client: Any, times: int) -> None:
        self._client = client
        self.times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **given: Any) -> Any:
        self.times -= 1
        if self.times >= 0:
            raise ClientError({"Error": {"Code": "TransactionConflictException", "Message": "ongoing"}}, "UpdateItem")
        return self._client.update_item(**given)


def test_the_double_and_the_adapter_begin_with_the_same_limits() -> None:
    assert MemoryLedger().budgets("anybody") == DEFAULT
