"""Finds an order of the customer on whose behalf the run works; anybody else's does not exist."""

from collections.abc import Mapping
from typing import Any

from septet.aws.items import item, values
from septet.bootstrap import tools
from septet.entry.tool import Context, serve

SHOWN = ("order_id", "customer", "item", "status", "ordered_on", "total_cents", "refundable_cents", "currency")


def find_order(arguments: Mapping[str, Any], context: Context, *, table: tools.Tables = tools.table) -> dict[str, Any]:
    """Return the order, or ``{"found": False}``."""
    client, orders = table("orders")
    key = item({"tenant": context.tenant, "order_id": arguments["order_id"]})
    order = values(client.get_item(TableName=orders, Key=key, ConsistentRead=True).get("Item", {}))
    if order.get("customer") != context.principal:
        return {"found": False}
    return {"found": True, **{name: order[name] for name in SHOWN}}


handler = serve(find_order)
