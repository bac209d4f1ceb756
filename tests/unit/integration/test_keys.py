from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from septet.integration.keys import JwksKeys, UnknownKey
from septet.integration.problems import Kind, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


def jwk(kid: str) -> dict[str, str]:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {**ECAlgorithm.to_jwk(public, as_dict=True), "kid": kid, "use": "sig", "alg": "ES256"}


class Issuer:
    """A double of an issuer: one HTTP server, its answer to be set."""

    def __init__(self) -> None:
        self.requests = 0
        self.status = 200
        self.body = json.dumps({"keys": [jwk("one")]}).encode()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests += 1
                self.send_response(issuer.status)
                self.send_header("Content-Length", str(len(issuer.body)))
                self.end_headers()
                self.wfile.write(issuer.body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"

    def holds(self, *names: str) -> None:
        self.body = json.dumps({"keys": [jwk(name) for name in names]}).encode()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    found = Issuer()
    thread = Thread(target=found.server.serve_forever, args=(0.02,))
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def test_keys_are_fetched_once_and_kept(issuer: Issuer) -> None:
    keys = JwksKeys(issuer.url)
    assert isinstance(keys.key("one"), jwt.PyJWK)
    assert keys.key("one").key_id == "one"
    assert issuer.requests == 1


def test_a_new_key_is_found_by_fetching_again(issuer: Issuer) -> None:
    keys = JwksKeys(issuer.url, cooldown=0)
    keys.key("one")
    issuer.holds("one", "two")
    assert keys.key("two").key_id == "two"


def test_a_key_holds_as_long_as_the_issuer_publishes_it_beside_a_new_one(issuer: Issuer) -> None:
    keys = JwksKeys(issuer.url, cooldown=0)
    keys.key("one")
    issuer.holds("two", "one")
    assert [keys.key(name).key_id for name in ("two", "one")] == ["two", "one"]


def test_a_key_that_was_taken_back_holds_no_longer_once_the_kept_ones_are_old(issuer: Issuer) -> None:
    keys = JwksKeys(issuer.url, cooldown=60, lifespan=1e-9)
    keys.key("one")
    issuer.holds("two")
    with pytest.raises(UnknownKey):
        keys.key("one")
    assert keys.key("two").key_id == "two"


def test_a_key_that_was_taken_back_holds_no_longer_once_a_new_one_was_seen(issuer: Issuer) -> None:
    keys = JwksKeys(issuer.url, cooldown=0)
    keys.key("one")
    issuer.holds("two")
    keys.key("two")
    with pytest.raises(UnknownKey):
        keys.key("one")


def test_a_key_id_is_compared_and_nothing_else_is_done_with_it(issuer: Issuer) -> None:
    keys = JwksKeys(issuer.url, cooldown=60)
    for name in ("../../one", "http://127.0.0.1:9/one", "one\0", "ONE", "*", ""):
        with pytest.raises(UnknownKey):
            keys.key(name)
    assert issuer.requests == 1


def test_keys_for_encryption_and_keys_without_a_name_verify_nothing(issuer: Issuer) -> None:
    encrypting = jwk("two") | {"use": "enc"}
    nameless = {name: value for name, value in jwk("three").items() if name != "kid"}
    issuer.body = json.dumps({"keys": [jwk("one"), encrypting, nameless]}).encode()
    keys = JwksKeys(issuer.url, cooldown=0)
    for name in ("two", "three", ""):
        with pytest.raises(UnknownKey):
            keys.key(name)


def test_unknown_keys_lead_to_one_fetch_in_the_cool_down(issuer: Issuer) -> None:
    keys = JwksKeys(issuer.url, cooldown=60)
    for name in ("one", "a", "b", "c"):
        if name == "one":
            keys.key(name)
            continue
        with pytest.raises(UnknownKey):
            keys.key(name)
    assert issuer.requests == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (404, b"{}"),
        (302, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"keys": []}'),
        (200, b"\xff"),
        (200, b""),
    ],
)
def test_an_issuer_that_gives_no_keys_allows_nothing(issuer: Issuer, status: int, body: bytes) -> None:
    issuer.status, issuer.body = status, body
    with pytest.raises(Problem) as caught:
        JwksKeys(issuer.url).key("one")
    assert caught.value.kind is Kind.UNAVAILABLE


def test_an_issuer_that_is_down_is_not_asked_at_every_request(issuer: Issuer) -> None:
    issuer.status = 500
    keys = JwksKeys(issuer.url, cooldown=60)
    for _ in range(5):
        with pytest.raises(Problem):
            keys.key("one")
    assert issuer.requests == 1


def test_an_issuer_that_comes_back_is_believed_again(issuer: Issuer) -> None:
    issuer.status = 500
    keys = JwksKeys(issuer.url, cooldown=0)
    with pytest.raises(Problem):
        keys.key("one")
    issuer.status = 200
    assert keys.key("one").key_id == "one"


def test_nobody_listening_allows_nothing(issuer: Issuer) -> None:
    issuer.server.server_close()
    with pytest.raises(Problem) as caught:
        JwksKeys(issuer.url).key("one")
    assert caught.value.kind is Kind.UNAVAILABLE


def test_known_keys_still_verify_while_the_issuer_is_down(issuer: Issuer) -> None:
    keys = JwksKeys(issuer.url, cooldown=0)
    keys.key("one")
    issuer.status = 500
    assert keys.key("one").key_id == "one"
    with pytest.raises(Problem) as caught:
        keys.key("new")
    assert caught.value.kind is Kind.UNAVAILABLE
