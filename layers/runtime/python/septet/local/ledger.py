"""A ledger in memory."""

from collections.abc import Mapping
from copy import replace
from threading import Lock

from septet.core.accounting import charge, given_back, hold, idle, limited, part, spendable, take
from septet.core.errors import InputRejected
from septet.core.journal import MAIN, Branch
from septet.core.ledger import DAY, LOOK_AFTER, Account, Budgets, day, of_branch, of_run

DEFAULT = Budgets(day=50_000_000, run=5_000_000, usual=1_000_000)
"""The limits of a tenant that has none of its own."""


class MemoryLedger:
    """A double of the ledger."""

    def __init__(self, budgets: Budgets = DEFAULT) -> None:
        self._default = budgets
        self._budgets: dict[str, Budgets] = {}
        self._accounts: dict[tuple[str, str], Account] = {}
        self._parents: dict[tuple[str, str], str] = {}
        self._lock = Lock()

    def open(self, branch: Branch, budget: int, *, now: int) -> None:
        """Open the accounts of a run and of its first branch."""
        tenant, run, own = branch.tenant, of_run(branch.run), of_branch(branch.run, branch.path)
        with self._lock:
            standing = self._accounts.get((tenant, own))
            if standing and not idle(standing, self._accounts[tenant, run]):
                return
            self._put(today := take(self._today(tenant, now), budget))
            self._put(Account(tenant=tenant, name=run, limit=budget, reserved=budget, until=now + LOOK_AFTER))
            self._put(Account(tenant=tenant, name=own, limit=budget, available=budget))
            self._parents[tenant, run], self._parents[tenant, own] = today.name, run

    def open_branch(self, branch: Branch, share: int) -> None:
        """Open the account of another branch."""
        tenant, own = branch.tenant, of_branch(branch.run, branch.path)
        with self._lock:
            if (tenant, own) in self._accounts:
                return
            main = self._existing(replace(branch, path=MAIN))
            spendable(self._accounts[tenant, of_run(branch.run)])
            self._put(part(main, share))
            self._put(Account(tenant=tenant, name=own, limit=share, available=share))
            self._parents[tenant, own] = of_run(branch.run)

    def reserve(self, branch: Branch, entry: int, amount: int, *, until: int, settle: Mapping[int, int]) -> None:
        """Hold *amount* for the call of *entry*, and settle earlier ones."""
        with self._lock:
            self._put(hold(self._existing(branch), entry, amount, until=until, settle=settle))

    def settle(self, branch: Branch, settle: Mapping[int, int], *, lapsed: int | None = None) -> None:
        """Charge and release."""
        with self._lock:
            account = self._existing(branch)
            if lapsed in {None, account.until}:
                self._put(charge(account, settle))

    def account(self, tenant: str, name: str) -> Account | None:
        """The account."""
        return self._accounts.get((tenant, name))

    def stop(self, tenant: str, run: str, why: str) -> None:
        """Write a stop into the run's account and its branches'."""
        with self._lock:
            self._existing(Branch(tenant=tenant, run=run))
            for account in self._family(tenant, run):
                self._put(replace(account, stopped=account.stopped or why))

    def close(self, tenant: str, run: str) -> bool:
        """Give back what the run did not spend."""
        with self._lock:
            *branches, above = self._family(tenant, run) or [Account(tenant=tenant, name=of_run(run), limit=0, closed=True)]
            if above.closed:
                return True
            for account in branches:
                self._give_back(account)
            held = [account.until for account in branches if account.reservations]
            if held:
                self._put(replace(self._accounts[tenant, above.name], ended=True, until=max(held)))
            else:
                self._give_back(self._accounts[tenant, above.name])
            return not held

    def lapsed(self, *, now: int, limit: int) -> list[tuple[Branch, Account]]:
        """Accounts that somebody has to look at."""
        with self._lock:
            found = sorted((one for one in self._accounts.values() if 0 < one.until <= now), key=lambda account: account.until)
        places = [(*account.name.split("/"), MAIN)[1:3] for account in found[:limit]]
        return [(Branch(tenant=account.tenant, run=run, path=path), account) for account, (run, path) in zip(found, places, strict=False)]

    def look_again(self, tenant: str, run: str, *, at: int) -> None:
        """Put off when somebody has to look."""
        with self._lock:
            found = self._accounts.get((tenant, of_run(run)))
            if found and not found.closed:
                self._put(replace(found, until=at))

    def put_off(self, account: Account, *, at: int) -> None:
        """Put off when somebody has to look at an account that has not changed."""
        with self._lock:
            if self.account(account.tenant, account.name) == account:
                self._put(replace(account, until=at))

    def budgets(self, tenant: str) -> Budgets:
        """The tenant's limits."""
        return self._budgets.get(tenant, self._default)

    def set_budgets(self, tenant: str, budgets: Budgets, *, now: int) -> None:
        """Change the tenant's limits."""
        with self._lock:
            self._budgets[tenant] = budgets
            for name in (day(now), day(now + DAY)):  # somebody else's clock may be past midnight
                if found := self._accounts.get((tenant, name)):
                    self._put(limited(found, budgets.day))

    def _today(self, tenant: str, now: int) -> Account:
        whole = self.budgets(tenant).day
        return self._accounts.get((tenant, day(now))) or Account(tenant=tenant, name=day(now), limit=whole, available=whole)

    def _put(self, account: Account) -> None:
        self._accounts[account.tenant, account.name] = account

    def _existing(self, branch: Branch) -> Account:
        found = self._accounts.get((branch.tenant, of_branch(branch.run, branch.path)))
        if found is None:
            raise InputRejected(f"run {branch.run} has no account for {branch.path}: start it through the API")
        return found

    def _family(self, tenant: str, run: str) -> list[Account]:
        """The accounts of the run's branches, then the run's own."""
        below = [name for (owner, name), parent in self._parents.items() if owner == tenant and parent == of_run(run)]
        return [found for name in (*below, of_run(run)) if (found := self._accounts.get((tenant, name)))]

    def _give_back(self, account: Account) -> None:
        if account.reserved:
            self._put(replace(account, ended=True))
        elif not account.closed:
            above = self._accounts[account.tenant, self._parents[account.tenant, account.name]]
            for changed in given_back(account, above):
                self._put(changed)
