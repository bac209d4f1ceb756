"""What the business tables hold after a run: read directly, so that nobody's word has to be taken for it."""

from dataclasses import dataclass
from typing import Any

from local.twin import aws
from septet.aws.items import item, values

ORDERS = "septet-twin-orders"
REFUNDS = "septet-twin-refunds"


@dataclass(frozen=True, kw_only=True, slots=True)
class Books:
    """What was paid for one order by one run, and what is left."""

    payments: tuple[int, ...]
    """Cents of each payment."""
    left_cents: int
    """What can still be refunded of the order."""


class Tables:
    """The business tables of the twin at an endpoint, for one tenant."""

    def __init__(self, endpoint: str, tenant: str) -> None:
        self._client = aws.client(endpoint, "dynamodb")
        self._tenant = tenant

    def books(self, *, run: str, order: str) -> Books:
        """What *run* paid for *order*, and what is left of it."""
        paid = [one["amount_cents"] for one in self._refunds() if (one["run"], one["order_id"]) == (run, order)]
        return Books(payments=tuple(paid), left_cents=self.left(order))

    def left(self, order: str) -> int:
        """Cents that can still be refunded of *order*."""
        key = item({"tenant": self._tenant, "order_id": order})
        found = self._client.get_item(TableName=ORDERS, Key=key, ConsistentRead=True)
        return int(values(found["Item"])["refundable_cents"])

    def _refunds(self) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=REFUNDS,
            KeyConditionExpression="tenant = :tenant",
            ExpressionAttributeValues=item({":tenant": self._tenant}),
            ConsistentRead=True,
        )
        return [values(one) for page in pages for one in page["Items"]]
