"""A ledger in memory."""

from collections.abc import Mapping
from dataclasses import replace
from threading import Lock

from septet.core.errors import BudgetExhausted, InputRejected, RunStopped
from septet.core.journal import Branch
from septet.core.ledger import Account, Budgets, day, of_branch, of_run

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
            if (tenant, own) in self._accounts:
                return
            whole = self.budgets(tenant).day
            today = self._accounts.get((tenant, day(now))) or Account(tenant=tenant, name=day(now), limit=whole, available=whole)
            if today.stopped:
                raise RunStopped(f"{tenant} is stopped: {today.stopped}")
            if today.available < budget:
                raise BudgetExhausted(f"{tenant} has {today.available} micro-dollars left today, {budget} were asked for")
            self._put(replace(today, available=today.available - budget, reserved=today.reserved + budget))
            self._put(Account(tenant=tenant, name=run, limit=budget, reserved=budget))
            self._put(Account(tenant=tenant, name=own, limit=budget, available=budget))
            self._parents[tenant, run], self._parents[tenant, own] = today.name, run

    def reserve(self, branch: Branch, entry: int, amount: int, *, until: int, settle: Mapping[int, int]) -> None:
        """Hold *amount* for the call of *entry*, and settle earlier ones."""
        with self._lock:
            account = self._settled(self._branch(branch), settle)
            if account.stopped or account.closed:
                raise RunStopped(f"run {branch.run} is stopped: {account.stopped or 'it has ended'}")
            more = max(0, amount - account.reservations.get(entry, 0))
            if account.available < more:
                raise BudgetExhausted(f"run {branch.run} has {account.available} micro-dollars left, {more} are needed")
            held = {**account.reservations, entry: account.reservations.get(entry, 0) + more}
            self._put(
                replace(account, available=account.available - more, reserved=account.reserved + more, reservations=held, until=until)
            )

    def settle(self, branch: Branch, settle: Mapping[int, int]) -> None:
        """Charge and release."""
        with self._lock:
            self._put(replace(self._settled(self._branch(branch), settle), until=0))

    def account(self, tenant: str, name: str) -> Account | None:
        """The account."""
        return self._accounts.get((tenant, name))

    def stop(self, tenant: str, run: str, why: str) -> None:
        """Write a stop into the run's account and its branches'."""
        with self._lock:
            for account in self._family(tenant, run):
                self._put(replace(account, stopped=account.stopped or why))

    def close(self, tenant: str, run: str) -> bool:
        """Give back what the run did not spend."""
        with self._lock:
            family = self._family(tenant, run)
            waiting = [account for account in family if account.reservations]
            for account in sorted(family, key=lambda account: account.name.startswith("run/")):  # branches before their run
                if account not in waiting:
                    self._give_back(self._accounts[tenant, account.name])
            return not waiting

    def lapsed(self, *, now: int, limit: int) -> list[tuple[Branch, Account]]:
        """Branches that somebody left reservations in."""
        with self._lock:
            found = [account for account in self._accounts.values() if account.reservations and account.until <= now]
        found.sort(key=lambda account: account.until)
        places = [account.name.split("/") for account in found]
        return [
            (Branch(tenant=account.tenant, run=run, path=path), account)
            for account, (_, run, path) in zip(found[:limit], places[:limit], strict=True)
        ]

    def budgets(self, tenant: str) -> Budgets:
        """The tenant's limits."""
        return self._budgets.get(tenant, self._default)

    def set_budgets(self, tenant: str, budgets: Budgets, *, now: int) -> None:
        """Change the tenant's limits."""
        with self._lock:
            self._budgets[tenant] = budgets
            if today := self._accounts.get((tenant, day(now))):
                limit = max(budgets.day, today.spent + today.reserved)
                self._put(replace(today, limit=limit, available=limit - today.spent - today.reserved))

    def _put(self, account: Account) -> None:
        self._accounts[account.tenant, account.name] = account

    def _branch(self, branch: Branch) -> Account:
        found = self._accounts.get((branch.tenant, of_branch(branch.run, branch.path)))
        if found is None:
            raise InputRejected(f"run {branch.run} has no account: start it through the API")
        return found

    def _settled(self, account: Account, settle: Mapping[int, int]) -> Account:
        for entry, cost in settle.items():
            if (amount := account.reservations.get(entry)) is None:
                continue
            charged = min(cost, amount)
            account = replace(
                account,
                spent=account.spent + charged,
                reserved=account.reserved - amount,
                available=account.available + amount - charged,
                reservations={number: held for number, held in account.reservations.items() if number != entry},
            )
        return account

    def _family(self, tenant: str, run: str) -> list[Account]:
        below = [name for (owner, name), parent in self._parents.items() if owner == tenant and parent == of_run(run)]
        return [found for name in (*below, of_run(run)) if (found := self._accounts.get((tenant, name)))]

    def _give_back(self, account: Account) -> None:
        if account.closed or account.reserved:
            return
        above = self._accounts[account.tenant, self._parents[account.tenant, account.name]]
        self._put(
            replace(
                above,
                spent=above.spent + account.spent,
                reserved=above.reserved - account.limit,
                available=above.available + account.available,
            )
        )
        self._put(replace(account, available=0, limit=account.spent, closed=True))
