"""The rules of one account that the ledger's tests do not see from outside."""

from copy import replace
from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from septet.core.accounting import charge, hold
from septet.core.ledger import Account
from tests.unit.strategies import quick

ACCOUNT = Account(
    tenant="acme",
    name="branch/run-1/main",
    limit=1_000,
    spent=100,
    reserved=300,
    available=600,
    stopped="",
    ended=False,
    closed=True,  # never so in an account that something is held in: it only must not be lost
    reservations={3: 100, 5: 200},
    charged=1,
    until=70,
    over=9,
    halted={"refunds": "ann: enough"},
    past=30,
    attempt=2,
)
OTHER = Account(tenant="", name="", limit=0, closed=False)
MOVED = {"spent", "reserved", "available", "reservations", "charged", "until"}
settlements = st.dictionaries(st.integers(0, 7), st.integers(0, 300), max_size=4)


@quick
@given(settlements)
def test_a_settlement_moves_amounts_and_nothing_else(settle: dict[int, int]) -> None:
    stopped = replace(ACCOUNT, stopped="ann: enough", ended=True, closed=False)
    for before in (ACCOUNT, stopped):
        after = charge(before, settle)
        assert all(getattr(after, field.name) == getattr(before, field.name) for field in fields(Account) if field.name not in MOVED)
        held = {entry: amount for entry, amount in before.reservations.items() if entry in settle}
        paid = {entry: min(settle[entry], amount) for entry, amount in held.items()}
        assert after.limit == after.spent + after.reserved + after.available
        assert after.spent == before.spent + sum(paid.values())
        assert after.reserved == before.reserved - sum(held.values())
        assert after.reservations == {entry: amount for entry, amount in before.reservations.items() if entry not in settle}
        assert after.charged == max([before.charged, *(entry for entry, cost in paid.items() if cost)])
        assert after.until == (before.until if after.reservations else 0)


@quick
@given(settlements, st.integers(0, 500), st.integers(0, 140))
def test_to_hold_and_settle_at_once_is_to_settle_and_then_to_hold(settle: dict[int, int], amount: int, until: int) -> None:
    settled = charge(ACCOUNT, settle)
    for entry in (7, 9):
        if entry > settled.charged:
            assert hold(ACCOUNT, entry, amount, until=until, settle=settle) == hold(settled, entry, amount, until=until, settle={})


@quick
@given(st.integers(0, 500), st.integers(0, 140))
def test_to_hold_moves_what_is_available(amount: int, until: int) -> None:
    assert hold(ACCOUNT, 9, amount, until=until, settle={}) == replace(
        ACCOUNT,
        available=ACCOUNT.available - amount,
        reserved=ACCOUNT.reserved + amount,
        reservations={**ACCOUNT.reservations, 9: amount},
        until=max(until, ACCOUNT.until),
    )


def test_each_field_that_could_be_lost_says_something() -> None:
    stopped = replace(ACCOUNT, stopped="ann: enough", ended=True)
    assert all(getattr(stopped, field.name) != getattr(OTHER, field.name) for field in fields(Account))
