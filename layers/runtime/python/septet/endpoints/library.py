"""Search in a tenant's documents by BM25, with Tantivy: an index in memory, made when it is first needed and again when it is old.

Source of names: tantivy 0.27. Measured with the archive of 239 documents in docs/decisions/0022-documents-are-searched-in-memory.md.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import tantivy

from septet.core.errors import InputRejected, ToolFailed
from septet.core.frozen import frozen
from septet.integration.documents import Document, Documents

WORDS = 64
"""Of a question that are searched for."""
_STEMS = "en_stem"
"""Tantivy's tokenizer that knows English endings; see its documentation for those of other languages."""
_TITLE_COUNTS = 2.0
_HEAP = 15_000_000
"""Bytes, the least that Tantivy writes with."""


@frozen
class Bounds:
    """What an index and a warm process hold at most."""

    documents: int = 10_000
    """Of one tenant; with more, a search engine of its own is due."""
    tenants: int = 8
    """Whose indexes are kept; the one not used for longest goes."""
    fresh: int = 60_000
    """Milliseconds after which an index is made again, so that a new document is found."""
    results: int = 20
    excerpt: int = 240
    """Characters."""


class Index:
    """Documents that can be searched."""

    def __init__(self, documents: Iterable[Document], bounds: Bounds) -> None:
        """Raises ToolFailed for more documents than *bounds* take."""
        self._bounds = bounds
        self._schema = _schema()
        self._index = tantivy.Index(self._schema)
        self._index.config_reader("manual", 1)
        writer = self._index.writer(heap_size=_HEAP, num_threads=1)
        for number, one in enumerate(islice(documents, bounds.documents + 1)):
            if number == bounds.documents:
                raise ToolFailed(f"the library has more than {bounds.documents:,} documents, which is more than one process searches")
            writer.add_document(tantivy.Document(id=[one.id], title=[one.title], date=[one.date], text=[one.text]))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def search(self, query: str, limit: int) -> dict[str, Any]:
        """The documents that fit *query* best, best first: ``{"results": [{"id", "title", "date", "excerpt"}]}``.

        *query* is words; none of them is an operator. Raises InputRejected when there are none.
        """
        words = re.findall(r"\w+", query.casefold())[:WORDS]
        if not words:
            raise InputRejected("query has no words: give some that the documents may have")
        wanted, _ = self._index.parse_query_lenient(" ".join(words), ["title", "text"], field_boosts={"title": _TITLE_COUNTS})
        searcher = self._index.searcher()
        found = searcher.search(wanted, min(limit, self._bounds.results))
        excerpts = tantivy.SnippetGenerator.create(searcher, wanted, self._schema, "text")
        excerpts.set_max_num_chars(self._bounds.excerpt)
        return {"results": [self._shown(searcher.doc(place), excerpts) for _, place in found.hits]}

    def _shown(self, held: Any, excerpts: Any) -> dict[str, Any]:
        excerpt = excerpts.snippet_from_doc(held).fragment() or (held.get_first("text") or "")[: self._bounds.excerpt]
        return {**{name: held.get_first(name) for name in ("id", "title", "date")}, "excerpt": excerpt}


class Library:
    """The indexes of a warm process, by tenant."""

    def __init__(self, documents: Documents, clock: Callable[[], int], bounds: Bounds | None = None) -> None:
        """*clock* gives milliseconds."""
        self._documents = documents
        self._clock = clock
        self._bounds = bounds or Bounds()
        self._kept: OrderedDict[str, tuple[int, Index]] = OrderedDict()

    def search(self, tenant: str, query: str, limit: int) -> dict[str, Any]:
        """Search the documents of *tenant*."""
        return self._of(tenant).search(query, limit)

    def _of(self, tenant: str) -> Index:
        made, index = self._kept.get(tenant, (None, None))
        now = self._clock()
        if index is None or made is None or now - made >= self._bounds.fresh:
            made, index = now, Index(self._documents.all(tenant), self._bounds)
        self._kept[tenant] = (made, index)
        self._kept.move_to_end(tenant)
        while len(self._kept) > self._bounds.tenants:
            self._kept.popitem(last=False)
        return index


def _schema() -> Any:
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("id", stored=True, tokenizer_name="raw")
    schema.add_text_field("date", stored=True, tokenizer_name="raw")
    for name in ("title", "text"):
        schema.add_text_field(name, stored=True, tokenizer_name=_STEMS)
    return schema.build()
