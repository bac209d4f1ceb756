"""Texts at the edge: what no honest text holds is refused, what some hold is counted. Nothing is changed: what was said is what is kept."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from septet.security.recognisers import find

MEMBERS = 100_000
"""Names and values, in all, of one input."""
NAME_CHARACTERS = 100
"""Of a field's path that are told back."""
HIDDEN = "hidden-text"
"""The detection of characters that show nothing."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f")
"""The flag of a part of a country, the one use of tag characters."""
_TAGS = re.compile("[\U000e0000-\U000e007f]|[\U000e0100-\U000e01ef]{2}")
"""Letters that nobody sees: tags, and variation selectors in a row."""
_OVERRIDE = re.compile("[\u202a-\u202e]")
_ISOLATE = re.compile("[\u2066-\u2069\n]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]"
)
"""Characters without a shape that no script needs; joiners, marks of direction and variation selectors are needed by some."""


def problems(value: Any, sources: Mapping[str, str], path: str = "input") -> Iterator[tuple[str, str]]:
    """Path and sentence of what is refused in *value*, a JSON object; *sources* has the label of each of its fields.

    In a field that is the principal's own instruction (``trusted``) nothing may be invisible: what it says endorses what a model does.
    """
    for count, (place, top, text) in enumerate(_texts(value, path)):
        if count >= MEMBERS:
            yield path, f"has more than {MEMBERS} names and values: send less"
            return
        plain = text is None or (text.isascii() and text.isprintable())
        if not plain and (wrong := _wrong(str(text), trusted=sources.get(top) == "trusted")):
            yield place[:NAME_CHARACTERS], wrong


def detections(value: Any) -> Counter[str]:
    """How often each kind of secret, personal data or hidden text is in *value*, JSON.

    Telemetry and context: an attack that is worded otherwise is not among them.
    """
    found: Counter[str] = Counter()
    for _, _, text in _texts(value, ""):
        if text:
            found.update(one.kind for one in find(text))
            found[HIDDEN] += bool(_INVISIBLE.search(text) or _TAGS.search(_FLAG.sub("", text)))
    return +found


def words(value: Any) -> str:
    """Every text and name in *value*, JSON, one a line."""
    return "\n".join(text for _, _, text in _texts(value, "") if text)


def _wrong(text: str, *, trusted: bool) -> str:
    if _CONTROL.search(text):
        return "has a control character or none that Unicode knows: send text, with tabs and line ends at most"
    if _TAGS.search(_FLAG.sub("", text)):
        return "has text in invisible characters (tags or variation selectors): send what can be read"
    if _OVERRIDE.search(text) or not _balanced(text):
        return (
            "changes the direction of its text where that cannot be seen: leave out U+202A to U+202E, and close every isolate in its line"
        )
    if trusted and _INVISIBLE.search(text):
        return "has invisible characters, as a zero-width space or a soft hyphen: send what can be read"
    return ""


def _balanced(text: str) -> bool:
    """Whether every isolate ends in the line it begins in."""
    depth = 0
    for found in _ISOLATE.finditer(text):
        if found[0] == "\n":
            if depth:
                return False
        else:
            depth += -1 if found[0] == "\u2069" else 1
            if depth < 0:
                return False
    return depth == 0


def _texts(value: Any, path: str) -> Iterator[tuple[str, str, str | None]]:
    """Path, field at the top, and text of every value and name; None for what is no text."""
    left: list[tuple[str, str, Any]] = [(path, "", value)]
    while left:
        place, top, one = left.pop()
        if isinstance(one, dict):
            for name, item in one.items():
                yield f"{place}.{name}", top or name, name
                left.append((f"{place}.{name}", top or name, item))
        elif isinstance(one, list):
            left += ((f"{place}[{number}]", top, item) for number, item in enumerate(one))
        else:
            yield place, top, one if isinstance(one, str) else None
