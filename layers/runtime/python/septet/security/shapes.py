"""What values of each kind look like, written plainly. Every pattern reads a character a bounded number of times, whatever the text."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator

from septet.core.checksums import LENGTHS, entropy, issued, luhn, machine_read, mod97

type Spans = Iterator[tuple[int, int]]

_CARD = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9]\.)(?=("
    r"[2-6][0-9]{11,18}(?![0-9A-Za-z])"
    r"|[2-6][0-9]{3}([\s._/-]{1,3})[0-9]{4}\2[0-9]{4}\2[0-9]{1,4}(?:\2[0-9]{1,3})?(?![0-9A-Za-z])"
    r"|3[0-9]{3}([\s._/-]{1,3})[0-9]{6}\3[0-9]{4,5}(?![0-9A-Za-z])"
    r"))"
)
_SPREAD = re.compile(
    "|".join(
        rf"(?<![0-9A-Za-z])(?<![0-9][\s._/-])[2-6][0-9]{{{size - 1}}}(?:(?P<by{size}>[\s._/-]{{1,3}})[0-9]{{{size}}})"
        rf"(?:(?P=by{size})[0-9]{{{size}}}){{{11 // size - 1},{18 // size}}}(?:(?P=by{size})[0-9]{{1,2}})?(?![0-9A-Za-z]|[\s._/-][0-9])"
        for size in (1, 2, 3)
    )
)
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?:[ .-]?[0-9A-Za-z]){11,30}")
_SEPARATORS = re.compile(r"[^0-9A-Za-z]+")
_DOMAIN = re.compile(r"@(?:[^\W_](?:[^\W_]|-){0,62}\.){1,8}(?:xn--[0-9A-Za-z-]{2,59}|[^\W\d_]{2,63})")
_LOCAL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+")
_PHONE = re.compile(r"(?<![\w+])\+(?!28|83|89)[1-9](?:[ ().-]{0,2}[0-9]){6,14}(?![0-9A-Za-z])")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])")
_PASSPORT = re.compile(r"(?<![0-9A-Z<])[0-9A-Z<]{9}[0-9][A-Z<]{3}[0-9]{7}[MFX<][0-9]{7}[0-9A-Z<]{14}[0-9<][0-9](?![0-9A-Z<])")
_ACCESS_KEY = re.compile(r"(?<![0-9A-Za-z])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![0-9A-Za-z])")
_SECRET_KEY = re.compile(r"(?<![0-9A-Za-z+/=])[0-9A-Za-z+/]{40}(?![0-9A-Za-z+/=])")
_BEGIN = re.compile(r"-----BEGIN [0-9A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END [0-9A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_JWT = re.compile(r"(?<![\w-])(eyJ[\w-]{8,4096})\.[\w-]{2,16384}\.[\w-]{0,2048}", re.ASCII)
_API_KEY = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{82}|glpat-[\w-]{20}|npm_[0-9A-Za-z]{36}|hf_[0-9A-Za-z]{34}"
    r"|xox[abeprs]-[0-9A-Za-z-]{10,250}|[prs]k_(?:live|test)_[0-9A-Za-z]{16,247}|sk-(?=[A-Za-z_-]{0,60}[0-9])[\w-]{20,200}|AIza[\w-]{35}"
    r"|SG\.[\w-]{22}\.[\w-]{43}|SK[0-9a-f]{32}|pypi-AgE[\w-]{50,400}|do[opr]_v1_[0-9a-f]{64}|ABSK[0-9A-Za-z+/]{100,400}={0,2}"
    r")(?![0-9A-Za-z])",
    re.ASCII,
)
_BITS = 4.2
"""Of entropy for each character, below which 40 characters are a path or a word rather than a key; random ones have about 4.9."""
_SLASHES = 4
_LOCAL_CHARACTERS = 64
_HEADER_KEY = "alg"


def _whole(pattern: re.Pattern[str]) -> Callable[[str], Spans]:
    """A recogniser whose pattern says all."""
    return lambda text: (found.span() for found in pattern.finditer(text))


def cards(text: str) -> Spans:
    """Numbers of payment cards: a scheme's prefix and length, and Luhn's check digit; whole, in groups, or digit by digit."""
    for pattern, group in ((_CARD, 1), (_SPREAD, 0)):
        for found in pattern.finditer(text):
            digits = _SEPARATORS.sub("", found[group])
            if len(digits) <= 19 and issued(digits) and luhn(digits):  # noqa: PLR2004 -- the longest by ISO/IEC 7812-1
                yield found.span(group)


def ibans(text: str) -> Spans:
    """International bank account numbers: a country's length, and check digits modulo 97."""
    for found in _IBAN.finditer(text):
        size, letters = LENGTHS.get(found[0][:2].upper(), 0), 0
        for place, letter in enumerate(found[0]):
            letters += letter.isalnum()
            if letters == size:
                end = found.start() + place + 1
                if not text[end : end + 1].isalnum() and mod97(_SEPARATORS.sub("", found[0][: place + 1]).upper()):
                    yield found.start(), end
                break


def emails(text: str) -> Spans:
    """Addresses of mail."""
    for found in _DOMAIN.finditer(text):
        at = found.start()
        if local := _LOCAL.match(text[max(0, at - _LOCAL_CHARACTERS) : at][::-1]):
            yield at - local.end(), found.end()


def passports(text: str) -> Spans:
    """The second line of a passport's machine-readable zone, by its four check digits."""
    for found in _PASSPORT.finditer(text):
        line = found[0]
        parts = ((line[:9], line[9]), (line[13:19], line[19]), (line[21:27], line[27]), (line[:10] + line[13:20] + line[21:43], line[43]))
        if all(machine_read(*part) for part in parts):
            yield found.span()


def secret_keys(text: str) -> Spans:
    """Forty characters that are as random as an AWS secret access key."""
    for found in _SECRET_KEY.finditer(text):
        key = found[0]
        mixed = any(map(str.isdigit, key)) and key.lower() != key != key.upper()
        if mixed and key.count("/") <= _SLASHES and entropy(key) >= _BITS:
            yield found.span()


def private_keys(text: str) -> Spans:
    """Blocks of PEM or OpenPGP from their first line to their last, or to the end of the text."""
    start = _BEGIN.search(text)
    while start:
        end = _END.search(text, start.end())
        yield start.start(), end.end() if end else len(text)
        start = _BEGIN.search(text, end.end()) if end else None


def tokens(text: str) -> Spans:
    """JSON Web Tokens: a header that names an algorithm, a payload, a signature that may be empty."""
    for found in _JWT.finditer(text):
        try:
            header = json.loads(urlsafe_b64decode(found[1] + "==="))
        except (ValueError, RecursionError):
            continue
        if isinstance(header, dict) and _HEADER_KEY in header:
            yield found.span()


KINDS: dict[str, tuple[str, Callable[[str], Spans]]] = {
    "card": ("", cards),
    "iban": ("", ibans),
    "email": ("@", emails),
    "phone": ("+", _whole(_PHONE)),
    "ssn": ("-", _whole(_SSN)),
    "passport": ("", passports),
    "aws-access-key": ("", _whole(_ACCESS_KEY)),
    "aws-secret-key": ("", secret_keys),
    "private-key": ("-----BEGIN", private_keys),
    "jwt": ("eyJ", tokens),
    "api-key": ("", _whole(_API_KEY)),
}
"""By kind: what every text that holds one contains, and what finds them."""
