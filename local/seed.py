"""The demo's orders, written into the twin's table for one tenant."""

import json
from collections.abc import Mapping, Sequence
from itertools import batched
from pathlib import Path
from typing import Any

from local.twin import aws
from septet.aws.items import item

TABLE = "septet-twin-orders"
ORDERS = Path(__file__).parent / "scenarios" / "orders.json"
_AT_ONCE = 25
"""Items that DynamoDB takes in one batch."""


def orders(path: Path = ORDERS) -> list[dict[str, Any]]:
    """The orders without a tenant, as the file has them."""
    found: list[dict[str, Any]] = json.loads(path.read_bytes())
    return found


def seed(endpoint: str, tenant: str, found: Sequence[Mapping[str, Any]] | None = None) -> int:
    """Write the orders for *tenant* and return their number. Again: every order is as the file has it, also what can be refunded."""
    items = orders() if found is None else found
    client = aws.client(endpoint, "dynamodb")
    for some in batched(items, _AT_ONCE, strict=False):
        waiting = {TABLE: [{"PutRequest": {"Item": item({**one, "tenant": tenant})}} for one in some]}
        while waiting:
            waiting = client.batch_write_item(RequestItems=waiting)["UnprocessedItems"]
    return len(items)
