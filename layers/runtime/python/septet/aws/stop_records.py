"""Stops and their proofs in DynamoDB."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.trouble import reaching
from septet.core.happened import Happened
from septet.core.stopping import StopOrder, StoppedRun

UNFINISHED = "unfinished"
"""The sparse index of stops that have not finished."""
_STORE = "the table of stops"
_KEPT = ("scope", "name", "by", "reason", "at")
_NOTED = ("acknowledged_at", "finished_at", "lifted_at", "lifted_by")


class DynamoStopRecords:
    """The table ``stops``: partition ``tenant``, sort ``item``: ``stop#ID``, and ``run#ID#TENANT#RUN`` for each run that it covers."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table
        self._taken = client.exceptions.ConditionalCheckFailedException

    @reaching(_STORE)
    def put(self, order: StopOrder) -> StopOrder:
        """Store it unless there is one."""
        kept = item({name: getattr(order, name) for name in _KEPT} | {UNFINISHED: "yes"})
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_key(order) | kept,
                ConditionExpression="attribute_not_exists(tenant)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._taken as error:
            return _order(error.response["Item"])
        return order

    @reaching(_STORE)
    def get(self, tenant: str, stop: str) -> StopOrder | None:
        """The stop."""
        key = item({"tenant": tenant, "item": f"stop#{stop}"})
        found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return _order(found["Item"]) if "Item" in found else None

    @reaching(_STORE)
    def listed(self, tenant: str) -> tuple[StopOrder, ...]:
        """The tenant's, newest first."""
        found = [_order(held) for held in self._query(tenant, "stop#")]
        return tuple(sorted(found, key=lambda order: (order.at, order.stop), reverse=True))

    @reaching(_STORE)
    def unfinished(self) -> Iterator[StopOrder]:
        """Every tenant's that have not finished."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=UNFINISHED,
            KeyConditionExpression="unfinished = :yes",
            ExpressionAttributeValues=item({":yes": "yes"}),
        )
        return iter([_order(held) for page in pages for held in page["Items"]])

    def acknowledged(self, order: StopOrder, at: int) -> None:
        """Note it."""
        self._note(order, "SET acknowledged_at = :at", "acknowledged_at", {":at": at})

    def finished(self, order: StopOrder, at: int) -> None:
        """Note it, and leave the index."""
        self._note(order, "SET finished_at = :at REMOVE unfinished", "finished_at", {":at": at})

    def lifted(self, order: StopOrder, *, by: str, at: int) -> None:
        """Note it."""
        self._note(order, "SET lifted_at = :at, lifted_by = :by", "lifted_at", {":at": at, ":by": by})

    @reaching(_STORE)
    def cover(self, order: StopOrder, run: StoppedRun) -> None:
        """Note the run as it was found first."""
        with suppress(self._taken):
            self._client.put_item(TableName=self._table, Item=_held(order, run), ConditionExpression="attribute_not_exists(tenant)")

    @reaching(_STORE)
    def renew(self, order: StopOrder, run: StoppedRun) -> StoppedRun:
        """Note how the run stands, unless somebody was faster."""
        renewed = replace(run, version=run.version + 1)
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_held(order, renewed),
                ConditionExpression="attribute_not_exists(tenant) OR #version = :read",
                ExpressionAttributeNames={"#version": "version"},
                ExpressionAttributeValues=item({":read": run.version}),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._taken as error:
            return _run(error.response["Item"])
        return renewed

    @reaching(_STORE)
    def covered(self, tenant: str, stop: str) -> tuple[StoppedRun, ...]:
        """Every run, by tenant and id."""
        return tuple(_run(held) for held in self._query(tenant, f"run#{stop}#"))

    def _query(self, tenant: str, prefix: str) -> Iterator[Item]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="tenant = :tenant AND begins_with(#item, :prefix)",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues=item({":tenant": tenant, ":prefix": prefix}),
            ConsistentRead=True,
        )
        return (held for page in pages for held in page["Items"])

    @reaching(_STORE)
    def _note(self, order: StopOrder, change: str, first: str, given: dict[str, str | int]) -> None:
        with suppress(self._taken):
            self._client.update_item(
                TableName=self._table,
                Key=_key(order),
                UpdateExpression=change,
                ConditionExpression=f"attribute_not_exists({first})",
                ExpressionAttributeValues=item(given),
            )


def _key(order: StopOrder) -> Item:
    return item({"tenant": order.tenant, "item": f"stop#{order.stop}"})


def _order(found: Item) -> StopOrder:
    held = values(found)
    noted = {name: held[name] for name in (*_KEPT, *_NOTED) if name in held}
    return StopOrder(tenant=held["tenant"], stop=held["item"].removeprefix("stop#"), **noted)


def _held(order: StopOrder, run: StoppedRun) -> Item:
    return item(
        {"tenant": order.tenant, "item": f"run#{order.stop}#{run.tenant}#{run.run}", "version": run.version, "body": dumps(asdict(run))}
    )


def _run(found: Item) -> StoppedRun:
    held = loads(values(found)["body"])
    return StoppedRun(**held | {"effects": tuple(Happened(**one) for one in held["effects"])})
