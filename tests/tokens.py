"""Tokens that an attacker may send, made with everything but the right to be let in: one list for the verifier, the authorizer and the API.

Where a token is rightly signed, the attack is in what it says: another service's token, an old one, one that two programs read differently.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA512

from local.doubles import issuer

HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Forge:
    """What attackers have at the worst: tokens of the issuer's with any claims, its public keys, keys of their own."""

    key: Any
    """The issuer's RSA key."""
    kid: str
    issuer: str
    tenant: str = "acme"
    own: Any = field(default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @property
    def claims(self) -> dict[str, Any]:
        now = int(time.time())
        who = {"sub": "mallory", "tenant": self.tenant, "roles": ["submitter", "admin"]}
        return {"iss": self.issuer, "aud": "septet", "iat": now, "exp": now + HOUR, **who}

    @property
    def header(self) -> dict[str, Any]:
        return {"alg": "RS256", "kid": self.kid, "typ": "JWT"}

    def token(self, *, key: Any = None, header: Mapping[str, Any] | None = None, drop: str = "", **claims: Any) -> str:
        """Rightly made, but for what is said otherwise."""
        said = {name: value for name, value in {**self.claims, **claims}.items() if name != drop}
        return self.signed(json.dumps(said).encode(), key=key, header=json.dumps({**self.header, **(header or {})}).encode())

    def signed(self, body: bytes, *, key: Any = None, header: bytes = b"") -> str:
        """*body* and *header* as they stand, signed with RSA and SHA-256."""
        text = f"{coded(header or json.dumps(self.header).encode())}.{coded(body)}"
        return f"{text}.{coded((key or self.key).sign(text.encode(), padding.PKCS1v15(), SHA256()))}"

    def public(self) -> bytes:
        """The issuer's public key, as everybody may have it."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return bytes(self.key.public_key().public_bytes(serialization.Encoding.PEM, form))


def forge(home: Path, url: str, *, tenant: str = "acme") -> Forge:
    """A forge with the keys of the twin's issuer, a double, whose state lies in *home*."""
    issuer.public_keys(home)  # makes them on first use
    key = json.loads((home / "issuer" / "keys.json").read_bytes())["keys"][0]
    return Forge(key=jwt.PyJWK(key).key, kid=key["kid"], issuer=url, tenant=tenant)


def coded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _unsigned(made: Forge, algorithm: Any, signature: str = "") -> str:
    return f"{coded(json.dumps({**made.header, 'alg': algorithm}).encode())}.{coded(json.dumps(made.claims).encode())}.{signature}"


def _public_key_as_secret(made: Forge) -> str:
    text = _unsigned(made, "HS256").rstrip(".")
    return f"{text}.{coded(hmac.new(made.public(), text.encode(), hashlib.sha256).digest())}"


def _other_hash(made: Forge) -> str:
    text = _unsigned(made, "RS512").rstrip(".")
    return f"{text}.{coded(made.key.sign(text.encode(), padding.PKCS1v15(), SHA512()))}"


def _other_padding(made: Forge) -> str:
    text = _unsigned(made, "PS256").rstrip(".")
    return f"{text}.{coded(made.key.sign(text.encode(), padding.PSS(padding.MGF1(SHA256()), 32), SHA256()))}"


def _another_type(made: Forge) -> str:
    return jwt.encode(made.claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"kid": made.kid})


def _own_key_in_header(made: Forge) -> str:
    public = jwt.algorithms.RSAAlgorithm.to_jwk(made.own.public_key(), as_dict=True)
    return made.token(key=made.own, header={"jwk": {**public, "kid": made.kid}})


def _promoted(made: Forge) -> str:
    head, _, signature = made.token(roles=["submitter"]).split(".")
    return f"{head}.{coded(json.dumps({**made.claims, 'roles': ['admin']}).encode())}.{signature}"


def _twice(made: Forge, name: str, value: Any) -> str:
    said = json.dumps(made.claims)
    return made.signed(f"{said[:-1]}, {json.dumps(name)}: {json.dumps(value)}}}".encode())


def _header_twice(made: Forge) -> str:
    said = json.dumps(made.header)
    return made.signed(json.dumps(made.claims).encode(), header=f'{said[:-1]}, "alg": "RS256"}}'.encode())


