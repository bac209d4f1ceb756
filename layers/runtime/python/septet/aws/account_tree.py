"""Accounts opened, stopped and closed: money moves between a tenant's day, its runs and their branches in transactions."""

from copy import replace
from dataclasses import asdict
from typing import Any

from botocore.exceptions import ClientError

from septet.aws import accounts
from septet.aws.account_table import AccountTable
from septet.aws.account_writes import Write, change
from septet.aws.accounts import SPENDABLE, key
from septet.aws.items import Item, item, values
from septet.aws.trouble import reaching, refused
from septet.core.accounting import given_back, limited, part, spendable, take
from septet.core.errors import InputRejected, StoreUnavailable
from septet.core.journal import MAIN, Branch
from septet.core.ledger import LOOK_AFTER, Account, Budgets, day, of_branch, of_run

ATTEMPTS = 12
"""Of a write that is decided on what may no longer be so when it arrives."""
AT_ONCE = 1
"""When the sweeper has to look at a run that is being closed: should that break off, it goes on."""
STORE = "the ledger"
BUDGETS = "budgets"
"""The name of the item with a tenant's own limits."""
MOVED = "the account of {} changed with every attempt to write it"


class AccountTree:
    """What happens to accounts once a run, or less often."""

    def __init__(self, table: AccountTable, default: Budgets) -> None:
        self._table = table
        self._default = default

    @reaching(STORE)
    def account(self, tenant: str, name: str) -> Account | None:
        """The account."""
        found = self._table.get(tenant, name)
        return accounts.account(found) if found else None

    @reaching(STORE)
    def open(self, branch: Branch, budget: int, *, now: int) -> None:
        """Open the accounts of a run and of its first branch."""
        tenant, today, whole = branch.tenant, day(now), self.budgets(branch.tenant).day
        run = Account(tenant=tenant, name=of_run(branch.run), limit=budget, reserved=budget, until=now + LOOK_AFTER)
        own = Account(tenant=tenant, name=of_branch(branch.run, branch.path), limit=budget, available=budget)
        writes = [
            {"Update": _taking(self._table.name, tenant, today, budget, whole)},
            self._table.new(accounts.run_item(run, branch, today)),
            self._table.new(accounts.opened(own, run=branch.run, above=run.name)),
        ]
        for _ in range(ATTEMPTS):
            if self._done(writes) or self.account(tenant, own.name):
                return
            take(self.account(tenant, today) or Account(tenant=tenant, name=today, limit=whole, available=whole), budget)
        raise StoreUnavailable(MOVED.format(today))

    @reaching(STORE)
    def open_branch(self, branch: Branch, share: int) -> None:
        """Open the account of another branch."""
        tenant, run = branch.tenant, of_run(branch.run)
        own = Account(tenant=tenant, name=of_branch(branch.run, branch.path), limit=share, available=share)
        for _ in range(ATTEMPTS):
            if self.account(tenant, own.name):
                return
            spendable(self._existing(tenant, run))
            main = self._existing(tenant, of_branch(branch.run, MAIN))
            given = change(main, part(main, share))
            given.only(SPENDABLE)
            writes = [
                {"Update": given.arguments(self._table.name)},
                {"Update": _listing(self._table.name, branch)},
                self._table.new(accounts.opened(own, run=branch.run, above=run)),
            ]
            if self._done(writes):
                return
        raise StoreUnavailable(MOVED.format(run))

    @reaching(STORE)
    def stop(self, tenant: str, run: str, why: str) -> None:
        """Write a stop into the run's account and its branches'. Under a stopped run no branch opens, so none is missed."""
        found = self._mark(tenant, of_run(run), "stopped", why)
        if found is None:
            raise _unknown(of_run(run))
        for name in accounts.branches(found, run):
            self._mark(tenant, name, "stopped", why)

    @reaching(STORE)
    def close(self, tenant: str, run: str) -> bool:
        """Give back what the run did not spend. Under an ended run no branch opens, so none is missed."""
        standing = self.account(tenant, of_run(run))
        if standing is None or standing.closed:
            return True
        self.look_again(tenant, run, at=AT_ONCE)
        found = self._mark(tenant, of_run(run), "ended", value=True) or {}
        marked = [self._mark(tenant, name, "ended", value=True) for name in accounts.branches(found, run)]
        below = [accounts.account(held) for held in marked if held]
        for branch in below:
            self._give_back(branch)
        if held := [branch.until for branch in below if branch.reservations]:
            self.look_again(tenant, run, at=max(held))
            return False
        self._give_back(self._existing(tenant, of_run(run)))
        return self._existing(tenant, of_run(run)).closed

    @reaching(STORE)
    def look_again(self, tenant: str, run: str, *, at: int) -> None:
        """Put off when somebody has to look."""
        write = Write(key=key(tenant, of_run(run)))
        write.set("until", at)
        write.only("attribute_not_exists(closed)")
        self._updated(write)

    @reaching(STORE)
    def budgets(self, tenant: str) -> Budgets:
        """The tenant's limits."""
        found = self._table.get(tenant, BUDGETS)
        return Budgets(**{name: values(found)[name] for name in asdict(self._default)}) if found else self._default

    @reaching(STORE)
    def set_budgets(self, tenant: str, budgets: Budgets, *, now: int) -> None:
        """Change the tenant's limits. Today's account is made if there is none, so that nobody opens it with the limit of before."""
        self._table.put(key(tenant, BUDGETS) | item(asdict(budgets)))
        for _ in range(ATTEMPTS):
            standing = self.account(tenant, day(now))
            if standing is None:
                fresh = Account(tenant=tenant, name=day(now), limit=budgets.day, available=budgets.day)
                if self._done([self._table.new(accounts.day_item(fresh))]):
                    return
                continue
            write = change(standing, limited(standing, budgets.day))
            if not write.sets or self._updated(_unmoved(write, standing)):
                return
        raise StoreUnavailable(MOVED.format(day(now)))

    def _existing(self, tenant: str, name: str) -> Account:
        found = self.account(tenant, name)
        if found is None:
            raise _unknown(name)
        return found

    def _mark(self, tenant: str, name: str, mark: str, value: str | bool) -> Item | None:  # noqa: FBT001 -- a value to store, not a switch
        """Set *mark* in an account unless it is set, and return the item; None when there is no such account."""
        write = Write(key=key(tenant, name))
        write.sets.append(f"{write.name(mark)} = if_not_exists({write.name(mark)}, {write.value(value)})")
        return self._updated(write)

    def _give_back(self, account: Account) -> None:
        """Close *account*, in which nothing is held and, as its run has ended, nothing will be; unless somebody else has."""
        if account.reserved or account.closed:
            return
        found = self._table.get(account.tenant, account.name) or {}
        above = self._existing(account.tenant, found["above"]["S"])
        closed, received = given_back(account, above)
        closing, receiving = _unmoved(change(account, closed), account), change(replace(above, until=0), replace(received, until=0))
        closing.only("attribute_not_exists(closed)")
        self._done([{"Update": write.arguments(self._table.name)} for write in (closing, receiving)])

    def _done(self, writes: list[dict[str, Any]]) -> bool:
        """Whether all of *writes* were; none was when a condition did not hold."""
        try:
            self._table.transact(writes)
        except ClientError as error:
            if refused(error):
                return False
            raise
        return True

    def _updated(self, write: Write) -> Item | None:
        """The item as it is after *write*; None when a condition did not hold."""
        try:
            return self._table.update(write.arguments(self._table.name))
        except ClientError as error:
            if refused(error):
                return None
            raise


