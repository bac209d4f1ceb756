"""The effects table in DynamoDB."""

from typing import Any

from septet.aws.items import Item, dumps, item, loads, values
from septet.security.effects import Effect


class DynamoEffects:
    """Partition ``{tenant}#{run}``, sort ``effect``; one conditional write decides whether a call may be made."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table
        self._taken = client.exceptions.ConditionalCheckFailedException

    def intend(self, effect: Effect, *, now: int, again: bool) -> Effect | None:
        """Store the intent, or say what stands in the way."""
        lapsed = " OR (#status = :intended AND deadline <= :now)" if again else ""
        names: dict[str, Any] = {"ExpressionAttributeNames": {"#status": "status"}} if again else {}
        given: dict[str, Any] = {"ExpressionAttributeValues": item({":intended": "intended", ":now": now})} if again else {}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_key(effect.tenant, effect.run, effect.key)
                | item({"tool": effect.tool, "status": "intended", "deadline": effect.deadline}),
                ConditionExpression="attribute_not_exists(pk)" + lapsed,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **names,
                **given,
            )
        except self._taken as error:
            return _effect(effect.tenant, effect.run, error.response["Item"])
        return None

    def done(self, effect: Effect, value: Any) -> None:
        """Write the result; the first stands."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(effect.tenant, effect.run, effect.key),
                UpdateExpression="SET #status = :done, #value = :value",
                ConditionExpression="#status = :intended",
                ExpressionAttributeNames={"#status": "status", "#value": "value"},
                ExpressionAttributeValues=item({":done": "done", ":intended": "intended", ":value": dumps(value)}),
            )
        except self._taken:
            return

    def release(self, effect: Effect) -> None:
        """Forget this intent; another's, or a done effect, stays."""
        try:
            self._client.delete_item(
                TableName=self._table,
                Key=_key(effect.tenant, effect.run, effect.key),
                ConditionExpression="#status = :intended AND deadline = :deadline",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=item({":intended": "intended", ":deadline": effect.deadline}),
            )
        except self._taken:
            return

    def get(self, tenant: str, run: str, key: str) -> Effect | None:
        """The record, read consistently."""
        found = self._client.get_item(TableName=self._table, Key=_key(tenant, run, key), ConsistentRead=True)
        return _effect(tenant, run, found["Item"]) if "Item" in found else None


def _key(tenant: str, run: str, key: str) -> Item:
    return item({"pk": f"{tenant}#{run}", "effect": key})


def _effect(tenant: str, run: str, found: Item) -> Effect:
    held = values(found)
    return Effect(
        tenant=tenant,
        run=run,
        key=held["effect"],
        tool=held["tool"],
        status=held["status"],
        deadline=held["deadline"],
        value=loads(held["value"]) if "value" in held else None,
    )
