"""Rows of batches in DynamoDB."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.trouble import reaching
from septet.core.rows import Plan, Row

_STORE = "the table of rows"


class DynamoRows:
    """The table ``rows``: partition ``pk`` = tenant#run, sort ``number``; a batch's plan is number 0."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @reaching(_STORE)
    def plan(self, tenant: str, batch: str) -> Plan | None:
        """The batch's plan."""
        found = self._client.get_item(TableName=self._table, Key=_key(tenant, batch, 0), ConsistentRead=True)
        if "Item" not in found:
            return None
        held = values(found["Item"])
        return Plan(rows=held["rows"], tolerated=held["tolerated"], segments=tuple(loads(held["segments"])), following=held["following"])

    @reaching(_STORE)
    def keep(self, tenant: str, batch: str, plan: Plan) -> None:
        """Note it."""
        held = item(asdict(plan) | {"segments": dumps(plan.segments)})
        self._client.put_item(TableName=self._table, Item=_key(tenant, batch, 0) | held)

    @reaching(_STORE)
    def put(self, tenant: str, batch: str, rows: Sequence[Row]) -> None:
        """Note them, one by one: they are few."""
        for row in rows:
            self._client.put_item(TableName=self._table, Item=_item(tenant, batch, row))

    @reaching(_STORE)
    def begin(self, tenant: str, batch: str, row: Row) -> Row:
        """Note that another run begins, and return what stands."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(tenant, batch, row),
                ConditionExpression="attribute_not_exists(pk) OR #run <> :run",
                ExpressionAttributeNames={"#run": "run"},
                ExpressionAttributeValues=item({":run": row.run}),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return _row(error.response["Item"])
        return row

    @reaching(_STORE)
    def settle(self, tenant: str, batch: str, row: Row) -> None:
        """Note what became of it, unless another run works on it."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.put_item(
                TableName=self._table,
                Item=_item(tenant, batch, row),
                ConditionExpression="#run = :run",
                ExpressionAttributeNames={"#run": "run"},
                ExpressionAttributeValues=item({":run": row.run}),
            )

    @reaching(_STORE)
    def read(self, tenant: str, batch: str, *, after: int = 0, limit: int = 1_000) -> tuple[Row, ...]:
        """Some of them."""
        found: list[Row] = []
        start: Item | None = None
        while len(found) < limit:
            page = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND #number > :after",
                ExpressionAttributeNames={"#number": "number"},
                ExpressionAttributeValues=item({":pk": f"{tenant}#{batch}", ":after": after}),
                ConsistentRead=True,
                Limit=limit - len(found),
                **({"ExclusiveStartKey": start} if start else {}),
            )
            found += [_row(one) for one in page["Items"]]
            start = page.get("LastEvaluatedKey")
            if not start:
                break
        return tuple(found)


def _key(tenant: str, batch: str, number: int) -> Item:
    return item({"pk": f"{tenant}#{batch}", "number": number})


def _item(tenant: str, batch: str, row: Row) -> Item:
    return _key(tenant, batch, row.number) | item(asdict(row))


def _row(found: Item) -> Row:
    held = values(found)
    del held["pk"]
    return Row(**held)
