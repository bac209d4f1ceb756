"""The ledger: money is reserved before it is spent. Accounts form a tree: tenant and day, run, branch.

In every account ``limit == spent + reserved + available``, and none of them is ever below zero. A run takes its whole budget from its
tenant's day when it is opened, a branch takes its share from its run; so a step touches one account only, its branch's. A reservation is
named after the journal entry that records the model call it is for: what became of it can always be read from the journal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from septet.core.journal import MAIN, Branch


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One account as it stands; amounts are micro-dollars."""

    tenant: str
    name: str
    limit: int
    spent: int = 0
    reserved: int = 0
    """Held for calls under way, or by accounts below."""
    available: int = 0
    stopped: str = ""
    """Who stopped it and why; empty while it is not."""
    closed: bool = False
    """What was left has gone back to the account above."""
    reservations: Mapping[int, int] = field(default_factory=dict)
    """In a branch: the amount held for the model call of each entry."""
    until: int = 0
    """In a branch: when whoever made the reservations is surely gone, in milliseconds since the epoch; 0 when nobody works."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budgets:
    """A tenant's limits; amounts are micro-dollars."""

    day: int
    """All runs that are opened on one day (UTC)."""
    run: int
    """The most one run may ask for."""
    usual: int
    """What a run gets that asks for nothing."""


class Ledger(Protocol):
    """Storage of accounts. One conditional write decides about each reservation."""

    def open(self, branch: Branch, budget: int, *, now: int) -> None:
        """Open the accounts of a run and of its first *branch* with *budget* taken from the tenant's day. Opening them again is the same.

        Raises BudgetExhausted when the day has less left, RunStopped when the tenant is stopped.
        """
        ...

    def reserve(self, branch: Branch, entry: int, amount: int, *, until: int, settle: Mapping[int, int]) -> None:
        """Hold *amount* for the model call that entry number *entry* will record, and settle earlier ones, in one conditional write.

        *settle* has the cost of each earlier call by its entry; one that is settled already is passed over. *until* is when the caller
        will surely be gone. The same reservation again counts as made; a larger one for the same entry replaces it, a smaller one leaves it.
        Raises BudgetExhausted when the branch has less left, RunStopped when it is stopped or closed, InputRejected when there is no such account.
        """
        ...

    def settle(self, branch: Branch, settle: Mapping[int, int]) -> None:
        """Charge the cost of each call (at most what is held for it) and release the rest; nobody works on the branch any more.

        One that is settled already is passed over.
        """
        ...

    def account(self, tenant: str, name: str) -> Account | None:
        """The account, read consistently; None when there is none. Names are made by ``day``, ``of_run`` and ``of_branch``."""
        ...

    def stop(self, tenant: str, run: str, why: str) -> None:
        """Write a stop into the run's account and into each of its branches': afterwards no reservation and no intent succeeds."""
        ...

    def close(self, tenant: str, run: str) -> bool:
        """Give back what a run that has ended did not spend, branch to run to day; no reservation succeeds afterwards.

        False when a call may still be under way: the sweeper closes it later. Closing it again is the same.
        """
        ...

    def lapsed(self, *, now: int, limit: int) -> list[tuple[Branch, Account]]:
        """Branches whose worker is surely gone by *now* and has left reservations behind, or whose run waits to be closed; oldest first."""
        ...

    def budgets(self, tenant: str) -> Budgets:
        """The tenant's limits: its own, or the platform's default."""
        ...

    def set_budgets(self, tenant: str, budgets: Budgets, *, now: int) -> None:
        """Change the tenant's limits, the current day's included: a day is never set below what it has spent and reserved."""
        ...


def day(now: int) -> str:
    """The name of the account of the day (UTC) that *now*, in milliseconds since the epoch, is in: ``day/2026-11-23``."""
    from datetime import UTC, datetime  # noqa: PLC0415 -- an agent never needs it

    return f"day/{datetime.fromtimestamp(now / 1000, tz=UTC):%Y-%m-%d}"


def of_run(run: str) -> str:
    """The name of a run's account."""
    return f"run/{run}"


def of_branch(run: str, path: str = MAIN) -> str:
    """The name of a branch's account."""
    return f"branch/{run}/{path}"
