"""The effects table in DynamoDB."""

import secrets
from collections.abc import Callable
from typing import Any, cast

from botocore.exceptions import ClientError

from septet.aws.account_writes import Write
from septet.aws.accounts import SPENDABLE, account, key_of
from septet.aws.bodies import S3Bodies
from septet.aws.conflicts import insist
from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.trouble import CONDITION, reaching, refused
from septet.core.journal import Branch
from septet.security.effects import Effect, check_account

RELEASED = "released"
"""The status of a record that stands for none."""
INLINE_BYTES = 100_000
"""A larger result goes to the bucket of bodies, and the record holds its handle: an item has room for 400 KB."""
_STORE = "the effects table"


class DynamoEffects:
    """Partition ``{tenant}#{run}``, sort ``effect``. One conditional write, with a check of the branch's account, decides on a call."""

    def __init__(self, client: Any, table: str, *, accounts: str, bodies: S3Bodies, pause: Callable[[int], None]) -> None:
        self._client = client
        self._table = table
        self._accounts = accounts
        self._bodies = bodies
        self._pause = pause
        """Waits for some milliseconds."""

    @reaching(_STORE)
    def intend(self, branch: Branch, effect: Effect, *, over: Effect | None = None, agent: str = "") -> Effect | None:
        """Store the intent, or say what stands in the way. Raises RunStopped, AgentStopped, InputRejected or StoreUnavailable."""
        token = secrets.token_hex(16)  # of this request: its repetitions by the client, and ours, are one
        items = [{"Put": self._put(effect, over)}, {"ConditionCheck": self._may_act(branch, agent)}]
        try:
            insist(lambda: self._client.transact_write_items(TransactItems=items, ClientRequestToken=token), self._pause)
        except ClientError as error:
            if not refused(error):
                raise
            return self._standing(branch, effect, error, agent)
        return None

    def _put(self, effect: Effect, over: Effect | None) -> dict[str, Any]:
        taking_over = " OR (#status = :intended AND #by = :over)" if over else ""
        given = {":released": RELEASED} | ({":intended": "intended", ":over": over.by} if over else {})
        names = {"#status": "status"} | ({"#by": "by"} if over else {})
        record = item({"tool": effect.tool, "status": "intended", "deadline": effect.deadline, "by": effect.by, "by_run": effect.by_run})
        return {
            "TableName": self._table,
            "Item": _key(effect.tenant, effect.run, effect.key) | record,
            "ConditionExpression": "attribute_not_exists(pk) OR #status = :released" + taking_over,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": item(given),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _may_act(self, branch: Branch, agent: str) -> dict[str, Any]:
        check = Write(key=key_of(branch), conditions=[SPENDABLE])
        check.acting(agent)
        wanted: dict[str, Any] = check.transacted(self._accounts)["ConditionCheck"]
        return wanted

    def _standing(self, branch: Branch, effect: Effect, error: ClientError, agent: str) -> Effect | None:
        """What the conditions that did not hold say. A stop leaves alone what was intended or done before it."""
        record, checked = cast("list[dict[str, Any]]", error.response.get("CancellationReasons"))
        found = self._effect(effect.tenant, effect.run, record["Item"]) if record["Code"] == CONDITION else None
        if found and (found == effect or found.status != "intended"):
            return None if found == effect else found
        if checked["Code"] == CONDITION:
            check_account(branch, account(checked["Item"]) if "Item" in checked else None, agent)
        return found

    @reaching(_STORE)
    def done(self, effect: Effect, value: Any) -> None:
        """Write the result; the first stands. Raises StoreUnavailable."""
        text, branch = dumps(value), Branch(tenant=effect.tenant, run=effect.run)
        handle = secrets.token_hex(32) if len(text.encode()) > INLINE_BYTES else ""
        if handle:
            self._bodies.put(branch, handle, text.encode())
        held = {"handle": handle} if handle else {"value": text}
        held |= {"status": "done", "tool": effect.tool, "by": effect.by, "by_run": effect.by_run}
        self._update(
            effect,
            UpdateExpression="SET deadline = :deadline, " + ", ".join(f"#{name} = :{name}" for name in held),
            ConditionExpression="attribute_not_exists(pk) OR NOT #status IN (:status, :undone)",
            ExpressionAttributeNames={f"#{name}": name for name in held},
            ExpressionAttributeValues=item(
                {":deadline": effect.deadline, ":undone": "undone"} | {f":{name}": value for name, value in held.items()}
            ),
        )

    @reaching(_STORE)
    def undone(self, effect: Effect) -> None:
        """Note that it was undone. Raises StoreUnavailable."""
        self._update(
            effect,
            UpdateExpression="SET #status = :undone",
            ConditionExpression="#status = :done",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=item({":undone": "undone", ":done": "done"}),
        )

    @reaching(_STORE)
    def release(self, effect: Effect) -> None:
        """Forget this intent; another's, or a done effect, stays. The gateway deletes nothing here: the record says that it is void."""
        self._update(
            effect,
            UpdateExpression="SET #status = :released",
            ConditionExpression="#status = :intended AND #by = :by",
            ExpressionAttributeNames={"#status": "status", "#by": "by"},
            ExpressionAttributeValues=item({":released": RELEASED, ":intended": "intended", ":by": effect.by}),
        )

    def _update(self, effect: Effect, **update: Any) -> None:
        """Change the record if the update's condition holds."""
        where = {"TableName": self._table, "Key": _key(effect.tenant, effect.run, effect.key)}
        try:
            insist(lambda: self._client.update_item(**where, **update), self._pause)
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    @reaching(_STORE)
    def get(self, tenant: str, run: str, key: str) -> Effect | None:
        """The record, read consistently. Raises StoreUnavailable."""
        found = self._client.get_item(TableName=self._table, Key=_key(tenant, run, key), ConsistentRead=True).get("Item")
        return self._effect(tenant, run, found) if found and found["status"] != {"S": RELEASED} else None

    def _effect(self, tenant: str, run: str, found: Item) -> Effect:
        held = values(found)
        value = held.get("value")
        if "handle" in held:
            body = self._bodies.get(Branch(tenant=tenant, run=run), held["handle"])
            value = body and body.decode()  # an erased result is none; that the effect happened stays known
        return Effect(
            tenant=tenant,
            run=run,
            key=held["effect"],
            tool=held["tool"],
            status=held["status"],
            deadline=held["deadline"],
            by=held["by"],
            by_run=held.get("by_run", ""),
            value=loads(value) if value else None,
        )


def _key(tenant: str, run: str, key: str) -> Item:
    return item({"pk": f"{tenant}#{run}", "effect": key})
