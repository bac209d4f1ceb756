"""Reserves stock once: the reservation and what is available change in one transaction, under the effect's key."""

from collections.abc import Mapping
from typing import Any

from septet.aws.items import item, values
from septet.aws.trouble import refused
from septet.bootstrap import tools
from septet.core.errors import PolicyDenied
from septet.entry.tool import Context, serve

_TAKE = {"UpdateExpression": "SET available = available - :quantity", "ConditionExpression": "available >= :quantity"}
_NEW = {"ConditionExpression": "attribute_not_exists(tenant)"}


def reserve_stock(arguments: Mapping[str, Any], context: Context, *, table: tools.Tables = tools.table) -> dict[str, Any]:
    """Return the reservation; the same key returns the same one. Raises PolicyDenied when there is not as much."""
    client, supplies = table("supplies")
    key = item({"tenant": context.tenant, "item": f"po#{arguments['po_id']}"})
    order = values(client.get_item(TableName=supplies, Key=key, ConsistentRead=True).get("Item", {}))
    if order.get("buyer") != context.principal:
        raise PolicyDenied(f"there is no purchase order {arguments['po_id']} of the buyer's")
    told = {"reservation": context.key[:16], "sku": order["sku"], "quantity": arguments["quantity"]}
    place = item({"tenant": context.tenant, "item": f"reservation#{told['reservation']}"})
    kept = place | item({**told, "po_id": arguments["po_id"], "run": context.run, "released": False})
    stock = item({"tenant": context.tenant, "item": f"stock#{told['sku']}"})
    take = {"TableName": supplies, "Key": stock, "ExpressionAttributeValues": item({":quantity": told["quantity"]}), **_TAKE}
    try:
        client.transact_write_items(TransactItems=[{"Put": {"TableName": supplies, "Item": kept, **_NEW}}, {"Update": take}])
    except client.exceptions.TransactionCanceledException as cancelled:
        if "Item" not in client.get_item(TableName=supplies, Key=place, ConsistentRead=True):
            if not refused(cancelled):
                raise  # another transaction was in the way: the gateway calls again, under the same key
            raise PolicyDenied(f"less than {told['quantity']} of {told['sku']} is available") from None
    return told


handler = serve(reserve_stock)
