"""Inquiries in DynamoDB."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.trouble import reaching
from septet.core.inquiries import Inquiry, Outcome

OUTBOX = "outbox"
"""The sparse index of ends that the waiting execution was not told of."""
_JSON = ("roles", "question", "answer_schema", "answer")
_STORE = "the table of inquiries"


class DynamoInquiries:
    """The table ``inquiries``: partition ``tenant``, sort ``inquiry``."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table
        self._taken = client.exceptions.ConditionalCheckFailedException

    @reaching(_STORE)
    def ask(self, inquiry: Inquiry) -> Inquiry:
        """Store the question unless it was asked before."""
        held = asdict(inquiry)
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item(held | {name: dumps(held[name]) for name in _JSON}),
                ConditionExpression="attribute_not_exists(tenant)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._taken as error:
            return _inquiry(error.response["Item"])
        return inquiry

    @reaching(_STORE)
    def get(self, tenant: str, inquiry: str) -> Inquiry | None:
        """The inquiry, read consistently."""
        found = self._client.get_item(TableName=self._table, Key=_key(tenant, inquiry), ConsistentRead=True)
        return _inquiry(found["Item"]) if "Item" in found else None

    @reaching(_STORE)
    def listed(self, tenant: str) -> list[Inquiry]:
        """All inquiries of the tenant, newest question first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="tenant = :tenant",
            ExpressionAttributeValues=item({":tenant": tenant}),
            ConsistentRead=True,
        )
        found = [_inquiry(held) for page in pages for held in page["Items"]]
        return sorted(found, key=lambda one: (one.asked_at, one.inquiry), reverse=True)

    @reaching(_STORE)
    def end(self, tenant: str, inquiry: str, *, outcome: Outcome, at: int, by: str = "", answer: Any = None) -> Inquiry | None:
        """Write how it ended and, unless nobody waits any more, put it into the outbox in the same write."""
        change = "SET #status = :outcome, #by = :by, ended_at = :at, answer = :answer"
        given: dict[str, Any] = {":outcome": outcome, ":by": by, ":at": at, ":answer": dumps(answer), ":open": "open"}
        if outcome != "expired":  # an expiry is noticed by whoever waited: there is nobody to tell
            change, given[":yes"] = f"{change}, outbox = :yes", "yes"
        try:
            found = self._client.update_item(
                TableName=self._table,
                Key=_key(tenant, inquiry),
                UpdateExpression=change,
                ConditionExpression="#status = :open" + (" AND expires_at > :at" if outcome == "answered" else ""),
                ExpressionAttributeNames={"#status": "status", "#by": "by"},
                ExpressionAttributeValues=item(given),
                ReturnValues="ALL_NEW",
            )
        except self._taken:
            return None
        return _inquiry(found["Attributes"])

    @reaching(_STORE)
    def undelivered(self) -> Iterator[Inquiry]:
        """What is in the outbox, the oldest end first, page by page."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=OUTBOX,
            KeyConditionExpression="outbox = :yes",
            ExpressionAttributeValues=item({":yes": "yes"}),
        )
        for page in pages:
            yield from (_inquiry(found) for found in page["Items"])

    @reaching(_STORE)
    def delivered(self, tenant: str, inquiry: str) -> None:
        """Leave the outbox; nothing where it is not in it."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(tenant, inquiry),
                UpdateExpression="REMOVE outbox",
                ConditionExpression="attribute_exists(tenant)",
            )
        except self._taken:
            return


def _key(tenant: str, inquiry: str) -> Item:
    return item({"tenant": tenant, "inquiry": inquiry})


def _inquiry(found: Item) -> Inquiry:
    held = {name: value for name, value in values(found).items() if name != OUTBOX}
    held |= {name: loads(held[name]) for name in _JSON}
    return Inquiry(**held | {"roles": tuple(held["roles"])})
