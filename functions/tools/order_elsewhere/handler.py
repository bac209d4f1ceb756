"""Orders from another supplier once, under the effect's key."""

from collections.abc import Mapping
from typing import Any

from septet.aws.items import item, values
from septet.bootstrap import tools
from septet.core.errors import PolicyDenied
from septet.entry.tool import Context, serve


def order_elsewhere(arguments: Mapping[str, Any], context: Context, *, table: tools.Tables = tools.table) -> dict[str, Any]:
    """Return the order; the same key returns the same one. Raises PolicyDenied above what the purchase order allows."""
    client, supplies = table("supplies")
    order = values(client.get_item(TableName=supplies, Key=_key(context, f"po#{arguments['po_id']}"), ConsistentRead=True).get("Item", {}))
    if order.get("buyer") != context.principal or order["limit_cents"] < arguments["amount_cents"]:
        raise PolicyDenied(f"purchase order {arguments['po_id']} is not the buyer's, or allows less than {arguments['amount_cents']} cents")
    told = {"order": context.key[:16], "po_id": arguments["po_id"], "amount_cents": arguments["amount_cents"]}
    record = _key(context, f"order#{told['order']}") | item({**told, "run": context.run, "cancelled": False})
    try:
        client.put_item(TableName=supplies, Item=record, ConditionExpression="attribute_not_exists(tenant)")
    except client.exceptions.ConditionalCheckFailedException:
        return told  # the same key ordered before
    return told


def _key(context: Context, name: str) -> dict[str, Any]:
    return item({"tenant": context.tenant, "item": name})


handler = serve(order_elsewhere)
