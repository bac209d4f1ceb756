import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest

from local.doubles.issuer import configuration, mint, public_keys, rotate
from tests.unit.local.doubles.conftest import Doubles

ISSUER = "http://127.0.0.1:4580/issuer"


def token(home: Path, **changes: Any) -> str:
    return mint(home, **{"issuer": ISSUER, "tenant": "acme", "subject": "ada", "roles": ["submitter"], **changes})


def verify(text: str, keys: dict[str, Any]) -> dict[str, Any]:
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(text)["kid"]]
    claims: dict[str, Any] = jwt.decode(text, key, algorithms=["RS256"], audience="septet", issuer=ISSUER)
    return claims


def test_a_token_says_who_may_do_what_and_verifies_by_the_public_keys_alone(tmp_path: Path) -> None:
    claims = verify(token(tmp_path, roles=["submitter", "approver"]), public_keys(tmp_path))

    assert {name: claims[name] for name in ("iss", "aud", "sub", "tenant", "roles")} == {
        "iss": ISSUER,
        "aud": "septet",
        "sub": "ada",
        "tenant": "acme",
        "roles": ["submitter", "approver"],
    }
    assert claims["exp"] - claims["iat"] == 3600


def test_an_expired_token_can_be_made_and_is_refused(tmp_path: Path) -> None:
    with pytest.raises(jwt.ExpiredSignatureError):
        verify(token(tmp_path, seconds=-60), public_keys(tmp_path))


def test_another_issuers_token_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        verify(token(tmp_path / "one"), public_keys(tmp_path / "other"))


def test_the_private_key_is_the_owners_alone_and_never_served(tmp_path: Path) -> None:
    served = public_keys(tmp_path)

    kept = tmp_path / "issuer" / "keys.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert "d" in json.loads(kept.read_text())["keys"][0]
    assert [sorted(key) for key in served["keys"]] == [["alg", "e", "kid", "kty", "n", "use"]]


def test_the_key_is_made_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = {str(keys) for keys in pool.map(lambda _: public_keys(tmp_path), range(4))}

    assert len(made) == 1
    assert verify(token(tmp_path), public_keys(tmp_path))


def test_after_a_rotation_old_tokens_verify_and_new_ones_carry_the_new_key(tmp_path: Path) -> None:
    old = token(tmp_path)
    kid = rotate(tmp_path)
    new = token(tmp_path)

    keys = public_keys(tmp_path)
    assert verify(old, keys)["sub"] == verify(new, keys)["sub"] == "ada"
    assert jwt.get_unverified_header(new)["kid"] == kid == keys["keys"][0]["kid"]
    assert [name for key in json.loads((tmp_path / "issuer" / "keys.json").read_text())["keys"][1:] for name in key if name == "d"] == []


def test_retired_keys_go_in_the_end(tmp_path: Path) -> None:
    first = public_keys(tmp_path)["keys"][0]["kid"]
    for _ in range(8):
        rotate(tmp_path)

    kids = [key["kid"] for key in public_keys(tmp_path)["keys"]]
    assert len(kids) == 8
    assert first not in kids


@pytest.mark.parametrize("content", [b"{}", b"\xff\xfe", b'{"keys": [{}]}', b'{"keys": 3}', b'{"keys": ["x"]}'])
def test_damaged_keys_are_told_with_the_fix(tmp_path: Path, content: bytes) -> None:
    public_keys(tmp_path)
    (tmp_path / "issuer" / "keys.json").write_bytes(content)

    with pytest.raises(ValueError, match=r"issuer/keys\.json is damaged: remove it, and a new key is made"):
        token(tmp_path)


def test_a_verifier_finds_the_keys_over_http(doubles: Doubles) -> None:
    told = doubles.http.get("/issuer/.well-known/openid-configuration").json()
    served = jwt.PyJWKClient(told["jwks_uri"])

    text = mint(doubles.home, issuer=told["issuer"], tenant="acme", subject="ada", roles=[])

    assert told == configuration(f"{doubles.url}/issuer")
    assert (
        jwt.decode(text, served.get_signing_key_from_jwt(text), algorithms=["RS256"], audience="septet", issuer=told["issuer"])["sub"]
        == "ada"
    )
