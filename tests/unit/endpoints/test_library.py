"""Search in documents: what fits comes first, words are never operators, and one tenant's index is nobody else's."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.library import archive
from septet.core.errors import InputRejected, ToolFailed
from septet.endpoints.library import Bounds, Index, Library
from septet.integration.documents import Document
from tests.unit.strategies import quick

ARCHIVE = Index(archive(), Bounds())
IDS = {document.id for document in archive()}


def document(id_: str, text: str) -> Document:
    return Document(id=id_, title="", date="", text=text)


class Shelf:
    """A double of the documents' store, which counts how often it is read."""

    def __init__(self, **held: list[Document]) -> None:
        self.held = held
        self.read_by: list[str] = []

    def all(self, tenant: str) -> Iterator[Document]:
        self.read_by.append(tenant)
        return iter(self.held.get(tenant, []))

    def read(self, tenant: str, id_: str) -> Document | None:
        return next((one for one in self.held.get(tenant, []) if one.id == id_), None)


def ids(library: Library, tenant: str, query: str) -> list[str]:
    return [one["id"] for one in library.search(tenant, query, 5)["results"]]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("passengers of the ferry from Holm to Marl Haven in 2019", "ferry-holm-to-marl-haven-2019"),
        ("final account of the causeway", "audit-1989-causeway"),
        ("eagles killed by turbines", "letter-2014-eagles"),
        ("when did the last lighthouse keepers leave", "beacon-1996-10-03"),
        ("swing span bearings replaced", "note-2021-bearings"),
        ("inspecting Cold Ness light 2016", "light-cold-ness-2016"),
    ],
)
def test_the_document_that_answers_is_among_the_first_three(query: str, first: str) -> None:
    assert first in [one["id"] for one in ARCHIVE.search(query, 3)["results"]]


def test_a_result_says_what_and_when_and_shows_where_the_words_stand() -> None:
    (found,) = ARCHIVE.search("bearing worn by millimetres", 1)["results"]
    assert {name: found[name] for name in ("id", "date")} == {"id": "memo-2019-span", "date": "2019-02-05"}
    assert "worn by 11 millimetres" in found["excerpt"]
    assert len(found["excerpt"]) <= 240


@quick
@given(st.text(max_size=200), st.integers(min_value=1, max_value=1_000))
def test_whatever_is_asked_documents_come_back_or_that_there_are_no_words(query: str, limit: int) -> None:
    try:
        results = ARCHIVE.search(query, limit)["results"]
    except InputRejected:
        assert not any(letter.isalnum() for letter in query)
        return
    assert {one["id"] for one in results} <= IDS
    assert len(results) <= min(limit, 20)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("id:minutes-1987-06-09", "id minutes 1987 06 09"),
        ("NOT causeway", "causeway not"),
        ("causeway AND (", "and causeway"),
        ('"causeway', "causeway"),
        ("title:causeway^9", "title causeway 9"),
        ("-causeway +ferry", "causeway ferry"),
    ],
)
def test_no_word_is_an_operator(query: str, words: str) -> None:
    found, meant = (ARCHIVE.search(said, 5)["results"] for said in (query, words))
    assert [one["id"] for one in found] == [one["id"] for one in meant]


def test_a_tenant_finds_its_own_documents_alone() -> None:
    library = Library(Shelf(acme=[document("a", "the secret plan")], other=[document("b", "another plan")]), lambda: 0)
    assert ids(library, "acme", "plan") == ["a"]
    assert ids(library, "other", "plan") == ["b"]
    assert ids(library, "third", "plan") == []


def test_an_index_is_made_once_and_again_when_it_is_old() -> None:
    now = 0
    shelf = Shelf(acme=[document("a", "plan")])
    library = Library(shelf, lambda: now)
    assert ids(library, "acme", "plan") == ids(library, "acme", "plan")
    shelf.held["acme"].append(document("b", "plan"))
    assert ids(library, "acme", "plan") == ["a"]
    now = Bounds().fresh
    assert sorted(ids(library, "acme", "plan")) == ["a", "b"]
    assert shelf.read_by == ["acme"] * 2


def test_a_process_keeps_the_indexes_that_were_used_last() -> None:
    shelf = Shelf()
    library = Library(shelf, lambda: 0, Bounds(tenants=2))
    for tenant in ("a", "b", "a", "c", "a", "b"):
        library.search(tenant, "plan", 1)
    assert shelf.read_by == ["a", "b", "c", "b"]


def test_more_documents_than_a_process_searches_are_refused_by_name() -> None:
    library = Library(Shelf(acme=[document(str(number), "plan") for number in range(4)]), lambda: 0, Bounds(documents=3))
    with pytest.raises(ToolFailed, match="more than 3 documents"):
        library.search("acme", "plan", 1)
