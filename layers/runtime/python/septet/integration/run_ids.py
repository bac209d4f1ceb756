"""Ids of runs: what a person types, a key in every table, and the name of the execution."""

import hmac
import secrets

from septet.core.canonical import canonical
from septet.integration.ports import Principal

PATTERN = r"^run-[0-9a-hjkmnp-tv-z]{26}$"
"""Crockford's base 32 in lower case: no letter that looks like a digit."""
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26
_RANDOM_BITS = 80


def fresh(at: int) -> str:
    """A new id, random, and sorting by *at* (milliseconds since the epoch), as a ULID does."""
    return _id(at << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS))


def keyed(principal: Principal, key: str, secret: bytes) -> str:
    """The one id that *principal*'s submissions with the idempotency key *key* have; who lacks *secret* cannot tell it beforehand."""
    return _id(int(hmac.digest(secret, canonical([principal.tenant, principal.subject, key]), "sha256").hex(), 16))


def _id(number: int) -> str:
    letters = [_LETTERS[number >> 5 * place & 31] for place in reversed(range(_LENGTH))]
    return "run-" + "".join(letters)
