"""Whether a value stands somewhere else: compared as the monitor compares, in normal forms that never bend one value towards another."""

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import replace
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from septet.core.frozen import frozen
from septet.core.values import form, shape, spelt, tokens
from septet.observability.lineage.sources import Source

Key = tuple[str, str]
"""In which space, and the normal form there."""
Find = Literal["equal", "within", "hundredth", "passage"]
WORDS = 6
"""Words in a row that are a passage."""
LONGEST = 20_000
"""Characters of one text that are searched."""
ALL = 4_000_000
"""Characters that are searched in all."""
KEPT = 64
"""Places that are kept of one value."""
_TOO_SMALL = 10
"""Whole numbers below are too common to tell."""
_SHORTEST = 3
"""Characters of a word that tells something."""
_ID = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
"""Words with letters and digits, such as an order's id."""
_WEAK = frozenset({"date", "number", "percent", "year"})
"""Spaces of values that may be a part of an id."""
_WORD = re.compile(r"\w+")


@frozen
class Piece:
    """A part of a value, or all of it."""

    how: Find
    """What it means to find it."""
    text: str
    start: int
    end: int
    """Where it lies in the value's text."""


@frozen
class Wanted:
    """What to look for to find one value."""

    keys: Mapping[Key, Piece]
    common: bool
    """The value is too common to tell."""


def wanted(value: Any) -> Wanted:
    """What to look for to find *value*."""
    if _common(value):
        return Wanted(keys={}, common=True)
    whole = str(value)
    keys: dict[Key, Piece] = {}
    for key, start, end in _parts(value):
        keys.setdefault(key, Piece(how="within", text=whole[start:end], start=start, end=end))
    for key in _whole(value):
        keys[key] = Piece(how="equal", text=whole, start=0, end=len(whole))
    for (space, spelling), piece in [*keys.items()]:
        if space == "number" and (cents := _hundredfold(spelling)):
            keys.setdefault(("number", cents), replace(piece, how="hundredth"))
    for words, start, end in _passages(value):
        keys.setdefault(("passage", words), Piece(how="passage", text=whole[start:end], start=start, end=end))
    return Wanted(keys=keys, common=False)


def scan(shown: Iterable[tuple[Source, Any]], keys: frozenset[Key]) -> tuple[dict[Key, list[Source]], bool]:
    """Where each of *keys* stands in what was *shown*, and whether all of it was searched."""
    found: dict[Key, list[Source]] = {}
    left, complete = ALL, True
    passages = any(space == "passage" for space, _ in keys)
    for source, value in shown if keys else ():
        searched = value[: min(LONGEST, left)] if isinstance(value, str) else value
        complete = complete and searched == value
        left -= len(searched) if isinstance(searched, str) else 1
        if left <= 0:
            return found, False
        for key in _keys(searched, passages=passages):
            if key in keys and len(kept := found.setdefault(key, [])) < KEPT and source not in kept[-1:]:
                kept.append(source)
    return found, complete


def _keys(value: Any, *, passages: bool) -> Iterator[Key]:
    if value is None or isinstance(value, bool):
        return
    yield from _whole(value)
    yield from (key for key, _, _ in _parts(value))
    if passages:
        yield from (("passage", words) for words, _, _ in _passages(value))


def _whole(value: Any) -> Iterator[Key]:
    """The value as one."""
    if isinstance(value, str):
        where = shape(value)
        if (spelling := form(value, where)) is not None:
            yield where, spelling
        if _ID.fullmatch(value):
            yield "id", value
    if (number := form(value, "number")) is not None:
        yield "number", number


def _parts(value: Any) -> Iterator[tuple[Key, int, int]]:
    """The typed values in a text that tell something by themselves, in its order: a day within an id is a part of the id."""
    if not isinstance(value, str):
        return
    typed = [token for token in tokens(value) if token.space != "number" or not _small(token.form)]
    strong = [(token.start, token.end) for token in typed if token.space not in _WEAK]
    ids = [found.span() for found in _ID.finditer(value) if not _within(found.span(), strong)]
    told = [(start, ("id", value[start:end]), end) for start, end in ids]
    told += [(token.start, (token.space, token.form), token.end) for token in typed if not _within((token.start, token.end), ids)]
    yield from ((key, start, end) for start, key, end in sorted(told))


def _within(span: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    """Whether what lies there has anything in common with one of the *others*."""
    return any(start < span[1] and span[0] < end for start, end in others)


def _passages(value: Any) -> Iterator[tuple[str, int, int]]:
    """Each ``WORDS`` words in a row, in small letters, and where they lie."""
    words = [*_WORD.finditer(value)] if isinstance(value, str) else []
    for place in range(len(words) - WORDS + 1):
        row = words[place : place + WORDS]
        yield " ".join(word[0].casefold() for word in row), row[0].start(), row[-1].end()


def _hundredfold(number: str) -> str:
    """An amount in cents; empty for one that is not of whole cents."""
    try:
        cents = Decimal(number) * 100
    except InvalidOperation:
        return ""
    return spelt(cents) if cents == cents.to_integral_value() else ""


def _small(number: str) -> bool:
    return len(number) == 1


def _common(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, (int, float)):
        return float(value).is_integer() and abs(value) < _TOO_SMALL
    return len(str(value).strip()) < _SHORTEST
