"""What tools reach: their own tables, and the libraries."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from septet.bootstrap.settings import now, settings

if TYPE_CHECKING:
    from septet.aws.documents import DynamoDocuments
    from septet.endpoints.library import Library


Tables = Callable[[str], tuple[Any, str]]
"""A tool's way to its own tables: the DynamoDB client, and the table's name, by the word for it."""


@cache
def table(name: str) -> tuple[Any, str]:
    """The DynamoDB client and the name of a tool's own table: ``orders``, ``refunds`` or ``supplies``."""
    from septet.aws.clients import client

    return client("dynamodb"), getattr(settings(), f"{name}_table")


def documents() -> "DynamoDocuments":
    """The tenants' libraries."""
    from septet.aws.clients import client
    from septet.aws.documents import DynamoDocuments

    return DynamoDocuments(client("dynamodb"), settings().documents_table)


@cache
def library() -> "Library":
    """Search in the tenants' libraries, with the indexes that this process has made."""
    from septet.endpoints.library import Library

    return Library(documents(), now)
