"""Tells a customer what becomes of a delivery, once, in fixed words: here it notes that they were told."""

from collections.abc import Mapping
from typing import Any

from septet.aws.items import item, values
from septet.bootstrap import tools
from septet.core.errors import PolicyDenied
from septet.entry.tool import Context, serve


def notify_customer(arguments: Mapping[str, Any], context: Context, *, table: tools.Tables = tools.table) -> dict[str, Any]:
    """Return what was told to whom. Raises PolicyDenied for a purchase order that is not the buyer's."""
    client, supplies = table("supplies")
    order = values(client.get_item(TableName=supplies, Key=_key(context, f"po#{arguments['po_id']}"), ConsistentRead=True).get("Item", {}))
    if order.get("buyer") != context.principal:
        raise PolicyDenied(f"there is no purchase order {arguments['po_id']} of the buyer's")
    told = {"notice": arguments["notice"], "customer": order["customer"]}
    record = _key(context, f"notice#{context.key[:16]}") | item({**told, "po_id": arguments["po_id"], "run": context.run})
    try:
        client.put_item(TableName=supplies, Item=record, ConditionExpression="attribute_not_exists(tenant)")
    except client.exceptions.ConditionalCheckFailedException:
        return told  # the same key told them before
    return told


def _key(context: Context, name: str) -> dict[str, Any]:
    return item({"tenant": context.tenant, "item": name})


handler = serve(notify_customer)
