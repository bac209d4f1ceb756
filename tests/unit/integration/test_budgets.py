from __future__ import annotations

from typing import Any

import pytest

from septet.core.entries import LimitSet
from septet.core.errors import Fenced
from septet.core.journal import Branch, verify
from septet.core.ledger import Budgets
from septet.integration.budgets import ATTEMPTS, Share, change, history, share, standing
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem
from septet.local.ledger import DEFAULT

ROOT = Principal(tenant="acme", subject="root", roles=frozenset({"admin"}))


def changes(office: Any, tenant: str = "acme") -> list[Any]:
    return [entry.body for entry in office.journal.read(history(tenant))]


def refused(wanted: dict[str, int], who: Principal, ports: Ports) -> Problem:
    with pytest.raises(Problem) as caught:
        change(wanted, who, ports)
    return caught.value


class TestReading:
    def test_a_day_on_which_nothing_ran_has_all_of_its_limit(self, office: Any) -> None:
        found = standing(ROOT, office.ports)
        assert found.limits == DEFAULT
        assert (found.today.name, found.today.available, found.today.spent) == ("day/2025-11-22", DEFAULT.day, 0)

    def test_what_runs_have_taken_is_reserved(self, office: Any) -> None:
        office.start(budget=250_000)
        today = standing(ROOT, office.ports).today
        assert (today.reserved, today.available) == (250_000, DEFAULT.day - 250_000)

    @pytest.mark.parametrize("role", ["submitter", "approver", "operator", "auditor", "admin"])
    def test_every_role_reads_it(self, office: Any, role: str) -> None:
        assert standing(Principal(tenant="acme", subject="x", roles=frozenset({role})), office.ports).limits == DEFAULT

    def test_no_role_reads_nothing(self, office: Any) -> None:
        with pytest.raises(Problem) as caught:
            standing(Principal(tenant="acme", subject="x", roles=frozenset()), office.ports)
        assert caught.value.kind is Kind.FORBIDDEN


class TestChanging:
    def test_a_change_is_in_the_journal_and_holds_at_once(self, office: Any) -> None:
        office.start(budget=250_000)
        found = change({"day": 20_000_000, "usual": 500_000}, ROOT, office.ports)
        assert found.limits == Budgets(day=20_000_000, run=DEFAULT.run, usual=500_000)
        assert found.today.available == 19_750_000
        assert changes(office) == [
            LimitSet(name="day", before=DEFAULT.day, after=20_000_000, by="root"),
            LimitSet(name="usual", before=DEFAULT.usual, after=500_000, by="root"),
        ]
        assert verify(office.journal.read(history("acme"))) == []

    def test_what_changes_nothing_is_no_entry(self, office: Any) -> None:
        for _ in range(2):
            change({"day": 20_000_000}, ROOT, office.ports)
        assert len(changes(office)) == 1

    def test_tenants_are_apart(self, office: Any) -> None:
        change({"day": 20_000_000}, ROOT, office.ports)
        assert office.ledger.budgets("other") == DEFAULT
        assert changes(office, "other") == []

    @pytest.mark.parametrize("role", ["submitter", "approver", "operator", "auditor"])
    def test_only_an_administrator_changes(self, office: Any, role: str) -> None:
        problem = refused({"day": 1}, Principal(tenant="acme", subject="x", roles=frozenset({role})), office.ports)
        assert (problem.kind, "admin" in problem.detail) == (Kind.FORBIDDEN, True)
        assert changes(office) == []
        assert office.ledger.budgets("acme") == DEFAULT

    @pytest.mark.parametrize(
        ("wanted", "field"),
        [({"usual": DEFAULT.run + 1}, "usual"), ({"run": DEFAULT.day + 1}, "run"), ({"day": 1}, "run"), ({"run": 1}, "usual")],
    )
    def test_limits_that_do_not_fit_each_other_are_refused(self, office: Any, wanted: dict[str, int], field: str) -> None:
        problem = refused(wanted, ROOT, office.ports)
        assert (problem.kind, problem.errors[0].field) == (Kind.INVALID, field)
        assert changes(office) == []
        assert office.ledger.budgets("acme") == DEFAULT

    def test_a_day_is_never_below_what_it_has_spent_and_reserved(self, office: Any) -> None:
        for _ in range(3):
            office.start(budget=5_000_000)
        found = change({"day": 6_000_000}, ROOT, office.ports)
        assert (found.limits.day, found.today.limit, found.today.available) == (6_000_000, 15_000_000, 0)


