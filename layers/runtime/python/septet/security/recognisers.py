"""Secrets and personal data in a text, by shape and check digits. Telemetry and context: a wording escapes every pattern."""

from collections.abc import Iterator
from typing import Any

from septet.core.frozen import frozen
from septet.security.disguises import undisguised, visible
from septet.security.shapes import KINDS

SECRETS = frozenset({"card", "ssn", "passport", "aws-access-key", "aws-secret-key", "private-key", "jwt", "api-key"})
"""The kinds that open something or must not leave; the others (an IBAN, an address, a telephone number) only name somebody."""
DEPTH = 3
"""How many disguises one within another are taken off."""
DECODED = 256 * 1024
"""Characters that are looked at, in all, besides the text itself."""
_PASSES = 4
_SHORTEST = 11
"""Characters of the shortest value that is none of a telephone number, an address, or a disguise."""
_SIGNS = frozenset("@+%\\&")
"""One of these is in every address, telephone number and escape."""


@frozen
class Finding:
    """A value in a text. The kind is all that may be told of it."""

    kind: str
    start: int
    end: int
    """One after its last character; of a disguised value, the characters that carry it."""


def find(text: str) -> tuple[Finding, ...]:
    """What *text* holds, in order; also within base64, hexadecimal digits, escapes, and letters that are spaced or split by invisible ones.

    The time grows with the length of the text and with nothing else.
    """
    found = set(_found(text, DEPTH, [DECODED]))
    return tuple(Finding(kind=kind, start=start, end=end) for start, end, kind in sorted(found))


def redacted(text: str) -> str:
    """*text* with its kind in brackets in place of every finding: nothing is found in what is left."""
    for _ in range(_PASSES):
        findings = find(text)
        if not findings:
            return text
        text = _without(text, findings)
    return "[redacted]" if find(text) else text


def cleaned(value: Any) -> Any:
    """*value*, which is of JSON's types, with every text and key in it redacted; a number that is recognised becomes a text."""
    if isinstance(value, str):
        return value if bare(value) else redacted(value)
    if isinstance(value, dict):
        return {cleaned(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and (said := cleaned(str(value))) != str(value):
        return said
    return value


def bare(text: str) -> bool:
    """Whether *text* is too short, and too plain, to hold anything that is recognised: what most texts of a log are."""
    return len(text) < _SHORTEST and text.isascii() and _SIGNS.isdisjoint(text)


def _without(text: str, findings: tuple[Finding, ...]) -> str:
    parts, last = [], 0
    kinds: dict[str, None] = {}
    for number, found in enumerate(findings):
        if not kinds:
            parts.append(text[last : found.start])
        kinds[found.kind] = None
        last = max(last, found.end)
        if number + 1 == len(findings) or findings[number + 1].start >= last:
            parts.append(f"[{' '.join(kinds)}]")
            kinds = {}
    return "".join([*parts, text[last:]])


def _found(text: str, depth: int, left: list[int]) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of each; *left* is what may still be decoded."""
    shown = visible(text)
    if shown is None:
        yield from _shown(text, depth, left)
        return
    for start, end, kind in _shown(shown.text, depth, left):
        yield *shown.source(start, end), kind


def _shown(text: str, depth: int, left: list[int]) -> Iterator[tuple[int, int, str]]:
    for kind, (sign, recogniser) in KINDS.items():
        if sign in text:
            for start, end in recogniser(text):
                yield start, end, kind
    if not depth:
        return
    for view in undisguised(text):
        left[0] -= len(view.text)
        if left[0] >= 0:
            for start, end, kind in _found(view.text, depth - 1, left):
                yield *view.source(start, end), kind
