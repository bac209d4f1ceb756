"""Finds a purchase order of the buyer on whose behalf the run works; anybody else's does not exist."""

from collections.abc import Mapping
from typing import Any

from septet.aws.items import item, values
from septet.bootstrap import tools
from septet.entry.tool import Context, serve

SHOWN = ("po_id", "buyer", "supplier", "sku", "product", "quantity", "due_on", "customer", "limit_cents")


def find_purchase_order(arguments: Mapping[str, Any], context: Context, *, table: tools.Tables = tools.table) -> dict[str, Any]:
    """Return the purchase order, or ``{"found": False}``."""
    client, supplies = table("supplies")
    key = item({"tenant": context.tenant, "item": f"po#{arguments['po_id']}"})
    order = values(client.get_item(TableName=supplies, Key=key, ConsistentRead=True).get("Item", {}))
    if order.get("buyer") != context.principal:
        return {"found": False}
    return {"found": True, **{name: order[name] for name in SHOWN}}


handler = serve(find_purchase_order)
