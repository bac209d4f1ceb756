"""The demo's orders and its archive, written into the twin's tables for one tenant."""

import json
from collections.abc import Mapping, Sequence
from itertools import batched
from pathlib import Path
from typing import Any

from local.library import archive, put
from local.twin import aws
from septet.aws.items import item

TABLE = "septet-twin-orders"
DOCUMENTS = "septet-twin-documents"
ORDERS = Path(__file__).parent / "scenarios" / "orders.json"
_AT_ONCE = 25
"""Items that DynamoDB takes in one batch."""


def orders(path: Path = ORDERS) -> list[dict[str, Any]]:
    """The orders without a tenant, as the file has them."""
    found: list[dict[str, Any]] = json.loads(path.read_bytes())
    return found


def seed(endpoint: str, tenant: str, found: Sequence[Mapping[str, Any]] | None = None, *, missing_only: bool = False) -> int:
    """Write the orders for *tenant* and return how many were written.

    Again: every order is as the file has it, also what can be refunded; with *missing_only* those that exist stay as they are.
    """
    items = [{**one, "tenant": tenant} for one in (orders() if found is None else found)]
    client = aws.client(endpoint, "dynamodb")
    return sum(put_if_missing(client, one) for one in items) if missing_only else _put_all(client, items)


def stock(endpoint: str, tenant: str) -> int:
    """Write the demo's archive into the library of *tenant* and return how many documents it has. Again: they are as they were."""
    return put(aws.client(endpoint, "dynamodb"), DOCUMENTS, tenant, archive())


def furnish(endpoint: str, tenant: str) -> int:
    """Write the orders and the archive for *tenant* and return how many orders were written."""
    stock(endpoint, tenant)
    return seed(endpoint, tenant)


def put_if_missing(client: Any, order: Mapping[str, Any]) -> bool:
    """Write an order that does not exist yet; return whether it was written. An order may have been refunded since: it stays."""
    try:
        client.put_item(TableName=TABLE, Item=item(order), ConditionExpression="attribute_not_exists(order_id)")
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _put_all(client: Any, items: Sequence[Mapping[str, Any]]) -> int:
    for some in batched(items, _AT_ONCE, strict=False):
        waiting = {TABLE: [{"PutRequest": {"Item": item(one)}} for one in some]}
        while waiting:
            waiting = client.batch_write_item(RequestItems=waiting)["UnprocessedItems"]
    return len(items)
