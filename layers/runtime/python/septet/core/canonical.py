"""One byte form for one JSON value, so that digests of equal values are equal."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

LEVELS = 32
"""How deeply lists and objects may lie in each other: what walks them recursively, ours or a service's, takes that many."""
_TOO_DEEP = f"nested more than {LEVELS} levels deep"

quoted: Callable[[str], str] = json.encoder.encode_basestring
"""A text as JSON."""
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_encode: Callable[[Any, int], tuple[str, ...]] = json.encoder.c_make_encoder(  # type: ignore[attr-defined]  # typeshed leaves it out
    None, _ENCODER.default, quoted, None, ":", ",", *(True, False, False)
)
"""What ``_ENCODER.encode`` makes anew for every value, which costs as much as encoding a small one: sorted keys, none skipped, no NaN."""


def canonical(value: Any) -> bytes:
    """*value* (JSON types) as UTF-8 with sorted keys and no spaces.

    Raises ValueError for NaN, infinities and text that is not Unicode, TypeError for other types.
    """
    return text(value).encode()


def text(value: Any) -> str:
    """What ``canonical`` makes of *value*, before it is UTF-8; the caller encodes it, or the text may not be Unicode."""
    return "".join(_encode(value, 0))


def whole(value: Any, levels: int = LEVELS) -> Any:
    """*value* with each whole number as an int: in JSON, 1, 1.0 and 1e0 are one number. What lies deeper than *levels* stays as it is."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list) and levels:
        return [whole(item, levels - 1) for item in value]
    if isinstance(value, dict) and levels:
        return {name: whole(item, levels - 1) for name, item in value.items()}
    return value


def digest(first: bytes, *rest: bytes) -> str:
    """SHA-256 over its parts, each preceded by its length so that parts cannot run into each other; 64 hex characters."""
    framed = b"%d:%b" % (len(first), first)
    for part in rest:
        framed += b"%d:%b" % (len(part), part)
    return sha256(framed).hexdigest()


def unfit(value: Any, size: int) -> str:
    """Why *value* is no JSON that every layer can carry in *size* bytes, as the end of a sentence; empty when it is."""
    try:
        spelt = text(value)
        length = len(spelt) if spelt.isascii() else len(spelt.encode())
    except RecursionError:
        return _TOO_DEEP
    except (TypeError, ValueError) as error:
        return f"not JSON: {error}"
    if spelt.count("[") + spelt.count("{") > LEVELS and deep(value):  # few brackets cannot be many levels
        return _TOO_DEEP
    return f"{length} bytes, more than {size}" if length > size else ""


def deep(value: Any) -> bool:
    """Whether *value* has more levels than allowed, looked at level by level so that no depth hurts."""
    level = [value]
    for _ in range(LEVELS + 1):
        inside: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inside += item.values()
            elif isinstance(item, list):
                inside += item
        if not inside:
            return False
        level = inside
    return True
