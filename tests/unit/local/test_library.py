"""The archive that is made up for the demo, and the way of a file of documents into a library."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from local.library import UnfitDocument, archive, put, read
from local.library.records import ROUTES, passengers
from septet.integration.documents import TEXT_CHARACTERS, Document, shown

GOOD = {"id": "a-1", "title": "A title", "date": "2024-03-05", "text": "Some words."}


class Table:
    """A DynamoDB client that takes two items less than it is given, at first."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.calls = 0

    def batch_write_item(self, *, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803 -- boto3's name
        self.calls += 1
        ((table, given),) = RequestItems.items()
        assert len(given) <= 25
        later = given[-2:] if self.calls == 1 else []
        self.items += [one["PutRequest"]["Item"] for one in given if one not in later]
        return {"UnprocessedItems": {table: later} if later else {}}


def test_the_archive_is_a_few_hundred_different_documents_the_same_each_time() -> None:
    documents = archive()
    assert 200 < len(documents) < 400
    assert len({one.id for one in documents}) == len({one.text for one in documents}) == len(documents)
    assert (
        sha256(repr([one.text for one in documents]).encode()).digest() == sha256(repr([one.text for one in archive()]).encode()).digest()
    )
    assert all(one.date for one in documents)


def test_its_records_agree_with_what_they_compare_with() -> None:
    texts = {one.id: one.text for one in archive()}
    for route in ROUTES:
        for year in range(2015, 2024):
            change = round(100 * (passengers(route, year) - passengers(route, year - 1)) / passengers(route, year - 1))
            text = texts[f"ferry-{route.lower().replace(' ', '-')}-{year}"]
            assert f"{passengers(route, year):,} passengers" in text
            assert (f"{abs(change)} in 100" in text) == bool(change)


def test_its_documents_contradict_each_other_and_one_gives_orders() -> None:
    texts = {one.id: one.text for one in archive()}
    assert "12 May 1987" in texts["leaflet-1991-causeway"]
    assert "3 June 1987" in texts["minutes-1987-06-09"]
    assert [id_ for id_, text in texts.items() if "IGNORE ALL PREVIOUS INSTRUCTIONS" in text] == ["forum-2020-shortcut"]


def test_documents_are_written_in_batches_until_all_are_taken() -> None:
    table = Table()
    assert put(table, "documents", "acme", archive()) == len(archive()) == len(table.items)
    assert {item["tenant"]["S"] for item in table.items} == {"acme"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("no", "line 2: is no JSON"),
        ("[]", "must be an object of texts: id, title, date, text"),
        (json.dumps(GOOD | {"more": "x"}), "must be an object of texts"),
        (json.dumps(GOOD | {"title": 1}), "must be an object of texts"),
        (json.dumps(GOOD | {"id": "a b"}), "id must be"),
        (json.dumps(GOOD | {"date": "5 March"}), "date must be as"),
        (json.dumps(GOOD | {"text": " "}), "text must have"),
        (json.dumps(GOOD | {"text": "x" * (TEXT_CHARACTERS + 1)}), "divide a longer one"),
    ],
)
def test_a_line_that_is_no_document_is_named(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps(GOOD) + "\n" + line + "\n")
    with pytest.raises(UnfitDocument, match=told):
        list(read(file))
    file.write_text(json.dumps(GOOD) + "\n\n")
    assert list(read(file)) == [Document(**GOOD)]


def test_a_document_is_shown_within_a_bound() -> None:
    assert shown(None) == {"found": False}
    assert shown(Document(**GOOD)) == {"found": True, **GOOD}
    long = shown(Document(**GOOD | {"text": "x" * (TEXT_CHARACTERS + 1)}))
    assert (len(long["text"]), long["cut"]) == (TEXT_CHARACTERS, True)
