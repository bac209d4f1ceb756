"""Says what lies in another warehouse, and what another supplier would take."""

from collections.abc import Mapping
from typing import Any

from septet.aws.items import item, values
from septet.bootstrap import tools
from septet.entry.tool import Context, serve

SHOWN = ("sku", "available", "warehouse", "offered_by", "unit_cents")


def find_stock(arguments: Mapping[str, Any], context: Context, *, table: tools.Tables = tools.table) -> dict[str, Any]:
    """Return the stock and the offer, or ``{"found": False}``."""
    client, supplies = table("supplies")
    key = item({"tenant": context.tenant, "item": f"stock#{arguments['sku']}"})
    stock = values(client.get_item(TableName=supplies, Key=key, ConsistentRead=True).get("Item", {}))
    return {"found": True, **{name: stock[name] for name in SHOWN}} if stock else {"found": False}


handler = serve(find_stock)
