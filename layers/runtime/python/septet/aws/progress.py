"""Checkpoints of the projector in DynamoDB."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.trouble import reaching
from septet.core.errors import Fenced
from septet.core.journal import Branch
from septet.observability.progress import Progress

_STORE = "the table of projections"


def _branch(branch: Branch) -> Item:
    return item({"pk": f"{branch.tenant}#{branch.run}#{branch.path}"})


def wrote(error: Any, writer: str) -> bool:
    """Whether what stands in the way of a conditional write, by its *error*, is what this *writer* wrote itself."""
    return values(error.response.get("Item", {})).get("writer") == writer


class DynamoProgresses:
    """The table ``projections``: partition ``pk`` = tenant#run#path."""

    def __init__(self, client: Any, table: str, *, key: Callable[[Branch], Item] = _branch, more: Item | None = None) -> None:
        """*key* and *more*, what each checkpoint has besides, are for those of a replay, which lie elsewhere."""
        self._client = client
        self._table = table
        self._key = key
        self._more = more or {}

    @reaching(_STORE)
    def get(self, branch: Branch) -> Progress:
        """The branch's."""
        found = self._client.get_item(TableName=self._table, Key=self._key(branch), ConsistentRead=True)
        if "Item" not in found:
            return Progress()
        held = values(found["Item"])
        return Progress(next=held["next"], states=loads(held["states"]), tries=held.get("tries", 0))

    @reaching(_STORE)
    def keep(self, branch: Branch, progress: Progress, *, before: Progress) -> None:
        """Note it, if the branch has been projected as far as *before*.

        botocore asks again where a reply was lost, and then finds what it wrote itself: the item says who wrote it. What is in it would
        not do: two who project the same entries write the same.
        """
        writer = uuid4().hex
        # Before the first entry there is nothing, or how often its spans were offered.
        condition = "#next = :before" if before.next else "attribute_not_exists(pk) OR #next = :before"
        counted = {"next": progress.next, "states": dumps(dict(progress.states)), "tries": progress.tries, "writer": writer}
        held = self._key(branch) | item(counted) | self._more
        try:
            self._client.put_item(
                TableName=self._table,
                Item=held,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#next": "next"},
                ExpressionAttributeValues=item({":before": before.next}),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            if wrote(error, writer):
                return
            raise Fenced(f"somebody else has projected {branch.path} further") from error