def _taking(table: str, tenant: str, today: str, budget: int, whole: int) -> dict[str, Any]:
    """The write that takes *budget* from a tenant's day, whose account is made with *whole* if it is not there."""
    write = Write(key=key(tenant, today), conditions=["attribute_not_exists(stopped)"])
    none, all_, taken = write.value(0), write.value(whole), write.value(budget)
    names = {name: write.name(name) for name in accounts.AMOUNTS}
    write.sets += [
        f"{names['limit']} = if_not_exists({names['limit']}, {all_})",
        f"{names['spent']} = if_not_exists({names['spent']}, {none})",
        f"{names['reserved']} = if_not_exists({names['reserved']}, {none}) + {taken}",
        f"{names['available']} = if_not_exists({names['available']}, {all_}) - {taken}",
    ]
    fresh = "attribute_not_exists(account) OR " if budget <= whole else ""
    write.only(f"({fresh}{names['available']} >= {taken})")
    return write.arguments(table)


def _listing(table: str, branch: Branch) -> dict[str, Any]:
    """The write that lists *branch* in its run's account, unless that is stopped or has ended."""
    return {
        "TableName": table,
        "Key": key(branch.tenant, of_run(branch.run)),
        "UpdateExpression": "ADD branches :path",
        "ConditionExpression": SPENDABLE,
        "ExpressionAttributeValues": {":path": {"SS": [branch.path]}},
    }


def _unmoved(write: Write, standing: Account) -> Write:
    """*write*, only if no money of the account has moved since it was read."""
    for name in ("spent", "reserved"):
        write.only(f"{write.name(name)} = {write.value(getattr(standing, name))}")
    return write


def _unknown(name: str) -> InputRejected:
    return InputRejected(f"there is no account {name}: start the run through the API")
