"""Whether the ledger balances after a run: read from the table itself, and held against the journal."""

from septet.aws.accounts import account, key
from septet.core.ledger import Account, day, of_branch, of_run
from tests.desk import Desk, until

PATIENCE = 120
"""Seconds that closing the accounts may take after the record is closed: Lambda repeats an event that nobody answered after a minute."""


def wrong(desk: Desk, run: str) -> list[str]:
    """What does not balance, a sentence each; also when there are no accounts at all."""
    try:
        until(lambda: (found := read(desk, of_run(run))) is None or found.closed or None, seconds=PATIENCE, what="closing the accounts")
    except AssertionError as error:
        return [str(error)]
    began = int(desk.item("runs", run=run)["created_at"].partition("#")[0])
    names = (of_run(run), of_branch(run), day(began))
    accounts = {name: read(desk, name) for name in names}
    missing = [f"there is no account {name}" for name, found in accounts.items() if found is None]
    costs = sum(entry.cost for entry in desk.journal(run))
    return missing + [sentence for one in accounts.values() if one for sentence in _unsound(one, costs)]


def read(desk: Desk, name: str) -> Account | None:
    """An account of the desk's tenant."""
    found = desk.twin.client("dynamodb").get_item(TableName=f"{desk.twin.prefix}-accounts", Key=key(desk.tenant, name), ConsistentRead=True)
    return account(found["Item"]) if "Item" in found else None


def _unsound(account: Account, costs: int) -> list[str]:
    """What is wrong with *account*, which has paid for one run of these *costs*: the desk's tenant has no other."""
    sums = account.spent + account.reserved + account.available
    wrong = [] if sums == account.limit else [f"{account.name}: {sums} micro-dollars in a limit of {account.limit}"]
    if account.reserved or account.reservations:
        wrong.append(f"{account.name}: {account.reserved} micro-dollars are still reserved")
    if account.spent != costs:
        wrong.append(f"{account.name}: {account.spent} micro-dollars spent, and the journal's costs are {costs}")
    return wrong
