"""Approvals in DynamoDB, and the executions that wait for them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from septet.aws.items import Item, dumps, item, loads, values
from septet.security.approvals import Approval, Status

OUTBOX = "outbox"
"""The sparse index of decisions that the waiting execution was not told of."""
_JSON = ("arguments", "reasons", "evidence")


class DynamoApprovals:
    """The approvals table: partition ``tenant``, sort ``approval``."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table
        self._taken = client.exceptions.ConditionalCheckFailedException

    def ask(self, approval: Approval) -> Approval:
        """Store the question unless it was asked before, and return what stands."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(approval),
                ConditionExpression="attribute_not_exists(tenant)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._taken as error:
            return _approval(error.response["Item"])
        return approval

    def get(self, tenant: str, approval: str) -> Approval | None:
        """The approval, read consistently."""
        found = self._client.get_item(TableName=self._table, Key=_key(tenant, approval), ConsistentRead=True)
        return _approval(found["Item"]) if "Item" in found else None

    def listed(self, tenant: str, *, status: str | None = None) -> list[Approval]:
        """All approvals of the tenant, newest question first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="tenant = :tenant",
            ExpressionAttributeValues=item({":tenant": tenant}),
            ConsistentRead=True,
        )
        found = [_approval(held) for page in pages for held in page["Items"]]
        kept = [approval for approval in found if status in (None, approval.status)]
        return sorted(kept, key=lambda approval: (approval.asked_at, approval.approval), reverse=True)

    def decide(self, tenant: str, approval: str, *, status: Status, by: str, reason: str, at: int) -> Approval | None:
        """Write the decision if the question is pending and open; a person's enters the outbox in the same write."""
        change = "SET #status = :status, decided_by = :by, reason = :reason, decided_at = :at"
        condition = "#status = :pending"
        given = {":status": status, ":by": by, ":reason": reason, ":at": at, ":pending": "pending"}
        if status != "expired":  # an expiry is noticed by whoever waited: there is nobody to tell
            change += ", outbox = :yes"
            condition += " AND expires_at > :at"
            given[":yes"] = "yes"
        return self._update(tenant, approval, change, condition, given)

    def wait(self, tenant: str, approval: str, token: str) -> Approval | None:
        """Note the token of the execution that waits."""
        return self._update(
            tenant, approval, "SET #token = :token, delivered = :no", "attribute_exists(tenant)", {":token": token, ":no": False}
        )

    def undelivered(self, *, limit: int) -> list[Approval]:
        """What is in the outbox, oldest decision first."""
        page = self._client.query(
            TableName=self._table,
            IndexName=OUTBOX,
            KeyConditionExpression="outbox = :yes",
            ExpressionAttributeValues=item({":yes": "yes"}),
            Limit=limit,
        )
        return [_approval(found) for found in page["Items"]]

    def delivered(self, tenant: str, approval: str) -> None:
        """Note that the waiting execution was told, and leave the outbox."""
        self._update(tenant, approval, "SET delivered = :yes REMOVE outbox", "attribute_exists(tenant)", {":yes": True})

    def _update(self, tenant: str, approval: str, change: str, condition: str, given: Mapping[str, Any]) -> Approval | None:
        text = change + condition
        names = {name: name[1:] for name in ("#status", "#token") if name in text}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(tenant, approval),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeValues=item(given),
                ReturnValues="ALL_NEW",
                **({"ExpressionAttributeNames": names} if names else {}),
            )
        except self._taken:
            return None
        return _approval(answer["Attributes"])


class StepFunctionsExecutions:
    """Executions that wait with a task token."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def wake(self, token: str, output: Mapping[str, Any]) -> bool:
        """Let the execution go on; False when it no longer waits."""
        gone = self._client.exceptions
        try:
            self._client.send_task_success(taskToken=token, output=dumps(dict(output)))
        except (gone.TaskTimedOut, gone.TaskDoesNotExist, gone.InvalidToken):
            return False
        return True


def _key(tenant: str, approval: str) -> Item:
    return item({"tenant": tenant, "approval": approval})


def _item(approval: Approval) -> Item:
    held = asdict(approval)
    return item(held | {name: dumps(held[name]) for name in _JSON})


def _approval(found: Item) -> Approval:
    held = values(found)
    held.pop("outbox", None)
    held |= {name: loads(held[name]) for name in _JSON}
    return Approval(**held | {"reasons": tuple(held["reasons"]), "evidence": tuple(held["evidence"])})
