"""The ledger: money is reserved before it is spent. Accounts form a tree: tenant and day, run, branch.

In every account ``limit == spent + reserved + available``, and none of them is ever below zero. A run takes its whole budget from its
tenant's day when it is opened, a branch takes its share from its run; so a step touches one account only, its branch's. A reservation is
named after the journal entry that records the model call it is for: what became of it can always be read from the journal.
``core/accounting.py`` has the rules.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from septet.core.frozen import frozen
from septet.core.journal import MAIN, Branch

if TYPE_CHECKING:
    from septet.core.running import Open

DAY = 86_400_000
"""Milliseconds."""
LOOK_AFTER = 3_600_000
"""Milliseconds after which it is looked whether a run has ended without anybody saying so."""
AT_ONCE = 1
"""When somebody has to look at a run that has ended and is not closed."""


@frozen
class Account:
    """One account as it stands; amounts are micro-dollars."""

    tenant: str
    name: str
    limit: int
    spent: int = 0
    reserved: int = 0
    """Held for calls under way, or by accounts below."""
    available: int = 0
    over: int = 0
    """In a day: what its limit is above the one that was set, because runs had it already. It shrinks with what they give back."""
    stopped: str = ""
    """Who stopped it and why; empty while it is not."""
    ended: bool = False
    """Its run has ended: nothing is held for a call any more."""
    closed: bool = False
    """What was left has gone back to the account above."""
    reservations: Mapping[int, int] = field(default_factory=dict)
    """In a branch: the amount held for the model call of each entry."""
    charged: int = -1
    """In a branch: the last entry that was charged for. Nothing is held for it again: a late executor would have it charged twice."""
    halted: Mapping[str, str] = field(default_factory=dict)
    """Agents that may do nothing here any more: who stopped each and why."""
    past: int = 0
    """What was spent in earlier attempts of its run; the account above has had that."""
    attempt: int = 0
    """Which attempt of its run it was opened for."""
    until: int = 0
    """When somebody has to look, in milliseconds since the epoch: in a branch, when whoever made the reservations is surely gone (0 without
    any); in a run, when its end may have been missed, or its branches' workers are surely gone."""


@frozen
class Budgets:
    """A tenant's limits; amounts are micro-dollars."""

    day: int
    """All runs that are opened on one day (UTC)."""
    run: int
    """The most one run may ask for."""
    usual: int
    """What a run gets that asks for nothing."""


class BranchLedger(Protocol):
    """The part of the ledger that a turn needs: the account of its branch. One conditional write decides about each reservation.

    Every method raises StoreUnavailable when the store fails; all of them can be repeated.
    """

    def reserve(self, branch: Branch, entry: int, amount: int, *, until: int, settle: Mapping[int, int], agent: str = "") -> None:
        """Hold *amount* for *agent*'s model call that entry number *entry* will record, and settle earlier ones, in one conditional write.

        *settle* has the cost of each earlier call by its entry; one that is settled already is passed over. *until* is when the caller
        will surely be gone. The same reservation again counts as made; a larger one for the same entry replaces it, a smaller one leaves
        it. Raises BudgetExhausted when the branch has less left, RunStopped when it is stopped or its run has ended, AgentStopped when
        *agent* is halted in it, Fenced when a call of that entry or of a later one was charged for, InputRejected when there is no such
        account.
        """
        ...

    def settle(self, branch: Branch, settle: Mapping[int, int], *, lapsed: int | None = None) -> None:
        """Charge the cost of each call (at most what is held for it) and release the rest.

        One that is settled already is passed over. With *lapsed*, nothing is done unless the account's ``until`` still is *lapsed*: whoever
        settles for somebody else must not settle for somebody who has taken over in between.
        """
        ...

    def account(self, tenant: str, name: str) -> Account | None:
        """The account, read consistently; None when there is none. Names are made by ``day``, ``of_run`` and ``of_branch``."""
        ...


