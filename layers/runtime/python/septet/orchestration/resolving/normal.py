"""The normal form of an answer: what two answers have in common that say the same in another spelling.

Exactly this, and no more, makes no difference:

- numbers: ``1234``, ``1234.0``, ``"1,234"`` and ``"1234.00"`` are one, with a sign before them or not; ``"50%"`` and ``"50 percent"`` are
  one, and no number 50. A decimal comma is not read as one, as nobody can tell it from a separator. What begins with a zero (``00123``) is
  words: a number of an order, not an amount;
- dates: ``2024-03-05``, ``March 5, 2024``, ``5 Mar 2024`` and ``the 5th of March 2024`` without its article are one; a date in digits
  alone but for ISO 8601 (``05/03/2024``) is read as words, as nobody can tell its day from its month;
- spelling: case, form of a character (NFKC), spaces, the kinds of quotes and dashes, and punctuation at either end. Letters with and
  without an accent are different, and so are synonyms: to bring those together is a judge's work;
- lists: order. How often something stands in a list makes a difference;
- objects: order of fields.

A value of more levels than the platform carries, or of more than ``BYTES``, has no normal form and cannot be compared.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from septet.core.canonical import digest, text, unfit
from septet.core.values import number, tokens

BYTES = 65_536
"""Of an answer that is compared."""
WORDS = 512
"""Characters of a text in which a number or a date is looked for: a longer one is words."""
_TYPED = frozenset({"number", "percent", "date"})
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_QUOTES = dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b\u2032\u00b4`"), "'") | dict.fromkeys(
    map(ord, "\u201c\u201d\u201e\u00ab\u00bb"), '"'
)
_NUMBERED = re.compile(r"0[0-9][0-9.,-]*")
"""What begins with a zero is somebody's number for something, and no amount."""
_ENDS = " .,;:!?'\"()[]{}"


def normal(value: Any) -> str | None:
    """The normal form of *value*, as a digest: equal for two answers that say the same. None for one that cannot be compared."""
    if unfit(value, BYTES):
        return None
    return digest(text(_form(value)).encode())


def _form(value: Any) -> Any:
    """*value* as JSON types in which what makes no difference is gone. It has no more levels than ``unfit`` lets through, and twice."""
    if isinstance(value, Mapping):
        return {name: _form(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return sorted((_form(item) for item in value), key=text)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(number(abs(value)), below=value < 0) or f"text:{value}"
    return _said(value)


def _said(value: str) -> str:
    said = " ".join(unicodedata.normalize("NFKC", value).translate(_DASHES | _QUOTES).split())
    said = said.strip(_ENDS) or said
    typed = _typed(said) if len(said) <= WORDS else ""
    return typed or f"text:{said.casefold()}"


def _typed(said: str) -> str:
    """The number, the share or the date that *said* is as a whole; empty when it is none."""
    if _NUMBERED.fullmatch(said):
        return ""
    if found := _signed(said):
        return found
    whole = next((one for one in tokens(said) if one.start == 0 and one.end == len(said)), None)
    return f"{whole.space}:{whole.form}" if whole and whole.space in _TYPED else ""


def _signed(said: str) -> str:
    return _number(number(said[1:] if said[:1] in ("-", "+") else said), below=said.startswith("-"))


def _number(found: str | None, *, below: bool) -> str:
    if found is None:
        return ""
    return f"number:-{found}" if below and found != "0" else f"number:{found}"
