"""The journal in DynamoDB: one item an entry, its number the sort key, so that a number can be written once."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import batched
from typing import Any

from septet.aws.bodies import S3Bodies
from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.trouble import reaching
from septet.core.entries import Damaged, Entry, Erased
from septet.core.errors import BodyErased, Fenced, JournalDamaged
from septet.core.journal import Branch, from_json, to_json
from septet.core.spelling import encode

INLINE_BYTES = 4096
"""A larger body is claim-checked: it goes to S3 under the entry's digest, and the item has none."""
WINDOW = 32
"""Entries whose large bodies are fetched together."""
FETCHERS = 8
"""Large bodies that are fetched at the same time, as many as botocore's pool of connections allows with room to spare."""
_STORE = "the journal"
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
"""What comes of an item that is no entry."""
_NUMBERS = ("number", "at", "cost")
_TEXTS = ("agent", "turn", "bundle", "previous", "digest")
_DIGEST = 64
"""Characters."""
_MOST = 2**53
"""Every figure is below: an exact number wherever JSON is read."""
_LATEST = 253_402_300_800_000
"""Milliseconds since the epoch that a calendar has no year for."""


class DynamoJournal:
    """Append-only branches; ``#`` cannot occur in a tenant, a run or a branch path."""

    def __init__(self, client: Any, table: str, bodies: S3Bodies, *, gaps: bool = False) -> None:
        self._client = client
        self._table = table
        self._bodies = bodies
        self._gaps = gaps
        """Whether what is gone or unreadable is read as an entry with the body Erased or Damaged: for people, who may see the rest."""

    def read(self, branch: Branch, *, after: int = -1) -> Iterator[Entry]:
        """The entries with a number above *after*, read consistently and page by page.

        Raises StoreUnavailable, and unless gaps are read BodyErased at an entry whose body is gone and JournalDamaged at one that is
        none: nobody works on with half a history.
        """
        for page in self._pages(branch, after):
            for window in batched(page, WINDOW, strict=False):
                yield from self._entries(branch, [values(found) for found in window])

    @reaching(_STORE)
    def last(self, branch: Branch) -> tuple[int, str] | None:
        """The number and the hash of the branch's last entry, read consistently; None for a branch without entries."""
        page = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": _key(branch)}},
            ProjectionExpression="#number, #hash",
            ExpressionAttributeNames={"#number": "number", "#hash": "hash"},
            ScanIndexForward=False,
            Limit=1,
            ConsistentRead=True,
        )
        found = [values(one) for one in page["Items"]]
        return (found[0]["number"], str(found[0].get("hash", ""))) if found else None

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
        headers = [_header(held) for held in window]
        large = [header["digest"] for header, held in zip(headers, window, strict=True) if header and "body" not in held]
        fetched = self._fetched(branch, large)
        for header, held in zip(headers, window, strict=True):
            yield self._entry(branch, header, held, fetched)

    def _entry(self, branch: Branch, header: dict[str, Any] | None, held: Mapping[str, Any], fetched: Mapping[str, bytes | None]) -> Entry:
        try:
            body: Any = held["body"] if "body" in held else fetched[header["digest"]] if header else ""
            content = encode(Erased()) if body is None else loads(body)
            entry = from_json({"header": header, "hash": held["hash"], "salt": held.get("salt", ""), "body": content})
            if not isinstance(entry.hash, str) or not isinstance(entry.salt, str):
                raise TypeError("neither is a number")
        except _UNREADABLE as error:
            if not self._gaps:
                raise JournalDamaged(f"entry {held['number']} of {branch.path} cannot be read: run {branch.run} cannot go on") from error
            return _damaged(held)
        if body is None and not self._gaps:
            raise BodyErased(f"the body of entry {entry.number} of {branch.path} was erased: run {branch.run} cannot go on")
        return entry

    def _fetched(self, branch: Branch, digests: Sequence[str]) -> dict[str, bytes | None]:
        """The large bodies by their digests, several at a time; None for one that is gone."""
        if len(digests) < 2:  # noqa: PLR2004 -- one needs no threads
            return {digest: self._bodies.get(branch, digest) for digest in digests}
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 -- most branches have no two large bodies

        with ThreadPoolExecutor(min(FETCHERS, len(digests))) as pool:
            return dict(zip(digests, pool.map(lambda digest: self._bodies.get(branch, digest), digests), strict=True))

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


def _header(held: Mapping[str, Any]) -> dict[str, Any] | None:
    """The header in an item; None when what is stored there is none."""
    try:
        header = loads(held["header"])
        numbers = [*(header[name] for name in _NUMBERS), *(header["usage"] or {}).values()]
        whole = all(type(number) is int and abs(number) < _MOST for number in numbers) and all(
            isinstance(header[name], str) for name in _TEXTS
        )
        fit = whole and isinstance(header["labels"], dict) and len(header["digest"]) == _DIGEST and 0 <= header["at"] < _LATEST
        fit = fit and header["number"] == held["number"]
    except _UNREADABLE:
        return None
    return header if fit else None


def _damaged(held: Mapping[str, Any]) -> Entry:
    """What stands for an item that is no entry: its number, and the hash that the next one refers to."""
    known = held.get("hash")
    hashed = known if isinstance(known, str) else ""
    return Entry(number=held["number"], at=0, body=Damaged(), salt="", digest="", previous="", hash=hashed)


def _key(branch: Branch) -> str:
    return f"{branch.tenant}#{branch.run}#{branch.path}"
