"""Pays a refund once: the payment and what is left to refund change in one transaction, under the effect's key."""

from collections.abc import Mapping
from typing import Any

from septet.aws.items import item
from septet.bootstrap import tools
from septet.core.errors import PolicyDenied
from septet.entry.tool import Context, serve

RULE = "customer = :customer AND refundable_cents >= :amount AND #status IN (:delivered, :lost)"  # whatever an agent made of the policy


def issue_refund(arguments: Mapping[str, Any], context: Context, *, table: tools.Tables = tools.table) -> dict[str, Any]:
    """Return the payment; the same key returns the same one. Raises PolicyDenied for a refund that the rule forbids."""
    (client, refunds), (_, orders) = table("refunds"), table("orders")
    order, amount = arguments["order_id"], arguments["amount_cents"]
    payment = {"order_id": order, "amount_cents": amount}
    key = item({"tenant": context.tenant, "refund_key": context.key})
    record = key | item({**payment, "run": context.run, "customer": context.principal, "reason": arguments["reason"]})
    take = {
        "TableName": orders,
        "Key": item({"tenant": context.tenant, "order_id": order}),
        "UpdateExpression": "SET refundable_cents = refundable_cents - :amount",
        "ConditionExpression": RULE,
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": item({":amount": amount, ":customer": context.principal, ":delivered": "delivered", ":lost": "lost"}),
    }
    pay = {"TableName": refunds, "Item": record, "ConditionExpression": "attribute_not_exists(tenant)"}
    try:
        client.transact_write_items(TransactItems=[{"Put": pay}, {"Update": take}])
    except client.exceptions.TransactionCanceledException as cancelled:
        if "Item" not in client.get_item(TableName=refunds, Key=key, ConsistentRead=True):
            if all(reason["Code"] != "ConditionalCheckFailed" for reason in cancelled.response["CancellationReasons"]):
                raise  # another transaction was in the way: the gateway calls again, under the same key
            raise PolicyDenied(f"order {order} is not the customer's, not refundable now, or has less than {amount} cents left") from None
    return {"refund": context.key[:12], **payment}


handler = serve(issue_refund)
