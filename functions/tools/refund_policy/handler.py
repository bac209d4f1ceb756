"""Says what the shop's refund rules mean for one order of the customer who is asking."""

from collections.abc import Mapping
from typing import Any

from septet.aws.items import item, values
from septet.bootstrap import tools
from septet.entry.tool import Context, serve

RULES = {
    "delivered": (True, "A delivered order can be refunded up to what has not been refunded yet."),
    "lost": (True, "An order lost on the way is refunded in full."),
    "shipped": (False, "An order on its way can be refunded once it has arrived."),
    "processing": (False, "An order that was not shipped is cancelled, not refunded."),
    "cancelled": (False, "A cancelled order was never charged."),
}
"""By the order's status: whether a refund is due, and the rule."""


def refund_policy(arguments: Mapping[str, Any], context: Context, *, table: tools.Tables = tools.table) -> dict[str, Any]:
    """Return whether a refund is due, at most how much, and the rule behind it."""
    client, orders = table("orders")
    key = item({"tenant": context.tenant, "order_id": arguments["order_id"]})
    order = values(client.get_item(TableName=orders, Key=key, ConsistentRead=True).get("Item", {}))
    if order.get("customer") != context.principal:
        return {"due": False, "at_most_cents": 0, "rule": "There is no such order."}
    due, rule = RULES.get(order["status"], (False, "An order in this state cannot be refunded."))
    return {"due": due, "at_most_cents": order["refundable_cents"] if due else 0, "rule": rule}


handler = serve(refund_policy)
