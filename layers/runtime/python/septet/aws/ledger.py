"""The whole ledger in DynamoDB: accounts, limits, and the list of what runs."""

from collections.abc import Mapping

from septet.aws import accounts
from septet.aws.account_days import AccountDays
from septet.aws.account_table import AccountTable
from septet.aws.account_tree import AccountTree
from septet.aws.branch_ledger import ATTEMPTS, MOVED, STORE
from septet.aws.control import Control
from septet.aws.trouble import reaching
from septet.core.errors import StoreUnavailable
from septet.core.journal import Branch
from septet.core.ledger import Account, Budgets, day
from septet.core.running import Open


class DynamoLedger(AccountTree):
    """The tables ``accounts`` and ``control``, as those have it who start, watch, stop and end runs."""

    def __init__(self, table: AccountTable, control: Control, default: Budgets) -> None:
        super().__init__(table, control, AccountDays(table, default))

    @reaching(STORE)
    def running(self, tenant: str) -> tuple[Open, ...]:
        """The tenant's open runs."""
        return tuple(self._control.running(tenant))

    @reaching(STORE)
    def tenants(self) -> Mapping[str, int]:
        """How many runs each tenant has open."""
        return dict(self._control.loads())

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

    @reaching(STORE)
    def lapsed(self, *, now: int, limit: int) -> list[tuple[Branch, Account]]:
        """Accounts that somebody has to look at. The index is a moment late: what is written then is conditional."""
        found = [accounts.account(held) for held in self._table.lapsed(now=now, limit=limit)]
        return [(accounts.place(one), one) for one in sorted(found, key=lambda account: account.until)[:limit]]
