"""Words of models, customers and records, made safe and short for a terminal."""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

_HIDING = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that move the cursor, turn the writing direction, or show nothing."""
_PREAMBLE = re.compile(r"An error occurred \(\w+\) when calling the \w+ operation(?: \(reached max retries: \d+\))?: ")


def plain(value: Any) -> str:
    """*value* as text in which nothing steers the terminal or hides: such characters appear as escapes. Line breaks stay."""
    return "".join(_shown(character) for character in str(value))


def short(value: Any, most: int) -> str:
    """The same on one line of at most *most* characters, cut between words."""
    text = " ".join(plain(value).split())
    if len(text) <= most:
        return text
    whole, _, broken = text[:most].rpartition(" ")
    kept = whole if len(broken) < most // 3 else text[: most - 1]  # a word longer than that is cut itself
    return f"{kept.rstrip()}…"


def counted(number: int, one: str, many: str) -> str:
    """*number* with the words for *one* or for *many*."""
    return f"{number:,} {one if number == 1 else many}"


def cause(value: Any) -> str:
    """A failure's message without the words that botocore puts before the service's own."""
    return _PREAMBLE.sub("", str(value))


def pairs(value: Any) -> str:
    """An object as ``name=value …``, values in JSON where they are not plain words; anything else as JSON."""
    if not isinstance(value, Mapping):
        return word(value)
    return " ".join(f"{name}={word(item)}" for name, item in value.items())


def word(value: Any) -> str:
    """One value: a plain word as it is, anything else as JSON."""
    if isinstance(value, str) and value and not any(character.isspace() or character in '"=' for character in value):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _shown(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in _HIDING:
        return character
    return character.encode("unicode_escape").decode("ascii")
