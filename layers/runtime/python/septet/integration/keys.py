"""The issuer's public keys, fetched from its JWKS URL and kept for a while."""

import time
from http.client import HTTPException
from typing import Any, Protocol

import jwt

from septet.integration.problems import Kind, Problem

LIFESPAN_SECONDS = 300
"""How long fetched keys are used before they are fetched again: a key that the issuer took back is refused after this at the latest."""
COOLDOWN_SECONDS = 10
"""An unknown key id, or an issuer that does not answer, leads to one fetch in this time at most."""
TIMEOUT_SECONDS = 3


class UnknownKey(Exception):  # noqa: N818 -- says what is the case; the verifier makes a Problem of it
    """The issuer has no key of this id."""


class Keys(Protocol):
    """Public keys by id."""

    def key(self, key_id: str) -> jwt.PyJWK:
        """The key. Raises UnknownKey, or Problem ``UNAVAILABLE`` when the issuer cannot be asked."""
        ...


class JwksKeys:
    """Keys of the issuer that publishes them at a URL (RFC 7517)."""

    def __init__(self, url: str, *, cooldown: float = COOLDOWN_SECONDS, lifespan: float = LIFESPAN_SECONDS) -> None:
        self._client = _Client(url, lifespan=lifespan, timeout=TIMEOUT_SECONDS, cooldown_duration=cooldown)

    def key(self, key_id: str) -> jwt.PyJWK:
        """The key, from those at hand if it is among them."""
        try:
            self._client.get_signing_keys()
        except (jwt.PyJWTError, OSError, ValueError, HTTPException) as error:
            raise _unavailable() from error
        try:
            return self._client.get_signing_key(key_id)
        except (jwt.PyJWKClientConnectionError, OSError, ValueError, HTTPException) as error:
            raise _unavailable() from error
        except jwt.PyJWTError as error:
            raise UnknownKey from error


class _Client(jwt.PyJWKClient):
    """PyJWT's client, whose cool-down also counts fetches that failed: an issuer that is down is not asked at every request."""

    _failed_at: float | None = None

    def fetch_data(self) -> Any:
        if self._failed_at is not None and time.monotonic() - self._failed_at < self.cooldown_duration:
            raise jwt.PyJWKClientConnectionError("the issuer did not answer a moment ago")
        try:
            found = super().fetch_data()
        except Exception:
            self._failed_at = time.monotonic()
            raise
        self._failed_at = None
        return found


def _unavailable() -> Problem:
    return Problem(Kind.UNAVAILABLE, "the token cannot be checked now, for its issuer does not answer: try again in a moment")
