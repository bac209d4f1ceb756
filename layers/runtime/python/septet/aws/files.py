"""Records of files in DynamoDB."""

from contextlib import suppress
from dataclasses import asdict
from typing import Any

from septet.aws.items import Item, item, values
from septet.aws.trouble import reaching
from septet.core.files import File

_STORE = "the table of files"


class DynamoFiles:
    """The table ``files``: partition ``tenant``, sort ``file``."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @reaching(_STORE)
    def put(self, file: File) -> None:
        """Store it."""
        runs: Item = {"runs": {"SS": sorted(file.runs)}} if file.runs else {}
        self._client.put_item(TableName=self._table, Item=item(asdict(file) | {"runs": None}) | runs)

    @reaching(_STORE)
    def get(self, tenant: str, file: str) -> File | None:
        """The record."""
        found = self._client.get_item(TableName=self._table, Key=item({"tenant": tenant, "file": file}), ConsistentRead=True)
        return read(found["Item"]) if "Item" in found else None

    @reaching(_STORE)
    def used(self, tenant: str, file: str, run: str) -> None:
        """Note that *run* reads it."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table,
                Key=item({"tenant": tenant, "file": file}),
                UpdateExpression="ADD runs :run",
                ConditionExpression="attribute_exists(tenant)",
                ExpressionAttributeValues={":run": {"SS": [run]}},
            )


def read(found: Item) -> File:
    """The file in an item."""
    held = values(found)
    return File(**{**held, "runs": tuple(sorted(held.pop("runs", ())))})
