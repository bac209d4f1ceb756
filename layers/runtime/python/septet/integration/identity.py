"""Who asks: a principal from a signed token, and from nothing else."""

import json
import re
from collections.abc import Mapping
from typing import Any

import jwt
from jwt.utils import base64url_decode

from septet.integration.keys import Keys, UnknownKey
from septet.integration.ports import ROLES, Principal
from septet.integration.problems import Kind, Problem, Wrong

ALGORITHMS = ("ES256", "RS256")
"""The only ones accepted, whatever a token says: asymmetric, so that a public key never verifies as a secret."""
LEEWAY_SECONDS = 5
"""Clocks may differ by this."""
TOKEN_CHARACTERS = 8192
SUBJECT = re.compile(r"[\x21-\x7e]{1,200}")
TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""Begins every key in every table, so it holds none of their separators."""
_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "tenant", "roles"]
_EXTENSIONS = frozenset({"crit", "b64"})
"""Parts of a header that change what is signed, or must be understood; no token of ours has one. Where a key is said to be found (``jku``,
``x5u``, ``jwk``, ``x5c``) is never looked at: keys come from the configured issuer."""
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_SCHEME = re.compile(r"Bearer +([^\s]+)", re.IGNORECASE)


class Verifier:
    """Verifies JSON Web Tokens of one issuer for one audience."""

    def __init__(self, *, issuer: str, audience: str, keys: Keys) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def principal(self, token: str) -> Principal:
        """Whose *token* this is. Raises Problem: ``UNAUTHENTICATED``, or ``UNAVAILABLE`` when the issuer's keys cannot be had."""
        return _principal(self._claims(token))

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            key = self._keys.key(_key_id(token))
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": _REQUIRED, "enforce_minimum_key_length": True},
            )
            _plain(token.split(".")[1])
        except jwt.ExpiredSignatureError as error:
            raise unauthenticated("the token has expired: get a new one") from error
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError) as error:
            raise unauthenticated("the token was made by another issuer, or for another audience") from error
        except jwt.MissingRequiredClaimError as error:
            raise unauthenticated(f"the token has no claim {error.claim}") from error
        except (jwt.PyJWTError, UnknownKey, ValueError) as error:
            raise unauthenticated("the token is not one that this API's issuer signed") from error
        return claims


def bearer(header: str | None) -> str:
    """The token in an ``Authorization`` header. Raises Problem ``UNAUTHENTICATED`` without one."""
    if not header:
        raise unauthenticated("a token is missing: send the header 'Authorization: Bearer <token>'")
    found = _SCHEME.fullmatch(header)
    if found is None:
        raise unauthenticated("must be of the form 'Bearer <token>'")
    return found[1]


def unauthenticated(message: str) -> Problem:
    """The problem of a request whose sender is not known."""
    return Problem(Kind.UNAUTHENTICATED, message, Wrong(field="Authorization", message=message))


def _key_id(token: str) -> str:
    """The id of the key that a token of an accepted form says it was signed with; nothing is believed yet."""
    if len(token) > TOKEN_CHARACTERS or not _FORM.fullmatch(token):
        raise jwt.DecodeError("no token of ours")
    _plain(token.partition(".")[0])
    header = jwt.get_unverified_header(token)
    if _EXTENSIONS & header.keys():
        raise jwt.DecodeError("asks for an extension")
    if header.get("alg") not in ALGORITHMS:
        raise jwt.InvalidAlgorithmError("not an accepted algorithm")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not key_id:
        raise jwt.DecodeError("names no key")
    return key_id


def _plain(part: str) -> None:
    """Pass JSON that says each thing once, in numbers that are some. Raises ValueError, or an error of PyJWT's, for any other."""
    try:
        json.loads(base64url_decode(part), object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError as error:
        raise jwt.DecodeError("is nested too deeply") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of *pairs*. What is said twice would be read by one program in one way, and by another in the other."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _principal(claims: Mapping[str, Any]) -> Principal:
    tenant, subject, roles = claims["tenant"], claims["sub"], claims["roles"]
    for name in ("iat", "exp"):
        if type(claims[name]) not in (int, float):
            raise unauthenticated(f"the token's claim {name} must be a number")
    if not isinstance(tenant, str) or not TENANT.fullmatch(tenant):
        raise unauthenticated("the token's claim tenant must be lower-case letters, digits and hyphens, 63 at most")
    if not isinstance(subject, str) or not SUBJECT.fullmatch(subject):
        raise unauthenticated("the token's claim sub must be 1 to 200 visible ASCII characters")
    if not isinstance(roles, list) or not all(isinstance(role, str) and role in ROLES for role in roles):
        raise unauthenticated(f"the token's claim roles must be a list of: {', '.join(sorted(ROLES))}")
    return Principal(tenant=tenant, subject=subject, roles=frozenset(roles))
