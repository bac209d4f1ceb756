"""Task tokens in DynamoDB."""

from contextlib import suppress
from typing import Any

from septet.aws.items import Item, item, values
from septet.aws.trouble import reaching
from septet.core.waits import Wait

_STORE = "the table of task tokens"


class DynamoWaits:
    """The table ``waits``: partition ``pk`` = tenant#run, sort ``what``."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @reaching(_STORE)
    def put(self, tenant: str, run: str, what: str, token: str) -> None:
        """Note who waits."""
        self._client.put_item(TableName=self._table, Item=_key(tenant, run, what) | item({"token": token}))

    @reaching(_STORE)
    def of(self, tenant: str, run: str) -> tuple[Wait, ...]:
        """All that the run waits for."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=item({":pk": f"{tenant}#{run}"}),
            ConsistentRead=True,
        )
        found = (values(held) for page in pages for held in page["Items"])
        return tuple(Wait(what=held["what"], token=held["token"]) for held in found)

    @reaching(_STORE)
    def find(self, tenant: str, run: str, what: str) -> str | None:
        """The token."""
        found = self._client.get_item(TableName=self._table, Key=_key(tenant, run, what), ConsistentRead=True)
        return str(values(found["Item"])["token"]) if "Item" in found else None

    @reaching(_STORE)
    def drop(self, tenant: str, run: str, what: str, token: str | None = None) -> None:
        """Forget it."""
        given: dict[str, Any] = {}
        if token is not None:
            given = {"ConditionExpression": "#token = :token", "ExpressionAttributeNames": {"#token": "token"}}
            given["ExpressionAttributeValues"] = item({":token": token})
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.delete_item(TableName=self._table, Key=_key(tenant, run, what), **given)


def _key(tenant: str, run: str, what: str) -> Item:
    return item({"pk": f"{tenant}#{run}", "what": what})
