"""The archive of the Sorrel Islands, made up for the demo and the tests, and the way of documents into a library's table.

Nothing in it is true. What people wrote freely is in ``narratives.jsonl``; the yearly records are made by ``records``.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched
from pathlib import Path
from typing import Any

from local.library.records import records
from septet.aws.items import item
from septet.integration.documents import TEXT_CHARACTERS, Document

NARRATIVES = Path(__file__).parent / "narratives.jsonl"
FIELDS = ("id", "title", "date", "text")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})?")
_AT_ONCE = 25
"""Items that DynamoDB takes in one batch."""


class UnfitDocument(ValueError):  # noqa: N818 -- read as a sentence where it is caught
    """A line is no document; the message says which, and what to do."""


def archive() -> tuple[Document, ...]:
    """Every document of the demo's archive."""
    return (*read(NARRATIVES), *records())


def read(path: Path) -> Iterator[Document]:
    """The documents of a file with one JSON object a line. Raises UnfitDocument."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _document(line, f"{path.name}, line {number}")


def put(client: Any, table: str, tenant: str, documents: Iterable[Document]) -> int:
    """Write *documents* into *tenant*'s library, over those of the same id; return how many."""
    written = 0
    for some in batched(documents, _AT_ONCE, strict=False):
        _write(client, table, [{name: getattr(one, name) for name in FIELDS} | {"tenant": tenant} for one in some])
        written += len(some)
    return written


def _write(client: Any, table: str, some: Sequence[dict[str, str]]) -> None:
    waiting = {table: [{"PutRequest": {"Item": item(one)}} for one in some]}
    while waiting:
        waiting = client.batch_write_item(RequestItems=waiting)["UnprocessedItems"]


def _document(line: str, place: str) -> Document:
    try:
        given = json.loads(line)
    except ValueError as error:
        raise UnfitDocument(f"{place}: is no JSON: {error}") from error
    if not isinstance(given, dict) or set(given) != set(FIELDS) or not all(isinstance(value, str) for value in given.values()):
        raise UnfitDocument(f"{place}: must be an object of texts: {', '.join(FIELDS)}")
    if not _ID.fullmatch(given["id"]):
        raise UnfitDocument(f"{place}: id must be letters, digits, dots, dashes and underscores, at most 80")
    if not _DATE.fullmatch(given["date"]):
        raise UnfitDocument(f"{place}: date must be as 2024-03-05, or empty")
    if not given["text"].strip() or len(given["text"]) > TEXT_CHARACTERS:
        raise UnfitDocument(f"{place}: text must have 1 to {TEXT_CHARACTERS:,} characters: divide a longer one")
    return Document(**given)
