"""Documents in DynamoDB."""

from collections.abc import Iterator
from typing import Any

from septet.aws.items import item, values
from septet.aws.trouble import reaching
from septet.integration.documents import Document

_STORE = "the library"


class DynamoDocuments:
    """The table ``documents``: partition ``tenant``, sort ``id``."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @reaching(_STORE)
    def all(self, tenant: str) -> Iterator[Document]:
        """Every document of *tenant*."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table, KeyConditionExpression="tenant = :tenant", ExpressionAttributeValues=item({":tenant": tenant})
        )
        return iter([_document(values(held)) for page in pages for held in page["Items"]])

    @reaching(_STORE)
    def read(self, tenant: str, id_: str) -> Document | None:
        """One document of *tenant*."""
        found = self._client.get_item(TableName=self._table, Key=item({"tenant": tenant, "id": id_}))
        return _document(values(found["Item"])) if "Item" in found else None


def _document(held: dict[str, Any]) -> Document:
    return Document(id=held["id"], title=held["title"], date=held["date"], text=held["text"])