class Broken:
    """A ledger that ends the process when a limit is applied."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        if name == "set_budgets":
            raise KeyboardInterrupt
        return getattr(self._ledger, name)


def test_a_change_that_broke_off_after_the_journal_is_done_when_it_is_repeated(office: Any) -> None:
    rightful, office.ledger = office.ledger, Broken(office.ledger)
    with pytest.raises(KeyboardInterrupt):
        change({"day": 20_000_000}, ROOT, office.ports)
    assert len(changes(office)) == 1
    office.ledger = rightful
    assert office.ledger.budgets("acme") == DEFAULT
    assert change({"day": 20_000_000}, ROOT, office.ports).limits.day == 20_000_000
    assert len(changes(office)) == 1


class Rival:
    """A journal to which another administrator writes first, so many times."""

    def __init__(self, office: Any, times: int) -> None:
        self._office, self._journal, self.left = office, office.journal, times

    def read(self, branch: Branch, *, after: int = -1) -> Any:
        return self._journal.read(branch, after=after)

    def append(self, branch: Branch, entry: Any, *, writer: str) -> None:
        if self.left:
            self.left -= 1
            rightful, self._office.journal = self._office.journal, self._journal
            change({"usual": 100_000 + self.left}, Principal(tenant="acme", subject="eve", roles=ROOT.roles), self._office.ports)
            self._office.journal = rightful
        self._journal.append(branch, entry, writer=writer)


def test_of_two_changes_at_once_both_are_journaled_in_order_and_both_hold(office: Any) -> None:
    office.journal = Rival(office, 1)
    found = change({"day": 20_000_000}, ROOT, office.ports)
    assert found.limits == Budgets(day=20_000_000, run=DEFAULT.run, usual=100_000)
    assert [(body.name, body.by) for body in changes(office)] == [("usual", "eve"), ("day", "root")]
    assert verify(office.journal.read(history("acme"))) == []


def test_who_is_overtaken_again_and_again_is_told(office: Any) -> None:
    office.journal = Rival(office, ATTEMPTS)
    assert refused({"day": 20_000_000}, ROOT, office.ports).kind is Kind.CONFLICT
    assert office.ledger.budgets("acme").day == DEFAULT.day


class Slow:
    """A ledger that applies what it is told only after another administrator's change was journaled and applied."""

    def __init__(self, office: Any) -> None:
        self._office, self._ledger, self._slow = office, office.ledger, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def set_budgets(self, tenant: str, budgets: Budgets, *, now: int) -> None:
        if self._slow:
            self._slow = False
            change({"day": 30_000_000}, ROOT, self._office.ports)
        self._ledger.set_budgets(tenant, budgets, now=now)


def test_the_last_in_the_journal_has_the_last_word_also_when_it_is_applied_first(office: Any) -> None:
    office.ledger = Slow(office)
    change({"day": 20_000_000}, ROOT, office.ports)
    assert [body.after for body in changes(office)] == [20_000_000, 30_000_000]
    assert office.ledger.budgets("acme").day == 30_000_000


def test_a_journal_that_was_overtaken_raises_fenced(office: Any) -> None:
    change({"day": 20_000_000}, ROOT, office.ports)
    (entry,) = office.journal.read(history("acme"))
    with pytest.raises(Fenced):
        office.journal.append(history("acme"), entry, writer="another")


class TestShare:
    def run(self, office: Any) -> Any:
        return office.runs.get("acme", office.start(budget=250_000))

    def test_a_run_that_was_opened_can_spend_its_budget(self, office: Any) -> None:
        assert share(self.run(office), office.ports) == Share(limit=250_000, spent=0, reserved=0, available=250_000)

    def test_calls_under_way_are_reserved_and_those_that_ended_are_spent(self, office: Any) -> None:
        run = self.run(office)
        branch = Branch(tenant="acme", run=run.run)
        office.ledger.reserve(branch, 1, 60_000, until=1, settle={})
        office.ledger.reserve(branch, 3, 50_000, until=1, settle={1: 20_000})
        assert share(run, office.ports) == Share(limit=250_000, spent=20_000, reserved=50_000, available=180_000)

    def test_what_another_branch_got_is_reserved_until_it_is_closed(self, office: Any) -> None:
        run = self.run(office)
        office.ledger.open_branch(Branch(tenant="acme", run=run.run, path="specialist"), 100_000)
        assert share(run, office.ports) == Share(limit=250_000, spent=0, reserved=100_000, available=150_000)

    def test_a_closed_run_keeps_its_limit_and_has_nothing_left(self, office: Any) -> None:
        run = self.run(office)
        branch = Branch(tenant="acme", run=run.run)
        office.ledger.reserve(branch, 1, 60_000, until=1, settle={})
        office.ledger.settle(branch, {1: 20_000})
        office.ledger.close("acme", run.run)
        assert share(run, office.ports) == Share(limit=250_000, spent=20_000, reserved=0, available=0)

    def test_a_run_without_an_account_has_none(self, office: Any) -> None:
        run = self.run(office)
        office.ledger = type(office.ledger)()
        assert share(run, office.ports) is None
