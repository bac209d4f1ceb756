"""Made-up secrets and personal data of every kind, valid by construction, and the same with their check digits broken."""

import base64
import json
import string
from urllib.parse import quote

from hypothesis import strategies as st

DIGITS = string.digits
ALNUM = string.ascii_letters + string.digits


def _digits(least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=least, max_size=least if most is None else most)


def luhn_digit(body: str) -> str:
    """What makes *body* and it a number whose doubled digits add up to a multiple of ten."""
    for digit in DIGITS:
        total = 0
        for place, letter in enumerate(reversed(body + digit)):
            value = int(letter) * (1 + place % 2)
            total += value - 9 if value > 9 else value
        if total % 10 == 0:
            return digit
    raise AssertionError(body)


PREFIXES = [
    ("4", 16),
    ("4", 13),
    ("51", 16),
    ("2221", 16),
    ("2720", 16),
    ("34", 15),
    ("37", 15),
    ("6011", 16),
    ("3528", 16),
    ("36", 14),
    ("62", 19),
]


@st.composite
def cards(draw: st.DrawFn) -> str:
    prefix, size = draw(st.sampled_from(PREFIXES))
    body = prefix + draw(_digits(size - len(prefix) - 1))
    return body + luhn_digit(body)


@st.composite
def separated_cards(draw: st.DrawFn) -> str:
    number, by = draw(cards()), draw(st.sampled_from([" ", "-", ".", "\u00a0", "\t"]))
    if len(number) == 15:
        return by.join([number[:4], number[4:10], number[10:]])
    size = draw(st.sampled_from([1, 4]))
    return by.join(number[place : place + size] for place in range(0, len(number), size))


@st.composite
def ibans(draw: st.DrawFn) -> str:
    country, form = draw(
        st.sampled_from([("DE", "n" * 18), ("GB", "aaaa" + "n" * 14), ("NO", "n" * 11), ("MT", "aaaannnnn" + "n" * 18), ("CH", "n" * 17)])
    )
    body = "".join(draw(st.sampled_from(DIGITS if kind == "n" else string.ascii_uppercase)) for kind in form)
    number = int("".join(str(int(letter, 36)) for letter in f"{body}{country}00"))
    return f"{country}{98 - number % 97:02}{body}"


words = st.text(string.ascii_lowercase, min_size=2, max_size=10)
emails = st.builds("{}.{}@{}.{}".format, words, words, words, st.sampled_from(["com", "example", "co.uk", "ch"]))
phones = st.builds("+{}{}".format, st.sampled_from(["1", "41", "44", "353", "7"]), _digits(8, 10))
access_keys = st.builds(
    "{}{}".format, st.sampled_from(["AKIA", "ASIA"]), st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=16, max_size=16)
)
secret_keys = st.permutations(ALNUM).map(lambda letters: "aB1" + "".join(letters[:37]))
private_keys = st.builds(
    "-----BEGIN {0}PRIVATE KEY-----\n{1}\n-----END {0}PRIVATE KEY-----".format,
    st.sampled_from(["", "RSA ", "EC ", "OPENSSH "]),
    st.text(ALNUM, min_size=10, max_size=60),
)
ssns = st.builds("{:03}-{:02}-{:04}".format, st.integers(1, 665), st.integers(1, 99), st.integers(1, 9999))
api_keys = st.one_of(
    st.text(ALNUM, min_size=36, max_size=36).map("ghp_".__add__),
    st.text(ALNUM, min_size=24, max_size=24).map("sk_live_".__add__),
    st.text(ALNUM, min_size=35, max_size=35).map("AIza".__add__),
    st.text(ALNUM, min_size=40, max_size=40).map("sk-proj-7".__add__),
)


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


jwts = st.builds(
    lambda algorithm, subject, signature: f"{_part({'alg': algorithm, 'typ': 'JWT'})}.{_part({'sub': subject})}.{signature}",
    st.sampled_from(["RS256", "none", "ES256"]),
    words,
    st.text(ALNUM + "-_", max_size=60),
)


def icao_digit(text: str) -> str:
    return str(sum((0 if letter == "<" else int(letter, 36)) * (7, 3, 1)[place % 3] for place, letter in enumerate(text)) % 10)


@st.composite
def passports(draw: st.DrawFn) -> str:
    number = draw(st.text(string.ascii_uppercase + DIGITS, min_size=9, max_size=9))
    born, until, personal = draw(_digits(6)), draw(_digits(6)), draw(st.text(DIGITS + "<", min_size=14, max_size=14))
    first, second = number + icao_digit(number), born + icao_digit(born)
    third, fourth = until + icao_digit(until), personal + icao_digit(personal)
    return f"{first}UTO{second}F{third}{fourth}{icao_digit(first + second + third + fourth)}"


KINDS: dict[str, st.SearchStrategy[str]] = {
    "card": cards() | separated_cards(),
    "iban": ibans() | ibans().map(lambda iban: " ".join(iban[place : place + 4] for place in range(0, len(iban), 4))),
    "email": emails,
    "phone": phones,
    "ssn": ssns,
    "passport": passports(),
    "aws-access-key": access_keys,
    "aws-secret-key": secret_keys,
    "private-key": private_keys,
    "jwt": jwts,
    "api-key": api_keys,
}
"""Valid values by the kind they are to be recognised as."""


def _spaced(text: str) -> str:
    return " ".join(text)


_ZEROS = "\u0660\u06f0\u0966\u09e6\u0e50"
"""Arabic, Persian, Devanagari, Bengali, Thai."""
_OTHER_DIGITS = {ord(digit): chr(ord(_ZEROS[int(digit) % len(_ZEROS)]) + int(digit)) for digit in DIGITS}
DISGUISES = {
    "plain": str,
    "url": lambda text: quote(text, safe=""),
    "every letter url": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "url-safe base64": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hexadecimal": lambda text: text.encode().hex(),
    "spaced hexadecimal": lambda text: text.encode().hex(" "),
    "JSON escapes": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "character references": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "zero-width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "tags": "\U000e0041".join,
    "digits of other scripts": lambda text: text.translate(_OTHER_DIGITS),
    "base64 of hexadecimal": lambda text: base64.b64encode(text.encode().hex().encode()).decode(),
    "base64 twice, then url": lambda text: quote(base64.b64encode(base64.b64encode(text.encode())).decode(), safe=""),
}
"""Ways to write a text so that it is not seen."""
