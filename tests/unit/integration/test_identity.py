from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from septet.integration.identity import Verifier, bearer
from septet.integration.keys import UnknownKey
from septet.integration.ports import Principal
from septet.integration.problems import Kind, Problem

ISSUER = "https://issuer.example"
EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = ec.generate_private_key(ec.SECP256R1())
PUBLIC = {
    "ec": ECAlgorithm.to_jwk(EC.public_key(), as_dict=True) | {"kid": "ec", "use": "sig", "alg": "ES256"},
    "rsa": RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True) | {"kid": "rsa", "use": "sig", "alg": "RS256"},
}
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": "septet", "sub": "ann", "tenant": "acme", "roles": ["submitter", "approver"]}
NOW = int(time.time())


class Ring:
    """A double of the issuer's keys."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def key(self, key_id: str) -> jwt.PyJWK:
        self.asked.append(key_id)
        if key_id not in PUBLIC:
            raise UnknownKey
        return jwt.PyJWK(PUBLIC[key_id])


def token(key: Any = EC, kid: str | None = "ec", algorithm: str = "ES256", drop: str = "", **claims: Any) -> str:
    held = {**CLAIMS, "iat": NOW, "exp": NOW + 600, **claims}
    held.pop(drop, None)
    return jwt.encode(held, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


def verify(text: str) -> Principal:
    return Verifier(issuer=ISSUER, audience="septet", keys=Ring()).principal(text)


def refusal(text: str) -> Problem:
    with pytest.raises(Problem) as caught:
        verify(text)
    return caught.value


@pytest.mark.parametrize(("key", "kid", "algorithm"), [(EC, "ec", "ES256"), (RSA, "rsa", "RS256")])
def test_a_token_of_the_issuers_says_who_asks(key: Any, kid: str, algorithm: str) -> None:
    expected = Principal(tenant="acme", subject="ann", roles=frozenset({"submitter", "approver"}))
    assert verify(token(key, kid, algorithm)) == expected


def test_no_role_is_no_mistake_but_gives_no_right() -> None:
    assert verify(token(roles=[])).roles == frozenset()


def test_one_audience_of_several_is_enough() -> None:
    assert verify(token(aud=["other", "septet"])).subject == "ann"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"exp": NOW - 60}, "expired"),
        ({"iat": NOW + 3600, "exp": NOW + 7200}, "signed"),
        ({"nbf": NOW + 3600}, "signed"),
        ({"iss": "https://other.example"}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": []}, "aud"),
        ({"drop": "exp"}, "exp"),
        ({"drop": "iat"}, "iat"),
        ({"drop": "iss"}, "iss"),
        ({"drop": "aud"}, "aud"),
        ({"drop": "sub"}, "sub"),
        ({"drop": "tenant"}, "tenant"),
        ({"drop": "roles"}, "roles"),
        ({"exp": str(NOW + 600)}, "exp"),
        ({"iat": str(NOW)}, "iat"),
        ({"iat": True}, "iat"),
        ({"exp": "soon"}, "signed"),
        ({"tenant": ""}, "tenant"),
        ({"tenant": "Acme"}, "tenant"),
        ({"tenant": "-acme"}, "tenant"),
        ({"tenant": "a#b"}, "tenant"),
        ({"tenant": "acme\n"}, "tenant"),
        ({"tenant": "a/b"}, "tenant"),
        ({"tenant": "a" * 64}, "tenant"),
        ({"tenant": ["acme"]}, "tenant"),
        ({"sub": ""}, "sub"),
        ({"sub": "a" * 201}, "sub"),
        ({"sub": "two words"}, "sub"),
        ({"sub": "a\n"}, "sub"),
        ({"sub": "käthe"}, "sub"),
        ({"roles": "admin"}, "roles"),
        ({"roles": ["root"]}, "roles"),
        ({"roles": ["submitter", "root"]}, "roles"),
        ({"roles": [["admin"]]}, "roles"),
        ({"roles": {"admin": True}}, "roles"),
        ({"roles": [None]}, "roles"),
    ],
)
def test_a_token_with_other_claims_says_nothing(changes: dict[str, Any], told: str) -> None:
    problem = refusal(token(**changes))
    assert problem.kind is Kind.UNAUTHENTICATED
    assert problem.errors[0].field == "Authorization"
    assert told in problem.detail


def test_clocks_may_differ_a_little_and_no_more() -> None:
    assert verify(token(exp=int(time.time()) - 2)).subject == "ann"
    assert refusal(token(exp=int(time.time()) - 8)).kind is Kind.UNAUTHENTICATED


def encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def unsigned(header: dict[str, Any], signature: str = "") -> str:
    return f"{encoded(header)}.{encoded({**CLAIMS, 'iat': NOW, 'exp': NOW + 600})}.{signature}"


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def secret_of_public_key() -> str:
    """The classic confusion: the public key taken for a shared secret. PyJWT will not sign so; whoever attacks will."""
    import hashlib  # noqa: PLC0415 -- the attack's own tools
    import hmac  # noqa: PLC0415 -- as above

    text = unsigned({"alg": "HS256", "kid": "rsa", "typ": "JWT"}).rstrip(".")
    mac = hmac.new(public_pem(RSA), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(token(STRANGER), id="signed by somebody else"),
        pytest.param(token(kid="unknown"), id="unknown key"),
        pytest.param(token(kid=None), id="no key named"),
        pytest.param(token(kid=""), id="empty key name"),
        pytest.param(token(kid="rsa"), id="another key of the issuer's"),
        pytest.param(token(RSA, "ec", "RS256"), id="another algorithm than the key's"),
        pytest.param(token(RSA, "rsa", "RS512"), id="an algorithm that is not accepted, rightly signed"),
        pytest.param(token(RSA, "rsa", "PS256"), id="another padding"),
        pytest.param(secret_of_public_key(), id="public key as secret"),
        pytest.param(unsigned({"alg": "none", "kid": "ec"}), id="none"),
        pytest.param(unsigned({"alg": "None", "kid": "ec"}), id="none in capitals"),
        pytest.param(unsigned({"alg": "ES256", "kid": "ec"}), id="no signature"),
        pytest.param(unsigned({"alg": "ES256", "kid": "ec"}, "AAAA"), id="a short signature"),
        pytest.param(unsigned({"alg": ["ES256"], "kid": "ec"}), id="algorithm in a list"),
        pytest.param(unsigned({"alg": "ES256", "kid": {"a": 1}}), id="key name no text"),
        pytest.param(token()[:-4] + "AAAA", id="signature changed"),
        pytest.param("", id="empty"),
        pytest.param(".", id="dot"),
        pytest.param("..", id="dots"),
        pytest.param("a.b.c", id="nonsense"),
        pytest.param("ä.ö.ü", id="not ASCII"),
        pytest.param(token(note="x" * 8192), id="too long, rightly signed"),
    ],
)
def test_what_the_issuer_did_not_sign_says_nothing(text: str) -> None:
    problem = refusal(text)
    assert problem.kind is Kind.UNAUTHENTICATED
    assert text[:20] not in problem.detail or not text.strip(".")


def test_a_changed_claim_breaks_the_signature() -> None:
    head, _, signature = token().split(".")
    assert (
        refusal(f"{head}.{encoded({**CLAIMS, 'iat': NOW, 'exp': NOW + 600, 'tenant': 'other'})}.{signature}").kind is Kind.UNAUTHENTICATED
    )


def test_a_token_of_no_accepted_form_does_not_make_us_ask_the_issuer() -> None:
    ring = Ring()
    for text in (unsigned({"alg": "none", "kid": "ec"}), secret_of_public_key(), "a.b.c", "x" * 9000):
        with pytest.raises(Problem):
            Verifier(issuer=ISSUER, audience="septet", keys=ring).principal(text)
    assert ring.asked == []


@given(st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True)))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    assert refusal(text).kind is Kind.UNAUTHENTICATED


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER  abc"])
def test_the_token_is_what_follows_bearer(header: str | None) -> None:
    assert bearer(header) == "abc"


@pytest.mark.parametrize(
    "header", [None, "", "abc", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer abc,Bearer def x", "xBearer abc"]
)
def test_any_other_header_is_no_token(header: str | None) -> None:
    with pytest.raises(Problem) as caught:
        bearer(header)
    assert (caught.value.kind, caught.value.errors[0].field) == (Kind.UNAUTHENTICATED, "Authorization")
