"""Approvals in DynamoDB, and the executions that wait for them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from septet.aws.items import Item, dumps, item, loads, values
from septet.security.approvals import Approval, Status, Vote

OUTBOX = "outbox"
"""The sparse index of decisions that the waiting execution was not told of."""
_TUPLES = ("reasons", "evidence", "roles", "escalate_to", "votes")
ESCALATIONS = "escalations"
"""The sparse index of pending questions that operators are to be told of when their time to escalate comes."""
PENDING = "pending"
"""The sparse index of questions that nobody has decided, by when they expire."""
_JSON = ("arguments", "labels", *_TUPLES)
_LISTED = "pending = :listed"
"""What puts a question into its index. A write of a pending one says so too, for questions that were stored before there was the index."""
_INDEXED = ("outbox", "escalating", "pending", "voted")
"""What an item has beside the approval: the sparse indexes' keys, and the number of votes, for conditions."""


class DynamoApprovals:
    """The approvals table: partition ``tenant``, sort ``approval``."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table
        self._taken = client.exceptions.ConditionalCheckFailedException

    def ask(self, approval: Approval) -> Approval:
        """Store the question unless it was asked before, and did not expire in an earlier attempt, and return what stands."""
        earlier = "(attribute_not_exists(attempt) OR attempt < :attempt)"  # one from before attempts were kept has none
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(approval),
                ConditionExpression=f"attribute_not_exists(tenant) OR (#status = :expired AND {earlier})",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=item({":expired": "expired", ":attempt": approval.attempt}),
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

    def decide(
        self, tenant: str, approval: str, *, status: Status, by: str, reason: str, at: int, votes: tuple[Vote, ...] = ()
    ) -> Approval | None:
        """Write the decision if the question is pending and open; people's enters the outbox in the same write."""
        change, condition = [], ["#status = :pending"]
        given: dict[str, Any] = {":pending": "pending"}
        if status != "expired":
            condition.append("expires_at > :at")
            given[":at"] = at
        if votes:
            change += ["votes = :votes", "voted = :voted"]
            condition.append("voted = :before" if len(votes) > 1 else "attribute_not_exists(voted)")
            given |= {":votes": _votes(votes), ":voted": len(votes)} | ({":before": len(votes) - 1} if len(votes) > 1 else {})
        if status != "pending":
            change += ["#status = :status", "decided_by = :by", "reason = :reason", "decided_at = :at"]
            given |= {":status": status, ":by": by, ":reason": reason, ":at": at}
        else:
            change.append(_LISTED)
            given[":listed"] = "yes"
        if status in ("approved", "rejected"):  # an expiry is noticed by whoever waited: there is nobody to tell
            change.append("outbox = :yes")
            given[":yes"] = "yes"
        settled = " REMOVE escalating, pending" if status != "pending" else ""
        return self._update(tenant, approval, f"SET {', '.join(change)}{settled}", " AND ".join(condition), given)

    def use(self, tenant: str, approval: str, *, use: str, at: int) -> Approval | None:
        """Note what an approved call is made for; the first note stands."""
        change = "SET used_for = :use, used_at = if_not_exists(used_at, :at)"
        condition = "#status = :approved AND (used_for = :none OR attribute_not_exists(used_for) OR used_for = :use)"
        return self._update(tenant, approval, change, condition, {":use": use, ":at": at, ":approved": "approved", ":none": ""})

    def refuse(self, tenant: str, approval: str, *, why: str) -> None:
        """Note why an approved call is not made, unless it was."""
        condition = "#status = :approved AND (used_for = :none OR attribute_not_exists(used_for))"
        self._update(tenant, approval, "SET refused = :why", condition, {":why": why, ":approved": "approved", ":none": ""})

    def wait(self, tenant: str, approval: str, token: str) -> Approval | None:
        """Note the token of the execution that waits."""
        return self._noted(tenant, approval, "#token = :token, delivered = :no", {":token": token, ":no": False})

    def undelivered(self, *, newest: bool = False) -> Iterator[Approval]:
        """What is in the outbox, oldest or newest decision first, page by page."""
        return self._indexed(OUTBOX, "outbox = :yes", {":yes": "yes"}, newest=newest)

    def delivered(self, tenant: str, approval: str) -> None:
        """Note that the waiting execution was told, and leave the outbox."""
        self._update(tenant, approval, "SET delivered = :yes REMOVE outbox", "attribute_exists(tenant)", {":yes": True})

    def escalating(self, now: int) -> Iterator[Approval]:
        """Pending questions whose time to escalate has come, the longest overdue first."""
        return self._indexed(ESCALATIONS, "escalating = :yes AND escalates_at <= :now", {":yes": "yes", ":now": now})

    def waiting(self, now: int) -> Iterator[Approval]:
        """Everybody's questions that can still be decided, the next to expire first."""
        found = self._indexed(PENDING, "pending = :yes AND expires_at > :now", {":yes": "yes", ":now": now})
        return (one for one in found if one.status == "pending")

    def escalate(self, tenant: str, approval: str) -> None:
        """Note that operators were told, and leave the index."""
        self._noted(tenant, approval, "escalated = :yes REMOVE escalating", {":yes": True})

    def _noted(self, tenant: str, approval: str, change: str, given: Mapping[str, Any]) -> Approval | None:
        """Set what *change* says, whatever was decided. A pending question is in its index from then on: it may be older than the index."""
        listed = {":listed": "yes", ":pending": "pending"}
        noted = self._update(tenant, approval, f"SET {_LISTED}, {change}", "#status = :pending", {**given, **listed})
        return noted or self._update(tenant, approval, f"SET {change}", "attribute_exists(tenant)", given)

    def _indexed(self, index: str, which: str, given: Mapping[str, Any], *, newest: bool = False) -> Iterator[Approval]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression=which,
            ExpressionAttributeValues=item(given),
            ScanIndexForward=not newest,
        )
        for page in pages:
            yield from (_approval(found) for found in page["Items"])

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
        return self._answered(lambda: self._client.send_task_success(taskToken=token, output=dumps(dict(output))))

    def fail(self, token: str, *, error: str, cause: str) -> bool:
        """Let what waits end in *error*; False when it no longer waits."""
        return self._answered(lambda: self._client.send_task_failure(taskToken=token, error=error, cause=cause))

    def _answered(self, answer: Callable[[], Any]) -> bool:
        gone = self._client.exceptions
        try:
            answer()
        except (gone.TaskTimedOut, gone.TaskDoesNotExist, gone.InvalidToken):
            return False
        return True


def _key(tenant: str, approval: str) -> Item:
    return item({"tenant": tenant, "approval": approval})


def _item(approval: Approval) -> Item:
    held = asdict(approval)
    indexed = {"escalating": "yes" if approval.escalates_at is not None else None}
    indexed["pending"] = "yes" if approval.status == "pending" else None
    return item(held | {name: dumps(held[name]) for name in _JSON} | indexed)


def _votes(votes: tuple[Vote, ...]) -> str:
    return dumps([asdict(vote) for vote in votes])


def _approval(found: Item) -> Approval:
    """The approval in an item. One that was written before a field was there has its default."""
    held = {name: value for name, value in values(found).items() if name not in _INDEXED}
    held |= {name: loads(held[name]) for name in _JSON if name in held}
    held |= {name: tuple(held[name]) for name in _TUPLES if name in held}
    return Approval(**held | {"votes": tuple(Vote(**vote) for vote in held.get("votes", ()))})
