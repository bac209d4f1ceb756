"""Reading and writing the accounts table, with other transactions in the way."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from septet.aws.accounts import ANEW, LEASES, SHARDS, key
from septet.aws.conflicts import insist
from septet.aws.items import Item, attribute


def _wait(milliseconds: int) -> None:
    time.sleep(milliseconds / 1000)


class AccountTable:
    """The table, as the ledger uses it. What botocore raises passes as it is, once conflicts have been waited out."""

    def __init__(self, client: Any, table: str, pause: Callable[[int], None] = _wait) -> None:
        self.name = table
        self._client = client
        self._pause = pause

    def get(self, tenant: str, name: str) -> Item | None:
        """An item, read consistently."""
        found: Item | None = self._client.get_item(TableName=self.name, Key=key(tenant, name), ConsistentRead=True).get("Item")
        return found

    def update(self, update: dict[str, Any]) -> Item:
        """Update an item, and return it as it is then."""
        updated: Item = self._again(lambda: self._client.update_item(**update, ReturnValues="ALL_NEW"))["Attributes"]
        return updated

    def transact(self, writes: Sequence[dict[str, Any]]) -> None:
        """All of *writes* or none."""
        self._again(lambda: self._client.transact_write_items(TransactItems=list(writes)))

    def new(self, held: Item) -> dict[str, Any]:
        """The write of an item that must not be there yet, for a transaction."""
        return {"Put": {"TableName": self.name, "Item": held, "ConditionExpression": "attribute_not_exists(account)"}}

    def again(self, held: Item) -> dict[str, Any]:
        """The write of an account in place of the closed one, for a transaction."""
        return {"Put": {"TableName": self.name, "Item": held, "ConditionExpression": "attribute_exists(closed)"}}

    def anew(self, held: Item) -> dict[str, Any]:
        """The write of an account that must not be there yet, or was closed before anything was spent, for a transaction."""
        values = {":none": attribute(0)}
        return {"Put": {"TableName": self.name, "Item": held, "ConditionExpression": ANEW, "ExpressionAttributeValues": values}}

    def lapsed(self, *, now: int, limit: int) -> list[Item]:
        """Items of the index whose ``until`` has passed: at most *limit* of each of its partitions, oldest first there."""
        return [found for shard in SHARDS for found in self._lapsed(shard, now, limit)]

    def _lapsed(self, shard: str, now: int, limit: int) -> list[Item]:
        found: list[Item] = self._client.query(
            TableName=self.name,
            IndexName=LEASES,
            KeyConditionExpression="shard = :shard AND #until <= :now",
            ExpressionAttributeNames={"#until": "until"},
            ExpressionAttributeValues={":shard": attribute(shard), ":now": attribute(now)},
            Limit=limit,
        )["Items"]
        return found

    def _again(self, request: Callable[[], Any]) -> Any:
        """Do *request*, again while another transaction has hold of an item."""
        return insist(request, self._pause)
