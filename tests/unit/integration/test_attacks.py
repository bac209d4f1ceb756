"""Every attack on a token, against whoever reads one: the verifier, API Gateway's authorizer, the API."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from aws_lambda_powertools import Logger

from local.doubles import issuer
from septet.entry import authorizer
from septet.integration.http.application import Api
from septet.integration.identity import Verifier
from septet.integration.keys import UnknownKey
from septet.integration.problems import Kind, Problem
from tests.tokens import ATTACKS, Forge, forge

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://issuer.example"
METHOD = "arn:aws:execute-api:eu-west-1:123456789012:abc123/live/GET/v1/runs"


class Published:
    """The keys that the issuer, a double, publishes."""

    def __init__(self, home: Path) -> None:
        self.keys = {key["kid"]: jwt.PyJWK(key) for key in issuer.public_keys(home)["keys"]}

    def key(self, key_id: str) -> jwt.PyJWK:
        if key_id not in self.keys:
            raise UnknownKey
        return self.keys[key_id]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("issuer")


@pytest.fixture(scope="module")
def attacker(home: Path) -> Forge:
    return forge(home, URL)


@pytest.fixture
def verifier(home: Path, attacker: Forge) -> Verifier:
    assert attacker.kid
    return Verifier(issuer=URL, audience="septet", keys=Published(home))


def call(office: Any, token: str, method: str = "GET", body: str | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    event = {
        "path": "/v1/runs",
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": {"stage": "live"},
        "body": body,
        "isBase64Encoded": False,
    }
    return Api(office.ports, Logger(service=uuid.uuid4().hex))(event, None)


def test_what_the_attacks_are_made_of_opens_the_door(office: Any, verifier: Verifier, attacker: Forge) -> None:
    token = attacker.token()
    assert verifier.principal(token).subject == "mallory"
    assert (
        authorizer.serve(lambda: verifier)({"authorizationToken": f"Bearer {token}", "methodArn": METHOD}, None)["principalId"] == "mallory"
    )
    office.identity = verifier
    assert call(office, token)["statusCode"] == 200


@pytest.mark.parametrize("name", ATTACKS)
def test_the_verifier_knows_nobody_by_it(verifier: Verifier, attacker: Forge, name: str) -> None:
    with pytest.raises(Problem) as caught:
        verifier.principal(ATTACKS[name](attacker))
    assert caught.value.kind is Kind.UNAUTHENTICATED


@pytest.mark.parametrize("name", ATTACKS)
def test_the_authorizer_says_unauthorized(verifier: Verifier, attacker: Forge, name: str) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer.serve(lambda: verifier)({"authorizationToken": f"Bearer {ATTACKS[name](attacker)}", "methodArn": METHOD}, None)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_api_answers_401_and_does_nothing(office: Any, verifier: Verifier, attacker: Forge, name: str) -> None:
    office.identity = verifier
    token = ATTACKS[name](attacker)
    assert call(office, token)["statusCode"] == 401
    assert call(office, token, "POST", '{"workflow": "support", "input": {"message": "m"}}')["statusCode"] == 401
    assert office.runs.page("acme", limit=1).runs == ()


def test_where_a_header_says_that_a_key_lies_is_not_looked_at(verifier: Verifier, attacker: Forge) -> None:
    elsewhere = {"jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/x", "x5c": ["AAAA"]}
    assert verifier.principal(attacker.token(header=elsewhere)).subject == "mallory"


@pytest.mark.parametrize(
    ("published", "algorithm"),
    [
        pytest.param({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I", "alg": "HS256"}, "HS256", id="a shared secret"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I", "alg": "HS256"}, "RS256", id="a secret, named RSA"),
    ],
)
def test_a_secret_among_the_published_keys_verifies_nothing(attacker: Forge, published: dict[str, str], algorithm: str) -> None:
    class Careless:
        def key(self, _: str) -> jwt.PyJWK:
            return jwt.PyJWK(published)

    signed = jwt.encode(attacker.claims, jwt.PyJWK(published).key, algorithm="HS256", headers={"kid": "k"})
    token = signed if algorithm == "HS256" else attacker.token(header={"kid": "k"})
    with pytest.raises(Problem):
        Verifier(issuer=URL, audience="septet", keys=Careless()).principal(token)


def test_a_key_that_is_too_short_verifies_nothing(attacker: Forge) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 -- the attack's own tools
    from jwt.algorithms import RSAAlgorithm  # noqa: PLC0415 -- as above

    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- that is the attack

    class Careless:
        def key(self, _: str) -> jwt.PyJWK:
            return jwt.PyJWK(RSAAlgorithm.to_jwk(short.public_key(), as_dict=True) | {"kid": "k", "alg": "RS256"})

    with pytest.raises(Problem):
        Verifier(issuer=URL, audience="septet", keys=Careless()).principal(replace(attacker, key=short, kid="k").token())
