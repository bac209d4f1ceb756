"""The journal in DynamoDB: one item an entry, its number the sort key, so that a number can be written once."""

from collections.abc import Iterator
from typing import Any

from septet.aws.bodies import S3Bodies
from septet.aws.items import dumps, item, loads, values
from septet.core.entries import Entry
from septet.core.errors import Fenced
from septet.core.journal import Branch, from_json, to_json

INLINE_BYTES = 4096
"""A larger body is claim-checked: it goes to S3, and the item holds its handle."""


class DynamoJournal:
    """Append-only branches; ``#`` cannot occur in a tenant, a run or a branch path."""

    def __init__(self, client: Any, table: str, bodies: S3Bodies) -> None:
        self._client = client
        self._table = table
        self._bodies = bodies

    def read(self, branch: Branch, *, after: int = -1) -> Iterator[Entry]:
        """The entries with a number above *after*, read consistently and page by page."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND #number > :after",
            "ExpressionAttributeNames": {"#number": "number"},
            "ExpressionAttributeValues": {":pk": {"S": _key(branch)}, ":after": {"N": str(after)}},
            "ConsistentRead": True,
        }
        while True:
            page = self._client.query(**query)
            for found in page["Items"]:
                yield self._entry(branch, values(found))
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _entry(self, branch: Branch, held: dict[str, Any]) -> Entry:
        body = held["body"] if "body" in held else self._bodies.get(branch, held["handle"]).decode()
        return from_json({"header": loads(held["header"]), "hash": held["hash"], "salt": held["salt"], "body": loads(body)})

    def append(self, branch: Branch, entry: Entry, *, writer: str) -> None:
        """Store *entry* if its number is free. Raises Fenced when another executor has written it."""
        value = to_json(entry)
        body = dumps(value["body"])
        large = len(body.encode()) > INLINE_BYTES
        held = item(
            {
                "pk": _key(branch),
                "number": entry.number,
                "header": dumps(value["header"]),
                "hash": entry.hash,
                "salt": entry.salt,
                "writer": writer,
                "body": None if large else body,
                "handle": self._bodies.put(branch, body.encode()) if large else None,
            }
        )
        taken = self._client.exceptions.ConditionalCheckFailedException
        try:
            self._client.put_item(
                TableName=self._table,
                Item=held,
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except taken as error:
            standing = values(error.response.get("Item", {}))
            if (standing.get("hash"), standing.get("writer")) != (entry.hash, writer):
                raise Fenced(f"entry {entry.number} of {branch.path} was written by another executor") from error


def _key(branch: Branch) -> str:
    return f"{branch.tenant}#{branch.run}#{branch.path}"
