"""The token issuer, a double of an identity provider: it signs for whoever can read the twin's state folder, and asks nobody.

Keys lie in `<home>/issuer/keys.json`, readable by the owner only: a JSON Web Key Set (RFC 7517), the signing key first and private,
retired ones public. RS256, as Cognito signs, so that a verifier needs no special case.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from time import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

_ALGORITHM = "RS256"
_BITS = 2048
_PUBLIC = ("kty", "n", "e", "kid", "use", "alg")
_KEPT = 8
"""Public keys served at most; tokens live an hour, so a retired key is long out of use before it goes."""

type Jwk = dict[str, Any]


class DamagedKeys(ValueError):  # noqa: N818 -- read as a sentence where it is caught
    """The file with the keys cannot be used; *path* names it. Nothing but removing it helps: `septet down` keeps it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is damaged: remove it, and a new key is made")
        self.path = path


def require_sound(home: Path) -> None:
    """Raise DamagedKeys when there are keys that cannot be used."""
    _read(_folder(home))


def mint(home: Path, *, issuer: str, tenant: str, subject: str, roles: Sequence[str], seconds: int = 3600, audience: str = "septet") -> str:
    """Sign a token for *subject* of *tenant*, valid from now for *seconds* (negative: already expired). Needs no server."""
    key = _signing_key(home)
    now = int(time())
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "tenant": tenant,
        "roles": list(roles),
        "iat": min(now, now + seconds - 1),
        "exp": now + seconds,
    }
    return jwt.encode(claims, _private(json.dumps(key)), algorithm=_ALGORITHM, headers={"kid": key["kid"]})


@cache
def _private(jwk: str) -> Any:
    """The key itself, checked once: that takes longer than most requests to the twin."""
    return jwt.PyJWK(json.loads(jwk)).key


def rotate(home: Path) -> str:
    """Sign with a new key from now on and return its id; tokens of the old keys still verify, their private halves are gone."""
    with _locked(home) as folder:
        new = _new_key()
        _write(folder, [new, *(_public(key) for key in _read(folder))][:_KEPT])
    return str(new["kid"])


def public_keys(home: Path) -> dict[str, Any]:
    """Give the JSON Web Key Set that verifiers fetch, the signing key first."""
    _signing_key(home)
    return {"keys": [_public(key) for key in _read(_folder(home))]}


def configuration(issuer: str) -> dict[str, Any]:
    """Give what OpenID Connect Discovery asks for, as far as there is anything behind it."""
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "id_token_signing_alg_values_supported": [_ALGORITHM],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "claims_supported": ["iss", "aud", "sub", "tenant", "roles", "iat", "exp"],
    }


def _signing_key(home: Path) -> Jwk:
    """Give the private key, made on first use; two processes that come first together end up with one."""
    found = _read(_folder(home))
    if not found:
        with _locked(home) as folder:
            found = _read(folder)
            if not found:
                found = [_new_key()]
                _write(folder, found)
    return found[0]


def _new_key() -> Jwk:
    private = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    key: Jwk = RSAAlgorithm.to_jwk(private, as_dict=True)
    thumbprint = json.dumps({name: key[name] for name in ("e", "kty", "n")}, separators=(",", ":"))  # RFC 7638
    kid = base64url_encode(sha256(thumbprint.encode()).digest()).decode()
    return {**{name: value for name, value in key.items() if name != "key_ops"}, "kid": kid, "use": "sig", "alg": _ALGORITHM}


def _public(key: Jwk) -> Jwk:
    return {name: key[name] for name in _PUBLIC}


def _folder(home: Path) -> Path:
    return home / "issuer"


def _read(folder: Path) -> list[Jwk]:
    try:
        found: list[Jwk] = json.loads((folder / "keys.json").read_bytes())["keys"]
        complete = [_public(key) for key in found]
        sound = not complete or isinstance(jwt.PyJWK(found[0]).key, rsa.RSAPrivateKey)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (AttributeError, KeyError, OSError, TypeError, ValueError, jwt.PyJWTError) as error:
        raise DamagedKeys(folder / "keys.json") from error
    if not sound:
        raise DamagedKeys(folder / "keys.json")
    return found


def _write(folder: Path, keys: list[Jwk]) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    new = folder / "keys.json.new"
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"keys": keys}, file)
    new.replace(folder / "keys.json")


@contextmanager
def _locked(home: Path) -> Iterator[Path]:
    folder = _folder(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield folder
