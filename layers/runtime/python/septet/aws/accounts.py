"""The accounts table: its keys and items."""

from typing import Any

from septet.aws.items import Item, item
from septet.core.canonical import digest
from septet.core.journal import MAIN, Branch
from septet.core.ledger import Account, of_branch

LEASES = "leases"
"""The index of accounts that somebody has to look at: partition ``shard``, sort ``until``; an account without ``until`` is not in it."""
SHARDS = "0123456789abcdef"
"""The index is spread over these, by run, so that no partition of it is hot."""
SPENDABLE = "attribute_exists(account) AND attribute_not_exists(stopped) AND attribute_not_exists(ended)"
"""The condition under which a run may go on, on its branch's account: reservations and intents of effects are written with it."""
_UNSPENT = "attribute_exists(closed) AND attribute_not_exists(stopped) AND attribute_not_exists(past) AND spent = :none"
ANEW = f"attribute_not_exists(account) OR ({_UNSPENT})"
"""The condition under which an account is opened: it is not there, or it was closed before anything was spent; see ``accounting.idle``."""
AMOUNTS = ("limit", "spent", "reserved", "available")
"""Of an account; each is an attribute of its own, for a condition compares and does not calculate."""
FLAGS = ("ended", "closed")
"""Attributes that are there or not."""


def key(tenant: str, name: str) -> Item:
    """The key of an account."""
    return item({"account": f"{tenant}#{name}"})


def key_of(branch: Branch) -> Item:
    """The key of a branch's account."""
    return key(branch.tenant, of_branch(branch.run, branch.path))


def shard(run: str) -> str:
    """The partition of the index that a run's accounts are in."""
    return digest(run.encode())[0]


def opened(account: Account, *, run: str, above: str) -> Item:
    """The item of a new account of *run*; *above* is the name of the account that its money comes from and goes back to."""
    amounts = {name: getattr(account, name) for name in AMOUNTS}
    more = {"charged": account.charged, "until": account.until or None, "past": account.past or None, "attempt": account.attempt or None}
    held = item({**amounts, "above": above, "shard": shard(run), **more})
    return key(account.tenant, account.name) | held | {"reservations": {"M": {}}} | halts(account)


def halts(account: Account) -> dict[str, Any]:
    """The attribute with the agents that are halted in *account*: it is there once there is one."""
    return {"halted": {"M": item(account.halted)}} if account.halted else {}


def day_item(account: Account) -> Item:
    """The item of a tenant's new day."""
    return key(account.tenant, account.name) | item({name: getattr(account, name) for name in AMOUNTS})


def account(found: Item) -> Account:
    """The account in an item."""
    tenant, _, name = found["account"]["S"].partition("#")
    return Account(
        tenant=tenant,
        name=name,
        limit=int(found["limit"]["N"]),
        spent=int(found["spent"]["N"]),
        reserved=int(found["reserved"]["N"]),
        available=int(found["available"]["N"]),
        over=int(found.get("over", {"N": "0"})["N"]),
        ended="ended" in found,
        closed="closed" in found,
        stopped=found.get("stopped", {"S": ""})["S"],
        reservations={int(entry): int(held["N"]) for entry, held in found.get("reservations", {"M": {}})["M"].items()},
        halted={agent: why["S"] for agent, why in found["halted"]["M"].items()} if "halted" in found else {},
        past=int(found.get("past", {"N": "0"})["N"]),
        attempt=int(found.get("attempt", {"N": "0"})["N"]),
        charged=int(found.get("charged", {"N": "-1"})["N"]),
        until=int(found.get("until", {"N": "0"})["N"]),
    )


def place(account: Account) -> Branch:
    """The branch that *account* is of; a run's is its main one."""
    _, run, *path = account.name.split("/")
    return Branch(tenant=account.tenant, run=run, path=path[0] if path else MAIN)


def branches(found: Item, run: str) -> list[str]:
    """The names of the accounts of a run's branches, from the item of the run's own."""
    return [of_branch(run, path) for path in sorted(found.get("branches", {"SS": []})["SS"])]


def run_item(account: Account, branch: Branch, above: str) -> Item:
    """The item of a run's new account, whose first branch is *branch*; it says that ``control`` lists the run."""
    return opened(account, run=branch.run, above=above) | {"branches": {"SS": [branch.path]}, "listed": {"BOOL": True}}
