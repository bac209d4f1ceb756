"""A tenant's days and its limits in the accounts table: neither is written without the other being as it was seen."""

from dataclasses import asdict
from typing import Any

from septet.aws import accounts
from septet.aws.account_table import AccountTable
from septet.aws.account_writes import Write, change
from septet.aws.accounts import key
from septet.aws.items import Item, item, values
from septet.core.accounting import limited, take
from septet.core.ledger import DAY, Account, Budgets, day

BUDGETS = "budgets"
"""The name of the item with a tenant's own limits."""


class AccountDays:
    """Reads what is decided on, and makes the writes for a transaction; when that is refused, all of it is read again."""

    def __init__(self, table: AccountTable, default: Budgets) -> None:
        self._table = table
        self._default = default

    def budgets(self, tenant: str) -> Budgets:
        """The tenant's limits."""
        return self._limits(self._table.get(tenant, BUDGETS))

    def taking(self, tenant: str, today: str, amount: int) -> list[dict[str, Any]]:
        """The writes that take *amount* from a day. Raises RunStopped or BudgetExhausted.

        A day that is not there is made, only if the tenant's limits still are those it is made with.
        """
        if found := self._table.get(tenant, today):
            seen = accounts.account(found)
            write = change(seen, take(seen, amount))
            write.only("attribute_not_exists(stopped)")
            return [write.transacted(self._table.name)]
        own = self._table.get(tenant, BUDGETS)
        whole = self._limits(own).day
        fresh = take(Account(tenant=tenant, name=today, limit=whole, available=whole), amount)
        return [self._table.new(accounts.day_item(fresh)), self._still(tenant, own)]

    def limiting(self, tenant: str, budgets: Budgets, *, now: int) -> list[dict[str, Any]]:
        """The writes that set *budgets*, and the limit of today and of the next day: somebody else's clock may be past midnight."""
        own = {"Put": {"TableName": self._table.name, "Item": key(tenant, BUDGETS) | item(asdict(budgets))}}
        return [own, *(self._limiting(tenant, day(at), budgets.day) for at in (now, now + DAY))]

    def _limiting(self, tenant: str, name: str, limit: int) -> dict[str, Any]:
        found = self._table.get(tenant, name)
        if found is None:  # whoever makes it takes the new limits
            return Write(key=key(tenant, name), conditions=["attribute_not_exists(account)"]).transacted(self._table.name)
        seen = accounts.account(found)
        write = change(seen, limited(seen, limit))
        write.unmoved(seen)
        return write.transacted(self._table.name)

    def _still(self, tenant: str, own: Item | None) -> dict[str, Any]:
        """The check that the tenant's limit of a day is the one in *own*, or that it has none of its own."""
        write = Write(key=key(tenant, BUDGETS))
        if own is None:
            write.conditions = ["attribute_not_exists(account)"]
        else:
            write.same("day", self._limits(own).day)
        return write.transacted(self._table.name)

    def _limits(self, own: Item | None) -> Budgets:
        return Budgets(**{name: values(own)[name] for name in asdict(self._default)}) if own else self._default
