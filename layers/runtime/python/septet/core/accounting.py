"""The ledger's rules: how an account changes. Pure; every ledger stores what these functions return, or nothing."""

from collections.abc import Mapping
from copy import replace

from septet.core.errors import AgentStopped, BudgetExhausted, Fenced, RunStopped
from septet.core.frozen import maker
from septet.core.ledger import Account
from septet.core.money import dollars

_account = maker(Account)


def spendable(account: Account, agent: str = "") -> None:
    """Raise RunStopped when nothing may be held in *account* any more, AgentStopped when *agent* may not."""
    if account.stopped or account.ended:
        raise RunStopped(f"{account.name} is stopped: {account.stopped or 'the run has ended'}")
    if agent in account.halted:
        raise AgentStopped(account.halted[agent])


def take(account: Account, amount: int) -> Account:
    """*account* with *amount* held for an account below it. Raises RunStopped or BudgetExhausted."""
    spendable(account)
    _enough(account.name, account.available, amount)
    return replace(account, available=account.available - amount, reserved=account.reserved + amount)


def part(account: Account, share: int) -> Account:
    """*account* with *share* of its limit gone to an account beside it. Raises RunStopped or BudgetExhausted."""
    spendable(account)
    _enough(account.name, account.available, share)
    return replace(account, available=account.available - share, limit=account.limit - share)


def hold(account: Account, entry: int, amount: int, *, until: int, settle: Mapping[int, int], agent: str = "") -> Account:
    """*account* with *settle* charged and *amount* held for *entry*. Raises RunStopped, AgentStopped, Fenced or BudgetExhausted."""
    spendable(account, agent)
    left, spent, released, charged = _settled(account, settle)
    if entry <= charged:
        raise Fenced(f"{account.name}: another executor has paid for entry {charged}, so entry {entry} is taken")
    standing = left.get(entry, 0)
    more = max(0, amount - standing)
    _enough(account.name, account.available + released - spent, more)
    surely = max(account.until, until) if left else until
    left[entry] = standing + more
    return _moved(account, spent=spent, released=released, held=more, reservations=left, charged=charged, until=surely)


def charge(account: Account, settle: Mapping[int, int]) -> Account:
    """*account* with each call of *settle* that something is held for charged, at most with that, and the rest released."""
    left, spent, released, charged = _settled(account, settle)
    until = account.until if left else 0
    return _moved(account, spent=spent, released=released, held=0, reservations=left, charged=charged, until=until)


def _settled(account: Account, settle: Mapping[int, int]) -> tuple[dict[int, int], int, int, int]:
    """What *settle* leaves held in *account*, what it spends and releases, and the last entry that is charged for afterwards."""
    left, spent, released, charged = dict(account.reservations), 0, 0, account.charged
    for entry, cost in settle.items():
        if entry in left:
            held = left.pop(entry)
            paid = min(cost, held)
            spent, released = spent + paid, released + held
            if paid and entry > charged:
                charged = entry
    return left, spent, released, charged


def _moved(account: Account, *, spent: int, released: int, held: int, reservations: Mapping[int, int], charged: int, until: int) -> Account:
    """*account* after amounts were *spent*, *released* and *held*. Made at once, not by ``replace``: every step makes one."""
    return _account(
        tenant=account.tenant,
        name=account.name,
        limit=account.limit,
        spent=account.spent + spent,
        reserved=account.reserved - released + held,
        available=account.available + released - spent - held,
        stopped=account.stopped,
        ended=account.ended,
        closed=account.closed,
        reservations=reservations,
        charged=charged,
        until=until,
        over=account.over,
        halted=account.halted,
        past=account.past,
        attempt=account.attempt,
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


def renewed(
    account: Account, limit: int, *, available: int, attempt: int, until: int = 0, halted: Mapping[str, str] | None = None
) -> Account:
    """A closed *account* of a run that goes on once more, as *attempt*, with *limit*, of which *available* is its own."""
    return Account(
        tenant=account.tenant,
        name=account.name,
        limit=limit,
        reserved=limit - available,
        available=available,
        charged=account.charged,
        past=account.past + account.spent,
        halted=halted or {},
        attempt=attempt,
        until=until,
    )


def idle(branch: Account, run: Account) -> bool:
    """Whether *run* and its first *branch* were closed, and not stopped, before anything was spent: they can be opened anew."""
    return branch.closed and run.closed and not (run.stopped or run.spent or run.past)


def limited(account: Account, limit: int) -> Account:
    """*account* with another limit, or with what it has spent and reserved where that is more."""
    least = max(limit, account.spent + account.reserved)
    return replace(account, limit=least, over=least - limit, available=least - account.spent - account.reserved)


def _enough(name: str, available: int, amount: int) -> None:
    if available < amount:
        kind, _, date = name.partition("/")
        whose = f"the budget of {date}" if kind == "day" else "the run's budget"
        raise BudgetExhausted(f"{dollars(available)} is left of {whose}, {dollars(amount)} are needed")
