"""The ledger's rules: how an account changes. Pure; every ledger stores what these functions return, or nothing."""

from collections.abc import Mapping
from copy import replace

from septet.core.errors import BudgetExhausted, Fenced, RunStopped
from septet.core.ledger import Account
from septet.core.money import dollars


def spendable(account: Account) -> None:
    """Raise RunStopped when nothing may be held in *account* any more."""
    if account.stopped or account.ended:
        raise RunStopped(f"{account.name} is stopped: {account.stopped or 'the run has ended'}")


def take(account: Account, amount: int) -> Account:
    """*account* with *amount* held for an account below it. Raises RunStopped or BudgetExhausted."""
    spendable(account)
    _enough(account, amount)
    return replace(account, available=account.available - amount, reserved=account.reserved + amount)


def part(account: Account, share: int) -> Account:
    """*account* with *share* of its limit gone to an account beside it. Raises RunStopped or BudgetExhausted."""
    spendable(account)
    _enough(account, share)
    return replace(account, available=account.available - share, limit=account.limit - share)


def hold(account: Account, entry: int, amount: int, *, until: int, settle: Mapping[int, int]) -> Account:
    """*account* with *settle* charged and *amount* held for *entry*. Raises RunStopped, Fenced or BudgetExhausted."""
    spendable(account)
    account = charge(account, settle)
    if entry <= account.charged:
        raise Fenced(f"{account.name}: another executor has paid for entry {account.charged}, so entry {entry} is taken")
    standing = account.reservations.get(entry, 0)
    more = max(0, amount - standing)
    _enough(account, more)
    return replace(
        account,
        available=account.available - more,
        reserved=account.reserved + more,
        reservations={**account.reservations, entry: standing + more},
        until=max(account.until, until),
    )


def charge(account: Account, settle: Mapping[int, int]) -> Account:
    """*account* with each call of *settle* that something is held for charged, at most with that, and the rest released."""
    held = {entry: amount for entry, amount in account.reservations.items() if entry in settle}
    costs = {entry: min(settle[entry], amount) for entry, amount in held.items()}
    left = {entry: amount for entry, amount in account.reservations.items() if entry not in settle}
    spent, released = sum(costs.values()), sum(held.values())
    return replace(
        account,
        spent=account.spent + spent,
        reserved=account.reserved - released,
        available=account.available + released - spent,
        reservations=left,
        charged=max(account.charged, *(entry for entry, cost in costs.items() if cost), -1),
        until=account.until if left else 0,
    )


def given_back(account: Account, above: Account) -> tuple[Account, Account]:
    """Both, when *account*, in which nothing is held, is closed and what it did not spend goes back to *above*.

    What *above* has over the limit that was set for it is not given out again.
    """
    kept = min(above.over, account.available)
    closed = replace(account, limit=account.spent, available=0, ended=True, closed=True, until=0)
    received = replace(
        above,
        limit=above.limit - kept,
        over=above.over - kept,
        spent=above.spent + account.spent,
        reserved=above.reserved - account.limit,
        available=above.available + account.available - kept,
    )
    return closed, received


def idle(branch: Account, run: Account) -> bool:
    """Whether *run* and its first *branch* were closed, and not stopped, before anything was spent: they can be opened anew."""
    return branch.closed and run.closed and not (run.stopped or run.spent)


def limited(account: Account, limit: int) -> Account:
    """*account* with another limit, or with what it has spent and reserved where that is more."""
    least = max(limit, account.spent + account.reserved)
    return replace(account, limit=least, over=least - limit, available=least - account.spent - account.reserved)


def _enough(account: Account, amount: int) -> None:
    if account.available < amount:
        kind, _, date = account.name.partition("/")
        whose = f"the budget of {date}" if kind == "day" else "the run's budget"
        raise BudgetExhausted(f"{dollars(account.available)} is left of {whose}, {dollars(amount)} are needed")
