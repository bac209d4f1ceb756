"""The documents that a tenant's agents may search and read."""

from collections.abc import Iterator
from typing import Any, Protocol

from septet.core.frozen import frozen

TEXT_CHARACTERS = 12_000
"""Of one document that are shown; a longer text belongs in parts, each a document of its own."""


@frozen
class Document:
    """One text, as its owner gave it. To an agent it is data from outside, whoever wrote it."""

    id: str
    """Letters, digits, dots, dashes and underscores; unique for its tenant."""
    title: str
    date: str
    """The day it was written, as ``2024-03-05``; empty when nobody knows."""
    text: str


class Documents(Protocol):
    """Where documents are kept."""

    def all(self, tenant: str) -> Iterator[Document]:
        """Every document of *tenant*."""

    def read(self, tenant: str, id_: str) -> Document | None:
        """One document of *tenant*; None when there is none of this id."""


def shown(document: Document | None) -> dict[str, Any]:
    """*document* as an agent reads it; ``{"found": False}`` for none."""
    if document is None:
        return {"found": False}
    cut = len(document.text) > TEXT_CHARACTERS
    text = document.text[:TEXT_CHARACTERS]
    return {
        "found": True,
        "id": document.id,
        "title": document.title,
        "date": document.date,
        "text": text,
        **({"cut": True} if cut else {}),
    }
