"""The accounts of branches in DynamoDB: one item an account, one conditional write a step. All of the ledger that an agent has."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from septet.aws import accounts
from septet.aws.account_table import AccountTable
from septet.aws.account_writes import Write, change
from septet.aws.accounts import SPENDABLE
from septet.aws.trouble import reaching, refused
from septet.core.accounting import charge, hold
from septet.core.errors import InputRejected, SeptetError, StoreUnavailable
from septet.core.journal import Branch
from septet.core.ledger import Account, of_branch

ATTEMPTS = 12
"""Of a write that is decided on what may no longer be so when it arrives."""
STORE = "the ledger"
MOVED = "the account of {} changed with every attempt to write it"


class DynamoBranchLedger:
    """The table ``accounts``. What DynamoDB refuses comes with the account as it stands, so a refusal costs no second reading."""

    def __init__(self, table: AccountTable) -> None:
        self._table = table
        self._seen: Account | None = None
        """The branch's account as this process wrote it last: mostly how it still is."""

    @reaching(STORE)
    def account(self, tenant: str, name: str) -> Account | None:
        """The account."""
        found = self._table.get(tenant, name)
        return accounts.account(found) if found else None

    @reaching(STORE)
    def reserve(self, branch: Branch, entry: int, amount: int, *, until: int, settle: Mapping[int, int], agent: str = "") -> None:
        """Hold *amount* for the call of *entry*, and settle earlier ones."""

        def write(seen: Account, new: Account) -> Write:
            write = change(seen, new)
            write.only(SPENDABLE)
            write.acting(agent)
            write.only(f"{write.name('charged')} < {write.value(entry)}")
            if new.reservations[entry] == seen.reservations.get(entry):
                write.holds(entry, new.reservations[entry])
            return write

        name = of_branch(branch.run, branch.path)
        untouched = None if settle else Account(tenant=branch.tenant, name=name, limit=amount, available=amount)
        seen = self._remembered(branch, settle) or untouched
        self._step(branch, seen, lambda account: hold(account, entry, amount, until=until, settle=settle, agent=agent), write)

    @reaching(STORE)
    def settle(self, branch: Branch, settle: Mapping[int, int], *, lapsed: int | None = None) -> None:
        """Charge and release."""

        def write(seen: Account, new: Account) -> Write:
            write = change(seen, new)
            if lapsed is not None:
                write.only(f"{write.name('until')} = {write.value(lapsed)}")
            return write

        if settle:
            seen = self._remembered(branch, settle) if lapsed is None else None
            self._step(branch, seen, lambda account: charge(account, settle) if lapsed in {None, account.until} else account, write)

    def _remembered(self, branch: Branch, settle: Mapping[int, int]) -> Account | None:
        """What this process knows of the account, if that is enough to settle all of *settle*."""
        seen, name = self._seen, of_branch(branch.run, branch.path)
        known = seen is not None and (seen.tenant, seen.name) == (branch.tenant, name) and settle.keys() <= seen.reservations.keys()
        return seen if known else None

    def _step(
        self, branch: Branch, seen: Account | None, decide: Callable[[Account], Account], write: Callable[[Account, Account], Write]
    ) -> None:
        """Write what *decide* makes of the account. It is decided on *seen* first, and on what stands when that turns out to be old."""
        name, stands = of_branch(branch.run, branch.path), False
        for _ in range(ATTEMPTS):
            if seen is None:
                seen, stands = self._existing(branch.tenant, name), True
            try:
                new = decide(seen)
            except SeptetError:
                if stands:
                    raise
                seen = None
                continue
            if stands and new == seen:
                return
            try:
                self._seen = accounts.account(self._table.update(write(seen, new).arguments(self._table.name)))
            except ClientError as error:
                if not refused(error):
                    raise
                held: Any = error.response
                seen, stands = accounts.account(held["Item"]) if "Item" in held else None, True
            else:
                return
        raise StoreUnavailable(MOVED.format(name))

    def _existing(self, tenant: str, name: str) -> Account:
        found = self.account(tenant, name)
        if found is None:
            raise unknown(name)
        return found


def unknown(name: str) -> InputRejected:
    """What is raised where there is no account *name*."""
    return InputRejected(f"there is no account {name}: start the run through the API")
