"""The journal in DynamoDB: one item an entry, its number the sort key, so that a number can be written once."""

from collections.abc import Iterator, Sequence
from itertools import batched
from typing import Any

from septet.aws.bodies import S3Bodies
from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.trouble import reaching
from septet.core.entries import Entry, Erased, encode
from septet.core.errors import BodyErased, Fenced
from septet.core.journal import Branch, from_json, to_json

INLINE_BYTES = 4096
"""A larger body is claim-checked: it goes to S3 under the entry's digest, and the item has none."""
WINDOW = 32
"""Entries whose large bodies are fetched together."""
FETCHERS = 8
"""Large bodies that are fetched at the same time, as many as botocore's pool of connections allows with room to spare."""
_STORE = "the journal"


class DynamoJournal:
    """Append-only branches; ``#`` cannot occur in a tenant, a run or a branch path."""

    def __init__(self, client: Any, table: str, bodies: S3Bodies, *, gaps: bool = False) -> None:
        self._client = client
        self._table = table
        self._bodies = bodies
        self._gaps = gaps
        """Whether an entry whose body was erased is read as one with the body Erased: for people, who may see the rest."""

    def read(self, branch: Branch, *, after: int = -1) -> Iterator[Entry]:
        """The entries with a number above *after*, read consistently and page by page.

        Raises StoreUnavailable, and BodyErased at an entry whose body is gone unless gaps are read: nobody works on with half a history.
        """
        for page in self._pages(branch, after):
            for window in batched(page, WINDOW, strict=False):
                yield from self._entries(branch, [values(found) for found in window])

    def _pages(self, branch: Branch, after: int) -> Iterator[Sequence[Item]]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND #number > :after",
            "ExpressionAttributeNames": {"#number": "number"},
            "ExpressionAttributeValues": {":pk": {"S": _key(branch)}, ":after": {"N": str(after)}},
            "ConsistentRead": True,
        }
        while True:
            with reaching(_STORE):
                page = self._client.query(**query)
            yield page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _entries(self, branch: Branch, window: Sequence[dict[str, Any]]) -> Iterator[Entry]:
        headers = [loads(held["header"]) for held in window]
        fetched = self._fetched(branch, [header["digest"] for header, held in zip(headers, window, strict=True) if "body" not in held])
        for header, held in zip(headers, window, strict=True):
            body = held["body"] if "body" in held else fetched[header["digest"]]
            if body is None and not self._gaps:
                raise BodyErased(f"the body of entry {header['number']} of {branch.path} was erased: run {branch.run} cannot go on")
            content = encode(Erased()) if body is None else loads(body)
            yield from_json({"header": header, "hash": held["hash"], "salt": held.get("salt", ""), "body": content})

    def _fetched(self, branch: Branch, digests: Sequence[str]) -> dict[str, str | None]:
        """The large bodies by their digests, several at a time; None for one that is gone."""
        if len(digests) < 2:  # noqa: PLR2004 -- one needs no threads
            return {digest: self._body(branch, digest) for digest in digests}
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 -- most branches have no two large bodies

        with ThreadPoolExecutor(min(FETCHERS, len(digests))) as pool:
            return dict(zip(digests, pool.map(lambda digest: self._body(branch, digest), digests), strict=True))

    def _body(self, branch: Branch, digest: str) -> str | None:
        found = self._bodies.get(branch, digest)
        return None if found is None else found.decode()

    def append(self, branch: Branch, entry: Entry, *, writer: str) -> None:
        """Store *entry* if its number is free. Raises Fenced when another executor has written it, StoreUnavailable."""
        held = self._item(branch, entry, writer)
        taken = self._client.exceptions.ConditionalCheckFailedException
        try:
            with reaching(_STORE):
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

    def _item(self, branch: Branch, entry: Entry, writer: str) -> Item:
        """The item of *entry*; a large body is stored on the way, before anything refers to it."""
        value = to_json(entry)
        body = dumps(value["body"])
        large = len(body.encode()) > INLINE_BYTES
        if large:
            self._bodies.put(branch, entry.digest, body.encode())
        return item(
            {
                "pk": _key(branch),
                "number": entry.number,
                "header": dumps(value["header"]),
                "hash": entry.hash,
                "salt": entry.salt,
                "writer": writer,
                "body": None if large else body,
            }
        )


def _key(branch: Branch) -> str:
    return f"{branch.tenant}#{branch.run}#{branch.path}"
