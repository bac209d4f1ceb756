"""Accounts opened, stopped and closed: money moves between a tenant's day, its runs and their branches in transactions."""

from copy import replace
from typing import Any

from botocore.exceptions import ClientError

from septet.aws import accounts
from septet.aws.account_days import AccountDays
from septet.aws.account_table import AccountTable
from septet.aws.account_writes import Write, change
from septet.aws.accounts import SPENDABLE, key
from septet.aws.items import Item
from septet.aws.trouble import reaching, refused
from septet.core.accounting import given_back, idle, part, spendable
from septet.core.errors import BudgetExhausted, InputRejected, RunStopped, StoreUnavailable
from septet.core.journal import MAIN, Branch
from septet.core.ledger import LOOK_AFTER, Account, Budgets, day, of_branch, of_run

ATTEMPTS = 12
"""Of a write that is decided on what may no longer be so when it arrives."""
AT_ONCE = 1
"""When the sweeper has to look at a run that is being closed: should that break off, it goes on."""
STORE = "the ledger"
MOVED = "the account of {} changed with every attempt to write it"


class AccountTree:
    """What happens to accounts once a run, or less often."""

    def __init__(self, table: AccountTable, default: Budgets) -> None:
        self._table = table
        self._days = AccountDays(table, default)

    @reaching(STORE)
    def account(self, tenant: str, name: str) -> Account | None:
        """The account."""
        found = self._table.get(tenant, name)
        return accounts.account(found) if found else None

    @reaching(STORE)
    def open(self, branch: Branch, budget: int, *, now: int) -> None:
        """Open the accounts of a run and of its first branch."""
        tenant, today = branch.tenant, day(now)
        run = Account(tenant=tenant, name=of_run(branch.run), limit=budget, reserved=budget, until=now + LOOK_AFTER)
        own = Account(tenant=tenant, name=of_branch(branch.run, branch.path), limit=budget, available=budget)
        opened = [
            self._table.anew(accounts.run_item(run, branch, today)),
            self._table.anew(accounts.opened(own, run=branch.run, above=run.name)),
        ]
        for _ in range(ATTEMPTS):
            try:
                taking = self._days.taking(tenant, today, budget)
            except (BudgetExhausted, RunStopped):
                if self._stands(own, run):
                    return
                raise
            if self._done([*taking, *opened]) or self._stands(own, run):
                return
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
    def put_off(self, account: Account, *, at: int) -> None:
        """Put off when somebody has to look at an account that has not changed."""
        write = Write(key=key(account.tenant, account.name))
        write.same("until", account.until)
        write.set("until", at)
        self._updated(write)

    @reaching(STORE)
    def budgets(self, tenant: str) -> Budgets:
        """The tenant's limits."""
        return self._days.budgets(tenant)

    @reaching(STORE)
    def set_budgets(self, tenant: str, budgets: Budgets, *, now: int) -> None:
        """Change the tenant's limits and its day's, in one transaction."""
        for _ in range(ATTEMPTS):
            if self._done(self._days.limiting(tenant, budgets, now=now)):
                return
        raise StoreUnavailable(MOVED.format(day(now)))

    def _stands(self, own: Account, run: Account) -> bool:
        """Whether the accounts of a run and of its first branch are there, and are not to be opened anew."""
        branch, whole = self.account(own.tenant, own.name), self.account(run.tenant, run.name)
        return branch is not None and whole is not None and not idle(branch, whole)

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
        for _ in range(ATTEMPTS):
            if account.reserved or account.closed:
                return
            found = self._table.get(account.tenant, account.name) or {}
            above = self._existing(account.tenant, found["above"]["S"])
            closed, received = given_back(account, above)
            closing, receiving = change(account, closed), change(replace(above, until=0), replace(received, until=0))
            closing.unmoved(account)
            closing.only("attribute_not_exists(closed)")
            receiving.same("over", above.over)
            if self._done([write.transacted(self._table.name) for write in (closing, receiving)]):
                return
            account = self._existing(account.tenant, account.name)
        raise StoreUnavailable(MOVED.format(account.name))

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


def _listing(table: str, branch: Branch) -> dict[str, Any]:
    """The write that lists *branch* in its run's account, unless that is stopped or has ended."""
    return {
        "TableName": table,
        "Key": key(branch.tenant, of_run(branch.run)),
        "UpdateExpression": "ADD branches :path",
        "ConditionExpression": SPENDABLE,
        "ExpressionAttributeValues": {":path": {"SS": [branch.path]}},
    }


def _unknown(name: str) -> InputRejected:
    return InputRejected(f"there is no account {name}: start the run through the API")
