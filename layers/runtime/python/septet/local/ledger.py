"""A ledger in memory."""

from collections import Counter
from collections.abc import Mapping
from copy import replace
from threading import Lock

from septet.core.accounting import charge, given_back, hold, idle, limited, part, renewed, spendable, take
from septet.core.errors import InputRejected, Overloaded, StoreUnavailable
from septet.core.journal import MAIN, Branch
from septet.core.ledger import AT_ONCE, DAY, LOOK_AFTER, Account, Budgets, day, of_branch, of_run
from septet.core.running import Open

DEFAULT = Budgets(day=50_000_000, run=5_000_000, usual=1_000_000)
"""The limits of a tenant that has none of its own."""


class MemoryLedger:
    """A double of the ledger."""

    def __init__(self, budgets: Budgets = DEFAULT) -> None:
        self._default = budgets
        self._budgets: dict[str, Budgets] = {}
        self._accounts: dict[tuple[str, str], Account] = {}
        self._parents: dict[tuple[str, str], str] = {}
        self._below: dict[tuple[str, str], dict[str, None]] = {}
        self._open: dict[tuple[str, str], Open] = {}
        self._loads: Counter[str] = Counter()
        self._lock = Lock()

    def open(self, branch: Branch, budget: int, *, now: int, workflow: str = "", parent: str = "", allowed: int = 0) -> bool:
        """Open the accounts of a run and of its first branch."""
        tenant, run, own = branch.tenant, of_run(branch.run), of_branch(branch.run, branch.path)
        with self._lock:
            standing = self._accounts.get((tenant, own))
            if standing and not idle(standing, self._accounts[tenant, run]):
                return False
            today = self._taken(Open(tenant=tenant, run=branch.run, workflow=workflow, parent=parent, since=now), budget, allowed)
            self._put(Account(tenant=tenant, name=run, limit=budget, reserved=budget, until=now + LOOK_AFTER))
            self._put(Account(tenant=tenant, name=own, limit=budget, available=budget))
            self._parents[tenant, run], self._parents[tenant, own] = today, run
            self._below.setdefault((tenant, run), {})[own] = None
            return True

    def reopen(
        self, branch: Branch, budget: int, *, now: int, workflow: str = "", parent: str = "", allowed: int = 0, attempt: int = 0
    ) -> bool:
        """Open the accounts of a run that has ended once more."""
        tenant = branch.tenant
        with self._lock:
            main, run = self._existing(branch), self._accounts[tenant, of_run(branch.run)]
            if not run.ended or run.attempt > attempt:
                return False
            if not run.closed:
                raise StoreUnavailable(f"a call of {branch.run} may still be under way: try again later")
            today = self._taken(
                Open(tenant=tenant, run=branch.run, workflow=workflow, parent=parent, since=now, attempt=attempt), budget, allowed
            )
            self._put(renewed(run, budget, available=0, attempt=attempt, until=now + LOOK_AFTER))
            self._put(renewed(main, budget, available=budget, attempt=attempt))
            self._parents[tenant, run.name] = today
            return True

    def open_branch(self, branch: Branch, share: int) -> None:
        """Open the account of another branch."""
        tenant, own = branch.tenant, of_branch(branch.run, branch.path)
        with self._lock:
            standing = self._accounts.get((tenant, own))
            if standing and not standing.closed:
                return
            main, run = self._existing(replace(branch, path=MAIN)), self._accounts[tenant, of_run(branch.run)]
            if standing and run.ended:
                return
            spendable(run)
            self._put(part(main, share))
            fresh = standing or Account(tenant=tenant, name=own, limit=0)
            self._put(renewed(fresh, share, available=share, attempt=run.attempt, halted=run.halted))
            self._parents[tenant, own] = run.name
            self._below.setdefault((tenant, run.name), {})[own] = None

    def reserve(self, branch: Branch, entry: int, amount: int, *, until: int, settle: Mapping[int, int], agent: str = "") -> None:
        """Hold *amount* for the call of *entry*, and settle earlier ones."""
        with self._lock:
            self._put(hold(self._existing(branch), entry, amount, until=until, settle=settle, agent=agent))

    def settle(self, branch: Branch, settle: Mapping[int, int], *, lapsed: int | None = None) -> None:
        """Charge and release."""
        with self._lock:
            account = self._existing(branch)
            if lapsed in {None, account.until}:
                self._put(charge(account, settle))

    def account(self, tenant: str, name: str) -> Account | None:
        """The account."""
        return self._accounts.get((tenant, name))

    def stop(self, tenant: str, run: str, why: str, *, attempt: int | None = None) -> None:
        """Write a stop into the run's account and its branches'."""
        with self._lock:
            self._existing(Branch(tenant=tenant, run=run))
            for account in self._family(tenant, run, attempt):
                self._put(replace(account, stopped=account.stopped or why))

    def stop_branch(self, branch: Branch, why: str) -> None:
        """Write a stop into one branch's account."""
        with self._lock:
            account = self._existing(branch)
            self._put(replace(account, stopped=account.stopped or why))

    def halt(self, tenant: str, run: str, agent: str, why: str, *, attempt: int | None = None) -> None:
        """Halt one agent in the run's account and its branches'."""
        with self._lock:
            self._existing(Branch(tenant=tenant, run=run))
            for account in self._family(tenant, run, attempt):
                self._put(replace(account, halted={agent: why, **account.halted}))

    def end(self, tenant: str, run: str, *, attempt: int | None = None) -> None:
        """Take the run off the list."""
        with self._lock:
            self._ended(tenant, run, attempt)

    def close(self, tenant: str, run: str, *, attempt: int | None = None) -> bool:
        """Take the run off the list, and give back what it did not spend."""
        with self._lock:
            above = self._ended(tenant, run, attempt)
            if above is None:
                return True
            *branches, _ = self._family(tenant, run)
            for account in branches:
                self._give_back(account)
            held = [account.until for account in branches if account.reservations]
            if held:
                self._put(replace(self._accounts[tenant, above.name], until=max(held)))
            else:
                self._give_back(self._accounts[tenant, above.name])
            return not held

    def running(self, tenant: str) -> tuple[Open, ...]:
        """The tenant's open runs."""
        with self._lock:
            return tuple(found for (owner, _), found in sorted(self._open.items()) if owner == tenant)

    def tenants(self) -> Mapping[str, int]:
        """How many runs each tenant has open."""
        with self._lock:
            return dict(self._loads)

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

    def _taken(self, run: Open, budget: int, allowed: int) -> str:
        """The name of the day that *budget* was taken from for *run*, which is listed now."""
        if allowed and self._loads[run.tenant] >= allowed:
            raise Overloaded(f"{run.tenant} runs {self._loads[run.tenant]}, which is all that it may at the moment")
        today = take(self._today(run.tenant, run.since), budget)
        self._put(today)
        self._open[run.tenant, run.run] = run
        self._loads[run.tenant] += 1
        return today.name

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

    def _family(self, tenant: str, run: str, attempt: int | None = None) -> list[Account]:
        """The accounts of the run's branches, then the run's own; those that are open for a later one than *attempt* left out."""
        names = (*self._below.get((tenant, of_run(run)), ()), of_run(run))
        found = [found for name in names if (found := self._accounts.get((tenant, name)))]
        return [account for account in found if attempt is None or account.attempt <= attempt]

    def _ended(self, tenant: str, run: str, attempt: int | None) -> Account | None:
        """The run's account, which is to be closed, off the list; None when it is closed, or open for a later one than *attempt*."""
        found = self._accounts.get((tenant, of_run(run)))
        if found is None or found.closed or (attempt is not None and found.attempt > attempt):
            return None
        if self._open.pop((tenant, run), None):
            self._loads[tenant] -= 1
        if not found.ended:
            found = replace(found, ended=True, until=AT_ONCE)
            self._put(found)
        return found

    def _give_back(self, account: Account) -> None:
        if account.reserved:
            self._put(replace(account, ended=True))
        elif not account.closed:
            above = self._accounts[account.tenant, self._parents[account.tenant, account.name]]
            for changed in given_back(account, above):
                self._put(changed)