def _now() -> int:
    return int(time.time())


ATTACKS: Mapping[str, Callable[[Forge], str]] = {
    # no signature, or one that is none
    "none": lambda made: _unsigned(made, "none"),
    "None": lambda made: _unsigned(made, "nOnE"),
    "no algorithm": lambda made: _unsigned(made, None),
    "algorithms in a list": lambda made: _unsigned(made, ["RS256"]),
    "no signature": lambda made: _unsigned(made, "RS256"),
    "a short signature": lambda made: _unsigned(made, "RS256", "AAAA"),
    "signature cut": lambda made: made.token()[:-8],
    "signature changed": lambda made: made.token()[:-8] + "AAAAAAAA",
    "claims changed": _promoted,
    # another key, or the right one in another way
    "signed by somebody else": lambda made: made.token(key=made.own),
    "public key as shared secret": _public_key_as_secret,
    "another hash, rightly signed": _other_hash,
    "another padding, rightly signed": _other_padding,
    "key of another type": _another_type,
    "key in the header": _own_key_in_header,
    "key to be fetched": lambda made: made.token(key=made.own, header={"jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/x"}),
    "unknown key": lambda made: made.token(header={"kid": "another"}),
    "no key named": lambda made: made.token(header={"kid": ""}),
    "key name a number": lambda made: made.token(header={"kid": 0}),
    "key name a path": lambda made: made.token(header={"kid": "../../../../../../dev/null"}),
    "key name a query": lambda made: made.token(header={"kid": "' OR '1'='1"}),
    "key name with a null": lambda made: made.token(header={"kid": f"{made.kid}\0"}),
    # rightly signed, and not for us, or not now
    "wrong audience": lambda made: made.token(aud="another"),
    "no audience": lambda made: made.token(drop="aud"),
    "audience a wildcard": lambda made: made.token(aud=["*"]),
    "wrong issuer": lambda made: made.token(iss="https://another.example"),
    "issuer with a slash more": lambda made: made.token(iss=made.issuer + "/"),
    "no issuer": lambda made: made.token(drop="iss"),
    "expired": lambda made: made.token(exp=_now() - 60),
    "never expires": lambda made: made.token(drop="exp"),
    "expires at infinity": lambda made: made.signed(json.dumps({**made.claims, "exp": float("inf")}).encode()),
    "expires at a number too large": lambda made: made.signed(json.dumps(made.claims)[:-1].encode() + b', "nbf": 1e999}'),
    "expiry a text": lambda made: made.token(exp=str(_now() + HOUR)),
    "not yet valid": lambda made: made.token(nbf=_now() + HOUR),
    "issued in the future": lambda made: made.token(iat=_now() + HOUR, exp=_now() + 2 * HOUR),
    # rightly signed, and readable in two ways
    "tenant twice": lambda made: _twice(made, "tenant", "other"),
    "roles twice": lambda made: _twice(made, "roles", ["admin"]),
    "algorithm twice": _header_twice,
    "an extension to be understood": lambda made: made.token(header={"crit": ["exp"]}),
    "an extension that changes nothing": lambda made: made.token(header={"b64": True, "crit": ["b64"]}),
    "an extension of PyJWT's": lambda made: made.token(header={"b64": False, "crit": ["b64"]}),
    "tenant with a separator": lambda made: made.token(tenant=f"{made.tenant}#run"),
    "no tenant": lambda made: made.token(drop="tenant"),
    "a role that is none": lambda made: made.token(roles=["root"]),
    # no token at all
    "a token in a token": lambda made: made.signed(made.token().encode(), header=json.dumps({**made.header, "cty": "JWT"}).encode()),
    "claims a list": lambda made: made.signed(b"[]"),
    "claims nested deeply": lambda made: made.signed(b"[" * 3000),
    "oversized, rightly signed": lambda made: made.token(note="x" * 8192),
    "a part too many": lambda made: f"{made.token()}.AAAA",
    "extra dots": lambda made: made.token().replace(".", ".."),
    "two parts": lambda made: made.token().rpartition(".")[0],
    "padded": lambda made: made.token() + "==",
    "nonsense": lambda _: "a.b.c",
    "dots": lambda _: "..",
}
"""Each gets 401."""
