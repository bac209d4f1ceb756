"""Cancels an order that was placed elsewhere, once."""

from collections.abc import Mapping
from typing import Any

from septet.aws.items import item
from septet.bootstrap import tools
from septet.core.errors import PolicyDenied
from septet.entry.tool import Context, serve


def cancel_order(arguments: Mapping[str, Any], context: Context, *, table: tools.Tables = tools.table) -> dict[str, Any]:
    """Cancel the order. Raises PolicyDenied when there is none."""
    client, supplies = table("supplies")
    try:
        client.update_item(
            TableName=supplies,
            Key=item({"tenant": context.tenant, "item": f"order#{arguments['order']}"}),
            UpdateExpression="SET cancelled = :yes, cancelled_by = if_not_exists(cancelled_by, :key)",
            ConditionExpression="attribute_exists(tenant)",
            ExpressionAttributeValues=item({":yes": True, ":key": context.key}),
        )
    except client.exceptions.ConditionalCheckFailedException:
        raise PolicyDenied(f"there is no order {arguments['order']}") from None
    return {"cancelled": arguments["order"]}


handler = serve(cancel_order)
