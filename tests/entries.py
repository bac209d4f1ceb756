"""Many entries at once in the journal of a twin, each as the journal itself stores it."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import Any

from septet.aws.items import Item
from septet.aws.journal import DynamoJournal
from septet.aws.unread import UnreadBodies

BATCH = 25
"""Items that DynamoDB takes in one request."""
WRITERS = 4


class Items:
    """In place of DynamoDB's client: keeps the items that a journal would have it put."""

    class exceptions:  # noqa: N801 -- as botocore calls it
        """Nothing is refused."""

        class ConditionalCheckFailedException(Exception):  # noqa: N818 -- as botocore calls it
            """Never raised."""

    def __init__(self) -> None:
        self.kept: list[Item] = []

    def put_item(self, *, Item: Item, **_: Any) -> None:  # noqa: N803 -- as botocore calls it
        """Keep it."""
        self.kept.append(Item)


def kept() -> tuple[DynamoJournal, list[Item]]:
    """A journal to write to, and the items that its entries have become."""
    client = Items()
    return DynamoJournal(client, "journal", UnreadBodies()), client.kept


def put(dynamodb: Any, table: str, branches: Iterable[Sequence[Item]]) -> None:
    """Write the items of *branches* into *table*, many at once; those of one branch in their order, as nobody writes them otherwise."""
    _write(dynamodb, table, ([{"PutRequest": {"Item": one}} for one in items] for items in branches))


def take_away(dynamodb: Any, table: str, branches: Iterable[Sequence[Item]]) -> None:
    """Delete the same: LocalStack looks through the whole table whenever somebody reads a branch of it."""
    _write(
        dynamodb,
        table,
        ([{"DeleteRequest": {"Key": {name: one[name] for name in ("pk", "number")}}} for one in items] for items in branches),
    )


def _write(dynamodb: Any, table: str, branches: Iterable[Sequence[Any]]) -> None:
    def write(requests: Sequence[Any]) -> None:
        for some in batched(requests, BATCH, strict=False):
            left: Any = {table: list(some)}
            while left:
                left = dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"]

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, branches))
