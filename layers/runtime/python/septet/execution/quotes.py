"""Whether what an answer quotes stands in documents that were read in the run. Agents' checks import it, and nothing else does."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

WORDS = 2
"""That a quote has at least: one alone stands in nearly every text. Of a script without spaces, every letter counts as one."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
"""Thai, Lao, Burmese, Khmer, and those of Chinese and Japanese."""
_BETWEEN = "\n"
"""Stands in no quote."""


def texts(seen: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    """The words of each document that ``read_document`` returned, its title's first, by its id."""
    return {
        one["id"]: f"{plain(one['title'])} {_BETWEEN} {plain(one['text'])}" for one in seen.get("read_document", []) if one.get("found")
    }


def problems(who: str, sources: Iterable[Mapping[str, str]], read: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the *sources* of *who*, a sentence each: every source has an ``id`` of *read* and a ``quote`` from it."""
    for source in sources:
        id_, quote = source["id"], plain(source["quote"])
        if id_ not in read:
            yield f"{who} cites {id_}, which you have not read: cite only what read_document returned to you."
        elif len(quote.split()) < WORDS:
            yield f"{who} quotes less than {WORDS} words of {id_}: quote the words that say it."
        elif f" {quote} " not in f" {read[id_]} ":
            yield f"{who} quotes words that do not stand in {id_}: copy them as they are."


def plain(text: str) -> str:
    """Letters and digits in lower case with single spaces: how words are set, or compatible letters written, makes no difference."""
    set_ = unicodedata.normalize("NFKC", text).casefold()
    letters = "".join(letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " " for letter in set_)
    return " ".join(_UNSPACED.sub(r" \g<0> ", letters).split())
