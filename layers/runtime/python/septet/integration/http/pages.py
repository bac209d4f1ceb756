"""Pages of what may be long: as much as one answer may hold."""

import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from septet.integration import reading
from septet.integration.http import views
from septet.integration.http.operation import Reply
from septet.integration.http.run_models import JournalPage

PAGE_BYTES = 4_000_000
"""Of what is listed, in one answer: a Lambda function's may have 6 MB."""


def page(found: reading.Excerpt, *, sealed: bool) -> Reply:
    """As many of the entries as one answer may hold, and at least one."""
    shown: list[Any] = fitting(views.sealed(entry) if sealed else views.entry(entry) for entry in found.entries)
    more = len(shown) < len(found.entries)
    return Reply(answer=JournalPage(entries=shown, next=found.entries[len(shown) - 1].number if more else found.next))


def fitting[M: BaseModel](found: Iterable[M]) -> list[M]:
    """As many of what is *found* as one answer may hold, from the first on, and at least that."""
    shown: list[M] = []
    size = 0
    for view in found:
        # What is answered is a text in a JSON document. Counted as ASCII, which is at least as long as what is sent.
        size += len(json.dumps(view.model_dump_json()))
        if shown and size > PAGE_BYTES:
            break
        shown.append(view)
    return shown
