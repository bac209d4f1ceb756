"""Typed values and their normal forms.

A normal form never bends a value towards another: letters are compared as they are written but for an e-mail's domain, what is not
plain ASCII is no address, and spaces fall away only where the standard allows them (an IBAN, a card). So a look-alike, an encoding or
a part of a value is another value.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any

from septet.core.checksums import luhn
from septet.core.frozen import frozen

LONGEST = 512
"""Characters of a value that can be compared as one."""
SPACES = {
    **dict.fromkeys(("email", "e-mail"), "email"),
    **dict.fromkeys(("url", "uri", "link"), "url"),
    **dict.fromkeys(("iban", "account"), "iban"),
    "card": "card",
    "phone": "phone",
    **dict.fromkeys(("date", "time", "datetime"), "date"),
    **dict.fromkeys(("number", "money", "amount", "price"), "number"),
}
"""The kinds whose values are recognised by their shape. Values of any other kind are words."""
EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
URL = re.compile(r"(?:https?://|www\.)[!-~]*[A-Za-z0-9/=_~)-]")
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)")
CARD = re.compile(r"[0-9](?:[ -]?[0-9]){12,18}")
PHONE = re.compile(r"\+[0-9](?:[ ()-]{0,2}[0-9]){6,14}")
NUMBER = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<%s>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?"
    r"|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DATES = re.compile(
    r"\b(?:(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"
    rf"|{_MONTH % 'm1'}\.?\s+(?:the\s+)?(?P<d1>[0-9]{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y1>[0-9]{{4}}))?"
    rf"|(?P<d2>[0-9]{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH % 'm2'}\b(?:,?\s+(?P<y2>[0-9]{{4}}))?"
    rf"|{_MONTH % 'm3'}\s+(?P<y3>[0-9]{{4}}))(?![0-9])",
    re.IGNORECASE,
)
_TIMES = re.compile(r"(?<![0-9:])(?P<h>[01]?[0-9]|2[0-3]):(?P<i>[0-5][0-9])(?::[0-5][0-9])?(?![0-9:])")
_STAMP = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(?::00(?:\.0+)?)?(?:Z|\+00:00)?)?")
_PATTERNS = {"email": EMAIL, "url": URL, "iban": IBAN, "card": CARD, "phone": PHONE}
_LOCAL = "!#$%&+/=?^{|}~-."
"""Signs that may stand in an address's name: what follows one is only a part of it."""
_DIGITS = 40
_HUGE = 10**_DIGITS
"""From there on a whole number is no amount and no id: spelling it could take forever."""
_GAPS = {"iban": " ", "card": " -", "phone": " ()-"}


@frozen
class Token:
    """A typed value within a text."""

    space: str
    form: str
    start: int
    end: int


def space(kind: str) -> str:
    """Where values of *kind* are compared: with their shape, or as words of that kind alone."""
    return SPACES.get(kind.casefold(), f"text:{kind}")


def is_shape(kind: str) -> bool:
    """Whether values of *kind* are told by how they look."""
    return kind.casefold() in SPACES


def digest(where: str, form: str) -> str:
    """What is kept of a value: 96 bits."""
    return blake2b(f"{where}\0{form}".encode(errors="surrogatepass"), digest_size=12).hexdigest()


def form(value: Any, where: str) -> str | None:
    """The normal form of *value* as one of space *where*; None when it is none, and so is like no other."""
    if where == "number":
        return number(value)
    text = str(value) if type(value) is float or (type(value) is int and abs(value) < _HUGE) else value
    if not isinstance(text, str) or not text or len(text) > LONGEST:
        return None
    if where == "date":
        return stamp(text)
    if pattern := _PATTERNS.get(where):
        return _bare(where, text) if text.isascii() and pattern.fullmatch(text) else None
    return text


