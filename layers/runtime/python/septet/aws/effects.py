"""The effects table in DynamoDB."""

from typing import Any

from septet.aws.items import Item, dumps, item, loads, values
from septet.security.effects import Effect

RELEASED = "released"
"""The status of a record that stands for none."""


class DynamoEffects:
    """Partition ``{tenant}#{run}``, sort ``effect``; one conditional write decides whether a call may be made."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table
        self._taken = client.exceptions.ConditionalCheckFailedException

    def intend(self, effect: Effect, *, now: int, again: bool) -> Effect | None:
        """Store the intent, or say what stands in the way."""
        lapsed = " OR (#status = :intended AND deadline <= :now)" if again else ""
        given = {":released": RELEASED} | ({":intended": "intended", ":now": now} if again else {})
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_key(effect.tenant, effect.run, effect.key)
                | item({"tool": effect.tool, "status": "intended", "deadline": effect.deadline, "by": effect.by}),
                ConditionExpression="attribute_not_exists(pk) OR #status = :released" + lapsed,
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=item(given),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._taken as error:
            standing = _effect(effect.tenant, effect.run, error.response["Item"])
            return None if standing == effect else standing
        return None

    def done(self, effect: Effect, value: Any) -> None:
        """Write the result; the first stands."""
        held = {"status": "done", "value": dumps(value), "tool": effect.tool, "deadline": effect.deadline, "by": effect.by}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(effect.tenant, effect.run, effect.key),
                UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in held),
                ConditionExpression="attribute_not_exists(pk) OR #status <> :status",
                ExpressionAttributeNames={f"#{name}": name for name in held},
                ExpressionAttributeValues=item({f":{name}": value for name, value in held.items()}),
            )
        except self._taken:
            return

    def release(self, effect: Effect) -> None:
        """Forget this intent; another's, or a done effect, stays. The gateway deletes nothing here: the record says that it is void."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(effect.tenant, effect.run, effect.key),
                UpdateExpression="SET #status = :released",
                ConditionExpression="#status = :intended AND #by = :by",
                ExpressionAttributeNames={"#status": "status", "#by": "by"},
                ExpressionAttributeValues=item({":released": RELEASED, ":intended": "intended", ":by": effect.by}),
            )
        except self._taken:
            return

    def get(self, tenant: str, run: str, key: str) -> Effect | None:
        """The record, read consistently."""
        found = self._client.get_item(TableName=self._table, Key=_key(tenant, run, key), ConsistentRead=True)
        released = found.get("Item", {}).get("status") == {"S": RELEASED}
        return _effect(tenant, run, found["Item"]) if "Item" in found and not released else None


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
        by=held["by"],
        value=loads(held["value"]) if "value" in held else None,
    )
