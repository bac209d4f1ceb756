"""One byte form for one JSON value, so that digests of equal values are equal."""

import hashlib
import json
from itertools import chain
from typing import Any

LEVELS = 32
"""How deeply lists and objects may lie in each other: what walks them recursively, ours or a service's, takes that many."""

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> bytes:
    """*value* (JSON types) as UTF-8 with sorted keys and no spaces.

    Raises ValueError for NaN, infinities and text that is not Unicode, TypeError for other types.
    """
    return _ENCODER.encode(value).encode()


def digest(*parts: bytes) -> str:
    """SHA-256 over *parts*, each preceded by its length so that parts cannot run into each other; 64 hex characters."""
    total = hashlib.sha256()
    for part in parts:
        total.update(b"%d:" % len(part))
        total.update(part)
    return total.hexdigest()


def unfit(value: Any, size: int) -> str:
    """Why *value* is no JSON that every layer can carry in *size* bytes, as the end of a sentence; empty when it is."""
    if _deep(value):
        return f"nested more than {LEVELS} levels deep"
    try:
        length = len(canonical(value))
    except (TypeError, ValueError) as error:
        return f"not JSON: {error}"
    return f"{length} bytes, more than {size}" if length > size else ""


def _deep(value: Any) -> bool:
    """Whether *value* has more levels than allowed, looked at level by level so that no depth hurts."""
    level = [value]
    for _ in range(LEVELS + 1):
        inside = (item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list))
        level = list(chain.from_iterable(inside))
        if not level:
            return False
    return True