def number(value: Any) -> str | None:
    """The normal form of a number: 4, 4.0 and "4.00" are one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or (isinstance(value, int) and abs(value) >= _HUGE):
        return None
    if isinstance(value, str) and not (value.isascii() and NUMBER.fullmatch(value)):
        return None
    try:
        found = Decimal(str(value).replace(",", ""))
    except InvalidOperation:
        return None
    return spelt(found) if found.is_finite() and len(str(found)) < LONGEST and abs(found.adjusted()) < _DIGITS else None


def spelt(value: Decimal) -> str:
    """A number without what makes no difference."""
    return format(value.normalize(), "f") if value else "0"


def stamp(text: str) -> str | None:
    """``2024-05-20``, ``2024-05-20T10:00``, or ``T10:00`` for a time alone."""
    if found := _STAMP.fullmatch(text):
        day, time = found.groups()
        return _day(*map(int, day.split("-"))) and (f"{day}T{time}" if time else day)
    if _TIMES.fullmatch(text):
        return _time(text)
    return None


def shape(text: str) -> str:
    """The space that the whole *text* belongs to by its shape; that of words without a kind when none."""
    if text.isascii() and len(text) <= LONGEST:
        for where, pattern in _PATTERNS.items():
            if pattern.fullmatch(text) and (where != "card" or luhn(_bare(where, text))):
                return where
        if stamp(text):
            return "date"
    return "text:"


def tokens(text: str) -> Iterator[Token]:
    """The typed values of *text*, each character in one of them at most: 13 in "June 13" is a day and no number."""
    taken = bytearray(len(text))
    for where, pattern in _PATTERNS.items():
        for found in pattern.finditer(text):
            start, end = found.start(), _ending(found) if where == "url" else found.end()
            if not _inside(text, start, end, where) and not any(taken[start:end]) and (where != "card" or luhn(_bare(where, found[0]))):
                taken[start:end] = b"\1" * (end - start)
                yield Token(space=where, form=_bare(where, text[start:end]), start=start, end=end)
    yield from _days(text, taken)
    yield from _numbers(text, taken)


def measured(text: str, end: int) -> bool:
    """Whether the number that ends there says how many or how much of something."""
    return bool(_UNIT.match(text, end) or _THINGS.match(text, end))


def _bare(where: str, text: str) -> str:
    for gap in _GAPS.get(where, ""):
        text = text.replace(gap, "")
    if where == "email":  # the case of a domain makes no difference, that of a name may
        name, _, domain = text.partition("@")
        return f"{name}@{domain.lower()}"
    return text


def _ending(found: re.Match[str]) -> int:
    """Where a URL ends: a bracket is part of it when it was opened there."""
    start, end = found.span()
    while end > start:
        said = found.string[start:end]
        if said[-1] == ")" and said.count(")") > said.count("("):
            end -= 1
        elif said[-1] in "/=_~-)" or said[-1].isalnum():
            break
        else:
            end -= 1
    return end


def _inside(text: str, start: int, end: int, where: str) -> bool:
    """Whether what lies there is only a part of a longer word or address."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before and (before[-1].isalnum() or before[-1] in "_@"):
        return True
    if where == "email" and before and (before[-1] in _LOCAL or (before[-1] in "'\u2019`*" and before[:-1].isalnum())):
        return True
    if where != "url" and len(after) > 1 and after[0] in ".-" and after[1].isalnum():
        return True
    return bool(after) and (after[0].isalnum() or after[0] in "_@")


def _days(text: str, taken: bytearray) -> Iterator[Token]:
    for pattern in (_DATES, _TIMES):
        for found in pattern.finditer(text):
            start, end = found.span()
            if any(taken[start:end]):
                continue
            taken[start:end] = b"\1" * (end - start)
            spelling = _time(found[0]) if pattern is _TIMES else _spelling(found)
            if spelling:
                yield Token(space="date", form=spelling, start=start, end=end)


def _spelling(found: re.Match[str]) -> str | None:
    parts = found.groupdict()
    day = parts["d"] or parts["d1"] or parts["d2"]
    year = parts["y"] or parts["y1"] or parts["y2"]
    word = parts["m1"] or parts["m2"]
    month = int(parts["m"]) if parts["m"] else MONTHS.index(word[:3].casefold()) + 1 if word else 0
    if not day or not month:
        return None
    whole = _day(int(year or 2000), month, int(day))
    return whole if year else whole and whole.replace("2000", "-", 1)


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _time(text: str) -> str:
    hour, minute = text.split(":")[:2]
    return f"T{int(hour):02}:{minute}"


_UNIT = re.compile(
    r"[- ]?(?:%|percent\b|(?:st|nd|rd|th|am|pm|hours?|hrs?|h|minutes?|mins?|seconds?|days?|weeks?|months?|years?)\b)", re.IGNORECASE
)
_THINGS = re.compile(
    r"[- ]?(?:(?:eur|usd|gbp|chf|euros?|dollars?|pounds?|francs?|cents?)\b|[€$£])"
    r"|[- ]?(?:[kmg]b|pages?|times|copies|items?|people|persons?|guests?)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:in|since|of|year|during|from|until|by|before|after)\s+$", re.IGNORECASE)


def _numbers(text: str, taken: bytearray) -> Iterator[Token]:
    for found in NUMBER.finditer(text):
        start, end = found.span()
        before = text[start - 1 : start]
        if any(taken[start:end]) or before in set("-_/.,:@#'\u2019") or before.isalnum():
            continue
        after = text[end : end + 2]
        if after[:1] in set("-_/:@") - {""} or after[:1].isalnum() or (after[:1] in set(".,'") - {""} and after[1:].isalnum()):
            continue
        if unit := _UNIT.match(text, end):
            if "%" in unit[0] or "percent" in unit[0].casefold():
                yield Token(space="percent", form=spelt(Decimal(found[0].replace(",", ""))), start=start, end=unit.end())
            continue
        is_year = re.fullmatch(r"(?:19|20)[0-9]{2}", found[0]) and _YEAR.search(text, max(0, start - 12), start)
        yield Token(space="year" if is_year else "number", form=number(found[0]) or "", start=start, end=end)
