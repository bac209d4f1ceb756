"""Releases reserved stock once: a reservation that was released stays so, and nothing is given back twice."""

from collections.abc import Mapping
from typing import Any

from septet.aws.items import item, values
from septet.aws.trouble import refused
from septet.bootstrap import tools
from septet.core.errors import PolicyDenied
from septet.entry.tool import Context, serve

_RELEASE = {"UpdateExpression": "SET released = :yes, released_by = :key", "ConditionExpression": "released = :no"}
_GIVE = {"UpdateExpression": "SET available = available + :quantity"}


def release_stock(arguments: Mapping[str, Any], context: Context, *, table: tools.Tables = tools.table) -> dict[str, Any]:
    """Give back what was reserved. Raises PolicyDenied when there is no such reservation."""
    client, supplies = table("supplies")
    place = _key(context, f"reservation#{arguments['reservation']}")
    held = values(client.get_item(TableName=supplies, Key=place, ConsistentRead=True).get("Item", {}))
    if not held:
        raise PolicyDenied(f"there is no reservation {arguments['reservation']}")
    by, stock = item({":yes": True, ":no": False, ":key": context.key}), _key(context, f"stock#{held['sku']}")
    release = {"TableName": supplies, "Key": place, **_RELEASE, "ExpressionAttributeValues": by}
    give = {"TableName": supplies, "Key": stock, **_GIVE, "ExpressionAttributeValues": item({":quantity": held["quantity"]})}
    try:
        client.transact_write_items(TransactItems=[{"Update": release}, {"Update": give}])
    except client.exceptions.TransactionCanceledException as cancelled:
        if not refused(cancelled):
            raise  # another transaction was in the way: the gateway calls again, under the same key
    return {"released": arguments["reservation"]}


def _key(context: Context, name: str) -> dict[str, Any]:
    return item({"tenant": context.tenant, "item": name})


handler = serve(release_stock)
