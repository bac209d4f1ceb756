"""Whether a verdict rests on documents that were read, with words that stand in them."""

from collections.abc import Mapping, Sequence
from typing import Any

from septet.execution.quotes import plain, problems, texts

OPEN = "open"
"""The verdict that needs no source: the library does not tell."""


def check(answer: Mapping[str, Any], seen: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return what is wrong, a sentence each; nothing when all is well."""
    found = list(problems("The verdict", answer["sources"], texts(seen)))
    if not answer["sources"] and plain(answer["verdict"]) != OPEN:
        found.append(f"The verdict rests on nothing: quote the documents that say so, or say {OPEN}.")
    return found
