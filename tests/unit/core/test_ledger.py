"""The ledger's rules, over the double in memory; tests/contracts holds the adapter to the same."""

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from septet.core.ledger import day, of_branch, of_run
from tests.money import Money


def test_whatever_happens_and_wherever_it_breaks_off_no_money_is_lost_and_none_is_spent_twice() -> None:
    run_state_machine_as_test(Money, settings=settings(max_examples=150, stateful_step_count=30, deadline=None))  # type: ignore[no-untyped-call]  # Hypothesis's


def test_accounts_are_named_by_what_they_are_of() -> None:
    assert (of_run("run-1"), of_branch("run-1"), of_branch("run-1", "left")) == ("run/run-1", "branch/run-1/main", "branch/run-1/left")


def test_a_day_is_one_of_utc() -> None:
    assert [day(at) for at in (0, 86_399_999, 86_400_000)] == ["day/1970-01-01", "day/1970-01-01", "day/1970-01-02"]
