"""One byte form for one JSON value, so that digests of equal values are equal."""

import hashlib
import json
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> bytes:
    """*value* (JSON types) as UTF-8 with sorted keys and no spaces. Raises ValueError for NaN and infinities, TypeError for other types."""
    return _ENCODER.encode(value).encode()


def digest(*parts: bytes) -> str:
    """SHA-256 over *parts*, each preceded by its length so that parts cannot run into each other; 64 hex characters."""
    total = hashlib.sha256()
    for part in parts:
        total.update(b"%d:" % len(part))
        total.update(part)
    return total.hexdigest()
