"""Pays a refund once: the payment and what is left to refund change in one transaction, under the effect's key."""

from collections.abc import Mapping
from typing import Any

from septet import bootstrap
from septet.aws.items import item, values
from septet.core.errors import PolicyDenied
from septet.entry.tool import Context, serve


def issue_refund(arguments: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return the payment; the same key returns the same one.

    Raises PolicyDenied for an order that is not the principal's, or for more than is left to refund.
    """
    client, refunds = bootstrap.table("refunds")
    order, amount = arguments["order_id"], arguments["amount_cents"]
    key = item({"tenant": context.tenant, "refund_key": context.key})
    payment = {"order_id": order, "amount_cents": amount}
    record = key | item({**payment, "run": context.run, "customer": context.principal, "reason": arguments["reason"]})
    put = {"TableName": refunds, "Item": record, "ConditionExpression": "attribute_not_exists(tenant)"}
    take = {
        "TableName": bootstrap.table("orders")[1],
        "Key": item({"tenant": context.tenant, "order_id": order}),
        "UpdateExpression": "SET refundable_cents = refundable_cents - :amount",
        "ConditionExpression": "customer = :principal AND refundable_cents >= :amount",
        "ExpressionAttributeValues": item({":amount": amount, ":principal": context.principal}),
    }
    try:
        client.transact_write_items(TransactItems=[{"Put": put}, {"Update": take}])
    except client.exceptions.TransactionCanceledException:
        paid = values(client.get_item(TableName=refunds, Key=key, ConsistentRead=True).get("Item", {}))
        if not paid:
            raise PolicyDenied(f"order {order} is not the customer's, or less than {amount} cents are left to refund") from None
    return {"refund": context.key[:12], **payment}


handler = serve(issue_refund)
