"""Accounts opened and closed: money moves between a tenant's day, its runs and their branches in transactions, as does the list of runs."""

from copy import replace
from typing import Any

from septet.aws import accounts
from septet.aws.account_days import AccountDays
from septet.aws.account_marks import AccountMarks, listing
from septet.aws.account_table import AccountTable
from septet.aws.account_writes import Write, change
from septet.aws.accounts import SPENDABLE, key
from septet.aws.branch_ledger import ATTEMPTS, MOVED, STORE, unknown
from septet.aws.control import Control
from septet.aws.trouble import reaching
from septet.core.accounting import given_back, idle, part, renewed, spendable
from septet.core.errors import BudgetExhausted, Overloaded, RunStopped, StoreUnavailable
from septet.core.journal import MAIN, Branch
from septet.core.ledger import AT_ONCE, LOOK_AFTER, Account, day, of_branch, of_run
from septet.core.running import Open


class AccountTree(AccountMarks):
    """What happens to accounts once a run, or less often."""

    def __init__(self, table: AccountTable, control: Control, days: AccountDays) -> None:
        super().__init__(table)
        self._control = control
        self._days = days

    @reaching(STORE)
    def open(self, branch: Branch, budget: int, *, now: int, workflow: str = "", parent: str = "", allowed: int = 0) -> bool:
        """Open the accounts of a run and of its first branch."""
        tenant, today = branch.tenant, day(now)
        run = Account(tenant=tenant, name=of_run(branch.run), limit=budget, reserved=budget, until=now + LOOK_AFTER)
        own = Account(tenant=tenant, name=of_branch(branch.run, branch.path), limit=budget, available=budget)
        opened = [
            self._table.anew(accounts.run_item(run, branch, today)),
            self._table.anew(accounts.opened(own, run=branch.run, above=run.name)),
        ]
        listed = Open(tenant=tenant, run=branch.run, workflow=workflow, parent=parent, since=now)
        for _ in range(ATTEMPTS):
            try:
                if self._admitted(listed, budget, allowed, opened):
                    return True
                if self._stands(own, run):
                    return False
            except (BudgetExhausted, Overloaded, RunStopped):
                if self._stands(own, run):
                    return False
                raise
        raise StoreUnavailable(MOVED.format(today))

    @reaching(STORE)
    def reopen(
        self, branch: Branch, budget: int, *, now: int, workflow: str = "", parent: str = "", allowed: int = 0, attempt: int = 0
    ) -> bool:
        """Open the accounts of a run that has ended once more; its other branches stay closed until ``open_branch`` opens them."""
        tenant, today = branch.tenant, day(now)
        listed = Open(tenant=tenant, run=branch.run, workflow=workflow, parent=parent, since=now, attempt=attempt)
        for _ in range(ATTEMPTS):
            found, main = self._table.get(tenant, of_run(branch.run)), self._existing(tenant, of_branch(branch.run, branch.path))
            if found is None:
                raise unknown(of_run(branch.run))
            run = accounts.account(found)
            if not run.ended or run.attempt > attempt:
                return False
            if not run.closed:
                raise StoreUnavailable(f"a call of {branch.run} may still be under way: try again later")
            whole = renewed(run, budget, available=0, attempt=attempt, until=now + LOOK_AFTER)
            own = renewed(main, budget, available=budget, attempt=attempt)
            opened = [
                self._table.again(accounts.run_item(whole, branch, today) | {"branches": found["branches"]}),
                self._table.again(accounts.opened(own, run=branch.run, above=run.name)),
            ]
            if self._admitted(listed, budget, allowed, opened):
                return True
        raise StoreUnavailable(MOVED.format(today))

    def _admitted(self, run: Open, budget: int, allowed: int, opened: list[dict[str, Any]]) -> bool:
        """Whether *opened* was written and *run* listed, with *budget* taken from its day.

        Raises BudgetExhausted, RunStopped, or Overloaded when nothing but the number of the tenant's runs was in the way.
        """
        taking = self._days.taking(run.tenant, day(run.since), budget)
        writes = [*taking, *opened, *self._control.opening(run, allowed)]
        failed = self._failed(writes)
        if failed == {len(writes) - 1}:
            raise Overloaded(f"{run.tenant} runs as much as it may at the moment: {allowed} at once")
        return not failed

    @reaching(STORE)
    def open_branch(self, branch: Branch, share: int) -> None:
        """Open the account of another branch, or one that ended with an earlier attempt of the run."""
        tenant, name = branch.tenant, of_branch(branch.run, branch.path)
        for _ in range(ATTEMPTS):
            standing = self.account(tenant, name)
            if standing and not standing.closed:
                return
            run = self._existing(tenant, of_run(branch.run))
            if standing and run.ended:
                return
            spendable(run)
            main = self._existing(tenant, of_branch(branch.run, MAIN))
            given = change(main, part(main, share))
            given.only(SPENDABLE)
            fresh = standing or Account(tenant=tenant, name=name, limit=0)
            held = accounts.opened(
                renewed(fresh, share, available=share, attempt=run.attempt, halted=run.halted), run=branch.run, above=run.name
            )
            writes = [
                {"Update": given.arguments(self._table.name)},
                listing(self._table.name, branch, run),
                self._table.again(held) if standing else self._table.new(held),
            ]
            if self._done(writes):
                return
        raise StoreUnavailable(MOVED.format(of_run(branch.run)))

    @reaching(STORE)
    def end(self, tenant: str, run: str, *, attempt: int | None = None) -> None:
        """Take the run off the list."""
        self._end(tenant, run, attempt)

    @reaching(STORE)
    def close(self, tenant: str, run: str, *, attempt: int | None = None) -> bool:
        """Take the run off the list, and give back what it did not spend. Under an ended run no branch opens, so none is missed.

        Every write is of the attempt that has ended: somebody may reopen the accounts for the next one meanwhile.
        """
        present = self._end(tenant, run, attempt)
        if present is None:
            return True
        found = self._table.get(tenant, of_run(run)) or {}
        ended = [self._ended(tenant, name, present) for name in accounts.branches(found, run)]
        below = [branch for branch in ended if branch]
        for branch in below:
            self._give_back(branch)
        if held := [branch.until for branch in below if branch.reservations]:
            self.look_again(tenant, run, at=max(held))
            return False
        whole = self._existing(tenant, of_run(run))
        if whole.attempt > present:
            return True
        self._give_back(whole)
        return self._existing(tenant, of_run(run)).closed

    def _end(self, tenant: str, run: str, attempt: int | None) -> int | None:
        """Note that the run has ended and take it off the list, in one transaction, unless somebody has.

        Returns its present attempt, which is to be closed; None when it is closed, or open for a later one than *attempt*.
        """
        found = self._table.get(tenant, of_run(run))
        if found is None or "closed" in found:
            return None
        present = accounts.account(found).attempt
        if attempt is not None and present > attempt:
            return None
        if "ended" not in found:
            ending = Write(key=key(tenant, of_run(run)))
            ending.set("ended", value=True)
            ending.set("until", AT_ONCE)  # should whoever closes it break off, the sweeper goes on
            ending.only("attribute_not_exists(ended)")
            ending.until_attempt(present)
            unlisting = self._control.closing(tenant, run) if "listed" in found else []  # one from before there was a list is in none
            self._done([ending.transacted(self._table.name), *unlisting])
        return present

    def _ended(self, tenant: str, name: str, attempt: int) -> Account | None:
        """A branch's account, marked as ended; None when it is open for a later attempt."""
        ending = Write(key=key(tenant, name))
        ending.set("ended", value=True)
        ending.until_attempt(attempt)
        found = self._updated(ending)
        return accounts.account(found) if found else None

    def _stands(self, own: Account, run: Account) -> bool:
        """Whether the accounts of a run and of its first branch are there, and are not to be opened anew."""
        branch, whole = self.account(own.tenant, own.name), self.account(run.tenant, run.name)
        return branch is not None and whole is not None and not idle(branch, whole)

    def _give_back(self, account: Account) -> None:
        """Close *account*, in which nothing is held and, as its run has ended, nothing will be; unless somebody else has."""
        attempt = account.attempt
        for _ in range(ATTEMPTS):
            if account.reserved or account.closed or account.attempt > attempt:
                return
            found = self._table.get(account.tenant, account.name) or {}
            above = self._existing(account.tenant, found["above"]["S"])
            closed, received = given_back(account, above)
            closing, receiving = change(account, closed), change(replace(above, until=0), replace(received, until=0))
            closing.unmoved(account)
            closing.only("attribute_not_exists(closed)")
            closing.until_attempt(attempt)
            receiving.same("over", above.over)
            if self._done([write.transacted(self._table.name) for write in (closing, receiving)]):
                return
            account = self._existing(account.tenant, account.name)
        raise StoreUnavailable(MOVED.format(account.name))
