"""Texts within a text: what is left without characters that show nothing, without spaces between letters, and decoded. Places are kept."""

import re
import unicodedata
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import unquote

from septet.core.frozen import frozen

_SHOWS_NOTHING = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|&#[0-9]{1,7};|&#[xX][0-9A-Fa-f]{1,6};")
_SPACED = re.compile(r"(?<!\S)(?:\S[ \t]{1,3}){7,}\S(?!\S)")
_BASE64 = re.compile(r"[0-9A-Za-z+/_-]{60,76}(?:\r?\n[0-9A-Za-z+/_-]{4,76})+={0,2}|[0-9A-Za-z+/_-]{12,}={0,2}")
"""In lines, as mail has it, or in one."""
_HEX = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{2}(?:[ :-]?[0-9A-Fa-f]{2}){7,}(?![0-9A-Fa-f])")
_URL_SAFE = str.maketrans("-_", "+/", "\r\n")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Me", "Mn"})
_WHITE = frozenset("\t\n\r")
_LAST = 0x10FFFF


@frozen
class View:
    """A text within another, and where each of its characters comes from."""

    text: str
    places: tuple[list[int], list[int]] | None = None
    """Where the source of each character begins, and where it ends; None when all of them come from ``whole``."""
    whole: tuple[int, int] = (0, 0)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where ``text[start:end]`` comes from."""
        if self.places is None:
            return self.whole
        return self.places[0][start], self.places[1][end - 1]


def visible(text: str) -> View | None:
    """*text* without control, zero-width, tag and combining characters, compatible ones and digits of any script made plain.

    None when it is that itself.
    """
    if text.isascii() and not _SHOWS_NOTHING.search(text):
        return None
    shown = [(_plain(letter), place) for place, letter in enumerate(text)]
    starts = [place for plain, place in shown for _ in plain]
    return View(text="".join(plain for plain, _ in shown), places=(starts, [place + 1 for place in starts]))


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    if letter in _WHITE:
        return letter
    if (digit := unicodedata.decimal(letter, None)) is not None:  # of any script
        return str(digit)
    return "" if unicodedata.category(letter) in _INVISIBLE else unicodedata.normalize("NFKC", letter)


def undisguised(text: str) -> Iterator[View]:
    """What *text* holds that is escaped, spaced letter by letter, or encoded as base64 or hexadecimal digits."""
    if found := _unescaped(text):
        yield found
    for spaced in _SPACED.finditer(text):
        yield View(text=re.sub(r"[ \t]", "", spaced[0]), whole=spaced.span())
    yield from _decoded(text, _BASE64, lambda token: b64decode(_padded(token.rstrip("=").translate(_URL_SAFE))))
    yield from _decoded(text, _HEX, lambda token: bytes.fromhex(re.sub(r"[ :-]", "", token)))


def _padded(token: str) -> str:
    """*token* as whole groups of four; a lone last character carries nothing."""
    token = token[:-1] if len(token) % 4 == 1 else token
    return token + "=" * (-len(token) % 4)


def _decoded(text: str, pattern: re.Pattern[str], decode: Callable[[str], bytes]) -> Iterator[View]:
    for token in pattern.finditer(text):
        try:
            yield View(text=decode(token[0]).decode(errors="replace"), whole=token.span())
        except ValueError:  # an odd number of digits
            continue


def _unescaped(text: str) -> View | None:
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    last = 0
    for found in _ESCAPES.finditer(text):
        start, end = found.span()
        meant = _meant(found[0])
        letters += [text[last:start], meant]
        starts += [*range(last, start), *[start] * len(meant)]
        ends += [*range(last + 1, start + 1), *[end] * len(meant)]
        last = end
    if not last:
        return None
    letters.append(text[last:])
    return View(text="".join(letters), places=([*starts, *range(last, len(text))], [*ends, *range(last + 1, len(text) + 1)]))


def _meant(escape: str) -> str:
    if escape[0] == "%":
        return unquote(escape)
    digits = escape.strip("\\&#;")
    code = int(digits) if escape[:2] == "&#" and digits.isdecimal() else int(digits[1:], 16)
    return chr(code) if code <= _LAST else ""