class Ledger(BranchLedger, Protocol):
    """Storage of accounts, and the list of what runs, which changes in one transaction with them. Raises and repeats as its base does."""

    def open(self, branch: Branch, budget: int, *, now: int, workflow: str = "", parent: str = "", allowed: int = 0) -> bool:
        """Open the accounts of a run and of its first *branch* with *budget* taken from the tenant's day, and list it as running, together.

        Opening them again is the same; True when this was it. A run that was closed before it spent anything is opened anew: it was given
        up too early.
        Raises BudgetExhausted when the day has less left, Overloaded when the tenant runs *allowed* already (0: any number).
        """
        ...

    def reopen(
        self, branch: Branch, budget: int, *, now: int, workflow: str = "", parent: str = "", allowed: int = 0, attempt: int = 0
    ) -> bool:
        """Open the accounts of a run that has ended, and of its first *branch*, for *attempt*, with *budget* of the present day; list it.

        Stops of before are forgotten; whoever reopens looks at the standing ones afterwards. Reopening a run that is open, or was
        for a later attempt, is the same. True when this was it.
        Raises as ``open`` does, InputRejected when the run has no account, StoreUnavailable while a call of before may be under way.
        """
        ...

    def open_branch(self, branch: Branch, share: int) -> None:
        """Open the account of another *branch* of a run with *share* of what its branch ``main`` has left. Opening it again is the same.

        One that ended with an earlier attempt of the run is opened once more. Raises BudgetExhausted when ``main`` has less left,
        RunStopped when the run is stopped or has ended, InputRejected when the run has no account.
        """
        ...

    def stop(self, tenant: str, run: str, why: str, *, attempt: int | None = None) -> None:
        """Write a stop into the run's account and into each of its branches': afterwards no reservation and no intent succeeds.

        The first stop's reason stands. Whoever stops one *attempt* says so: accounts that were opened for a later one stay as they are.
        Raises InputRejected when the run has no account.
        """
        ...

    def stop_branch(self, branch: Branch, why: str) -> None:
        """Write a stop into one branch's account. The first stop's reason stands. Raises InputRejected when there is no such account."""
        ...

    def halt(self, tenant: str, run: str, agent: str, why: str, *, attempt: int | None = None) -> None:
        """Write into the accounts of a run and its branches, also those that open later, that *agent* may do nothing there any more.

        Its reservations and intents are refused with AgentStopped; other agents go on. The first reason stands; *attempt* is as for
        ``stop``. Raises InputRejected when the run has no account.
        """
        ...

    def end(self, tenant: str, run: str, *, attempt: int | None = None) -> None:
        """Take a run that has ended off the list, as ``close`` does first; closing it is left to whoever calls that, or to the sweeper.

        No branch opens from then on. *attempt* is as for ``close``. Ending it again, or one that has no account, is the same.
        """
        ...

    def close(self, tenant: str, run: str, *, attempt: int | None = None) -> bool:
        """Take a run that has ended off the list, and give back what it did not spend, branch to run to day; no reservation succeeds then.

        Whoever knows which *attempt* has ended says so: accounts that were opened for a later one stay open. None for whichever it is.
        False when a call may still be under way: the sweeper closes it later. Closing it again is the same.
        """
        ...

    def running(self, tenant: str) -> "tuple[Open, ...]":
        """The tenant's runs that are open, read consistently, in the order of their ids."""
        ...

    def tenants(self) -> Mapping[str, int]:
        """How many runs each tenant has open, read consistently: of every tenant that ever opened one."""
        ...

    def lapsed(self, *, now: int, limit: int) -> list[tuple[Branch, Account]]:
        """At most *limit* accounts of branches and of runs whose ``until`` has passed by *now*, oldest first; a run comes with ``main``."""
        ...

    def look_again(self, tenant: str, run: str, *, at: int) -> None:
        """Put off ``until`` of a run's account that is not closed: it has not ended yet."""
        ...

    def put_off(self, account: Account, *, at: int) -> None:
        """Put off ``until`` of *account*, unless it has changed: others come first in ``lapsed``."""
        ...

    def budgets(self, tenant: str) -> Budgets:
        """The tenant's limits: its own, or the platform's default."""
        ...

    def set_budgets(self, tenant: str, budgets: Budgets, *, now: int) -> None:
        """Change the tenant's limits, the current day's included, together: no day begins with the limits of before afterwards.

        A day is never set below what it has spent and reserved; but what comes back to it is not given out again above the limit.
        """
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
